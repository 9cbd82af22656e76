"""Summaries: their tags, as TensorFlow 1.15 gives them, and what the program may do with them."""

from __future__ import annotations

import pytest

from tests.graph.staged import stage
from tf2migrate.graph.values import Const, Unknown
from tf2migrate.migrate import Level, migrate_text

HEAD = """\
import tensorflow as tf
c = tf.constant(1.0, name="zz")
"""


# Each list of tags was read from what TensorFlow 1.15 itself merged.
@pytest.mark.parametrize(
    ("text", "tags"),
    [
        pytest.param(
            'tf.summary.scalar("a", c)',
            ["a"],
            id="plain",
        ),
        pytest.param(
            'tf.summary.scalar("a", c); tf.summary.histogram("a", c)',
            ["a", "a_1"],
            id="the same name twice",
        ),
        pytest.param(
            'with tf.name_scope("Loss"):\n    d = c * 2\ntf.summary.scalar("loss", d)',
            ["loss_1"],
            id="name of a scope in another case",
        ),
        pytest.param(
            'with tf.name_scope("s"):\n    tf.summary.scalar("a", c)',
            ["s/a"],
            id="inside a scope",
        ),
        pytest.param(
            'with tf.name_scope("s"):\n    tf.summary.scalar("a", c)\n'
            'with tf.name_scope("s"):\n    tf.summary.scalar("a", c)',
            ["s/a", "s_1/a"],
            id="a scope entered twice",
        ),
        pytest.param(
            'with tf.variable_scope("s"):\n    tf.summary.scalar("a", c)\n'
            'with tf.variable_scope("s"):\n    tf.summary.scalar("a", c)',
            ["s/a", "s_1/a"],
            id="a variable scope entered twice",
        ),
        pytest.param(
            'w = tf.get_variable("w", [])\ntf.summary.histogram("w", w)',
            ["w_1"],
            id="name of a variable",
        ),
        pytest.param(
            'w = tf.Variable(1.0, name="w")\ntf.summary.histogram("w", w)',
            ["w_1"],
            id="name of a plain variable",
        ),
        pytest.param(
            'p = tf.placeholder_with_default(1.0, [], name="p")\ntf.summary.scalar("p", p)',
            ["p_1"],
            id="name of a placeholder",
        ),
        pytest.param(
            'p = tf.placeholder_with_default(1.0, [], "p")\ntf.summary.scalar("p", p)',
            ["p_1"],
            id="positional name of a placeholder",
        ),
        pytest.param(
            'd = tf.add(c, 1.0, name="sum_of")\ntf.summary.scalar("sum_of", d)',
            ["sum_of_1"],
            id="name of an op",
        ),
        pytest.param(
            'w = tf.Variable(1.0)\nt = tf.train.GradientDescentOptimizer(0.1).minimize(w * w, name="train")\n'
            'tf.summary.scalar("train", c)',
            ["train_1"],
            id="name of a training op",
        ),
        pytest.param(
            'm = tf.reduce_mean([c, c])\ntf.summary.scalar("mean", m)',
            ["mean_1"],
            id="a word of TensorFlow",
        ),
        pytest.param(
            'm = tf.reduce_mean([c, c])\nwith tf.name_scope("s"):\n    tf.summary.scalar("mean", m)',
            ["s/mean"],
            id="a word of TensorFlow in another scope",
        ),
        pytest.param(
            'm = tf.reduce_max([c, c]); n = tf.reduce_max([c, c])\ntf.summary.scalar("max", m)',
            ["max_2"],
            id="a word twice",
        ),
        pytest.param(
            'tf.summary.scalar("learning rate (%)", c)',
            ["learning_rate____"],
            id="letters that do not fit",
        ),
        pytest.param(
            'w = tf.get_variable("w", [])\ntf.summary.histogram(w.name, w)',
            ["w_0"],
            id="name of a variable with its number",
        ),
        pytest.param(
            'w = tf.get_variable("w", [])\ntf.summary.histogram(w.op.name, w)',
            ["w_1"],
            id="name of the op of a variable",
        ),
        pytest.param(
            'tf.summary.scalar("a", c, family="f")',
            ["f/f/a"],
            id="family",
        ),
        pytest.param(
            'tf.summary.scalar("a/b", c); tf.summary.scalar("a", c)',
            ["a/b", "a"],
            id="slash",
        ),
        pytest.param(
            'with tf.name_scope("s") as outer:\n    d = c + 1\n'
            'with tf.name_scope("t"), tf.name_scope(None):\n    tf.summary.scalar("a", c)',
            ["a"],
            id="outer scope again",
        ),
        pytest.param(
            'with tf.name_scope(None, "d"):\n    tf.summary.scalar("a", c)',
            ["d/a"],
            id="scope with a default name",
        ),
        pytest.param(
            'x = tf.zeros([2, 2])\ny = tf.layers.dense(x, 1, name="fc")\ntf.summary.histogram("fc", y)',
            ["fc_1"],
            id="a layer",
        ),
        pytest.param(
            'for i in range(2):\n    tf.summary.scalar("a%d" % i, c)\n    tf.summary.scalar("b", c)',
            ["a0", "b", "a1", "b_1"],
            id="a loop",
        ),
        pytest.param(
            'def f():\n    with tf.name_scope("f"):\n        tf.summary.scalar("a", c)\nf()\nf()',
            ["f/a", "f_1/a"],
            id="a function called twice",
        ),
    ],
)
def test_tags(text: str, tags: list[str]) -> None:
    staging = stage(text, head=HEAD)
    made = [node for node in staging.nodes if node.kind == "summary"]
    assert [node.unknown for node in made] == [None] * len(made)
    found = [node.details["tag"] for node in made]
    assert [tag.value for tag in found if isinstance(tag, Const)] == tags


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import os\ntf.summary.scalar(os.getcwd(), c)", id="name of the host"),
        pytest.param("d = c + c\ntf.summary.scalar('add', d)", id="name of an operator"),
        pytest.param("import os\nfor _ in range(os.getpid()):\n    tf.summary.scalar('a', c)", id="in some passes"),
        pytest.param(
            "import os\nwith tf.name_scope(os.getcwd()):\n    tf.summary.scalar('a', c)", id="scope of the host"
        ),
        pytest.param("v = tf.Variable(0.0)\ntf.summary.scalar('a', tf.assign_add(v, 1.0))", id="value of an update"),
    ],
)
def test_tags_that_are_not_known(text: str) -> None:
    staging = stage(text, head=HEAD)
    assert any(node.unknown is not None for node in staging.nodes if node.kind == "summary")


