"""TFM410: a construct around the graph that the rewrite cannot restructure yet."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM410",
    name="unsupported-graph-structure",
    summary="""
        Finds graphs that are understood but built in a way that the rewrite cannot restructure yet: by
        generators, recursion, context managers of the project, exceptions, or code shared with what must
        stay.
    """,
    why="""
        To become a model and a step function, the statements of a graph have to be parted into what creates
        variables and what computes. This is a limit of tf2migrate, not a fault of the program, and
        docs/roadmap.md says which constructs are next.
    """,
    example="""
        import numpy as np
        import tensorflow as tf


        def hidden_layers(h):
            for width in (4, 2):
                h = tf.layers.dense(h, width)
                yield h


        x = tf.placeholder(tf.float32, [None, 3])
        first, second = hidden_layers(x)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(sess.run(second, {x: np.ones([1, 3])}).shape)
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf


        class Network(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.hidden = [tf.keras.layers.Dense(width) for width in (4, 2)]

            def call(self, x):
                for layer in self.hidden:
                    x = layer(x)
                return x


        print(Network()(np.ones([1, 3])).numpy().shape)
    """,
    fix=manual("""
        The program is left as it is. Build the graph with plain statements, functions, classes and loops.
    """),
    references=("https://www.tensorflow.org/guide/keras/making_new_layers_and_models_via_subclassing",),
)
