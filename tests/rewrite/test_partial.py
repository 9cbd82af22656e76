"""Programs that cannot become native, with the fixes that both TensorFlows take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, Program, migrate
from tf2migrate.names.project import parse
from tf2migrate.rewrite.partial import respell

PARTIAL = Settings(fallback="partial")
HEAD = "import tensorflow as tf\nx = tf.placeholder(tf.float32, [None, 3])\n"
TAIL = "tf.import_graph_def(None)\ntf.Session().run(x)\n"
QUIET_TAIL = "tf.train.start_queue_runners(None)\ntf.Session().run(eval('x'))\n"


def programs(**texts: str) -> dict[str, Program]:
    sources = [source_from_bytes(Path(f"{name}.py"), text.encode()) for name, text in texts.items()]
    return {str(program.entry): program for program in migrate(sources, PARTIAL)}


def made_of(lines: str, head: str = HEAD, tail: str = QUIET_TAIL) -> str:
    """What becomes of these lines in a file of a program that is refused."""

    def again(text: str) -> str:
        module = parse(source_from_bytes(Path("a.py"), text.encode()))
        return respell(module).text

    code = again(head + lines + tail)
    assert code.startswith(head)
    assert code.endswith(tail)
    compile(code, "a.py", "exec")
    assert again(code) == code, "a second run changes something"
    return code[len(head) : len(code) - len(tail)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y = tf.log(x)", "y = tf.math.log(x)"),
        ("y = tf.reduce_sum( x, keep_dims = True )", "y = tf.reduce_sum( x, keepdims = True )"),
        ("y = tf.argmax(x, dimension=1)", "y = tf.argmax(x, axis=1)"),
        ("y = tf.transpose(x, [1, 0], 't')", "y = tf.transpose(x, [1, 0], name='t')"),
        ("y = tf.to_float(x)", 'y = tf.cast(x, tf.float32, name="ToFloat")'),
        ("y = tf.to_int32(\n    x,  # why\n)", 'y = tf.cast(\n    x, tf.int32, name="ToInt32",  # why\n)'),
        ("y = tf.log(tf.to_float(x))", 'y = tf.math.log(tf.cast(x, tf.float32, name="ToFloat"))'),
        ("y = tf.multinomial(x, 2)", 'y = tf.random.categorical(x, 2, name="multinomial")'),
        ("y = tf.to_float(x, 'y')", "y = tf.cast(x, tf.float32, name='y')"),
        ("y = tf.nn.dropout(x, 0.5)", "y = tf.nn.dropout(x, rate=0.5)"),
        ("y = tf.nn.dropout(x, keep_prob=k, seed=1)", "y = tf.nn.dropout(x, rate=1 - k, seed=1)"),
        ("y = tf.map_fn(tf.log, x)", "y = tf.map_fn(tf.math.log, x)"),
        ("y = tf.random_normal([2])", "y = tf.random.normal([2])"),
        ("tf.gfile.MakeDirs(dirname='/tmp/a')", "tf.io.gfile.makedirs(path='/tmp/a')"),
        ("tf.logging.set_verbosity(tf.logging.INFO)", 'tf.get_logger().setLevel("INFO")'),
        ("y = tf.erf(*x)", "y = tf.math.erf(*x)"),
    ],
)
def test_is_made(before: str, after: str) -> None:
    assert made_of(f"{before}\n") == f"{after}\n"


@pytest.mark.parametrize(
    "line",
    [
        "y = tf.layers.dense(x, 3)",  # makes variables
        "y = tf.div(x, 2.0)",  # another op, and so other seeds of the ops behind it
        "y = tf.image.resize_bilinear(x, [2, 2])",  # what TensorFlow 2 has instead, the table of TensorFlow 1 does not
        "y = tf.nn.softmax_cross_entropy_with_logits(labels=x, logits=x)",  # stops the gradient of the labels
        "y = tf.nn.softmax_cross_entropy_with_logits_v2(labels=x, logits=x)",  # its name is another function's
        "y = tf.map_fn(lambda v: v, x, dtype=tf.float32)",  # an argument that TensorFlow 1 does not have
        "y = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0])",  # gives a list now
        "y = tf.assert_equal(x, x, data=[x])",  # shows something
        "y = tf.where(x > 0, x, x[0])",
        "y = tf.nn.conv2d(x, x, [1, 1, 1, 1], 'SAME', use_cudnn_on_gpu=False)",
        "y = tf.nn.max_pool(value=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')",
        "y = tf.compat.v1.log(x)",
        "tf.set_random_seed(1)",
        "y = tf.argmax(x, axis=1)",
    ],
)
def test_is_left(line: str) -> None:
    assert made_of(f"{line}\n") == f"{line}\n"


def test_other_names_of_tensorflow() -> None:
    head = "import tensorflow as T\nfrom tensorflow import log\nx = T.placeholder(T.float32)\n"
    tail = "T.Session().run(eval('x'))\n"
    assert made_of("y = T.log(x) + log(x)\n", head, tail) == "y = T.math.log(x) + T.math.log(x)\n"
    head = "from tensorflow import log, placeholder, float32, Session\nx = placeholder(float32)\n"
    assert made_of("y = log(x)\n", head, "Session().run(eval('x'))\n") == "y = log(x)\n"


def test_tensorflow_by_compat_is_right_as_it_is() -> None:
    head = "import tensorflow.compat.v1 as tf\nx = tf.placeholder(tf.float32)\n"
    assert made_of("y = tf.log(tf.nn.dropout(x, 0.3))\n", head) == "y = tf.log(tf.nn.dropout(x, 0.3))\n"


def test_what_may_be_meant_for_tensorflow_2_stays() -> None:
    """Here both have `tf.nn.dropout(x, 0.3)`, and mean the opposite by it."""
    text = "import tensorflow as tf\nx = tf.compat.v1.placeholder(tf.float32)\ny = tf.nn.dropout(x, 0.3)\n"
    (program,) = programs(a=text + "tf.compat.v1.Session().run(eval('x'))\n").values()
    assert program.level is Level.UNCHANGED
    assert program.files[0].code == program.files[0].source.text


def test_a_patched_tensorflow_is_left() -> None:
    assert made_of("tf.log = print\ny = tf.log(x)\n") == "tf.log = print\ny = tf.log(x)\n"


def test_line_ends_stay() -> None:
    text = (HEAD + "y = tf.log(\n    x)\n" + QUIET_TAIL).replace("\n", "\r\n")
    assert programs(a=text)["a.py"].files[0].code == text.replace("tf.log", "tf.math.log")


def test_only_what_was_asked_for() -> None:
    source = source_from_bytes(Path("a.py"), (HEAD + "y = tf.log(x)\n" + TAIL).encode())
    (program,) = migrate([source], Settings())
    assert program.level is Level.UNCHANGED
    assert program.files[0].code == source.text


def test_findings_tell_what_is_done_and_what_is_left() -> None:
    program = programs(a=HEAD + "y = tf.log(x)\n" + QUIET_TAIL)["a.py"]
    fixed = {finding.message.split("`")[1]: finding.fixed for finding in program.files[0].findings if finding.lint}
    left = dict.fromkeys(["tf.placeholder", "tf.train.start_queue_runners", "tf.Session"], False)
    assert fixed == left | {"tf.log": True}
    assert program.reasons
    assert not any(finding.fixed for finding in program.reasons)


# ------------------------------------------------------------------ files of several programs
SHARED = "import tensorflow as tf\n\n\ndef entropy(p):\n    return -tf.reduce_sum(p * tf.log(p))\n"
USING = "import tensorflow as tf\nfrom shared import entropy\n\nx = tf.placeholder(tf.float32, [3])\ny = entropy(x)\n"
NATIVE = USING + "with tf.Session() as sess:\n    print(sess.run(y, {x: [0.5, 0.25, 0.25]}))\n"
REFUSED = USING + "z = tf.log(y)\n" + QUIET_TAIL


def test_a_file_of_refused_programs_alone_is_mended() -> None:
    found = programs(shared=SHARED, a=REFUSED, b=REFUSED)
    assert {name: program.level for name, program in found.items()} == dict.fromkeys(["a.py", "b.py"], Level.PARTIAL)
    texts = {(str(file.source.path), file.code) for program in found.values() for file in program.files}
    assert len(texts) == 3
    assert ("shared.py", SHARED.replace("tf.log", "tf.math.log")) in texts


def test_a_file_that_a_native_program_keeps_as_it_is_stays() -> None:
    shared = SHARED.replace("tf.log(p)", "tf.math.log(p)") + "\n\ndef unused(p):\n    return p\n"
    found = programs(shared=shared, a=REFUSED, b=NATIVE)
    assert {name: program.level for name, program in found.items()} == {"a.py": Level.PARTIAL, "b.py": Level.NATIVE}
    for program in found.values():
        assert {str(file.source.path): file.code for file in program.files}["shared.py"] == shared


def test_one_file_is_never_written_for_two_levels() -> None:
    """The native program would change the shared file, which the refused one holds: both are refused, and mended."""
    found = programs(shared=SHARED, a=REFUSED, b=NATIVE)
    assert {name: program.level for name, program in found.items()} == dict.fromkeys(["a.py", "b.py"], Level.PARTIAL)
    codes = {file.code for program in found.values() for file in program.files if str(file.source.path) == "shared.py"}
    assert codes == {SHARED.replace("tf.log", "tf.math.log")}


def test_a_program_of_tensorflow_2_keeps_what_it_shares() -> None:
    shared = "import tensorflow as tf\n\n\ndef drop(x):\n    return tf.nn.dropout(x, 0.3)\n"
    new = "import tensorflow as tf\nfrom shared import drop\n\nprint(drop(tf.ones([3])))\n"
    old = REFUSED.replace("entropy", "drop")
    found = programs(shared=shared, a=old, b=new)
    assert {name: program.level for name, program in found.items()} == {"a.py": Level.PARTIAL, "b.py": Level.CLEAN}
    assert {str(file.source.path): file.code for file in found["a.py"].files}["shared.py"] == shared


def test_programs_that_were_not_named_are_asked_too() -> None:
    shared = SHARED.replace("tf.log(p)", "tf.math.log(p)") + "\n\ndef drop(x):\n    return tf.nn.dropout(x, 0.3)\n"
    new = "import tensorflow as tf\nfrom shared import drop\n\nprint(drop(tf.ones([3])))\n"
    texts = {"shared.py": shared, "a.py": REFUSED, "b.py": new}
    sources = [source_from_bytes(Path(name), text.encode()) for name, text in texts.items()]
    (program,) = migrate(sources, PARTIAL, asked=[Path("a.py")])
    assert {str(file.source.path): file.code for file in program.files}["shared.py"] == shared
