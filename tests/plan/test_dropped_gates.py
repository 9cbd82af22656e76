"""Each case was measured with TensorFlow 1.15: whether gradients taken together give the same numbers."""

from __future__ import annotations

import pytest

from tests.graph.staged import stage
from tf2migrate.graph.values import nodes_in
from tf2migrate.plan.execution import DROPPED, Execution, Race

HEAD = """\
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 3])
s = tf.placeholder(tf.float32, [5, 3])
sess = tf.Session()
a = tf.Variable([2.0, 2.5, 3.0])
b = tf.Variable([0.5, 1.0, 1.5])
w = tf.Variable(tf.ones([3, 3]))
sgd = tf.train.GradientDescentOptimizer(0.1)
"""


def reason(product: str, train: str = "sgd.minimize(loss)") -> str | None:
    text = f"loss = tf.reduce_mean(tf.square({product} - 1.0))\nsess.run({train})"
    try:
        Execution(nodes_in(stage(text, head=HEAD).runs[-1].fetches)).check()
    except Race as found:
        return found.reason
    return None


@pytest.mark.parametrize(
    "product",
    [
        "a * (2 * b)",
        "tf.multiply(a, b * tf.constant(2.0))",
        "tf.identity(a) * (2 * b)",
        "a * (2 * b - 1)",
        "a * (tf.tanh(b) * 2)",
        "a * tf.scalar_mul(2.0, b)",
        "(2 * tf.tanh(tf.matmul(s, w))) * a",
        "a * (2 * b) + b",
        "2 * a * b",  # the same graph, and the same race, which came out well each time
    ],
)
def test_a_gate_is_lost(product: str) -> None:
    assert reason(product) == DROPPED


@pytest.mark.parametrize(
    "product",
    [
        "a * b",
        "a * tf.tanh(2 * b)",
        "a * tf.square(b)",
        "tf.tanh(a) * (2 * b)",
        "a * (2 * tf.tanh(tf.matmul(x, w)))",
        "a * tf.tanh(tf.matmul(s, w))",
        "a * tf.reduce_sum(2 * b)",
        "a * (2 * a)",
    ],
)
def test_gradients_wait(product: str) -> None:
    assert reason(product) is None


def test_only_one_of_the_two_is_trained() -> None:
    assert reason("a * (2 * b)", "sgd.minimize(loss, var_list=[b])") is None


def test_gradients_applied_one_by_one_are_no_safer() -> None:
    train = "sgd.apply_gradients([(tf.clip_by_norm(g, 1.0), v) for g, v in sgd.compute_gradients(loss)])"
    assert reason("a * (2 * b)", train) == DROPPED


def test_a_common_norm_is_waited_for() -> None:
    train = "sgd.apply_gradients(zip(tf.clip_by_global_norm(tf.gradients(loss, [a, b]), 1.0)[0], [a, b]))"
    assert reason("a * (2 * b)", train) is None
