"""What runs fetch and feed, and what that needs."""

from __future__ import annotations

import pytest

from tests.graph.staged import is_certain, obstacles, runs, stage
from tf2migrate.graph.labels import slice_of
from tf2migrate.graph.sizes import number
from tf2migrate.graph.values import Mapping, Node, nodes_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("sess.run(x)", "x", id="one"),
        pytest.param("sess.run([x, z])", "[x, z]", id="list"),
        pytest.param("sess.run((x, z))", "(x, z)", id="tuple"),
        pytest.param("sess.run((x,))", "(x,)", id="tuple of one"),
        pytest.param("sess.run({'a': x, 'b': [z, (x,)]})", "{'a': x, 'b': [z, (x,)]}", id="nested"),
        pytest.param("sess.run([])", "[]", id="nothing"),
        pytest.param("f = [x]\nf.append(z)\nsess.run(f)", "[x, z]", id="built list"),
        pytest.param("sess.run(fetches=x)", "x", id="keyword"),
        pytest.param("sess.run('x:0')", "'x:0'", id="by name"),
        pytest.param("run = sess.run\nrun(x)", "x", id="bound method"),
        pytest.param("s = sess\ns.run(x)", "x", id="another name"),
        pytest.param("def f(s):\n    s.run(x)\nf(sess)", "x", id="session as argument"),
        pytest.param(
            "class A:\n    def __init__(self):\n        self.s = sess\n"
            "    def f(self):\n        self.s.run(x)\nA().f()",
            "x",
            id="session as attribute",
        ),
        pytest.param("with tf.Session() as s:\n    s.run(x)", "x", id="with"),
        pytest.param("with sess.as_default():\n    tf.get_default_session().run(x)", "x", id="default session"),
        pytest.param("with tf.Graph().as_default(), tf.Session() as s:\n    s.run(x)", "x", id="graph and session"),
        pytest.param("s = tf.InteractiveSession()\nx.eval()", "x", id="eval"),
        pytest.param("x.eval(session=sess)", "x", id="eval in a session"),
        pytest.param("x.eval({x: 1})", "x | {x: 1}", id="eval with feeds"),
        pytest.param("tf.group().run({x: 1})", "tf.group of main.py:7 | {x: 1}", id="run of an op"),
        pytest.param("sess.run(x, {x: 1})", "x | {x: 1}", id="feeds by position"),
        pytest.param("sess.run(x, feed_dict={x: 1, z: [2]})", "x | {x: 1, z: [2]}", id="feeds by keyword"),
        pytest.param("sess.run(x, feed_dict=None)", "x", id="None as feeds"),
        pytest.param("sess.run(x, {})", "x | {}", id="no feeds"),
        pytest.param("f = {x: 1}\nf[z] = 2\nsess.run(x, f)", "x | {x: 1, z: 2}", id="built feeds"),
        pytest.param("f = {}\nf.update({x: 1})\nsess.run(x, f)", "x | {x: 1}", id="update"),
        pytest.param("sess.run(x, dict([(x, 1), (z, 2)]))", "x | {x: 1, z: 2}", id="dict"),
        pytest.param("sess.run(x, dict(zip([x, z], [1, 2])))", "x | {x: 1, z: 2}", id="zip"),
        pytest.param("sess.run(x, {p: 0 for p in (x, z)})", "x | {x: 0, z: 0}", id="comprehension"),
        pytest.param("def f(v):\n    return {x: v}\nsess.run(x, f(3))", "x | {x: 3}", id="function"),
        pytest.param("def f(**k):\n    sess.run(x, k['d'])\nf(d={x: 1})", "x | {x: 1}", id="handed on"),
        pytest.param(
            "f = {x: 1}\nif flag:\n    f = {z: 2}\nsess.run(x, f)", "x | either {z: 2} or {x: 1}", id="either"
        ),
        pytest.param("sess.run(x, {'x:0': 1})", "x | {'x:0': 1}", id="fed by name"),
        pytest.param("y = x * 2\nsess.run(y, {y: 1})", "y | {y: 1}", id="fed tensor"),
        pytest.param("[sess.run(x, {x: v}) for v in [1, 2]]", "x | {x: 1}", id="in a comprehension"),
    ],
)
def test_fetches_and_feeds(text: str, expected: str) -> None:
    assert runs(text)[0] == expected


def test_every_call_of_a_function_is_a_run() -> None:
    assert runs("def f(v):\n    return sess.run(v)\nf(x)\nf(z)") == ["x", "z"]


