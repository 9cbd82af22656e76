"""The commands as a user meets them. What the migration itself does is stood in for by one replacement."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tf2migrate
from tf2migrate.cli import main
from tf2migrate.config import Settings
from tf2migrate.files import SourceFile
from tf2migrate.findings import Finding
from tf2migrate.migrate import FileMigration, Level, Program

OLD = "import tensorflow as tf\n\nx = tf.log(1.0)\n"
NEW = "import tensorflow as tf\n\nx = tf.math.log(1.0)\n"
REFUSED = "import tensorflow as tf\n\ny = tf.mystery()\n"
CLEAN = "print('no TensorFlow here')\n"


@dataclass(frozen=True)
class Result:
    """What one call of the program did."""

    code: int
    out: bytes
    err: str


Run = Callable[..., Result]


def stand_in(sources: Sequence[SourceFile], settings: Settings, **options: Any) -> list[Program]:
    """Renames ``tf.log``, refuses ``tf.mystery`` and breaks on ``tf.crash``; each file is a program."""
    programs = []
    for source in sources:
        if "tf.crash" in source.text:
            try:
                raise KeyError("crash")
            except KeyError as error:
                options["on_crash"]((str(source.path),), error)
            continue
        findings = []
        for number, line in enumerate(source.text.splitlines(), 1):
            if "tf.log" in line:
                column = line.index("tf.log") + 1
                findings.append(Finding(str(source.path), number, column, "TFM101", "`tf.log` was removed", fixed=True))
            if "tf.mystery" in line:
                column = line.index("tf.mystery") + 1
                findings.append(
                    Finding(str(source.path), number, column, "TFM401", "cannot be followed", "simplify it")
                )
        code = source.text.replace("tf.log", "tf.math.log")
        level = Level.UNCHANGED if "mystery" in source.text else Level.NATIVE if findings else Level.CLEAN
        programs.append(Program(source.path, (FileMigration(source, code, tuple(findings), level),), level, ()))
    return programs


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs the program in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tf2migrate.migrate.migrate", stand_in)

    def call(*arguments: str | Path, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "argv", ["tf2migrate", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsysbinary.readouterr()
        return Result(int(caught.value.code or 0), captured.out, captured.err.decode())

    return call


def write(root: Path, **contents: str | bytes) -> None:
    for name, content in contents.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (root / f"{name}.py").write_bytes(raw)


def test_dry_run_is_the_default(run: Run, tmp_path: Path) -> None:
    write(tmp_path, old=OLD, refused=REFUSED, clean=CLEAN)
    result = run(".")
    assert result.code == 1
    assert b"--- a/old.py\n+++ b/old.py\n" in result.out
    assert b"-x = tf.log(1.0)\n+x = tf.math.log(1.0)\n" in result.out
    assert "refused.py:3:5: TFM401 cannot be followed" in result.err
    assert "2 programs: 1 native, 1 unchanged (and 1 without TensorFlow 1)" in result.err
    assert "TFM101" not in result.err  # what the patch removes is in the patch
    assert (tmp_path / "old.py").read_text() == OLD


def test_patch_applies(run: Run, tmp_path: Path) -> None:
    write(tmp_path, old=OLD.replace("\n", "\r\n").encode(), latin=b"# coding: latin-1\n# \xe9\n" + OLD.encode())
    subprocess.run(["git", "apply"], input=run("old.py", "latin.py").out, cwd=tmp_path, check=True)
    assert (tmp_path / "old.py").read_bytes() == NEW.replace("\n", "\r\n").encode()
    assert (tmp_path / "latin.py").read_bytes() == b"# coding: latin-1\n# \xe9\n" + NEW.encode()


def test_options_before_the_path(run: Run, tmp_path: Path) -> None:
    write(tmp_path, refused=REFUSED)
    result = run("--output-format", "concise", "refused.py")
    assert result.err.startswith("refused.py:3:5: TFM401 cannot be followed\n1 program: 1 unchanged\n")


def test_directory_that_is_named_like_a_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "verify").mkdir()
    write(tmp_path / "verify", old=OLD)
    for argument in ("./verify", tmp_path / "verify"):
        assert b"a/verify/old.py" in run(argument).out


def test_clean_file(run: Run, tmp_path: Path) -> None:
    write(tmp_path, clean=CLEAN)
    assert run("clean.py") == Result(0, b"", "nothing to migrate in 1 program\n")
    assert run("check", "clean.py") == Result(0, b"", "no findings in 1 file\n")
    assert run("fix", "clean.py").code == 0


def test_check(run: Run, tmp_path: Path) -> None:
    write(tmp_path, old=OLD, refused=REFUSED)
    result = run("check", "--output-format=concise", "old.py", "refused.py")
    assert result.code == 1
    assert result.out.decode().splitlines() == [
        "old.py:3:5: TFM101 [*] `tf.log` was removed",
        "refused.py:3:5: TFM401 cannot be followed",
    ]
    assert result.err == "2 findings in 2 files; `tf2migrate fix` removes 1 [*]\n"
    assert (tmp_path / "old.py").read_text() == OLD


def test_fix(run: Run, tmp_path: Path) -> None:
    write(tmp_path, old=OLD, refused=REFUSED)
    result = run("fix", ".")
    assert (result.code, result.out) == (1, b"")
    assert "rewrote old.py" in result.err
    assert (tmp_path / "old.py").read_text() == NEW
    assert (tmp_path / "refused.py").read_text() == REFUSED
    assert run("fix", "old.py").code == 0


def test_fix_of_a_file_that_cannot_be_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, old=OLD, other=OLD)
    writable = os.access
    monkeypatch.setattr(
        "tf2migrate.files.writing.os.access",
        lambda path, mode: "old" not in str(path) and writable(path, mode),
    )
    result = run("fix", ".")
    assert result.code == 2
    assert "old.py:1:1: TFM005 cannot be written: is read-only" in result.err
    assert "rewrote other.py" in result.err
    assert "2 programs: 1 native, 1 unchanged" in result.err
    assert (tmp_path / "old.py").read_text() == OLD


def test_file_that_cannot_be_parsed_is_named_and_the_rest_goes_on(run: Run, tmp_path: Path) -> None:
    write(tmp_path, broken="x = (\n", two='print "x"\n', odd=b"x = '\xff'\n", old=OLD)
    for command in ("diff", "check", "fix"):
        result = run(command, ".", "missing.py")
        said = result.err + result.out.decode()
        assert result.code == 2
        for words in (
            "broken.py:1:5: TFM001",
            "two.py:1:1: TFM002",
            "odd.py:1:1: TFM003",
            "missing.py:1:1: TFM005",
        ):
            assert words in said
    assert (tmp_path / "old.py").read_text() == NEW
    assert (tmp_path / "broken.py").read_text() == "x = (\n"


def test_notebook_is_a_finding(run: Run, tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text('{"cells": ["import tensorflow"]}')
    result = run(".")
    assert result.code == 1
    assert "n.ipynb:1:1: TFM004 notebooks are not supported yet" in result.err


def test_internal_error_is_one_short_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def migrate(*arguments: object, **options: object) -> list[Program]:
        raise ValueError("value\n" * 100_000)

    monkeypatch.setattr("tf2migrate.migrate.migrate", migrate)
    write(tmp_path, a=OLD)
    [line] = [line for line in run("fix", ".").err.splitlines() if "ValueError" in line]
    assert len(line) < 500


def test_directory_without_python(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("empty")
    assert (result.code, result.out) == (0, b"")
    assert "no Python files found in empty" in result.err


def test_bug_in_one_program_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    write(tmp_path, bad="import tensorflow as tf\ntf.crash()\n", old=OLD)
    result = run("fix", ".")
    assert result.code == 2
    assert "bad.py: internal error: KeyError: 'crash'" in result.err
    assert "a bug in tf2migrate" in result.err
    assert "Traceback" not in result.err
    assert (tmp_path / "old.py").read_text() == NEW


def test_bug_that_no_single_program_brings_to_light(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def migrate(*arguments: object, **options: object) -> list[Program]:
        raise RecursionError("together")

    monkeypatch.setattr("tf2migrate.migrate.migrate", migrate)
    write(tmp_path, a=OLD, b=OLD)
    result = run("fix", ".")
    assert result.code == 2
    assert "a.py (and 1 other files): internal error: RecursionError: together" in result.err
    assert (tmp_path / "a.py").read_text() == OLD


def test_bug_outside_of_the_programs(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> str:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("tf2migrate.report.summary.summary", broken)
    write(tmp_path, old=OLD)
    result = run("old.py")
    assert result.code == 2
    assert result.err.splitlines()[-1].startswith("Error: ZeroDivisionError: oops")


def test_traceback_on_request(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF2MIGRATE_TRACEBACK", "1")
    write(tmp_path, bad="import tensorflow as tf\ntf.crash()\n")
    assert "Traceback (most recent call last)" in run("bad.py").err


def test_stdin(run: Run) -> None:
    result = run("-", "--stdin-filename", "train.py", stdin=OLD.encode())
    assert result.code == 1
    assert result.out.startswith(b"--- a/train.py\n+++ b/train.py\n")
    assert b"<stdin>:3:5: TFM101" in run("check", "-", stdin=OLD.encode()).out


@pytest.mark.parametrize(
    ("text", "expected", "code"),
    [
        pytest.param(OLD, NEW, 1, id="rewritten"),
        pytest.param(CLEAN, CLEAN, 0, id="nothing to do"),
        pytest.param("x = (\r\n", "x = (\r\n", 2, id="broken"),
        pytest.param("", "", 0, id="empty"),
    ],
)
def test_fix_of_stdin_writes_the_result_on_stdout(run: Run, text: str, expected: str, code: int) -> None:
    result = run("fix", "-", stdin=text.encode())
    assert (result.code, result.out) == (code, expected.encode())


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-", "a.py"], id="stdin and a path"),
        pytest.param(["verify", "-"], id="stdin cannot be run"),
        pytest.param(["check"], id="no path"),
        pytest.param(["fix", ""], id="empty path"),
        pytest.param(["--no-such-option", "a.py"], id="unknown option"),
        pytest.param(["check", "--select", "E501", "a.py"], id="not a code"),
        pytest.param(["check", "--select", "TFM99", "a.py"], id="no rule with this code"),
        pytest.param(["rule"], id="no rule named"),
        pytest.param(["rule", "TFM101", "--all"], id="one rule and all"),
        pytest.param(["rule", "TFM999"], id="unknown rule"),
        pytest.param(["graph", "--format", "png", "a.py"], id="unknown format"),
    ],
)
def test_usage_errors(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, a=CLEAN)
    result = run(*arguments)
    assert (result.code, result.out) == (2, b"")
    assert "Error: " in result.err


def test_select_and_ignore(run: Run, tmp_path: Path) -> None:
    write(tmp_path, old=OLD, refused=REFUSED)
    assert b"TFM401" not in run("check", "--select", "TFM1,TFM2", ".").out
    assert b"TFM101" not in run("check", "--ignore", "TFM1", ".").out
    assert run("check", "--ignore", "TFM4", "--ignore", "TFM1", "refused.py").code == 0


def test_configuration_and_options(run: Run, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "gen").mkdir(parents=True)
    write(project, old=OLD, refused=REFUSED)
    write(project / "gen", made=OLD)
    (project / "pyproject.toml").write_text(
        '[tool.tf2migrate]\nextend-exclude = ["gen/*.py"]\nignore = ["TFM1"]\noutput-format = "concise"\n'
    )
    assert run("check", "project").out == b"project/refused.py:3:5: TFM401 cannot be followed\n"
    assert run("check", "--extend-exclude", "project/refused.py", "project").code == 0
    assert b"made.py" in run("check", "--exclude", "nothing", "--ignore", "TFM4", "project/gen/made.py").out
    (project / "pyproject.toml").write_text("[tool.tf2migrate]\nexclud = []\n")
    result = run("check", "project")
    assert result.code == 2
    assert "pyproject.toml: unknown key `tool.tf2migrate.exclud`; did you mean `exclude`?" in result.err


def test_colours(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, old=OLD)
    assert b"\x1b[" not in run("old.py").out
    assert b"\x1b[32m+x" in run("--color", "always", "old.py").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b[" in run("check", "--color=always", "old.py").out
    assert b"\x1b[" not in run("check", "--color=never", "old.py").out


def test_patch_of_files_elsewhere_says_where(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    write(tmp_path / "there", old=OLD)
    monkeypatch.chdir(tmp_path / "here")
    result = run("../there/old.py")
    assert result.out.startswith(b"--- a/old.py\n")
    assert f"the paths in the patch are relative to {(tmp_path / 'there').resolve()}" in result.err


def test_rule(run: Run) -> None:
    assert run("rule", "TFM401").out.startswith(b"# unresolved-slice (TFM401)\n")
    assert run("rule", "unresolved-slice").out == run("rule", "tfm401").out
    every = run("rule", "--all").out.decode()
    assert every.count("\n## Why is this bad?\n") == len(tf2migrate.rules.all_rules())  # type: ignore[attr-defined]


def test_verify_hands_on_its_options(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tf2migrate.verify import compare

    calls = []

    def verify_paths(sources: Sequence[SourceFile], settings: Settings, **options: object) -> int:
        calls.append(([source.path.name for source in sources], options))
        options["echo"]("said")  # type: ignore[operator]
        return 0

    monkeypatch.setattr(compare, "verify_paths", verify_paths)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    write(tmp_path, old=OLD, broken="x = (\n")
    assert run("verify", "old.py", "--steps", "5", "--oracle", "auto").out == b"said\n"
    (files, options), *_ = calls
    assert files == ["old.py"]
    assert {key: options[key] for key in ("steps", "rtol", "oracle")} == {
        "steps": 5,
        "rtol": 1e-4,
        "oracle": "auto",
    }
    assert run("verify", ".").code == 2


def test_verify_without_tensorflow(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    write(tmp_path, old=OLD)
    result = run("verify", "old.py")
    assert result.code == 2
    assert "tf2migrate[verify]" in result.err


def test_help_and_version(run: Run) -> None:
    assert run("--version").out.decode() == f"tf2migrate {tf2migrate.__version__}\n"
    help_text = run("--help").out.decode()
    for command in ("check", "fix", "verify", "rule", "graph"):
        assert f"\n  {command} " in help_text
    assert run("--help").code == 0
    assert run("fix", "--help").code == 0


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A pipeline, with the checkout importable and this Python as ``$PYTHON``."""
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "PYTHON": sys.executable}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=cwd, env=environment, capture_output=True, text=True
    )


