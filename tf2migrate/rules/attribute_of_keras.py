"""TFM908: an attribute that Keras 3 keeps for itself."""

from __future__ import annotations

from collections.abc import Iterator

from tf2migrate.names.keras import KerasFile, assignments
from tf2migrate.rules.definition import Rule, Trap, manual

# Properties without a setter, in Keras 3.15.
_LAYER = frozenset(
    [
        "compute_dtype",
        "dtype",
        "input",
        "input_dtype",
        "losses",
        "metrics",
        "metrics_variables",
        "non_trainable_variables",
        "non_trainable_weights",
        "output",
        "path",
        "quantization_mode",
        "trainable_variables",
        "trainable_weights",
        "variable_dtype",
        "variables",
        "weights",
    ]
)
_MODEL = _LAYER | {"compiled_metrics", "distribute_strategy", "layers", "metrics_names"}


def _find(file: KerasFile) -> Iterator[Trap]:
    for owner in file.classes.values():
        own = owner.methods.keys()  # a property of one's own may have a setter
        for method in owner.methods.values():
            for name, _, target in assignments(method.body):
                prefix, _, attribute = name.partition(".")
                if prefix == "self" and attribute in (_MODEL if owner.is_model else _LAYER) and attribute not in own:
                    message = f"`{name}` is an attribute of Keras and cannot be set"
                    yield Trap(target, message, f"Use another name, such as `{name}_`")


RULE = Rule(
    code="TFM908",
    name="attribute-of-keras",
    summary="Finds models and layers that set an attribute which Keras keeps for itself, such as `self.weights`.",
    why="These attributes are computed from the model; Keras 3 raises `AttributeError` when one is set.",
    example="""
        import tensorflow as tf


        class Linear(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.weights = {"w": tf.keras.Variable(2.0)}

            def call(self, x):
                return self.weights["w"] * x


        print(Linear()(tf.ones([2])).numpy())
    """,
    use_instead="""
        import tensorflow as tf


        class Linear(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.parts = {"w": tf.keras.Variable(2.0)}

            def call(self, x):
                return self.parts["w"] * x


        print(Linear()(tf.ones([2])).numpy())
    """,
    fix=manual("Every use of the attribute has to follow."),
    references=("https://keras.io/api/models/model/", "https://keras.io/api/layers/base_layer/"),
    find=_find,
)
