"""Lists of collections that variables were put into: names that nothing reads once the collections are gone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import cast

import libcst as cst

from tf2migrate.graph.values import Node
from tf2migrate.names.tree import walk
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import has_call
from tf2migrate.rewrite.edits import Edits

# Where the collections stand among the arguments of what makes a variable.
POSITIONS = {"tf.get_variable": 6, "tf.contrib.framework.get_variable": 6, "tf.Variable": 2}


def drop_collection_names(flow: Flow, edits: Edits) -> None:
    """Removes the bindings of names that only told variables their collections."""
    telling = flow.unread | {id(name) for node in flow.staging.nodes for name in _names_of_collections(node)}
    if not telling:
        return
    region = flow.region
    bound = {id(target) for atom in region.atoms for target in atom.binds.values()}
    around = [m.tree for m in flow.staging.modules.values()] if region.is_module else [region.frame.owner]
    read = {
        inner.value
        for scope in around
        for inner in walk(scope)
        if isinstance(inner, cst.Name) and id(inner) not in telling and id(inner) not in bound
    }
    told = {n.value for scope in around for n in walk(scope) if isinstance(n, cst.Name) and id(n) in telling}
    told -= {item.name.value for scope in around for n in walk(scope) if isinstance(n, cst.Global) for item in n.names}
    for atom in region.atoms:
        if flow.role(atom) is not Role.HOST:
            continue
        if dead := {name for name in atom.binds if name in told - read}:
            _drop(edits, atom, dead)


def _names_of_collections(node: Node) -> Iterator[cst.Name]:
    """The names in the argument that tells a variable its collections."""
    call = node.expression
    if node.kind != "variable" or not isinstance(call, cst.Call):
        return
    for index, arg in enumerate(call.args):
        key = arg.keyword.value if arg.keyword is not None else ""
        if key == "collections" or (not key and index == POSITIONS.get(node.op)):
            yield from (inner for inner in walk(arg.value) if isinstance(inner, cst.Name))


def _drop(edits: Edits, atom: Atom, dead: set[str]) -> None:
    """Takes names out of an assignment, or all of it away."""
    match atom.statement:
        case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=value)]):
            pass
        case _:
            return
    if isinstance(target, cst.Name) and not has_call(value):
        edits.removed.add(id(atom.statement))
    if not isinstance(target, cst.Tuple) or not isinstance(value, cst.Tuple):
        return
    pairs = list(zip(target.elements, value.elements, strict=False))
    if len(target.elements) != len(value.elements) or any(isinstance(e, cst.StarredElement) for p in pairs for e in p):
        return
    kept = [
        index
        for index, (name, given) in enumerate(pairs)
        if not (isinstance(name.value, cst.Name) and name.value.value in dead) or has_call(given.value)
    ]
    if not kept:
        edits.removed.add(id(atom.statement))
    elif len(kept) < len(pairs):
        edits.remade[id(atom.statement)] = partial(_only, kept=kept)


def _only(statement: cst.CSTNode, kept: list[int]) -> list[cst.BaseStatement]:
    """``a, b = x, y`` for some of the pairs, on one line each side."""
    line = cst.ensure_type(statement, cst.SimpleStatementLine)
    assign = cst.ensure_type(line.body[0], cst.Assign)
    names = cst.ensure_type(assign.targets[0].target, cst.Tuple)
    values = cst.ensure_type(assign.value, cst.Tuple)
    sides: list[cst.BaseExpression] = []
    for side in (names, values):
        elements = [side.elements[index].with_changes(comma=cst.MaybeSentinel.DEFAULT) for index in kept]
        sides.append(elements[0].value if len(kept) == 1 else side.with_changes(elements=elements))
    made = assign.with_changes(
        targets=[cst.AssignTarget(cast(cst.BaseAssignTargetExpression, sides[0]))],
        value=sides[1],
    )
    return [line.with_changes(body=[made])]
