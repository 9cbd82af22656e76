"""Programs that share files: what is native, or left alone, keeps its files."""

from __future__ import annotations

from pathlib import Path

from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, Program, migrate

COMPAT = Settings(fallback="compat")
# Refused: what the graph is, only a file tells that is not here.
REFUSED = (
    "import tensorflow as tf\nfrom model import linear\ntf.import_graph_def(None)\n"
    "print(tf.Session().run(linear(tf.ones([2]))))\n"
)
NATIVE = (
    "import tensorflow as tf\nfrom model import linear\nx = tf.placeholder(tf.float32, [None])\ny = linear(x)\n"
    "with tf.Session() as sess:\n    print(sess.run(y, {x: [1.0]}))\n"
)
MODEL = "import tensorflow as tf\n\n\ndef linear(x):\n    return tf.square(x)\n"
PLAIN = "def linear(x):\n    return 3.0 * x\n"


def programs(**texts: str) -> dict[str, Program]:
    sources = [source_from_bytes(Path(f"{name}.py"), text.encode()) for name, text in texts.items()]
    return {program.entry.stem: program for program in migrate(sources, COMPAT)}


def text_of(program: Program, name: str) -> str:
    return next(file.code for file in program.files if file.source.path.stem == name)


def test_a_refused_program_changes_in_all_of_its_files() -> None:
    made = programs(train=REFUSED, model=MODEL)["train"]
    assert made.level is Level.COMPAT
    for name in ("train", "model"):
        assert text_of(made, name).startswith("import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\n")
    assert made.reasons, "why it is not native is still told"
    told = [finding for file in made.files for finding in file.findings]
    assert all(finding.fixed for finding in told if finding.lint)


def test_nothing_changes_without_being_asked_for() -> None:
    source = source_from_bytes(Path("train.py"), REFUSED.replace("from model import linear", "linear = abs").encode())
    assert migrate([source], Settings())[0].level is Level.UNCHANGED


def test_what_is_native_stays_native() -> None:
    made = programs(good=NATIVE, model=MODEL)
    assert made["good"].level is Level.NATIVE


def test_a_file_of_a_native_program_is_as_that_needs_it() -> None:
    made = programs(good=NATIVE, train=REFUSED, model=MODEL)
    assert made["good"].level is Level.NATIVE
    assert text_of(made["good"], "model") == MODEL
    assert made["train"].level is Level.UNCHANGED
    assert text_of(made["train"], "train") == REFUSED
    assert any("model.py" in finding.message for finding in made["train"].reasons)


def test_a_shared_file_without_tensorflow_is_in_nobodys_way() -> None:
    made = programs(good=NATIVE, train=REFUSED, model=PLAIN)
    assert made["good"].level is Level.NATIVE
    assert made["train"].level is Level.COMPAT


def test_one_program_that_has_to_stay_holds_the_others_that_share_its_files() -> None:
    stuck = REFUSED + "tf.estimator.Estimator(linear)\n"
    made = programs(first=REFUSED, second=stuck, model=MODEL)
    assert {program.level for program in made.values()} == {Level.UNCHANGED}
    assert any("`tf.estimator.Estimator` has nothing" in each.message for each in made["second"].reasons)
    made = programs(first=REFUSED, second=stuck, model=PLAIN)
    assert (made["first"].level, made["second"].level) == (Level.COMPAT, Level.UNCHANGED)


def test_programs_that_are_changed_alike_may_share() -> None:
    made = programs(first=REFUSED, second=REFUSED, model=MODEL)
    assert {program.level for program in made.values()} == {Level.COMPAT}


def test_a_program_of_tensorflow_2_keeps_the_file_that_it_shares() -> None:
    modern = "import tensorflow as tf\nfrom model import linear\nprint(linear(tf.constant([1.0])))\n"
    made = programs(modern=modern, train=REFUSED, model=MODEL)
    assert made["modern"].level is Level.CLEAN
    assert made["train"].level is Level.UNCHANGED
