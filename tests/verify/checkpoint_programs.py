"""Programs that train, save, and go on from where they were, each with other layers and another optimizer."""

from __future__ import annotations

HEAD = '''\
"""Learns a little; goes on from the checkpoint that is there."""

import os

import numpy as np
import tensorflow as tf

folder = os.environ.get("FOLDER", ".")
rng = np.random.RandomState(3)
'''
TAIL = '''
saver = tf.train.Saver()

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    start = os.path.join(folder, "start")
    if os.path.exists(start + ".index"):
        saver.restore(sess, start)
    for i in range(12):
        _, value = sess.run([train, loss], feed_dict={x: xs, y: ys})
        print("%.6f" % value)
    saver.save(sess, os.path.join(folder, "end"))
'''
FLAT = '''
xs = rng.randn(40, 6).astype(np.float32)
ys = (np.abs(xs[:, :1]) > 0.6).astype(np.float32)
x = tf.placeholder(tf.float32, [None, 6])
y = tf.placeholder(tf.float32, [None, 1])
'''
PICTURES = '''
xs = rng.rand(24, 8, 8, 1).astype(np.float32)
ys = (xs.mean(axis=(1, 2)) > 0.5).astype(np.float32)
x = tf.placeholder(tf.float32, [None, 8, 8, 1])
y = tf.placeholder(tf.float32, [None, 1])
'''
ROWS = '''
xs = rng.randn(20, 5, 3).astype(np.float32)
ys = (xs.sum(axis=(1, 2)) > 0).astype(np.float32).reshape(-1, 1)
x = tf.placeholder(tf.float32, [None, 5, 3])
y = tf.placeholder(tf.float32, [None, 1])
'''
LOSS = "loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))\n"

DENSE = '''
with tf.variable_scope("encoder"):
    h = tf.layers.dense(x, 8, activation=tf.nn.tanh)
    h = tf.layers.dense(h, 8, activation=tf.nn.tanh)
logits = tf.layers.dense(h, 1, name="head")
'''
CONV = '''
h = tf.layers.conv2d(x, 4, 3, activation=tf.nn.relu, name="first")
h = tf.layers.max_pooling2d(h, 2, 2)
h = tf.layers.conv2d(h, 4, 2, activation=tf.nn.relu)
h = tf.layers.flatten(h)
logits = tf.layers.dense(h, 1)
'''
NORMALIZED = '''
h = tf.layers.dense(x, 8)
h = tf.layers.batch_normalization(h, training=True)
h = tf.layers.dense(tf.nn.relu(h), 8)
h = tf.layers.batch_normalization(h, training=True)
logits = tf.layers.dense(tf.nn.relu(h), 1)
'''
WEIGHTS = '''
def weight(name, shape):
    return tf.get_variable(name, shape, initializer=tf.truncated_normal_initializer(stddev=0.4))


with tf.variable_scope("net"):
    w1, w2 = weight("w1", [6, 8]), weight("w2", [8, 1])
    b1 = tf.get_variable("b1", [8], initializer=tf.zeros_initializer())
logits = tf.matmul(tf.tanh(tf.matmul(x, w1) + b1), w2)
'''
RECURRENT = '''
cell = tf.nn.rnn_cell.{0}(7)
outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
logits = tf.layers.dense(outputs[:, -1], 1)
'''
SHARED = '''
def encode(part, reuse):
    with tf.variable_scope("encode", reuse=reuse):
        return tf.layers.dense(part, 4, activation=tf.nn.tanh, name="shared")


both = tf.concat([encode(x[:, :3], False), encode(x[:, 3:], True)], 1)
logits = tf.layers.dense(both, 1)
'''
STEP = "step = tf.Variable(0, trainable=False, name='step')\n"
PLAIN = "train = tf.train.{0}.minimize(loss)\n"
COUNTED = STEP + "train = tf.train.{0}.minimize(loss, global_step=step)\n"
UPDATED = "with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):\n    " + PLAIN
DECAYED = STEP + (
    "rate = tf.train.exponential_decay(0.1, step, 5, 0.5)\n"
    "train = tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step=step)\n"
)

PROGRAMS = {
    name: HEAD + data + model + LOSS + trainer + TAIL
    for name, data, model, trainer in [
        ("dense and Adam", FLAT, DENSE, COUNTED.format("AdamOptimizer(0.01)")),
        ("convolutions and momentum", PICTURES, CONV, PLAIN.format("MomentumOptimizer(0.05, 0.9)")),
        ("normalization and RMSProp", FLAT, NORMALIZED, UPDATED.format("RMSPropOptimizer(0.01, momentum=0.5)")),
        ("variables by name and Adagrad", FLAT, WEIGHTS, PLAIN.format("AdagradOptimizer(0.1)")),
        ("LSTM and Adam", ROWS, RECURRENT.format("BasicLSTMCell"), PLAIN.format("AdamOptimizer(0.02)")),
        ("GRU and Adadelta", ROWS, RECURRENT.format("GRUCell"), PLAIN.format("AdadeltaOptimizer(1.0)")),
        ("a shared layer and FTRL", FLAT, SHARED, PLAIN.format("FtrlOptimizer(0.1)")),
        ("a decaying rate", FLAT, DENSE, DECAYED),
        ("dense and gradient descent", FLAT, DENSE, PLAIN.format("GradientDescentOptimizer(0.2)")),
    ]
}
