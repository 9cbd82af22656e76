"""Pairs of programs: right rewrites, wrong ones, and originals that cannot be run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tf2migrate.verify.compare import compare_programs
from tf2migrate.verify.pool import Pool
from tf2migrate.verify.values import Comparison, Verdict
from tf2migrate.verify.wording import describe

pytestmark = pytest.mark.slow
Compare = Callable[..., Comparison]

LINEAR = """
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3])
y = tf.placeholder(tf.float32, [None, 1])
W = tf.Variable(tf.truncated_normal([3, 1], stddev=0.5))
b = tf.Variable(tf.zeros([1]))
loss = tf.reduce_mean(tf.square(tf.matmul(x, W) + b - y))
train = tf.train.{optimizer}.minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range({runs}):
        xs = np.random.rand(8, 3)
        _, l = __tf2migrate_record__(1, sess.run([train, loss], {{x: xs, y: xs.sum(1, keepdims=True)}}))
        print("%.3f" % l)
    w, bias = __tf2migrate_record__(2, sess.run([W, b]))
"""

LINEAR_2 = """
import numpy as np
import tensorflow as tf

class Model(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.W = self.add_weight(shape=[3, 1], initializer=tf.keras.initializers.TruncatedNormal(stddev=0.5))
        self.b = self.add_weight(shape=[1], initializer="zeros")

    def call(self, x):
        return tf.matmul(x, self.W) + self.b

model = Model()
optimizer = tf.keras.optimizers.{optimizer}

@tf.function(input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([None, 1])])
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

for step in range({runs}):
    xs = np.random.rand(8, 3)
    l = __tf2migrate_record__(1, train_step(xs, xs.sum(1, keepdims=True)).numpy())
    print("%.3f" % l)
