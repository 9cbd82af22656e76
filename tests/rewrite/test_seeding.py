"""The seed of the graph: numpy and Python are seeded with it only where nothing drawn from them changes."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate_text

PROGRAM = """
import random
import numpy as np
import tensorflow as tf
{before}
tf.set_random_seed(7)
{after}
x = tf.placeholder(tf.float32, [None, 2])
y = tf.layers.dense(x, 1)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(y, {{x: {fed}}}))
"""


def seeding(before: str = "", after: str = "", fed: str = "np.ones([3, 2])") -> str:
    code = migrate_text(PROGRAM.format(before=before, after=after, fed=fed)).code
    lines = [line for line in code.splitlines() if line.endswith("(7)") and line.startswith("tf.")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("before", "after", "fed"),
    [
        pytest.param("", "", "np.ones([3, 2])", id="nothing is drawn"),
        pytest.param("np.random.seed(7)", "", "np.random.randn(3, 2)", id="the same seed right before"),
        pytest.param("", "np.random.seed(3)", "np.random.randn(3, 2)", id="a seed right after"),
        pytest.param("", "rng = np.random.RandomState(0)", "rng.randn(3, 2)", id="a generator of its own"),
    ],
)
def test_all_generators_are_seeded(before: str, after: str, fed: str) -> None:
    assert seeding(before, after, fed) == "tf.keras.utils.set_random_seed(7)"


@pytest.mark.parametrize(
    ("before", "after", "fed"),
    [
        pytest.param("", "", "np.random.randn(3, 2)", id="draws that nothing seeds"),
        pytest.param("np.random.seed(8)", "", "np.random.randn(3, 2)", id="another seed before"),
        pytest.param("np.random.seed(7)\nz = np.random.rand()", "", "np.random.randn(3, 2)", id="drawn since the seed"),
        pytest.param("", "z = np.random.rand()\nnp.random.seed(3)", "np.random.randn(3, 2)", id="drawn before it"),
        pytest.param(
            "from random import shuffle\nshuffle([1, 2])", "", "np.ones([3, 2])", id="drawn under another name"
        ),
        pytest.param("", "random.shuffle([1, 2])", "np.ones([3, 2])", id="Python's generator"),
    ],
)
def test_generators_of_the_program_keep_their_numbers(before: str, after: str, fed: str) -> None:
    assert seeding(before, after, fed) == "tf.random.set_seed(7)"
