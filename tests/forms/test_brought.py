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
