"""Members of objects that become layers, where Keras owns their names: ``self.weights`` becomes ``self.weights_``.

The result is an equivalent TensorFlow 1 program.
"""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Class, Instance
from tf2migrate.names.bindings import bindings
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.keepers import keeper_classes, own_reads
from tf2migrate.plan.reserved import RESERVED, attribute


def keeper_names(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with other names for such members; None where no object has any, or where not all can be seen."""
    classes = keeper_classes(staging)
    wanted = owned_members(classes)
    if not wanted:
        return None
    found: set[int] = set()
    for module in modules:
        read = _receivers(staging, classes, wanted, module)
        if read is None:
            return None
        found |= read
    out: list[Module] = []
    changed = False
    for module in modules:
        edit = _Naming(module, found, builder)
        made = edit.apply(module)
        if edit.done:
            module, builder, changed = made.settled(), edit.builder, True
        out.append(module)
    return (out, builder) if changed else None


def owned_members(classes: Iterable[Class]) -> set[str]:
    """Attributes and methods of the classes whose names Keras owns."""
    names: set[str] = set()
    for cls in classes:
        names |= set(cls.members) | {node.attr.value for node in own_reads(cls)}
    return names & RESERVED


def _receivers(staging: Staging, classes: list[Class], wanted: set[str], module: Module) -> set[int] | None:
    """The names, by identity, of these members in a module; None where one may be a member of something else."""
    known = {id(cls) for cls in classes}
    own = {id(node) for cls in classes for node in own_reads(cls)}
    out: set[int] = set()
    for node in walk(module.tree):
        if isinstance(node, cst.Attribute) and node.attr.value in wanted:
            values = staging.values_of(node.value)
            members = [isinstance(v, Instance) and id(v.cls) in known for v in values]
            if any(members) and not all(members):
                return None
            if any(members) or (not values and id(node) in own):
                out.add(id(node.attr))
    for cls in classes:
        for statement in cls.definition.body.body:
            for name, target in bindings(statement):
                bound = target.name if isinstance(target, cst.FunctionDef) else target
                if name in wanted and isinstance(bound, cst.Name):
                    out.add(id(bound))
    return out


class _Naming(Traced):
    """Puts the other names in."""

    def __init__(self, module: Module, found: set[int], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.found = found
        self.done = False

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.found and isinstance(made, cst.Name):
            made, self.done = made.with_changes(value=attribute(made.value)), True
        return made