w, bias = __tf2migrate_record__(2, [model.W.numpy(), model.b.numpy()])
"""


def linear(optimizer: str, runs: int = 20) -> str:
    return LINEAR.format(optimizer=optimizer, runs=runs)


def linear_2(optimizer: str, runs: int = 20) -> str:
    return LINEAR_2.format(optimizer=optimizer, runs=runs)


def failing(comparison: Comparison) -> list[int]:
    assert comparison.verdict is Verdict.DIFFERENT
    return [site.number for site in comparison.sites if not site.ok]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("GradientDescentOptimizer(0.05)", "SGD(0.05)", id="sgd"),
        pytest.param("MomentumOptimizer(0.05, 0.9)", "SGD(0.05, momentum=0.9)", id="momentum"),
        pytest.param("AdamOptimizer(0.05)", "Adam(0.05, epsilon=1e-8)", id="adam"),
        pytest.param("AdagradOptimizer(0.05)", "Adagrad(0.05, epsilon=0.0)", id="adagrad"),
    ],
)
def test_right_rewrite(compare: Compare, before: str, after: str) -> None:
    comparison = compare(linear(before), linear_2(after))
    assert comparison.ok, list(describe("train.py", comparison, 1e-4, 1e-6))
    assert [(site.number, site.runs) for site in comparison.sites] == [(1, 20), (2, 1)]
    assert [value.compared for value in comparison.sites[1].values] == [3, 1]


@pytest.mark.parametrize(
    ("before", "after", "first_beyond"),
    [
        pytest.param("GradientDescentOptimizer(0.05)", "SGD(0.049)", 2, id="another learning rate"),
        pytest.param("AdamOptimizer(0.05, epsilon=0.1)", "Adam(0.05)", 2, id="another epsilon"),
        pytest.param("RMSPropOptimizer(0.05)", "RMSprop(0.05, epsilon=1e-10)", 2, id="slots start at zero"),
        pytest.param("MomentumOptimizer(0.05, 0.9)", "SGD(0.05)", 3, id="no momentum"),
    ],
)
def test_wrong_optimizer(compare: Compare, before: str, after: str, first_beyond: int) -> None:
    comparison = compare(linear(before), linear_2(after))
    assert failing(comparison) == [1, 2]
    assert comparison.sites[0].values[0].first_beyond == first_beyond
    assert comparison.sites[0].values[0].worst_relative > 1e-4


def test_another_initial_value(compare: Compare) -> None:
    after = linear_2("SGD(0.05)").replace("TruncatedNormal(stddev=0.5)", "RandomNormal(stddev=0.5)")
    comparison = compare(linear("GradientDescentOptimizer(0.05)"), after)
    assert comparison.sites[0].values[0].first_beyond == 1


def test_loss_after_the_update(compare: Compare) -> None:
    after = linear_2("SGD(0.05)").replace("    return loss", "    return tf.reduce_mean(tf.square(model(x) - y))")
    assert failing(compare(linear("GradientDescentOptimizer(0.05)"), after)) == [1]


def test_fewer_runs(compare: Compare) -> None:
    comparison = compare(linear("GradientDescentOptimizer(0.05)"), linear_2("SGD(0.05)", runs=19))
    assert comparison.verdict is Verdict.DIFFERENT
    assert comparison.problem == "run 20: site 1 in the original, site 2 in the rewrite"


def test_more_runs_at_the_end(compare: Compare) -> None:
    more = "\nfor again in range(1000):\n    __tf2migrate_record__(2, [model.W.numpy(), model.b.numpy()])\n"
    comparison = compare(linear("GradientDescentOptimizer(0.05)"), linear_2("SGD(0.05)") + more)
    assert comparison.verdict is Verdict.DIFFERENT
    assert comparison.problem == "21 runs in the original, 22 in the rewrite"


def test_budget(compare: Compare) -> None:
    """A site beyond its budget ends both programs; what was not reached is said."""
    before = linear("GradientDescentOptimizer(0.05)", runs=10**6)
    after = linear_2("SGD(0.05)", runs=10**6)
    comparison = compare(before, after, steps=7, places={1: "train.py:14:12", 2: "train.py:16:16"})
    assert comparison.ok
    assert [(site.number, site.runs) for site in comparison.sites] == [(1, 7)]
    assert comparison.notes == ("not reached: site 2 (train.py:16:16)",)


def test_runs_of_ops_alone_do_not_use_up_the_budget(compare: Compare) -> None:
    before = linear("GradientDescentOptimizer(0.05)", runs=30).replace("[train, loss]", "train")
    before = before.replace("_, l =", "l = 0;")
    comparison = compare(before, linear_2("SGD(0.05)", runs=30), steps=5)
    assert comparison.ok
    assert [(site.number, site.runs) for site in comparison.sites] == [(1, 30), (2, 1)]


def test_initialiser_without_a_counterpart(compare: Compare) -> None:
    """Its run is none of those that are compared, nor of those that noise counts."""
    before = linear("GradientDescentOptimizer(0.05)").replace("matmul(x, W)", "nn.dropout(tf.matmul(x, W), .5)")
    before = before.replace("sess.run(tf.global", "__tf2migrate_record__(3, sess.run(tf.global")
    before = before.replace("initializer())", "initializer()))")
    after = linear_2("SGD(0.05)").replace("matmul(x, self.W)", "nn.dropout(tf.matmul(x, self.W), .5)")
    comparison = compare(before, after, places={1: "a:1:1", 2: "a:2:1", 3: "a:3:1"})
    assert comparison.ok, comparison
    assert comparison.notes == ()
    assert [site.number for site in comparison.sites] == [1, 2]
    forgotten = after.replace("w, bias =", "dummy =").replace("__tf2migrate_record__(2, ", "(")
    comparison = compare(before, forgotten)
    assert comparison.problem == "21 runs in the original, 20 in the rewrite"


def test_forms(compare: Compare) -> None:
    """Shape, kind of number and number of values are compared, not only numbers."""
    before = """
import tensorflow as tf
x = tf.constant([[1., 2.]])
with tf.Session() as sess:
    __tf2migrate_record__(1, sess.run(x))
    __tf2migrate_record__(2, sess.run(tf.argmax(x, 1)))
    __tf2migrate_record__(3, sess.run({"b": x, "a": [x, tf.no_op()]}))
    __tf2migrate_record__(4, sess.run(tf.constant("text")))
    __tf2migrate_record__(5, sess.run(tf.constant(True)))
    __tf2migrate_record__(6, sess.run([x, x]))
    __tf2migrate_record__(7, sess.run(tf.constant(float("nan"))))
    __tf2migrate_record__(8, sess.run(tf.constant([float("inf"), 1.])))
"""
    after = """
