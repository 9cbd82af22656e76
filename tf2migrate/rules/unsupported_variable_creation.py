"""TFM601: a variable that is created in a way that a model cannot repeat."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM601",
    name="unsupported-variable-creation",
    summary="""
        Finds variables whose initial value, shape or options cannot be moved into the constructor of a
        model: values computed from placeholders, shapes that change, partitioners, custom getters,
        constraints that are not known.
    """,
    why="""
        A model creates its variables before anything is fed. A variable that was created under other
        conditions would have another initial value or shape, or would not exist when it is first used.
    """,
    example="""
        import tensorflow as tf

        rows = tf.placeholder(tf.float32, [None, 2])
        memory = tf.Variable(rows, validate_shape=False, trainable=False)
        with tf.Session() as sess:
            sess.run(memory.initializer, {rows: [[1.0, 2.0]]})
            print(sess.run(memory))
    """,
    use_instead="""
        import tensorflow as tf

        rows = tf.constant([[1.0, 2.0]])
        memory = tf.Variable(rows, shape=tf.TensorShape([None, 2]), trainable=False)
        print(memory.numpy())
    """,
    fix=manual("The program is left as it is. Give the variable an initializer and a known shape."),
    references=(
        "https://www.tensorflow.org/guide/variable",
        "https://www.tensorflow.org/api_docs/python/tf/Variable",
    ),
)
