"""TFM909: arguments that Keras 3 does not know by name any more."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import KerasFile, is_optimizer
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual

_LEARNING_RATE = "Write `learning_rate`"
_INPUT = "Put a `tf.keras.Input` before the layer"


def _find(file: KerasFile) -> Iterator[Trap]:
    for node in walk(file.module.tree):
        symbol = file.called(node)
        for arg in node.args if isinstance(node, cst.Call) else ():
            word = arg.keyword.value if arg.keyword is not None else ""
            advice = ""
            if is_optimizer(symbol):
                advice = _LEARNING_RATE if word == "lr" else ""
            elif symbol.startswith("tf.keras.layers."):
                advice = _INPUT if word == "batch_input_shape" else ""
            elif symbol in ("tf.keras.Model", "tf.keras.models.Model") and word in ("input", "output"):
                advice = f"Write `{word}s`"
            if advice:
                yield Trap(arg, f"`{symbol}` has no argument `{word}` in Keras 3", advice)


RULE = Rule(
    code="TFM909",
    name="argument-of-old-keras",
    summary="Finds arguments of Keras that had been replaced long ago, such as `lr`, and that Keras 3 refuses.",
    why="Keras 2 took `lr` for `learning_rate` with a warning at most; Keras 3 raises `ValueError`.",
    example="""
        import tensorflow as tf

        optimizer = tf.keras.optimizers.SGD(lr=0.5)
        print(float(optimizer.learning_rate))
    """,
    use_instead="""
        import tensorflow as tf

        optimizer = tf.keras.optimizers.SGD(learning_rate=0.5)
        print(float(optimizer.learning_rate))
    """,
    fix=manual("Only the spelling changed."),
    references=("https://keras.io/api/optimizers/", "https://keras.io/guides/migrating_to_keras_3/"),
    find=_find,
)
