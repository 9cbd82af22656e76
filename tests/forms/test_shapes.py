"""Methods that become functions, and variables that get a statement of their own."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, migrate, migrate_text

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


# ------------------------------------------------------------------ graph around an object
NET = """
import tensorflow as tf


class Net(object):
    def __init__(self, width):
        self.x = tf.placeholder(tf.float32, [None, width])
        w = tf.get_variable("w", [width, 1], initializer=tf.ones_initializer())
        self.loss = tf.reduce_mean(tf.square(tf.matmul(self.x, w)))
"""

MAIN = """
import numpy as np
import tensorflow as tf
from net import Net


class Config(object):
    width = 2
    rate = 0.1


config = Config()
{before}
net = Net(config.width)
{between}
train_op = tf.train.GradientDescentOptimizer(config.rate).minimize(net.loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        print(sess.run([train_op, net.loss], {{net.x: np.ones([4, 2])}})[1])
"""


def two_files(before: str = "", between: str = "") -> tuple[Level, dict[str, str]]:
    files = {"main.py": MAIN.format(before=before, between=between), "net.py": NET}
    sources = [source_from_bytes(Path(name), text.encode()) for name, text in files.items()]
    program = next(p for p in migrate(sources, Settings()) if p.entry.name == "main.py")
    return program.level, {f.source.path.name: f.code for f in program.files}


@pytest.mark.parametrize("between", ["", "print('built')", "decoy = config.width"])
def test_a_train_op_around_an_object_moves_into_it(between: str) -> None:
    level, texts = two_files(between=between)
    assert level is Level.NATIVE
    assert "Net(config.width, rate=config.rate)" in texts["main.py"]
    assert "learning_rate=float(rate)" in texts["net.py"]


@pytest.mark.parametrize(
    ("before", "between"),
    [
        pytest.param("", "config.rate = 0.5", id="the rate is set after the object was made"),
        pytest.param("", "print(vars(config))\nsetattr(config, 'rate', 0.5)", id="the rate may be set by name"),
        pytest.param("", "config = Config()", id="the configuration is another one"),
        pytest.param("", "for i in range(2):\n    extra = tf.square(net.loss)", id="graph is built in a loop"),
        pytest.param("other = Net(3)", "", id="two objects"),
    ],
)
def test_what_is_around_an_object_stays_where_it_has_to(before: str, between: str) -> None:
    level, _ = two_files(before, between)
    assert level is Level.UNCHANGED


ALIASES = """
import numpy as np
import tensorflow as tf


class Net(object):
    def __init__(self, width):
        self.x = tf.placeholder(tf.float32, [None, width])
        w = tf.get_variable("w", [width, 1], initializer=tf.ones_initializer())
        self.loss = tf.reduce_mean(tf.square(tf.matmul(self.x, w)))
        self.train_op = tf.train.GradientDescentOptimizer(0.1).minimize(self.loss)


def train(sess, net):
    {aliases}
    for step in range(3):
        print(sess.run([step_op, loss], {{net.x: np.ones([4, 2])}})[1])


net = Net(2)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    train(sess, net)
"""


def test_a_name_for_an_attribute_is_written_out() -> None:
    made = migrate_text(ALIASES.format(aliases="step_op, loss = net.train_op, net.loss"))
    assert made.level is Level.NATIVE
    assert "step_op" not in made.code


@pytest.mark.parametrize(
    "aliases",
    [
        pytest.param("loss = net.loss; step_op = net.train_op; net.loss = loss * 2", id="the attribute is set again"),
        pytest.param("step_op, loss = net.train_op, net.loss\n    loss = loss * 2", id="the name is bound again"),
    ],
)
def test_a_name_that_stands_for_more_stays(aliases: str) -> None:
    assert migrate_text(ALIASES.format(aliases=aliases)).level is Level.UNCHANGED


# ------------------------------------------------------------------ several objects
SEVERAL = """
import numpy as np
import tensorflow as tf


class Net(object):
    def __init__(self, scope, width=2, extra=False, reuse=None):
        self.x = tf.placeholder(tf.float32, [None, 2])
        with tf.variable_scope(scope, reuse=reuse):
            w = tf.get_variable("w", [2, width], initializer=tf.ones_initializer())
            self.y = tf.square(tf.matmul(self.x, w)) if extra else tf.matmul(self.x, w)
        self.loss = tf.reduce_mean(tf.square(self.y))
        self.train_op = tf.train.GradientDescentOptimizer(0.1).minimize(self.loss)

    def train(self, sess, x):
        return sess.run([self.train_op, self.loss], {{self.x: x}})[1]


a = {a}
b = {b}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        print(a.train(sess, np.ones([4, 2])))
    print({run})
"""


def test_two_objects_of_a_class_have_their_own_graphs() -> None:
    run = "sess.run(b.y, {b.x: sess.run(a.y, {a.x: np.ones([1, 2])})})"
    made = migrate_text(SEVERAL.format(a="Net('a')", b="Net('b')", run=run))
    assert made.level is Level.NATIVE
    assert "b.compute_y(a.compute_y(np.ones([1, 2])).numpy())" in made.code


@pytest.mark.parametrize(
    ("a", "b", "run"),
    [
        pytest.param("Net('a')", "Net('a', reuse=True)", "1", id="they share variables"),
        pytest.param("Net('a')", "Net('b', extra=True)", "1", id="their graphs differ"),
        pytest.param("Net('a')", "Net('b')", "sess.run([a.y, b.y], {a.x: [[1, 2]], b.x: [[1, 2]]})", id="one run"),
        pytest.param("Net('a')", "Net('b')", "sess.run(b.y * 2 + a.y)", id="graph of both"),
    ],
)
def test_objects_that_are_not_apart_stay(a: str, b: str, run: str) -> None:
    assert migrate_text(SEVERAL.format(a=a, b=b, run=run)).level is Level.UNCHANGED


GRAPHS = """
import numpy as np
import tensorflow as tf


class Net(object):
    def __init__(self, width):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.x = tf.placeholder(tf.float32, [None, width])
            w = tf.get_variable("w", [width, 2], initializer=tf.ones_initializer())
            self.y = tf.matmul(self.x, w)
            {more}
            init = tf.global_variables_initializer()
        self.sess = tf.Session(graph=self.graph)
        self.sess.run(init)

    def predict(self, x):
        return self.sess.run(self.y, {{self.x: x}})


first, second = Net(2), Net(3)
print(first.predict(np.ones([1, 2])), second.predict(np.ones([1, 3])))
"""


def test_objects_may_have_graphs_of_their_own() -> None:
    assert migrate_text(GRAPHS.format(more="")).level is Level.NATIVE


def test_an_object_with_two_graphs_stays() -> None:
    more = "with tf.Graph().as_default():\n                self.z = tf.constant(1.0)"
    assert migrate_text(GRAPHS.format(more=more)).level is Level.UNCHANGED


def test_two_graphs_of_a_script_stay() -> None:
    text = """
        import tensorflow as tf

        first, second = tf.Graph(), tf.Graph()
        with first.as_default():
            a = tf.get_variable("w", [2], initializer=tf.ones_initializer())
            init_a = tf.global_variables_initializer()
        with second.as_default():
            b = tf.get_variable("w", [2], initializer=tf.zeros_initializer())
            init_b = tf.global_variables_initializer()
        with tf.Session(graph=first) as sess:
            sess.run(init_a)
            print(sess.run(a))
        with tf.Session(graph=second) as sess:
            sess.run(init_b)
            print(sess.run(b))
        """
    assert migrate_text(textwrap.dedent(text)).level is Level.UNCHANGED


@pytest.mark.parametrize(
    "between",
    [
        pytest.param("rates.append(0.5)", id="a list grows"),
        pytest.param("slow_down()", id="a function of the project may change it"),
    ],
)
def test_a_list_that_changes_beside_an_object_is_read_where_it_was(between: str) -> None:
    text = textwrap.dedent(f"""
        import numpy as np
        import tensorflow as tf


        class Net(object):
            def __init__(self, width):
                self.x = tf.placeholder(tf.float32, [None, width])
                w = tf.get_variable("w", [width, 1], initializer=tf.ones_initializer())
                self.loss = tf.reduce_mean(tf.square(tf.matmul(self.x, w)))


        rates = [0.1]


        def slow_down():
            rates[0] = 0.01


        net = Net(2)
        {between}
        train_op = tf.train.GradientDescentOptimizer(rates[-1]).minimize(net.loss)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for step in range(3):
                print(sess.run([train_op, net.loss], {{net.x: np.ones([4, 2])}})[1])
        """)
    assert migrate_text(text).level is Level.UNCHANGED
