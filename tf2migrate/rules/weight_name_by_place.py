"""TFM907: the name of a weight where Keras 3 takes its shape."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import KerasFile
from tf2migrate.names.project import dotted_name
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual


def _find(file: KerasFile) -> Iterator[Trap]:
    for owner in file.classes.values():
        for node in walk(owner.node):
            if not isinstance(node, cst.Call) or dotted_name(node.func) != "self.add_weight":
                continue
            match node.args:
                case [cst.Arg(value=cst.SimpleString() | cst.FormattedString() as name, keyword=None), *_]:
                    message = "the first argument of `add_weight` is the shape in Keras 3, and was the name"
                    text = file.module.tree.code_for_node(name)
                    yield Trap(name, message, f"Write `name={text}`, and `shape=` before the shape")


RULE = Rule(
    code="TFM907",
    name="weight-name-by-place",
    summary="Finds `add_weight` with the name as its first argument.",
    why="Keras 2 declared `add_weight(name, shape, ...)`; Keras 3 declares the shape first and raises for a text.",
    example="""
        import tensorflow as tf


        class Scale(tf.keras.layers.Layer):
            def build(self, input_shape):
                self.factor = self.add_weight("factor", shape=[input_shape[-1]], initializer="ones")

            def call(self, x):
                return x * self.factor


        print(Scale()(tf.ones([1, 2])).numpy())
    """,
    use_instead="""
        import tensorflow as tf


        class Scale(tf.keras.layers.Layer):
            def build(self, input_shape):
                self.factor = self.add_weight(name="factor", shape=[input_shape[-1]], initializer="ones")

            def call(self, x):
                return x * self.factor


        print(Scale()(tf.ones([1, 2])).numpy())
    """,
    fix=manual("Keywords mean the same in both."),
    references=("https://keras.io/api/layers/base_layer/#addweight-method",),
    find=_find,
)
