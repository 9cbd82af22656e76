"""The Keras layer for a functional layer."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.calls_model import Argument, Refused
from tf2migrate.api.layer_model import Layer
from tf2migrate.api.layers import layer
from tf2migrate.graph.values import Node
from tf2migrate.plan.facts import dtype_of, rank_of
from tf2migrate.plan.model import Plan
from tf2migrate.rewrite.symbols import Symbols


def native_layer(plan: Plan, symbols: Symbols, node: Node, original: cst.Call, arguments: list[Argument]) -> Layer:
    """The Keras layer for a functional layer, with what is known of its inputs. Raises ``NotPlanned``."""
    results = [n for n in plan.flow.staging.nodes if n.details.get("owner") is node]
    ranks = {rank_of(i) for n in results for i in n.inputs[1:2]}
    dtypes = {dtype_of(i) for n in results for i in n.inputs[1:2]}
    made = layer(
        node.op,
        arguments,
        tf=symbols.tf,
        rank=ranks.pop() if len(ranks) == 1 else None,
        dtype=dtypes.pop() or "float32" if len(dtypes) == 1 else "float32",
        flag=symbols.flag(original),
        update=plan.moving.get(node.number, "True"),
    )
    if isinstance(made, Refused):
        raise symbols.refused(made, original)
    assert isinstance(made, Layer)
    symbols.define(made.definitions)
    return made
