"""What people are shown of a graph, as text and for Graphviz."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tf2migrate.files import SourceFile, source_from_bytes
from tf2migrate.graph.describe import describe

TRAIN = """\
import numpy as np
import tensorflow as tf
from model import layer

x = tf.placeholder(tf.float32, [None, 2], name="x")
y_ = tf.placeholder(tf.float32, [None, 1])
unused = tf.placeholder(tf.float32)
steps = tf.Variable(0, trainable=False)
with tf.variable_scope("a"):
    y = layer(x)
with tf.variable_scope("a", reuse=True):
    again = layer(x * 2.0)
loss = tf.reduce_mean(tf.square(y - y_))
optimizer = tf.train.AdamOptimizer(0.1)
train = optimizer.minimize(loss)


def evaluate(sess):
    return sess.run({"loss": loss, "both": [y, again]}, feed_dict={x: np.ones([3, 2]), y_: labels})


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(3):
        sess.run([train, loss], {x: np.ones([3, 2]), y_: np.ones([3, 1])})
    evaluate(sess)
    evaluate(sess)
    sess.run(tf.import_graph_def(None))
"""
MODEL = """\
import tensorflow as tf


def layer(x):
    w = tf.get_variable("w", [2, 1])
    return tf.matmul(x, w)
"""


def sources(**texts: str) -> list[SourceFile]:
    return [source_from_bytes(Path(f"{name}.py"), text.encode()) for name, text in texts.items()]


@pytest.fixture(scope="module")
def text() -> str:
    return describe(sources(train=TRAIN, model=MODEL), "text")


def section(text: str, title: str) -> str:
    """The lines of one section, without its title."""
    match = re.search(rf"^{title}: .*\n((?:  .*\n)*)", text, re.MULTILINE)
    assert match is not None
    return match[1]


def test_title_names_the_files(text: str) -> None:
    assert text.startswith("train.py (with model.py)\n\n")


def test_placeholders(text: str) -> None:
    rows = section(text, "placeholders")
    assert 'train.py:5  x       tf.placeholder(tf.float32, [None, 2], name="x")\n      fed by runs 2, 3\n' in rows
    assert "train.py:7  unused  tf.placeholder(tf.float32)\n      never fed\n" in rows


def test_variables(text: str) -> None:
    rows = section(text, "variables and layers")
    assert "train.py:8  steps  tf.Variable(0, trainable=False)\n      variable 'Variable', not trainable\n" in rows
    assert "model.py:5  w      tf.get_variable(\"w\", [2, 1])\n      variable 'a/w', trainable\n" in rows
    assert "shared, reached 2 ways: model.py:5 <- train.py:10; model.py:5 <- train.py:12\n" in rows


def test_tensors_are_told_by_statement(text: str) -> None:
    rows = section(text, "tensors and ops")
    assert re.search(r"train\.py:13 +loss +loss = tf\.reduce_mean\(tf\.square\(y - y_\)\)\n", rows)
    assert re.search(r"train\.py:15 +train +train = optimizer\.minimize\(loss\)\n      train\n", rows)
    assert re.search(r"model\.py:6 +y, again +return tf\.matmul\(x, w\)\n", rows)


def test_optimizers(text: str) -> None:
    rows = section(text, "optimizers")
    assert "train.py:14  optimizer  tf.train.AdamOptimizer(0.1)\n" in rows
    assert "minimize of loss at train.py:15, of the variables w\n" in rows


def test_runs(text: str) -> None:
    runs = re.split(r"\n  (?=\d)", section(text, "runs"))
    step = next(run.splitlines() for run in runs if "[train, loss]" in run)
    assert [line.split(maxsplit=1) for line in step[1:]] == [
        ["fetches", "[train, loss]"],
        ["feeds", "x = np.ones([3, 2]), y_ = np.ones([3, 1])"],
        ["reads", "w"],
        ["updates", "train"],
        ["lines", "train.py: 10, 13, 15; model.py: 6"],
    ]


def test_runs_of_a_function_that_is_called_twice_are_told_once(text: str) -> None:
    rows = section(text, "runs")
    assert rows.count("train.py:19:12") == 1
    assert "in       evaluate, called at train.py:26; train.py:27\n" in rows
    assert "fetches  {'loss': loss, 'both': [y, again]}\n" in rows


def test_refusals_are_told_with_their_place(text: str) -> None:
    assert re.search(r"  train\.py:28:14  TFM807  \S", section(text, "not understood"))
    unknown = section(text, "runs").split("train.py:28:5")[1]
    assert "fetches  unknown\n" in unknown
    assert re.search(r"unknown  .* \(train\.py:28\)\n", unknown)


def test_only_what_was_asked_for() -> None:
    other = "import tensorflow as tf\nz = tf.placeholder(tf.float32)\n"
    both = sources(train=TRAIN, model=MODEL, other=other)
    assert "other.py\n" in describe(both, "text")
    assert "other.py" not in describe(both, "text", [Path("model.py")])


def test_file_that_cannot_be_parsed_is_named() -> None:
    found = describe(sources(train=TRAIN, model=MODEL + "\n\fx = 1\n"), "text")
    assert found == "model.py:8: cannot be analysed: a form feed, which cannot be kept as it is\n"


def test_without_tensorflow() -> None:
    assert describe(sources(a="x = 1\n"), "text") == "no program that mentions TensorFlow\n"
    assert describe(sources(a="x = 1\n"), "dot").startswith("digraph tf2migrate {")


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        pytest.param("y = [x, (x,), {'a': x}]\ns.run(y)", "fetches  [x, (x,), {'a': x}]", id="nested fetches"),
        pytest.param("y = x if flag() else 2 * x\ns.run(y)", "fetches  either x or Multiply of t.py:4", id="choice"),
        pytest.param("s.run('x:0')", "fetches  'x:0'", id="by name"),
        pytest.param("import host\ns.run(x, host.feeds())", "feeds    a host value", id="unknown feeds"),
        pytest.param("s.run(x, dict([(x, 1)]))", "feeds    x", id="feeds that are no display"),
        pytest.param("s.run(x + 1.0)", "needs    x", id="placeholder that is not fed"),
        pytest.param("v = tf.Variable(1.0)\ns.run(v.assign(2.0))", "updates  tf.assign of t.py:5", id="assignment"),
        pytest.param("f = lambda: s.run(x)\nf()", "in       lambda, called at t.py:5", id="in a lambda"),
        pytest.param(
            "class A:\n    def __init__(self):\n        self.z = x + 1\na = A()\ns.run(a.z)",
            "fetches  a.z",
            id="attribute",
        ),
    ],
)
def test_values(program: str, shown: str) -> None:
    head = "import tensorflow as tf\ns = tf.Session()\nx = tf.placeholder(tf.float32)\n"
    assert f"{shown}\n" in describe(sources(t=head + program + "\n"), "text")


# ---------------------------------------------------------------------- Graphviz
QUOTED = r'"(?:[^"\\\n]|\\.)*"'
ATTRIBUTES = rf"\[\w+=(?:\w+|{QUOTED})(?:, \w+=(?:\w+|{QUOTED}))*\]"
STATEMENT = re.compile(
    rf"digraph \w+ {{|rankdir=\w+;|node {ATTRIBUTES};|subgraph \w+ {{|label={QUOTED};|}}"
    rf"|\w+ {ATTRIBUTES};|\w+ -> \w+(?: {ATTRIBUTES})?;"
)


def dot(**texts: str) -> list[str]:
    return [line.strip() for line in describe(sources(**texts), "dot").splitlines()]


def test_dot_is_well_formed() -> None:
    lines = dot(train=TRAIN, model=MODEL)
    assert [line for line in lines if STATEMENT.fullmatch(line) is None] == []
    assert sum(line.endswith("{") for line in lines) == lines.count("}")


def test_dot_has_a_node_for_each_end_of_an_edge() -> None:
    lines = dot(train=TRAIN, model=MODEL, other="import tensorflow as tf\nz = tf.ones([1]) + 1\n")
    nodes = {line.split(" [")[0] for line in lines if "[" in line and "->" not in line}
    ends = {end for line in lines if "->" in line for end in re.split(r" -> | \[|;", line)[:2]}
    assert ends
    assert ends <= nodes


def test_dot_shows_runs_and_feeds() -> None:
    lines = dot(train=TRAIN, model=MODEL)
    assert sum("shape=box3d" in line for line in lines) == 5
    assert sum("style=dotted" in line for line in lines) == 6
    assert any("color=red" in line for line in lines)


def test_dot_control_dependencies() -> None:
    text = "import tensorflow as tf\nv = tf.Variable(1.0)\na = v.assign(2.0)\n"
    text += "with tf.control_dependencies([a]):\n    y = tf.identity(v)\n"
    assert sum("style=dashed" in line for line in dot(t=text)) == 1


def test_labels_are_quoted() -> None:
    text = "import tensorflow as tf\nd = {}\nd['a\"\\\\b'] = tf.ones([1])\nd['\\n'] = tf.ones([1])\n"
    lines = dot(t=text)
    assert [line for line in lines if STATEMENT.fullmatch(line) is None] == []
    assert any('\\"' in line for line in lines)
