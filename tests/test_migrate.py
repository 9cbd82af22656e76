"""The use case as a whole: what makes a program, what is parsed, and what becomes of files that programs share."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, SourceProblem, source_from_bytes
from tf2migrate.migrate import Level, Program, instrument, migrate, migrate_text
from tf2migrate.names import project as names

MODEL = """\
import tensorflow as tf


def linear(x):
    w = tf.get_variable("w", [2, 1])
    return tf.matmul(x, w)
"""
TRAIN = """\
import numpy as np
import tensorflow as tf
from model import linear

x = tf.placeholder(tf.float32, [None, 2])
y = linear(x)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(y, {x: np.ones([3, 2])}))
"""
REFUSED = TRAIN + "tf.import_graph_def(None)\n"
PLAIN = "import tensorflow as tf\n\nprint(tf.log(1.0))\n"


def sources(texts: dict[str, str]) -> list[SourceFile]:
    return [source_from_bytes(Path(name), text.encode()) for name, text in texts.items()]


def programs(texts: dict[str, str], **options: object) -> dict[str, Program]:
    """The programs by their entry files."""
    found = migrate(sources(texts), Settings(), **options)  # type: ignore[arg-type]
    return {str(program.entry): program for program in found}


def levels(texts: dict[str, str], **options: object) -> dict[str, str]:
    return {name: program.level.value for name, program in programs(texts, **options).items()}


def paths(program: Program) -> list[str]:
    return [str(file.source.path) for file in program.files]


def open_findings(program: Program) -> list[tuple[str, int, str, str]]:
    """What stands in the way, without the idioms."""
    return [
        (finding.path, finding.line, finding.code, f"{finding.message} | {finding.advice}".removesuffix(" | "))
        for file in program.files
        for finding in file.findings
        if not finding.fixed and not finding.lint
    ]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were parsed losslessly."""
    calls: list[str] = []
    parse = names.parse

    def counted(source: SourceFile) -> names.Module:
        calls.append(str(source.path))
        return parse(source)

    monkeypatch.setattr(names, "parse", counted)
    return calls


# ---------------------------------------------------------------------- what is parsed
def test_files_without_tensorflow_are_not_parsed(parsed: list[str]) -> None:
    texts = {f"m{i}.py": f"import m{(i + 1) % 50}\n" for i in range(50)}
    assert set(levels(texts).values()) == {"clean"}
    assert set(programs(texts)) == set(texts)
    assert parsed == []


def test_only_what_a_tensorflow_program_imports_is_parsed(parsed: list[str]) -> None:
    texts = {"train.py": TRAIN, "model.py": MODEL, "other.py": "import unrelated\n", "unrelated.py": "import model2\n"}
    assert levels(texts) == {"train.py": "native", "other.py": "clean", "unrelated.py": "clean"}
    assert sorted(parsed) == ["model.py", "train.py"]


def test_each_file_is_parsed_once(parsed: list[str]) -> None:
    migrate(sources({"train.py": TRAIN, "evaluate.py": TRAIN, "model.py": MODEL}), Settings())
    assert sorted(parsed) == ["evaluate.py", "model.py", "train.py"]


def test_helpers_of_tensorflow_2_programs_are_not_parsed(parsed: list[str]) -> None:
    texts = {"new.py": "import tensorflow as tf\nimport helper\ntf.print(1)\n", "helper.py": "x = 1\n"}
    assert levels(texts) == {"new.py": "clean"}
    assert parsed == ["new.py"]


def test_file_that_only_imports_a_tensorflow_program_belongs_to_it() -> None:
    texts = {"main.py": "import train\n", "train.py": TRAIN, "model.py": MODEL}
    found = programs(texts)
    assert set(found) == {"main.py"}
    assert paths(found["main.py"]) == ["main.py", "train.py", "model.py"]


def test_slim_without_tensorflow_counts_as_tensorflow() -> None:
    assert levels({"a.py": "import tf_slim as slim\n\nx = slim.conv2d(1, 2, 3)\n"}) != {"a.py": "clean"}


def test_every_source_is_in_a_program() -> None:
    texts = {"a.py": "import b\n", "b.py": PLAIN + "import a\n", "c.py": "", "d.py": PLAIN, "e.py": "import d\n"}
    assert {path for program in programs(texts).values() for path in paths(program)} == set(texts)


