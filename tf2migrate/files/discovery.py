"""Which files a run is about."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pathspec

from tf2migrate.config import Settings

SUFFIXES = (".py", ".ipynb")


def discover(paths: Sequence[Path], settings: Settings) -> list[Path]:
    """The files named by ``paths`` and the Python files and notebooks in the directories among them.

    A file that is named is always taken, also when it does not exist: reading it will tell.
    Directories are searched in sorted order; what ``settings`` excludes or git ignores is left out.
    Every file comes once, however many of the paths lead to it.
    """
    found: dict[str, Path] = {}
    for path in paths:
        for file in _files(path, settings) if path.is_dir() else [path]:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def leaves_out(path: str, root: str, settings: Settings) -> bool:
    """Whether the settings exclude a file below ``root``, or a folder between the two. Both paths are absolute."""
    excludes = (*settings.exclude, *settings.extend_exclude)
    names = [pattern.rstrip("/") for pattern in excludes if "/" not in pattern.rstrip("/")]
    parts = os.path.relpath(path, root).split(os.sep)
    if any(fnmatch.fnmatchcase(part, name) for part in parts for name in names):
        return True
    spec = pathspec.GitIgnoreSpec.from_lines(pattern for pattern in excludes if "/" in pattern.rstrip("/"))
    return _Patterns("/", spec).verdict(path, False) is True


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Patterns in the syntax of git, relative to one directory."""

    base: str
    spec: pathspec.GitIgnoreSpec

    def verdict(self, path: str, is_directory: bool) -> bool | None:
        """True for left out, False for taken in again by a `!` pattern, None for not mentioned."""
        relative = os.path.relpath(path, self.base).replace(os.sep, "/")
        return self.spec.check_file(relative + "/" if is_directory else relative).include


def _files(root: Path, settings: Settings) -> Iterator[Path]:
    return (path for path, is_directory in walk(root, settings) if not is_directory)


def walk(root: Path, settings: Settings) -> Iterator[tuple[Path, bool]]:
    """The Python files and notebooks below a directory, one at a time, and (True) each directory on the way.

    The directories are told so that whoever looks for a few files can stop in a large tree without any.
    """
    start = os.path.abspath(root)
    excludes = (*settings.exclude, *settings.extend_exclude)
    names = tuple(pattern.rstrip("/") for pattern in excludes if "/" not in pattern.rstrip("/"))
    layers = [_Patterns("/", pathspec.GitIgnoreSpec.from_lines(p for p in excludes if "/" in p.rstrip("/")))]
    if settings.respect_gitignore:
        layers += _ignored_from_above(start)
    # A directory that is named is taken, so a pattern that leaves it out does not count for what is below it.
    layers = [layer for layer in layers if not layer.verdict(start, True)]
    yield from _files_below(start, root, names, layers, settings.respect_gitignore)


def _files_below(
    directory: str, shown: Path, names: tuple[str, ...], layers: list[_Patterns], respect_gitignore: bool
) -> Iterator[tuple[Path, bool]]:
    """One directory, its files, then its subdirectories."""
    yield shown, True
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        yield shown, False  # reading it will say what is wrong with it
        return
    if respect_gitignore:
        layers = layers + _ignore_file(directory, ".gitignore")
    directories = []
    for entry in entries:
        is_directory = entry.is_dir(follow_symlinks=False)
        if not is_directory and not (entry.name.endswith(SUFFIXES) and entry.is_file()):
            continue
        if any(fnmatch.fnmatchcase(entry.name, name) for name in names) or _left_out(entry.path, is_directory, layers):
            continue
        if is_directory:
            directories.append(entry)
        else:
            yield shown / entry.name, False
    for entry in directories:
        yield from _files_below(entry.path, shown / entry.name, names, layers, respect_gitignore)


def _left_out(path: str, is_directory: bool, layers: list[_Patterns]) -> bool:
    """What the innermost of the pattern files that mention the path says."""
    for layer in reversed(layers):
        verdict = layer.verdict(path, is_directory)
        if verdict is not None:
            return verdict
    return False


def _ignored_from_above(start: str) -> list[_Patterns]:
    """What the repository around ``start`` ignores, outermost first; nothing outside a repository."""
    layers: list[_Patterns] = []
    inner = start
    while True:
        if os.path.exists(os.path.join(inner, ".git")):
            return _ignore_file(inner, os.path.join(".git", "info", "exclude")) + layers
        outer = os.path.dirname(inner)
        if outer == inner:
            return []
        layers = _ignore_file(outer, ".gitignore") + layers
        inner = outer


def _ignore_file(directory: str, name: str) -> list[_Patterns]:
    try:
        with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as lines:
            return [_Patterns(directory, pathspec.GitIgnoreSpec.from_lines(lines.read().splitlines()))]
    except (OSError, ValueError):
        return []
