"""Which runs have an order, judged by what TensorFlow 1.15 did in hundreds of repetitions."""

from __future__ import annotations

import pytest

from tests.graph.staged import stage
from tf2migrate.graph.values import nodes_in
from tf2migrate.plan.execution import Execution, Race, is_initialization

HEAD = """\
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 2])
sess = tf.Session()
v = tf.Variable([[1.0], [2.0]])
w = tf.Variable(0.5)
n = tf.Variable(0, trainable=False)
sgd = tf.train.GradientDescentOptimizer(0.1)
y = tf.matmul(x, v) + w
loss = tf.reduce_mean(tf.square(y))
step = sgd.minimize(loss)
count = n.assign_add(1)
"""
AFTER_COUNT = "with tf.control_dependencies([count]):\n"


def race(text: str) -> str | None:
    """Why the last run of a program has no order; None where it has one."""
    site = stage(text, head=HEAD).runs[-1]
    try:
        Execution(nodes_in(site.fetches)).check()
    except Race as found:
        return found.reason
    return None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sess.run([step, loss])", id="the loss of the update"),
        pytest.param("sess.run([step, y])", id="the prediction behind the loss"),
        pytest.param("sess.run([step, v])", id="the variable itself is what it became"),
        pytest.param("sess.run([step, loss + tf.reduce_sum(y)])", id="a metric of the same prediction"),
        pytest.param("l = loss + 0.1 * tf.nn.l2_loss(v)\nsess.run([sgd.minimize(l), l])", id="weight decay"),
        pytest.param(
            "h = tf.layers.conv1d(y[None], 2, 1)\nl = tf.reduce_sum(h * h) + tf.nn.l2_loss(v)\n"
            "sess.run([sgd.minimize(l), l])",
            id="weight decay beside a convolution",
        ),
        pytest.param("l = tf.reduce_mean(y)\nsess.run([sgd.minimize(l), l])", id="linear, of a batch"),
        pytest.param("sess.run([count, v.assign(v * 2)])", id="two variables"),
        pytest.param("sess.run([n, count])", id="a counter beside its update"),
        pytest.param("sess.run([step, count])", id="an update and a counter"),
        pytest.param(f"{AFTER_COUNT}    m = n + 1\nsess.run(m)", id="read after"),
        pytest.param(f"{AFTER_COUNT}    m = tf.identity(n)\nsess.run(m)", id="identity after"),
        pytest.param(
            "m = n * 2\nwith tf.control_dependencies([m]):\n    c = n.assign(7)\nsess.run([m, c])", id="read before"
        ),
        pytest.param("c = n.assign(n * 2)\nsess.run(c)", id="computed from itself"),
        pytest.param(f"{AFTER_COUNT}    c = n.assign(n * 2)\nsess.run(c)", id="one after the other"),
        pytest.param(
            "value = tf.matmul(x, v)\ncritic = tf.reduce_mean(tf.square(1 - value))\n"
            "actor = tf.reduce_mean(tf.stop_gradient(1 - value) * tf.tanh(w))\n"
            "sess.run([sgd.minimize(critic, var_list=[v]), sgd.minimize(actor, var_list=[w])])",
            id="actor and critic",
        ),
        pytest.param(
            "a = tf.Variable(1.0)\nb = tf.Variable(2.0)\ngame = tf.tanh(a) * tf.tanh(b)\n"
            "sess.run([sgd.minimize(game, var_list=[a]), sgd.minimize(-game, var_list=[b])])",
            id="two updates from one forward pass",
        ),
        pytest.param(
            "g = tf.gradients(loss, [v, w])\nsess.run([v.assign(v - g[0]), w.assign(w - g[1]), loss])", id="by hand"
        ),
        pytest.param(
            "l = tf.reduce_mean(tf.square(y - tf.stop_gradient(tf.matmul(tf.tanh(x), v))))\n"
            "sess.run([sgd.minimize(l), l])",
            id="a target of the same weights, which the gradient needs",
        ),
        pytest.param(
            "l = tf.reduce_mean(tf.log(tf.sigmoid(y)) * tf.stop_gradient(tf.matmul(tf.tanh(x), v)))\n"
            "sess.run([sgd.minimize(l), l])",
            id="a factor of the same weights, which the gradient needs",
        ),
    ],
)  # fmt: skip
def test_order_is_defined(text: str) -> None:
    assert race(text) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sess.run([step, tf.matmul(x, v)])", id="a second forward pass"),
        pytest.param("sess.run([step, tf.identity(v)])", id="another name of a variable"),
        pytest.param("l = tf.reduce_sum(v * 3.0)\nsess.run([sgd.minimize(l), l])", id="linear, of a fixed shape"),
        pytest.param("sess.run([count, n + 1])", id="a sum beside the update"),
        pytest.param("l = loss + tf.nn.l2_loss(v)\nsess.run([sgd.minimize(l), l])", id="weight decay without a factor"),
        pytest.param("l = tf.square(w)\nsess.run([sgd.minimize(l), l])", id="the square of a variable"),
        pytest.param(
            "l = loss + 0.1 * tf.nn.l2_loss(v)\ng = tf.gradients(l, [v])\n"
            "sess.run([sgd.apply_gradients([(g[0], v)]), l])",
            id="weight decay in gradients that do not wait",
        ),
        pytest.param("sess.run([count, n.assign(3)])", id="two updates of one variable"),
        pytest.param("sess.run([v.assign(v * 2), w.assign(tf.reduce_sum(v))])", id="one reads what the other writes"),
        pytest.param(f"{AFTER_COUNT}    c = n.assign(7)\nsess.run([count, c])", id="overtaken"),
        pytest.param("m = tf.identity(n)\nwith tf.control_dependencies([m]):\n    c = n.assign(7)\nsess.run([m, c])",
                     id="an identity shares the memory"),
        pytest.param(
            "a = tf.Variable(1.0)\nb = tf.Variable(2.0)\ngame = a * b\n"
            "sess.run([sgd.minimize(game, var_list=[a]), sgd.minimize(-game, var_list=[b])])",
            id="each gradient is the other variable",
        ),
        pytest.param(
            "h = tf.Variable([[1.0]])\no = tf.square(tf.matmul(tf.tanh(y), h))\ng = tf.gradients(o, [v, h])\n"
            "sess.run([v.assign(v - g[0]), h.assign(h - g[1])])",
            id="two layers by hand",
        ),
        pytest.param(
            "rate = tf.Variable(0.1, trainable=False)\n"
            "sess.run([tf.train.GradientDescentOptimizer(rate).minimize(loss), rate.assign(0.5)])",
            id="the rate of an update",
        ),
        pytest.param(
            "adam = tf.train.AdamOptimizer()\na = tf.Variable(1.0)\nb = tf.Variable(2.0)\n"
            "sess.run([adam.minimize(a * a, var_list=[a]), adam.minimize(b * b, var_list=[b])])",
            id="one optimizer twice",
        ),
        pytest.param(
            "l = tf.reduce_mean(tf.square(tf.matmul(x, tf.stop_gradient(v)))) + tf.reduce_sum(tf.square(v))\n"
            "sess.run([sgd.minimize(l), l])",
            id="weights that one summand stops",
        ),
        pytest.param(
            "l = loss + tf.reduce_mean(tf.stop_gradient(tf.matmul(tf.tanh(x), v)))\nsess.run([sgd.minimize(l), l])",
            id="a summand that is stopped",
        ),
    ],
)  # fmt: skip
def test_order_is_not_defined(text: str) -> None:
    assert race(text) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sess.run(tf.global_variables_initializer())", True),
        ("sess.run(tf.group(tf.global_variables_initializer(), tf.local_variables_initializer()))", True),
        ("sess.run([v.initializer, w.initializer])", True),
        ("sess.run(tf.group(v.initializer, count))", False),
        ("sess.run(count)", False),
        ("sess.run([])", False),
    ],
)
def test_is_initialization(text: str, expected: bool) -> None:
    assert is_initialization([stage(text, head=HEAD).runs[-1].fetches]) is expected
