"""The MNIST reader and the Keras loaders serve the same data on both sides, offline."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tf2migrate.verify.values import Comparison, Verdict

pytestmark = pytest.mark.slow
Compare = Callable[..., Comparison]

READER = """
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data
mnist = input_data.read_data_sets("MNIST_data/", one_hot=True{options})
x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
with tf.Session() as sess:
    def show(images, labels):
        __tf2migrate_record__(1, sess.run([x + 0, y + 0], {{x: images, y: labels}}))
    assert mnist.train.num_examples == 2000 and len(mnist.validation.images) == 5000
    show(mnist.test.images, mnist.test.labels)
    show(mnist.validation.images[:50], mnist.validation.labels[:50])
    for step in range(8):
        show(*mnist.train.next_batch(600))
    assert mnist.train.epochs_completed == 2
    show(*mnist.train.next_batch(30, shuffle=False))
    show(mnist.train.images[:20], mnist.train.labels[:20])
"""

# The order of semantics.md, G2, written out by hand.
BY_HAND = """
import numpy as np
import tensorflow as tf
(x, y), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
assert x.dtype == y.dtype == np.uint8 and x.shape[1:] == (28, 28)
def show(images, labels):
    __tf2migrate_record__(1, [np.float32(images), np.float32(labels)])
def ready(images, labels):
    return np.multiply(images.reshape(-1, 784).astype(np.float32), 1.0 / 255.0), np.eye(10)[labels]
images, labels = ready(x[5000:], y[5000:])
show(*ready(x_test, y_test))
show(*ready(x[:50], y[:50]))
queue = np.arange(0)
def mixed():
    order = np.arange(2000)
    np.random.shuffle(order)
    return images[order], labels[order]
images, labels = mixed()
position = 0
for step in range(8):
    first, last = images[position:position + 600], labels[position:position + 600]
    position += 600
    if position > 2000:
        position -= 2000
        images, labels = mixed()
        first = np.concatenate([first, images[:position]])
        last = np.concatenate([last, labels[:position]])
    show(first, last)
show(images[position:position + 30], labels[position:position + 30])
show(images[:20], labels[:20])
"""


def test_reader_stand_in(compare: Compare) -> None:
    assert compare(READER.format(options=""), BY_HAND).ok


@pytest.mark.tf1
def test_reader_of_tf1(compare: Compare, tf1_python: str) -> None:
    assert compare(READER.format(options=""), BY_HAND, oracle=tf1_python).ok


def test_seeded_reader_is_another(compare: Compare) -> None:
    assert compare(READER.format(options=", seed=7"), BY_HAND).verdict is Verdict.DIFFERENT


@pytest.mark.tf1
def test_reader_options_agree_with_tf1(compare: Compare, tf1_python: str) -> None:
    """The stand-in against the real reader, one after the other against the same rewrite."""
    before = READER.format(options=", seed=7, reshape=False")
    after = """
import numpy as np
import tensorflow as tf
{0}
"""
    by_hand = BY_HAND.replace("reshape(-1, 784)", "reshape(-1, 28, 28, 1)")
    # With a seed each of the three sets seeds numpy's generator with it.
    by_hand = by_hand.replace("queue =", "np.random.seed(7)\nqueue =")
    for oracle in (None, tf1_python):
        assert compare(before, after.format(by_hand), oracle=oracle).ok, oracle


LOADERS = """
import tensorflow as tf
from tensorflow.keras.datasets import cifar10, fashion_mnist
with tf.compat.v1.Session() as sess:
    for data in (tf.keras.datasets.mnist, fashion_mnist, cifar10):
        (x, y), (u, v) = data.load_data()
        a = [tf.constant(x[:5]), tf.constant(y[:5]), tf.constant(u[-5:]), tf.constant(v[-5:])]
        __tf2migrate_record__(1, sess.run(a))
"""


def test_keras_loaders(compare: Compare) -> None:
    after = LOADERS.replace("with tf.compat.v1.Session() as sess:", "if True:")
    after = after.replace("sess.run(a)", "[t.numpy() for t in a]")
    comparison = compare(LOADERS, after)
    assert comparison.ok, comparison
    assert [value.compared for value in comparison.sites[0].values] == [
        2 * 5 * 28 * 28 + 5 * 32 * 32 * 3,
        15,
        2 * 5 * 28 * 28 + 5 * 32 * 32 * 3,
        15,
    ]


@pytest.mark.tf1
def test_keras_loaders_of_tf1(compare: Compare, tf1_python: str) -> None:
    after = LOADERS.replace("with tf.compat.v1.Session() as sess:", "if True:")
    assert compare(LOADERS, after.replace("sess.run(a)", "[t.numpy() for t in a]"), oracle=tf1_python).ok


def test_plots_do_nothing(compare: Compare) -> None:
    text = """
import matplotlib.pyplot as plt
import numpy as np
fig, axes = plt.subplots(2, 3)
axes[0][1].plot([1, 2])
plt.savefig("out.png")
plt.show()
"""
    before = text + "import tensorflow as tf\n__tf2migrate_record__(1, tf.Session().run(tf.ones([2])))\n"
    assert compare(before, text + "__tf2migrate_record__(1, np.ones(2, 'f'))\n").ok