import tensorflow as tf
x = tf.constant([[1., 2.]])
__tf2migrate_record__(1, x.numpy()[0])
__tf2migrate_record__(2, tf.argmax(x, 1).numpy().astype(float))
__tf2migrate_record__(3, {"a": [x.numpy(), None], "b": x.numpy()})
__tf2migrate_record__(4, "text")
__tf2migrate_record__(5, 1)
__tf2migrate_record__(6, [x.numpy()])
__tf2migrate_record__(7, float("nan"))
__tf2migrate_record__(8, [float("inf"), 1.])
"""
    comparison = compare(before, after.replace("[float(", "tf.constant([float(").replace("1.])\n", "1.]))\n"))
    assert failing(comparison) == [1, 2, 4, 5, 6]
    assert comparison.sites[0].values[0].fault == "run 1: shape [1, 2] in the original, [2] in the rewrite"
    assert "whole numbers in the original, floating-point numbers" in comparison.sites[1].values[0].fault
    assert comparison.sites[5].fault == "run 1: 2 values in the original, 1 value in the rewrite"
    assert comparison.notes == ("site 8 gives tensors where the original gave numpy values",)


def test_rewrite_that_fails(compare: Compare) -> None:
    after = linear_2("SGD(0.05)").replace("w, bias =", "raise RuntimeError('lost')\nw, bias =")
    comparison = compare(linear("GradientDescentOptimizer(0.05)"), after)
    assert comparison.verdict is Verdict.DIFFERENT
    assert comparison.problem == "the rewrite fails: RuntimeError: lost"
    assert comparison.sites[0].ok
    assert comparison.details.endswith("RuntimeError: lost")
    assert 'File "train.py", line' in comparison.details


def test_rewrite_that_exits(compare: Compare) -> None:
    after = linear_2("SGD(0.05)").replace("w, bias =", "raise SystemExit(3)\nw, bias =")
    comparison = compare(linear("GradientDescentOptimizer(0.05)"), after)
    assert comparison.problem == "the rewrite ended with exit status 3, the original with 0"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("open('data.csv')", "the original needs a file that is not here: [Errno 2] No such file"),
        ("np.loadtxt('data.csv')", "the original needs a file that is not here: data.csv not found"),
        (
            "tf.gfile.GFile('data.csv').read()",
            "the original needs a file that is not here: data.csv; No such",
        ),
        (
            "import gymnastics",
            "the original needs a package or module that is not here: No module named 'gym",
        ),
        (
            "import argparse; p = argparse.ArgumentParser(); p.add_argument('f'); p.parse_args()",
            "exit status 2",
        ),
        (
            "import urllib.request; urllib.request.urlopen('http://example.org/x')",
            "wants to reach the network",
        ),
        ("input()", "the original reads from standard input"),
        ("import tensorflow.contrib.slim as slim", "tensorflow.contrib.slim): pass --oracle"),
        ("from tensorflow.contrib import rnn", "tensorflow.contrib): pass --oracle"),
        ("tf.contrib.layers.flatten(x)", "tf.contrib.layers): pass --oracle"),
        ("tf.estimator.Estimator", "has no attribute 'estimator'): pass --oracle"),
        ("1 / 0", "the original fails: ZeroDivisionError: division by zero"),
        ("sys.exit()", "the original ended before its first run"),
    ],
)
def test_original_that_cannot_be_run(compare: Compare, statement: str, problem: str) -> None:
    before = linear("GradientDescentOptimizer(0.05)").replace("loss =", f"import sys; {statement}\nloss =")
    comparison = compare(before, linear_2("SGD(0.05)"))
    assert comparison.verdict is Verdict.NOT_RUN
    assert problem in comparison.problem


def test_nothing_returned(compare: Compare) -> None:
    before = "import tensorflow as tf\n__tf2migrate_record__(1, tf.Session().run(tf.no_op()))\n"
    comparison = compare(before, "__tf2migrate_record__(1, None)\n")
    assert comparison.verdict is Verdict.NOT_RUN
    assert comparison.problem == "no run returned a value: nothing to compare"


def test_original_that_hangs(pool: Pool) -> None:
    files = {"train.py": "import time\ntime.sleep(1000)\n"}
    comparison = compare_programs(files, files, "train.py", pool=pool, timeout=0.2, grace=0.5)
    assert comparison.verdict is Verdict.NOT_RUN
    assert comparison.problem == "the original did not end a run within 0.2 s"


def test_rewrite_that_hangs(pool: Pool) -> None:
    before = linear("GradientDescentOptimizer(0.05)", runs=2)
    after = linear_2("SGD(0.05)", runs=2).replace("w, bias =", "while True: pass\nw, bias =")
    comparison = compare_programs(
        {"train.py": before}, {"train.py": after}, "train.py", pool=pool, timeout=4, grace=0.5
    )
    assert comparison.verdict is Verdict.DIFFERENT
    assert comparison.problem == "the rewrite did not end a run within 4 s"
    assert comparison.sites[0].ok


def test_long_original_is_compared_as_far_as_it_came(compare: Compare) -> None:
    before = linear("GradientDescentOptimizer(0.05)", runs=1000)
    before = before.replace("        xs =", "        __import__('time').sleep(0.2); xs =")
    comparison = compare(before, linear_2("SGD(0.05)", runs=1000), timeout=1.0, steps=1000)
    assert comparison.ok
    assert 1 <= comparison.runs < 100
    assert "the original was stopped after 1 s" in comparison.notes[0]


def test_program_of_several_files(pool: Pool, tmp_path: Path) -> None:
    """Relative imports, data beside the program, modules named like the child's own; nothing is written."""
    (tmp_path / "numbers.txt").write_text("1 2 3\n")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "records.py").write_text("def load(path):\n    return open(path).read().split()\n")
    before = """
import tensorflow as tf
from .records import load
from .net import scaled
open("written.txt", "w").write("x")
with tf.Session() as sess:
    __tf2migrate_record__(1, sess.run(scaled([float(n) for n in load("../numbers.txt")])))
"""
    after = before.replace("with tf.Session() as sess:", "if True:")
    after = after.replace("sess.run(scaled(", "(scaled(").replace('.txt")]))', '.txt")])).numpy()')
    net = "import tensorflow as tf\ndef scaled(x):\n    return tf.{0}(x, tf.float32) * 2\n"
    comparison = compare_programs(
        {
            "pkg/train.py": before,
            "pkg/net.py": "import tensorflow as tf\ndef scaled(x):\n    return tf.to_float(x) * 2\n",
        },
        {"pkg/train.py": after, "pkg/net.py": net.format("cast")},
        "pkg/train.py",
        folder=tmp_path,
        pool=pool,
    )
    assert comparison.ok, comparison
    assert comparison.sites[0].values[0].compared == 3
    assert not (tmp_path / "pkg" / "written.txt").exists()


