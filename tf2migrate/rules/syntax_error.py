"""TFM001: the file is not Python."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM001",
    name="syntax-error",
    summary="""
        Finds files that Python cannot parse: unbalanced brackets, merge conflicts, commands of a notebook.
    """,
    why="""
        What cannot be parsed cannot be followed, so nothing in the file can be migrated or checked. Other
        files are migrated all the same; a program that imports the broken file counts it as unknown.
    """,
    example="""
        import tensorflow as tf

        loss = tf.reduce_mean(tf.square(tf.constant([1.0, 2.0]))
        print(loss)
    """,
    use_instead="""
        import tensorflow as tf

        loss = tf.reduce_mean(tf.square(tf.constant([1.0, 2.0])))
        print(loss)
    """,
    fix=manual("The file is left as it is, and the exit code is 2."),
    references=("https://docs.python.org/3/tutorial/errors.html#syntax-errors",),
)
