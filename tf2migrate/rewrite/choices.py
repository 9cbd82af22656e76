"""Names of ops and tensors that the host hands on and chooses among, where they now mean functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from tf2migrate.graph.values import Node, nodes_in
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.choices import hands_on
from tf2migrate.plan.flow import Role
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal

STAYING = (Role.CHOICE, Role.HOST, Role.RUN, Role.FEED)


def function_names(plan: Plan) -> dict[int, str]:
    """The function that each name of a chosen node stands for, by the identity of the name.

    Raises ``NotPlanned`` where something is done with a node that a function does not do.
    """
    functions = {number: step.name for chosen in plan.chosen.values() for number, step in chosen.steps.items()}
    if not functions:
        return {}
    flow = plan.flow
    inside = {id(n) for site in flow.staging.runs for n in walk(site.expression)}
    leaves = {id(n) for chosen in plan.chosen.values() for n in walk(chosen.leaf)}
    out: dict[int, str] = {}
    for module, body in _bodies(plan):
        for name, parents in _names(body, []):
            values = flow.staging.values_of(name)
            numbers = {n.number for value in values for n in nodes_in(value)} & functions.keys()
            if not numbers or (id(name) in inside and id(name) not in leaves):
                continue
            plainly = all(isinstance(value, Node) for value in values)
            if id(name) not in leaves and plainly and not hands_on(flow, parents):
                reason = f"`{name.value}`, a part of the graph, is used beside the runs that choose it"
                raise NotPlanned(Refusal("TFM411", module, name, reason))
            number = next(iter(numbers))
            if len(numbers) == 1 and plainly and name.value == plan.own_names[number] != functions[number]:
                out[id(name)] = functions[number]
    return out


def _bodies(plan: Plan) -> Iterator[tuple[str, cst.CSTNode]]:
    """The statements of the host: those of the region that stay, and functions in which the graph is run."""
    flow = plan.flow
    entered = {id(parent) for atom in flow.region.atoms for parent in atom.parents}
    for atom in flow.region.atoms:
        if flow.role(atom) in STAYING and not isinstance(atom.statement, cst.FunctionDef | cst.ClassDef):
            whole = id(atom.statement) not in entered
            for part in [atom.statement] if whole else _first_line(atom.statement):
                yield flow.region.module.key, part
    seen: set[int] = set()
    for site in flow.staging.runs:
        for step in site.place.steps:
            owner = step.frame.owner
            if step.frame is not flow.region.frame and isinstance(owner, cst.FunctionDef) and id(owner) not in seen:
                seen.add(id(owner))
                if flow.region.frame.owner is not owner:
                    yield step.frame.module, owner.body


def _first_line(statement: cst.CSTNode) -> list[cst.CSTNode]:
    """What the first line of a block evaluates; the statements inside are atoms of their own."""
    match statement:
        case cst.For(iter=iterable):
            return [cst.Expr(iterable)]
        case cst.While(test=test) | cst.If(test=test):
            return [cst.If(test, cst.SimpleStatementSuite([]))]
        case cst.With(items=items):
            return [cst.Expr(item.item) for item in items]
    return []


def _names(node: cst.CSTNode, parents: list[cst.CSTNode]) -> Iterator[tuple[cst.Name, list[cst.CSTNode]]]:
    if isinstance(node, cst.Name):
        yield node, parents
        return
    if isinstance(node, cst.AssignTarget | cst.Param):
        return
    parts: Sequence[cst.CSTNode] = [node.value] if isinstance(node, cst.Attribute) else children(node)
    if isinstance(node, cst.For):
        parts = [node.iter, node.body, *([node.orelse] if node.orelse is not None else [])]
    if isinstance(node, cst.Arg):
        parts = [node.value]
    for child in parts:
        yield from _names(child, [*parents, node])
