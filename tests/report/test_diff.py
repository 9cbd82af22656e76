"""The patch is taken by git and by patch, byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tf2migrate.report.diff import Change, patch, patch_base
from tf2migrate.report.style import Style

CASES = [
    pytest.param(b"a\nb\nc\n", b"a\nB\nc\n", id="plain"),
    pytest.param(b"a\r\nb\r\n", b"a\r\nB\r\n", id="CRLF"),
    pytest.param(b"a\r\nb\nc\rd\n", b"a\r\nB\nc\rd\n", id="mixed line ends"),
    pytest.param(b"a\nb", b"a\nB", id="no final newline"),
    pytest.param(b"a\nb", b"a\nb\n", id="final newline added"),
    pytest.param(b"a\nb\n", b"a\nb", id="final newline removed"),
    pytest.param(b"# \xe9\xff\na\n", b"# \xe9\xff\nb\xe9\n", id="not UTF-8"),
    pytest.param(b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfb\n", id="byte order mark"),
    pytest.param(b"\x0ca\n\x0c\n", b"\x0cb\n\x0c\n", id="form feeds"),
    pytest.param("a\u2028b\x85c\n".encode(), "a\u2028B\x85c\n".encode(), id="separators inside a line"),
    pytest.param(b"-- a\n++ b\n@@ c\n", b"++ a\n-- b\n@@ d\n", id="lines that look like headers"),
    pytest.param(b"a\n" * 40 + b"b\n" + b"a\n" * 40, b"c\n" + b"a\n" * 80, id="two hunks"),
]


def apply(directory: Path, text: bytes, *command: str) -> None:
    done = subprocess.run(command, cwd=directory, input=text, capture_output=True)
    assert done.returncode == 0, (done.stderr, text)


@pytest.mark.parametrize(("before", "after"), CASES)
def test_git_applies_it(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(before)
    apply(tmp_path, patch([Change(path, before, after)], tmp_path), "git", "apply")
    assert path.read_bytes() == after


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch command")
@pytest.mark.parametrize(("before", "after"), CASES)
def test_patch_applies_it(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(before)
    apply(tmp_path, patch([Change(path, before, after)], tmp_path), "patch", "-p1", "--binary")
    assert path.read_bytes() == after


LINES = st.lists(st.sampled_from([b"a", b"b\r", b"", b"\xe9", b"-- a", b"\\", b"@@ -1 +1 @@"]), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=LINES, after=LINES, ends=st.tuples(st.booleans(), st.booleans()))
def test_git_applies_any_change(
    tmp_path: Path, before: list[bytes], after: list[bytes], ends: tuple[bool, bool]
) -> None:
    old, new = (b"\n".join(lines) + b"\n" * end for lines, end in zip((before, after), ends, strict=True))
    path = tmp_path / "a.py"
    path.write_bytes(old)
    text = patch([Change(path, old, new)], tmp_path)
    assert bool(text) == (old != new)
    if text and old and new:  # tf2migrate neither creates nor empties a file
        apply(tmp_path, text, "git", "apply", "--unidiff-zero")
        assert path.read_bytes() == new


@pytest.mark.parametrize(
    "name", ["with space.py", 'quote".py', "tab\t.py", "na\u00efve.py", "back\\slash.py", "b/c d/e.py"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a\n")
    apply(tmp_path, patch([Change(path, b"a\n", b"b\n")], tmp_path), "git", "apply")
    assert path.read_bytes() == b"b\n"


def test_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9.py"
    try:
        path.write_bytes(b"a\n")
    except (OSError, UnicodeError):
        pytest.skip("the file system allows only UTF-8 names")
    assert b"--- a/caf\xe9.py\n" in patch([Change(path, b"a\n", b"b\n")], tmp_path)


def test_below_the_top_of_a_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    inner = tmp_path / "inner"
    inner.mkdir()
    path = inner / "a.py"
    path.write_bytes(b"a\n")
    base = patch_base([path], inner)
    assert base == inner.resolve()
    apply(inner, patch([Change(path, b"a\n", b"b\n")], base), "git", "apply")
    assert path.read_bytes() == b"b\n"


def test_base_for_files_elsewhere(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there" / "src"
    here.mkdir()
    there.mkdir(parents=True)
    assert patch_base([there / "a.py"], here) == there.resolve()
    assert patch_base([here / "a.py", there / "a.py"], here) == tmp_path.resolve()
    (tmp_path / "there" / ".git").mkdir()
    assert patch_base([there / "a.py"], here) == there.parent.resolve()


def test_link_names_its_target(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_bytes(b"a\n")
    (tmp_path / "link.py").symlink_to("real.py")
    text = patch([Change(tmp_path / "link.py", b"a\n", b"b\n")], tmp_path)
    assert text.startswith(b"--- a/real.py\n+++ b/real.py\n")


def test_nothing_for_what_stays(tmp_path: Path) -> None:
    assert patch([Change(tmp_path / "a.py", b"a\n", b"a\n")], tmp_path) == b""


def test_colours(tmp_path: Path) -> None:
    plain = patch([Change(tmp_path / "a.py", b"a\n", b"b\n")], tmp_path)
    painted = patch([Change(tmp_path / "a.py", b"a\n", b"b\n")], tmp_path, Style(True))
    assert b"\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n" in painted
    assert b"\x1b" not in plain
