"""TFM405 (contract C4): the order of an update and of what is fetched beside it is not defined."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM405",
    name="unclear-update-order",
    summary="""
        Finds runs that fetch an update together with a value that the update changes, or several updates of
        the same variable, where nothing in the graph says which comes first.
    """,
    why="""
        TensorFlow 1 executes what does not depend on each other in any order, so such a run may return the
        value from before the update, from after it, or a mixture, and not the same each time. TensorFlow 2
        executes line by line: an order has to be chosen, and only the author knows which was meant.
    """,
    example="""
        import tensorflow as tf

        w = tf.Variable(1.0)
        doubled = w * 2.0
        step = tf.assign_add(w, 1.0)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(sess.run([step, doubled]))
    """,
    use_instead="""
        import tensorflow as tf

        w = tf.Variable(1.0)
        step = w.assign_add(1.0)
        doubled = w * 2.0
        print([step.numpy(), doubled.numpy()])
    """,
    fix=manual("""
        The program is left as it is. Say the order, with `tf.control_dependencies` or with two runs, and
        run the migration again.
    """),
    references=("https://www.tensorflow.org/guide/function#automatic_control_dependencies",),
)
