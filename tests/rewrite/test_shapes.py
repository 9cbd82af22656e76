"""Methods that become functions, and variables that get a statement of their own."""

from __future__ import annotations

import textwrap

import pytest

from tf2migrate.migrate import Level, migrate_text

HEAD = """
import numpy as np
import tensorflow as tf


class Net(object):
    def __init__(self):
        self.width = 3
        self.x = tf.placeholder(tf.float32, [None, 3])
        self.a = self.layer(self.x, "first")
        self.b = self.layer(self.a, "second")
        self.loss = tf.reduce_mean(tf.square(self.b))
        self.train_op = tf.train.GradientDescentOptimizer(0.1).minimize(self.loss)

    def layer(self, x, scope):
        with tf.variable_scope(scope):
            w = tf.get_variable("w", [3, self.width])
            {extra}
            return tf.matmul(x, w)

    def other(self):
        return {other}


net = Net()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        print(sess.run([net.train_op, net.loss], {{net.x: np.ones([2, 3])}})[1])
"""


def program(extra: str = "pass", other: str = "self.width") -> str:
    return textwrap.dedent(HEAD).format(extra=extra, other=other).replace("            pass\n", "")


def test_a_method_that_only_reads_its_object_becomes_a_layer() -> None:
    made = migrate_text(program())
    assert made.level is Level.NATIVE
    assert "class Layer(" in made.code or "class LayerLayer(" in made.code
    assert "def layer(" not in made.code


@pytest.mark.parametrize(
    ("extra", "other"),
    [
        pytest.param("self.last = w", "self.width", id="the method sets an attribute"),
        pytest.param("pass", "self.layer", id="the method is used as a value"),
        pytest.param("pass", "getattr(self, 'lay' + 'er')", id="the method may be found by name"),
        pytest.param("print(vars(self))", "self.width", id="the object is used as a whole"),
    ],
)
def test_a_method_that_does_more_stays(extra: str, other: str) -> None:
    text = program(extra, other)
    made = migrate_text(text)
    assert made.level is Level.UNCHANGED
    assert made.code == text


def test_a_variable_made_in_an_expression_gets_a_name() -> None:
    made = migrate_text(
        textwrap.dedent("""
        import tensorflow as tf


        def weight(shape):
            return tf.Variable(tf.zeros(shape))


        x = tf.placeholder(tf.float32, [None, 2])
        y = tf.matmul(x, weight([2, 3])) + weight([3])
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(sess.run(y, {x: [[1.0, 2.0]]}))
        """)
    )
    assert made.level is Level.NATIVE
    assert made.code.count("= weight(") == 2


def test_a_variable_made_on_a_condition_keeps_its_place() -> None:
    text = textwrap.dedent("""
        import sys
        import tensorflow as tf


        def weight(shape):
            return tf.Variable(tf.zeros(shape))


        x = tf.placeholder(tf.float32, [None, 2])
        y = tf.matmul(x, weight([2, 3])) + (weight([3]) if len(sys.argv) > 1 else 0.0)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(sess.run(y, {x: [[1.0, 2.0]]}))
        """)
    made = migrate_text(text)
    assert made.level is Level.UNCHANGED
