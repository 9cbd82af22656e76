"""How the names that a function reads in its own file are reached from another file, which imports that file."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Class, Function, ProjectModule
from tf2migrate.names.bindings import bindings, bound_in, names_read, parameters_of
from tf2migrate.names.import_lines import aliases_of, import_of, module_imports, module_text
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk, walk_own


@dataclass(slots=True)
class Passage:
    """What the names of a function become in another file, and the imports that this takes.

    ``by`` is the import by which the new file knows the old one; the new ones follow it.
    """

    by: cst.SimpleStatementLine
    names: dict[str, cst.BaseExpression] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)


class Across:
    """Finds the names of ``home`` in ``target``, which imports from it: the function ``member``, or that class."""

    def __init__(self, modules: list[Module], staging: Staging, home: Module, target: Module, member: str) -> None:
        self.modules = modules
        self.staging = staging
        self.home = home
        self.target = target
        self.member = member

    def passage(self, function: cst.FunctionDef, shadowing: set[str]) -> Passage | None:
        """What it takes; None where a name would mean something else there, as those that are ``shadowing`` do."""
        by = self.import_of_home()
        if by is None:
            return None
        made = Passage(by)
        for name in sorted(free(function)):
            reached = self.reached(name, made, shadowing)
            if reached is None:
                return None
            if reached != name:
                made.names[name] = cst.parse_expression(reached)
        return made

    def import_of_home(self) -> cst.SimpleStatementLine | None:
        """The statement of the other file's own body that imports this one."""
        homes = self.home_names()
        for statement in self.target.tree.body:
            if not isinstance(statement, cst.SimpleStatementLine):
                continue
            for small in statement.body:
                if isinstance(small, cst.ImportFrom) and self.is_home(small):
                    return statement
                if isinstance(small, cst.Import | cst.ImportFrom) and {n for n, _ in bindings(small)} & homes:
                    return statement
        return None

    def is_home(self, node: cst.ImportFrom) -> bool:
        """Whether a statement imports names from the old file."""
        env = self.staging.module_frames[self.home.key].env
        held = self.staging.module_frames[self.target.key].env
        if isinstance(node.names, cst.ImportStar):
            return held.get(self.member) is env.get(self.member) is not None
        known = [(held.get(bound), env.get(original)) for bound, original in aliases_of(node)]
        same = [value is there for value, there in known if isinstance(value, Function | Class)]
        return bool(same) and all(same)

    def home_names(self) -> set[str]:
        """Names by which the other file knows this one."""
        frame = self.staging.module_frames[self.home.key]
        held = self.staging.module_frames[self.target.key].env
        once = [name for name, _ in bindings(self.target.tree)]
        return {
            name
            for name, value in held.items()
            if isinstance(value, ProjectModule) and value.frame is frame and once.count(name) == 1
        }

    def reached(self, name: str, made: Passage, shadowing: set[str]) -> str | None:
        """How the other file reaches a name of this one; it may come to need an import for that."""
        if name.startswith("__"):
            # `__name__` is that of the file.
            return None
        bound = [node for found, node in bindings(self.home.tree) if found == name]
        there = {found for found, _ in bindings(self.target.tree)}
        if not bound and self.may_bring(self.home, name):
            return self.brought_by_star(name, made, shadowing)
        if not bound:
            plain = hasattr(builtins, name) and name not in there | shadowing
            return name if plain and not self.may_bring(self.target, name) else None
        if len(bound) != 1 or self.changes(name):
            return None
        imports = module_imports(self.home.tree)
        statement = next((i for i in imports if any(found == name for found, _ in bindings(i))), None)
        if statement is not None:
            line = import_of(statement, name)
            if not line or (self.lies_elsewhere() and line.startswith("from .")):
                return None
            same = any(import_of(i, name) == line for i in module_imports(self.target.tree))
            if name in shadowing or (name in there and not same):
                return None
            if not same and line not in made.imports:
                made.imports.append(line)
            return name
        for module in sorted(self.home_names()):
            if module not in shadowing:
                return f"{module}.{name}"
        return self.imported_by_name(name, made, shadowing)

    def stars(self, module: Module) -> list[tuple[cst.ImportFrom, list[Frame]]]:
        """The ``from file import *`` of a file, each with the files that it may mean; none for a library."""
        found = []
        for node in module_imports(module.tree):
            if isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar):
                stem = module_text(node).rpartition(".")[2]
                homes = [m for m in self.modules if stem in (m.path.stem, m.path.parent.name)]
                frames = [self.staging.module_frames.get(m.key) for m in homes]
                found.append((node, [frame for frame in frames if frame is not None]))
        return found

    def may_bring(self, module: Module, name: str) -> bool:
        """Whether a ``*`` of a file may bind this name."""
        return any(not homes or any(name in home.env for home in homes) for _, homes in self.stars(module))

    def brought_by_star(self, name: str, made: Passage, shadowing: set[str]) -> str | None:
        """How a name is reached that a ``*`` gave the old file: by the same in the new one, or by an import of it."""
        value = self.staging.module_frames[self.home.key].env.get(name)
        ways = [(node, homes[0]) for node, homes in self.stars(self.home) if len(homes) == 1 and name in homes[0].env]
        if value is None or len(ways) != 1 or not all(homes for _, homes in self.stars(self.home)):
            return None
        node, frame = ways[0]
        origin = next(m for m in self.modules if m.key == frame.module)
        steady = [found for found, _ in bindings(origin.tree)].count(name) == 1 and not self.changes(name)
        local = bool(node.relative) and self.lies_elsewhere()
        bound = {found for found, _ in bindings(self.target.tree)}
        if frame.env[name] is not value or not steady or local or name in shadowing or name in bound:
            return None
        if self.may_bring(self.target, name):
            return name if self.staging.module_frames[self.target.key].env.get(name) is value else None
        line = f"from {module_text(node)} import {name}"
        if line not in made.imports:
            made.imports.append(line)
        return name

    def imported_by_name(self, name: str, made: Passage, shadowing: set[str]) -> str | None:
        """The name that ``from home import`` gives to what the function reads."""
        small = next((s for s in made.by.body if isinstance(s, cst.ImportFrom)), None)
        if small is None:
            return None
        if isinstance(small.names, cst.ImportStar):
            hidden = name.startswith("_") or any(n == "__all__" for n, _ in bindings(self.home.tree))
            return None if hidden or name in shadowing or name in {n for n, _ in bindings(self.target.tree)} else name
        froms = [i for i in module_imports(self.target.tree) if isinstance(i, cst.ImportFrom)]
        same = [i for i in froms if module_text(i) == module_text(small)]
        known = next((bound for i in same for bound, original in aliases_of(i) if original == name), None)
        if known is not None:
            return None if known in shadowing or self.is_rebound(known) else known
        if name in {n.value for n in walk(self.target.tree) if isinstance(n, cst.Name)}:
            return None
        line = f"from {module_text(small)} import {name}"
        if line not in made.imports:
            made.imports.append(line)
        return name

    def is_rebound(self, name: str) -> bool:
        return [found for found, _ in bindings(self.target.tree)].count(name) != 1

    def changes(self, name: str) -> bool:
        """Whether a name of the file may come to mean something else after the file has been read."""
        for module in self.modules:
            for node in walk(module.tree):
                match node:
                    case cst.Global(names=items):
                        found = any(item.name.value == name for item in items)
                    case cst.AssignTarget(target=cst.Attribute(attr=cst.Name(value=attribute))):
                        found = attribute == name
                    case _:
                        found = False
                if found:
                    return True
        return False

    def lies_elsewhere(self) -> bool:
        return self.target.path.parent != self.home.path.parent


