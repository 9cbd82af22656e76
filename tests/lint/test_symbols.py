"""The uses of symbols that a file shows, in programs of either TensorFlow."""

from __future__ import annotations

import pytest

from tf2migrate.findings import Finding
from tf2migrate.migrate import Level, migrate_text


def told(text: str) -> list[tuple[int, int, str, str]]:
    found: tuple[Finding, ...] = migrate_text(text).findings
    return [(one.line, one.column, one.code, one.message) for one in found if one.lint]


def test_places_and_codes() -> None:
    text = """\
import tensorflow as tf
from tensorflow.contrib import rnn as cells
from tensorflow.python.ops import array_ops

x = tf.placeholder(tf.float32, [None, 3])
y = tf.nn.dropout(tf.log(x), 0.9)
z = array_ops.reshape(y, [-1])
cell = cells.NASCell(
    3
)
rate = tf.app.flags.FLAGS.rate
"""
    assert [(line, column, code) for line, column, code, _ in told(text)] == [
        (5, 5, "TFM100"),
        (6, 5, "TFM301"),
        (6, 19, "TFM101"),
        (7, 5, "TFM103"),
        (8, 8, "TFM102"),
        (11, 8, "TFM101"),
    ]


def test_each_name_of_a_chain_is_told_once() -> None:
    text = "import tensorflow as tf\ntf.train.AdamOptimizer(tf.train.exponential_decay(1.0, s, 1, 0.5)).minimize(x)\n"
    assert [column for _, column, _, _ in told(text)] == [1, 24]


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow as tf\nprint(tf.nn.dropout(x, 0.9))\n",
        "import tensorflow as tf\nf = tf.reduce_sum\n",
        "import tensorflow as tf\ng = tf.gradients(y, x)\n",
        "from tensorflow.python.ops import array_ops\ny = array_ops.reshape(x, [1])\n",
        "import tensorflow as tf\nlayer = tf.keras.layers.LSTM(3)\n",
        "import tensorflow\nlog = tensorflow.math.log(x)\n",
        "import tensorflow as tf\ntf = other\ntf.placeholder(1)\n",
        "import numpy as tf\ntf.log(1.0)\n",
    ],
    ids=["dropout", "function as a value", "gradients", "private", "default", "plain", "rebound", "another library"],
)
def test_what_a_program_of_tensorflow_2_may_say_is_not_told(text: str) -> None:
    file = migrate_text(text)
    assert file.findings == ()
    assert file.level is Level.CLEAN


def test_arguments_that_keras_has_no_more_do_not_make_a_program_one_of_tensorflow_1() -> None:
    file = migrate_text("import tensorflow as tf\nlayer = tf.keras.layers.Reshape((3,), 4, 5)\n")
    assert file.level is Level.CLEAN
    assert [(one.code, one.fixed) for one in file.findings] == [("TFM201", False)]


def test_keywords_alone_make_a_program_one_of_tensorflow_1() -> None:
    file = migrate_text("import tensorflow as tf\nprint(tf.reduce_sum(x, keep_dims=True))\n")
    assert file.level is Level.NATIVE
    assert file.code.endswith("print(tf.reduce_sum(x, keepdims=True))\n")
    assert [(one.code, one.fixed, one.advice) for one in file.findings] == [
        ("TFM201", True, "Write `tf.reduce_sum(x, keepdims=True)`")
    ]
