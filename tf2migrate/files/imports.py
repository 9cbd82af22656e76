"""Which files of a project import which others: Python's rules for finding a module, applied to paths alone."""

from __future__ import annotations

import ast
import functools
import os
import sys
import warnings
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

# An import of these leads out of the project, even in a project that has a folder of that name.
OUTSIDE = frozenset({"tensorflow", "tensorflow_core", "tf_slim"})


@dataclass(frozen=True, slots=True)
class Import:
    """One module that a file names: ``level`` dots, then ``dotted``; of ``from a import b`` both ``a`` and ``a.b``."""

    level: int
    dotted: str
    line: int


@functools.lru_cache(maxsize=1 << 14)
def imports_of(text: str) -> tuple[Import, ...]:
    """What a text imports, anywhere in it, in the order of its lines; nothing if Python cannot parse it."""
    if "import" not in text:
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in strings are the user's own business
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found = [item for node in _import_statements(tree) for item in _named(node)]
    return tuple(sorted(dict.fromkeys(found), key=lambda item: item.line))


def _import_statements(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Statements only: expressions cannot import, and are most of a tree."""
    stack: list[ast.AST] = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
            continue
        for name in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                stack.extend(inner)


def _named(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(0, alias.name, node.lineno)
        return
    base = node.module or ""
    yield Import(node.level, base, node.lineno)
    for alias in node.names:
        if alias.name != "*":
            yield Import(node.level, f"{base}.{alias.name}" if base else alias.name, node.lineno)


def find(files: Container[str], importer: str, dotted: str, level: int, root: str) -> str | None:
    """The file among ``files`` that ``importer`` means by ``dotted``; all paths are absolute.

    ``root`` is the folder of the program that runs, where Python looks first. Then come the importer's own folder,
    as in Python 2, and the folders above both, from which a package may be run with ``python -m``.
    """
    parts = [part for part in dotted.split(".") if part]
    home = os.path.dirname(importer)
    if level:
        for _ in range(level - 1):
            home = os.path.dirname(home)
        return _under(files, home, parts)
    if not parts or parts[0] in OUTSIDE:
        return None
    near = (root, home) if root != home else (root,)
    # A module of the standard library is hidden only by one that stands beside the program.
    far = () if parts[0] in sys.stdlib_module_names else (*_above(root), *_above(home))
    for base in (*near, *far):
        found = _under(files, base, parts)
        if found is not None and found != importer:
            return found
    return None


def _under(files: Container[str], base: str, parts: list[str]) -> str | None:
    stem = os.path.join(base, *parts)
    package = os.path.join(stem, "__init__.py")
    if package in files:
        return package
    plain = f"{stem}.py"
    return plain if parts and plain in files else None


@functools.lru_cache(maxsize=1 << 12)
def _above(folder: str) -> tuple[str, ...]:
    """The folders above ``folder``, nearest first."""
    found = []
    while (parent := os.path.dirname(folder)) != folder:
        found.append(parent)
        folder = parent
    return tuple(found)


def reached(files: Container[str], importer: str, item: Import, root: str) -> Iterator[str]:
    """The files that one import executes: the packages on the way, outermost first, then the module itself."""
    if item.level:
        home = os.path.dirname(importer)
        for _ in range(item.level - 1):
            home = os.path.dirname(home)
        packages = []
        while (package := os.path.join(home, "__init__.py")) in files:
            packages.append(package)
            home = os.path.dirname(home)
        yield from reversed(packages)
    parts = item.dotted.split(".")
    for count in range(1, len(parts) + 1):
        found = find(files, importer, ".".join(parts[:count]), item.level, root)
        if found is not None:
            yield found


class ImportGraph:
    """The imports among texts that are known by their absolute paths. Nothing is parsed before it is asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        # Most imports are of foreign packages; one look-up settles those.
        self._names = {name for path in texts for name in _names(path)}
        self._edges: dict[tuple[str, str], dict[str, int]] = {}

    def edges(self, path: str, root: str) -> dict[str, int]:
        """The files that ``path`` imports when the program of the folder ``root`` runs, with the line of the import."""
        known = self._edges.get((path, root))
        if known is None:
            known = {}
            for item in imports_of(self.texts[path]):
                if not item.level and item.dotted.partition(".")[0] not in self._names:
                    continue
                for target in reached(self.texts, path, item, root):
                    if target != path:
                        known.setdefault(target, item.line)
            self._edges[path, root] = known
        return known

    def closure(self, entry: str) -> list[str]:
        """The entry and all files that it imports, in the order in which they are reached."""
        root = os.path.dirname(entry)
        seen = {entry: None}
        queue = [entry]
        for path in queue:
            for target in self.edges(path, root):
                if target not in seen:
                    seen[target] = None
                    queue.append(target)
        return list(seen)

    def line(self, entry: str, target: str) -> int:
        """The line of ``entry`` whose import leads to ``target``, directly or through other files; 1 if none does."""
        root = os.path.dirname(entry)
        for first, line in self.edges(entry, root).items():
            seen = {entry, first}
            queue = [first]
            for path in queue:
                if path == target:
                    return line
                fresh = [other for other in self.edges(path, root) if other not in seen]
                seen.update(fresh)
                queue += fresh
        return 1

    def users(self, targets: Collection[str]) -> set[str]:
        """The targets and every file whose program may reach one of them, whatever the folder it is run from."""
        importers: dict[str, list[str]] = {}
        by_suffix: dict[str, list[str]] = {}
        for path in self.texts if targets else ():
            for suffix in _suffixes(path):
                by_suffix.setdefault(suffix, []).append(path)
        for path in self.texts if targets else ():
            for target in self._possible(path, by_suffix):
                importers.setdefault(target, []).append(path)
        found = set(targets)
        queue = list(found)
        for target in queue:
            for path in importers.get(target, ()):
                if path not in found:
                    found.add(path)
                    queue.append(path)
        return found

    def _possible(self, path: str, by_suffix: Mapping[str, list[str]]) -> Iterator[str]:
        """The files that ``path`` may import, when it is not known from where the program is run."""
        for item in imports_of(self.texts[path]):
            if item.level:
                yield from reached(self.texts, path, item, "")
                continue
            parts = item.dotted.split(".")
            if parts[0] in self._names:
                for count in range(1, len(parts) + 1):
                    yield from by_suffix.get(".".join(parts[:count]), ())

    def entries(self, among: Collection[str]) -> list[str]:
        """The files of ``among`` that are programs: those that no other imports, and those with a main guard.

        Of files that import one another in a ring, the first is one too.
        """
        ordered = [path for path in self.texts if path in among]
        direct = {target for path in ordered for target in self.edges(path, os.path.dirname(path))}
        chosen = [path for path in ordered if path not in direct or self._has_main(path)]
        closures = {path: self.closure(path) for path in chosen}
        reached_from_others = {target for path, found in closures.items() for target in found if target != path}
        chosen = [path for path in chosen if path not in reached_from_others or self._has_main(path)]
        covered = {target for path in chosen for target in closures[path]}
        for path in ordered:
            if path not in covered:
                chosen.append(path)
                covered.update(self.closure(path))
        return chosen

    def _has_main(self, path: str) -> bool:
        return "__main__" in self.texts[path]


def _names(path: str) -> Iterable[str]:
    *folders, name = path.split(os.sep)
    return (*folders, name.removesuffix(".py"))


def _suffixes(path: str) -> Iterator[str]:
    """The dotted names by which a file can be imported from any folder above it."""
    parts = [part for part in path.removesuffix(".py").split(os.sep) if part]
    if parts and parts[-1] == "__init__":
        parts.pop()
    dotted = ""
    for part in reversed(parts):
        dotted = f"{part}.{dotted}" if dotted else part
        yield dotted
