"""Functions and imports that a form of a program has no use for any more."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Traced
from tf2migrate.names.bindings import bindings
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children


def without_unmentioned(modules: list[Module], names: set[str]) -> list[Module]:
    """The program without those functions of ``names`` that nothing reads, and what only they were there for."""
    while True:
        read = {n for module in modules for n in _read(module.tree)}
        found = [n for m in modules for n in m.tree.body if isinstance(n, cst.FunctionDef) and n.name.value in names]
        gone = [node for node in found if node.name.value not in read]
        if not gone:
            return modules
        names = names | {name for node in gone for name in _read(node)}
        kept = [_Without(module, gone, set()).apply(module) for module in modules]
        out: list[Module] = []
        for module, before in zip(kept, modules, strict=True):
            unused = (names & _read(before.tree) | {n.name.value for n in gone}) - _read(module.tree)
            out.append(_Without(module, [], unused).apply(module).settled())
        modules = out


def _read(node: cst.CSTNode) -> set[str]:
    """Names that stand for something in ``node``: not those of definitions, attributes, keywords and imports."""
    found: set[str] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        match current:
            case cst.Name(value=value):
                found.add(value)
            case cst.Attribute(value=base):
                stack.append(base)
            case cst.Arg(value=given):
                stack.append(given)
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                stack.extend(child for child in children(current) if child is not name)
            case cst.Import() | cst.ImportFrom():
                pass
            case _:
                stack.extend(children(current))
    return found


class _Without(Traced):
    """Takes functions, and imports of names, out of a file."""

    def __init__(self, module: Module, functions: list[cst.FunctionDef], names: set[str]) -> None:
        super().__init__(module)
        self.functions = {id(node) for node in functions}
        self.names = names

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if id(original) in self.functions:
            return cst.RemoveFromParent()
        if isinstance(original, cst.Import | cst.ImportFrom) and not isinstance(original.names, cst.ImportStar):
            bound = [name for name, _ in bindings(original)]
            kept = [a for a, n in zip(original.names, bound, strict=True) if n not in self.names]
            home = original.module if isinstance(original, cst.ImportFrom) and not original.relative else None
            if not kept and home is not None:
                # The file is still there to be run.
                made = cst.Import([cst.ImportAlias(home)])
                self.trace(original, made)
                return made
            if not kept:
                return cst.RemoveFromParent()
            if len(kept) < len(bound):
                kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
                updated = cast(cst.Import, updated).with_changes(names=kept)
        match original, updated:
            case cst.SimpleStatementLine(), cst.SimpleStatementLine(body=[]):
                return cst.RemoveFromParent()
        return super().on_leave(original, updated)
