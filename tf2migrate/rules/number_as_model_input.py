"""TFM903: a Python number where Keras 3 wants a tensor."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import KerasFile
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual


def _find(file: KerasFile) -> Iterator[Trap]:
    for node in walk(file.module.tree):
        if not isinstance(node, cst.Call) or not file.is_layer(node.func) or isinstance(node.func, cst.Call):
            continue
        for arg in node.args:
            if arg.keyword is None and not arg.star and _is_python_value(arg.value):
                text = file.module.tree.code_for_node(arg.value)
                message = f"`{text}` is given to a model by place, where Keras 3 takes tensors only"
                yield Trap(arg.value, message, "Give it by its keyword, or make a tensor of it")


def _is_python_value(node: cst.BaseExpression) -> bool:
    match node:
        case cst.Integer() | cst.Float() | cst.SimpleString() | cst.Name(value="True" | "False"):
            return True
        case cst.UnaryOperation(expression=inner):
            return _is_python_value(inner)
        case cst.List(elements=elements) | cst.Tuple(elements=elements):
            return bool(elements) and all(_is_python_value(element.value) for element in elements)
    return False


RULE = Rule(
    code="TFM903",
    name="number-as-model-input",
    summary="Finds Python numbers, strings and lists of them that a Keras model or layer gets by place.",
    why="""
        Keras 2 converted them; Keras 3 takes arguments by place for input tensors, and raises for anything else,
        such as the `True` of `model(x, True)`.
    """,
    example="""
        import tensorflow as tf


        class Noisy(tf.keras.Model):
            def call(self, x, training=False):
                return x + 1.0 if training else x


        model = Noisy()
        print(model(tf.zeros([2]), True).numpy())
    """,
    use_instead="""
        import tensorflow as tf


        class Noisy(tf.keras.Model):
            def call(self, x, training=False):
                return x + 1.0 if training else x


        model = Noisy()
        print(model(tf.zeros([2]), training=True).numpy())
    """,
    fix=manual("Keywords and tensors are taken as before."),
    references=("https://keras.io/guides/migrating_to_keras_3/",),
    find=_find,
)
