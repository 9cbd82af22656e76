"""Attributes that are other names for methods of a part of an object: ``self.cost = self.last.cost``.

``net.cost(y)`` becomes ``net.last.cost(y)``, an equivalent TensorFlow 1 program, in which the object whose method it is
has a name where the method is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Class, Instance
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.keepers import constructor, own_reads


@dataclass(frozen=True, slots=True)
class _Alias:
    cls: Class
    line: cst.SimpleStatementLine
    name: str
    path: tuple[str, ...]


def without_method_aliases(staging: Staging, modules: list[Module], classes: list[Class]) -> list[Module] | None:
    """The modules without such names for methods of ``classes``; None where there are none."""
    sets = [
        part
        for module in modules
        for node in walk(module.tree)
        if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.AnnAssign)
        for part in walk(node.target)
        if isinstance(part, cst.Attribute)
    ]
    # What no call reaches is still an attribute of its own class.
    own = {id(node): cls for cls in staging.classes for node in own_reads(cls)}
    found = [
        alias
        for cls in staging.classes
        for alias in _aliases(staging, cls, classes)
        if alias.name not in cls.members
        and all(_times_set(staging, own, sets, cls, name) == 1 for name in (alias.name, alias.path[0]))
        and len(alias.path) == 2
    ]
    edits = [_Edit(module, staging, found, own) for module in modules]
    if not found or any(edit.unclear for edit in edits):
        return None
    return [edit.apply(module) for edit, module in zip(edits, modules, strict=True)]


def _times_set(
    staging: Staging, own: dict[int, Class], sets: list[cst.Attribute], cls: Class, name: str
) -> int:
    """How often an attribute of objects of a class is set."""
    return sum(target.attr.value == name and cls in _classes(staging, own, target) for target in sets)


def _classes(staging: Staging, own: dict[int, Class], node: cst.Attribute) -> list[Class | None]:
    """The classes of the objects whose attribute this is; None for anything else."""
    values = staging.values_of(node.value)
    return [v.cls if isinstance(v, Instance) else None for v in values] or [own.get(id(node))]


def _aliases(staging: Staging, cls: Class, classes: list[Class]) -> Iterator[_Alias]:
    init = constructor(cls)
    if init is None or not init.params.params:
        return
    receiver = init.params.params[0].name.value
    for line in init.body.body:
        match line:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=cst.Attribute() as value)]
            ):
                name, path = _path(target, receiver), _path(value, receiver)
                values = staging.values_of(value)
                bound = bool(values) and all(
                    isinstance(v, Bound) and isinstance(v.receiver, Instance) and v.receiver.cls in classes
                    for v in values
                )
                if bound and len(name) == 1 and len(path) > 1:
                    yield _Alias(cls, line, name[0], path)


def _path(node: cst.BaseExpression, receiver: str) -> tuple[str, ...]:
    """``("last", "cost")`` for ``self.last.cost``; empty for anything else."""
    names: list[str] = []
    while isinstance(node, cst.Attribute):
        names.append(node.attr.value)
        node = node.value
    return tuple(reversed(names)) if isinstance(node, cst.Name) and node.value == receiver else ()


class _Edit(Traced):
    """Takes the names away."""

    def __init__(self, module: Module, staging: Staging, aliases: list[_Alias], own: dict[int, Class]) -> None:
        super().__init__(module)
        self.gone = {id(alias.line) for alias in aliases}
        self.reads: dict[int, tuple[str, ...]] = {}
        self.unclear = False
        inside = {id(node) for alias in aliases for node in walk(alias.line)}
        for node in walk(module.tree):
            if not isinstance(node, cst.Attribute) or id(node) in inside:
                continue
            alias = next((a for a in aliases if a.name == node.attr.value), None)
            classes = _classes(staging, own, node)
            if alias is None or alias.cls not in classes:
                continue
            self.unclear |= any(cls is not alias.cls for cls in classes)
            self.reads[id(node)] = alias.path

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.reads and isinstance(made, cst.Attribute):
            base = made.value
            for name in self.reads[id(original)]:
                base = cst.Attribute(base, cst.Name(name))
                self.trace(original, base)
            made = base
        return made
