"""The abstract interpreter: ``tf.metrics``, each with local variables, a value and an update."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.metrics import PARAMETERS, is_metric
from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.collections import Collections
from tf2migrate.graph.values import Const, Node, Sequence, Value, unknown_in
from tf2migrate.graph.variables import is_given

VALUE = "tf.metrics.value"


class Metrics(Collections):
    """``tf.metrics.accuracy`` and the like: a pair of what was counted so far, and of the update."""

    def metric(self, name: str, args: Arguments, node: cst.Call) -> Value:
        if not is_metric(name):
            return self.refuse("TFM410", node, f"`{name}` is not rewritten yet")
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        further = PARAMETERS[name][1:]
        given = [args.get(position, key) for position, key in enumerate(PARAMETERS[name])]
        extra = [key for key in args.keywords if key not in (*PARAMETERS[name], "name")]
        options = [value for key, value in zip(PARAMETERS[name], given, strict=True) if key not in OPERANDS]
        if any(is_given(value) for value in options) or extra or not args.exact or self.repeated:
            return self.refuse("TFM410", node, f"these arguments of `{name}` are not rewritten yet")
        operands = [value for value in given[: len(further)] if value is not None and is_given(value)]
        owner = self.make("layer", name, [], node)
        owner.name, owner.trainable = name.rpartition(".")[2], False
        owner.details["metric"] = owner.details["local"] = Const(True)
        self.staging.touched.append((owner, self.place()))
        value = self.make("tensor", VALUE, [owner], node)
        update = self.make("assign", name, [owner, *operands], node)
        update.details.update(variable=owner, value=Sequence(operands), metric=Const(True))
        for made in (value, update):
            made.shape = ()
        return Sequence([value, update], "tuple")


# What a metric is computed from; its other arguments say where it is put.
OPERANDS = ("labels", "predictions", "values")


def is_metric_value(node: Value | None) -> bool:
    """Whether a node is what a metric has counted so far."""
    return isinstance(node, Node) and node.op == VALUE
