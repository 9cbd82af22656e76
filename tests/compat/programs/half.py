"""Batch normalization of inputs of half precision: what it learns is kept in single precision."""

import numpy as np
import tensorflow as tf

layers = tf.contrib.layers
images = tf.placeholder(tf.float32, [None, 4, 4, 2])
training = tf.placeholder_with_default(True, [])
half = tf.cast(images, tf.float16)
flat = tf.reshape(half, [-1, 32])
outputs = [
    tf.layers.batch_normalization(half, training=training),
    tf.layers.batch_normalization(half, training=True, fused=False, momentum=0.9),
    tf.layers.batch_normalization(half),
    tf.layers.batch_normalization(flat, training=training, scale=False),
    tf.layers.batch_normalization(flat, center=False),
    tf.layers.batch_normalization(tf.cast(flat, tf.float64), training=True),
    layers.batch_norm(half, decay=0.9),
    layers.batch_norm(half, decay=0.9, is_training=training, updates_collections=None, scale=True),
    layers.batch_norm(half, decay=0.9, updates_collections=None, fused=False),
    layers.batch_norm(flat, decay=0.9),
]
# The last bit of half precision is another one in each TensorFlow.
means = [tf.round(50.0 * tf.reduce_mean(tf.square(tf.cast(output, tf.float32) - 1.0))) for output in outputs]
kinds = [item.dtype.base_dtype.name for item in [*outputs, *tf.global_variables()]]
updates = tf.group(*tf.get_collection(tf.GraphKeys.UPDATE_OPS))

random = np.random.RandomState(9)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(tf.constant(kinds))
    for _ in range(2):
        sess.run([means, updates], {images: random.rand(5, 4, 4, 2)})
    sess.run([variable for variable in tf.global_variables() if variable.dtype.base_dtype == tf.float32])
    sess.run(means, {images: random.rand(5, 4, 4, 2), training: False})
