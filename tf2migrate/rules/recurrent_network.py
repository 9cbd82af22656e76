"""TFM702: a recurrent network that cannot be carried over."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM702",
    name="recurrent-network",
    summary="""
        Finds recurrent cells, `dynamic_rnn` and the like, and decoders that the rewrite cannot express with
        the recurrent layers of Keras.
    """,
    why="""
        The layers of Keras order their gates differently, keep the input and the recurrent kernel apart,
        add the forget bias to the initial values instead of at each step, and return their state as [h, c]
        instead of (c, h). A `GRU` even needs `reset_after=False` to compute what a GRUCell did.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [None, 5, 3])
        outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, dtype=tf.float32)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(sess.run(outputs, {x: np.ones([2, 5, 3])}).shape)
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf

        layer = tf.keras.layers.GRU(4, reset_after=False, return_sequences=True, return_state=True)
        outputs, state = layer(np.ones([2, 5, 3]))
        print(outputs.numpy().shape)
    """,
    fix=manual("""
        The program is left as it is. Choose the layer, write out every argument, and compare both on the
        same weights before training.
    """),
    references=(
        "https://www.tensorflow.org/guide/keras/working_with_rnns",
        "https://www.tensorflow.org/api_docs/python/tf/keras/layers/GRU",
    ),
)
