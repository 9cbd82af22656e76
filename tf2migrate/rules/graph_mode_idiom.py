"""TFM100: a construct of graph mode."""

from tf2migrate.rules.definition import Rule, safe

RULE = Rule(
    code="TFM100",
    name="graph-mode-idiom",
    summary="""
        Finds what a program needs only because TensorFlow 1 builds a graph first and runs it later:
        placeholders, sessions, feeds and fetches, initializer ops, variable scopes, `minimize` ops, v1
        layers.
    """,
    why="""
        TensorFlow 2 computes when a line is executed. `tf.placeholder` and `tf.Session` are gone; through
        `tf.compat.v1` they work only with eager execution switched off, which rules out most of what is
        written for TensorFlow 2. Here variables live in a Keras model, a training step is a function, its
        arguments are what was fed and its results what was fetched.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [None, 1])
        w = tf.Variable(tf.zeros([1, 1]))
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 3.0))
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for _ in range(5):
                _, value = sess.run([train, loss], {x: np.ones([4, 1])})
                print(value)
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf


        class Model(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.w = self.add_weight(name="w", shape=[1, 1], initializer="zeros")

            def call(self, x):
                return tf.matmul(x, self.w)


        model = Model()
        optimizer = tf.keras.optimizers.SGD(learning_rate=0.1)


        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32)])
        def train_step(x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - 3.0))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            return loss


        for _ in range(5):
            value = train_step(np.ones([4, 1])).numpy()
            print(value)
    """,
    fix=safe("""
        The rewrite is made only where the analysis shows that every value that a run returned comes out the
        same; otherwise a finding of the family TFM4 says which condition could not be shown.
    """),
    references=(
        "https://www.tensorflow.org/guide/migrate/tf1_vs_tf2",
        "https://www.tensorflow.org/guide/migrate/model_mapping",
    ),
)
