"""TFM402 (contract C2): a statement between those of the graph does something of its own."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM402",
    name="host-effect-while-building",
    summary="""
        Finds statements that print, write, append or otherwise have an effect outside TensorFlow, where the
        rewrite would have to move them into a function that runs many times.
    """,
    why="""
        TensorFlow 1 executes the statements that build a graph once. Inside a function they would run at
        every call, and under `tf.function` at every trace: a line would be printed twice, a list would
        grow, a file would be written again.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [None, 3])
        shapes = []
        h = x
        for width in (4, 2):
            h = tf.layers.dense(h, width)
            shapes.append(h.shape.as_list())
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(shapes, sess.run(h, {x: np.ones([1, 3])}).shape)
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf

        layers = [tf.keras.layers.Dense(width) for width in (4, 2)]
        shapes = [[None, layer.units] for layer in layers]


        def network(x):
            for layer in layers:
                x = layer(x)
            return x


        print(shapes, network(np.ones([1, 3])).numpy().shape)
    """,
    fix=manual("""
        The program is left as it is. Move the statement in front of the graph or behind it, or delete it if
        it was only for debugging.
    """),
    references=("https://www.tensorflow.org/guide/function#side_effects_in_tffunction",),
)
