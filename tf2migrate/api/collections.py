"""The names of the graph's collections behind the constants of ``tf.GraphKeys``."""

from __future__ import annotations

# The functions that list variables of the graph.
VARIABLE_LISTS = ("tf.trainable_variables", "tf.global_variables", "tf.all_variables", "tf.get_collection")
# What is not the constant's own name in small letters.
_OTHER = {"GLOBAL_VARIABLES": "variables", "VARIABLES": "variables", "TABLE_INITIALIZERS": "table_initializer"}
_PLAIN = frozenset(
    [
        "TRAINABLE_VARIABLES",
        "LOCAL_VARIABLES",
        "MODEL_VARIABLES",
        "METRIC_VARIABLES",
        "MOVING_AVERAGE_VARIABLES",
        "SUMMARIES",
        "LOSSES",
        "REGULARIZATION_LOSSES",
        "UPDATE_OPS",
        "WEIGHTS",
        "BIASES",
        "ACTIVATIONS",
    ]
)


def collection_name(symbol: str) -> str | None:
    """The string that a constant of ``tf.GraphKeys`` is; None for other symbols."""
    prefix, _, constant = symbol.rpartition(".")
    if prefix != "tf.GraphKeys":
        return None
    return _OTHER.get(constant) or (constant.lower() if constant in _PLAIN else None)
