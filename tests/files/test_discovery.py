"""What a run is about: named files always, in directories what nobody leaves out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tf2migrate.config import Settings, anchored
from tf2migrate.files import discover


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def found(root: Path, *paths: Path, **settings: object) -> list[str]:
    taken = discover(paths or (root,), Settings(**settings))  # type: ignore[arg-type]
    return [path.relative_to(root).as_posix() for path in taken]


def test_python_files_and_notebooks_in_order(tmp_path: Path) -> None:
    tree(tmp_path, "b.py", "a.py", "pkg/m.py", "notes.txt", "n.ipynb", "stub.pyi", "pkg/sub/z.py")
    assert found(tmp_path) == ["a.py", "b.py", "n.ipynb", "pkg/m.py", "pkg/sub/z.py"]


def test_paths_are_shown_as_they_were_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "pkg/m.py")
    monkeypatch.chdir(tmp_path)
    assert discover([Path(), Path("pkg/m.py")], Settings()) == [Path("pkg/m.py")]


def test_default_excludes(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", ".venv/lib/x.py", "node_modules/y.py", "venv/z.py", "src/dist/w.py")
    assert found(tmp_path) == ["a.py"]


def test_project_below_a_directory_that_is_named_like_an_excluded_one(tmp_path: Path) -> None:
    tree(tmp_path, "dist/project/a.py")
    assert found(tmp_path, tmp_path / "dist" / "project") == ["dist/project/a.py"]


def test_named_file_is_always_taken(tmp_path: Path) -> None:
    tree(tmp_path, ".venv/x.py", "script", "ignored.py")
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    named = [tmp_path / ".venv/x.py", tmp_path / "script", tmp_path / "ignored.py", tmp_path / "missing.py"]
    assert found(tmp_path, *named) == [".venv/x.py", "script", "ignored.py", "missing.py"]


def test_named_directory_is_taken_though_it_is_excluded(tmp_path: Path) -> None:
    tree(tmp_path, "venv/x.py", "gen/y.py", "gen/old/z.py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("gen/\n")
    assert found(tmp_path, tmp_path / "venv") == ["venv/x.py"]
    assert found(tmp_path, tmp_path / "gen") == ["gen/y.py", "gen/old/z.py"]


def test_patterns(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "a_pb2.py", "old/b.py", "lib/old/c.py", "lib/gen/d.py", "lib/gen/keep/e.py")
    patterns = (
        anchored("*_pb2.py", tmp_path),
        anchored("lib/old", tmp_path),
        anchored("lib/*/d.py", tmp_path),
    )
    assert found(tmp_path, extend_exclude=patterns) == ["a.py", "lib/gen/keep/e.py", "old/b.py"]
    assert found(tmp_path, exclude=("old/",)) == ["a.py", "a_pb2.py", "lib/gen/d.py", "lib/gen/keep/e.py"]


def test_pattern_below_a_directory_with_odd_characters(tmp_path: Path) -> None:
    root = tmp_path / "my [old] *project!"
    tree(root, "a.py", "lib/b.py")
    assert found(root, exclude=(anchored("lib/b.py", root),)) == ["a.py"]


def test_gitignore_at_each_level(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "a.py",
        "gen_x.py",
        "sub/gen_y.py",
        "sub/gen_keep.py",
        "sub/local.py",
        "local.py",
        "out/o.py",
    )
    (tmp_path / ".gitignore").write_text("gen_*.py\nout/\n")
    (tmp_path / "sub" / ".gitignore").write_text("!gen_keep.py\n/local.py\n")
    assert found(tmp_path) == ["a.py", "local.py", "sub/gen_keep.py"]
    assert "gen_x.py" in found(tmp_path, respect_gitignore=False)


def test_gitignore_above_the_named_directory(tmp_path: Path) -> None:
    tree(tmp_path, "repo/src/a.py", "repo/src/gen.py", "repo/src/private.py")
    (tmp_path / ".gitignore").write_text("a.py\n")  # outside the repository: not git's business
    (tmp_path / "repo" / ".gitignore").write_text("src/gen.py\n")
    (tmp_path / "repo" / ".git" / "info").mkdir(parents=True)
    (tmp_path / "repo" / ".git" / "info" / "exclude").write_text("private.py\n")
    assert found(tmp_path, tmp_path / "repo" / "src") == ["repo/src/a.py"]


def test_links(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "pkg/m.py")
    (tmp_path / "z.py").symlink_to("a.py")
    (tmp_path / "dangling.py").symlink_to("nowhere.py")
    (tmp_path / "pkg" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert found(tmp_path) == ["a.py", "pkg/m.py"]


def test_directory_that_cannot_be_listed_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a.py", "closed/b.py")
    listing = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr("tf2migrate.files.discovery.os.scandir", scandir)
    assert found(tmp_path) == ["a.py", "closed"]


def test_directory_without_python(tmp_path: Path) -> None:
    tree(tmp_path, "readme.txt")
    assert found(tmp_path) == []
