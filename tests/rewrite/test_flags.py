"""Flags and ``tf.app.run`` become absl, and the command line means what it meant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rewrite.flag_programs import PROGRAMS, FlagProgram
from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, Program, migrate, migrate_text

program = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())


def migrated(files: dict[str, str]) -> Program:
    programs = migrate([source_from_bytes(Path(name), text.encode()) for name, text in files.items()], Settings())
    return next(program for program in programs if program.entry.name == "main.py")


def rewritten(program: FlagProgram) -> dict[str, str]:
    return {file.source.path.name: file.code for file in migrated(program.files).files}


def refusals(text: str) -> list[str]:
    file = migrate_text(text)
    assert file.level is Level.UNCHANGED
    return [finding.code for finding in file.findings if not finding.lint]


# ------------------------------------------------------------------ the text
@program
def test_is_native_and_stays_so(program: FlagProgram) -> None:
    result = migrated(program.files)
    assert result.level is Level.NATIVE, [str(f) for file in result.files for f in file.findings if not f.fixed]
    for name, text in rewritten(program).items():
        compile(text, name, "exec", dont_inherit=True)
        assert not [word for word in ("tf.app", "tf.flags", "compat.v1", "__tf2migrate") if word in text]
    assert migrated(rewritten(program)).level is Level.CLEAN


def test_alias_becomes_an_import() -> None:
    text = rewritten(PROGRAMS["script"])["main.py"]
    assert text.startswith(
        "import os\nimport sys\n\nfrom absl import flags\nimport tensorflow as tf\n\n"
        "# What can be chosen.\nFLAGS = flags.FLAGS\n"
    )


def test_command_line_is_parsed_before_the_first_access() -> None:
    lines = rewritten(PROGRAMS["script"])["main.py"].splitlines()
    at = lines.index("flags.FLAGS(sys.argv)")
    assert lines[at - 1].startswith("flags.DEFINE_boolean")
    assert lines[at + 1 : at + 4] == ["", "# The work.", "print(FLAGS.rate, FLAGS.steps)"]


def test_parse_stands_beside_the_call_under_a_main_guard() -> None:
    text = rewritten(PROGRAMS["without_run"])["main.py"]
    assert text.endswith('    print("begins")\n    flags.FLAGS(sys.argv)\n    work()\n')


def test_app_run_parses_what_only_functions_read() -> None:
    text = rewritten(PROGRAMS["main"])["main.py"]
    assert "sys.argv" not in text
    assert "import sys" not in text
    assert "app.run(main, flags_parser=lambda argv: flags.FLAGS(argv, known_only=True))" in text


def test_old_keywords_are_renamed() -> None:
    text = rewritten(PROGRAMS["main"])["main.py"]
    assert 'flags.DEFINE_float(name="rate", default=0.1, help="step size")' in text


def test_parse_of_the_program_itself_is_enough() -> None:
    assert "flags.FLAGS(sys.argv)" not in rewritten(PROGRAMS["marked"])["main.py"]


def test_taken_names_are_spelled_out() -> None:
    text = rewritten(PROGRAMS["taken"])["main.py"]
    assert "import absl.app\nimport absl.flags\nimport tensorflow as tf\nfrom absl import flags as gflags\n" in text
    assert "show(absl.flags.FLAGS)" in text


def test_native_absl_is_left_alone() -> None:
    text = (
        "from absl import app\nimport tensorflow as tf\n\n\ndef main(_):\n"
        "    print(tf.log(1.0).shape)\n\n\napp.run(main)\n"
    )
    code = migrate_text(text).code
    assert code.endswith("\n\n\napp.run(main)\n")


def test_graph_of_main_is_seen() -> None:
    text = (
        "import tensorflow as tf\n\n\ndef main(_):\n    x = tf.placeholder(tf.float32, [])\n"
        "    with tf.Session() as sess:\n        print(sess.run(x + 1, {x: 2.0}))\n\n\ntf.app.run()\n"
    )
    file = migrate_text(text)
    assert file.level is Level.NATIVE
    assert "tf.function" in file.code or "Session" not in file.code


def test_graph_under_absl_is_seen() -> None:
    text = (
        "from absl import app\nimport tensorflow as tf\n\n\ndef main(_):\n    x = tf.placeholder(tf.float32, [])\n"
        "    with tf.Session() as sess:\n        print(sess.run(x + 1, {x: 2.0}))\n\n\napp.run(main)\n"
    )
    file = migrate_text(text)
    assert file.level is Level.NATIVE
    assert file.code.endswith("\napp.run(main)\n")


def test_parse_stands_above_a_guard_of_one_line() -> None:
    text = DEFINED + "if __name__ == '__main__': print(FLAGS.n)\n"
    assert migrate_text(text).code.endswith("flags.FLAGS(sys.argv)\nif __name__ == '__main__': print(FLAGS.n)\n")


def test_line_ends_are_kept() -> None:
    code = migrate_text((DEFINED + "print(FLAGS.n)\n").replace("\n", "\r\n")).code
    assert code.count("\n") == code.count("\r\n") > 4


def test_flag_set_after_the_graph_was_built_from_it() -> None:
    text = DEFINED + (
        "def net(x):\n    return x * tf.get_variable('w', [1]) * FLAGS.n\n"
        "def main(_):\n    x = tf.placeholder(tf.float32, [])\n    y = net(x)\n    FLAGS.n = 3\n"
        "    with tf.Session() as sess:\n        sess.run(tf.global_variables_initializer())\n"
        "        print(sess.run(y, {x: 1.0}))\ntf.app.run()\n"
    )
    assert "TFM403" in refusals(text)


# ------------------------------------------------------------------ what is refused
DEFINED = 'import tensorflow as tf\nflags = tf.app.flags\nflags.DEFINE_integer("n", 1, "")\nFLAGS = flags.FLAGS\n'


@pytest.mark.parametrize(
    "text",
    [
        "print(FLAGS._flags)\n",
        "print(vars(FLAGS))\n",
        "import json\njson.dumps(FLAGS)\nprint(FLAGS.n)\n",
        "for i in range(2):\n    flags.DEFINE_integer('x%d' % i, 1, '')\n    print(FLAGS.n)\n",
        "tf.app.run()\n",
        "tf.app.run(*[print])\n",
        "def main():\n    print(FLAGS.n)\ntf.app.run()\n",
        "flags.no_such_thing()\n",
        "absl = 1\ndef f(flags):\n    return absl\nprint(FLAGS.n)\n",
        "sys = 1\nprint(FLAGS.n)\n",
    ],
)
def test_is_refused(text: str) -> None:
    assert set(refusals(DEFINED + text)) == {"TFM103"}


def test_what_left_before_1_15_is_told_so() -> None:
    assert set(refusals(DEFINED + "FLAGS._parse_flags()\n")) == {"TFM101"}


# ------------------------------------------------------------------ the behaviour
def behaviour(python: str, folder: Path, programs: dict[str, dict[str, str]]) -> dict[str, list[tuple[list[str], str]]]:
    """What each program prints for each of its arguments, and how it ends, in one Python."""
    jobs: list[tuple[str, list[str]]] = []
    names: list[str] = []
    for name, files in programs.items():
        place = folder / name
        place.mkdir(parents=True)
        for file, text in files.items():
            (place / file).write_text(text, encoding="utf-8")
        for run in PROGRAMS[name].runs:
            jobs.append((str(place), list(run.argv)))
            names.append(name)
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    script = Path(__file__).with_name("run_flags.py")
    command = [python, str(script), str(folder / "jobs.json")]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=600)
    found: dict[str, list[tuple[list[str], str]]] = {}
    for name, (printed, ending) in zip(names, json.loads(done.stdout), strict=True):
        found.setdefault(name, []).append((printed, ending))
    return found


def wanted() -> dict[str, list[tuple[list[str], str]]]:
    return {name: [(list(run.printed), run.ending) for run in each.runs] for name, each in PROGRAMS.items()}


@pytest.mark.slow
def test_rewrites_behave_as_written_down(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    programs = {name: rewritten(program) for name, program in PROGRAMS.items()}
    assert behaviour(sys.executable, tmp_path, programs) == wanted()


@pytest.mark.slow
@pytest.mark.tf1
def test_originals_behave_as_written_down(tmp_path: Path, tf1_python: str) -> None:
    assert behaviour(tf1_python, tmp_path, {name: program.files for name, program in PROGRAMS.items()}) == wanted()
