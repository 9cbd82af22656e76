"""Initializers: the distribution of TensorFlow 1, and its numbers where the seed is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.api.emitted import arguments, value
from tests.api.tf1_process import run_tf1
from tf2migrate.api.calls_model import Call, Refused
from tf2migrate.api.initializers import (
    Drawn,
    initial_values,
    initializer_reference,
    is_initializer,
    weight_initializer,
)

SHAPE = (120, 90)
# TF1's initializer, and the standard deviation and largest value that its definition has for that shape.
DISTRIBUTIONS = {
    "tf.random_normal_initializer()": (1.0, None),
    "tf.random_normal_initializer(stddev=0.1)": (0.1, None),
    "tf.truncated_normal_initializer()": (0.8796, 2.0),
    "tf.truncated_normal_initializer(0.0, 0.1)": (0.08796, 0.2),
    "tf.random_uniform_initializer()": (12**-0.5, 1.0),
    "tf.random_uniform_initializer(-2, 2)": (4 * 12**-0.5, 2.0),
    "tf.random_uniform_initializer(maxval=0.5)": (0.5 * 12**-0.5, 0.5),
    "tf.glorot_uniform_initializer()": ((2 / 210) ** 0.5, (6 / 210) ** 0.5),
    "tf.initializers.glorot_normal()": ((2 / 210) ** 0.5, 2 * (2 / 210) ** 0.5 / 0.8796),
    "tf.initializers.he_normal()": ((2 / 120) ** 0.5, 2 * (2 / 120) ** 0.5 / 0.8796),
    "tf.initializers.lecun_uniform()": ((1 / 120) ** 0.5, (3 / 120) ** 0.5),
    "tf.variance_scaling_initializer()": ((1 / 120) ** 0.5, 2 * (1 / 120) ** 0.5 / 0.8796),
    "tf.variance_scaling_initializer(2.0, 'fan_out', 'normal')": (
        (2 / 90) ** 0.5,
        2 * (2 / 90) ** 0.5 / 0.8796,
    ),
    "tf.uniform_unit_scaling_initializer(factor=2.0)": (2 * (1 / 120) ** 0.5, 2 * (3 / 120) ** 0.5),
    "tf.orthogonal_initializer()": ((1 / 120) ** 0.5, None),
    "tf.keras.initializers.RandomNormal()": (0.05, None),
    "tf.keras.initializers.RandomUniform()": (0.1 * 12**-0.5, 0.05),
    "tf.contrib.layers.xavier_initializer()": ((2 / 210) ** 0.5, (6 / 210) ** 0.5),
    "tf.contrib.layers.xavier_initializer(uniform=False)": (
        0.8796 * (1.3 * 2 / 210) ** 0.5,
        2 * (1.3 * 2 / 210) ** 0.5,
    ),
    "tf.contrib.layers.variance_scaling_initializer()": (
        0.8796 * (1.3 * 2 / 120) ** 0.5,
        2 * (1.3 * 2 / 120) ** 0.5,
    ),
    "tf.contrib.slim.variance_scaling_initializer(factor=1.0, mode='FAN_OUT', uniform=True)": (
        (1 / 90) ** 0.5,
        (3 / 90) ** 0.5,
    ),
}
SEEDED = (
    "tf.random_normal_initializer(stddev=0.1, seed=3)",
    "tf.truncated_normal_initializer(0.5, 0.1, 3)",
    "tf.random_uniform_initializer(-0.1, 0.1, seed=4)",
    "tf.random_uniform_initializer(seed=4)",
    "tf.glorot_uniform_initializer(seed=5)",
    "tf.initializers.he_normal(5)",
    "tf.variance_scaling_initializer(scale=3.0, distribution='untruncated_normal', seed=6)",
    "tf.keras.initializers.RandomNormal(seed=7)",
    "tf.contrib.layers.xavier_initializer(seed=8)",
    "tf.contrib.layers.xavier_initializer(uniform=False, seed=8)",
    "tf.contrib.layers.variance_scaling_initializer(seed=9)",
)


def _split(source: str) -> tuple[str, str]:
    name, _, rest = source.partition("(")
    return name, rest[:-1]


def _call(source: str, **options: Any) -> Call:
    name, rest = _split(source)
    call = initializer_reference(name, arguments(rest), tf="tf", **options)
    assert isinstance(call, Call)
    return call


def _made(source: str, **options: Any) -> Any:
    call = _call(source, **options)
    return value(call.text, call.definitions)


def _weights(initializer: Any, shape: tuple[int, ...]) -> np.ndarray:
    import tensorflow as tf

    model = tf.keras.Model()
    return np.asarray(model.add_weight(name="w", shape=shape, initializer=initializer))


@pytest.mark.slow
@pytest.mark.parametrize("source", DISTRIBUTIONS)
def test_has_the_distribution(source: str) -> None:
    deviation, largest = DISTRIBUTIONS[source]
    drawn = _weights(_made(source), SHAPE)
    assert drawn.std() == pytest.approx(deviation, rel=0.03)
    if largest is not None:
        assert drawn.max() == pytest.approx(largest, rel=0.03)
        assert drawn.max() <= largest * 1.0005


@pytest.mark.slow
def test_unit_scaling_of_a_vector_has_a_fan_in_of_one() -> None:
    drawn = _weights(_made("tf.uniform_unit_scaling_initializer()"), (2000,))
    assert drawn.max() == pytest.approx(3**0.5, rel=0.01)


@pytest.mark.slow
def test_unit_scaling_of_a_matrix() -> None:
    text = _call("tf.uniform_unit_scaling_initializer(f)", rank=2).text
    assert text == 'tf.keras.initializers.VarianceScaling(f ** 2, "fan_in", "uniform")'


@pytest.mark.slow
@pytest.mark.parametrize("source", ["tf.glorot_uniform_initializer()", "tf.random_normal_initializer()"])
def test_shared_initializer_draws_anew_for_each_weight(source: str) -> None:
    alone, shared = _made(source), _made(source, shared=True)
    assert np.array_equal(_weights(alone, SHAPE), _weights(alone, SHAPE))  # as Keras does it
    assert not np.array_equal(_weights(shared, SHAPE), _weights(shared, SHAPE))


@pytest.mark.slow
def test_constants() -> None:
    assert np.all(_weights(_made("tf.constant_initializer(0.5)"), (2, 3)) == 0.5)
    assert np.all(_weights(_made("tf.zeros_initializer()"), (2,)) == 0)
    assert np.all(_weights(_made("tf.ones_initializer(dtype=tf.float32)"), (2,)) == 1)
    values = _made("tf.constant_initializer([1., 2., 3., 4.])")
    assert _weights(values, (2, 2)).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(Exception, match=r"dimension|shape|elements"):
        _weights(_made("tf.constant_initializer([1., 2.])"), (2, 2))


_TF1 = """
for graph_seed in (None, 9):
    for i, source in enumerate(SOURCES):
        for shape in ([4, 3], [2, 2, 3, 5], [6]):
            tf.reset_default_graph()
            if graph_seed is not None:
                tf.set_random_seed(graph_seed)
            weights = [tf.get_variable(name, shape, initializer=eval(source)) for name in "ab"]
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                result["%s|%s|%d" % (graph_seed, source, len(shape))] = np.array(session.run(weights))
"""


@pytest.fixture(scope="module")
def tf1_values(tf1_python: str) -> dict[str, Any]:
    return run_tf1(tf1_python, f"SOURCES = {SEEDED!r}\n{_TF1}")


_TF2 = """
import json, sys
import numpy as np
import tensorflow as tf
from tests.api.test_initializers import _made, _weights
graph_seed, sources = json.loads(sys.argv[1])
if graph_seed is not None:
    tf.random.set_seed(graph_seed)
