"""C6: floats of Python that are fed to integer placeholders, which cut their fractions off.

A tensor specification does the same for arrays and numbers of numpy, but does not take floats of Python.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Node, Sequence, Value
from tf2migrate.names.tree import children
from tf2migrate.plan.facts import dtype_of


def is_cut(key: Node, value: Value) -> bool:
    """Whether a fed value holds floats of Python, and its placeholder integers."""
    return (dtype_of(key) or "").startswith(("int", "uint")) and _holds_floats(value)


def cut_expressions(staging: Staging) -> dict[int, list[cst.BaseExpression]]:
    """The floats inside each value that is cut, by the identity of the value; only what is written out can be."""
    found: dict[int, list[cst.BaseExpression]] = {}
    stack: list[cst.CSTNode] = [module.tree for module in staging.modules.values()]
    while stack:
        node = stack.pop()
        match node:
            case cst.DictElement(key=key, value=expression):
                _collect(staging, key, expression, found)
            case cst.Assign(
                targets=[
                    cst.AssignTarget(
                        target=cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))])
                    )
                ],
                value=expression,
            ):
                _collect(staging, key, expression, found)
        stack.extend(children(node))
    return found


def _collect(
    staging: Staging,
    key: cst.BaseExpression,
    expression: cst.BaseExpression,
    found: dict[int, list[cst.BaseExpression]],
) -> None:
    nodes = [n for n in staging.values_of(key) if isinstance(n, Node)]
    for value in staging.values_of(expression):
        if nodes and all(is_cut(node, value) for node in nodes):
            floats = list(_floats(staging, expression))
            if all(floats):
                found[id(value)] = [part for part in floats if part is not None]


def _floats(staging: Staging, expression: cst.BaseExpression) -> Iterator[cst.BaseExpression | None]:
    """The expressions of floats in a value that is written out; None for one that is not."""
    values = staging.values_of(expression)
    if values and all(isinstance(v, Const) and isinstance(v.value, float) for v in values):
        yield expression
    elif isinstance(expression, cst.List | cst.Tuple):
        for element in expression.elements:
            yield from _floats(staging, element.value)
    elif not values or any(_holds_floats(v) for v in values):
        yield None


def _holds_floats(value: Value) -> bool:
    match value:
        case Const(value=float()):
            return True
        case Sequence(items=items):
            return any(_holds_floats(item) for item in items)
    return False
