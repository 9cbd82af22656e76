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
