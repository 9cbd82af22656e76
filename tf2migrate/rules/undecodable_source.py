"""TFM003: the bytes of the file are not text in its encoding."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM003",
    name="undecodable-source",
    summary="""
        Finds files whose bytes are not text in the encoding that they declare (UTF-8 if they declare none),
        hold NUL bytes, or could not be written back byte for byte.
    """,
    why="""
        Python refuses such a file too. Guessing an encoding would change characters in strings and comments
        that have nothing to do with the migration.
    """,
    example="""
        # -*- coding: ascii -*-
        import tensorflow as tf

        label = tf.constant("na\u00efve")
    """,
    use_instead="""
        # -*- coding: utf-8 -*-
        import tensorflow as tf

        label = tf.constant("na\u00efve")
    """,
    fix=manual("""
        The file is left as it is, and the exit code is 2. Declare the encoding that it has in its first
        line, or convert it to UTF-8.
    """),
    references=("https://peps.python.org/pep-0263/",),
)
