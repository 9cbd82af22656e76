"""Graph that a method builds before it runs the rest."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import Level, migrate_text

PROGRAM = """import numpy as np
import tensorflow as tf

RATE = 0.5
SETTINGS = {{"rate": 0.5}}


class Line(object):
    def __init__(self, rate):
        self.x = tf.placeholder(tf.float32, [None, 2])
        self.w = tf.Variable(tf.ones([2, 1]))
        self.loss = tf.reduce_mean(tf.square(tf.matmul(self.x, self.w)))
        self.rate = 0.1

    def prepare(self):
        {prepare}

    def train(self, rate, given=0.25):
        {before}
        update = tf.train.GradientDescentOptimizer({used}).minimize(self.loss)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for step in range(3):
                print(sess.run([update, self.loss], {{self.x: np.ones([2, 2])}})[1])


rate = len(str(RATE)) / 10.0
line = Line(rate)
{between}
line.train(rate)
{after}
"""


def program(used: str, **parts: str) -> str:
    filled = {"prepare": "pass", "before": "pass", "between": "pass", "after": "pass"} | parts
    text = PROGRAM.format(used=used, **filled)
    return text.replace("\npass\n", "\n").replace("        pass\n        update", "        update")


@pytest.mark.parametrize(
    ("used", "native"),
    [
        pytest.param("0.5", "0.5", id="literal"),
        pytest.param("RATE", "RATE", id="constant of the file"),
        pytest.param("self.rate", "self.rate", id="attribute of the constructor"),
        pytest.param("given", "0.25", id="literal default"),
        pytest.param("rate", "rate", id="value that the constructor is given as well"),
    ],
)
def test_the_optimizer_moves_to_the_constructor(used: str, native: str) -> None:
    made = migrate_text(program(used))
    assert made.level is Level.NATIVE
    constructor, _, _ = made.code.partition("    def _train_step")
    rate = constructor.partition("SGD(learning_rate=")[2].partition("\n")[0]
    assert native in rate


@pytest.mark.parametrize(
    ("used", "parts"),
    [
        pytest.param("RATE", {"between": "RATE = 2.0"}, id="constant bound again"),
        pytest.param("SETTINGS['rate']", {"between": "SETTINGS['rate'] = 2.0"}, id="entry stored"),
        pytest.param("self.rate", {"prepare": "self.rate = 2.0", "between": "line.prepare()"}, id="attribute stored"),
        pytest.param("self.rate", {"between": "line.rate = 2.0"}, id="attribute stored from outside"),
        pytest.param("0.5", {"after": "line.train(rate)"}, id="the method is called twice"),
    ],
)
def test_what_may_have_changed_stays(used: str, parts: dict[str, str]) -> None:
    text = program(used, **parts)
    made = migrate_text(text)
    assert made.level is Level.UNCHANGED
    assert made.code == text
