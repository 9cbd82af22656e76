"""Losses of sequences and conditional random fields of `tf.contrib`."""

import numpy as np
import tensorflow as tf
from tensorflow.contrib import legacy_seq2seq, seq2seq
from tensorflow.contrib.crf import crf_log_likelihood, viterbi_decode
from tensorflow.contrib.rnn import LSTMCell, LSTMStateTuple

inputs = tf.placeholder(tf.float32, [None, 4, 3])
tags = tf.placeholder(tf.int32, [None, 4])
lengths = tf.placeholder(tf.int32, [None])
state = LSTMStateTuple(tf.zeros([3, 5]), tf.ones([3, 5]))
outputs, _ = tf.nn.dynamic_rnn(LSTMCell(5), inputs, initial_state=state)
scores = tf.tensordot(outputs, tf.get_variable("w", [5, 4]), 1)
likelihood, transitions = crf_log_likelihood(scores, tags, lengths)
weights = tf.sequence_mask(lengths, 4, tf.float32)
moments = [tf.unstack(each, axis=1) for each in (scores, tags, weights)]
losses = [
    legacy_seq2seq.sequence_loss_by_example(*moments),
    legacy_seq2seq.sequence_loss(*moments, average_across_timesteps=False),
    seq2seq.sequence_loss(scores, tags, weights),
    seq2seq.sequence_loss(scores, tags, weights, average_across_batch=False),
    -likelihood,
]
steps, last = legacy_seq2seq.rnn_decoder(tf.unstack(inputs, axis=1), state, LSTMCell(5))
looped, _ = legacy_seq2seq.rnn_decoder(
    tf.unstack(inputs, axis=1), state, LSTMCell(5), lambda previous, number: previous[:, :3] * number, scope="looped"
)
losses += [each + last.c for each in steps + looped]
step = tf.contrib.framework.get_or_create_global_step()
loss = tf.add_n([tf.reduce_mean(each) for each in losses])
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)

random = np.random.RandomState(4)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(tf.constant([variable.op.name for variable in tf.contrib.framework.get_variables(suffix="kernel")]))
    for _ in range(3):
        feed = {inputs: random.rand(3, 4, 3), tags: random.randint(0, 4, [3, 4]), lengths: [4, 2, 3]}
        sess.run([train, losses, step], feed)
    table, paths = sess.run([transitions, scores], feed)
    best, value = viterbi_decode(paths[0], table)
    sess.run(tf.constant(np.asarray(best, np.int32)))
    sess.run(tf.constant(float(value)))
