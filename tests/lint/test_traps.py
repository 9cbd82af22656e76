"""The traps of Keras 3: each rule finds its example, and nothing in what to use instead or right beside it."""

from __future__ import annotations

import textwrap

import pytest

from tf2migrate.migrate import Level, migrate_text
from tf2migrate.rules import all_rules

TRAPS = [code for code, rule in all_rules().items() if rule.find is not None]
HEAD = "import numpy as np\nimport tensorflow as tf\nfrom tensorflow import keras\n"


def told(text: str) -> list[tuple[int, str]]:
    file = migrate_text(text)
    assert file.level is Level.CLEAN
    assert file.code == text
    return [(finding.line, finding.code) for finding in file.findings]


@pytest.mark.parametrize("code", TRAPS)
def test_example_is_found(code: str) -> None:
    assert {found for _, found in told(all_rules()[code].example + "\n")} == {code}


@pytest.mark.parametrize("code", TRAPS)
def test_what_to_use_instead_is_not(code: str) -> None:
    assert told(all_rules()[code].use_instead + "\n") == []


MODEL = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        {0}

    def call(self, x):
        return x
"""
FOUND = {
    "by a keras import": (MODEL.format("self.w = tf.Variable(1.0)"), "TFM901"),
    "in a list": (MODEL.format("self.parts = [tf.Variable(i) for i in range(3)]"), "TFM901"),
    "in a dict": (MODEL.format("self.parts = {'w': tf.Variable(1.0)}"), "TFM901"),
    "appended": (MODEL.format("self.parts.append(tf.Variable(1.0))"), "TFM901"),
    "in a class below": (
        "class Base(tf.keras.layers.Layer):\n    pass\nclass Own(Base):\n    def build(self, s):\n"
        "        self.w = tf.Variable(1.0)\n",
        "TFM901",
    ),
    "an attribute of a layer": (
        MODEL.format("self.w = self.add_weight(name='w', shape=[2])").replace("return x", "return np.ones(2) * self.w"),
        "TFM902",
    ),
    "a model that has a name": (MODEL.format("pass") + "net = Net()\nnet([1.0, 2.0])\n", "TFM903"),
    "a sequence": ("net = keras.Sequential([])\nnet(x, True)\n", "TFM903"),
    "an optimizer in place": ("keras.optimizers.Adam().minimize(f, [w])\n", "TFM904"),
    "the rate": ("adam = keras.optimizers.Adam()\nadam.lr.assign(0.1)\n", "TFM904"),
    "a plain variable in a call": (MODEL.format("pass").replace("return x", "return x * tf.Variable(1.0)"), "TFM905"),
    "a weight": (MODEL.format("self.w = self.add_weight(name='a/b', shape=[])"), "TFM906"),
    "a formatted name": (MODEL.format("self.w = self.add_weight(f'w', shape=[])"), "TFM907"),
    "layers": (MODEL.format("self.layers = []"), "TFM908"),
    "input shape": ("keras.layers.Dense(3, batch_input_shape=[1, 2])\n", "TFM909"),
    "functional model": ("keras.Model(input=x, outputs=y)\n", "TFM909"),
    "a folder": ("net = keras.Sequential([])\nnet.save('folder')\n", "TFM910"),
}
BESIDE = {
    "a plain class": "class Own:\n    def __init__(self):\n        self.w = tf.Variable(1.0)\n",
    "a module": "class Own(tf.Module):\n    def __init__(self):\n        self.w = tf.Variable(1.0)\n",
    "a local variable": MODEL.format("w = tf.Variable(1.0)"),
    "a variable of Keras": MODEL.format("self.w = keras.Variable(tf.ones([2]))"),
    "numpy on the right": "w = keras.Variable(1.0)\ny = w * np.float32(2.0)\n",
    "numpy beside a plain variable": "w = tf.Variable(1.0)\ny = np.float32(2.0) * w\n",
    "a name with two meanings": "w = keras.Variable(1.0)\nw = 2.0\ny = np.float32(2.0) * w\n",
    "a parameter": "w = keras.Variable(1.0)\ndef f(w):\n    return np.float32(2.0) * w\n",
    "numbers for a function": "def net(x, flag):\n    return x\nnet(1.0, True)\n",
    "numbers for a constructor": "class Net(keras.Model):\n    def __init__(self, size):\n        pass\nNet(3)\n",
    "numbers by keyword": MODEL.format("pass") + "net = Net()\nnet(x, training=True)\n",
    "an optimizer of one's own": "class Adam:\n    pass\nadam = Adam()\nadam.minimize(f)\n",
    "an optimizer of Keras 2": "sgd = keras.optimizers.legacy.SGD(0.1)\nsgd.minimize(f, [w])\n",
    "a plain name": MODEL.format("self.w = self.add_weight(name='w', shape=[])"),
    "a slash elsewhere": "open('a/b')\nprint(name='a/b')\n",
    "shape by place": MODEL.format("self.w = self.add_weight([2], name='w')"),
    "an attribute with a setter": MODEL.format("self.loss = 3"),
    "layers of a layer": "class Own(keras.layers.Layer):\n    def __init__(self):\n        self.layers = []\n",
    "the word lr elsewhere": "def train(lr):\n    return lr\ntrain(lr=1)\n",
    "endings": "net = keras.Sequential([])\nnet.save('a.keras')\nnet.save_weights('a.weights.h5')\n",
    "saving something else": "figure.save('picture')\n",
}


@pytest.mark.parametrize(("text", "code"), FOUND.values(), ids=FOUND)
def test_found(text: str, code: str) -> None:
    assert [found for _, found in told(HEAD + textwrap.dedent(text))] == [code]


@pytest.mark.parametrize("text", BESIDE.values(), ids=BESIDE)
def test_nothing_beside_it(text: str) -> None:
    assert told(HEAD + textwrap.dedent(text)) == []