def test_summary_of_one_path_is_not_merged_behind_it() -> None:
    text = "import os\nif os.getpid() % 2:\n    tf.summary.scalar('a', c)\nm = tf.summary.merge_all()\n"
    (run,) = stage(f"{text}tf.Session().run(m)", head=HEAD).runs
    assert isinstance(run.fetches, Unknown)


PROGRAM = """\
import tensorflow as tf
x = tf.placeholder(tf.float32, [])
w = tf.Variable(2.0)
loss = tf.square(w * x)
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
tf.summary.scalar("loss", loss)
merged = tf.summary.merge_all()
writer = tf.summary.FileWriter("logs")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    summary = sess.run(merged, {x: 1.0})
"""


def codes(body: str) -> set[str]:
    made = migrate_text(PROGRAM + "".join(f"    {line}\n" for line in body.splitlines()))
    assert made.level in (Level.NATIVE, Level.UNCHANGED)
    if made.level is Level.NATIVE:
        assert "add_summary" not in made.code
        return set()
    return {finding.code for finding in made.findings if not finding.lint}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("writer.add_summary(summary, 3)", id="written"),
        pytest.param("other = summary\nwriter.add_summary(other, global_step=3)", id="by another name"),
        pytest.param("def write(s, i):\n    writer.add_summary(s, i)\nwrite(summary, 3)", id="by a function"),
        pytest.param("if writer is not None: writer.add_summary(summary)", id="in a line with a test"),
        pytest.param("_, again = sess.run([train, merged], {x: 1.0})\nwriter.add_summary(again)", id="with the update"),
        pytest.param("pass", id="not written"),
    ],
)
def test_summaries_that_are_handed_on(body: str) -> None:
    assert codes(body) == set()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("print(summary)", id="printed"),
        pytest.param("print('%d' % len(summary))", id="measured"),
        pytest.param("if summary:\n    writer.add_summary(summary)", id="tested"),
        pytest.param("kept = []\nkept.append(summary)", id="kept in a list"),
        pytest.param("open('log', 'wb').write(summary)", id="written elsewhere"),
        pytest.param("made = tf.Summary()\nmade.ParseFromString(b'')", id="read from bytes"),
        pytest.param("len(tf.Summary().value)", id="made by hand, and asked"),
        pytest.param("tf.Summary(value=[tf.Summary.Value(tag='x', image=None)])", id="made of other than numbers"),
        pytest.param("with tf.summary.FileWriter('more') as other:\n    pass", id="writer in a with statement"),
        pytest.param("import shelve\nshelve.keep(writer)", id="writer handed to others"),
    ],
)
def test_summaries_that_are_used_otherwise(body: str) -> None:
    assert "TFM804" in codes(body)
