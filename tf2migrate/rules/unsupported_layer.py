"""TFM701: a layer without an exact counterpart."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM701",
    name="unsupported-layer",
    summary="""
        Finds layer functions and their arguments that no Keras layer reproduces: layer normalisation over
        several axes, batch renormalisation, layers that share variables by name.
    """,
    why="""
        The Keras layer of that name computes statistics over other axes, creates other variables or starts
        from other values. Weights that were trained with the one do not fit the other.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [None, 2, 2, 3])
        y = tf.contrib.layers.layer_norm(x)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(sess.run(y, {x: np.arange(12.0).reshape([1, 2, 2, 3])})[0, 0])
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf


        class LayerNorm(tf.keras.layers.Layer):
            def build(self, shape):
                self.beta = self.add_weight(name="beta", shape=shape[-1:], initializer="zeros")
                self.gamma = self.add_weight(name="gamma", shape=shape[-1:], initializer="ones")

            def call(self, x):
                mean, variance = tf.nn.moments(x, [1, 2, 3], keepdims=True)
                return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, 1e-12)


        print(LayerNorm()(np.arange(12.0).reshape([1, 2, 2, 3])).numpy()[0, 0])
    """,
    fix=manual("""
        The program is left as it is. Write the layer as a class of its own, with the arithmetic of the
        original.
    """),
    references=("https://www.tensorflow.org/guide/keras/making_new_layers_and_models_via_subclassing",),
)
