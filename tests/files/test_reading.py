"""Bytes become text that becomes the same bytes again, or a problem with a place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf2migrate.files import (
    SourceProblem,
    encode,
    mentions_tensorflow,
    read_source,
    read_sources,
    source_from_bytes,
)

PATH = Path("program.py")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty file"),
        pytest.param(b"x = 1", id="no final newline"),
        pytest.param(b"x = 1\r\ny = 2\r\n", id="CRLF"),
        pytest.param(b"x = 1\r\ny = 2\nz = 3\r", id="mixed line ends"),
        pytest.param(b"x = 1\ry = 2\r", id="lone carriage returns"),
        pytest.param(b"\x0cx = 1\n\x0c\ny = 2\n", id="form feeds"),
        pytest.param(b"\xef\xbb\xbfx = 1\n", id="byte order mark"),
        pytest.param("x = 'n\u00e9e'\n".encode(), id="UTF-8 without a declaration"),
        pytest.param(b"# -*- coding: latin-1 -*-\nx = 'n\xe9e'\n", id="Latin-1 by declaration"),
        pytest.param(
            b"#!/usr/bin/python\n# vim: set fileencoding=gbk :\nx = '\xd6\xd0'\n", id="GBK in line 2"
        ),
        pytest.param(b"\xef\xbb\xbf# coding: utf-8\nx = 1\n", id="mark and declaration"),
        pytest.param(b"# coding: latin-1\rx = '\xe9'\r", id="declaration that ends with a carriage return"),
        pytest.param(b"if x:\n\ty = '\\d'\n", id="tabs and an odd escape"),
        pytest.param("x = '\u2028 \x85'\n".encode(), id="separators that are no line ends"),
    ],
)
def test_keeps_every_byte(raw: bytes) -> None:
    source = source_from_bytes(PATH, raw)
    assert encode(source, source.text) == raw
    assert not source.text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        pytest.param(
            b"x = 1\ny = '\xe9'\n", 2, "0xe9 is not valid utf-8", id="Latin-1 without a declaration"
        ),
        pytest.param(b"# coding: ascii\nx = '\xc3\xa9'\n", 2, "not valid ascii", id="not what it declares"),
        pytest.param(b"# coding: klingon\nx = 1\n", 1, "unknown encoding: klingon", id="unknown encoding"),
        pytest.param(b"# coding: rot13\nk = 1\n", 1, "not an encoding of text", id="not a text encoding"),
        pytest.param(b"\xef\xbb\xbf# coding: latin-1\nx = 1\n", 1, "encoding", id="mark against declaration"),
        pytest.param(b"x = 1\ny = 'a\0b'\n", 2, "NUL byte", id="NUL byte"),
        pytest.param("x = 1\n".encode("utf-16"), 1, "UTF-16", id="UTF-16"),
        pytest.param(b"# coding: utf-7\nx = '+AOk-+AOk-'\n", 1, "written back", id="more than one spelling"),
    ],
)
def test_undecodable_source(raw: bytes, line: int, words: str) -> None:
    with pytest.raises(SourceProblem) as caught:
        source_from_bytes(PATH, raw)
    assert (caught.value.code, caught.value.line) == ("TFM003", line)
    assert words in caught.value.message
    assert caught.value.finding().path == "program.py"


@given(st.binary(max_size=80))
def test_any_bytes_are_kept_or_refused(raw: bytes) -> None:
    try:
        source = source_from_bytes(PATH, raw)
    except SourceProblem:
        return
    assert encode(source, source.text) == raw


@given(st.text(max_size=60), st.sampled_from(["utf-8", "latin-1", "cp1252", "shift_jis", "gb18030"]))
def test_any_comment_in_any_encoding_is_kept_or_refused(text: str, encoding: str) -> None:
    raw = f"# coding: {encoding}\n# ".encode() + text.encode(encoding, "ignore")
    try:
        source = source_from_bytes(PATH, raw)
    except SourceProblem:
        return
    assert encode(source, source.text) == raw


def test_new_text_that_the_encoding_cannot_express() -> None:
    source = source_from_bytes(PATH, b"# coding: ascii\nx = 1\n")
    with pytest.raises(SourceProblem) as caught:
        encode(source, "# coding: ascii\nx = '\u00e9'\n")
    assert (caught.value.code, caught.value.line) == ("TFM003", 2)


def test_byte_order_mark_is_put_back() -> None:
    source = source_from_bytes(PATH, b"\xef\xbb\xbfx = 1\n")
    assert encode(source, "x = 2\n") == b"\xef\xbb\xbfx = 2\n"


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceProblem) as caught:
        read_source(tmp_path / "nowhere.py")
    assert caught.value.code == "TFM005"
    assert "no such file" in caught.value.message


def test_directory_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(SourceProblem) as caught:
        read_source(tmp_path)
    assert caught.value.code == "TFM005"


def test_notebook_is_named_only_if_it_mentions_tensorflow(tmp_path: Path) -> None:
    with_it, without = tmp_path / "with.ipynb", tmp_path / "without.ipynb"
    with_it.write_text('{"cells": [{"source": ["import tensorflow as tf"]}]}')
    without.write_text('{"cells": [{"source": ["import numpy"]}]}')
    (result,) = read_sources([with_it, without])
    assert isinstance(result, SourceProblem)
    assert (result.code, result.path, result.is_defect) == ("TFM004", str(with_it), False)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b"import tensorflow as tf\n", True), (b"import tf\n", False), (b"# TensorFlow\n", False)],
)
def test_mentions_tensorflow(raw: bytes, expected: bool) -> None:
    assert mentions_tensorflow(raw) is expected
