"""TFM905: weights that a layer of Keras 3 would make while it computes."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import VARIABLE, KerasFile
from tf2migrate.names.project import dotted_name
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual


def _find(file: KerasFile) -> Iterator[Trap]:
    for owner in file.classes.values():
        method = owner.methods.get("call")
        for node in walk(method.body) if method is not None else ():
            if not isinstance(node, cst.Call):
                continue
            made = "self.add_weight" if dotted_name(node.func) == "self.add_weight" else file.called(node)
            if made in ("self.add_weight", "tf.Variable", VARIABLE):
                message = f"`{made}` makes a weight anew in every `call`"
                yield Trap(node, message, "Make it in the constructor or in `build`")


RULE = Rule(
    code="TFM905",
    name="weight-made-in-call",
    summary="Finds variables that the `call` of a Keras model or layer makes.",
    why="""
        A layer of Keras 3 is complete once it is built: `add_weight` in `call` raises, and a variable made there
        is another one with each call, untrained and unsaved.
    """,
    example="""
        import tensorflow as tf


        class Scale(tf.keras.layers.Layer):
            def call(self, x):
                factor = self.add_weight(name="factor", shape=[], initializer="ones")
                return x * factor


        layer = Scale()
        print(layer(tf.ones([2])).numpy(), len(layer.weights))
    """,
    use_instead="""
        import tensorflow as tf


        class Scale(tf.keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.factor = self.add_weight(name="factor", shape=[], initializer="ones")

            def call(self, x):
                return x * self.factor


        layer = Scale()
        print(layer(tf.ones([2])).numpy(), len(layer.weights))
    """,
    fix=manual("What the shape of the input decides goes to `build(self, input_shape)`."),
    references=("https://keras.io/guides/making_new_layers_and_models_via_subclassing/",),
    find=_find,
)