def test_reader_that_goes_away(tmp_path: Path) -> None:
    done = shell('"$PYTHON" -m tf2migrate rule --all | head -n 1', tmp_path)
    assert done.stderr == ""
    assert done.stdout.startswith("# syntax-error (TFM001)")
    assert done.returncode == 0
    for number in range(2000):
        (tmp_path / f"broken_{number}.py").write_text("x = (\n")
    done = shell('"$PYTHON" -m tf2migrate check --output-format concise . | head -n 1', tmp_path)
    assert done.stdout == "broken_0.py:1:5: TFM001 '(' was never closed\n"
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_messages_that_nobody_reads_do_not_stop_the_work(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"broken_{number}.py").write_text("x = (\n")
    done = shell('"$PYTHON" -m tf2migrate . 2>&1 | head -n 1', tmp_path)
    assert done.stdout.startswith("broken_0.py:1:5: TFM001")
    assert done.returncode == 2


def test_slow_imports_are_not_made_for_help(tmp_path: Path) -> None:
    slow = "{'libcst', 'tensorflow', 'pathspec', 'numpy'}"
    code = f"import sys; import tf2migrate.cli; print({slow} & set(sys.modules))"
    assert shell(f'"$PYTHON" -c "{code}"', tmp_path).stdout == "set()\n"


