"""Recurrent cells by every way to run them: names and numbers of their variables, states and outputs."""

import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn
from tensorflow.python.ops import rnn_cell

inputs = tf.placeholder(tf.float32, [None, 5, 3])
keep = tf.placeholder_with_default(0.8, [])
lengths = tf.placeholder(tf.int32, [None])
batch = tf.shape(inputs)[0]

stacked = tf.nn.rnn_cell.MultiRNNCell([rnn.DropoutWrapper(rnn.BasicLSTMCell(4), output_keep_prob=keep), rnn.GRUCell(3)])
start = stacked.zero_state(batch, tf.float32)
deep, last = tf.nn.dynamic_rnn(stacked, inputs, lengths, initial_state=start)
peeping = tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=2, cell_clip=1.0, initializer=tf.ones_initializer())
peeps, _ = tf.nn.dynamic_rnn(peeping, inputs, dtype=tf.float32, scope="peeping")
(forward, backward), _ = tf.nn.bidirectional_dynamic_rnn(
    rnn.GRUCell(2, kernel_initializer=tf.constant_initializer(0.2)),
    rnn.BasicRNNCell(2, "exponential"),
    inputs,
    dtype=tf.float32,
)
flat = rnn_cell.BasicLSTMCell(3, forget_bias=0.5, state_is_tuple=False, activation=tf.nn.relu)
steps, _ = rnn.static_rnn(flat, tf.unstack(inputs, axis=1), dtype=tf.float32)


class Slow(tf.nn.rnn_cell.RNNCell):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self._units = units

    @property
    def state_size(self):
        return self._units

    @property
    def output_size(self):
        return self._units

    def call(self, inputs, state):
        gate = tf.layers.dense(tf.concat([inputs, state], 1), self._units, tf.sigmoid)
        state = gate * state + (1 - gate) * tf.layers.dense(inputs, self._units)
        return state, state


slow, _ = tf.nn.dynamic_rnn(rnn.ResidualWrapper(Slow(3)), inputs, dtype=tf.float32, scope="slow")
cell, state, by_hand = rnn.BasicLSTMCell(2, name="own"), None, []
with tf.variable_scope("by_hand"):
    state = cell.zero_state(batch, tf.float32)
    for moment in range(3):
        if moment > 0:
            tf.get_variable_scope().reuse_variables()
        output, state = cell(inputs[:, moment], state)
        by_hand.append(output)
assert isinstance(state, tf.contrib.rnn.LSTMStateTuple)
parts = [deep, peeps, forward, backward, steps[-1], slow, tf.stack(by_hand, 1), last[0].c, last[1]]
loss = tf.add_n([tf.reduce_mean(tf.square(part - 0.5)) for part in parts])
train = tf.train.AdamOptimizer(0.01, epsilon=0.1).minimize(loss)

random = np.random.RandomState(1)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print([(variable.op.name, variable.shape.as_list()) for variable in tf.trainable_variables()])
    sess.run(tf.constant([variable.op.name for variable in tf.trainable_variables()]))
    sess.run(tf.constant([variable.op.name for variable in cell.trainable_variables]))
    for turn in range(3):
        feed = {inputs: random.rand(4, 5, 3), lengths: [5, 3, 4, 2], keep: 0.5 + 0.25 * (turn % 3)}
        sess.run([loss, train, parts], feed)
    sess.run(tf.trainable_variables())
