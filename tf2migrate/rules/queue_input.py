"""TFM802: queues and queue runners."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM802",
    name="queue-input",
    summary="Finds input queues, queue runners, coordinators and readers.",
    why="""
        Threads that fill queues exist only for graphs: none of it works with eager execution. `tf.data`
        replaces it, but shuffles and ends differently, so the order of the examples is a decision to make.
    """,
    example="""
        import tensorflow as tf

        (number,) = tf.train.slice_input_producer([tf.range(4)], num_epochs=1, shuffle=False)
        batch = tf.train.batch([number], batch_size=2)
        with tf.Session() as sess:
            sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(sess, coordinator)
            print(sess.run(batch), sess.run(batch))
            coordinator.request_stop()
            coordinator.join(threads)
    """,
    use_instead="""
        import tensorflow as tf

        dataset = tf.data.Dataset.range(4).batch(2, drop_remainder=True)
        print(*(batch.numpy() for batch in dataset))
    """,
    fix=manual("""
        The program is left as it is. Write the pipeline with `tf.data` first, then migrate the rest.
    """),
    references=(
        "https://www.tensorflow.org/guide/data",
        "https://www.tensorflow.org/guide/data_performance",
    ),
)
