"""Scratch copies of a program's folder, so that nothing of the user's is written."""

from __future__ import annotations

import io
import os
import shutil
import tokenize
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import libcst as cst
import libcst.matchers as matchers

_SKIPPED = {
    "__pycache__",
    "node_modules",
    "site-packages",
    "venv",
    "env",
    "build",
    "dist",
}
LARGEST = 50 << 20  # bytes of one file
TOTAL = 300 << 20  # bytes of a copy


def copy_folder(folder: Path, target: Path) -> list[str]:
    """Copies the files under ``folder``, and returns those that were too large to copy."""
    left_out: list[str] = []
    total = 0
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED and not name.startswith(".") and not Path(current, name, "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            source = Path(current, name)
            relative = source.relative_to(folder)
            if name.startswith(".") or not source.is_file():
                continue
            size = source.stat().st_size
            if size > LARGEST or total + size > TOTAL:
                left_out.append(relative.as_posix())
                continue
            total += size
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(source, target / relative)
            except PermissionError:
                left_out.append(relative.as_posix())
    return left_out


def write_files(target: Path, files: Mapping[str, str]) -> None:
    """Writes texts under ``target``, each in the encoding that it declares."""
    for name, text in files.items():
        path = target / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_encoded(text))


def _encoded(text: str) -> bytes:
    utf8 = text.encode("utf-8")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(utf8).readline)
        return text.encode(encoding)
    except (SyntaxError, UnicodeEncodeError, LookupError):
        return utf8


def package_of(root_name: str, entry: str, text: str) -> str:
    """The package that an entry belongs to, if it imports relatively; it then runs as ``python -m``."""
    try:
        tree = cst.parse_module(text)  # not ast: comparisons may run in threads, and the ast of CPython 3.11 may not
    except cst.ParserSyntaxError:
        return ""
    if not matchers.findall(tree, matchers.ImportFrom(relative=[matchers.AtLeastN(n=1)])):
        return ""
    return ".".join((root_name, *PurePosixPath(entry).parent.parts))
