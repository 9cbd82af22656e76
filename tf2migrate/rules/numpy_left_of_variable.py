"""TFM902: numpy takes over where it stands on the left of a variable of Keras 3."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import KerasFile
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual


def _find(file: KerasFile) -> Iterator[Trap]:
    for node in walk(file.module.tree):
        if isinstance(node, cst.BinaryOperation) and file.is_variable(node.right):
            value = file.value_of(node.left)
            if isinstance(value, cst.Call) and file.path(value.func).startswith("numpy."):
                right = file.module.tree.code_for_node(node.right)
                message = f"numpy on the left of the variable `{right}` computes without a gradient"
                yield Trap(node, message, f"Write the variable first, or `{right}.value`")


RULE = Rule(
    code="TFM902",
    name="numpy-left-of-variable",
    summary="Finds arithmetic with a numpy value on the left and a variable of Keras 3 on the right.",
    why="""
        The left operand decides. A `tf.Variable` made numpy step back; for a variable of Keras 3 numpy computes
        the result itself: a plain array, through which no gradient flows, and an error under `tf.function`.
    """,
    example="""
        import numpy as np
        import tensorflow as tf

        scale = np.float32(2.0)
        w = tf.keras.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(scale * w))
        print(tape.gradient(loss, w))
    """,
    use_instead="""
        import numpy as np
        import tensorflow as tf

        scale = np.float32(2.0)
        w = tf.keras.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(w * scale))
        print(tape.gradient(loss, w))
    """,
    fix=manual("`w * scale`, `scale * w.value` and `tf.constant(scale) * w` all give the gradient."),
    references=("https://numpy.org/doc/stable/user/basics.dispatch.html", "https://keras.io/guides/migrating_to_keras_3/"),
    find=_find,
)
