"""TFM801: a tf.data iterator inside the graph."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM801",
    name="input-pipeline",
    summary="Finds iterators of `tf.data` whose `get_next` is part of the graph.",
    why="""
        In TensorFlow 1 each run that depends on `get_next` takes an element, and the end is an exception.
        In TensorFlow 2 a dataset is iterated in Python and its elements are arguments;
        `make_one_shot_iterator` and `make_initializable_iterator` exist no more.
    """,
    example="""
        import tensorflow as tf

        dataset = tf.data.Dataset.range(6).batch(2)
        batch = dataset.make_one_shot_iterator().get_next()
        total = tf.reduce_sum(batch)
        with tf.Session() as sess:
            try:
                while True:
                    print(sess.run(total))
            except tf.errors.OutOfRangeError:
                print("end")
    """,
    use_instead="""
        import tensorflow as tf

        dataset = tf.data.Dataset.range(6).batch(2)
        for batch in dataset:
            print(tf.reduce_sum(batch).numpy())
        print("end")
    """,
    fix=manual("""
        The program is left as it is where it cannot be shown which runs take an element. Iterate the
        dataset in the training loop and pass each element to the step.
    """),
    references=("https://www.tensorflow.org/guide/data",),
)
