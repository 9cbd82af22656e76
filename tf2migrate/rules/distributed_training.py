"""TFM808: training on several machines or towers."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM808",
    name="distributed-training",
    summary="""
        Finds clusters, servers, parameter servers, `SyncReplicasOptimizer`, monitored sessions and towers
        whose gradients are averaged by hand.
    """,
    why="""
        Here the placement of ops and the runs of several processes make up the program. In TensorFlow 2 a
        strategy of `tf.distribute` takes their place, with other rules for batches, losses and checkpoints.
    """,
    example="""
        import tensorflow as tf

        server = tf.train.Server.create_local_server()
        with tf.device(tf.train.replica_device_setter(ps_tasks=0)):
            w = tf.Variable(1.0)
            train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.square(w))
        with tf.train.MonitoredTrainingSession(server.target) as sess:
            sess.run(train)
            print(sess.run(w))
    """,
    use_instead="""
        import tensorflow as tf

        strategy = tf.distribute.get_strategy()
        with strategy.scope():
            w = tf.Variable(1.0)
            optimizer = tf.keras.optimizers.SGD(learning_rate=0.1)


        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = tf.square(w)
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])


        strategy.run(step)
        print(w.numpy())
    """,
    fix=manual("""
        The program is left as it is. Bring it to one device first, migrate it, then choose a strategy.
    """),
    references=(
        "https://www.tensorflow.org/guide/distributed_training",
        "https://www.tensorflow.org/guide/migrate/multi_worker_cpu_gpu_training",
    ),
)
