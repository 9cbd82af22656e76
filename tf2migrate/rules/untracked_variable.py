"""TFM901: a variable that a model or layer of Keras 3 does not know."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.keras import KerasFile, assignments
from tf2migrate.names.tree import walk
from tf2migrate.rules.definition import Rule, Trap, manual


def _find(file: KerasFile) -> Iterator[Trap]:
    for owner in file.classes.values():
        for method in owner.methods.values():
            for name, value, _ in assignments(method.body):
                if name.startswith("self."):
                    yield from _variables(file, name, value)
            for call in walk(method.body):
                match call:
                    case cst.Call(func=cst.Attribute(value=kept, attr=cst.Name(value="append")), args=[arg]):
                        if isinstance(kept, cst.Attribute) and file.called(arg.value) == "tf.Variable":
                            yield from _variables(file, file.module.tree.code_for_node(kept), arg.value)


def _variables(file: KerasFile, name: str, value: cst.BaseExpression) -> Iterator[Trap]:
    for part in _kept(value):
        if file.called(part) == "tf.Variable":
            message = f"Keras 3 does not track the `tf.Variable` in `{name}`"
            yield Trap(part, message, "Use `self.add_weight`, or `tf.keras.Variable` with the same value")


def _kept(value: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The parts of a value that an attribute keeps."""
    match value:
        case cst.List(elements=elements) | cst.Tuple(elements=elements):
            for element in elements:
                yield from _kept(element.value)
        case cst.Dict(elements=entries):
            for entry in entries:
                yield from _kept(entry.value)
        case cst.ListComp(elt=element):
            yield from _kept(element)
        case cst.DictComp(value=element):
            yield from _kept(element)
        case _:
            yield value


RULE = Rule(
    code="TFM901",
    name="untracked-variable",
    summary="Finds a `tf.Variable` that is kept in an attribute of a Keras model or layer.",
    why="""
        Keras 2 tracked it; Keras 3 tracks its own variables only. `model.trainable_variables` is empty, so that
        `apply_gradients` raises or, where there are other weights, leaves this one untrained; the variable is
        missing in `model.weights` and in saved weights too.
    """,
    example="""
        import tensorflow as tf


        class Linear(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(3.0)
                self.b = tf.Variable(1.0)

            def call(self, x):
                return self.w * x + self.b


        model = Linear()
        optimizer = tf.keras.optimizers.SGD(0.1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(tf.ones([4]))))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        print(len(gradients))
    """,
    use_instead="""
        import tensorflow as tf


        class Linear(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.w = tf.keras.Variable(3.0)
                self.b = self.add_weight(name="b", shape=[], initializer="ones")

            def call(self, x):
                return self.w * x + self.b


        model = Linear()
        optimizer = tf.keras.optimizers.SGD(0.1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(tf.ones([4]))))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        print(len(gradients))
    """,
    fix=manual("A variable of Keras has no `read_value`, and numpy must not stand on its left (TFM902)."),
    references=(
        "https://keras.io/guides/migrating_to_keras_3/",
        "https://keras.io/guides/making_new_layers_and_models_via_subclassing/",
    ),
    find=_find,
)
