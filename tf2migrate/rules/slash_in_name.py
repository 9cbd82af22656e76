"""TFM906: a name that Keras 3 refuses."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import VARIABLE, KerasFile, literal_name
from tf2migrate.names.project import dotted_name
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual


def _find(file: KerasFile) -> Iterator[Trap]:
    for node in walk(file.module.tree):
        if not isinstance(node, cst.Call):
            continue
        name = literal_name(node)
        if name is None or "/" not in name.raw_value:
            continue
        symbol = file.called(node)
        if symbol == VARIABLE or symbol.startswith("tf.keras.layers.") or dotted_name(node.func) == "self.add_weight":
            message = f"the name `{name.raw_value}` holds a slash, which Keras 3 refuses"
            yield Trap(name, message, f"Write `{name.raw_value.replace('/', '_')}`")


RULE = Rule(
    code="TFM906",
    name="slash-in-name",
    summary="Finds names of weights, variables and layers of Keras that hold a slash.",
    why="Scopes of TensorFlow 1 were written into names; Keras 3 makes paths of names itself and raises for a slash.",
    example="""
        import tensorflow as tf

        layer = tf.keras.layers.Dense(3, name="encoder/hidden")
        print(layer(tf.ones([1, 2])).shape)
    """,
    use_instead="""
        import tensorflow as tf

        layer = tf.keras.layers.Dense(3, name="encoder_hidden")
        print(layer(tf.ones([1, 2])).shape)
    """,
    fix=manual("Weights that were saved under the old name have to be loaded by hand."),
    references=("https://keras.io/guides/migrating_to_keras_3/",),
    find=_find,
)
