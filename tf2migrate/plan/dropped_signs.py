"""Results whose sign TensorFlow 1.15 loses.

``-tf.reduce_mean(-loss)`` of a scalar is ``loss``, and so is ``-tf.reshape(-x, shape)``. Where a run fetches that very
negation, the graph optimizer takes away one minus sign too many: measured, the run returns ``-loss``. What computes
with the negation gets the right value, and so does a run that fetches or reads what lies between the two signs.
"""

from __future__ import annotations

from tf2migrate.graph.values import Node

NEGATIONS = frozenset({"operator.Minus", "tf.negative", "tf.neg"})
# Ops that only give the same numbers another shape.
ARRANGING = frozenset({"tf.reshape", "tf.squeeze", "tf.expand_dims", "tf.transpose"})
# Reductions, which do nothing to a scalar.
REDUCTIONS = frozenset(f"tf.reduce_{name}" for name in ("mean", "sum", "max", "min", "prod"))


def loses_sign(fetched: Node) -> bool:
    """Whether a run that returns this node returns its opposite."""
    if fetched.op not in NEGATIONS or not fetched.inputs:
        return False
    between = fetched.inputs[0]
    rearranged = False
    while between.inputs and (between.op in ARRANGING or (between.op in REDUCTIONS and _may_be_scalar(between))):
        rearranged = True
        between = between.inputs[0]
    return rearranged and between.op in NEGATIONS


def _may_be_scalar(reduction: Node) -> bool:
    """Whether what is reduced has, for all that is known, no dimension to reduce."""
    return not reduction.inputs[0].shape