@pytest.mark.slow
def test_many_files_take_seconds() -> None:
    """200 files and 100 runs; the bound is far above what it takes, and far below what it took."""
    texts = {f"part_{i}.py": f"def size_{i}():\n    return {i}\n" for i in range(100)}
    texts |= {
        f"layer_{i}.py": f"import tensorflow as tf\n\n\ndef head_{i}(x):\n    return tf.abs(x) * {i}.0\n"
        for i in range(99)
    }
    lines = ["import numpy as np", "import tensorflow as tf", *(f"import part_{i}" for i in range(100))]
    lines += [f"from layer_{i} import head_{i}" for i in range(99)]
    lines += ["x = tf.placeholder(tf.float32, [None])", *(f"y_{i} = head_{i}(x)" for i in range(99))]
    lines += ["with tf.Session() as sess:"]
    lines += [f"    print(sess.run(y_{i % 99}, {{x: np.ones([part_{i}.size_{i}()])}}))" for i in range(100)]
    start = time.perf_counter()
    found = programs({"main.py": "\n".join(lines) + "\n", **texts})
    assert time.perf_counter() - start < 60
    assert len(found["main.py"].files) == 200


# ---------------------------------------------------------------------- programs that share files
def test_programs_that_share_a_model_are_migrated_together() -> None:
    found = programs({"train.py": TRAIN, "evaluate.py": TRAIN, "model.py": MODEL})
    assert {name: program.level for name, program in found.items()} == dict.fromkeys(
        ["train.py", "evaluate.py"], Level.NATIVE
    )
    texts = {file.code for program in found.values() for file in program.files if file.source.path.name == "model.py"}
    assert len(texts) == 1
    assert "get_variable" not in texts.pop()


def test_shared_file_is_left_alone_when_one_program_needs_it_as_it_is() -> None:
    found = programs({"train.py": TRAIN, "evaluate.py": REFUSED, "model.py": MODEL})
    assert {program.level for program in found.values()} == {Level.UNCHANGED}
    assert all(file.code == file.source.text for program in found.values() for file in program.files)
    ((path, line, code, text),) = open_findings(found["train.py"])
    assert (path, line, code) == ("train.py", 3, "TFM410")
    assert text.startswith("this import leads to `model.py`, which `evaluate.py` needs as it is, because that is not")
    assert "evaluate.py:10: TFM807" in text


def test_refusal_spreads_over_chains_of_shared_files() -> None:
    other = MODEL.replace("linear", "other")
    both = TRAIN.replace("from model", "from other import other\nfrom model").replace("linear(x)", "other(linear(x))")
    third = TRAIN.replace("from model import linear", "from other import other").replace("linear(x)", "other(x)")
    texts = {"a.py": REFUSED, "b.py": both, "c.py": third, "model.py": MODEL, "other.py": other}
    assert set(levels(texts).values()) == {"unchanged"}


def test_shared_file_that_does_not_change_binds_nobody() -> None:
    train = TRAIN.replace("import numpy as np", "import numpy as np\nimport common")
    refused = "import common\n" + REFUSED.replace("from model", "from model2")
    texts = {"train.py": train, "evaluate.py": refused, "model.py": MODEL, "model2.py": MODEL, "common.py": "x = 1\n"}
    assert levels(texts) == {"train.py": "native", "evaluate.py": "unchanged"}


def test_model_with_a_main_guard_is_a_program_too() -> None:
    model = MODEL + "\n\nif __name__ == '__main__':\n    tf.import_graph_def(None)\n"
    found = programs({"train.py": TRAIN, "model.py": model})
    assert {name: program.level for name, program in found.items()} == dict.fromkeys(
        ["train.py", "model.py"], Level.UNCHANGED
    )


BASELINE = """\
import numpy as np
import tensorflow as tf


def rows():
    return np.ones([3, 2])


def main():
    x = tf.placeholder(tf.float32, [None, 2])
    w = tf.Variable(tf.ones([2, 1]))
    y = tf.matmul(x, w)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        print(sess.run(y, {x: rows()}))


if __name__ == "__main__":
    main()
"""
DEEPER = """\
import tensorflow as tf
from baseline import rows

x = tf.placeholder(tf.float32, [None, 2])
w = tf.Variable(tf.zeros([2, 1]))
y = tf.tanh(tf.matmul(x, w))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(y, {x: rows()}))
"""


