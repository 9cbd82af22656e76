"""Programs that cannot become native, as programs that run on `tf.compat.v1` of TensorFlow 2."""
