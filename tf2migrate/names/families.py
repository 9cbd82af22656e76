"""Classes of a project by name, with the names of the classes that they inherit from."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from tf2migrate.names.tree import walk


class Families:
    """Tells which classes may be one another's relatives; classes of one name count as one."""

    def __init__(self, trees: Iterable[cst.Module]) -> None:
        bases: dict[str, set[str]] = {}
        for node in (node for tree in trees for node in walk(tree)):
            if isinstance(node, cst.ClassDef):
                bases.setdefault(node.name.value, set()).update(_last_name(base.value) for base in node.bases)
        self.lines = {name: _line(name, bases) for name in bases}

    def inherits(self, cls: str, base: str) -> bool:
        """Whether a class has another one among its bases, or theirs."""
        return cls != base and base in self.lines.get(cls, ())

    def meet(self, first: str, second: str) -> bool:
        """Whether there may be an object of both classes."""
        return any(first in line and second in line for line in self.lines.values())


def _line(name: str, bases: dict[str, set[str]]) -> set[str]:
    out: set[str] = set()
    queue = [name]
    while queue:
        current = queue.pop()
        if current not in out:
            out.add(current)
            queue += bases.get(current, ())
    return out


def _last_name(node: cst.BaseExpression) -> str:
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
    return ""
