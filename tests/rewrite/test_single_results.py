"""Arrays of one element that host code takes for numbers: NumPy 2.4 does not format or convert them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, migrate

PROGRAM = """
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 1])
scale = tf.Variable([0.7])
loss = tf.reduce_mean(tf.square(x * scale - 1.0))
train = tf.train.GradientDescentOptimizer(0.05).minimize(loss)


def show(value):
    print("%.5f" % value)


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    now = np.exp(sess.run(scale))
    for _ in range(2):
        {statement}
        now = float(sess.run(loss, {{x: np.ones((3, 1))}}))
        sess.run(train, {{x: np.ones((3, 1))}})
"""


def rewritten(tmp_path: Path, statement: str) -> str:
    source = source_from_bytes(tmp_path / "main.py", PROGRAM.format(statement=statement).encode())
    (program,) = migrate([source], Settings())
    assert program.level is Level.NATIVE
    return program.files[0].code


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('print("%f" % now)', 'print("%f" % np.squeeze(now))'),
        ('print("%f of %d" % (2 * now, 3))', 'print("%f of %d" % (np.squeeze(2 * now), 3))'),
        ("total = float(-now)", "total = float(np.squeeze(-now))"),
        ("show(now)", 'print("%.5f" % np.squeeze(value))'),
    ],
)
def test_what_may_be_a_number_later_is_squeezed(tmp_path: Path, statement: str, expected: str) -> None:
    assert expected in rewritten(tmp_path, statement)


@pytest.mark.parametrize("statement", ['print("%s" % now)', "print(now)", "np = now"])
def test_what_is_not_taken_for_a_number_stays(tmp_path: Path, statement: str) -> None:
    code = rewritten(tmp_path, statement)
    assert statement in code
    assert "squeeze" not in code


ARRAYS = """
import math
from math import exp as power
import numpy as np
import tensorflow as tf

scale = tf.Variable([0.7])
rows = np.zeros(2)
kept = [None]
things = np.empty(2, dtype={dtype})
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    now = sess.run(scale)
    {statement}
"""


@pytest.mark.parametrize(
    ("statement", "expected", "dtype"),
    [
        pytest.param("print(math.sqrt(now))", "math.sqrt(now.item())", "float", id="a function of math"),
        pytest.param("print(math.pow(2, now))", "math.pow(2, now.item())", "float", id="one of two arguments"),
        pytest.param("print(power(now))", "power(now.item())", "float", id="by a name of its own"),
        pytest.param("print(np.exp(now))", "np.exp(now)", "float", id="a function of numpy"),
        pytest.param("print(math.exp(sess.run(scale)))", ".numpy().item()", "float", id="the run itself"),
        pytest.param("rows[1] = now", "rows[1] = now.item()", "float", id="a place of an array"),
        pytest.param("kept[0] = now", "kept[0] = now\n", "float", id="a place of a list"),
        pytest.param("things[0] = now", "things[0] = now\n", "object", id="a place for objects"),
    ],
)
def test_what_takes_a_number_is_given_one(tmp_path: Path, statement: str, expected: str, dtype: str) -> None:
    text = ARRAYS.format(statement=statement, dtype=dtype)
    (program,) = migrate([source_from_bytes(tmp_path / "main.py", text.encode())], Settings())
    assert program.level is Level.NATIVE
    assert expected in program.files[0].code
