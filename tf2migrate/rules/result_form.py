"""TFM408 (contract C7): what a run returned would have another Python form."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM408",
    name="result-form",
    summary="""
        Finds runs whose result the rewrite cannot give in the form that the code after it needs: sparse
        values, structures that are not known, results that are handed on to unknown code.
    """,
    why="""
        A run returns numpy values in the nesting of the fetches, None for an op, and its own classes for
        sparse tensors. A TensorFlow 2 tensor prints differently, compares elementwise and is no dictionary
        key, so code that only looks as if it did not care may break.
    """,
    example="""
        import tensorflow as tf

        sparse = tf.SparseTensor([[0], [2]], [1.0, 2.0], [4])
        with tf.Session() as sess:
            value = sess.run(sparse)
            print(type(value).__name__, value.values, value.dense_shape)
    """,
    use_instead="""
        import tensorflow as tf

        sparse = tf.SparseTensor([[0], [2]], [1.0, 2.0], [4])
        print(type(sparse).__name__, sparse.values.numpy(), sparse.dense_shape.numpy())
    """,
    fix=manual("""
        The program is left as it is. Fetch dense tensors in a list, tuple or dictionary that stands in the
        call.
    """),
    references=("https://www.tensorflow.org/api_docs/python/tf/Tensor#numpy",),
)
