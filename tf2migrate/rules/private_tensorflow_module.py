"""TFM103: an import from inside TensorFlow."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM103",
    name="private-tensorflow-module",
    summary="""
        Finds imports from `tensorflow.python`, `tensorflow.core` and other modules that are not public.
    """,
    why="""
        Private modules are moved and renamed in any release without notice. That one still exists today
        says nothing about whether it does what it did in TensorFlow 1.
    """,
    example="""
        import tensorflow as tf
        from tensorflow.python.ops import array_ops

        x = tf.constant([1.0, 2.0, 3.0, 4.0])
        print(array_ops.reshape(x, [2, 2]).shape)
    """,
    use_instead="""
        import tensorflow as tf

        x = tf.constant([1.0, 2.0, 3.0, 4.0])
        print(tf.reshape(x, [2, 2]).shape)
    """,
    fix=manual("Name the public symbol instead; most private ones are also exported under `tf`."),
    references=("https://www.tensorflow.org/guide/versions",),
)
