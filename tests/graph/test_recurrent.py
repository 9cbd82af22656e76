"""Recurrent cells: what TensorFlow 1.15 calls the variables of each, and what it is not followed in."""

from __future__ import annotations

import pytest

from tests.graph.staged import obstacles, stage

HEAD = """\
import tensorflow as tf
from tensorflow.contrib import rnn
from tensorflow.python.ops.rnn import bidirectional_dynamic_rnn as both
cells = tf.nn.rnn_cell
x = tf.placeholder(tf.float32, [None, 4, 3])
"""
RUN = "tf.nn.dynamic_rnn({}, x, dtype=tf.float32)"


def cells(text: str) -> list[str]:
    """The names under which the variables of cells are kept, in the order of their making."""
    staging = stage(text, head=HEAD)
    made = [n for n in staging.nodes if "cell" in n.details and n.trainable]
    return sorted(n.name for n in made)


# Each name was printed by TensorFlow 1.15 itself, with the name of a variable behind it.
@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param(RUN.format("rnn.BasicLSTMCell(5)"), ["rnn/basic_lstm_cell"], id="contrib"),
        pytest.param(
            RUN.format("cells.MultiRNNCell([cells.DropoutWrapper(cells.BasicLSTMCell(5)), cells.GRUCell(5)])"),
            ["rnn/multi_rnn_cell/cell_0/basic_lstm_cell", "rnn/multi_rnn_cell/cell_1/gru_cell"],
            id="stack",
        ),
        pytest.param(
            "c = cells.BasicLSTMCell(3)\n" + RUN.format("cells.MultiRNNCell([c] * 3)"),
            ["rnn/multi_rnn_cell/cell_0/basic_lstm_cell"],
            id="one cell three times",
        ),
        pytest.param(
            "both(cells.BasicLSTMCell(3), cells.LSTMCell(4), x, dtype=tf.float32)",
            ["bidirectional_rnn/bw/lstm_cell", "bidirectional_rnn/fw/basic_lstm_cell"],
            id="both directions",
        ),
        pytest.param(
            "c, d, e = cells.BasicLSTMCell(3, name='foo'), cells.BasicLSTMCell(3), cells.BasicLSTMCell(3)\n"
            "s = c.zero_state(2, tf.float32)\nc(x[:, 0], s)\n"
            "with tf.variable_scope('q'):\n    c(x[:, 1], s)\n"
            "e(x[:, 0], s)\nd(x[:, 0], s)",
            ["basic_lstm_cell", "basic_lstm_cell_1", "foo"],
            id="called directly",
        ),
        pytest.param("cells.BasicLSTMCell(3)", [], id="never called"),
        pytest.param(
            "with tf.variable_scope('r'):\n    tf.nn.dynamic_rnn(cells.GRUCell(3), x, dtype=tf.float32, scope='s')",
            ["r/s/gru_cell"],
            id="scopes",
        ),
        pytest.param(
            RUN.format("rnn.OutputProjectionWrapper(rnn.InputProjectionWrapper(cells.GRUCell(3), 5), 2)"),
            [
                "rnn/output_projection_wrapper",
                "rnn/output_projection_wrapper/input_projection_wrapper",
                "rnn/output_projection_wrapper/input_projection_wrapper/gru_cell",
            ],
            id="projections",
        ),
        pytest.param(
            RUN.format("rnn.AttentionCellWrapper(cells.LSTMCell(3), 2)"),
            ["rnn/attention_cell_wrapper", "rnn/attention_cell_wrapper/lstm_cell"],
            id="attention",
        ),
        pytest.param(
            "def net():\n    " + RUN.format("cells.MultiRNNCell([cells.GRUCell(3) for _ in range(2)])") + "\n"
            "with tf.variable_scope('r'):\n    net()\n"
            "with tf.variable_scope('r', reuse=tf.AUTO_REUSE):\n    net()\n",
            ["r/rnn/multi_rnn_cell/cell_0/gru_cell", "r/rnn/multi_rnn_cell/cell_1/gru_cell"],
            id="a function called again with reuse",
        ),
        pytest.param(
            "rnn.stack_bidirectional_dynamic_rnn([cells.GRUCell(3)], [rnn.NASCell(3)], x, dtype=tf.float32)",
            [
                "stack_bidirectional_rnn/cell_0/bidirectional_rnn/bw/nas_cell",
                "stack_bidirectional_rnn/cell_0/bidirectional_rnn/fw/gru_cell",
            ],
            id="layers in both directions",
        ),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert cells(text) == names


TWICE = "with tf.variable_scope('r', reuse={}):\n    " + RUN.format("cells.GRUCell(3)") + "\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(TWICE.format("False") * 2, "TFM404", id="made twice"),
        pytest.param(TWICE.format("False") + TWICE.format("True"), "TFM702", id="shared by name"),
        pytest.param(TWICE.format("True"), "TFM404", id="reused before it is made"),
        pytest.param(
            "def net(size):\n    " + RUN.format("cells.GRUCell(size)") + "\n"
            "with tf.variable_scope('r'):\n    net(3)\n"
            "with tf.variable_scope('r', reuse=True):\n    net(4)\n",
            "TFM702",
            id="made again with another size",
        ),
        pytest.param(
            "class Own(cells.RNNCell):\n    pass\n" + RUN.format("Own()"), "TFM702", id="a cell class of the program"
        ),
        pytest.param(
            "tf.nn.dynamic_rnn(cells.GRUCell(3), tf.to_double(x), dtype=tf.float64)", "TFM702", id="another type"
        ),
        pytest.param(RUN.format("rnn.UGRNNCell(3)"), "TFM702", id="another cell"),
        pytest.param(
            "ids = tf.placeholder(tf.int32, [None, 4, 1])\n"
            "tf.nn.dynamic_rnn(rnn.EmbeddingWrapper(cells.GRUCell(3), 9, 2), ids, dtype=tf.float32)",
            "TFM702",
            id="numbers of words in a loop",
        ),
        pytest.param(
            "c = cells.GRUCell(3)\n"
            "tf.contrib.legacy_seq2seq.rnn_decoder(tf.unstack(x, axis=1), c.zero_state(2, tf.float32), c,\n"
            "    loop_function=lambda output, step: tf.layers.dense(output, 3))",
            "TFM404",
            id="a decoder that makes variables at each step",
        ),
        pytest.param("tf.nn.raw_rnn(cells.GRUCell(3), len)", "TFM702", id="another function"),
    ],
)
def test_refused(text: str, code: str) -> None:
    assert code in obstacles(text, head=HEAD)
