"""What is told about the use of a symbol, and that it is told of every symbol that TensorFlow 2 does not have."""

from __future__ import annotations

import re

import pytest

from tests.api.expressions import call_of
from tf2migrate.api.changes import changes, refused_by_name, replacements
from tf2migrate.api.replacements import Kind
from tf2migrate.api.symbols import Fate, all_tf1_names, fate, tf2_exists
from tf2migrate.api.verdicts import known_part, verdict

WRONG = {
    "renamed": ("tf.log(x)", "TFM101", "Write `tf.math.log(x)`"),
    "another expression": ("tf.to_float(x)", "TFM101", "Write `tf.cast(x, tf.float32)`"),
    "a long call": (f"tf.log(tf.concat([{', '.join(['x'] * 40)}], 0))", "TFM101", "Write `tf.math.log(...)`"),
    "a recipe": ("tf.div(x, y)", "TFM101", "Write `div`, which `tf2migrate fix` defines"),
    "placeholder": ("tf.placeholder(tf.float32)", "TFM100", "Make it an argument of the function that computes"),
    "session": ("tf.Session()", "TFM100", "Call the function that computes the value"),
    "initializer op": ("tf.global_variables_initializer()", "TFM100", "Leave it out"),
    "optimizer": (
        "tf.train.GradientDescentOptimizer(0.1)",
        "TFM101",
        "Use `tf.keras.optimizers.SGD`",
    ),
    "layer": ("tf.layers.dense(x, 3)", "TFM101", "Use `tf.keras.layers.Dense`"),
    "contrib": ("tf.contrib.layers.flatten(x)", "TFM102", None),
    "unlisted contrib": ("tf.contrib.no_such_part.thing(x)", "TFM102", None),
    "private": ("tf.python.client.timeline.Timeline(x)", "TFM103", None),
    "flag": ("tf.app.flags.DEFINE_string('a', 'b', 'c')", "TFM101", "Use `absl.flags.DEFINE_string` of absl"),
    "in neither": ("tf.no_such_thing(x)", "TFM101", "Check the name"),
    "before 1.15": ("tf.pack([x])", "TFM101", "It became `tf.stack`"),
    "keyword": ("tf.reduce_sum(x, reduction_indices=1)", "TFM201", "Write `tf.reduce_sum(x, axis=1)`"),
    "several keywords": ("tf.argmax(input=x, dimension=1)", "TFM201", "Write `tf.argmax(input=x, axis=1)`"),
    "places": ("tf.transpose(x, [1, 0], 'swapped')", "TFM301", "Write `tf.transpose(x, [1, 0], name='swapped')`"),
    "meaning": ("tf.nn.dropout(x, 0.9)", "TFM301", "Write `tf.nn.dropout(x, rate=0.1)`"),
    "default of Keras": ("tf.keras.layers.LSTM(3)", "TFM301", "Write `recurrent_activation='hard_sigmoid'`"),
    "default": ("tf.random_normal_initializer()", "TFM301", "Write `stddev=1.0`"),
    "behaviour": ("tf.gradients(y, x)", "TFM302", "Use `tf.GradientTape`"),
    "summary": ("tf.summary.scalar('loss', x)", "TFM302", None),
    "argument that is gone": ("tf.Variable(x, collections=['mine'])", "TFM201", None),
}
RIGHT = {
    "same object": "tf.matmul(x, y)",
    "same meaning": "tf.reduce_sum(x, 1)",
    "new keyword": "tf.reduce_sum(x, axis=1, keepdims=True)",
    "dtype": "tf.constant(1.0, dtype=tf.float32)",
    "variable": "tf.Variable(x, trainable=False)",
    "initializer with its numbers": "tf.random_normal_initializer(stddev=1.0)",
    "TensorFlow 2's own arguments": "tf.summary.scalar('loss', x, step=1)",
    "what Python adds": "tf.__file__.upper()",
    "new name": "tf.math.log(x)",
    "only in TensorFlow 2": "tf.random.set_seed(1)",
    "module of TensorFlow 2": "tf.keras.layers.Dense(3)",
    "defaults that are one number": "tf.keras.layers.ReLU()",
    "defaults around the model": "tf.keras.callbacks.TensorBoard('logs')",
    "checkpoints of objects": "tf.train.Checkpoint(model=x)",
    "switch of TensorFlow 1 under its own name": "tf.compat.v1.disable_eager_execution()",
}


@pytest.mark.parametrize(("text", "code", "advice"), WRONG.values(), ids=WRONG)
def test_use_that_may_not_stay(text: str, code: str, advice: str | None) -> None:
    found = verdict(*call_of(text))
    assert found is not None
    assert found.code == code
    assert advice is None or found.replacement.advice == advice


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_use_that_may_stay(text: str) -> None:
    assert verdict(*call_of(text)) is None


def test_what_a_program_of_tensorflow_2_may_say_is_not_certain() -> None:
    assert not verdict(*call_of("tf.nn.dropout(x, 0.1)")).certain  # type: ignore[union-attr]
    assert verdict(*call_of("tf.nn.dropout(x, keep_prob=0.1)")).certain  # type: ignore[union-attr]


def test_attributes_of_what_a_symbol_stands_for_are_no_part_of_it() -> None:
    assert known_part("tf.flags.FLAGS.rate") == "tf.flags.FLAGS"
    assert known_part("tf.float32.name") == "tf.float32"
    assert known_part("tf.contrib.no_such_part.thing") == "tf.contrib.no_such_part.thing"


def test_every_symbol_is_classified() -> None:
    """What TensorFlow 2 does not have gets a code and a way out, mentioned or called."""
    for name in all_tf1_names():
        assert fate(name) is not None
        if tf2_exists(name):
            continue
        found = verdict(name)
        assert found is not None, name
        assert found.replacement.advice, name


def test_no_symbol_is_in_both_tables() -> None:
    assert [name for name in changes() if refused_by_name(name)] == []


def test_replacements_exist_in_tensorflow_2() -> None:
    for pattern, replacement in replacements().items():
        if replacement.kind not in (Kind.BECAME, Kind.BY_HAND):
            for named in re.findall(r"`(tf\.[\w.]+)`", replacement.target):
                assert tf2_exists(named), (pattern, named)


def test_renamed_symbols_are_those_of_the_tables() -> None:
    for name in all_tf1_names():
        found = verdict(name)
        if found is not None and found.replacement.kind is Kind.RENAMED and fate(name) is not None:
            target = found.replacement.target
            assert not target.startswith("tf.") or tf2_exists(target), (name, target)


def test_fates() -> None:
    assert fate("tf.random_normal") == (Fate.SAME, "tf.random.normal")
    assert fate("tf.assert_type") == (Fate.ALIKE, "tf.debugging.assert_type")
    assert fate("tf.log") == (Fate.SAME, "tf.math.log")
    assert fate("tf.argmax") == (Fate.CHANGED, "tf.argmax")
    assert fate("tf.placeholder") == (Fate.GONE, "tf.placeholder")
    assert fate("tf.no_such_thing") is None
