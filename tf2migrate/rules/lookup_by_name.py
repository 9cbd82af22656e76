"""TFM806: a tensor or an op is looked up by its name."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM806",
    name="lookup-by-name",
    summary="Finds `get_tensor_by_name`, `get_operation_by_name` and fetches and feeds that are strings.",
    why="""
        Names belong to the graph. In TensorFlow 2 a tensor has a name only inside a function, and which one
        it is depends on how the function was traced.
    """,
    example="""
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [], name="x")
        tf.multiply(x, 2.0, name="y")
        with tf.Session() as sess:
            y = tf.get_default_graph().get_tensor_by_name("y:0")
            print(sess.run(y, {"x:0": 3.0}))
    """,
    use_instead="""
        import tensorflow as tf


        def y(x):
            return tf.multiply(x, 2.0)


        print(y(tf.constant(3.0)).numpy())
    """,
    fix=manual("The program is left as it is. Hand on the tensors themselves instead of their names."),
    references=("https://www.tensorflow.org/guide/migrate/tf1_vs_tf2",),
)
