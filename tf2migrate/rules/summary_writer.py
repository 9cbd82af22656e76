"""TFM804: summaries that cannot be carried over."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM804",
    name="summary-writer",
    summary="""
        Finds summary ops and writers that the rewrite cannot express: tags that are not known, values inside
        layers, summaries that the program looks at or makes by hand.
    """,
    why="""
        A TensorFlow 1 summary is a tensor that is fetched and handed to a writer. In TensorFlow 2 it is a
        statement that needs a default writer and a step, and writes at once. It also needs the package
        tensorboard, which is installed apart.
    """,
    example="""
        import tempfile

        import tensorflow as tf

        loss = tf.constant(0.5)
        tf.summary.scalar("loss", loss)
        merged = tf.summary.merge_all()
        writer = tf.summary.FileWriter(tempfile.mkdtemp())
        with tf.Session() as sess:
            writer.add_summary(sess.run(merged), global_step=1)
        writer.close()
    """,
    use_instead="""
        import tempfile

        import tensorflow as tf

        loss = tf.constant(0.5)
        writer = tf.summary.create_file_writer(tempfile.mkdtemp())
        with writer.as_default():
            tf.summary.scalar("loss", loss, step=1)
        writer.close()
    """,
    fix=manual("""
        The program is left as it is. Write the summaries beside the step, from the values that it returns.
    """),
    references=(
        "https://www.tensorflow.org/guide/migrate/tensorboard",
        "https://www.tensorflow.org/api_docs/python/tf/summary",
    ),
)
