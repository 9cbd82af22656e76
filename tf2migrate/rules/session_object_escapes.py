"""TFM411: the session is handed to code that is not known."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM411",
    name="session-object-escapes",
    summary="""
        Finds sessions that are stored, returned or passed to where the analysis cannot follow them: a
        container, a thread, a callback, a library.
    """,
    why="""
        The rewrite has no session. Whoever else holds it may run anything at any time, and in particular
        change variables between two runs that are seen.
    """,
    example="""
        import threading

        import tensorflow as tf

        x = tf.placeholder(tf.float32, [])
        y = x * 2.0
        with tf.Session() as sess:
            worker = threading.Thread(target=lambda run: print(run(y, {x: 1.0})), args=(sess.run,))
            worker.start()
            worker.join()
    """,
    use_instead="""
        import threading

        import tensorflow as tf


        def y(x):
            return x * 2.0


        worker = threading.Thread(target=lambda run: print(run(tf.constant(1.0)).numpy()), args=(y,))
        worker.start()
        worker.join()
    """,
    fix=manual("""
        The program is left as it is. Pass the session only to functions of the project, as an argument.
    """),
    references=("https://www.tensorflow.org/guide/migrate/tf1_vs_tf2",),
)
