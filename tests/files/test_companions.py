"""Which files are read besides those that a user names."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, read_source
from tf2migrate.files.companions import Companions, companions, project_of

TF = "import tensorflow as tf\n"


def write(root: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def read_besides(
    root: Path, *names: str, settings: Settings | None = None, importers: bool = True
) -> tuple[set[str], Companions]:
    """The files that are read besides ``names``, relative to ``root``."""
    paths = [root / name for name in names]
    sources: list[SourceFile] = []
    for path in paths:
        sources += (
            [read_source(inner) for inner in sorted(path.rglob("*.py"))] if path.is_dir() else [read_source(path)]
        )
    found = companions(sources, paths, settings or Settings(), importers=importers)
    return {source.path.relative_to(root).as_posix() for source in found.sources}, found


PROJECT = {
    ".git/HEAD": "",
    "train.py": TF + "import model\nimport numpy\n",
    "model.py": TF + "from layers.dense import layer\n",
    "layers/__init__.py": "",
    "layers/dense.py": TF,
    "evaluate.py": TF + "from model import net\nimport report\n",
    "report.py": "import json\n",
    "other.py": TF + "import nothing\n",
    "model_of_something_else.py": "# mentions model, imports nothing\n",
    "sub/model.py": TF,
    "sub/train.py": TF + "import model\n",
}


@pytest.mark.parametrize(
    ("name", "besides"),
    [
        pytest.param("train.py", {"model.py", "layers/__init__.py", "layers/dense.py"}, id="imports"),
        pytest.param("other.py", set(), id="imports nothing"),
        pytest.param("sub/train.py", {"sub/model.py"}, id="a module of the same name elsewhere"),
    ],
)
def test_imports(tmp_path: Path, name: str, besides: set[str]) -> None:
    write(tmp_path, PROJECT)
    assert read_besides(tmp_path, name, importers=False)[0] == besides


@pytest.mark.parametrize(
    ("name", "besides"),
    [
        pytest.param(
            "train.py",
            {"model.py", "layers/__init__.py", "layers/dense.py", "evaluate.py", "report.py"},
            id="a program that shares the model, with what it imports",
        ),
        pytest.param(
            "layers/dense.py",
            {"model.py", "layers/__init__.py", "train.py", "evaluate.py", "report.py"},
            id="importers of importers",
        ),
        pytest.param("other.py", set(), id="nobody imports it"),
        pytest.param("report.py", set(), id="not TensorFlow"),
        pytest.param("sub/model.py", {"sub/train.py"}, id="the nearest module of a name"),
        pytest.param(".", set(), id="the whole project"),
    ],
)
def test_importers(tmp_path: Path, name: str, besides: set[str]) -> None:
    write(tmp_path, PROJECT)
    assert read_besides(tmp_path, name)[0] == besides


def test_file_without_tensorflow_that_imports_some(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import trainer\n", "trainer.py": TF, "other.py": "import trainer\n"})
    assert read_besides(tmp_path, "main.py")[0] == {"trainer.py", "other.py"}


def test_imports_from_the_folder_above(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "",
            "pkg/__init__.py": "",
            "pkg/net.py": TF,
            "scripts/train.py": TF + "from pkg.net import net\n",
            "scripts/deep/run.py": TF + "from ..train import x\n",
        },
    )
    assert read_besides(tmp_path, "scripts/train.py", importers=False)[0] == {"pkg/__init__.py", "pkg/net.py"}
    assert "scripts/train.py" in read_besides(tmp_path, "scripts/deep/run.py")[0]
    assert read_besides(tmp_path, "scripts")[0] == {"pkg/__init__.py", "pkg/net.py"}


def test_nothing_above_the_project_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"model.py": TF, "project/.git/HEAD": "", "project/train.py": TF + "import model\n"})
    assert read_besides(tmp_path, "project/train.py")[0] == set()


def test_without_a_project_the_folder_is_the_project(tmp_path: Path) -> None:
    write(tmp_path, {"model.py": TF, "b/train.py": TF + "import model\n", "b/user.py": TF + "import train\n"})
    assert read_besides(tmp_path, "b/train.py")[0] == {"b/user.py"}


def test_excluded_and_ignored_files_stay_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".git/HEAD": "",
            ".gitignore": "built_*.py\n",
            "train.py": TF + "import model\nimport vendored.net\n",
            "model.py": TF,
            "vendored/net.py": TF,
            "venv/user.py": TF + "import model\n",
            "built_user.py": TF + "import model\n",
        },
    )
    settings = dataclasses.replace(Settings(), extend_exclude=("vendored",))
    assert read_besides(tmp_path, "train.py", settings=settings)[0] == {"model.py"}
    slash = dataclasses.replace(Settings(), extend_exclude=(f"{tmp_path}/vendored/*.py",))
    assert read_besides(tmp_path, "train.py", settings=slash)[0] == {"model.py"}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"train.py": TF + "import model\n", "model.py": "print 'x'\n", "old.py": "import train\nprint 'x'\n"},
    )
    besides, found = read_besides(tmp_path, "train.py")
    assert besides == set()
    assert [(os.path.basename(problem.path), problem.code) for problem in found.problems] == [("model.py", "TFM002")]


def test_names_are_relative_like_those_that_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a/.git/HEAD": "", "a/train.py": TF + "import model\n", "a/model.py": TF})
    monkeypatch.chdir(tmp_path)
    path = Path("a/train.py")
    assert [str(s.path) for s in companions([read_source(path)], [path], Settings()).sources] == ["a/model.py"]
    monkeypatch.chdir(tmp_path / "a")
    path = Path("train.py")
    assert [str(s.path) for s in companions([read_source(path)], [path], Settings()).sources] == ["model.py"]


def test_large_project_is_cut_off_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf2migrate.files.companions.SEARCHED", 4)
    write(tmp_path, {".git/HEAD": "", "train.py": TF, **{f"user_{i}.py": "import train\n" for i in range(9)}})
    besides, found = read_besides(tmp_path, "train.py")
    assert besides
    assert len(besides) < 9
    assert found.unsearched == [str(tmp_path)]


def test_not_more_than_so_many_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf2migrate.files.companions.READ", 2)
    write(tmp_path, {"train.py": TF, **{f"user_{i}.py": "import train\n" for i in range(9)}})
    besides, found = read_besides(tmp_path, "train.py")
    assert len(besides) == 2
    assert found.unsearched == [str(tmp_path)]


@pytest.mark.parametrize(
    ("names", "folder", "expected"),
    [
        pytest.param([".git/HEAD", "a/setup.py", "a/b/x.py"], "a/b", ".", id="repository"),
        pytest.param(["setup.py", "a/pyproject.toml", "a/b/x.py"], "a/b", "a", id="nearest project"),
        pytest.param(["a/b/__init__.py", "a/__init__.py"], "a/b", ".", id="above the package"),
        pytest.param(["a/b/x.py"], "a/b", "a/b", id="the folder itself"),
        pytest.param(["site-packages/a/__init__.py"], "site-packages/a", "site-packages/a", id="installed package"),
    ],
)
def test_project_of(tmp_path: Path, names: list[str], folder: str, expected: str) -> None:
    write(tmp_path, dict.fromkeys(names, ""))
    assert project_of(str(tmp_path / folder)) == str((tmp_path / expected).resolve())
