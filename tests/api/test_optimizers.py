"""Optimizers: the emitted code takes the steps of TensorFlow 1, dense, sparse and with a changing rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.api.emitted import arguments, module
from tests.api.tf1_process import run_tf1
from tf2migrate.api.calls_model import Call, Refused
from tf2migrate.api.optimizers import Rate, densify, is_optimizer, optimizer

STEPS, ROWS, COLUMNS, BATCH = 24, 7, 3, 5


@dataclass(frozen=True)
class Case:
    """An optimizer call, and how exact its steps are when written in float32."""

    name: str
    source: str
    tolerance: float = 5e-6


CASES = {
    "gradient descent": Case("tf.train.GradientDescentOptimizer", "rate"),
    "momentum": Case("tf.train.MomentumOptimizer", "rate, 0.9"),
    "nesterov": Case("tf.train.MomentumOptimizer", "rate, momentum=0.8, use_nesterov=True"),
    "adam": Case("tf.train.AdamOptimizer", "rate", 1e-6),
    "adam, all options": Case("tf.train.AdamOptimizer", "rate, 0.5, 0.9, epsilon=1e-3"),
    "rmsprop": Case("tf.train.RMSPropOptimizer", "rate"),
    "rmsprop, all options": Case("tf.train.RMSPropOptimizer", "rate, 0.8, 0.7, 1e-3, centered=True"),
    "adagrad": Case("tf.train.AdagradOptimizer", "rate"),
    "adadelta": Case("tf.train.AdadeltaOptimizer", "rate * 10"),
    "ftrl": Case("tf.train.FtrlOptimizer", "rate"),
    "ftrl, all options": Case(
        "tf.train.FtrlOptimizer",
        "rate, -0.6, 0.2, l1_regularization_strength=0.01, l2_regularization_strength=0.02, "
        "l2_shrinkage_regularization_strength=0.03",
    ),
    "adagrad dual averaging": Case(
        "tf.train.AdagradDAOptimizer",
        "rate, step, l1_regularization_strength=0.001, l2_regularization_strength=0.002",
    ),
    "proximal gradient descent": Case("tf.train.ProximalGradientDescentOptimizer", "rate, 0.01, 0.02"),
    "proximal adagrad": Case("tf.train.ProximalAdagradOptimizer", "rate, 0.1, 0.01, 0.02"),
    "proximal adagrad without penalties": Case("tf.train.ProximalAdagradOptimizer", "rate"),
    "lazy adam": Case("tf.contrib.opt.LazyAdamOptimizer", "rate"),
    "nadam": Case("tf.contrib.opt.NadamOptimizer", "rate"),
    "adamax": Case("tf.contrib.opt.AdaMaxOptimizer", "rate"),
    "adamw": Case("tf.contrib.opt.AdamWOptimizer", "0.01, rate"),
    "momentumw": Case("tf.contrib.opt.MomentumWOptimizer", "0.01, rate, 0.9"),
}
DENSE_ONLY = ("adamw", "momentumw")
MODES = ("dense", "changing", "sparse")
RATE = 0.05


def _gradients() -> dict[str, np.ndarray]:
    random = np.random.RandomState(3)
    return {
        "start": random.randn(ROWS, COLUMNS).astype("f"),
        "dense": random.randn(STEPS, ROWS, COLUMNS).astype("f"),
        "values": random.randn(STEPS, BATCH, COLUMNS).astype("f"),
        # Five of six rows with repetitions; the last row never has a gradient.
        "ids": random.randint(0, ROWS - 1, size=(STEPS, BATCH)).astype("i4"),
        "rates": (RATE * (0.3 + random.rand(STEPS))).astype("f"),
    }


GIVEN = _gradients()


def _train(case: Case, mode: str) -> np.ndarray:
    """The weights after each step of the emitted optimizer."""
    import tensorflow as tf

    sparse = mode == "sparse"
    rate = Rate.CHANGING if mode == "changing" else Rate.CONSTANT
    call = optimizer(case.name, arguments(case.source), tf="tf", sparse=sparse, rate=rate)
    assert isinstance(call, Call)
    step = tf.Variable(0, dtype=tf.int64)
    made = eval(call.text, module(call.definitions, rate=RATE, step=step))
    weights = tf.keras.Variable(GIVEN["start"])
    scale = 10.0 if "rate * 10" in case.source else 1.0

    @tf.function
    def apply(gradient: Any, values: Any, ids: Any, rate: Any) -> None:
        if mode == "changing":
            made.learning_rate.assign(rate * scale)
        if sparse:
            gradient = tf.IndexedSlices(values, ids, tf.constant([ROWS, COLUMNS]))
        if densify(case.name, sparse):
            gradient = tf.convert_to_tensor(gradient)
        made.apply_gradients([(gradient, weights)])
        step.assign_add(1)

    trail = []
    for t in range(STEPS):
        apply(*(tf.constant(GIVEN[key][t]) for key in ("dense", "values", "ids", "rates")))
        trail.append(weights.numpy())
    return np.array(trail)


def _off(got: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


# The rules of TensorFlow 1 in numpy: (gradient, weight, rate, step from 1, *slots) -> (weight, *slots).


def _momentum(g, w, rate, t, a, m=0.9, nesterov=False):
    a = m * a + g
    return w - rate * (g + m * a if nesterov else a), a


def _adam(g, w, rate, t, m, v, b1=0.9, b2=0.999, e=1e-8):
    rate = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    return w - rate * m / (np.sqrt(v) + e), m, v


def _nadam(g, w, rate, t, m, v, b1=0.9, b2=0.999, e=1e-8):
    rate = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    return w - rate * (b1 * m + (1 - b1) * g) / (np.sqrt(v) + e), m, v


def _adamax(g, w, rate, t, m, u, b1=0.9, b2=0.999, e=1e-8):
    m, u = b1 * m + (1 - b1) * g, np.maximum(b2 * u, np.abs(g))
    return w - rate / (1 - b1**t) * m / (u + e), m, u


def _rmsprop(g, w, rate, t, s, mom, mean, decay=0.9, momentum=0.0, e=1e-10, centered=False):
    s = decay * s + (1 - decay) * g * g
    mean = decay * mean + (1 - decay) * g
    mom = momentum * mom + rate * g / np.sqrt(s - (mean**2 if centered else 0) + e)
    return w - mom, s, mom, mean


def _adagrad(g, w, rate, t, a):
    a = a + g * g
    return w - rate * g / np.sqrt(a), a


def _adadelta(g, w, rate, t, a, u, rho=0.95, e=1e-8):
    a = rho * a + (1 - rho) * g * g
    d = np.sqrt(u + e) / np.sqrt(a + e) * g
    return w - 10 * rate * d, a, rho * u + (1 - rho) * d * d


def _ftrl(g, w, rate, t, n, z, p=0.5, l1=0.0, l2=0.0, shrink=0.0):
    new = n + g * g
    z = z + g + 2 * shrink * w - (new**p - n**p) / rate * w
    quadratic = new**p / rate + 2 * l2
    return np.where(np.abs(z) > l1, (np.sign(z) * l1 - z) / quadratic, 0.0), new, z


def _adagrad_da(g, w, rate, t, total, squares, l1=0.001, l2=0.002):
    total, squares = total + g, squares + g * g
    shrunk = np.sign(total) * np.maximum(np.abs(total) - l1 * t, 0)
    return -rate * shrunk / (l2 * t * rate + np.sqrt(squares)), total, squares


def _shrink(w, rate, l1, l2):
    return np.sign(w) * np.maximum(np.abs(w) - rate * l1, 0) / (1 + rate * l2)


def _proximal_descent(g, w, rate, t, l1=0.01, l2=0.02):
    return (_shrink(w - rate * g, rate, l1, l2),)


def _proximal_adagrad(g, w, rate, t, a, l1=0.01, l2=0.02):
    a = a + g * g
    return _shrink(w - rate / np.sqrt(a) * g, rate / np.sqrt(a), l1, l2), a


def _with(rule: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    return lambda *state: rule(*state, **options)


def _decayed(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda g, w, *rest: rule(g, w - 0.01 * w, *rest)


# name -> (rule, initial values of the slots, how sparse gradients are treated)
RULES: dict[str, tuple[Callable[..., Any], tuple[float, ...], str]] = {
    "gradient descent": (lambda g, w, rate, t: (w - rate * g,), (), "rows"),
    "momentum": (_momentum, (0.0,), "rows"),
    "nesterov": (_with(_momentum, m=0.8, nesterov=True), (0.0,), "rows"),
    "adam": (_adam, (0.0, 0.0), "dense"),
    "adam, all options": (_with(_adam, b1=0.5, b2=0.9, e=1e-3), (0.0, 0.0), "dense"),
    "rmsprop": (_rmsprop, (1.0, 0.0, 0.0), "rows"),
    "rmsprop, all options": (
        _with(_rmsprop, decay=0.8, momentum=0.7, e=1e-3, centered=True),
        (1.0, 0.0, 0.0),
        "rows",
    ),
    "adagrad": (_adagrad, (0.1,), "rows"),
    "adadelta": (_adadelta, (0.0, 0.0), "rows"),
    "ftrl": (_ftrl, (0.1, 0.0), "rows"),
    "ftrl, all options": (_with(_ftrl, p=0.6, l1=0.01, l2=0.02, shrink=0.03), (0.2, 0.0), "rows"),
    "adagrad dual averaging": (_adagrad_da, (0.0, 0.1), "rows"),
    "proximal gradient descent": (_proximal_descent, (), "rows"),
    "proximal adagrad": (_proximal_adagrad, (0.1,), "rows"),
    "proximal adagrad without penalties": (_with(_proximal_adagrad, l1=0.0, l2=0.0), (0.1,), "rows"),
    "lazy adam": (_adam, (0.0, 0.0), "rows"),
    "nadam": (_nadam, (0.0, 0.0), "rows of the weight"),
    "adamax": (_adamax, (0.0, 0.0), "rows"),
    "adamw": (_decayed(_adam), (0.0, 0.0), "dense"),
    "momentumw": (_decayed(_momentum), (0.0,), "dense"),
}


def _reference(label: str, mode: str) -> np.ndarray:
    """The weights after each step of the rule in numpy, in double precision."""
    rule, initial, treatment = RULES[label]
    state = [GIVEN["start"].astype("d"), *(np.full((ROWS, COLUMNS), value) for value in initial)]
    trail = []
    for t in range(STEPS):
        gradient = GIVEN["dense"][t].astype("d")
        rate = float(GIVEN["rates"][t]) if mode == "changing" else RATE
        rows = np.arange(ROWS)
        if mode == "sparse":
            gradient = np.zeros((ROWS, COLUMNS))
            np.add.at(gradient, GIVEN["ids"][t], GIVEN["values"][t].astype("d"))
            rows = np.unique(GIVEN["ids"][t])
        new = rule(gradient, state[0], rate, t + 1, *state[1:])
        for index, (old, value) in enumerate(zip(state, new, strict=True)):
            if treatment == "dense" or (treatment == "rows of the weight" and index > 0):
                state[index] = value
            else:
                state[index] = np.array(old)
                state[index][rows] = value[rows]
        trail.append(state[0])
    return np.array(trail)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("label", CASES)
def test_takes_the_steps_of_the_formula(label: str, mode: str) -> None:
    if mode == "sparse" and label in DENSE_ONLY:
        pytest.skip("refused")
    assert _off(_train(CASES[label], mode), _reference(label, mode)) < 4 * CASES[label].tolerance


_TF1 = """
for label, name, source in CASES:
    for mode in ("dense", "changing", "sparse"):
        tf.reset_default_graph()
        fed = tf.placeholder(tf.float32, [])
        rate = fed if mode == "changing" else RATE
        step = tf.train.get_or_create_global_step()
        weights = tf.get_variable("w", initializer=given["start"])
        dense = tf.placeholder(tf.float32, given["start"].shape)
        values = tf.placeholder(tf.float32, given["values"].shape[1:])
        ids = tf.placeholder(tf.int32, given["ids"].shape[1:])
        sparse = tf.IndexedSlices(values, ids, tf.constant(given["start"].shape))
        gradient = sparse if mode == "sparse" else dense
        made = eval("%s(%s)" % (name, source))
        apply = made.apply_gradients([(gradient, weights)], global_step=step)
        trail = []
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for t in range(len(given["rates"])):
                feeds = {dense: given["dense"][t], values: given["values"][t], ids: given["ids"][t],
                         fed: given["rates"][t]}
                session.run(apply, feeds)
                trail.append(session.run(weights))
        result["%s|%s" % (label, mode)] = np.array(trail)
