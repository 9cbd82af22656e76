"""Names of variables that the host keeps: lists, tuples and dicts of them, which moved statements read by name."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.values import Node
from tf2migrate.names.tree import children
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.region import Atom

# Roles of statements that move away, and what they bind with them.
MOVING = (Role.STAGED, Role.VARIABLE, Role.PLACEHOLDER, Role.GRAPH, Role.SCOPE)


def is_collected(atom: Atom) -> bool:
    """Whether a list of variables is chosen by a collection or filter, rather than written out by name."""
    statement = atom.statement
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    stack: list[cst.CSTNode] = [getattr(small, "value", None) or small for small in statement.body]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Call | cst.BaseComp):
            return True
        stack.extend(children(node))
    return False


def begins_alone(atom: Atom) -> bool:
    """Whether a container that functions put variables into begins with nothing but literals: it can stay ahead."""
    match atom.statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(value=cst.Call(func=cst.Name(value="list" | "dict" | "OrderedDict"), args=[]))]
        ):
            return True
    return not atom.reads and not atom.nodes


def changed_later(flow: Flow, name: str, reader: Atom) -> Atom | None:
    """The statement that stays and changes a container of variables after ``reader``, which reads it in a run."""
    kept = [source for source in flow.reaching(name, reader) if flow.role(source) is Role.ALIAS]
    if not any(not is_collected(s) and not isinstance(flow.bound_value(s, name), Node) for s in kept):
        return None
    for other in flow.region.atoms[reader.number + 1 :]:
        if (name in other.binds or name in other.changes) and flow.role(other) not in MOVING:
            return other
    return None
