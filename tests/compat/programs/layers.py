"""Layers of `tf.layers` in one network: names, sharing, penalties, and batch normalization in both phases."""

import numpy as np
import tensorflow as tf

images = tf.placeholder(tf.float32, [None, 12, 12, 3])
signal = tf.placeholder(tf.float32, [4, 10, 2])
training = tf.placeholder(tf.bool)


def penalty(weights):
    return 0.01 * tf.nn.l2_loss(weights)


def tower(inputs, reuse):
    with tf.variable_scope("tower", reuse=reuse):
        hidden = tf.layers.conv2d(inputs, 4, 3, activation=tf.nn.relu, kernel_regularizer=penalty)
        hidden = tf.layers.batch_normalization(hidden, training=training)
        hidden = tf.layers.max_pooling2d(hidden, 2, 2)
        hidden = tf.layers.conv2d(hidden, 3, (2, 3), (1, 2), "same", use_bias=False, name="narrow")
        hidden = tf.layers.average_pooling2d(hidden, (2, 2), 1, padding="same")
        hidden = tf.layers.conv2d_transpose(hidden, 2, 3, strides=2, activation=tf.tanh)
        hidden = tf.layers.conv2d_transpose(hidden, 2, [2, 2], padding="same")
        return tf.layers.flatten(hidden)


first, second = tower(images, None), tower(images[:, ::-1], True)
wave = tf.layers.conv1d(signal, 4, 3, padding="same", activation="hard_sigmoid")
wave = tf.layers.max_pooling1d(wave, 2, 2)
wave = tf.layers.average_pooling1d(tf.layers.batch_normalization(wave, axis=1, training=True, momentum=0.9), 2, 1)
both = tf.concat([first + 0.5 * second, tf.layers.flatten(wave)], 1)
dense = tf.layers.dense(both, 6, tf.nn.elu, kernel_initializer=tf.random_normal_initializer(stddev=0.05))
dense = tf.layers.batch_normalization(dense, training=training, scale=False)
dense = tf.layers.dropout(dense, 0.25, training=training)
cube = tf.layers.dense(tf.reshape(dense, [-1, 2, 3]), 3, bias_initializer=tf.constant_initializer(0.1))
shared = [tf.layers.dense(part, 2, name="shared", reuse=tf.AUTO_REUSE) for part in tf.unstack(cube, axis=1)]
with tf.variable_scope("ends"):
    unnamed = [tf.layers.dense(part, 2, reuse=tf.AUTO_REUSE) for part in shared]
loss = tf.reduce_mean(tf.square(tf.add_n(unnamed) - 1.0)) + tf.losses.get_regularization_loss()
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    step = tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss)

random = np.random.RandomState(3)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print([(variable.op.name, variable.shape.as_list()) for variable in tf.global_variables()])
    sess.run(tf.constant([variable.op.name for variable in tf.global_variables()]))
    sess.run(tf.constant([variable.op.name for variable in tf.trainable_variables()]))
    sess.run(tf.constant(first.op.name))
    for turn in range(4):
        feed = {images: random.rand(4, 12, 12, 3), signal: random.rand(4, 10, 2), training: turn != 2}
        sess.run([loss, step, unnamed], feed)
    sess.run(tf.global_variables())
