"""TFM102: something from tf.contrib."""

from tf2migrate.rules.definition import Rule, safe

RULE = Rule(
    code="TFM102",
    name="removed-contrib-symbol",
    summary="Finds uses of `tf.contrib`.",
    why="""
        `tf.contrib` was dropped as a whole, also from `tf.compat.v1`. What looks like its successor often
        has other defaults: a fully connected layer of contrib applies relu unless told otherwise, `Dense`
        applies nothing; its l2_regularizer has a factor of one half that `L2` does not have.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [None, 3])
        hidden = tf.contrib.layers.fully_connected(x, 8)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(sess.run(hidden, {x: np.ones([2, 3])}).shape)
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf

        dense = tf.keras.layers.Dense(8, activation="relu")
        print(dense(np.ones([2, 3])).numpy().shape)
    """,
    fix=safe("""
        Replaced where a counterpart with the same arithmetic is known, with every default that differs
        written out; reported otherwise.
    """),
    references=("https://www.tensorflow.org/guide/migrate/upgrade",),
)
