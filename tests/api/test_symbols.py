"""The tables of both public APIs, and the look-ups in them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import tf2migrate.api.symbols
from tf2migrate.api.effects import Effect, effects, op_seed_parameter
from tf2migrate.api.symbols import (
    canonical,
    canonical2,
    private_in_tf2,
    same_object,
    spelled_in_tf2,
    tf1_exists,
    tf1_symbol,
    tf2_exists,
    tf2_symbol,
)

DATA = Path(tf2migrate.api.symbols.__file__).parent / "data"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("tf.log", "tf.log"),
        ("tf.math.log", "tf.log"),
        ("tf.random.normal", "tf.random_normal"),
        ("tf.initializers.zeros", "tf.zeros_initializer"),
        ("tf.nn.sigmoid", "tf.sigmoid"),
        ("tf.double", "tf.float64"),
        ("tf.image.resize_images", "tf.image.resize"),
        ("tf.app.flags.DEFINE_string", "tf.flags.DEFINE_string"),
        ("tf.contrib.rnn.BasicLSTMCell", "tf.nn.rnn_cell.BasicLSTMCell"),
        ("tf.contrib.slim.conv2d", "tf.contrib.layers.conv2d"),
        ("tf.contrib.layers.convolution2d", "tf.contrib.layers.conv2d"),
        ("tf.contrib.layers.python.layers.batch_norm", "tf.contrib.layers.batch_norm"),
        ("tf.python.ops.array_ops.reshape", "tf.reshape"),
        ("tf.python.framework.dtypes.int32", "tf.int32"),
        ("tf.layers.dense", "tf.layers.dense"),
        ("tf.no_such_thing", "tf.no_such_thing"),
        ("numpy.log", "numpy.log"),
    ],
)
def test_canonical(name: str, known: str) -> None:
    assert canonical(name) == known


def test_canonical_is_idempotent_and_known() -> None:
    for name in ("tf.log", "tf.train.AdamOptimizer", "tf.nn.dropout", "tf.contrib.layers.flatten"):
        assert canonical(canonical(name)) == canonical(name)
        assert tf1_symbol(name) is not None


def test_parameters_of_a_function() -> None:
    symbol = tf1_symbol("tf.nn.dropout")
    assert symbol is not None
    assert symbol.kind == "function"
    assert symbol.positional() == ("x", "keep_prob", "noise_shape", "seed", "name", "rate")
    assert [p.default for p in symbol.parameters or ()][:2] == [None, "None"]


def test_parameters_of_a_class_are_those_of_its_constructor() -> None:
    symbol = tf1_symbol("tf.train.AdamOptimizer")
    assert symbol is not None
    assert symbol.kind == "class"
    assert symbol.positional()[:4] == ("learning_rate", "beta1", "beta2", "epsilon")
    assert "minimize" in symbol.members


def test_dtype_defaults_are_source_text() -> None:
    symbol = tf1_symbol("tf.zeros")
    assert symbol is not None
    parameter = symbol.parameter("dtype")
    assert parameter is not None
    assert parameter.default == "tf.float32"


def test_keras_constructors_are_not_hidden_by_new() -> None:
    symbol = tf2_symbol("tf.keras.layers.Dense")
    assert symbol is not None
    assert symbol.positional()[:2] == ("units", "activation")


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        ("tf.log", False),
        ("tf.math.log", True),
        ("tf.placeholder", False),
        ("tf.data.Dataset.from_tensor_slices", True),
        ("tf.data.Dataset.make_one_shot_iterator", False),
        ("tf.keras.layers.Dense", True),
        ("tf.raw_ops.ResizeBilinear", True),
        ("tf.contrib.layers.flatten", False),
        ("tf.compat.v1.log", False),
        ("tf", False),
    ],
)
def test_exists_in_tf2(name: str, exists: bool) -> None:
    assert tf2_exists(name) is exists


def test_exists_in_tf1() -> None:
    assert tf1_exists("tf.data.Dataset.make_one_shot_iterator")
    assert not tf1_exists("tf.pack")


def test_same_object() -> None:
    assert same_object("tf.log") == "tf.math.log"
    assert same_object("tf.reduce_mean") is None
    assert same_object("tf.constant_initializer") is None  # there Keras 3 stands under TF1's name
    assert canonical2("tf.math.reduce_mean") == canonical2("tf.reduce_mean")


def test_user_spelling_stays_where_it_is_the_same_object() -> None:
    assert spelled_in_tf2("tf.nn.tanh", "tf.tanh") == "tf.nn.tanh"
    assert spelled_in_tf2("tf.log", "tf.math.log") == "tf.math.log"


def test_private_modules_that_held_the_function_of_tf2() -> None:
    assert private_in_tf2("tf.python.ops.math_ops.reduce_sum") == "tf.reduce_sum"
    assert private_in_tf2("tf.python.ops.array_ops.reshape") is None


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("tf.matmul", Effect.PURE),
        ("tf.nn.relu", Effect.PURE),
        ("tf.losses.mean_squared_error", Effect.PURE),
        ("tf.raw_ops.MatMul", Effect.PURE),
        ("tf.nn.dropout", Effect.RANDOM),
        ("tf.random.normal", Effect.RANDOM),
        ("tf.random.stateless_uniform", Effect.PURE),
        ("tf.contrib.slim.dropout", Effect.RANDOM),
        ("tf.assign_add", Effect.STATEFUL),
        ("tf.py_func", Effect.STATEFUL),
        ("tf.scatter_nd", Effect.PURE),
        ("tf.get_variable", Effect.VARIABLE),
        ("tf.layers.dense", Effect.VARIABLE),
        ("tf.layers.max_pooling2d", Effect.PURE),
        ("tf.contrib.slim.conv2d", Effect.VARIABLE),
        ("tf.nn.dynamic_rnn", Effect.VARIABLE),
        ("tf.placeholder", Effect.GRAPH),
        ("tf.Session", Effect.GRAPH),
        ("tf.train.AdamOptimizer", Effect.GRAPH),
        ("tf.train.latest_checkpoint", Effect.HOST),
        ("tf.summary.scalar", Effect.GRAPH),
        ("tf.gfile.Exists", Effect.HOST),
        ("tf.flags.DEFINE_string", Effect.HOST),
        ("tf.ConfigProto", Effect.HOST),
        ("tf.float32", Effect.HOST),
        ("tf.data.Dataset.from_tensor_slices", Effect.HOST),
        ("tf.python.ops.math_ops.reduce_sum", Effect.PURE),
        ("tf.python.ops.rnn_cell_impl.unknown", Effect.GRAPH),
    ],
)
def test_effects(name: str, effect: Effect) -> None:
    assert effects(name) is effect


def test_seed_parameters() -> None:
    assert op_seed_parameter("tf.nn.dropout") == "seed"
    assert op_seed_parameter("tf.random_normal_initializer") == "seed"
    assert op_seed_parameter("tf.random.stateless_uniform") is None
    assert op_seed_parameter("tf.matmul") is None


@pytest.mark.slow
def test_tables_are_those_of_the_installed_tensorflow() -> None:
    """What can be made anew without TensorFlow 1.15; in a child, because nothing here imports TensorFlow."""
    written = (DATA / "tf2_symbols.tsv").read_text(encoding="utf-8").partition(",")[0].rpartition(" ")[2]
    if version("tensorflow") != written:
        pytest.skip(f"the tables are those of TensorFlow {written}")
    _check()


@pytest.mark.slow
@pytest.mark.tf1
def test_tables_are_those_of_tensorflow_1(tf1_python: str) -> None:
    _check("--tf1", tf1_python)


def _check(*options: str) -> None:
    script = Path(__file__).parents[2] / "scripts" / "dump_signatures.py"
    done = subprocess.run([sys.executable, str(script), "--check", *options], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
