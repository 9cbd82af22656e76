"""Files of which several programs use different parts: one text serves all of them, or none is migrated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, Program, migrate
from tf2migrate.rewrite.shared_files import builds_layers_apart, merged

MODEL = """\
import tensorflow as tf


class Weather(object):
    def __init__(self, size, learning=True):
        self.sky = tf.placeholder(tf.float32, [None, 4])
        with tf.variable_scope("weather"):
            hidden = tf.layers.dense(self.sky, size, tf.nn.tanh, name="hidden")
            self.rain = tf.layers.dense(hidden, 1, name="rain")
        self.seen = tf.placeholder(tf.float32, [None, 1])
        self.off = tf.reduce_mean(tf.square(self.rain - self.seen))
        if learning:
            self.learn = tf.train.AdamOptimizer({rate}).minimize(self.off)
"""
TRAIN = """\
import numpy as np
import tensorflow as tf
from weather import Weather

sky = np.random.RandomState(1).rand(8, 4)
weather = Weather(3{rate})
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(4):
        sess.run(weather.learn, {{weather.sky: sky, weather.seen: sky[:, :1]}})
    saver.save(sess, "./weather.ckpt")
    print(sess.run(weather.rain, {{weather.sky: sky[:2]}}))
"""
FORECAST = """\
import numpy as np
import tensorflow as tf
from weather import Weather

sky = np.random.RandomState(1).rand(8, 4)
weather = Weather(3, learning=False)
saver = tf.train.Saver()
with tf.Session() as sess:
    saver.restore(sess, "./weather.ckpt")
    print(sess.run(weather.rain, {weather.sky: sky[:2]}))
"""
NETS = """\
import tensorflow as tf


def encode(x, size):
    with tf.variable_scope("encoder"):
        return tf.layers.dense(x, size, tf.nn.tanh)


def decode(z, size):
    with tf.variable_scope("decoder"):
        return tf.layers.dense(z, size)
"""
BOTH = """\
import numpy as np
import tensorflow as tf
from nets import encode, decode
x = tf.placeholder(tf.float32, [None, 4])
y = decode(encode(x, 2), 4)
train = tf.train.AdamOptimizer(0.01).minimize(tf.reduce_mean(tf.square(x - y)))
{saver}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(train, {{x: np.ones((3, 4))}})
    {save}
"""
CODES = """\
import numpy as np
import tensorflow as tf
from nets import encode
x = tf.placeholder(tf.float32, [None, 4])
z = encode(x, 2)
{saver}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    {restore}
    print(sess.run(z, {{x: np.ones((3, 4))}}))