def free(function: cst.FunctionDef) -> set[str]:
    """Names of its file that the function reads."""
    own = bound_in(function)
    read = {n.value for n in names_read(function.body)}
    for node in walk_own(function.body):
        match node:
            case cst.FunctionDef():
                read |= free(node)
            case cst.ClassDef(body=body):
                read |= {n.value for n in names_read(body)}
                for inner in walk_own(body):
                    read |= free(inner) if isinstance(inner, cst.FunctionDef) else set()
    defaults = [p.default for p in parameters_of(function) if p.default is not None]
    return ((read - own) | {n.value for d in defaults for n in names_read(d)}) - {"True", "False", "None"}


def with_imports(by: cst.SimpleStatementLine, lines: list[str]) -> list[cst.SimpleStatementLine]:
    """An import, and more of them: names of the same file join it, others get lines of their own."""
    rest: list[str] = []
    for line in lines:
        joined = [_joined(small, line) for small in by.body]
        if any(joined):
            by = by.with_changes(body=[new or old for new, old in zip(joined, by.body, strict=True)])
        else:
            rest.append(line)
    return [by, *(cst.ensure_type(cst.parse_statement(f"{line}\n"), cst.SimpleStatementLine) for line in rest)]


def _joined(small: cst.BaseSmallStatement, line: str) -> cst.ImportFrom | None:
    """``from file import a, b`` for ``from file import a`` and the line that imports ``b``."""
    if not isinstance(small, cst.ImportFrom) or isinstance(small.names, cst.ImportStar):
        return None
    start = f"from {module_text(small)} import "
    if not line.startswith(start) or " as " in line:
        return None
    *others, last = small.names
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    new = cst.ImportAlias(cst.Name(line.removeprefix(start)), comma=last.comma)
    return small.with_changes(names=[*others, last.with_changes(comma=comma), new])
