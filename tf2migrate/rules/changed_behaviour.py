"""TFM302: a call that returns another structure, or refuses what it took."""

from tf2migrate.rules.definition import Rule, safe

RULE = Rule(
    code="TFM302",
    name="changed-behaviour",
    summary="""
        Finds calls whose name and arguments are still right, but which return another structure or no
        longer take the same values: `tf.cond`, `tf.case`, `tf.while_loop` with one variable, `tf.constant`
        with a shape to fill.
    """,
    why="""
        TensorFlow 1 took a list of one tensor apart, TensorFlow 2 returns the list. Such a difference shows
        up far from the call, where the result is used, and only when that line is reached.
    """,
    example="""
        import tensorflow as tf

        count = tf.while_loop(lambda i: i < 5, lambda i: i + 1, [tf.constant(0)])
        with tf.Session() as sess:
            print(sess.run(count))
    """,
    use_instead="""
        import tensorflow as tf

        count = tf.while_loop(lambda i: i < 5, lambda i: [i + 1], [tf.constant(0)])[0]
        print(count.numpy())
    """,
    fix=safe("""
        Rewritten where the call shows which structure it gets and returns; reported and left otherwise.
    """),
    references=("https://www.tensorflow.org/api_docs/python/tf/while_loop",),
)
