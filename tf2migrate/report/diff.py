"""The patch: a unified diff that ``git apply`` and ``patch -p1`` take, made of the bytes of the files."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tf2migrate.report.style import PLAIN, Style

_QUOTED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after."""

    path: Path
    before: bytes
    after: bytes


def patch_base(paths: Sequence[Path], cwd: Path) -> Path:
    """What the paths of a patch are relative to: the current directory, if all files lie below it."""
    here = Path(os.path.realpath(cwd))
    targets = [Path(os.path.realpath(path)) for path in paths]
    if all(target.is_relative_to(here) for target in targets):
        return here
    common = Path(os.path.commonpath([target.parent for target in targets]))
    repositories = (parent for parent in (common, *common.parents) if (parent / ".git").exists())
    return next(repositories, common)


def patch(changes: Sequence[Change], base: Path, style: Style = PLAIN) -> bytes:
    """The changes as one patch with paths relative to ``base``; a file that stays the same adds nothing.

    There is no ``diff --git`` line: with it, git would look for the paths from the top of the repository.
    """
    return "".join(piece for change in changes for piece in _file_diff(change, base, style)).encode("latin-1")


def _file_diff(change: Change, base: Path, style: Style) -> Iterator[str]:
    """One file's part of the patch; bytes are characters of Latin-1 here, so that none of them is touched."""
    lines = difflib.unified_diff(_lines(change.before), _lines(change.after), n=3)
    if next(lines, None) is None:
        return
    next(lines)  # difflib's own header
    yield style.bold(f"--- {_name(change.path, base, 'a')}") + "\n"
    yield style.bold(f"+++ {_name(change.path, base, 'b')}") + "\n"
    for line in lines:
        painted = {"@": style.cyan, "+": style.green, "-": style.red}.get(line[0], str)
        body = line.removesuffix("\n")
        yield painted(body) + "\n"
        if body == line:
            yield "\\ No newline at end of file\n"


def _lines(raw: bytes) -> list[str]:
    """Lines as git sees them: only a newline ends one."""
    *complete, rest = raw.decode("latin-1").split("\n")
    return [f"{line}\n" for line in complete] + ([rest] if rest else [])


def _name(path: Path, base: Path, side: str) -> str:
    """The path of the file itself, behind any symbolic link, as git writes it in a header."""
    target = os.path.relpath(os.path.realpath(path), base).replace(os.sep, "/")
    name = f"{side}/" + os.fsencode(target).decode("latin-1")
    if any(character in _QUOTED for character in name):
        return '"' + "".join(_QUOTED.get(character, character) for character in name) + '"'
    return f"{name}\t" if " " in name else name  # the tab tells patch where the name ends