def test_what_only_a_main_guard_calls_is_the_business_of_that_program() -> None:
    found = programs({"deeper.py": DEEPER, "baseline.py": BASELINE})
    assert {name: program.level for name, program in found.items()} == dict.fromkeys(
        ["deeper.py", "baseline.py"], Level.NATIVE
    )
    texts = [f.code for p in found.values() for f in p.files if str(f.source.path) == "baseline.py"]
    assert len(set(texts)) == 1
    assert "model = Model()" in texts[0]
    assert "NotImplementedError" not in texts[0]


def test_what_only_a_main_guard_calls_is_not_broken_where_that_program_stays() -> None:
    refused = BASELINE.replace("    y = tf.matmul", "    tf.import_graph_def(None)\n    y = tf.matmul")
    assert levels({"deeper.py": DEEPER, "baseline.py": refused}) == {
        "deeper.py": "unchanged",
        "baseline.py": "unchanged",
    }


MIXED = """\
import tensorflow as tf

x = tf.compat.v1.placeholder(tf.float32, [None, 2])
w = tf.compat.v1.get_variable("w", [2, 1])
y = tf.nn.dropout(tf.matmul(x, w), 0.3)
with tf.compat.v1.Session() as sess:
    sess.run(tf.compat.v1.global_variables_initializer())
    print(sess.run(y, {x: [[1.0, 2.0]]}))
"""


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (MIXED, Level.UNCHANGED),
        (MIXED.replace("0.3", "rate=0.3"), Level.NATIVE),
        (MIXED.replace("tf.nn.dropout", "tf.compat.v1.nn.dropout"), Level.NATIVE),
        (MIXED.replace("compat.v1.", ""), Level.NATIVE),
        (MIXED.replace("compat.v1.", "").replace("import tensorflow", "import tensorflow.compat.v1"), Level.NATIVE),
    ],
)
def test_calls_of_either_version_are_left_alone(text: str, level: Level) -> None:
    """By `tf.compat.v1` alone a program may be one of TensorFlow 2, where 0.3 is the rate and not what is kept."""
    found = programs({"train.py": text})["train.py"]
    assert found.level == level
    assert {reason.code for reason in found.reasons} == ({"TFM301"} if level is Level.UNCHANGED else set())


# ---------------------------------------------------------------------- what was asked for
HELD = """\
import tensorflow as tf


class Doubler(object):
    def __init__(self):
        self.x = tf.placeholder(tf.float32, [None])
        self.w = tf.Variable(2.0)
        self.y = self.w * self.x
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())

    def double(self, values):
        return self.sess.run(self.y, {self.x: values})


if __name__ == "__main__":
    made = Doubler()
    print(made.double([1.0]), made.sess.run(made.w))
"""


def test_what_a_file_does_as_an_entry_is_written_as_its_own_program_wants_it() -> None:
    other = "from held import Doubler\n\nprint(Doubler().double([3.0]))\n"
    found = programs({"held.py": HELD, "other.py": other})
    assert {program.level for program in found.values()} == {Level.NATIVE}
    texts = {file.code for program in found.values() for file in program.files if file.source.path.name == "held.py"}
    assert len(texts) == 1
    assert "print(made.double([1.0]), made.w.numpy())" in texts.pop()


def test_only_programs_of_what_was_asked_for() -> None:
    texts = {"train.py": TRAIN, "model.py": MODEL, "other.py": PLAIN, "clean.py": ""}
    assert set(levels(texts, asked=[Path("train.py")])) == {"train.py"}
    assert set(levels(texts, asked=[Path("model.py")])) == {"train.py"}
    assert set(levels(texts, asked=[Path("clean.py")])) == {"clean.py"}
    assert set(levels(texts, asked=[])) == set()


def test_program_that_was_not_asked_for_comes_along_when_both_can_be_migrated() -> None:
    texts = {"train.py": TRAIN, "evaluate.py": TRAIN, "model.py": MODEL}
    assert levels(texts, asked=[Path("train.py")]) == {"train.py": "native", "evaluate.py": "native"}


def test_program_that_was_not_asked_for_is_not_broken() -> None:
    texts = {"train.py": TRAIN, "evaluate.py": REFUSED, "model.py": MODEL}
    found = programs(texts, asked=[Path("train.py")])
    assert {name: program.level for name, program in found.items()} == {"train.py": Level.UNCHANGED}
    assert "evaluate.py:10: TFM807" in open_findings(found["train.py"])[0][3]


