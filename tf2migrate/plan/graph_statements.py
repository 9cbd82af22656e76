"""Statements that are of the graph alone: TensorFlow 2 has no use for them, and they go."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.collections import ADDING
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.summaries import is_writer
from tf2migrate.graph.values import (
    Bound,
    Const,
    Graph,
    Node,
    Scope,
    Session,
    Setting,
    Symbol,
    Value,
)
from tf2migrate.names.tree import walk

# What a writer writes of the graph and its runs, rather than of their values.
GRAPH_WRITES = ("add_graph", "add_run_metadata")
# Calls that only prepare the TF1 runtime.
DROPPED = frozenset(
    {"tf.reset_default_graph", "tf.disable_v2_behavior", "tf.disable_eager_execution", "tf.logging.set_verbosity"}
)


def is_graph_statement(staging: Staging, statement: cst.CSTNode) -> bool:
    """Sessions, graphs, scopes, settings and initializers, and nothing else: native TF2 has no use for these."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    for small in statement.body:
        match small:
            case cst.Assign(targets=targets, value=expression):
                target = targets[0].target
                if isinstance(target, cst.Attribute) and _all(staging, target.value, Setting):
                    continue
                if _all(staging, expression, Session, Setting, Graph, Scope) or _initializes(staging, expression):
                    continue
                if _closes(staging, expression):
                    continue
                return False
            case cst.Expr(value=cst.Call(func=cst.Name() as function)) if _closes(staging, function):
                continue
            case cst.Expr(value=cst.Call() as call) if is_unread_addition(staging, call):
                continue
            case cst.Expr(value=cst.Call(func=cst.Attribute(value=base, attr=attr)) as call):
                if _all(staging, base, Session, Graph, Scope, Setting) and attr.value != "run":
                    continue
                if attr.value in GRAPH_WRITES and all(is_writer(v) for v in staging.values_of(base) or [Const(None)]):
                    continue
                symbols = [v.name for v in staging.values_of(call.func) if isinstance(v, Symbol)]
                if symbols and all(name in DROPPED for name in symbols):
                    continue
                return False
            case _:
                return False
    return bool(statement.body)


def is_summary_statement(staging: Staging, statement: cst.CSTNode) -> bool:
    """A summary op that is made without a name: where it is merged with others, its value is found by itself."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call() as call)]):
            values = staging.values_of(call)
            return bool(values) and all(isinstance(v, Node) and v.kind == "summary" for v in values)
    return False


def is_unread_addition(staging: Staging, call: cst.Call) -> bool:
    """``tf.add_to_collection`` of something that exists without it: what is read of it has a name by now."""
    names = [v.name for v in staging.values_of(call.func) if isinstance(v, Symbol)]
    if not names or not all(name in ADDING for name in names):
        return False
    inside = {id(node) for node in walk(call)}
    return not any(n.kind in ("variable", "layer", "assign") and id(n.expression) in inside for n in staging.nodes)


def _all(staging: Staging, expression: cst.BaseExpression, *kinds: type) -> bool:
    values = staging.values_of(expression)
    return bool(values) and all(isinstance(value, kinds) for value in values)


def _closes(staging: Staging, expression: cst.BaseExpression) -> bool:
    """Whether an expression is the method that closes a session, kept under another name."""
    values = staging.values_of(expression)
    return bool(values) and all(
        isinstance(v, Bound) and isinstance(v.receiver, Session) and v.name == "close" for v in values
    )


def _initializes(staging: Staging, expression: cst.BaseExpression) -> bool:
    values = staging.values_of(expression)
    return bool(values) and all(_is_init(value) for value in values)


def _is_init(value: Value | None) -> bool:
    if isinstance(value, Node):
        return value.kind == "init" or (
            value.kind == "group" and bool(value.inputs) and all(i.kind == "init" for i in value.inputs)
        )
    return False