result = {}
for source in sources:
    initializer = _made(source)
    for shape in ((4, 3), (2, 2, 3, 5), (6,)):
        result[f"{source}|{len(shape)}"] = np.array([_weights(initializer, shape) for _ in "ab"])
np.savez(sys.argv[2], **result)
"""


@pytest.mark.tf1
@pytest.mark.slow
@pytest.mark.parametrize("graph_seed", [None, 9])
def test_seeded_values_are_those_of_tensorflow_1(
    graph_seed: int | None, tf1_values: dict[str, Any], tmp_path: Any
) -> None:
    """In a process of its own, because a global seed cannot be taken back."""
    import json
    import subprocess
    import sys

    found = tmp_path / "found.npz"
    asked = json.dumps([graph_seed, SEEDED])
    subprocess.run([sys.executable, "-c", _TF2, asked, str(found)], check=True, stderr=subprocess.DEVNULL)
    with np.load(found) as values:
        assert len(values.files) == 3 * len(SEEDED)
        for key in values.files:
            np.testing.assert_array_equal(values[key], tf1_values[f"{graph_seed}|{key}"], err_msg=key)


@pytest.mark.slow
def test_seeded_layer_can_be_built_inside_a_function() -> None:
    import tensorflow as tf

    initializer = _made("tf.glorot_uniform_initializer(seed=1)")
    layers = [tf.keras.layers.Dense(2, kernel_initializer=initializer) for _ in "ab"]
    tf.function(lambda x: layers[0](x) + layers[1](x))(tf.zeros((1, 3)))
    assert np.array_equal(layers[0].kernel, layers[1].kernel)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tf.random_normal_initializer()", "tf.keras.initializers.RandomNormal(stddev=1.0)"),
        ("tf.random_normal_initializer(0.0, s)", "tf.keras.initializers.RandomNormal(0.0, s)"),
        ("tf.random_normal_initializer(seed=None)", "tf.keras.initializers.RandomNormal(stddev=1.0)"),
        ("tf.truncated_normal_initializer(stddev=s)", "tf.keras.initializers.TruncatedNormal(stddev=s)"),
        (
            "tf.random_uniform_initializer(-a, a)",
            "tf.keras.initializers.RandomUniform(-a, a)",
        ),
        (
            "tf.random_uniform_initializer()",
            "tf.keras.initializers.RandomUniform(minval=0.0, maxval=1.0)",
        ),
        ("tf.contrib.layers.xavier_initializer_conv2d()", "tf.keras.initializers.GlorotUniform()"),
        (
            "tf.random_normal_initializer(stddev=0.1, seed=1)",
            "seeded_initializer(tf.random.normal, seed=1, stddev=0.1)",
        ),
        (
            "tf.contrib.layers.variance_scaling_initializer(factor=f)",
            'tf.keras.initializers.VarianceScaling(1.005863695 * f, "fan_in", "truncated_normal")',
        ),
        ("tf.constant_initializer(0.1)", "tf.keras.initializers.Constant(0.1)"),
        (
            "tf.constant_initializer(table)",
            "lambda shape, dtype=None, value=table: tf.constant(value, dtype=dtype, shape=shape)",
        ),
        ("tf.orthogonal_initializer(2.0)", "tf.keras.initializers.Orthogonal(2.0)"),
    ],
)
def test_text(source: str, expected: str) -> None:
    assert _call(source).text == expected


@pytest.mark.parametrize(
    "source",
    [
        "tf.random_normal_initializer(*options)",
        "tf.random_normal_initializer(sigma=1.0)",
        "tf.contrib.layers.xavier_initializer(flag)",
        "tf.uniform_unit_scaling_initializer(seed=1)",
        "tf.contrib.framework.convolutional_orthogonal_2d()",
    ],
)
def test_refused(source: str) -> None:
    name, rest = _split(source)
    assert isinstance(initializer_reference(name, arguments(rest), tf="tf"), Refused)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tf.random_normal_initializer(seed=1)", Drawn.VALUES),
        ("tf.random_normal_initializer()", Drawn.DISTRIBUTION),
        ("tf.orthogonal_initializer(seed=1)", Drawn.DISTRIBUTION),
        ("tf.zeros_initializer()", Drawn.VALUES),
        ("tf.truncated_normal([3], seed=1)", Drawn.VALUES),
        ("tf.random.normal([3])", Drawn.DISTRIBUTION),
        ("tf.zeros([3])", Drawn.VALUES),
    ],
)
def test_says_how_exact_the_values_are(source: str, expected: Drawn) -> None:
    name, rest = _split(source)
    assert initial_values(name, arguments(rest)) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tf.zeros([1, n])", ("[1, n]", '"zeros"', "")),
        ("tf.zeros(5)", ("[5]", '"zeros"', "")),
        ("tf.ones(shape, dtype=tf.float64)", ("shape", '"ones"', "tf.float64")),
        ("tf.ones([2], tf.float32, name='b')", ("[2]", '"ones"', "")),
        ("tf.constant(0.1, shape=[n])", ("[n]", "tf.keras.initializers.Constant(0.1)", "")),
        ("tf.constant(3)", ("()", "tf.keras.initializers.Constant(3)", "tf.int32")),
        ("tf.constant(3, tf.float32, [2])", ("[2]", "tf.keras.initializers.Constant(3)", "")),
        ("tf.fill([2], -1.0)", ("[2]", "tf.keras.initializers.Constant(-1.0)", "")),
        (
            "tf.random_normal([a, b], stddev=s)",
            ("[a, b]", "tf.keras.initializers.RandomNormal(stddev=s)", ""),
        ),
        ("tf.random_normal([a])", ("[a]", "tf.keras.initializers.RandomNormal(stddev=1.0)", "")),
        (
            "tf.truncated_normal([a], 0.0, 0.1)",
            ("[a]", "tf.keras.initializers.TruncatedNormal(0.0, 0.1)", ""),
        ),
        (
            "tf.random.uniform([a], -1.0, 1.0)",
            ("[a]", "tf.keras.initializers.RandomUniform(-1.0, 1.0)", ""),
        ),
        (
            "tf.random_normal([2], seed=3)",
            ("[2]", "seeded_initializer(tf.random.normal, seed=3)", ""),
        ),
    ],
)
def test_initial_value_as_arguments_of_add_weight(source: str, expected: tuple[str, str, str]) -> None:
    name, rest = _split(source)
    found = weight_initializer(name, arguments(rest), tf="tf")
    assert found is not None
    assert (found.shape, found.initializer, found.dtype) == expected


@pytest.mark.parametrize(
    "source",
    [
        "tf.constant([1.0, 2.0])",
        "tf.constant(value)",
        "tf.zeros(*shape)",
        "tf.random_uniform([2], 0, 5, dtype=tf.int32)",
        "tf.eye(3)",
        "np.zeros([3])",
    ],
)
def test_other_initial_values_are_left_to_the_caller(source: str) -> None:
    name, rest = _split(source)
    assert weight_initializer(name, arguments(rest), tf="tf") is None


def test_knows_its_names() -> None:
    assert all(is_initializer(_split(source)[0]) for source in (*DISTRIBUTIONS, *SEEDED))
    assert not is_initializer("tf.global_variables_initializer")
