"""What a statement reads keeps its value while the statement moves to where an object is made."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import (
    Bound,
    Class,
    Const,
    Function,
    Host,
    Instance,
    Mapping,
    Optimizer,
    Sequence,
    Value,
    nodes_in,
)
from tf2migrate.names.bindings import bindings, changed_names
from tf2migrate.names.constancy import is_never_set
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import walk
from tf2migrate.plan.region import Atom, Region


class Impossible(Exception):
    """The statements cannot be gathered."""


@dataclass(slots=True)
class Steadiness:
    """Checks of one region; each raises ``Impossible``."""

    staging: Staging
    modules: list[Module]
    region: Region

    def calls_project(self, atom: Atom) -> bool:
        """Whether a statement runs code of the project, which may change anything of the module."""
        for call in walk(atom.statement):
            if isinstance(call, cst.Call):
                for value in self.staging.values_of(call.func):
                    callee = value.function if isinstance(value, Bound) else value
                    if isinstance(callee, Function | Class):
                        return True
        return False

    def check(self, chain: cst.BaseExpression, name: str, atom: Atom, maker: Atom, moved: list[Atom]) -> None:
        """The value is there when ``maker`` makes the object, and nothing changes it up to where ``atom`` stood."""
        value = self.region.frame.lookup(name)
        if value is None or (not isinstance(value, Const | Host | Instance | Sequence | Mapping) or is_graph(value)):
            raise Impossible
        check_never_set(self.modules, chain)
        for module in self.modules:
            for node in walk(module.tree):
                if isinstance(node, cst.Global | cst.Nonlocal) and any(i.name.value == name for i in node.names):
                    raise Impossible
        first, last = sorted((maker.number, atom.number))
        for other in self.region.atoms:
            if name in other.binds and other.number >= first:
                raise Impossible
            if not first <= other.number <= last or other is maker or other in moved:
                continue
            if name in other.changes:
                raise Impossible
            if isinstance(value, Const):
                continue
            if isinstance(chain, cst.Name) and self.calls_project(other):
                raise Impossible
            for call in walk(other.statement):
                if isinstance(call, cst.Call) and (
                    any(isinstance(a.value, cst.Name) and a.value.value == name for a in call.args)
                    or dotted_name(call.func).startswith(f"{name}.")
                ):
                    raise Impossible


def check_never_set(modules: list[Module], chain: cst.BaseExpression) -> None:
    """Parts of an object that are read are set by its own constructor only."""
    if not is_never_set(modules, chain):
        raise Impossible


def is_steady(modules: list[Module], name: str, key: str) -> bool:
    """Whether a name of a file always stands for one object, and nobody stores into that."""
    for module in modules:
        if name in changed_names(module.tree, lambda base: True):
            return False
        for node in walk(module.tree):
            if isinstance(node, cst.Global | cst.Nonlocal) and any(i.name.value == name for i in node.names):
                return False
            if isinstance(node, cst.FunctionDef) and name in changed_names(node.body, lambda base: True):
                return False
    home = next(m for m in modules if m.key == key)
    return [found for found, _ in bindings(home.tree)].count(name) <= 1


def chain_of(name: cst.Name, parents: dict[int, cst.CSTNode]) -> cst.BaseExpression:
    """The longest ``name.a.b`` that begins with a name and is not called."""
    chain: cst.BaseExpression = name
    while True:
        above = parents.get(id(chain))
        if not isinstance(above, cst.Attribute) or above.value is not chain:
            return chain
        beyond = parents.get(id(above))
        if isinstance(beyond, cst.Call) and beyond.func is above:
            return chain
        chain = above


def is_graph(value: Value | None) -> bool:
    if isinstance(value, Instance):
        return False
    return isinstance(value, Optimizer) or any(n.kind != "init" for n in nodes_in(value))
