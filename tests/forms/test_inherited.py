"""Methods of base classes that build graph, and the classes that they come down to."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, Program, migrate

BASE = """import tensorflow as tf

RATE = 0.5


class Base(object):
    def __init__(self, size):
        self.x = tf.placeholder(tf.float32, [None, size])
        self.loss = tf.reduce_mean(tf.square(self.output(self.x)))
        self.step = tf.train.GradientDescentOptimizer(RATE).minimize(self.loss)
        {extra}

    def output(self, x):
        raise NotImplementedError

    def train(self, sess, xs):
        return sess.run([self.loss, self.step], {{self.x: xs}})[0]
"""
MAIN = """import numpy as np
import tensorflow as tf

import base


class {name}(base.Base):
    {constructor}

    def output(self, x):
        return tf.matmul(x, tf.Variable(tf.ones([3, 1])))


model = {name}({given})
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(model.train(sess, np.ones([2, 3])))
"""


def migrated(constructor: str, given: str, extra: str = "") -> Program:
    texts = {
        "base.py": BASE.format(extra=extra),
        "main.py": MAIN.format(name="Net", constructor=constructor, given=given),
    }
    (program,) = migrate([source_from_bytes(Path(name), text.encode()) for name, text in texts.items()], Settings())
    return program


def methods(program: Program, cls: str) -> list[str]:
    """The methods of a class in the migrated program."""
    trees = [ast.parse(file.code) for file in program.files]
    found = next(n for t in trees for n in ast.walk(t) if isinstance(n, ast.ClassDef) and n.name == cls)
    return [node.name for node in found.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize(
    ("constructor", "given"),
    [
        pytest.param("rate = 1", "3", id="inherited constructor"),
        pytest.param("def __init__(self):\n        super().__init__(3)", "", id="super"),
        pytest.param("def __init__(self, n):\n        super(Net, self).__init__(n)", "3", id="super with arguments"),
        pytest.param("def __init__(self, n):\n        base.Base.__init__(self, n)", "3", id="constructor by name"),
        pytest.param("def __init__(self):\n        super().__init__(size=3)", "", id="keyword"),
    ],
)
def test_the_constructor_of_the_base_comes_down(constructor: str, given: str) -> None:
    program = migrated(constructor, given)
    assert program.level is Level.NATIVE
    assert methods(program, "Base") == ["train"]
    assert "__init__" in methods(program, "Net")
    assert any("learning_rate=float(base.RATE)" in file.code for file in program.files)


@pytest.mark.parametrize(
    ("constructor", "given", "extra"),
    [
        pytest.param("rate = 1", "3", "self.__size = size", id="private name"),
        pytest.param("rate = 1", "3", "self.kind = __class__", id="the class itself"),
        pytest.param("rate = 1", "3", "self.kind = __name__", id="name of the file"),
        pytest.param("rate = 1", "3", "global RATE", id="global name of the file"),
        pytest.param("def __init__(self, *n):\n        super().__init__(*n)", "3", "", id="starred arguments"),
    ],
)
def test_a_constructor_that_means_something_else_below_stays(constructor: str, given: str, extra: str) -> None:
    assert migrated(constructor, given, extra).level is not Level.NATIVE
