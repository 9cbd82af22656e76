"""Draws with a seed of their own that begin the values of several variables.

In TensorFlow 1 each random op has a stream of its own, so that two ops with the same seed draw the same numbers. Run
eagerly, TensorFlow 2 goes on in one stream for all calls with that seed, see ``recipe_texts/seeded_initializer``: there
a draw gets a function of its own.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.graph.arguments import argument
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Node
from tf2migrate.plan.gradients import behind


def needs_own_stream(staging: Staging, call: cst.Call) -> bool:
    """Whether a call draws with a seed for variables alone, and another draw for some may have the same one."""
    own = [node for node in staging.nodes if node.random and node.expression is call]
    seeded = _seed(staging, own[0]) if own else None
    if seeded is None:
        return False
    begun = _beginnings(staging)
    if not all(node.number in begun for node in own):
        return False
    if _is_repeated(own[0]) if len(own) == 1 else not _all_differ(staging, seeded, len(own)):
        return True
    return any(
        other not in own and other.op == own[0].op and _may_agree(staging, seeded, other) for other in begun.values()
    )


def _beginnings(staging: Staging) -> dict[int, Node]:
    """The random ops that initial values of variables are drawn by, by their numbers."""
    roots = [source for node in staging.nodes if node.kind == "variable" for source in node.inputs]
    return {node.number: node for node in behind(roots) if node.random}


def _is_repeated(node: Node) -> bool:
    return any(isinstance(step.statement, cst.For | cst.While) for step in node.place.steps)


def _all_differ(staging: Staging, seed: cst.BaseExpression, draws: int) -> bool:
    """Whether each of several draws of one call has another seed."""
    seen = [observed.value for observed in staging.observations.get(id(seed), ())]
    return draws == len({v.value for v in seen if isinstance(v, Const)}) == len(seen)


def _seed(staging: Staging, node: Node) -> cst.BaseExpression | None:
    """The expression of the seed that a draw is given; None where it has none of its own."""
    symbol = tf1_symbol(node.op)
    if symbol is None or not isinstance(node.expression, cst.Call) or symbol.parameter("seed") is None:
        return None
    given = argument(node.expression, symbol.positional().index("seed"), "seed")
    values = staging.values_of(given) if given is not None else []
    return None if values and all(isinstance(v, Const) and v.value is None for v in values) else given


def _may_agree(staging: Staging, seed: cst.BaseExpression, other: Node) -> bool:
    """Whether another draw may have the same seed; without one, its seed is another number."""
    given = _seed(staging, other)
    if given is None:
        return False
    known = [staging.values_of(expression) for expression in (seed, given)]
    numbers = [{v.value for v in values if isinstance(v, Const)} for values in known]
    exact = all(values and all(isinstance(v, Const) for v in values) for values in known)
    return not exact or bool(numbers[0] & numbers[1])