"""


@pytest.fixture(scope="module")
def tf1_steps(tf1_python: str) -> dict[str, np.ndarray]:
    cases = [(label, case.name, case.source) for label, case in CASES.items()]
    return run_tf1(tf1_python, f"RATE = {RATE}\nCASES = {cases!r}\n{_TF1}", **GIVEN)


@pytest.mark.tf1
@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("label", CASES)
def test_takes_the_steps_of_tensorflow_1(label: str, mode: str, tf1_steps: dict[str, np.ndarray]) -> None:
    if mode == "sparse" and label in DENSE_ONLY:
        pytest.skip("refused")
    assert _off(_train(CASES[label], mode), tf1_steps[f"{label}|{mode}"]) < CASES[label].tolerance


@pytest.mark.slow
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("label", CASES)
def test_state_is_kept_once_and_in_the_dtype_of_the_weights(label: str, sparse: bool) -> None:
    import tensorflow as tf

    case = CASES[label]
    call = optimizer(case.name, arguments(case.source), tf="tf", sparse=sparse, rate=Rate.CONSTANT)
    if isinstance(call, Refused):
        return
    made = eval(call.text, module(call.definitions, rate=RATE, step=tf.Variable(0)))
    weights = [tf.keras.Variable(GIVEN["start"], dtype=dtype) for dtype in ("float32", "float64")]
    gradients = [tf.ones_like(weight) for weight in weights]
    tf.function(lambda: made.apply_gradients(zip(gradients, weights, strict=True)))()
    assert len({id(variable) for variable in made.variables}) == len(made.variables)
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_dual_averaging_can_count_its_own_steps() -> None:
    import tensorflow as tf

    case = CASES["adagrad dual averaging"]
    given = arguments(case.source)
    call = optimizer(case.name, given, tf="tf", sparse=False, rate=Rate.CONSTANT, own_step=True)
    assert isinstance(call, Call)
    made = eval(call.text, module(call.definitions, rate=RATE))
    weights = tf.keras.Variable(GIVEN["start"])
    for gradient in GIVEN["dense"]:
        made.apply_gradients([(tf.constant(gradient), weights)])
    assert _off(weights.numpy(), _reference("adagrad dual averaging", "dense")[-1]) < 2e-5


def _text(name: str, source: str, *, sparse: bool = False, rate: Rate = Rate.CONSTANT, tf: str = "tf") -> str:
    call = optimizer(name, arguments(source), tf=tf, sparse=sparse, rate=rate)
    assert isinstance(call, Call)
    return call.text


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("GradientDescent", "0.01", "tf.keras.optimizers.SGD(learning_rate=0.01)"),
        ("GradientDescent", "learning_rate=1", "tf.keras.optimizers.SGD(learning_rate=1.0)"),
        ("GradientDescent", "lr, name='sgd'", "tf.keras.optimizers.SGD(learning_rate=float(lr))"),
        ("GradientDescent", "0.5 / 3", "tf.keras.optimizers.SGD(learning_rate=0.5 / 3)"),
        ("Adam", "", "ExactAdam(learning_rate=0.001, epsilon=1e-8)"),
        (
            "Adam",
            "1e-4, beta1=b, use_locking=True",
            "ExactAdam(learning_rate=1e-4, beta_1=b, epsilon=1e-8)",
        ),
        ("Adam", "epsilon=0.1", "ExactAdam(learning_rate=0.001, epsilon=0.1)"),
        ("Momentum", "0.1, m", "tf.keras.optimizers.SGD(learning_rate=0.1, momentum=float(m))"),
        (
            "Momentum",
            "0.1, 0.9, use_nesterov=False",
            "tf.keras.optimizers.SGD(learning_rate=0.1, momentum=0.9)",
        ),
        (
            "Momentum",
            "0.1, 0.9, use_nesterov=flag",
            "tf.keras.optimizers.SGD(learning_rate=0.1, momentum=0.9, nesterov=flag)",
        ),
        ("Adagrad", "0.1", "tf.keras.optimizers.Adagrad(learning_rate=0.1, epsilon=0.0)"),
        ("RMSProp", "0.1, decay=0.8", "RMSPropOnes(learning_rate=0.1, rho=0.8, epsilon=1e-10)"),
        ("ProximalGradientDescent", "0.1, 0.0", "tf.keras.optimizers.SGD(learning_rate=0.1)"),
    ],
)
def test_text(name: str, source: str, expected: str) -> None:
    assert _text(f"tf.train.{name}Optimizer", source) == expected


def test_rate_that_changes_starts_at_zero_and_is_assigned() -> None:
    text = _text("tf.train.AdamOptimizer", "rate_placeholder", rate=Rate.CHANGING)
    assert text == "ExactAdam(learning_rate=0.0, epsilon=1e-8)"


def test_rate_that_is_a_schedule_stays() -> None:
    text = _text("tf.train.AdamOptimizer", "schedule", rate=Rate.SCHEDULE)
    assert text == "ExactAdam(learning_rate=schedule, epsilon=1e-8)"


def test_momentum_with_a_changing_rate_needs_the_recipe() -> None:
    assert _text("tf.train.MomentumOptimizer", "rate, 0.9", rate=Rate.CHANGING).startswith("Momentum(")


def test_alias_of_tensorflow_reaches_the_recipe() -> None:
    call = optimizer(
        "tf.train.RMSPropOptimizer", arguments("0.1"), tf="tensorflow", sparse=True, rate=Rate.FLOAT
    )
    assert isinstance(call, Call)
    assert "tensorflow.sqrt" in call.definitions[0].text
    assert " tf." not in call.definitions[0].text


def test_dense_recipe_has_no_sparse_branch() -> None:
    call = optimizer(
        "tf.train.MomentumOptimizer", arguments("r, 0.9"), tf="tf", sparse=False, rate=Rate.CHANGING
    )
    assert isinstance(call, Call)
    assert "IndexedSlices" not in call.definitions[0].text


@pytest.mark.parametrize(
    ("name", "source", "sparse"),
    [
        ("tf.train.AdamOptimizer", "*options", False),
        ("tf.train.AdamOptimizer", "**options", False),
        ("tf.train.AdamOptimizer", "0.1, amsgrad=True", False),
        ("tf.train.MomentumOptimizer", "0.1", False),
        ("tf.train.SyncReplicasOptimizer", "inner, 4", False),
        ("tf.contrib.opt.PowerSignOptimizer", "", False),
        ("tf.contrib.opt.AdamWOptimizer", "0.1", True),
    ],
)
def test_refused(name: str, source: str, sparse: bool) -> None:
    assert isinstance(optimizer(name, arguments(source), tf="tf", sparse=sparse, rate=Rate.CONSTANT), Refused)


def test_knows_its_names() -> None:
    assert all(is_optimizer(case.name) for case in CASES.values())
    assert not is_optimizer("tf.train.Saver")


def test_only_adam_and_adagrad_need_dense_gradients() -> None:
    names = {case.name for case in CASES.values()}
    assert {name for name in names if densify(name, True)} == {
        "tf.train.AdamOptimizer",
        "tf.train.AdagradOptimizer",
    }
    assert not any(densify(name, False) for name in names)
