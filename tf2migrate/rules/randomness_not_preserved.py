"""TFM406 (contract C5): random numbers would be drawn more often, less often, or from elsewhere."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM406",
    name="randomness-not-preserved",
    summary="""
        Finds random ops of which a rewrite could not keep how often they are drawn, or who shares a draw.
    """,
    why="""
        In TensorFlow 1 a random op gives one sample per run, which all that depends on it in this run
        share. Where functions are called one after the other each call draws anew, and a Python or numpy
        random number inside a `tf.function` is drawn once and frozen.
    """,
    example="""
        import tensorflow as tf

        noise = tf.random_normal([2])
        x = tf.placeholder(tf.float32, [2])
        noisy = x + noise
        error = tf.reduce_sum(tf.square(noisy - noise - x))
        with tf.Session() as sess:
            print(sess.run([noisy, error], {x: [0.0, 1.0]}))
    """,
    use_instead="""
        import tensorflow as tf


        @tf.function(input_signature=[tf.TensorSpec([2], tf.float32)])
        def noisy_and_error(x):
            noise = tf.random.normal([2])
            noisy = x + noise
            return noisy, tf.reduce_sum(tf.square(noisy - noise - x))


        print([value.numpy() for value in noisy_and_error([0.0, 1.0])])
    """,
    fix=manual("The program is left as it is. Draw in one place, and pass the sample to all that need it."),
    references=(
        "https://www.tensorflow.org/guide/random_numbers",
        "https://www.tensorflow.org/guide/function#executing_python_side_effects",
    ),
)
