"""TFM409 (contract C8): the counterpart computes other numbers."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM409",
    name="numbers-differ",
    summary="""
        Finds optimizers, losses, layers and image functions whose counterpart in TensorFlow 2 does not
        compute the same numbers with the arguments of this call.
    """,
    why="""
        The names are alike, the arithmetic is not: another epsilon or its other place, other initial slots,
        a mean over other elements, other pixel centres. A training run then ends elsewhere, and nobody can
        say whether that is noise or a mistake of the migration.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        image = tf.constant(np.arange(16.0).reshape([1, 4, 4, 1]), tf.float32)
        larger = tf.image.resize_bilinear(image, [8, 8])
        with tf.Session() as sess:
            print(sess.run(larger)[0, 0, :, 0])
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf

        image = tf.constant(np.arange(16.0).reshape([1, 4, 4, 1]), tf.float32)
        larger = tf.raw_ops.ResizeBilinear(
            images=image, size=[8, 8], align_corners=False, half_pixel_centers=False
        )
        print(larger.numpy()[0, 0, :, 0])
    """,
    fix=manual("Where an exact form is known it is written out; otherwise the program is left as it is."),
    references=(
        "https://www.tensorflow.org/guide/migrate/validate_correctness",
        "https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResizeBilinear",
    ),
)