@pytest.mark.tf1
def test_real_tf1(compare: Compare, tf1_python: str) -> None:
    before = (
        linear("AdamOptimizer(0.05)")
        .replace(
            "loss = tf.reduce_mean(tf.square(",
            "loss = tf.losses.mean_squared_error(y, tf.contrib.layers.flatten(",
        )
        .replace(" + b - y))", " + b))")
    )
    comparison = compare(before, linear_2("Adam(0.05, epsilon=1e-8)"), oracle=tf1_python)
    assert comparison.ok, comparison


def test_tf2_is_no_oracle(compare: Compare) -> None:
    comparison = compare("pass", "pass", oracle=sys.executable)
    assert comparison.verdict is Verdict.NOT_RUN
    assert "is not TensorFlow 1" in comparison.problem


def test_no_such_oracle(compare: Compare) -> None:
    comparison = compare("pass", "pass", oracle="python-that-is-not-there")
    assert comparison.problem == "there is no Python `python-that-is-not-there`"


def test_rounding_that_grows_is_told_from_a_difference(compare: Compare) -> None:
    """The logistic map doubles an error at every step; its own sensitivity is the measure."""
    before = """
import tensorflow as tf
x = tf.Variable(tf.random_uniform([4], 0.2, 0.8))
step = tf.assign(x, {rate} * x * (1. - x))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(60):
        __tf2migrate_record__(1, sess.run(step))
"""
    after = """
import tensorflow as tf
x = tf.Variable(tf.random.uniform([4], 0.2, 0.8))
for i in range(60):
    x.assign(3.9 * x - 3.9 * x * x)
    __tf2migrate_record__(1, x.numpy())
"""
    comparison = compare(before.format(rate=3.9), after)
    assert comparison.ok, comparison
    value = comparison.sites[0].values[0]
    assert value.strays_from is not None
    assert value.lost_from is not None
    assert 5 < value.strays_from <= value.lost_from
    assert compare(before.format(rate=3.9001), after).verdict is Verdict.DIFFERENT


def test_original_that_does_not_repeat_itself(compare: Compare) -> None:
    """A program that draws from the clock is no measure; its rewrite is not called right or wrong."""
    before = """
import time
import tensorflow as tf
with tf.Session() as sess:
    for i in range(5):
        __tf2migrate_record__(1, sess.run(tf.constant(time.time() % 1.)))
"""
    after = "import time\nfor i in range(5):\n    __tf2migrate_record__(1, time.time() % 1.)\n"
    comparison = compare(before, after)
    assert comparison.verdict is Verdict.NOT_RUN
    assert comparison.problem.startswith("the original does not repeat itself: at site 1")
