"""The recipe texts: they are readable Python, and one name never stands for two texts."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

import pytest

from tests.api.emitted import arguments
from tf2migrate.api.calls_model import Call, Definition
from tf2migrate.api.initializers import initializer_reference
from tf2migrate.api.layers import Flag, Layer, layer
from tf2migrate.api.mnist import read_data_sets
from tf2migrate.api.optimizers import Rate, optimizer
from tf2migrate.api.recipes import definition
from tf2migrate.api.schedules import Schedule, schedule

_OPTIMIZERS = {
    "tf.train.MomentumOptimizer": "r, m",
    "tf.train.RMSPropOptimizer": "r",
    "tf.train.AdadeltaOptimizer": "r",
    "tf.train.FtrlOptimizer": "r",
    "tf.train.AdagradDAOptimizer": "r, s",
    "tf.train.ProximalGradientDescentOptimizer": "r, 0.1",
    "tf.train.ProximalAdagradOptimizer": "r",
    "tf.contrib.opt.LazyAdamOptimizer": "r",
    "tf.contrib.opt.NadamOptimizer": "r",
    "tf.contrib.opt.AdaMaxOptimizer": "r",
    "tf.contrib.opt.AdamWOptimizer": "d, r",
    "tf.contrib.opt.MomentumWOptimizer": "d, r, m",
}


def _definitions() -> Iterator[Definition]:
    """What the look-ups emit, in all variants."""
    for (name, source), sparse, rate in itertools.product(_OPTIMIZERS.items(), (False, True), Rate):
        call = optimizer(name, arguments(source), tf="tf", sparse=sparse, rate=rate)
        if isinstance(call, Call):
            yield from call.definitions
    for name, rank, flag, update in itertools.product(
        ("tf.layers.batch_normalization", "tf.contrib.layers.batch_norm", "tf.contrib.layers.layer_norm"),
        (None, 2, 3, 4),
        Flag,
        ("True", "u", "False"),
    ):
        found = layer(name, arguments("x"), tf="tf", rank=rank, flag=flag, update=update)
        if isinstance(found, Layer):
            yield from found.definitions
    found_schedule = schedule("tf.train.linear_cosine_decay", arguments("r, s, k"), tf="tf")
    assert isinstance(found_schedule, Schedule)
    yield from found_schedule.definitions
    for source in ("tf.glorot_uniform_initializer", "tf.random_normal_initializer"):
        call = initializer_reference(source, arguments("seed=1"), tf="tf")
        assert isinstance(call, Call)
        yield from call.definitions
    call = initializer_reference("tf.uniform_unit_scaling_initializer", [], tf="tf")
    assert isinstance(call, Call)
    yield from call.definitions
    for one_hot, reshape, dtype in itertools.product(
        ("True", "False"), ("True", "False"), ("float32", "uint8")
    ):
        call = read_data_sets(
            arguments(f"d, one_hot={one_hot}, reshape={reshape}, dtype=tf.{dtype}, seed=s"), tf="tf"
        )
        assert isinstance(call, Call)
        yield from call.definitions


def test_a_name_stands_for_one_text() -> None:
    texts: dict[str, Definition] = {}
    for each in _definitions():
        assert texts.setdefault(each.name, each) == each
    assert len(texts) > 30


@pytest.mark.parametrize("each", set(_definitions()), ids=lambda each: each.name)
def test_text_is_one_documented_definition(each: Definition) -> None:
    (node,) = ast.parse(each.text).body
    assert isinstance(node, ast.ClassDef | ast.FunctionDef)
    assert node.name == each.name
    assert ast.get_docstring(node)
    assert each.text.endswith("\n")
    assert max(len(line) for line in each.text.splitlines()) <= 120
    assert not any(line.endswith(" ") for line in each.text.splitlines())
    assert all(isinstance(ast.parse(line).body[0], ast.Import) for line in each.imports)


def test_definition_replaces_whole_words_and_the_alias() -> None:
    made = definition("class A(Base):\n    x = tf.zeros(Baseline)\n", tf="t", renamed={"Base": "tf.B"})
    assert made == Definition("A", "class A(t.B):\n    x = t.zeros(Baseline)\n")


def test_text_without_a_definition_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no class or function"):
        definition("x = 1\n", tf="tf")
