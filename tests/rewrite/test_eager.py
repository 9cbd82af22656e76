"""Programs of TensorFlow 1 that run eagerly: what they become, and what is refused beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tf2migrate.migrate import migrate_text

HEAD = "import tensorflow as tf\ntf.enable_eager_execution()\ntfe = tf.contrib.eager\n"
PROGRAM = HEAD + '''
rate = 0.05
rows = [[0.5, 1.0], [1.5, -1.0], [-0.5, 0.25], [2.0, 0.0], [-1.0, -1.5], [0.0, 0.75]]
wanted = [1.0, 2.5, -0.75, 3.5, -2.0, 0.5]
data = tf.data.Dataset.from_tensor_slices((rows, wanted)).map(lambda row, w: (row * 0.5, w)).batch(2).repeat(7)
batches = tfe.Iterator(data)
w = tfe.Variable(tf.zeros([2]), name="w")
b = tfe.Variable(0.1)


def line(inputs):
    return tf.reduce_sum(inputs * w, axis=1, keep_dims=True)[:, 0] + b


def mean_error(model, inputs, targets):
    return tf.reduce_mean(tf.squared_difference(model(inputs), targets))


gradients = tfe.implicit_gradients(mean_error)
descent = tf.train.MomentumOptimizer(rate, 0.9)
for step in range(9):
    x, y = batches.next()
    descent.apply_gradients(gradients(line, x, y))
    if step % 3 == 0:
        print("%d %.5f" % (step, mean_error(line, x, y)))
value_and_gradients = tfe.implicit_value_and_gradients(mean_error)
adam = tf.train.AdamOptimizer(learning_rate=0.02)
for x, y in batches:
    error, pairs = value_and_gradients(line, x, y)
    adam.apply_gradients(pairs)
print("%.5f %d" % (error, len(pairs)), ["%.5f" % part for part in w.numpy()])
print(tf.constant([[1, 2], [3, 4]]))
'''
NETWORK = HEAD + '''
class Net(tfe.Network):
    def __init__(self):
        super(Net, self).__init__()
        self.inner = self.track_layer(tf.layers.Dense(4, activation=tf.nn.tanh))

    def call(self, inputs):
        return self.inner(inputs)


print(Net()(tf.ones([2, 3])).shape)
'''


def migrated(text: str) -> str:
    return migrate_text(text).code


def test_what_stays_has_its_place() -> None:
    made = migrated(PROGRAM)
    assert "enable_eager" not in made
    assert "contrib" not in made
    assert 'w = tf.Variable(tf.zeros([2]), name="w")\n' in made
    assert "batches = iter(data)\n" in made
    assert "x, y = next(batches)\n" in made
    assert "descent = Momentum(" in made or "descent = tf.keras.optimizers.SGD(" in made


def test_network_becomes_model() -> None:
    made = migrated(NETWORK)
    assert "class Net(tf.keras.Model):" in made
    assert "self.inner = tf.keras.layers.Dense(4, activation=tf.nn.tanh)" in made


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a = tf.constant(1.0)\nprint(a == a)\n", id="tensors are compared"),
        pytest.param("def f(n):\n    return n == 1\nfor n in (0, 1):\n    f(tf.constant(n))\n", id="parameter"),
        pytest.param("r = tfe.Variable(0.1)\no = tf.train.GradientDescentOptimizer(r)\n", id="rate is a variable"),
        pytest.param("r = 0.1\no = tf.train.AdamOptimizer(r)\nr = 0.2\n", id="rate is bound again"),
        pytest.param("tf.set_random_seed(1)\nprint(tf.random_normal([2]))\n", id="drawn from a seed"),
        pytest.param("w = tf.get_variable('w', [2])\nprint(w.numpy())\n", id="shared variables"),
        pytest.param("o = tf.train.AdamOptimizer()\no.minimize(lambda: tf.constant(1.0))\n", id="minimize"),
        pytest.param(
            "a, b = tfe.Variable(1.0), tfe.Variable(2.0)\no = tf.train.AdamOptimizer(0.1)\n"
            "with tf.GradientTape(persistent=True) as t:\n    c, d = a * a, b * b\n"
            "o.apply_gradients([(t.gradient(c, a), a)])\no.apply_gradients([(t.gradient(d, b), b)])\n",
            id="one optimizer for other variables later",
        ),
        pytest.param("d = tf.data.Dataset.range(4).shuffle(4, seed=1)\nprint(list(d))\n", id="shuffle"),
        pytest.param("print(tf.ones([2, 3]).shape[0].value)\n", id="value of a dimension"),
        pytest.param("import numpy as np\nprint(tf.layers.Dense(2)(np.ones([1, 2])))\n", id="layer of 64 bits"),
        pytest.param("print(tf.get_variable('w', [2]).numpy())\n", id="shared variable without a name"),
        pytest.param("print(tf.keras.layers.Dense(2)(tf.ones([1, 2])).shape)\n", id="Keras of TensorFlow 1"),
    ],
)
def test_is_refused(text: str) -> None:
    program = HEAD + text
    assert migrated(program) == program


@pytest.mark.slow
@pytest.mark.tf1
def test_prints_the_same(tf1_python: str, tmp_path: Path) -> None:
    assert printed(sys.executable, tmp_path / "after.py", migrated(PROGRAM)) == printed(
        tf1_python, tmp_path / "before.py", PROGRAM
    )


def printed(python: str, path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF", "PYTHON"))}
    quiet = {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [python, "-W", "ignore", str(path)]
    return subprocess.run(command, env=kept | quiet, capture_output=True, text=True, check=True).stdout
