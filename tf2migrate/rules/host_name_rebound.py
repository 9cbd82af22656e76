"""TFM403 (contract C2): a name has another value at the run than it had in the graph."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM403",
    name="host-name-rebound",
    summary="""
        Finds names that the graph was built with and that are bound again, or objects that are changed,
        before a run that depends on them.
    """,
    why="""
        A graph keeps the value that a Python name had when the graph was built. A function that is called
        at the place of the run would read the value that the name has then.
    """,
    example="""
        import tensorflow as tf

        scale = 2.0
        x = tf.placeholder(tf.float32, [])
        y = x * scale
        scale = 10.0
        with tf.Session() as sess:
            print(sess.run(y, {x: 1.0}), scale)
    """,
    use_instead="""
        import tensorflow as tf

        graph_scale = 2.0


        def y(x):
            return x * graph_scale


        scale = 10.0
        print(y(tf.constant(1.0)).numpy(), scale)
    """,
    fix=manual("The program is left as it is. Give the two values two names."),
    references=("https://www.tensorflow.org/guide/function#changing_python_global_and_free_variables",),
)
