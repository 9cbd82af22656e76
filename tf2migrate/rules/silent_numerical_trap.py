"""TFM301: a call that still runs and computes something else."""

from tf2migrate.rules.definition import Rule, safe

RULE = Rule(
    code="TFM301",
    name="silent-numerical-trap",
    summary="Finds calls that TensorFlow 2 accepts as they stand but gives another meaning.",
    why="""
        Nothing raises; the numbers are wrong. The second argument of `tf.nn.dropout` was the probability to
        keep and is now the probability to drop; `tf.nn.softmax_cross_entropy_with_logits` now sends a
        gradient to the labels; `tf.nn.embedding_lookup` on several tables reads other rows;
        `tf.image.resize` uses half-pixel centres.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [None])
        kept = tf.nn.dropout(x, 0.9)
        with tf.Session() as sess:
            print(np.count_nonzero(sess.run(kept, {x: np.ones(1000)})))
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf

        kept = tf.nn.dropout(np.ones(1000, np.float32), rate=1 - 0.9)
        print(np.count_nonzero(kept))
    """,
    fix=safe("""
        The new call states what the old one meant. Where that depends on something that cannot be known,
        such as the rank of a tensor, the call is reported and left.
    """),
    references=(
        "https://www.tensorflow.org/guide/migrate/validate_correctness",
        "https://www.tensorflow.org/api_docs/python/tf/nn/dropout",
    ),
)
