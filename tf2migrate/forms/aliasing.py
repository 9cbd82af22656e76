"""Names that only stand for an attribute of an object which holds the graph are written out.

``loss = net.loss`` and later ``sess.run(loss)`` is ``sess.run(net.loss)``: an equivalent TensorFlow 1 program, as
long as neither the name nor the attribute ever stands for anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, fresh
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Instance, Node
from tf2migrate.names.bindings import bindings, bound_in
from tf2migrate.names.guards import asks_for_entry
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, labels, walk


@dataclass(slots=True)
class _Alias:
    """One name of one scope, and what it stands for."""

    scope: cst.Module | cst.FunctionDef
    statement: cst.SimpleStatementLine
    name: str
    meaning: cst.Attribute


def without_aliases(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """``modules`` with such names written out; None where there are none."""
    out: list[Module] = []
    for module in modules:
        found = _aliases(staging, module, modules)
        out.append(_Writer(module, found).apply(module) if found else module)
    return out if any(new is not old for new, old in zip(out, modules, strict=True)) else None


def _aliases(staging: Staging, module: Module, modules: list[Module]) -> list[_Alias]:
    out: list[_Alias] = []
    scopes: list[cst.Module | cst.FunctionDef] = [module.tree]
    scopes += [n for n in walk(module.tree) if isinstance(n, cst.FunctionDef)]
    for scope in scopes:
        for statement in _own_statements(scope):
            pairs = _pairs(statement)
            made = [_alias(staging, scope, statement, name, value, modules) for name, value in pairs]
            if pairs and all(made):
                out += [a for a in made if a is not None]
    return out


def _pairs(statement: cst.SimpleStatementLine) -> list[tuple[str, cst.Attribute]]:
    """The names that a statement binds to attributes, if that is all that it does."""
    match statement.body:
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Attribute() as value)]:
            return [(name, value)]
        case [
            cst.Assign(
                targets=[cst.AssignTarget(target=cst.Tuple(elements=targets))], value=cst.Tuple(elements=values)
            )
        ] if len(targets) == len(values):
            out = [
                (t.value.value, v.value)
                for t, v in zip(targets, values, strict=True)
                if isinstance(t.value, cst.Name) and isinstance(v.value, cst.Attribute)
            ]
            return out if len(out) == len(targets) else []
    return []


def _alias(
    staging: Staging,
    scope: cst.Module | cst.FunctionDef,
    statement: cst.SimpleStatementLine,
    name: str,
    meaning: cst.Attribute,
    modules: list[Module],
) -> _Alias | None:
    values = staging.values_of(meaning)
    owners = staging.values_of(meaning.value)
    if not values or not all(isinstance(v, Node) for v in values):
        return None
    if not owners or not all(isinstance(v, Instance) for v in owners):
        return None
    root: cst.BaseExpression = meaning
    while isinstance(root, cst.Attribute):
        if _assignments(root.attr.value, modules) > 1:
            return None
        root = root.value
    if not isinstance(root, cst.Name) or _bound_times(scope, name) != 1 or _is_global(modules, name):
        return None
    limit = 1 if not _is_parameter(scope, root.value) else 0
    if _bound_times(scope, root.value) > limit or _is_global(modules, root.value):
        return None
    # A function inside may have names of its own that hide the object.
    for node in walk(scope):
        inner = isinstance(node, cst.FunctionDef | cst.Lambda) and node is not scope
        if inner and root.value in _locals(cast(cst.FunctionDef, node)) and _mentions(node, name):
            return None
    return _Alias(scope, statement, name, meaning)


def _mentions(node: cst.CSTNode, name: str) -> bool:
    return any(isinstance(n, cst.Name) and n.value == name for n in walk(node))


def _locals(node: cst.FunctionDef | cst.Lambda) -> set[str]:
    return bound_in(node) if isinstance(node, cst.FunctionDef) else {p.name.value for p in node.params.params}


def _assignments(attribute: str, modules: list[Module]) -> int:
    """How often an attribute of this name is set to anything but None."""
    count = 0
    for module in modules:
        for node in walk(module.tree):
            match node:
                case cst.Assign(targets=targets, value=value):
                    none = isinstance(value, cst.Name) and value.value == "None"
                    set_here = any(_sets(t.target, attribute) for t in targets)
                    count += set_here and not none
                case cst.AugAssign(target=target) | cst.AnnAssign(target=target) | cst.For(target=target):
                    count += _sets(target, attribute)
                case cst.Call(func=cst.Name(value="setattr")):
                    count += 2
    return count


def _sets(target: cst.CSTNode, attribute: str) -> bool:
    return any(isinstance(n, cst.Attribute) and n.attr.value == attribute for n in walk(target))


def _bound_times(scope: cst.Module | cst.FunctionDef, name: str) -> int:
    body = scope.body
    times = sum(n == name for n, _ in bindings(body)) if isinstance(body, cst.CSTNode) else 0
    if isinstance(scope, cst.Module):
        times = sum(n == name for statement in scope.body for n, _ in bindings(statement))
    return times


def _is_parameter(scope: cst.Module | cst.FunctionDef, name: str) -> bool:
    return isinstance(scope, cst.FunctionDef) and any(p.name.value == name for p in scope.params.params)


def _is_global(modules: list[Module], name: str) -> bool:
    return any(
        isinstance(node, cst.Global | cst.Nonlocal) and any(item.name.value == name for item in node.names)
        for module in modules
        for node in walk(module.tree)
    )


def _own_statements(scope: cst.Module | cst.FunctionDef) -> list[cst.SimpleStatementLine]:
    """The statements of a scope that run once each when it does."""
    out: list[cst.SimpleStatementLine] = []
    stack: list[cst.CSTNode] = list(scope.body) if isinstance(scope, cst.Module) else [scope.body]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.SimpleStatementLine):
            out.append(node)
        elif isinstance(node, cst.IndentedBlock | cst.With) or asks_for_entry(node):
            stack.extend(children(node))
    return out


class _Writer(Traced):
    """Takes the statements away and writes out the names."""

    def __init__(self, module: Module, aliases: list[_Alias]) -> None:
        super().__init__(module)
        self.gone = {id(a.statement) for a in aliases}
        self.by_scope: dict[int, dict[str, cst.Attribute]] = {}
        for alias in aliases:
            self.by_scope.setdefault(id(alias.scope), {})[alias.name] = alias.meaning
        self.scopes: list[tuple[set[str], dict[str, cst.Attribute]]] = [(set(), self.by_scope.get(id(module.tree), {}))]
        self.skipped: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if id(node) in self.gone:
            return False
        self.skipped |= labels(node)
        match node:
            case cst.Param(name=name) | cst.ClassDef(name=name):
                self.skipped.add(id(name))
            case cst.FunctionDef(name=name):
                self.skipped.add(id(name))
                own = self.by_scope.get(id(node), {})
                self.scopes.append((bound_in(node) - set(own), own))
            case cst.Lambda():
                self.scopes.append((_locals(node), {}))
        return super().on_visit(node)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(original, cst.FunctionDef | cst.Lambda):
            self.scopes.pop()
        if isinstance(original, cst.Name) and id(original) not in self.skipped:
            meaning = self.meaning(original.value)
            if meaning is not None:
                return fresh(meaning, self)
        return made

    def meaning(self, name: str) -> cst.Attribute | None:
        for hidden, known in reversed(self.scopes):
            if name in known:
                return known[name]
            if name in hidden:
                return None
        return None