def test_programs_without_a_shared_change_are_not_even_planned(parsed: list[str]) -> None:
    texts = {
        "train.py": "import common\n" + TRAIN,
        "other.py": "import common\n" + PLAIN,
        "model.py": MODEL,
        "common.py": "x = 1\n",
    }
    assert set(levels(texts, asked=[Path("train.py")])) == {"train.py"}
    assert "other.py" not in parsed


# ---------------------------------------------------------------------- what cannot be read, parsed or reached
def test_import_of_a_file_that_could_not_be_read() -> None:
    problem = SourceProblem("model.py", 7, "TFM002", "Python 2 source: a print statement")
    found = programs({"train.py": TRAIN}, problems=[problem])
    assert found["train.py"].level is Level.UNCHANGED
    message = (
        "`model.py`, to which this import leads, cannot be read | line 7 of it: Python 2 source: a print statement"
    )
    assert open_findings(found["train.py"]) == [("train.py", 3, "TFM401", message)]


def test_file_that_only_python_can_parse() -> None:
    found = programs({"train.py": TRAIN, "model.py": MODEL + "\n\fz = 1\n"})
    assert found["train.py"].level is Level.UNCHANGED
    assert [item[:3] for item in open_findings(found["train.py"])] == [
        ("train.py", 3, "TFM401"),
        ("model.py", 8, "TFM001"),
    ]


def test_form_feed_does_not_matter_without_tensorflow() -> None:
    assert levels({"a.py": "x = 1\n\fy = 2\n"}) == {"a.py": "clean"}


def test_module_that_the_analysis_does_not_reach() -> None:
    train = TRAIN + "\n\ndef later():\n    import extra\n\n    return extra\n"
    extra = "import tensorflow as tf\n\nx = tf.placeholder(tf.float32)\n"
    found = programs({"train.py": train, "model.py": MODEL, "extra.py": extra})
    assert open_findings(found["train.py"]) == [
        ("train.py", 13, "TFM401", "`extra.py` uses TensorFlow 1, and the analysis does not reach its import")
    ]


def test_crash_of_one_program(monkeypatch: pytest.MonkeyPatch) -> None:
    from tf2migrate.rewrite import attempts

    attempt = attempts.attempt

    def crashing(modules: list[names.Module], entry: str, marks: bool) -> attempts.Attempt:
        if entry == "bad.py":
            raise ZeroDivisionError("oops")
        return attempt(modules, entry, marks)

    monkeypatch.setattr(attempts, "attempt", crashing)
    texts = {"bad.py": TRAIN, "train.py": TRAIN, "model.py": MODEL, "plain.py": PLAIN}
    with pytest.raises(ZeroDivisionError):
        programs(texts)
    crashes: list[tuple[tuple[str, ...], str]] = []
    found = programs(texts, on_crash=lambda paths, error: crashes.append((paths, str(error))))
    assert crashes == [(("bad.py", "model.py"), "oops")]
    assert {name: program.level.value for name, program in found.items()} == {
        "bad.py": "unchanged",
        "train.py": "unchanged",
        "plain.py": "native",
    }
    assert "`bad.py` needs as it is" in open_findings(found["train.py"])[0][3]


# ---------------------------------------------------------------------- the rest of the API
def test_migrate_text() -> None:
    assert migrate_text(PLAIN).code == PLAIN.replace("tf.log", "tf.math.log")
    assert migrate_text("x = 1\n").level is Level.CLEAN


def test_findings_are_fixed_only_where_the_program_is_migrated() -> None:
    (file,) = programs({"a.py": PLAIN})["a.py"].files
    assert [(finding.line, finding.code, finding.fixed) for finding in file.findings] == [(3, "TFM101", True)]
    found = programs({"train.py": REFUSED, "model.py": MODEL})["train.py"]
    assert not any(finding.fixed for file in found.files for finding in file.findings)


def test_sites_and_marks_agree() -> None:
    texts = {"train.py": TRAIN, "model.py": MODEL}
    (program,) = programs(texts).values()
    assert [(site.number, site.line, site.column, bool(site.function)) for site in program.sites] == [
        (1, 8, 5, False),
        (2, 9, 11, True),
    ]
    marked = {path: (before, after) for path, before, after in instrument(sources(texts), Settings())}
    assert set(marked) == set(texts)
    assert "__tf2migrate_record__(2, sess.run(y, {x: np.ones([3, 2])}))" in marked["train.py"][0]
    assert "__tf2migrate_record__(2, " in marked["train.py"][1]
    assert marked["model.py"][0] == MODEL
