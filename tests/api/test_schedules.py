"""Learning-rate decays: the emitted schedule has TensorFlow 1's value at each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.api.emitted import arguments, value
from tests.api.tf1_process import run_tf1
from tf2migrate.api.calls_model import Refused
from tf2migrate.api.schedules import Schedule, is_schedule, schedule

STEPS = 130


def _cosine(t: float, k: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(t, k) / k))


def _restarts(t: float) -> float:
    start, length, height = 0.0, 30.0, 1.0
    while t >= start + length:
        start, length, height = start + length, length * 2, height * 0.9
    return 0.1 * (0.9 * height * _cosine(t - start, length) + 0.1)


def _cycles(t: float) -> float:
    k = 50.0 * max(math.ceil(t / 50.0), 1)
    return (0.1 - 0.01) * (1 - t / k) ** 2 + 0.01


def _linear_cosine(t: float) -> float:
    done = min(t, 100.0) / 100.0
    return 0.1 * ((1 - done) * 0.5 * (1 + math.cos(math.pi * done)) + 0.001)


# TF1's function and arguments, and the same in plain Python; `g` is the global step.
CASES: dict[str, tuple[str, Callable[[float], float]]] = {
    "exponential_decay": ("0.1, g, 10, 0.9", lambda t: 0.1 * 0.9 ** (t / 10)),
    "exponential_decay staircase": ("0.1, g, 10, 0.9, staircase=True", lambda t: 0.1 * 0.9 ** (t // 10)),
    "natural_exp_decay": ("0.1, g, 10, 0.5", lambda t: 0.1 * math.exp(-0.5 * t / 10)),
    "natural_exp_decay expression": ("0.1, g, 10, 0.2 + 0.3", lambda t: 0.1 * math.exp(-0.5 * t / 10)),
    "inverse_time_decay": ("0.1, g, 10, 0.5", lambda t: 0.1 / (1 + 0.5 * t / 10)),
    "inverse_time_decay integer": ("0.1, g, 10, 2, True", lambda t: 0.1 / (1 + 2 * (t // 10))),
    "polynomial_decay": ("0.1, g, 50, 0.01, 2.0", lambda t: 0.09 * (1 - min(t, 50) / 50) ** 2 + 0.01),
    "polynomial_decay default": ("0.1, g, 50", lambda t: (0.1 - 1e-4) * (1 - min(t, 50) / 50) + 1e-4),
    "polynomial_decay cycle": ("0.1, g, 50, 0.01, 2, cycle=True", _cycles),
    "piecewise_constant": (
        "g, [20, 50], [0.1, 0.05, 0.01]",
        lambda t: [0.1, 0.05, 0.01][(t > 20) + (t > 50)],
    ),
    "piecewise_constant keywords": (
        "boundaries=[20, 50], values=[3, 2, 1], x=g",
        lambda t: 3.0 - (t > 20) - (t > 50),
    ),
    "cosine_decay": ("0.1, g, 100, 0.1", lambda t: 0.1 * (0.9 * _cosine(t, 100) + 0.1)),
    "cosine_decay_restarts": ("0.1, g, 30, 2.0, 0.9, 0.1", _restarts),
    "cosine_decay_restarts of one length": (
        "0.1, g, 30, t_mul=1.0",
        lambda t: 0.1 * _cosine(t % 30, 30),
    ),
    "linear_cosine_decay": ("0.1, g, 100", _linear_cosine),
}


def _function(label: str) -> str:
    return f"tf.train.{label.split()[0]}"


def _values(label: str) -> np.ndarray:
    import tensorflow as tf

    found = schedule(_function(label), arguments(CASES[label][0]), tf="tf")
    assert isinstance(found, Schedule)
    assert found.step_argument == "g"
    made = value(found.constructor, found.definitions)
    step = tf.Variable(0, dtype=tf.int64)
    values = []
    for t in range(STEPS):
        step.assign(t)
        values.append(float(made(step)))
    return np.array(values)


@pytest.mark.slow
@pytest.mark.parametrize("label", CASES)
def test_has_the_values_of_the_formula(label: str) -> None:
    expected = [CASES[label][1](t) for t in range(STEPS)]
    np.testing.assert_allclose(_values(label), expected, rtol=2e-5, atol=1e-7)


_TF1 = """
g = tf.placeholder(tf.int64, [])
decays = {label: eval("%s(%s)" % (name, source)) for label, name, source in CASES}
with tf.Session() as session:
    values = [session.run(decays, {g: t}) for t in range(STEPS)]
for label in decays:
    result[label] = np.array([value[label] for value in values])
"""


@pytest.fixture(scope="module")
def tf1_values(tf1_python: str) -> dict[str, Any]:
    cases = [(label, _function(label), source) for label, (source, _) in CASES.items()]
    return run_tf1(tf1_python, f"STEPS = {STEPS}\nCASES = {cases!r}\n{_TF1}")


@pytest.mark.tf1
@pytest.mark.slow
@pytest.mark.parametrize("label", CASES)
def test_has_the_values_of_tensorflow_1(label: str, tf1_values: dict[str, Any]) -> None:
    np.testing.assert_allclose(_values(label), tf1_values[label], rtol=2e-6, atol=5e-8)


@pytest.mark.slow
def test_optimizer_takes_the_schedule() -> None:
    import tensorflow as tf

    found = schedule("tf.train.linear_cosine_decay", arguments("0.1, g, 100"), tf="tf")
    assert isinstance(found, Schedule)
    optimizer = tf.keras.optimizers.SGD(value(found.constructor, found.definitions))
    weight = tf.keras.Variable(0.0)
    for _ in range(3):
        optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert weight.numpy() == pytest.approx(-sum(_linear_cosine(t) for t in range(3)), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (
            "exponential_decay",
            "lr, step, k, 0.9, staircase=True",
            "tf.keras.optimizers.schedules.ExponentialDecay(lr, k, 0.9, staircase=True)",
        ),
        (
            "exponential_decay",
            "learning_rate=lr, global_step=s, decay_steps=k, decay_rate=0.9, staircase=False, name='a'",
            "tf.keras.optimizers.schedules.ExponentialDecay("
            "initial_learning_rate=lr, decay_steps=k, decay_rate=0.9)",
        ),
        (
            "natural_exp_decay",
            "lr, step, k, r",
            "tf.keras.optimizers.schedules.ExponentialDecay(lr, k, tf.exp(-r))",
        ),
        (
            "piecewise_constant_decay",
            "step, b, v",
            "tf.keras.optimizers.schedules.PiecewiseConstantDecay(b, v)",
        ),
    ],
)
def test_text(name: str, source: str, expected: str) -> None:
    found = schedule(f"tf.train.{name}", arguments(source), tf="tf")
    assert isinstance(found, Schedule)
    assert found.constructor == expected


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("exponential_decay", "1, g, 10, 0.9"),
        ("natural_exp_decay", "0.1, g, 10, 1"),
        ("piecewise_constant", "g, [3, 5], [1, 0.2, 3.0]"),
        ("exponential_decay", "*schedule"),
        ("exponential_decay", "0.1, g, 10"),
        ("noisy_linear_cosine_decay", "0.1, g, 10"),
    ],
)
def test_refused(name: str, source: str) -> None:
    assert isinstance(schedule(f"tf.train.{name}", arguments(source), tf="tf"), Refused)


def test_knows_its_names() -> None:
    assert all(is_schedule(_function(label)) for label in CASES)
    assert not is_schedule("tf.train.noisy_linear_cosine_decay")
