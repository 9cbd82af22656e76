"""The files of a project as parsed modules, and how they import one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from tf2migrate.files import SourceFile


@dataclass(eq=False, slots=True)
class Module:
    """One parsed file. ``positions`` gives a code range for each node of ``tree``."""

    path: Path
    source: SourceFile
    tree: cst.Module
    positions: Mapping[cst.CSTNode, CodeRange]

    @property
    def key(self) -> str:
        return str(self.path)

    def line(self, node: cst.CSTNode) -> int:
        """The line that ``node`` starts on, or 1 for a node made by a rewrite."""
        found = self.positions.get(node)
        return found.start.line if found else 1

    def column(self, node: cst.CSTNode) -> int:
        found = self.positions.get(node)
        return found.start.column + 1 if found else 1


def parse(source: SourceFile) -> Module:
    """Parses a file losslessly.

    Raises ``libcst.ParserSyntaxError``. A file that the parser does not give back byte for byte (a form feed
    or mixed line ends can do that) is reported as ``ValueError``.
    """
    tree = cst.parse_module(source.text)
    if tree.code != source.text:
        raise ValueError("the parser does not reproduce this file byte for byte")
    wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    return Module(source.path, source, tree, positions)


class Project:
    """Parsed modules by path, with Python's way of finding one from another."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = {module.key: module for module in modules}
        self._by_path = {PurePath(module.path): module for module in modules}

    def find(self, importer: Module, dotted: str, level: int, root: Path) -> Module | None:
        """The module that ``importer`` means by ``dotted``; ``root`` is the folder of the entry file."""
        parts = [p for p in dotted.split(".") if p]
        if level:
            base = importer.path.parent
            for _ in range(level - 1):
                base = base.parent
            return self._under(base, parts)
        for base in (root, importer.path.parent):
            found = self._under(base, parts)
            if found is not None and found is not importer:
                return found
        return None

    def _under(self, base: Path, parts: list[str]) -> Module | None:
        plain = PurePath(base, *parts).with_suffix(".py") if parts else PurePath(base, "__init__.py")
        return self._by_path.get(plain) or self._by_path.get(PurePath(base, *parts, "__init__.py"))

    def imports(self, module: Module, root: Path) -> Iterator[Module]:
        """The project modules that ``module`` imports, anywhere in it."""
        for node in _import_statements(module.tree):
            if isinstance(node, cst.Import):
                for alias in node.names:
                    found = self.find(module, dotted_name(alias.name), 0, root)
                    if found is not None:
                        yield found
                continue
            level = len(node.relative)
            base = dotted_name(node.module) if node.module else ""
            found = self.find(module, base, level, root)
            if found is not None:
                yield found
            if not isinstance(node.names, cst.ImportStar):
                for alias in node.names:
                    name = f"{base}.{dotted_name(alias.name)}" if base else dotted_name(alias.name)
                    inner = self.find(module, name, level, root)
                    if inner is not None:
                        yield inner


def closure(project: Project, entry: Module) -> list[Module]:
    """The entry and all project modules that it imports, in the order in which they are reached."""
    seen = {entry.key: entry}
    queue = [entry]
    while queue:
        for module in project.imports(queue.pop(0), entry.path.parent):
            if module.key not in seen:
                seen[module.key] = module
                queue.append(module)
    return list(seen.values())


def dotted_name(node: cst.BaseExpression | None) -> str:
    """``a.b.c`` as text; empty for anything that is not a chain of names."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        base = dotted_name(node.value)
        return f"{base}.{node.attr.value}" if base else ""
    return ""


def _import_statements(tree: cst.Module) -> Iterator[cst.Import | cst.ImportFrom]:
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Import | cst.ImportFrom):
            yield node
        elif not isinstance(node, cst.BaseExpression):
            stack.extend(reversed(node.children))
