"""Functions that build the graph come to the one file that calls them, where they can be opened like its own.

A model is often built by functions of another file. What such a function makes besides variables (placeholders, train
ops, a part of another function's state) belongs to the body in which the rest of the graph is built, and that body is
in another file. The names that the function reads are reached from there as its own file is. A function that cannot be
opened after all stays where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.forms.inlining import open_calls
from tf2migrate.forms.names_across import Across, Passage
from tf2migrate.forms.traced import Renamed, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Function
from tf2migrate.names.bindings import bound_in
from tf2migrate.names.free import free_name
from tf2migrate.names.import_lines import aliases_of, module_imports, module_text
from tf2migrate.names.project import Module, Project, dotted_name
from tf2migrate.names.tree import walk

Tree = cst.Module | cst.FunctionDef


def open_across(
    modules: list[Module], staging: Staging, wanted: set[cst.CSTNode], several: set[cst.CSTNode]
) -> list[Module]:
    """The modules with the functions of ``wanted`` opened that another file calls, as far as that is exact."""
    left = set(wanted)
    while left:
        for home in modules:
            function = _first(home, left)
            if function is not None:
                origin = home.origins.get(function, function)
                left.discard(origin)
                made = _opened(modules, staging, home, function, several)
                if made is not None:
                    modules = made
                    left = left | (wanted - {origin})
                break
        else:
            return modules
    return modules


def _first(home: Module, wanted: set[cst.CSTNode]) -> cst.FunctionDef | None:
    for statement in home.tree.body:
        if isinstance(statement, cst.FunctionDef) and home.origins.get(statement, statement) in wanted:
            return statement
    return None


def _opened(
    modules: list[Module], staging: Staging, home: Module, function: cst.FunctionDef, several: set[cst.CSTNode]
) -> list[Module] | None:
    """The modules with one function opened in the file that calls it."""
    moves = _Moves(modules, staging, home, function)
    target = moves.target()
    if target is None:
        return None
    bringing = moves.bringing(target)
    if bringing is None:
        return None
    caller = _Bringer(target, home, bringing).apply(target)
    origin = home.origins.get(function, function)
    left = _Leaver(home, function).apply(home)
    placed = [caller if m is target else left if m is home else m for m in modules]
    opened = open_calls(caller, Project(placed), {origin}, several)
    if any(opened.origins.get(node, node) is origin for node in walk(opened.tree) if isinstance(node, cst.FunctionDef)):
        return None
    return [opened if m is caller else m for m in placed]


@dataclass(slots=True)
class _Bringing:
    """One function on its way: its mentions in its new file, its name there, and what it needs to be there."""

    function: cst.FunctionDef
    mentions: list[cst.BaseExpression]
    name: str
    passage: Passage


class _Moves:
    """Finds out whether and how a function can come to another file."""

    def __init__(
        self, modules: list[Module], staging: Staging, home: Module, function: cst.FunctionDef
    ) -> None:
        self.modules = modules
        self.staging = staging
        self.home = home
        self.function = function
        self.origin = home.origins.get(function, function)

    # ------------------------------------------------------------------ mentions
    def target(self) -> Module | None:
        """The one file that mentions the function, in nothing but calls that the analysis has seen."""
        found: list[Module] = []
        for module in self.modules:
            mentions = self.mentions(module)
            if mentions is None or (mentions and module is self.home):
                return None
            found += [module] if mentions else []
        return found[0] if len(found) == 1 else None

    def mentions(self, module: Module) -> list[cst.BaseExpression] | None:
        """The expressions of a file that are the function; None where one may be that was not seen."""
        name = self.function.name.value
        imported = {bound for bound, original in _imported(module.tree) if original == name}
        found: list[cst.BaseExpression] = []
        passed: set[int] = set()
        for node in walk(module.tree):
            if id(node) in passed:
                continue
            match node:
                case cst.FunctionDef() if node is self.function:
                    passed.add(id(node.name))
                case cst.Import() | cst.ImportFrom():
                    passed |= {id(part) for part in walk(node)}
                case cst.Attribute(attr=attr):
                    passed.add(id(attr))
                    if self.is_it(module, node):
                        found.append(node)
                    elif attr.value == name and not self.values(module, node) and not _is_own(node):
                        return None
                case cst.Arg(keyword=cst.Name() as keyword):
                    passed.add(id(keyword))
                case cst.Name():
                    if self.is_it(module, node):
                        found.append(node)
                    elif node.value in imported and not self.values(module, node):
                        return None
        return found

    def values(self, module: Module, node: cst.CSTNode) -> list[object]:
        return list(self.staging.values_of(module.origins.get(node, node)))

    def is_it(self, module: Module, node: cst.CSTNode) -> bool:
        values = self.values(module, node)
        return bool(values) and all(isinstance(v, Function) and v.definition is self.origin for v in values)

    # ------------------------------------------------------------------ names
    def bringing(self, target: Module) -> _Bringing | None:
        """What has to be done; None where a name of the function would mean something else in the other file."""
        mentions = self.mentions(target) or []
        taken = {n.value for m in self.modules for n in walk(m.tree) if isinstance(n, cst.Name)}
        shadowing = {n for m in mentions for n in _bound_around(target.tree, m)}
        across = Across(self.modules, self.staging, self.home, target, self.function.name.value)
        passage = across.passage(self.function, shadowing)
        if passage is None or not self.can_leave(target, passage):
            return None
        return _Bringing(self.function, mentions, free_name(self.function.name.value, taken), passage)

    def can_leave(self, target: Module, passage: Passage) -> bool:
        """Whether nothing but the one import of the other file asks its old file for the function."""
        name, stem = self.function.name.value, self.home.path.stem
        for module in self.modules:
            for node in walk(module.tree):
                if not isinstance(node, cst.ImportFrom) or all(original != name for _, original in aliases_of(node)):
                    continue
                text = module_text(node)
                if module is target and any(node is each for each in module_imports(module.tree)):
                    alone = len(list(aliases_of(node))) == 1
                    left = alone and not _is_read_anyhow(target, node, passage)
                    # An import of the file alone binds its name.
                    stays = left and (text.startswith(".") or text.split(".")[0] in _words(target.tree))
                else:
                    stays = text.rpartition(".")[2] == stem
                if stays:
                    return False
        return True


# ------------------------------------------------------------------ the edits
class _Leaver(Traced):
    """Takes a function out of its file."""

    def __init__(self, module: Module, function: cst.FunctionDef) -> None:
        super().__init__(module)
        self.gone = {id(function)}


class _Bringer(Traced):
    """Puts a function into another file, before the statement that calls it first."""

    def __init__(self, module: Module, home: Module, bringing: _Bringing) -> None:
        super().__init__(module)
        self.bringing = bringing
        self.target = module
        self.lines = [s for s in module.tree.body if isinstance(s, cst.SimpleStatementLine) and self.brings(s, home)]
        for node in walk(bringing.function):
            if node in home.positions:
                self.positions[node] = home.positions[node]
            self.origins[node] = home.origins.get(node, node)
        self.mentions = {id(node) for node in bringing.mentions}
        names = {**bringing.passage.names, bringing.function.name.value: cst.Name(bringing.name)}
        made = bringing.function.visit(Renamed(names, self))
        self.definition = cast(cst.FunctionDef, made).with_changes(name=cst.Name(bringing.name))
        self.trace(bringing.function, self.definition)
        self.first = next(s for s in module.tree.body if any(id(n) in self.mentions for n in walk(s)))

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if id(original) in self.mentions:
            name = cst.Name(self.bringing.name)
            self.trace(original, name)
            return name
        made = super().on_leave(original, updated)
        by = original is self.bringing.passage.by
        if by or any(original is line for line in self.lines):
            left = self.without(cast(cst.SimpleStatementLine, original), cast(cst.SimpleStatementLine, made))
            return cst.FlattenSentinel([*left, *(self.imports() if by else [])])
        if original is self.first:
            return cst.FlattenSentinel([self.definition, cast(cst.CSTNode, made)])
        return made

    def brings(self, line: cst.SimpleStatementLine, home: Module) -> bool:
        """Whether a statement imports the function from its file."""
        name = self.bringing.function.name.value
        froms = [small for small in line.body if isinstance(small, cst.ImportFrom)]
        of_home = [small for small in froms if module_text(small).rpartition(".")[2] == home.path.stem]
        return any(original == name for small in of_home for _, original in aliases_of(small))

    def imports(self) -> list[cst.BaseStatement]:
        return [cst.parse_statement(line + "\n") for line in self.bringing.passage.imports]

    def without(self, was: cst.SimpleStatementLine, line: cst.SimpleStatementLine) -> list[cst.SimpleStatementLine]:
        """The import of the function's file without the function; it is still there to run that file."""
        name = self.bringing.function.name.value
        body: list[cst.BaseSmallStatement] = []
        for old, small in zip(was.body, line.body, strict=True):
            if isinstance(small, cst.ImportFrom) and not isinstance(small.names, cst.ImportStar):
                kept = [a for a in small.names if dotted_name(a.name) != name]
                if not kept:
                    if not _is_read_anyhow(self.target, cast(cst.ImportFrom, old), self.bringing.passage):
                        body.append(cst.Import([cst.ImportAlias(_dotted(module_text(small)))]))
                    continue
                last = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
                small = small.with_changes(names=[*kept[:-1], last])
            body.append(small)
        if not body:
            return []
        made = line.with_changes(body=body)
        self.trace(line, made)
        return [made]


