"""Layers of `tf.contrib`: names, collections, penalties, and the ways that batch normalization goes there."""

import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim
from tensorflow.contrib.layers import fully_connected, l2_regularizer

layers = tf.contrib.layers
images = tf.placeholder(tf.float32, [None, 8, 8, 3])
training = tf.placeholder(tf.bool, [])

hidden = slim.conv2d(images, 4, [3, 3], weights_regularizer=l2_regularizer(0.01))
hidden = slim.conv2d(hidden, 4, 3, 2, padding="VALID", normalizer_fn=slim.batch_norm, scope="normal",
                     normalizer_params={"is_training": training, "decay": 0.9, "scale": True})
hidden = layers.max_pool2d(hidden, [2, 2], stride=1)
hidden = layers.conv2d_transpose(hidden, 2, 3, stride=2, activation_fn=None)
hidden = layers.batch_norm(hidden, updates_collections=None, is_training=training, activation_fn=tf.nn.relu)
hidden = layers.avg_pool2d(hidden, 2)
flat = layers.flatten(hidden)
flat = layers.dropout(flat, keep_prob=0.75, is_training=training)
dense = fully_connected(flat, 5, tf.tanh, weights_initializer=layers.xavier_initializer(), scope="dense")
dense = layers.batch_norm(dense, decay=0.5, is_training=training, center=True, scale=False)
again = fully_connected(flat, 5, tf.tanh, scope="dense", reuse=True)
forced = layers.batch_norm(again, 0.9, is_training=True, updates_collections=None, fused=False, scope="forced")
wide = layers.fully_connected(dense + forced, 4, weights_regularizer=layers.l1_regularizer(0.02),
                              weights_initializer=layers.variance_scaling_initializer(uniform=True))
outputs = fully_connected(wide, 2, activation_fn=None, normalizer_fn=layers.batch_norm,
                          weights_initializer=layers.xavier_initializer(uniform=False))
loss = tf.reduce_mean(tf.square(outputs - 1.0)) + tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    step = tf.train.GradientDescentOptimizer(0.01).minimize(loss)

random = np.random.RandomState(2)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print([(variable.op.name, variable.shape.as_list()) for variable in tf.global_variables()])
    sess.run(tf.constant([variable.op.name for variable in tf.global_variables()]))
    sess.run(tf.constant([variable.op.name for variable in tf.model_variables()]))
    for turn in range(4):
        sess.run([loss, step, outputs], {images: random.rand(5, 8, 8, 3), training: turn != 1})
    sess.run(tf.global_variables())
