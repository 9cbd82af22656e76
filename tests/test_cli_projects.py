"""Files of a project that are named alone: what they import and what else uses that is taken along."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.test_migrate import MODEL, PLAIN, REFUSED, TRAIN
from tf2migrate.cli import main

Run = Callable[..., "Result"]


@dataclass(frozen=True)
class Result:
    """What one call of the program did."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the program in a directory that is a project of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")

    def call(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["tf2migrate", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        return Result(int(caught.value.code or 0), captured.out, captured.err)

    return call


def write(root: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def test_patch_holds_what_is_imported(run: Run, tmp_path: Path) -> None:
    write(tmp_path, train=TRAIN, model=MODEL)
    result = run("train.py")
    assert result.code == 1
    assert "--- a/train.py\n" in result.out
    assert "--- a/model.py\n" in result.out
    assert "migrated with what was named, since they are used together: model.py\n" in result.err
    assert "1 program: 1 native" in result.err
    subprocess.run(["git", "apply"], input=result.out, text=True, cwd=tmp_path, check=True)
    assert "get_variable" not in (tmp_path / "model.py").read_text()


@pytest.mark.parametrize("named", ["train.py", "evaluate.py", "model.py", "."])
def test_fix_writes_all_programs_that_share_a_model(run: Run, tmp_path: Path, named: str) -> None:
    write(tmp_path, train=TRAIN, evaluate=TRAIN, model=MODEL)
    result = run("fix", named)
    assert result.err.count("rewrote ") == 3
    assert not any("Session" in path.read_text() for path in tmp_path.glob("*.py"))


@pytest.mark.parametrize("named", ["train.py", "model.py"])
def test_other_program_that_must_stay_is_not_broken(run: Run, tmp_path: Path, named: str) -> None:
    write(tmp_path, train=TRAIN, evaluate=REFUSED, model=MODEL)
    result = run("fix", named)
    assert result.code == 1
    assert "train.py:3:1: TFM410 this import leads to `model.py`, which `evaluate.py` needs as it is" in result.err
    assert "evaluate.py:10: TFM807" in result.err
    assert (tmp_path / "train.py").read_text() == TRAIN
    assert (tmp_path / "model.py").read_text() == MODEL


def test_unrelated_programs_are_left_alone(run: Run, tmp_path: Path) -> None:
    write(tmp_path, train=TRAIN, model=MODEL, other=PLAIN)
    assert "other" not in run("fix", "train.py").err
    assert (tmp_path / "other.py").read_text() == PLAIN


def test_package_above_the_script(run: Run, tmp_path: Path) -> None:
    write(tmp_path, net__model=MODEL, net____init__="", scripts__train=TRAIN.replace("from model", "from net.model"))
    result = run("fix", "scripts/train.py")
    assert "rewrote scripts/train.py" in result.err
    assert "rewrote net/model.py" in result.err


def test_imported_file_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    write(tmp_path, train=TRAIN, model=MODEL + "print 'x'\n")
    result = run("train.py")
    assert (result.code, result.out) == (1, "")
    assert "train.py:3:1: TFM401 `model.py`, to which this import leads, cannot be read" in result.err
    assert "line 7 of it: Python 2 source: a print statement" in result.err
    assert run(".").code == 2


def test_graph_shows_the_imported_files(run: Run, tmp_path: Path) -> None:
    write(tmp_path, train=TRAIN, model=MODEL, other=PLAIN)
    result = run("graph", "train.py")
    assert result.code == 0
    assert result.out.startswith("train.py (with model.py)\n")
    assert "other.py" not in result.out


def test_large_project_is_mentioned(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf2migrate.files.companions.SEARCHED", 2)
    write(tmp_path, train=TRAIN, model=MODEL, a="", b="", c="")
    assert "is large: not all of it was searched" in run("train.py").err


def test_safe_fixes_on_request(run: Run, tmp_path: Path) -> None:
    old = REFUSED.replace("y = linear(x)", "y = tf.log(linear(x))")
    write(tmp_path, train=old, model=MODEL)
    assert "1 program: 1 unchanged\n" in run("fix", ".").err
    assert (tmp_path / "train.py").read_text() == old
    assert "+y = tf.math.log(linear(x))\n" in run("--partial", ".").out
    result = run("fix", "--partial", ".")
    assert result.code == 1
    assert result.err.startswith("rewrote train.py\n")
    assert "1 program: 1 partial\nwhy 1 program is not native:\n" in result.err
    assert (tmp_path / "train.py").read_text() == old.replace("tf.log", "tf.math.log")
    assert (tmp_path / "model.py").read_text() == MODEL
    assert "1 program: 1 unchanged\n" in run("fix", "--partial", ".").err


def test_programs_on_compat_where_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    write(tmp_path, train=REFUSED, model=MODEL)
    assert "+import tensorflow.compat.v1 as tf\n+tf.disable_v2_behavior()\n" in run("--compat", ".").out
    result = run("fix", "--compat", ".")
    assert result.code == 1
    assert "1 program: 1 compat\nwhy 1 program is not native:\n" in result.err
    for name in ("train", "model"):
        assert "import tensorflow.compat.v1 as tf\n" in (tmp_path / f"{name}.py").read_text()
    assert "rewrote" not in run("fix", "--compat", ".").err


def test_safe_fixes_by_configuration(run: Run, tmp_path: Path) -> None:
    write(tmp_path, plain=REFUSED.replace("y = linear(x)", "y = tf.log(linear(x))"), model=MODEL)
    (tmp_path / "pyproject.toml").write_text('[tool.tf2migrate]\nfallback = "partial"\noutput-format = "concise"\n')
    assert "plain.py:6:5: TFM101 [*] `tf.log` is not part of TensorFlow 2\n" in run("check", ".").out
    assert "1 program: 1 partial\n" in run("fix", ".").err


# ------------------------------------------------------------------ what the official upgrade script is known to do
@pytest.mark.parametrize("options", [[], ["--partial"]], ids=["native", "partial"])
def test_files_that_cannot_be_read_keep_their_bytes_and_end_nothing(
    run: Run, tmp_path: Path, options: list[str]
) -> None:
    """`tf_upgrade_v2 --inplace` empties a file that it cannot parse, stops a tree at it, and ends with 0."""
    bad = {
        "a_broken.py": b"import tensorflow as tf\nx = (tf.log(\n",
        "a_python2.py": b"import tensorflow as tf\nprint tf.log(1.0)\n",
        "a_undecodable.py": b"import tensorflow as tf\nx = '\xff'\n",
    }
    for name, raw in bad.items():
        (tmp_path / name).write_bytes(raw)
    write(tmp_path, z_plain=PLAIN)
    result = run("fix", *options, ".")
    assert result.code == 2
    assert {name: (tmp_path / name).read_bytes() for name in bad} == bad
    assert all(f"{name}:" in result.err for name in bad)
    assert (tmp_path / "z_plain.py").read_text() == PLAIN.replace("tf.log", "tf.math.log")


@pytest.mark.parametrize("options", [[], ["--partial"]], ids=["native", "partial"])
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(PLAIN.replace("\n", "\r\n").encode(), id="line ends of Windows"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN.encode(), id="byte order mark"),
        pytest.param(f"# coding: latin-1\n# \xe9t\xe9\n{PLAIN}".encode("latin-1"), id="latin-1"),
        pytest.param(PLAIN.rstrip("\n").encode(), id="no last newline"),
        pytest.param(PLAIN.replace("\nprint", "\nif 1:\n\tprint").encode(), id="tabs"),
    ],
)
def test_no_other_byte_changes(run: Run, tmp_path: Path, raw: bytes, options: list[str]) -> None:
    """`tf_upgrade_v2` writes the line ends of the system and UTF-8."""
    if options:  # what no program can have that becomes native
        ending = b"\r\n" if b"\r\n" in raw else b"\n"
        raw = raw.rstrip(ending) + ending + b"tf.import_graph_def(None)" + ending * raw.endswith(ending)
    (tmp_path / "a.py").write_bytes(raw)
    result = run("fix", *options, "a.py")
    assert f"1 {'partial' if options else 'native'}\n" in result.err
    assert (tmp_path / "a.py").read_bytes() == raw.replace(b"tf.log", b"tf.math.log")
