"""TFM101: a symbol that TensorFlow 2 does not have under this name."""

from tf2migrate.rules.definition import Rule, safe

RULE = Rule(
    code="TFM101",
    name="removed-symbol",
    summary="""
        Finds names of TensorFlow 1 that TensorFlow 2 does not have, or has only under `tf.compat.v1`.
    """,
    why="""
        Reading such a name raises AttributeError, and only when that line is reached. `tf.compat.v1` keeps
        many of them, but not all work beside eager execution or Keras 3, and none will be added.
    """,
    example="""
        import tensorflow as tf

        x = tf.constant([1.0, 2.0])
        with tf.Session() as sess:
            print(sess.run(tf.log(x)))
    """,
    use_instead="""
        import tensorflow as tf

        x = tf.constant([1.0, 2.0])
        print(tf.math.log(x).numpy())
    """,
    fix=safe("""
        A symbol is replaced only by one that computes the same for the arguments of that call. Where there
        is none, the finding says so and the code stays.
    """),
    references=(
        "https://www.tensorflow.org/guide/migrate/upgrade",
        "https://www.tensorflow.org/api_docs/python/tf",
    ),
)
