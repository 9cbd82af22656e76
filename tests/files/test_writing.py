"""All or none: what is on the disk after writing, and after failing to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tf2migrate.files import SourceFile, SourceProblem, read_source, write_source, write_together


def file(path: Path, content: bytes = b"x = 1\n") -> SourceFile:
    path.write_bytes(content)
    return read_source(path)


def test_content_and_mode(tmp_path: Path) -> None:
    source = file(tmp_path / "a.py", b"\xef\xbb\xbfx = 1\r\n")
    source.path.chmod(0o754)
    write_source(source, "x = 2\r\n")
    assert source.path.read_bytes() == b"\xef\xbb\xbfx = 2\r\n"
    assert stat.S_IMODE(source.path.stat().st_mode) == 0o754
    assert os.listdir(tmp_path) == ["a.py"]


def test_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file(tmp_path / "real" / "a.py")
    link = tmp_path / "link.py"
    link.symlink_to("real/a.py")
    write_source(read_source(link), "x = 2\n")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.py").read_text() == "x = 2\n"


def test_file_that_has_changed_meanwhile(tmp_path: Path) -> None:
    first, second = file(tmp_path / "a.py"), file(tmp_path / "b.py")
    second.path.write_text("y = 1\n")
    with pytest.raises(SourceProblem, match=r"b\.py.*has changed since it was read"):
        write_together([(first, "x = 2\n"), (second, "x = 2\n")])
    assert first.path.read_text() == "x = 1\n"
    assert second.path.read_text() == "y = 1\n"
    assert sorted(os.listdir(tmp_path)) == ["a.py", "b.py"]


def test_file_that_is_gone(tmp_path: Path) -> None:
    first, second = file(tmp_path / "a.py"), file(tmp_path / "b.py")
    second.path.unlink()
    with pytest.raises(SourceProblem, match=r"b\.py.*no such file"):
        write_together([(first, "x = 2\n"), (second, "x = 2\n")])
    assert first.path.read_text() == "x = 1\n"


def test_read_only_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = file(tmp_path / "a.py")
    monkeypatch.setattr("tf2migrate.files.writing.os.access", lambda path, mode: False)  # root may write all
    with pytest.raises(SourceProblem, match="is read-only") as caught:
        write_source(source, "x = 2\n")
    assert caught.value.code == "TFM005"


def test_replacing_fails_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [file(tmp_path / name) for name in ("a.py", "b.py", "c.py")]
    replace = os.replace

    def broken(source: str, target: str) -> None:
        if target.endswith("b.py"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("tf2migrate.files.writing.os.replace", broken)
    with pytest.raises(SourceProblem, match=r"b\.py.*no space left"):
        write_together([(source, "x = 2\n") for source in sources])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        ("a.py", "b.py", "c.py"), "x = 1\n"
    )


def test_text_that_cannot_be_encoded(tmp_path: Path) -> None:
    first, second = file(tmp_path / "a.py"), file(tmp_path / "b.py", b"# coding: ascii\n")
    with pytest.raises(SourceProblem, match="TFM003"):
        write_together([(first, "x = 2\n"), (second, "# coding: ascii\n# \u00e9\n")])
    assert first.path.read_text() == "x = 1\n"


def test_not_a_regular_file(tmp_path: Path) -> None:
    source = file(tmp_path / "a.py")
    source.path.unlink()
    source.path.mkdir()
    with pytest.raises(SourceProblem, match="regular file"):
        write_source(source, "x = 2\n")
