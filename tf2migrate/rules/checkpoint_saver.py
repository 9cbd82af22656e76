"""TFM803: a Saver whose checkpoints would change."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM803",
    name="checkpoint-saver",
    summary="""
        Finds uses of `tf.train.Saver` that the rewrite cannot turn into `tf.train.Checkpoint`: savers that are
        made before some variables, that may save what an optimizer remembers of only some of them, or that
        several objects share, and arguments that change what is saved. Where a saver is rewritten, it says
        that checkpoints of the original cannot be restored.
    """,
    why="""
        A Saver names values after the variables of the graph, a Checkpoint after the objects that hold
        them. A checkpoint of the original is not found by the rewrite unless its names are mapped, and
        restoring may then silently do nothing.
    """,
    example="""
        import os
        import tempfile

        import tensorflow as tf

        w = tf.Variable(1.0, name="w")
        saver = tf.train.Saver([w])
        prefix = os.path.join(tempfile.mkdtemp(), "model")
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            path = saver.save(sess, prefix)
            saver.restore(sess, path)
            print(sess.run(w))
    """,
    use_instead="""
        import os
        import tempfile

        import tensorflow as tf

        w = tf.Variable(1.0, name="w")
        checkpoint = tf.train.Checkpoint(w=w)
        path = checkpoint.write(os.path.join(tempfile.mkdtemp(), "model"))
        checkpoint.read(path).assert_consumed()
        print(w.numpy())
    """,
    fix=manual("""
        The program is left as it is. Decide whether old checkpoints have to be read; if so, map their
        names, and check with `assert_consumed`.
    """),
    references=(
        "https://www.tensorflow.org/guide/checkpoint",
        "https://www.tensorflow.org/guide/migrate/migrating_checkpoints",
    ),
)