"""


def programs(**texts: str) -> dict[str, Program]:
    sources = [source_from_bytes(Path(f"{name}.py"), text.encode()) for name, text in texts.items()]
    return {program.entry.stem: program for program in migrate(sources, Settings())}


def text_of(program: Program, name: str) -> str:
    return next(file.code for file in program.files if file.source.path.stem == name)


@pytest.mark.slow
def test_one_program_reads_the_checkpoint_of_another(tmp_path: Path) -> None:
    found = programs(weather=MODEL.format(rate=0.01), train=TRAIN.format(rate=""), forecast=FORECAST)
    assert {p.level for p in found.values()} == {Level.NATIVE}
    assert text_of(found["train"], "weather") == text_of(found["forecast"], "weather")
    for name in ("weather", "train", "forecast"):
        (tmp_path / f"{name}.py").write_text(text_of(found["forecast" if name == "forecast" else "train"], name))
    shown = []
    for name in ("train", "forecast"):
        command = [sys.executable, str(tmp_path / f"{name}.py")]
        shown.append(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout)
    assert shown[0] == shown[1] != ""


def test_what_an_optimizer_is_made_from_may_be_missing_in_the_other_program() -> None:
    model = MODEL.format(rate="options.rate").replace("learning=True", "learning=True, options=None")
    train = "import argparse\n" + TRAIN.format(rate=", options=argparse.Namespace(rate=0.01)")
    found = programs(weather=model, train=train, forecast=FORECAST)
    assert {p.level for p in found.values()} == {Level.UNCHANGED}


def test_what_an_optimizer_is_made_from_is_there_where_both_programs_make_it() -> None:
    model = MODEL.format(rate="options.rate").replace("learning=True", "options").replace("if learning:", "if True:")
    options = "options=argparse.Namespace(rate=0.01)"
    train = "import argparse\n" + TRAIN.format(rate=f", {options}")
    forecast = "import argparse\n" + FORECAST.replace("learning=False", options)
    found = programs(weather=model, train=train, forecast=forecast)
    assert {p.level for p in found.values()} == {Level.NATIVE}


def test_a_function_that_one_program_does_not_call_is_taken_from_the_other() -> None:
    found = programs(nets=NETS, both=BOTH.format(saver="", save=""), codes=CODES.format(saver="", restore=""))
    assert {p.level for p in found.values()} == {Level.NATIVE}
    nets = text_of(found["codes"], "nets")
    assert nets == text_of(found["both"], "nets")
    assert "NotImplementedError" not in nets
    assert "class Decode" in nets
    assert not any("set aside" in f.message for p in found.values() for file in p.files for f in file.findings)


def test_a_model_here_and_a_layer_there_have_other_names_in_checkpoints() -> None:
    saver = "saver = tf.train.Saver()"
    both = BOTH.format(saver=saver, save='saver.save(sess, "./nets")')
    codes = CODES.format(saver=saver, restore='saver.restore(sess, "./nets")')
    found = programs(nets=NETS, both=both, codes=codes)
    assert {p.level for p in found.values()} == {Level.UNCHANGED}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("x = 1\n", "x = 2\n"),
        ("x = 1\n", "x = 1\nprint(x)\n"),
        ("def f():\n    return 1\n", "def f():\n    return 2\n"),
        ("class A:\n    size = 1\n", "class A:\n    size = 2\n"),
        ("class A(B):\n    pass\n", "class A(C):\n    pass\n"),
        ("class A:\n  def __init__(self):\n    self.a = 1\n", "class A:\n  def __init__(self):\n    pass\n"),
        ("def f():\n    return 1\n", "class f:\n    pass\n"),
    ],
    ids=["a value", "an effect", "a function", "an attribute", "a base", "what a constructor sets", "a name"],
)
def test_what_programs_want_differently(first: str, second: str) -> None:
    assert merged(first, second, same_names=False) is None
    assert merged(second, first, same_names=False) is None


def test_definitions_of_both() -> None:
    first = "import os\n\n\ndef a():\n    return 1\n\n\ndef c():\n    return 3\n"
    second = "import os\nimport sys\n\n\ndef c():\n    return 3\n\n\ndef b():\n    return 2\n"
    made = merged(first, second, same_names=True)
    assert made is not None
    assert made.startswith("import os\nimport sys\n")
    assert sorted(line for line in made.splitlines() if line.startswith("def")) == ["def a():", "def b():", "def c():"]


def test_a_name_that_is_defined_twice_keeps_both_definitions() -> None:
    getter = "    @property\n    def pace(self):\n        return 1\n"
    setter = "    @pace.setter\n    def pace(self, value):\n        pass\n"
    both = merged(f"class Net:\n{getter}{setter}", f"class Net:\n{getter}", same_names=False)
    assert both is None or "setter" in both


def test_methods_and_what_wraps_them_may_come_in_another_order() -> None:
    wraps = [f"        self.{name} = tf.function(self._{name})\n" for name in "ab"]
    steps = [f"    def _{name}(self, x):\n        return x\n" for name in "ab"]
    head = "class Net(tf.keras.Model):\n    def __init__(self):\n        super().__init__()\n"
    texts = [head + "".join(wraps) + "".join(steps), head + "".join(wraps[::-1]) + "".join(steps[::-1])]
    assert merged(*texts, same_names=True) == texts[0]


def test_a_layer_that_a_traced_method_calls_itself() -> None:
    text = (
        "class Net(tf.keras.Model):\n    def __init__(self):\n        self.h = tf.keras.layers.Dense(1)\n"
        "    def call(self, x):\n        return self.h(x)\n"
        "    @tf.function\n    def step(self, x):\n        return {}(x)\n"
    )
    assert not builds_layers_apart(text.format("self"))
    wrapping = "self.h = tf.keras.layers.Dense(1)\n        self.go = tf.function(self.step)"
    bare = text.replace("self.h = tf.keras.layers.Dense(1)", wrapping).replace("    @tf.function\n", "")
    assert builds_layers_apart(bare.format("self.h"))
    assert builds_layers_apart(text.format("self.h"))
