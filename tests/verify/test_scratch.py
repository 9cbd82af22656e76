"""Scratch copies, and where an entry belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.verify import scratch
from tf2migrate.verify.scratch import copy_folder, package_of, write_files


def test_copies_what_a_program_may_need(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for name in (
        "a.py",
        "data/x.csv",
        ".git/config",
        "__pycache__/a.pyc",
        ".hidden",
        "lib/pyvenv.cfg",
        "lib/b.py",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    (source / "gone").symlink_to(tmp_path / "nowhere")
    assert copy_folder(source, target) == []
    copied = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    assert copied == ["a.py", "data/x.csv"]


def test_large_files_are_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "large.bin").write_bytes(b"x" * 11)
    (source / "small.bin").write_bytes(b"x" * 9)
    monkeypatch.setattr(scratch, "LARGEST", 10)
    assert copy_folder(source, tmp_path / "target") == ["large.bin"]
    monkeypatch.setattr(scratch, "TOTAL", 8)
    assert copy_folder(source, tmp_path / "other") == ["large.bin", "small.bin"]


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("x = 'é'\r\n", "x = 'é'\r\n".encode()),
        ("# -*- coding: latin-1 -*-\nx = 'é'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1")),
        ("# coding: nonsense\n", b"# coding: nonsense\n"),
        ("# coding: ascii\nx = 'é'\n", "# coding: ascii\nx = 'é'\n".encode()),
    ],
)
def test_texts_keep_their_encoding(tmp_path: Path, text: str, raw: bytes) -> None:
    write_files(tmp_path, {"sub/a.py": text})
    assert (tmp_path / "sub" / "a.py").read_bytes() == raw


@pytest.mark.parametrize(
    ("entry", "text", "package"),
    [
        ("train.py", "from model import x", ""),
        ("train.py", "from .model import x", "root"),
        ("pkg/sub/train.py", "def f():\n    from ..model import x", "root.pkg.sub"),
        ("train.py", "syntax error here", ""),
    ],
)
def test_package_of(entry: str, text: str, package: str) -> None:
    assert package_of("root", entry, text) == package
