"""TFM201: an argument that was renamed, moved or dropped."""

from tf2migrate.rules.definition import Rule, safe

RULE = Rule(
    code="TFM201",
    name="changed-arguments",
    summary="""
        Finds calls of functions that TensorFlow 2 has under the same name but with other arguments: renamed
        ones (`keep_dims`, `reduction_indices`, `dimension`), moved ones, dropped ones.
    """,
    why="""
        A keyword that no longer exists raises TypeError when the line is reached. A positional argument
        whose place has changed is worse: it is taken for something else.
    """,
    example="""
        import tensorflow as tf

        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        with tf.Session() as sess:
            print(sess.run(tf.reduce_sum(x, reduction_indices=[1], keep_dims=True)))
    """,
    use_instead="""
        import tensorflow as tf

        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        print(tf.reduce_sum(x, axis=[1], keepdims=True).numpy())
    """,
    fix=safe("""
        Arguments are renamed or moved where the call shows all of them. A call with `*args` or `**kwargs`
        that may hold such an argument is reported and left.
    """),
    references=("https://www.tensorflow.org/guide/migrate/upgrade",),
)
