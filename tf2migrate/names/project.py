"""The files of a project as parsed modules, and how one is found from another."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from tf2migrate.files import SourceFile, SourceProblem
from tf2migrate.files.imports import find
from tf2migrate.names.exact import parse_exactly

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(eq=False, slots=True)
class Module:
    """One parsed file."""

    path: Path
    source: SourceFile
    tree: cst.Module
    location: str
    """The absolute path, by which imports find the file; ``key`` is the path as the user gave it."""
    _positions: Mapping[cst.CSTNode, CodeRange] | None = field(default=None, init=False, repr=False)
    origins: Mapping[cst.CSTNode, cst.CSTNode] = field(default_factory=dict, init=False, repr=False)
    """Where ``tree`` is another form of what the file holds: the node of the file behind each node."""
    underlying: Mapping[cst.CSTNode, cst.CSTNode] = field(default_factory=dict, init=False, repr=False)
    """Where the form that ``origins`` lead to is no file but a form itself: the node of the file behind that."""

    @property
    def key(self) -> str:
        """The path as people wrote it, which findings name."""
        return str(self.path)

    @property
    def positions(self) -> Mapping[cst.CSTNode, CodeRange]:
        """A code range for each node of ``tree``. Costs as much as parsing, once, when it is first asked for."""
        if self._positions is None:
            self._positions = MetadataWrapper(self.tree, unsafe_skip_copy=True).resolve(PositionProvider)
        return self._positions

    def reshaped(
        self, tree: cst.Module, positions: Mapping[cst.CSTNode, CodeRange], origins: Mapping[cst.CSTNode, cst.CSTNode]
    ) -> Module:
        """The same file in another form, with the places of the nodes that it was made of."""
        made = Module(self.path, self.source, tree, self.location)
        made._positions, made.origins, made.underlying = positions, origins, self.underlying
        return made

    def settled(self) -> Module:
        """This form as one that other forms are made from: they lead back to it as if it were the file."""
        through = {node: self.underlying.get(origin, origin) for node, origin in self.origins.items()}
        # Nodes that this form took over as they were have no origin of their own.
        underlying = {**self.underlying, **through}
        made = self.reshaped(self.tree, self.positions, {})
        made.underlying = underlying
        return made

    def origin(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node of the user's file behind one of this form."""
        found = self.origins.get(node, node)
        return self.underlying.get(found, found)

    def line(self, node: cst.CSTNode) -> int:
        """The line that ``node`` starts on, or 1 for a node made by a rewrite."""
        found = self.positions.get(node)
        return found.start.line if found else 1

    def column(self, node: cst.CSTNode) -> int:
        """The column that ``node`` starts in, counted from 1; 1 for a node made by a rewrite."""
        found = self.positions.get(node)
        return found.start.column + 1 if found else 1


def parse(source: SourceFile) -> Module:
    """Parses a file losslessly; ``SourceProblem`` if that cannot be done, although Python itself may read it."""
    try:
        tree = parse_exactly(source.text)
        exact = tree.code == source.text
    except cst.ParserSyntaxError as error:
        line = max(error.raw_line, 1)
        reason = error.message.split("\n")[0].rstrip(".")
        raise _problem(source, line, f"cannot be parsed losslessly: {reason}", column=error.raw_column + 1) from error
    except RecursionError as error:
        advice = "split the deepest expression"
        raise _problem(source, 1, "the code is nested too deeply to parse", advice) from error
    if not exact:
        raise _inexact(source, tree.code)
    return Module(source.path, source, tree, os.path.abspath(source.path))


def _inexact(source: SourceFile, code: str) -> SourceProblem:
    """The parser gives back another text: mostly line ends that differ, or a form feed."""
    pairs = zip(source.text, code, strict=False)
    common = next((index for index, (old, new) in enumerate(pairs) if old != new), min(len(source.text), len(code)))
    line = len(_LINE_END.findall(source.text, 0, common)) + 1
    if source.text[common : common + 1] == "\f":
        return _problem(source, line, "a form feed, which cannot be kept as it is", "remove it")
    if len(set(_LINE_END.findall(source.text))) > 1:
        return _problem(source, line, "the lines of this file do not all end alike", "give all lines the same end")
    return _problem(source, line, "the parser does not give this file back byte for byte")


def _problem(source: SourceFile, line: int, message: str, advice: str = "", column: int = 1) -> SourceProblem:
    return SourceProblem(str(source.path), line, "TFM001", message, advice, column=column, text=source.text)


class Project:
    """Parsed modules by key, with Python's way of finding one from another."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = {module.key: module for module in modules}
        self._by_location = {module.location: module for module in modules}

    def find(self, importer: Module, dotted: str, level: int, root: Path) -> Module | None:
        """The module that ``importer`` means by ``dotted``; ``root`` is the folder of the entry file."""
        found = find(self._by_location, importer.location, dotted, level, os.path.abspath(root))
        return None if found is None else self._by_location[found]


def dotted_name(node: cst.BaseExpression | None) -> str:
    """``a.b.c`` as text; empty for anything that is not a chain of names."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        base = dotted_name(node.value)
        return f"{base}.{node.attr.value}" if base else ""
    return ""
