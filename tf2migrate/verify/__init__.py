"""Shows that a rewrite computes what the original computed: both run, every value is compared.

``compare.verify_paths`` is the use case, ``compare.compare_programs`` compares two versions of one
program, ``pool.Pool`` makes many comparisons cheap. ``child`` and what it loads (``world``, ``draws``,
``records``, ``datasets``, ``legacy``, ``surroundings``) run inside the children, under Python 3.7 too.
"""
