"""TFM407 (contract C6): a feed that cannot become an argument."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM407",
    name="unsupported-feed",
    summary="""
        Finds feeds that have no counterpart as an argument of a function: of tensors that are no
        placeholders where the rest of the graph cannot be cut there, of a dictionary whose keys are not
        known, of string names.
    """,
    why="""
        `Session.run` lets any tensor be replaced for one run; what it depended on is then not computed. A
        function has only the arguments that it was given, so each way of feeding needs a function of its
        own.
    """,
    example="""
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [])
        h = x * 2.0
        y = h + 1.0
        with tf.Session() as sess:
            print(sess.run(y, {x: 1.0}))
            print(sess.run(y, {h: 10.0}))
    """,
    use_instead="""
        import tensorflow as tf


        def hidden(x):
            return x * 2.0


        def output(h):
            return h + 1.0


        print(output(hidden(tf.constant(1.0))).numpy())
        print(output(tf.constant(10.0)).numpy())
    """,
    fix=manual("""
        The program is left as it is. Write the feed as a literal dictionary, or split the graph by hand.
    """),
    references=("https://www.tensorflow.org/guide/migrate/tf1_vs_tf2",),
)
