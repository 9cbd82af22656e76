"""TFM702: a recurrent network that cannot be carried over."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM702",
    name="recurrent-network",
    summary="""
        Finds recurrent cells, functions that run them, and decoders of TensorFlow 1 that the rewrite has no
        counterpart for: cells of the program's own, decoders of `tf.contrib.seq2seq`, rare cells of `tf.contrib.rnn`.
    """,
    why="""
        The common cells, `dynamic_rnn`, `static_rnn` and their bidirectional forms become recipes with the same
        variables. The layers of Keras would not do: they order their gates differently, initialize two kernels
        where TensorFlow 1 had one, and repeat the last output behind the end of a sequence. For other cells, and
        for classes derived from `RNNCell`, it is not known which variables they make, and when.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        class Leaky(tf.nn.rnn_cell.RNNCell):
            state_size = output_size = 3

            def call(self, inputs, state):
                state = 0.5 * state + inputs
                return state, state

        x = tf.placeholder(tf.float32, [None, 5, 3])
        outputs, state = tf.nn.dynamic_rnn(Leaky(), x, dtype=tf.float32)
        with tf.Session() as sess:
            print(sess.run(state, {x: np.ones([2, 5, 3])}))
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf

        class Leaky(tf.keras.layers.Layer):
            state_size = output_size = 3

            def call(self, inputs, states):
                state = 0.5 * states[0] + inputs
                return state, [state]

        layer = tf.keras.layers.RNN(Leaky(), return_sequences=True, return_state=True)
        outputs, state = layer(np.ones([2, 5, 3]))
        print(state.numpy())
    """,
    fix=manual("""
        The program is left as it is. Write the cell as a layer, run it with `tf.keras.layers.RNN`, and compare
        both on the same weights before training.
    """),
    references=(
        "https://www.tensorflow.org/guide/keras/working_with_rnns",
        "https://www.tensorflow.org/api_docs/python/tf/keras/layers/RNN",
    ),
)