def test_message_about_a_file_whose_name_is_not_utf8(tmp_path: Path) -> None:
    try:
        (tmp_path / "caf\udce9.py").write_text("x = (\n")
    except (OSError, UnicodeError):
        pytest.skip("the file system allows only UTF-8 names")
    done = shell('"$PYTHON" -m tf2migrate check .', tmp_path)
    assert done.returncode == 2
    assert "TFM001" in done.stdout
    assert "Traceback" not in done.stderr


def test_convert_checkpoint_tells_which_variable_is_which(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tf2migrate.verify import conversion
    from tf2migrate.verify.identities import Source

    def convert(sources: Sequence[SourceFile], *arguments: object, **options: object) -> conversion.Converted:
        assert [source.path.name for source in sources] == ["old.py"]
        assert arguments[1:] == ("a/model", "b/model")
        assert (options["steps"], options["oracle"], options["timeout"]) == (7, None, 120)
        found = {
            "w": Source("scope/w"),
            "sgd/w": Source("scope/w/Momentum", -0.5),
            "b": Source("scope/b", inferred=True),
        }
        return conversion.Converted(found, ("sgd/iteration",))

    monkeypatch.setattr(conversion, "convert", convert)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    write(tmp_path, old=OLD)
    assert run("convert-checkpoint", "old.py", "a/model", "b/model", "--steps", "7").out.decode().splitlines() == [
        "b <- scope/b, by the names of its neighbours",
        "sgd/w <- scope/w/Momentum * -0.5",
        "w <- scope/w",
        "sgd/iteration starts anew: TensorFlow 1 had no such counter",
    ]


def test_convert_checkpoint_needs_a_program_that_comes_out_native(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    write(tmp_path, old=REFUSED)
    result = run("convert-checkpoint", "old.py", "a", "b")
    assert result.code == 2
    assert "0 programs that run a graph come out native" in result.err
