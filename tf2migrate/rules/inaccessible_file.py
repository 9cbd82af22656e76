"""TFM005: the file cannot be read or written."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM005",
    name="inaccessible-file",
    summary="""
        Finds paths that do not exist, files and directories that cannot be read, and files that cannot be
        replaced: read-only ones, and ones that have changed since they were read.
    """,
    why="""
        A file that was named and silently left out would look migrated. When one file of a program cannot
        be written, none of its files is: half a migrated program does not run.
    """,
    example="""
        # tf2migrate fix trian.py     (the file is called train.py)
        import tensorflow as tf

        print(tf.constant(1.0).shape)
    """,
    use_instead="""
        # tf2migrate fix train.py
        import tensorflow as tf

        print(tf.constant(1.0).shape)
    """,
    fix=manual("""
        Nothing is written, and the exit code is 2. Correct the path or the permissions and run again.
    """),
    references=("https://docs.python.org/3/library/os.html#os.access",),
)
