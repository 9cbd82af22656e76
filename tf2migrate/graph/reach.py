"""What calls may change that is not to be seen where they stand: globals, and attributes of objects.

By name and deliberately wide: a call of ``x.learn()`` may reach every function of the project that is called ``learn``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import libcst as cst

from tf2migrate.names.tree import REMEMBERED, walk


class Reach:
    """The functions of a project by name, and what each binds outside of itself."""

    def __init__(self, trees: Iterable[cst.Module]) -> None:
        self._functions: dict[str, list[cst.FunctionDef]] = {}
        for tree in trees:
            for node in walk(tree):
                if isinstance(node, cst.FunctionDef):
                    self._functions.setdefault(node.name.value, []).append(node)
                elif isinstance(node, cst.ClassDef):
                    made = [n for n in node.body.body if isinstance(n, cst.FunctionDef) and n.name.value == "__init__"]
                    self._functions.setdefault(node.name.value, []).extend(made)

    def changes(self, body: cst.CSTNode) -> tuple[set[str], set[str]]:
        """Globals and attributes that the calls in ``body`` may bind, and the calls of these, and so on."""
        names: set[str] = set()
        attributes: set[str] = set()
        seen: set[int] = set()
        queue = [body]
        while queue:
            for name in _called(queue.pop()):
                for function in self._functions.get(name, ()):
                    if id(function) not in seen:
                        seen.add(id(function))
                        queue.append(function.body)
                        names |= _globals(function)
                        attributes |= _attributes(function)
        return names, attributes


@lru_cache(maxsize=REMEMBERED)
def _called(body: cst.CSTNode) -> frozenset[str]:
    found: set[str] = set()
    for node in walk(body):
        match node:
            case cst.Call(func=cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name))):
                found.add(name)
    return frozenset(found)


@lru_cache(maxsize=REMEMBERED)
def _globals(function: cst.FunctionDef) -> frozenset[str]:
    return frozenset(item.name.value for node in walk(function) if isinstance(node, cst.Global) for item in node.names)


@lru_cache(maxsize=REMEMBERED)
def _attributes(function: cst.FunctionDef) -> frozenset[str]:
    targets = [n.target for n in walk(function) if isinstance(n, cst.AssignTarget | cst.AugAssign)]
    return frozenset(n.attr.value for target in targets for n in walk(target) if isinstance(n, cst.Attribute))
