"""TFM805: an Estimator."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM805",
    name="estimator",
    summary="Finds `tf.estimator` and `tf.contrib.learn`.",
    why="""
        Estimators were removed from TensorFlow 2.16 on, also from `tf.compat.v1`. They own the session, the
        loop, the checkpoints and the summaries, so there is no statement in the program that could be
        rewritten: the loop has to be written.
    """,
    example="""
        import numpy as np
        import tensorflow as tf


        def model_fn(features, labels, mode):
            w = tf.get_variable("w", [1, 1], initializer=tf.zeros_initializer())
            loss = tf.reduce_mean(tf.square(tf.matmul(features, w) - labels))
            step = tf.train.get_global_step()
            train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)
            return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train)


        def input_fn():
            ones = np.ones([4, 1], np.float32)
            return tf.data.Dataset.from_tensors((ones, 3.0 * ones)).repeat()


        estimator = tf.estimator.Estimator(model_fn)
        estimator.train(input_fn, steps=5)
        print(estimator.get_variable_value("w"))
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf

        dense = tf.keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        model = tf.keras.Sequential([dense])
        model.compile(optimizer=tf.keras.optimizers.SGD(learning_rate=0.1), loss="mse")

        ones = np.ones([4, 1], np.float32)
        dataset = tf.data.Dataset.from_tensors((ones, 3.0 * ones)).repeat()
        model.fit(dataset, steps_per_epoch=5, verbose=0)
        print(dense.kernel.numpy())
    """,
    fix=manual("""
        The program is left as it is. Turn the model function into a Keras model, and train it with `fit` or
        a loop.
    """),
    references=("https://www.tensorflow.org/guide/migrate/migrating_estimator",),
)
