"""``tf.metrics`` of TensorFlow 1: the Keras metric with the same numbers, and what it is told in each update.

Keras averages over the last axis first where a metric compares two tensors, so that errors are told to a plain mean
as what TensorFlow 1 averaged (semantics: measured with batches of different size).
"""

from __future__ import annotations

from dataclasses import dataclass

PARAMETERS = {
    "tf.metrics.accuracy": ("labels", "predictions", "weights", "metrics_collections", "updates_collections"),
    "tf.metrics.mean": ("values", "weights", "metrics_collections", "updates_collections"),
    "tf.metrics.mean_squared_error": (
        *("labels", "predictions", "weights", "metrics_collections", "updates_collections"),
    ),
    "tf.metrics.mean_absolute_error": (
        *("labels", "predictions", "weights", "metrics_collections", "updates_collections"),
    ),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """The constructor of a Keras metric, and the arguments of its ``update_state``."""

    constructor: str
    arguments: str


def is_metric(name: str) -> bool:
    """Whether a metric of this name has a counterpart here."""
    return name in PARAMETERS


def metric(name: str, given: dict[str, str], tf: str) -> Metric:
    """The counterpart of a call with these texts by parameter."""
    keras = f"{tf}.keras.metrics"
    match name:
        case "tf.metrics.accuracy":
            return Metric(f"{keras}.Accuracy()", f"{given['labels']}, {given['predictions']}")
        case "tf.metrics.mean":
            return Metric(f"{keras}.Mean()", given["values"])
    difference = f"{given['predictions']} - {given['labels']}"
    function = "square" if name.endswith("squared_error") else "abs"
    return Metric(f"{keras}.Mean()", f"{tf}.{function}({difference})")
