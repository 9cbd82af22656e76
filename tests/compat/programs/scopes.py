"""Layers of slim that take their arguments from scopes: given, nested, handed on, and overruled."""

import numpy as np
import tensorflow as tf

slim = tf.contrib.slim
images = tf.placeholder(tf.float32, [None, 8, 8, 3])


@slim.add_arg_scope
def block(inputs, depth, rate=1.0, scope=None):
    with tf.variable_scope(scope, "block", [inputs]):
        return rate * slim.conv2d(inputs, depth, 3) + slim.conv2d(inputs, depth, [1, 1], activation_fn=None)


def given(training):
    penalty = slim.l2_regularizer(0.01)
    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=penalty), slim.arg_scope(
        [slim.conv2d], normalizer_fn=slim.batch_norm, activation_fn=tf.tanh
    ), slim.arg_scope([slim.batch_norm, slim.dropout], is_training=training) as scope:
        return scope


def network(inputs, training, reuse=None):
    with tf.variable_scope("network", reuse=reuse), slim.arg_scope(given(training)):
        hidden = slim.repeat(inputs, 2, slim.conv2d, 4, [3, 3], scope="first")
        with slim.arg_scope([block], rate=0.5):
            hidden = block(hidden, 3)
        hidden = slim.max_pool2d(block(hidden, 2, scope="last"), 2)
        return slim.fully_connected(slim.dropout(slim.flatten(hidden)), 2, activation_fn=None)


trained, tested = network(images, True), network(images, False, reuse=True)
loss = tf.reduce_mean(tf.square(trained - 1.0)) + tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    step = tf.train.GradientDescentOptimizer(0.001).minimize(loss)

random = np.random.RandomState(6)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(tf.constant([variable.op.name for variable in tf.global_variables()]))
    for _ in range(3):
        sess.run([loss, step], {images: random.rand(4, 8, 8, 3)})
        sess.run(tested, {images: random.rand(4, 8, 8, 3)})
