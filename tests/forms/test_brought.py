"""Functions of other files that build the graph, and the names by which their new file reaches the old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, Program, migrate, migrate_text

NETWORK = """import math

import tensorflow as tf

RATE = 0.5
{extra}

def inputs(size):
    return tf.placeholder(tf.float32, [None, size])


def descend(loss):
    return tf.train.GradientDescentOptimizer(RATE / math.sqrt(4.0)).minimize(loss)
"""
MAIN = """import numpy as np
import tensorflow as tf

{imports}
{extra}
x = {prefix}inputs(3)
w = tf.Variable(tf.zeros([3, 1]))
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
step = {prefix}descend(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run([step, loss], {{x: np.ones([2, 3])}})[1])
"""


def migrated(tmp_path: Path, imports: str, prefix: str, network: str = "", extra: str = "") -> Program:
    files = {
        "network.py": NETWORK.format(extra=network),
        "main.py": MAIN.format(imports=imports, prefix=prefix, extra=extra),
    }
    sources = [source_from_bytes(tmp_path / name, text.encode()) for name, text in files.items()]
    (program,) = migrate(sources, Settings())
    return program


def texts(program: Program) -> dict[str, str]:
    return {file.source.path.name: file.code for file in program.files}


@pytest.mark.parametrize(
    ("imports", "prefix", "rate"),
    [
        pytest.param("import network", "network.", "network.RATE", id="module"),
        pytest.param("import network as net", "net.", "net.RATE", id="module by another name"),
        pytest.param("from network import inputs, descend", "", "RATE", id="names"),
        pytest.param("from network import *", "", "RATE", id="all names"),
        pytest.param("from network import RATE as R, descend, inputs", "", "R", id="name of the constant"),
        pytest.param("from network import inputs\nfrom network import descend", "", "RATE", id="a line for each name"),
        pytest.param("from network import RATE as R\nfrom network import descend\nfrom network import inputs", "", "R",
                     id="a line for the constant as well"),
    ],
)
def test_names_are_reached_as_the_file_is(tmp_path: Path, imports: str, prefix: str, rate: str) -> None:
    program = migrated(tmp_path, imports, prefix)
    assert program.level is Level.NATIVE
    made = texts(program)
    assert f"({rate} / math.sqrt(4.0))" in made["main.py"]
    assert "import math" in made["main.py"]
    assert "def inputs" not in made["network.py"]
    assert "def descend" not in made["network.py"]
    compile(made["main.py"], "main.py", "exec")


@pytest.mark.parametrize(
    ("network", "extra"),
    [
        pytest.param("def faster():\n    global RATE\n    RATE = 1.0\n", "", id="the constant may change"),
        pytest.param("", "math = None", id="a name means something else"),
        pytest.param("USED = [descend for descend in ()]\nmaker = lambda: descend\n", "maker = network.maker()",
                     id="the function is used as a value"),
        pytest.param("", "network.RATE = 2.0", id="the constant is set from outside"),
    ],
)
def test_what_cannot_come_stays(tmp_path: Path, network: str, extra: str) -> None:
    program = migrated(tmp_path, "import network", "network.", network, extra)
    assert program.level is Level.UNCHANGED
    assert all(file.code == file.source.text for file in program.files)


# ------------------------------------------------------------------ names that a star brings
STARRED = """import tensorflow as tf
from sizes import *


def descend(loss):
    pairs = zip(tf.gradients(loss, tf.trainable_variables()), tf.trainable_variables())
    return tf.train.GradientDescentOptimizer(RATE).apply_gradients([(abs(g), v) for g, v in pairs])
"""


def starred(tmp_path: Path, main: str, sizes: str = "RATE = 0.5\n") -> Program:
    text = MAIN.format(imports=f"from network import descend\n{main}", prefix="", extra="")
    text = text.replace("inputs(3)", "tf.placeholder(tf.float32, [None, 3])")
    files = {"sizes.py": sizes, "network.py": STARRED, "main.py": text}
    sources = [source_from_bytes(tmp_path / name, content.encode()) for name, content in files.items()]
    (program,) = migrate(sources, Settings())
    return program


@pytest.mark.parametrize(
    ("main", "sizes", "imported"),
    [
        pytest.param("", "RATE = 0.5\n", True, id="it is imported by its name"),
        pytest.param("from sizes import *", "RATE = 0.5\n", False, id="the other file has it by a star too"),
    ],
)
def test_what_a_star_brings_is_reached(tmp_path: Path, main: str, sizes: str, imported: bool) -> None:
    program = starred(tmp_path, main, sizes)
    assert program.level is Level.NATIVE
    made = texts(program)["main.py"]
    assert ("from sizes import RATE" in made) is imported
    assert "learning_rate=float(RATE)" in made


@pytest.mark.parametrize(
    ("main", "sizes"),
    [
        pytest.param("RATE = 3.0", "RATE = 0.5\n", id="the name means something else there"),
        pytest.param("", "RATE = 0.5\nRATE = 0.25\n", id="it is bound twice"),
        pytest.param("", "RATE = 0.5\n\ndef zip(*a):\n    return list(a)\n", id="a built-in name is another one"),
        pytest.param("", "RATE = 0.5\n\ndef set_rate():\n    global RATE\n    RATE = 1.0\n", id="it may change"),
    ],
)
def test_what_a_star_brings_otherwise_stays(tmp_path: Path, main: str, sizes: str) -> None:
    assert starred(tmp_path, main, sizes).level is Level.UNCHANGED


# ------------------------------------------------------------------ imports inside of functions
OWN_IMPORT = """import tensorflow as tf


def build(sizes):
    x = tf.placeholder(tf.float32, [None, sizes[0]])
    w = tf.Variable(tf.ones(sizes))
    return {{'x': x, 'y': tf.matmul(x, w)}}


def main():
    {imported}
    net = build(sizes=[2, 3])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        print(sess.run(net['y'], {{net['x']: [[1.0, 2.0]]}}))


main()
"""


def test_a_caller_may_import_the_same_again() -> None:
    made = migrate_text(OWN_IMPORT.format(imported="import tensorflow as tf"))
    assert made.level is Level.NATIVE
    assert "def build" not in made.code
    assert "tf)" not in made.code.partition("class Model")[2].partition("super()")[0]


def test_a_caller_that_means_something_else_by_a_name_keeps_the_call() -> None:
    text = OWN_IMPORT.format(imported="import tensorflow.compat.v1 as tf")
    made = migrate_text(text)
    assert made.level is Level.UNCHANGED
