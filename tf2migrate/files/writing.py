"""Writing: a file is either as it was or wholly new, never half of each."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tf2migrate.files.problem import SourceProblem
from tf2migrate.files.source import SourceFile, encode


@dataclass(frozen=True, slots=True)
class _Staged:
    """A new content that waits beside its target."""

    source: SourceFile
    target: str
    temporary: str


def write_source(source: SourceFile, text: str) -> None:
    """Replaces the content of one file; see ``write_together``."""
    write_together([(source, text)])


def write_together(changes: Sequence[tuple[SourceFile, str]]) -> None:
    """Replaces the contents of several files, or of none.

    ``SourceProblem`` names the file that stood in the way. Each file keeps its mode; behind a symbolic
    link the file it points to is replaced. A file that has changed since it was read is not overwritten.
    """
    contents = [(source, encode(source, text)) for source, text in changes]
    staged: list[_Staged] = []
    replaced: list[_Staged] = []
    try:
        for source, content in contents:
            with _naming(source):
                staged.append(_stage(source, content))
        for item in staged:
            with _naming(item.source):
                os.replace(item.temporary, item.target)
            replaced.append(item)
    except BaseException:
        for item in reversed(replaced):
            _restore(item)
        raise
    finally:
        for item in staged:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(item.temporary)


def _stage(source: SourceFile, content: bytes) -> _Staged:
    target = os.path.realpath(source.path)
    status = os.stat(target)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(None, "is not a regular file")
    if not os.access(target, os.W_OK):
        raise PermissionError(None, "is read-only")
    with open(target, "rb") as file:
        if file.read() != source.raw:
            raise OSError(None, "has changed since it was read")
    return _Staged(source, target, _temporary(target, content, status))


def _temporary(target: str, content: bytes, status: os.stat_result) -> str:
    """A new file with this content beside ``target``, so that it can take its place in one step."""
    handle, name = tempfile.mkstemp(prefix=".tf2migrate-", dir=os.path.dirname(target))
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, stat.S_IMODE(status.st_mode))
        if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(OSError):
                os.chown(name, status.st_uid, status.st_gid)
    except BaseException:
        os.unlink(name)
        raise
    return name


def _restore(item: _Staged) -> None:
    os.replace(_temporary(item.target, item.source.raw, os.stat(item.target)), item.target)


@contextlib.contextmanager
def _naming(source: SourceFile) -> Iterator[None]:
    """Turns what the operating system says into a problem of this file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"cannot be written: {reason[0].lower()}{reason[1:]}"
        raise SourceProblem(
            str(source.path), 1, "TFM005", message, "its program is left as it was"
        ) from error
