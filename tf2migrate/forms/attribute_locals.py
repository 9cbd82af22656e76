"""What a method reads of its object where it builds graph gets a local name, at the beginning of the method.

``h = tf.layers.dense(x, self.width)`` becomes ``width = self.width`` and ``h = tf.layers.dense(x, width)``: an
equivalent TensorFlow 1 program, for attributes that the constructors alone set.
"""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Host
from tf2migrate.names.bindings import bindings
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, is_docstring, walk


def attributes_as_locals(staging: Staging, modules: list[Module], method: cst.FunctionDef) -> list[Module] | None:
    """``modules`` with such names in ``method``; None where there are none."""
    params = method.params.params
    home = next((m for m in modules if any(node is method for node in walk(m.tree))), None)
    if not params or home is None or any(_sets_by_name(node) for m in modules for node in walk(m.tree)):
        return None
    changed = _set_elsewhere(modules)
    steps = [step for node in staging.nodes for step in node.place.steps]
    building = {id(step.statement) for step in steps if step.frame.owner is method}
    lines = [n for n in walk(method.body) if isinstance(n, cst.SimpleStatementLine) and id(n) in building]
    reads = [
        node
        for line in lines
        for node in walk(line)
        if _is_own(node, params[0].name.value) and cast(cst.Attribute, node).attr.value not in changed
    ]
    names: dict[str, str] = {}
    attributes = {id(node.attr) for node in walk(home.tree) if isinstance(node, cst.Attribute)}
    taken = {n.value for n in walk(method) if isinstance(n, cst.Name) and id(n) not in attributes}
    taken |= {name for name, _ in bindings(home.tree)}
    found: dict[int, str] = {}
    for read in reads:
        values = staging.values_of(read)
        attribute = cast(cst.Attribute, read).attr.value
        if values and all(isinstance(value, Const | Host) for value in values):
            if attribute not in names:
                names[attribute] = take_name(attribute, taken)
            found[id(read)] = names[attribute]
    if not found:
        return None
    edit = _Naming(home, method, params[0].name.value, found, names)
    return [edit.apply(m) if m is home else m for m in modules]


def _set_elsewhere(modules: list[Module]) -> set[str]:
    """The attributes that anything but a constructor sets."""
    found: set[str] = set()
    for module in modules:
        stack: list[tuple[cst.CSTNode, bool]] = [(module.tree, False)]
        while stack:
            node, constructing = stack.pop()
            if isinstance(node, cst.FunctionDef):
                constructing = node.name.value == "__init__"
            if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.AnnAssign | cst.For | cst.AsName | cst.Del):
                target = node.name if isinstance(node, cst.AsName) else node.target
                if not constructing or not isinstance(node, cst.AssignTarget):
                    found |= {n.attr.value for n in walk(target) if isinstance(n, cst.Attribute)}
            stack.extend((child, constructing) for child in children(node))
    return found


def _sets_by_name(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and node.value in ("setattr", "__dict__", "vars")


def _is_own(node: cst.CSTNode, receiver: str) -> bool:
    match node:
        case cst.Attribute(value=cst.Name(value=base)):
            return base == receiver
    return False


class _Naming(Traced):
    """Writes the names, and the statements that bind them."""

    def __init__(
        self, module: Module, method: cst.FunctionDef, receiver: str, found: dict[int, str], names: dict[str, str]
    ) -> None:
        super().__init__(module)
        self.method = method
        self.receiver = receiver
        self.found = found
        self.names = names

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        name = self.found.get(id(original))
        if name is not None:
            return cst.Name(name)
        if original is self.method and isinstance(made, cst.FunctionDef):
            body = list(made.body.body)
            first = 1 if is_docstring(body[0]) else 0
            text = "".join(f"{new} = {self.receiver}.{old}\n" for old, new in self.names.items())
            bound = self.statements(text, original)
            block = made.body.with_changes(body=[*body[:first], *bound, *body[first:]])
            return made.with_changes(body=block)
        return made
