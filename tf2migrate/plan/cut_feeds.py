"""C6: what a feed made of numbers of Python, by the type of the placeholder.

TensorFlow 1 made an array of that type of whatever was fed: floats lost their fractions, and a number became a truth.
A tensor specification does the same for arrays and numbers of numpy, but takes no floats of Python for integers, and
no numbers or lists of numbers for truths.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

import libcst as cst

from tf2migrate.graph.flags import ORIGIN
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Choice, Const, Host, Node, Sequence, Value
from tf2migrate.names.tree import children
from tf2migrate.plan.facts import dtype_of, rank_of
from tf2migrate.plan.host_numbers import computed_floats, computed_truths, is_truth


class Made(Enum):
    """What is to be made of a fed value: a whole number, a truth, or a tensor of truths."""

    INT = "int"
    BOOL = "bool"
    BOOLS = "bools"


@dataclass(frozen=True, slots=True)
class Cut:
    """An expression in a feed whose value TensorFlow 2 would not take as it is."""

    expression: cst.BaseExpression
    made: Made


@dataclass(frozen=True, slots=True)
class Numbers:
    """The identities of values that the host computes as floats, and of those that it computes as truths."""

    floats: Collection[int]
    truths: Collection[int]


def is_cut(key: Node, value: Value, computed: Collection[int] = ()) -> bool:
    """Whether a fed value holds numbers of Python that the type of its placeholder does not take.

    ``computed`` are the identities of values that the host computes as floats.
    """
    dtype = dtype_of(key) or ""
    if dtype == "bool":
        return _holds(value, (int, float), bool)
    return dtype.startswith(("int", "uint")) and (_holds(value, float) or id(value) in computed)


def cut_expressions(staging: Staging) -> dict[int, list[Cut]]:
    """What is cut inside each value, by the identity of the value; only what is written out can be."""
    found: dict[int, list[Cut]] = {}
    numbers = Numbers(computed_floats(staging), computed_truths(staging))
    stack: list[cst.CSTNode] = [module.tree for module in staging.modules.values()]
    while stack:
        node = stack.pop()
        match node:
            case cst.DictElement(key=key, value=expression):
                _collect(staging, key, expression, numbers, found)
            case cst.Assign(
                targets=[
                    cst.AssignTarget(
                        target=cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))])
                    )
                ],
                value=expression,
            ):
                _collect(staging, key, expression, numbers, found)
        stack.extend(children(node))
    return found


def _collect(
    staging: Staging,
    key: cst.BaseExpression,
    expression: cst.BaseExpression,
    numbers: Numbers,
    found: dict[int, list[Cut]],
) -> None:
    nodes = [n for n in staging.values_of(key) if isinstance(n, Node)]
    values = staging.values_of(expression)
    if nodes and all(dtype_of(node) == "bool" for node in nodes):
        if not (is_truth(expression) or (values and all(_takes(value, numbers.truths) for value in values))):
            single = all(isinstance(v, Const) for v in values) or all(rank_of(node) == 0 for node in nodes)
            cut = Cut(expression, Made.BOOL if values and single else Made.BOOLS)
            for value in values:
                found[id(value)] = [cut]
        return
    scalar = all(rank_of(node) == 0 for node in nodes)
    for value in values:
        if not nodes or not all(is_cut(node, value, numbers.floats) for node in nodes):
            continue
        floats = [expression] if scalar else list(_floats(staging, expression, numbers.floats))
        if all(floats):
            found[id(value)] = [Cut(part, Made.INT) for part in floats if part is not None]


def _takes(value: Value, truths: Collection[int]) -> bool:
    """Whether TensorFlow 2 takes a value for truths: these themselves, and arrays of any type."""
    match value:
        case Const(value=bool()) | Node():
            return True
        case Sequence(items=items, exact=True):
            return all(isinstance(item, Const) and isinstance(item.value, bool) for item in items)
        case Choice(options=options):
            return all(_takes(option, truths) for option in options)
        case Host(origin=origin):
            return origin.startswith(("numpy", ORIGIN)) or id(value) in truths
    return False


def _floats(
    staging: Staging, expression: cst.BaseExpression, computed: Collection[int]
) -> Iterator[cst.BaseExpression | None]:
    """The expressions of floats in a value that is written out; None for one that is not."""
    values = staging.values_of(expression)
    if values and all(_is_float(value, computed) for value in values):
        yield expression
    elif isinstance(expression, cst.List | cst.Tuple):
        for element in expression.elements:
            yield from _floats(staging, element.value, computed)
    elif not values or any(_holds(value, float) or id(value) in computed for value in values):
        yield None


def _is_float(value: Value, computed: Collection[int]) -> bool:
    match value:
        case Const(value=number):
            return isinstance(number, float)
        case Host():
            return id(value) in computed
    return False


def _holds(value: Value, kinds: type | tuple[type, ...], but: type | None = None) -> bool:
    """Whether a value is known to be, or to hold, a number of one of these types."""
    match value:
        case Const(value=number):
            return isinstance(number, kinds) and not (but is not None and isinstance(number, but))
        case Sequence(items=items):
            return any(_holds(item, kinds, but) for item in items)
    return False
