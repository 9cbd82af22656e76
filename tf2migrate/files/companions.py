"""What has to be read besides the files that a user names: what these import, and what else imports that."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tf2migrate.config import Settings
from tf2migrate.files.discovery import leaves_out, walk
from tf2migrate.files.imports import ImportGraph, imports_of, reached
from tf2migrate.files.problem import SourceProblem
from tf2migrate.files.source import SourceFile, mentions_tensorflow, read_source

_REPOSITORY = (".git", ".hg")
_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg")
_INSTALLED = ("site-packages", "dist-packages")
SEARCHED = 5_000  # files that are looked through for importers
READ = 500  # files that are read besides


@dataclass(slots=True)
class Companions:
    """Files that were read besides. ``unsearched`` names the folders that are too large to be looked through."""

    sources: list[SourceFile] = field(default_factory=list)
    problems: list[SourceProblem] = field(default_factory=list)
    unsearched: list[str] = field(default_factory=list)


def companions(
    asked: Sequence[SourceFile], paths: Sequence[Path], settings: Settings, *, importers: bool = True
) -> Companions:
    """The files of a project without which the files that were asked for cannot be migrated.

    These are the files that they import, and (``importers``) those that import one of the files of a TensorFlow
    program, with what these import in turn. Nothing is looked for above the repository or project that a file is
    in, and nothing that ``settings`` excludes is taken. ``paths`` are what the user named.
    """
    covered = [os.path.abspath(path) for path in paths if path.is_dir()]
    projects: dict[str, list[SourceFile]] = {}
    for source in asked:
        projects.setdefault(project_of(os.path.dirname(os.path.abspath(source.path))), []).append(source)
    result = Companions()
    relative = not any(source.path.is_absolute() for source in asked)
    known = {os.path.abspath(source.path): source for source in asked}
    for project, members in projects.items():
        if not any(_is_within(project, folder) for folder in covered):
            search = _Search(project, settings, known, result, relative)
            search.follow_imports(os.path.abspath(source.path) for source in members)
            if importers:
                search.follow_importers(members)
    return result


def project_of(folder: str) -> str:
    """The repository or project that a folder is in; without one, the folder from which its package is imported."""
    for markers in (_REPOSITORY, _PROJECT):
        inner = folder
        while True:
            if any(os.path.exists(os.path.join(inner, marker)) for marker in markers):
                return inner
            outer = os.path.dirname(inner)
            if outer == inner or os.path.basename(outer) in _INSTALLED:
                break
            inner = outer
    top = folder
    while os.path.exists(os.path.join(top, "__init__.py")):
        outer = os.path.dirname(top)
        if os.path.basename(outer) in _INSTALLED:
            break
        top = outer
    return top


class _Search:
    """What is known of one project while its files are looked for. Paths are absolute."""

    def __init__(
        self, project: str, settings: Settings, known: dict[str, SourceFile], result: Companions, relative: bool
    ) -> None:
        self.project = project
        self.settings = settings
        self.known = known
        self.result = result
        self.relative = relative
        self._exists: dict[str, bool] = {}
        self._names: set[str] = set()
        self._words: dict[str, frozenset[str]] = {}

    def __contains__(self, path: object) -> bool:
        """Whether a file is there to be imported."""
        if not isinstance(path, str):
            return False
        found = self._exists.get(path)
        if found is None:
            found = path in self.known or (
                _is_within(path, self.project)
                and os.path.isfile(path)
                and not leaves_out(path, self.project, self.settings)
            )
            self._exists[path] = found
        return found

    def follow_imports(self, paths: Iterable[str]) -> None:
        """Reads what the programs of these files import, and what that imports."""
        for entry in paths:
            root = os.path.dirname(entry)
            queue = [entry]
            for path in queue:
                for item in imports_of(self.known[path].text):
                    for target in reached(self, path, item, root):
                        if target not in self.known and self.read(target):
                            queue.append(target)

    def follow_importers(self, members: Sequence[SourceFile]) -> None:
        """Reads what else imports the files of TensorFlow programs, until there is no more."""
        if not any(mentions_tensorflow(source.raw) for source in self.known.values()):
            return
        folder = os.path.commonpath([os.path.dirname(os.path.abspath(source.path)) for source in members])
        candidates = self.candidates(folder)
        while True:
            targets = self.targets()
            found = [path for path in candidates if path not in self.known and self.imports_one(path, targets)]
            if not found:
                return
            self.follow_imports(path for path in found if self.read(path, importer=True))
            candidates = [path for path in candidates if path not in found]

    def candidates(self, folder: str) -> list[str]:
        """The files of the project, those below ``folder`` first; a large project is cut off."""
        found: dict[str, None] = {}
        for start in dict.fromkeys((folder, self.project)):
            walked = walk(Path(start), self.settings)
            for path, is_directory in islice(walked, SEARCHED):
                if not is_directory and path.suffix == ".py":
                    found[str(path)] = None
            if next(walked, None) is not None and start not in self.result.unsearched:
                self.result.unsearched.append(start)
        self._names = {_module_name(path) for path in (*found, *self.known)}
        return list(found)

    def targets(self) -> set[str]:
        """The files that a migration may change: all files of programs that use TensorFlow."""
        graph = ImportGraph({path: source.text for path, source in self.known.items()})
        users = graph.users({path for path, source in self.known.items() if mentions_tensorflow(source.raw)})
        return {path for entry in graph.entries(users) for path in graph.closure(entry)}

    def imports_one(self, path: str, targets: Collection[str]) -> bool:
        """Whether a file that is not known yet imports one of ``targets``; most are settled by their words."""
        if self.words(path).isdisjoint(map(_module_name, targets)):
            return False
        raw = Path(path).read_bytes()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        root = os.path.dirname(path)
        return any(target in targets for item in imports_of(text) for target in reached(self, path, item, root))

    def words(self, path: str) -> frozenset[str]:
        """The words in a file that are names of modules of this project."""
        found = self._words.get(path)
        if found is None:
            try:
                words = {word.decode() for word in re.findall(rb"[A-Za-z_]\w*", Path(path).read_bytes())}
            except OSError:
                words = set()
            found = self._words[path] = frozenset(words & self._names)
        return found

    def read(self, path: str, importer: bool = False) -> bool:
        """Reads one more file. One that cannot be read stays away, and what imports it is told."""
        if len(self.result.sources) >= READ:
            if self.project not in self.result.unsearched:
                self.result.unsearched.append(self.project)
            return False
        shown = Path(os.path.relpath(path)) if self.relative else Path(path)
        try:
            source = read_source(shown)
        except SourceProblem as problem:
            if not importer and all(problem.path != other.path for other in self.result.problems):
                self.result.problems.append(problem)
            return False
        self.known[path] = source
        self.result.sources.append(source)
        return True


def _module_name(path: str) -> str:
    """The last part of the name by which a file is imported."""
    folder, name = os.path.split(path)
    return os.path.basename(folder) if name == "__init__.py" else name.removesuffix(".py")


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
