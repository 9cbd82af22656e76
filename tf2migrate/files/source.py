"""One source file: its bytes, its text, and the way back from text to bytes."""

from __future__ import annotations

import codecs
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tf2migrate.files.problem import SourceProblem
from tf2migrate.files.syntax import check_syntax

_UTF16_OR_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that Python can read.

    ``text`` has no byte order mark and keeps the line ends of the file; encoded again it gives ``raw``.
    """

    path: Path
    raw: bytes
    text: str
    encoding: str
    bom: bool


def read_source(path: Path) -> SourceFile:
    """Reads one file; ``SourceProblem`` if it cannot be read, decoded exactly or parsed."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceProblem(
            str(path), 1, "TFM005", f"cannot be read: {reason}", "check the path and its permissions"
        ) from error
    return source_from_bytes(path, raw)


def read_sources(paths: Iterable[Path]) -> Iterator[SourceFile | SourceProblem]:
    """Reads many files, one result for each, but none for a notebook that does not mention TensorFlow."""
    for path in paths:
        try:
            yield read_source(path)
        except SourceProblem as problem:
            if problem.is_defect or problem.text:
                yield problem


def source_from_bytes(path: Path, raw: bytes) -> SourceFile:
    """The file that these bytes are; ``SourceProblem`` if they cannot be decoded exactly or parsed."""
    name = str(path)
    if path.suffix == ".ipynb":
        advice = "export it with `jupyter nbconvert --to script` and migrate the script"
        text = raw.decode("utf-8", "replace") if mentions_tensorflow(raw) else ""
        raise SourceProblem(name, 1, "TFM004", "notebooks are not supported yet", advice, text=text)
    encoding, bom = _encoding(name, raw)
    body = raw[len(codecs.BOM_UTF8) :] if bom else raw
    text = _decoded(name, body, encoding)
    check_syntax(name, text)
    return SourceFile(path, raw, text, encoding, bom)


def encode(source: SourceFile, text: str) -> bytes:
    """The bytes of a new text for this file, in its encoding and with its byte order mark."""
    try:
        body = text.encode(source.encoding)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        message = f"the new text has a character that {source.encoding} cannot express: {text[error.start]!r}"
        raise SourceProblem(str(source.path), line, "TFM003", message, "convert the file to UTF-8") from error
    return (codecs.BOM_UTF8 if source.bom else b"") + body


def mentions_tensorflow(raw: bytes) -> bool:
    """Whether the file can have anything to do with TensorFlow; most files are settled by this alone."""
    return b"tensorflow" in raw or b"tf_slim" in raw


def _encoding(name: str, raw: bytes) -> tuple[str, bool]:
    """The encoding that PEP 263 gives, and whether a UTF-8 byte order mark is there."""
    if raw.startswith(_UTF16_OR_32):
        raise SourceProblem(
            name,
            1,
            "TFM003",
            "the file is UTF-16 or UTF-32, which Python does not read",
            "convert it to UTF-8",
        )
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise SourceProblem(
            name,
            line,
            "TFM003",
            "a NUL byte, which Python source cannot hold",
            "is it a binary file, or UTF-16?",
        )
    bom = raw.startswith(codecs.BOM_UTF8)
    try:
        # Lone carriage returns are line ends for Python but not for readline.
        found, _ = tokenize.detect_encoding(
            io.BytesIO(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).readline
        )
    except SyntaxError as error:
        if "unknown encoding" not in str(error) and "encoding problem" not in str(error):
            return "utf-8", bom  # it is not UTF-8: decoding it will say where
        message = f"the encoding declaration cannot be obeyed: {error.msg}"
        raise SourceProblem(
            name, 1, "TFM003", message, "name the encoding that the file really has"
        ) from error
    return ("utf-8" if found == "utf-8-sig" else found), bom


def _decoded(name: str, body: bytes, encoding: str) -> str:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{body[error.start]:02x} is not valid {encoding}"
        advice = (
            "declare the encoding in the first line (`# -*- coding: ... -*-`) or convert the file to UTF-8"
        )
        raise SourceProblem(name, line, "TFM003", message, advice) from error
    except (LookupError, UnicodeError) as error:  # a codec between bytes and bytes, such as rot13
        advice = "name the encoding that the file really has"
        raise SourceProblem(name, 1, "TFM003", f"`{encoding}` is not an encoding of text", advice) from error
    try:
        exact = text.encode(encoding) == body
    except UnicodeError:
        exact = False
    if not exact:
        message = f"the text cannot be written back as the same bytes in {encoding}"
        raise SourceProblem(name, 1, "TFM003", message, "convert the file to UTF-8")
    return text
