"""TFM004: notebooks are not migrated yet."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM004",
    name="notebook",
    summary="Finds Jupyter notebooks that mention TensorFlow.",
    why="""
        The cells of a notebook are one program only if they are run in order, and the file holds outputs
        that a rewrite would make untrue. They are not supported yet; they are named so that nobody takes a
        clean report for a migrated notebook.
    """,
    example="""
        {"cell_type": "code", "source": ["import tensorflow as tf\\n", "sess = tf.InteractiveSession()"]}
    """,
    use_instead="""
        import tensorflow as tf

        print(tf.constant(42).numpy())
    """,
    fix=manual("""
        The notebook is left as it is. Export it as a script (`jupyter nbconvert --to script`), delete the
        magics, and migrate the script.
    """),
    references=("https://nbconvert.readthedocs.io/en/latest/usage.html#executable-script",),
)
