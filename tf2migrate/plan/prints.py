"""Prints that show where tensors stand in the graph: without the graph there is nothing left that they could show.

``print(x)`` of a placeholder wrote ``Tensor("Placeholder:0", shape=(?, 3), dtype=float32)``, and ``analyze_vars`` of
slim a table of variables by their names in the graph. Such a statement goes with the graph, if nothing else is printed
by it, and the rewrite reports it.
"""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from tf2migrate.api.collections import VARIABLE_LISTS
from tf2migrate.api.symbols import canonical
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.tensorflow import DESCRIBING
from tf2migrate.graph.values import Builtin, Const, Node, Sequence, Symbol, Value
from tf2migrate.names.bindings import all_reads
from tf2migrate.names.tree import children

# Attributes of a tensor that only name its place in the graph.
PLACES = frozenset({"name", "op", "graph"})


def prints_graph(staging: Staging, statement: cst.CSTNode) -> bool:
    """Whether a statement does nothing but print texts and tensors, at least one tensor among them.

    A program that runs nothing may be one for eager execution, where a tensor shows its value.
    """
    if not staging.runs or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    match statement.body[0]:
        case cst.Expr(value=cst.Call(func=func, args=args)):
            values = staging.values_of(func)
            if values and all(_is_symbol_of(v, DESCRIBING) for v in values):
                return True
            if not values or not all(isinstance(v, Builtin) and v.name == "print" for v in values):
                return False
            if any(a.star or (a.keyword is not None and a.keyword.value not in ("sep", "end")) for a in args):
                return False
            shown = [a.value for a in args if a.keyword is None]
            return all(_is_shown(staging, e) for e in shown) and any(_holds(staging, e) for e in shown)
    return False


def lists_for_prints(staging: Staging, function: cst.FunctionDef) -> list[cst.SimpleStatementLine]:
    """Statements of a function that list variables only for what prints them and goes."""
    found: list[cst.SimpleStatementLine] = []
    reads = [n.value for s in function.body.body if not prints_graph(staging, s) for n in all_reads(s)]
    for statement in function.body.body:
        match statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Call(func=func))]
            ):
                values = staging.values_of(func)
                listed = bool(values) and all(_is_symbol_of(v, VARIABLE_LISTS) for v in values)
                if listed and name not in reads:
                    found.append(statement)
    return found if any(prints_graph(staging, s) for s in function.body.body) else []


def _is_symbol_of(value: Value, names: Collection[str]) -> bool:
    return isinstance(value, Symbol) and canonical(value.name) in names


def _is_shown(staging: Staging, expression: cst.CSTNode) -> bool:
    """Whether an expression is a text or a tensor, or text made of these: a number may be the shape of one."""
    match expression:
        case cst.SimpleString() | cst.ConcatenatedString():
            return True
        case cst.BinaryOperation(left=left, operator=cst.Add() | cst.Modulo(), right=right) if not _holds_node(
            staging, expression
        ):
            return _is_shown(staging, left) and _is_shown(staging, right)
        case cst.Call(func=cst.Attribute(value=cst.SimpleString(), attr=cst.Name(value="format")), args=args):
            return all(not a.star and _is_shown(staging, a.value) for a in args)
        case cst.Call(func=func, args=[cst.Arg(value=value, star="")]) if _is_text_of(staging, func):
            return _is_shown(staging, value)
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            return all(_is_shown(staging, e.value) for e in elements)
        case cst.FormattedString(parts=parts):
            inner = [p.expression for p in parts if isinstance(p, cst.FormattedStringExpression)]
            return all(_is_shown(staging, e) for e in inner)
    return _holds_node(staging, expression)


def _is_text_of(staging: Staging, func: cst.BaseExpression) -> bool:
    values = staging.values_of(func)
    return bool(values) and all(isinstance(v, Builtin) and v.name in ("str", "repr", "type") for v in values)


def _holds(staging: Staging, expression: cst.CSTNode) -> bool:
    """Whether a tensor stands anywhere in what is printed."""
    stack = [expression]
    while stack:
        node = stack.pop()
        if _holds_node(staging, node):
            return True
        stack.extend(children(node))
    return False


def _holds_node(staging: Staging, expression: cst.CSTNode) -> bool:
    if isinstance(expression, cst.Attribute) and expression.attr.value in PLACES:
        return _holds_node(staging, expression.value)
    values = staging.values_of(expression)
    return bool(values) and all(_is_graph(v) for v in values)


def _is_graph(value: Value) -> bool:
    if isinstance(value, Sequence):
        tensors = [_is_graph(item) for item in value.items]
        return any(tensors) and all(
            shown or isinstance(item, Const) for shown, item in zip(tensors, value.items, strict=True)
        )
    return isinstance(value, Node)