# ------------------------------------------------------------------ imports and names
def _imported(tree: cst.Module) -> Iterator[tuple[str, str]]:
    """What ``from module import original as bound`` binds anywhere in a file: bound and original names."""
    for node in walk(tree):
        if isinstance(node, cst.ImportFrom):
            yield from aliases_of(node)


def _is_read_anyhow(target: Module, node: cst.ImportFrom, passage: Passage) -> bool:
    """Whether the file that a statement imports from is read at that place without it: others say so as well."""
    text = module_text(node)
    if any(node is part for part in passage.by.body) and any(i.startswith(f"from {text} ") for i in passage.imports):
        return True
    imports = list(module_imports(target.tree))
    at = next(index for index, each in enumerate(imports) if each is node)
    # Those before, and the one behind if nothing stands between them.
    known = imports[:at] + ([imports[at + 1]] if _are_neighbours(target, imports[at : at + 2]) else [])
    return any(isinstance(each, cst.ImportFrom) and module_text(each) == text for each in known)


def _are_neighbours(module: Module, nodes: Sequence[cst.CSTNode]) -> bool:
    lines = [index for index, s in enumerate(module.tree.body) if any(n is p for n in nodes for p in walk(s))]
    return len(nodes) == len(lines) == 2 and lines[1] == lines[0] + 1


def _dotted(text: str) -> cst.Name | cst.Attribute:
    return cast(cst.Name | cst.Attribute, cst.parse_expression(text))


def _is_own(node: cst.Attribute) -> bool:
    return isinstance(node.value, cst.Name) and node.value.value in ("self", "cls")


def _bound_around(tree: cst.Module, mention: cst.CSTNode) -> set[str]:
    """Names that the functions around a mention bind for themselves."""
    found: set[str] = set()
    for node in walk(tree):
        if isinstance(node, cst.FunctionDef) and any(n is mention for n in walk(node)):
            found |= bound_in(node)
    return found


def _words(tree: cst.Module) -> set[str]:
    """Every name of a file outside of its imports."""
    imports = {part for i in walk(tree) if isinstance(i, cst.Import | cst.ImportFrom) for part in walk(i)}
    return {n.value for n in walk(tree) if isinstance(n, cst.Name) and n not in imports}
