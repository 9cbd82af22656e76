"""TFM002: the file is Python 2."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM002",
    name="python2-source",
    summary="""
        Finds files that only Python 2 can parse: print statements, `except Error, e`, backticks, `<>`,
        octal numbers such as 0777, long integers such as 10L, parameters that are tuples.
    """,
    why="""
        TensorFlow 2 needs Python 3, and so does the analysis. Moving from Python 2 to 3 is a migration of
        its own with its own traps, above all the division of integers; mixed into this one, neither could
        be reviewed.
    """,
    example="""
        import tensorflow as tf

        with tf.Session() as sess:
            print "the answer is", sess.run(tf.constant(42))
    """,
    use_instead="""
        import tensorflow as tf

        print("the answer is", tf.constant(42).numpy())
    """,
    fix=manual("""
        The file is left as it is, and the exit code is 2. Convert it first, for instance with 2to3 (in
        Python up to 3.12) or python-modernize, and look over each `/` between integers.
    """),
    references=("https://docs.python.org/3/howto/pyporting.html",),
)
