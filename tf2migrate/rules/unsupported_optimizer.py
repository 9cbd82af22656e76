"""TFM501: an optimizer that TensorFlow 2 does not ship."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM501",
    name="unsupported-optimizer",
    summary="""
        Finds optimizers without a counterpart in Keras, and optimizers used in a way that the rewrite does
        not know: classes derived from them, slots that are read, arguments that are not known.
    """,
    why="""
        Keras has fewer optimizers than TensorFlow 1 had, and some that share a name follow another rule.
        Training with the wrong rule does not fail, it only converges elsewhere.
    """,
    example="""
        import tensorflow as tf

        w = tf.Variable([1.0, 0.05])
        loss = tf.reduce_sum(tf.square(w - 0.5))
        optimizer = tf.train.ProximalGradientDescentOptimizer(0.1, l1_regularization_strength=0.2)
        train = optimizer.minimize(loss)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            sess.run(train)
            print(sess.run(w))
    """,
    use_instead="""
        import tensorflow as tf

        w = tf.Variable([1.0, 0.05])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(w - 0.5))
        moved = w - 0.1 * tape.gradient(loss, w)
        w.assign(tf.sign(moved) * tf.maximum(tf.abs(moved) - 0.1 * 0.2, 0.0))
        print(w.numpy())
    """,
    fix=manual("""
        The program is left as it is. Write the update rule as a step of its own or derive an optimizer from
        Keras's.
    """),
    references=(
        "https://keras.io/api/optimizers/",
        "https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Optimizer",
    ),
)