def test_run_in_a_function_that_nobody_calls_is_none() -> None:
    assert runs("def f():\n    sess.run(x)") == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sess.partial_run_setup([x], [z])", id="partial run"),
        pytest.param("sess.make_callable(x)", id="callable"),
        pytest.param("import lib\nlib.train(sess)", id="session in foreign hands"),
        pytest.param("sess.run()", id="no fetches"),
    ],
)
def test_runs_that_are_refused(text: str) -> None:
    assert obstacles(text)


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        pytest.param("a, b = sess.run([x, z])\ny = tf.constant(a)", True, id="a result is a host value"),
        pytest.param("a, (b, c) = sess.run([x, (z, x)])\ny = tf.constant(c)", True, id="nested results"),
        pytest.param("y = x if sess.run(z) > 0 else z", False, id="branch on a result"),
    ],
)
def test_results_of_runs(text: str, certain: bool) -> None:
    assert is_certain(text) is certain


NET = """\
w = tf.Variable(tf.random_normal([2, 1]), name="w")
g = tf.Variable(0, trainable=False, name="step")
h = tf.matmul(x, w)
loss = tf.reduce_mean(tf.square(h - z))
rate = tf.train.exponential_decay(0.1, g, 10, 0.9)
train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=g)
"""


def needs(text: str) -> set[str]:
    """The kinds and names of what the last run computes."""
    site = stage(NET + text).runs[-1]
    fed = [key for key in site.feeds.items if isinstance(key, Node)] if isinstance(site.feeds, Mapping) else []
    nodes = slice_of(nodes_in(site.fetches), fed)
    return {node.name or node.kind if node.kind != "tensor" else node.op for node in nodes}


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        pytest.param("sess.run(h)", {"w", "placeholder", "tf.matmul"}, {"train", "tf.square", "step"}, id="forward"),
        pytest.param("sess.run(loss)", {"w", "tf.square"}, {"train", "step"}, id="loss"),
        pytest.param(
            "sess.run(train)", {"w", "step", "train", "tf.square", "tf.train.exponential_decay"}, set(), id="train"
        ),
        pytest.param("sess.run(loss, {h: 1})", {"tf.square", "tf.matmul"}, {"w"}, id="a fed tensor cuts the slice"),
        pytest.param("sess.run(w)", {"w"}, {"tf.random_normal"}, id="a variable is read, not initialised"),
        pytest.param("sess.run(g.assign_add(1))", {"step", "assign"}, {"w"}, id="assignment"),
        pytest.param(
            "with tf.control_dependencies([train]):\n    y = tf.identity(h)\nsess.run(y)",
            {"train"},
            set(),
            id="control dependency",
        ),
        pytest.param("sess.run(tf.group(train))", {"group", "train"}, set(), id="group"),
        pytest.param(
            "sess.run(tf.gradients(loss, [w])[0])", {"tf.gradients", "w", "tf.square"}, {"train"}, id="gradients"
        ),
        pytest.param("sess.run(tf.global_variables_initializer())", {"init"}, {"w"}, id="initialisation"),
        pytest.param(
            "o = tf.train.AdamOptimizer()\np = [(tf.clip_by_value(a, 0, 1), b) for a, b in "
            "o.compute_gradients(loss)]\nsess.run(o.apply_gradients(p))",
            {"tf.clip_by_value", "tf.gradients", "train", "w"},
            {"step"},
            id="clipped gradients",
        ),
    ],
)
def test_slices(text: str, present: set[str], absent: set[str]) -> None:
    found = needs(text)
    assert present <= found
    assert found.isdisjoint(absent)


def test_random_op_is_marked() -> None:
    assert [node.random for node in stage("tf.random_normal([1])\ntf.zeros([1])").nodes[2:]] == [True, False]


def test_sizes_of_a_static_shape_are_host_values() -> None:
    staging = stage("n = x.get_shape()[1]\nm = int(x.shape[1]) * 2\ny = tf.zeros([n, m])")
    frame = staging.module_frames["main.py"]
    assert [number(frame.env[name]) for name in ("n", "m")] == [2, 4]


def test_details_of_a_placeholder() -> None:
    node = stage("", head="import tensorflow as tf\np = tf.placeholder(tf.int32, shape=[None], name='p')\n").nodes[0]
    assert set(node.details) == {"dtype", "shape", "name"}
