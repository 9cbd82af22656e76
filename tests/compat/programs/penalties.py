"""Penalties on weights: of layers, of the scopes they stand in, of both; of layers used again and weights in parts."""

import numpy as np
import tensorflow as tf

layers = tf.contrib.layers
inputs = tf.placeholder(tf.float32, [None, 6, 6, 2])


def penalty(scale):
    return lambda weights: scale * tf.reduce_sum(tf.square(weights))


def core(inputs, own, again=None):
    hidden = tf.layers.conv2d(
        inputs, 3, 3, kernel_regularizer=own, bias_regularizer=own, activation=tf.nn.relu, name="conv", reuse=again
    )
    hidden = tf.layers.conv2d_transpose(hidden, 2, 2, kernel_regularizer=own, name="back", reuse=again)
    hidden = tf.layers.batch_normalization(
        hidden, gamma_regularizer=own, beta_regularizer=own, training=True, name="norm", reuse=again
    )
    return tf.layers.dense(tf.layers.flatten(hidden), 2, kernel_regularizer=own, name="dense", reuse=again)


def contributed(inputs, own, again=None):
    hidden = layers.conv2d(
        inputs, 3, 3, weights_regularizer=own, biases_regularizer=own, scope="conv", reuse=again
    )
    hidden = layers.conv2d_transpose(hidden, 2, 2, weights_regularizer=own, scope="back", reuse=again)
    params = {"beta": own, "gamma": own}
    hidden = layers.batch_norm(hidden, scale=True, param_regularizers=params, scope="norm", reuse=again)
    hidden = layers.batch_norm(
        hidden, scale=True, param_regularizers=params, scope="at_once", reuse=again, updates_collections=None
    )
    hidden = layers.batch_norm(
        hidden, param_regularizers=params, scope="plain", reuse=again, updates_collections=None, fused=False
    )
    hidden = layers.batch_norm(
        layers.flatten(hidden), scale=True, param_regularizers=params, scope="flat", reuse=again
    )
    return layers.fully_connected(
        hidden, 2, weights_regularizer=own, biases_regularizer=own, scope="full", reuse=again
    )


def network(contrib, inputs, own, again=None):
    return contributed(inputs, own, again) if contrib else core(inputs, own, again)


outputs, counts = [], []


def compared(contrib, own, shared):
    start = tf.random_normal_initializer(0.0, 0.1) if shared is not None else None
    with tf.variable_scope(f"scope{len(counts)}", regularizer=shared, initializer=start) as scope:
        outputs.append(network(contrib, inputs, own))
        before = len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
        with tf.variable_scope("unnamed"):
            outputs.append(tf.layers.dense(outputs[-1], 2, kernel_regularizer=own))
    counts.extend([before, len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES, scope.name + "/"))])
    with tf.variable_scope(scope, reuse=True):
        outputs.append(network(contrib, inputs + 1.0, own, True))
    counts.append(len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)))


for contrib in (False, True):
    for shared in (None, penalty(0.01)):
        compared(contrib, None, shared)
        compared(contrib, penalty(0.1), shared)
        compared(contrib, lambda weights: None, shared)
for _ in range(2):
    with tf.variable_scope("parts", reuse=tf.AUTO_REUSE, partitioner=tf.fixed_size_partitioner(2)):
        outputs.append(tf.layers.dense(outputs[0], 4, kernel_regularizer=penalty(0.1), name="dense")[:, :2])
    counts.append(len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)))
losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
total = tf.add_n(losses)
step = tf.train.GradientDescentOptimizer(0.01).minimize(total + tf.reduce_mean(tf.square(tf.add_n(outputs))))

random = np.random.RandomState(8)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(tf.constant(counts))
    sess.run(tf.constant([loss.name for loss in losses]))
    sess.run(tf.constant([variable.name for variable in tf.global_variables()]))
    for _ in range(2):
        sess.run([total, tf.stack(losses), step], {inputs: random.rand(3, 6, 6, 2)})
