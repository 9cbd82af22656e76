"""Layers: the emitted layer has the output and the moving statistics that TensorFlow 1 has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.api.emitted import arguments, module
from tests.api.tf1_process import run_tf1
from tf2migrate.api.calls_model import Call, Refused
from tf2migrate.api.layers import Flag, Layer, Normalizer, is_layer, layer
from tf2migrate.api.regularizers import is_regularizer, regularizer

random = np.random.RandomState(5)
INPUTS = {
    "vectors": random.randn(6, 8).astype("f"),
    "series": random.randn(6, 9, 4).astype("f"),
    "images": random.randn(3, 9, 8, 3).astype("f"),
    "volumes": random.randn(2, 5, 6, 4, 2).astype("f"),
    "ids": random.randint(0, 7, size=(4, 5)).astype("i4"),
}
# Calls on an input of that name.
CASES = {
    "tf.layers.dense(vectors, 5, tf.nn.relu)": {},
    "tf.layers.dense(series, 5, use_bias=False)": {},
    "tf.layers.conv1d(series, 4, 3, 2, 'same')": {},
    "tf.layers.conv2d(images, 4, [3, 2], strides=(2, 1), padding='SAME', activation=tf.nn.relu)": {},
    "tf.layers.conv2d(images, 4, 3, dilation_rate=2)": {},
    "tf.layers.conv3d(volumes, 4, 2, padding='same')": {},
    "tf.layers.conv2d_transpose(images, 4, 3, 2, 'same')": {},
    "tf.layers.conv2d_transpose(images, 4, 5, 2, activation=tf.tanh)": {},
    "tf.layers.conv3d_transpose(volumes, 3, 2, 2)": {},
    "tf.layers.separable_conv1d(series, 4, 3, depth_multiplier=2)": {},
    "tf.layers.separable_conv2d(images, 4, 3, depth_multiplier=2, padding='same')": {},
    "tf.layers.max_pooling1d(series, 2, 2)": {},
    "tf.layers.max_pooling2d(images, (2, 3), 2, 'same')": {},
    "tf.layers.max_pooling3d(volumes, 2, 2)": {},
    "tf.layers.average_pooling2d(images, 3, [2, 1], padding='SAME')": {},
    "tf.layers.flatten(images)": {},
    "tf.layers.dropout(images, 0.4)": {},
    "tf.contrib.layers.fully_connected(vectors, 5)": {},
    "tf.contrib.layers.fully_connected(series, 5, tf.sigmoid)": {},
    "tf.contrib.layers.linear(vectors, 5, biases_initializer=None)": {},
    "tf.contrib.layers.conv2d(images, 4, 3)": {},
    "tf.contrib.slim.conv2d(images, 4, [3, 3], 2, 'VALID', activation_fn=None)": {},
    "tf.contrib.slim.conv2d(images, 4, 3, rate=2)": {},
    "tf.contrib.layers.conv2d_transpose(images, 4, 3, stride=2)": {},
    "tf.contrib.slim.separable_conv2d(images, 4, 3, 1)": {},
    "tf.contrib.slim.separable_conv2d(images, None, [3, 3], depth_multiplier=2, stride=2)": {},
    "tf.contrib.slim.max_pool2d(images, [3, 3], stride=1, padding='SAME')": {},
    "tf.contrib.layers.avg_pool2d(images, 2)": {},
    "tf.contrib.layers.flatten(volumes)": {},
    "tf.contrib.layers.layer_norm(vectors)": {"rank": 2},
    "tf.contrib.layers.layer_norm(images, activation_fn=tf.nn.relu)": {"rank": 4},
    "tf.contrib.layers.layer_norm(series, center=False, begin_norm_axis=2)": {"rank": 3},
    "tf.contrib.layers.layer_norm(series, begin_norm_axis=-1)": {},
    "tf.contrib.layers.instance_norm(images)": {},
    "tf.contrib.layers.embed_sequence(ids, 7, 3)": {},
}
_SHORT = {
    "weights": "kernel",
    "biases": "bias",
    "depthwise_weights": "depthwise_kernel",
    "pointwise_weights": "pointwise_kernel",
    "conv3d_transpose": "kernel",
}


def _split(source: str) -> tuple[str, str]:
    name, _, rest = source.partition("(")
    return name, rest[:-1]


def _found(source: str, **options: Any) -> Layer | Call | Refused:
    name, rest = _split(source)
    return layer(name, arguments(rest), tf="tf", **options)


def _layer(source: str, **options: Any) -> Layer:
    found = _found(source, **options)
    assert isinstance(found, Layer)
    return found


def _set_weights(made: Any, named: dict[str, np.ndarray]) -> None:
    """Give the layer the weights of TensorFlow 1, told apart by their short names."""
    left = dict(named)
    for weight in made.weights:
        name = weight.name if weight.name in left else None
        if name is None:  # Keras has another name for it, but the shape tells
            name = next(key for key, value in left.items() if value.shape == tuple(weight.shape))
        weight.assign(left.pop(name))
    assert not left


def _output(source: str, options: dict[str, Any], weights: dict[str, np.ndarray]) -> np.ndarray:
    found = _found(source, **options)
    assert not isinstance(found, Refused)
    names = module(found.definitions, **INPUTS)
    if isinstance(found, Call):
        return np.asarray(eval(found.text, names))
    made = eval(found.constructor, names)
    inputs = eval(found.inputs or "", names)
    made(inputs)
    _set_weights(made, weights)
    return np.asarray(made(inputs))


_TF1 = """
random = np.random.RandomState(1)
for source in CASES:
    tf.reset_default_graph()
    output = eval(source, dict({key: tf.constant(array) for key, array in given.items()}, tf=tf))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable in tf.global_variables():
            drawn = random.randn(*variable.shape.as_list()).astype("f") * 0.5
            variable.load(drawn, session)
            result["%s|%s" % (source, variable.op.name.split("/")[-1])] = drawn
        result[source] = session.run(output)
"""


@pytest.fixture(scope="module")
def tf1_outputs(tf1_python: str) -> dict[str, Any]:
    return run_tf1(tf1_python, f"CASES = {tuple(CASES)!r}\n{_TF1}", **INPUTS)


@pytest.mark.tf1
@pytest.mark.slow
@pytest.mark.parametrize("source", CASES)
def test_has_the_output_of_tensorflow_1(source: str, tf1_outputs: dict[str, Any]) -> None:
    weights = {
        _SHORT.get(key.rpartition("|")[2], key.rpartition("|")[2]): array
        for key, array in tf1_outputs.items()
        if key.startswith(f"{source}|")
    }
    np.testing.assert_allclose(
        _output(source, CASES[source], weights), tf1_outputs[source], atol=5e-6, rtol=1e-5
    )


@pytest.mark.slow
def test_dense_and_convolution_compute_what_tf_nn_does() -> None:
    import tensorflow as tf

    random = np.random.RandomState(2)
    kernel, bias = random.randn(8, 5).astype("f"), random.randn(5).astype("f")
    dense = _output("tf.contrib.layers.fully_connected(vectors, 5)", {}, {"kernel": kernel, "bias": bias})
    np.testing.assert_allclose(dense, np.maximum(INPUTS["vectors"] @ kernel + bias, 0), atol=1e-5)
    kernel = random.randn(3, 3, 3, 5).astype("f")
    conv = _output("tf.contrib.slim.conv2d(images, 5, 3)", {}, {"kernel": kernel, "bias": bias})
    expected = tf.nn.relu(tf.nn.conv2d(INPUTS["images"], kernel, 1, "SAME") + bias)
    np.testing.assert_allclose(conv, expected, atol=1e-5)


BATCHES = 6
BATCH_INPUTS = {
    "vectors": (random.randn(BATCHES, 8, 3) * 2 + 1).astype("f"),
    "series": (random.randn(BATCHES, 4, 5, 3) * 2 + 1).astype("f"),
    "images": (random.randn(BATCHES, 4, 3, 3, 3) * 2 + 1).astype("f"),
}
RANKS = {"vectors": 2, "series": 3, "images": 4}
NORMALIZATIONS = (
    "tf.layers.batch_normalization({x}, training=t)",
    "tf.layers.batch_normalization({x}, momentum=0.8, epsilon=1e-6, scale=False, training=t)",
    "tf.layers.batch_normalization({x}, fused=False, training=t)",
    "tf.contrib.layers.batch_norm({x}, is_training=t)",
    "tf.contrib.layers.batch_norm({x}, 0.9, scale=True, updates_collections=None, is_training=t)",
    "tf.contrib.slim.batch_norm({x}, activation_fn=tf.nn.relu, is_training=t, decay=0.9)",
)
# Runs: do the update ops run with a training batch?
UPDATES = {
    "always": [True] * BATCHES,
    "sometimes": [True, False, False, True, True, False],
    "never": [False] * BATCHES,
}

_TF1_NORMALIZATION = """
for x in RANKS:
    for source in NORMALIZATIONS:
        for label, updates in UPDATES.items():
            tf.reset_default_graph()
            fed, t = tf.placeholder(tf.float32, given[x].shape[1:]), tf.placeholder(tf.bool, [])
            output = eval(source.format(x="fed"))
            ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
            key = "%s|%s|%s|" % (x, source, label)
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                result[key + "train"] = np.array([
                    session.run([output] + (ops if updates[i] else []), {fed: batch, t: True})[0]
                    for i, batch in enumerate(given[x])])
                result[key + "infer"] = session.run(output, {fed: given[x][0], t: False})
                for variable in tf.global_variables():
                    if "moving" in variable.name:
                        result[key + variable.op.name.split("/")[-1]] = session.run(variable)
"""


@pytest.fixture(scope="module")
def tf1_normalized(tf1_python: str) -> dict[str, Any]:
    head = f"RANKS = {RANKS!r}\nNORMALIZATIONS = {NORMALIZATIONS!r}\nUPDATES = {UPDATES!r}\n"
    return run_tf1(tf1_python, head + _TF1_NORMALIZATION, **BATCH_INPUTS)


def _normalize(
    x: str, source: str, label: str, flag: Flag, *, rank: int | None
) -> dict[str, np.ndarray] | Refused:
    """The outputs and moving statistics of the emitted layer over the same runs."""
    import tensorflow as tf

    update = {"always": "True", "sometimes": "u", "never": "False"}[label]
    found = _found(source.format(x="x"), rank=rank, flag=flag, update=update)
    if isinstance(found, Refused):
        return found
    assert isinstance(found, Layer)
    made = eval(found.constructor, module(found.definitions))
    call = eval(f"lambda x, t, u: made(x, {', '.join(found.call_arguments)})", {"made": made})
    shape = tf.TensorSpec(BATCH_INPUTS[x].shape[1:])
    if flag is Flag.TENSOR:
        of_tensors = {u: tf.function(lambda x, t, u=u: call(x, t, u)) for u in (True, False)}
        signature = (shape, tf.TensorSpec([], tf.bool))
        run = {
            (t, u): (lambda x, t=t, u=u: of_tensors[u](x, tf.constant(t)))
            for t in (True, False)
            for u in (True, False)
        }
        of_tensors[True].get_concrete_function(*signature)
    else:
        run = {
            (t, u): tf.function(lambda x, t=t, u=u: call(x, t, u))
            for t in (True, False)
            for u in (True, False)
        }
    batches = BATCH_INPUTS[x]
    outputs = [
        run[True, updates](batch).numpy() for batch, updates in zip(batches, UPDATES[label], strict=True)
    ]
    result = {"train": np.array(outputs), "infer": run[False, True](batches[0]).numpy()}
    return result | {w.name: np.asarray(w) for w in made.non_trainable_variables}


@pytest.mark.tf1
@pytest.mark.slow
@pytest.mark.parametrize("flag", Flag)
@pytest.mark.parametrize("label", UPDATES)
@pytest.mark.parametrize("source", NORMALIZATIONS)
@pytest.mark.parametrize("x", RANKS)
def test_normalizes_as_tensorflow_1(
    x: str, source: str, label: str, flag: Flag, tf1_normalized: dict[str, Any]
) -> None:
    found = _normalize(x, source, label, flag, rank=RANKS[x])
    if isinstance(found, Refused):
        assert label == "sometimes"
        assert "activation_fn" in source
        return
    expected = {
        name: tf1_normalized[f"{x}|{source}|{label}|{name}"]
        for name in ("train", "infer", "moving_mean", "moving_variance")
    }
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=2e-5, rtol=2e-5, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("x", RANKS)
def test_unknown_rank_is_found_out_when_the_layer_runs(x: str) -> None:
    source = "tf.layers.batch_normalization({x}, training=t)"
    known, unknown = (_normalize(x, source, "always", Flag.HOST, rank=rank) for rank in (RANKS[x], None))
    assert isinstance(known, dict)
    assert isinstance(unknown, dict)
    for name, array in known.items():
        np.testing.assert_allclose(unknown[name], array, atol=1e-6)


@pytest.mark.slow
def test_moving_variance_of_the_fused_kernel_is_unbiased() -> None:
    found = _normalize(
        "images", "tf.layers.batch_normalization({x}, training=t)", "always", Flag.HOST, rank=4
    )
    assert isinstance(found, dict)
    moving = np.ones(3)
    for batch in BATCH_INPUTS["images"]:
        moving = 0.99 * moving + 0.01 * batch.reshape(-1, 3).var(axis=0, ddof=1)
    np.testing.assert_allclose(found["moving_variance"], moving, rtol=1e-5)


@pytest.mark.slow
def test_batch_of_one_vector_leaves_no_nan() -> None:
    import tensorflow as tf

    found = _layer("tf.contrib.layers.batch_norm(x)", rank=2)
    made = eval(found.constructor, module(found.definitions))
    made(tf.ones((1, 3)), training=True)
    assert np.all(np.isfinite(made.moving_variance.numpy()))


@pytest.mark.slow
def test_convolution_with_normalizer() -> None:
    """The bias is left out, and the activation comes last."""
    import tensorflow as tf

    normalizer = Normalizer("tf.contrib.slim.batch_norm", tuple(arguments("is_training=t, decay=0.9")))
    found = _layer(
        "tf.contrib.slim.conv2d(x, 4, 3, normalizer_fn=slim.batch_norm, normalizer_params=p, scope='c')",
        normalizer=normalizer,
        flag=Flag.TENSOR,
    )
    assert (found.call_arguments, found.updates, found.scope_name) == (("training=t",), True, "'c'")
    made = eval(found.constructor, module(found.definitions))
    run = tf.function(lambda x, t: made(x, training=t))
    output = run(INPUTS["images"], tf.constant(True)).numpy()
    assert [w.name for w in made.weights] == ["kernel", "beta", "moving_mean", "moving_variance"]
    assert output.min() == 0
    assert made.weights[2].numpy().any()


_TF1_DROPOUT = """
tf.set_random_seed(4)
fed, t = tf.placeholder(tf.float32, [None, 6]), tf.placeholder(tf.bool, [])
outputs = [eval(source) for source in SOURCES]
with tf.Session() as session:
    runs = [session.run(outputs, {fed: given["x"], t: training}) for training in TRAINING]
for i in range(len(SOURCES)):
    result[SOURCES[i]] = np.array([run[i] for run in runs])
"""
DROPOUTS = (
    "tf.layers.dropout(fed, 0.4, training=t, seed=3)",
    "tf.layers.dropout(fed, rate=0.3, noise_shape=[5, 1], seed=5, training=t)",
    "tf.contrib.layers.dropout(fed, 0.8, is_training=t, seed=7)",
    "tf.contrib.slim.dropout(fed, keep_prob=0.7, seed=8)",
)
TRAINING = (True, False, True, True)


@pytest.mark.tf1
@pytest.mark.slow
@pytest.mark.parametrize("flag", Flag)
def test_dropout_has_the_masks_of_tensorflow_1(flag: Flag, tf1_python: str) -> None:
    import tensorflow as tf

    x = np.arange(30.0, dtype="f").reshape(5, 6) + 1
    head = f"SOURCES = {DROPOUTS!r}\nTRAINING = {TRAINING!r}\n"
    expected = run_tf1(tf1_python, head + _TF1_DROPOUT, x=x)
    for source in DROPOUTS:
        found = _found(source, flag=flag)
        assert isinstance(found, Call)
        tf.random.set_seed(4)
        run = tf.function(eval(f"lambda fed, t: {found.text}", module(())))
        # A Python boolean makes a second graph, with streams of its own.
        traced = flag is Flag.HOST and "training=t" in source
        outputs = [run(x, t if traced else tf.constant(t)).numpy() for t in TRAINING]
        np.testing.assert_allclose(np.array(outputs), expected[source], rtol=1e-6, err_msg=source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tf.layers.dropout(x, 0.5)", "x"),
        ("tf.layers.dropout(x, 0.5, training=True)", "tf.nn.dropout(x, rate=0.5)"),
        ("tf.layers.dropout(x, r, training=on)", "tf.nn.dropout(x, rate=r if on else 0.0)"),
        (
            "tf.layers.dropout(x, a if b else c, training=d if e else f)",
            "tf.nn.dropout(x, rate=(a if b else c) if (d if e else f) else 0.0)",
        ),
        ("tf.contrib.layers.dropout(x, keep + 1)", "tf.nn.dropout(x, rate=1 - (keep + 1))"),
        ("tf.layers.max_pooling2d(x, 2, 2)", "tf.nn.max_pool2d(x, 2, 2, 'VALID')"),
        ("tf.layers.flatten(x)", "tf.keras.layers.Flatten()(x)"),
    ],
)
def test_stateless_layers_are_expressions(source: str, expected: str) -> None:
    found = _found(source)
    assert isinstance(found, Call)
    assert found.text == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tf.layers.dense(x, 128, tf.nn.relu)", "tf.keras.layers.Dense(128, tf.nn.relu)"),
        ("tf.layers.dense(inputs=x, units=10)", "tf.keras.layers.Dense(units=10)"),
        ("tf.layers.dense(x, 10, activation=None)", "tf.keras.layers.Dense(10)"),
        ("tf.layers.dense(x, 10, None, False)", "tf.keras.layers.Dense(10, None, False)"),
        ("tf.layers.dense(x, 10, trainable=flag)", "tf.keras.layers.Dense(10, trainable=flag)"),
        ("tf.layers.dense(x, 10, name='a/b')", "tf.keras.layers.Dense(10)"),
        ("tf.layers.dense(x, 10, name='fc' + str(i))", "tf.keras.layers.Dense(10)"),
        ("tf.layers.dense(x, 10, name='fc')", "tf.keras.layers.Dense(10, name='fc')"),
        (
            "tf.layers.conv2d(x, 32, 5, padding=p)",
            "tf.keras.layers.Conv2D(32, 5, padding=p)",
        ),
        (
            "tf.contrib.layers.conv2d(x, 32, 5, data_format='NCHW')",
            'tf.keras.layers.Conv2D(32, 5, data_format="channels_first", padding="same", '
            "activation=tf.nn.relu)",
        ),
        ("tf.layers.Dense(10, name='d')", "tf.keras.layers.Dense(10, name='d')"),
        ("tf.layers.Flatten()", "tf.keras.layers.Flatten()"),
        (
            "tf.layers.batch_normalization(x, training=t)",
            "tf.keras.layers.BatchNormalization()",
        ),
    ],
)
def test_constructor(source: str, expected: str) -> None:
    assert _layer(source, rank=2).constructor == expected


def test_what_surrounds_the_constructor() -> None:
    found = _layer("tf.layers.dense(f(x), 10, name=n, reuse=tf.AUTO_REUSE)")
    assert (found.inputs, found.scope_name, found.reuse) == ("f(x)", "n", "tf.AUTO_REUSE")
    assert (found.stateful, found.updates) == (True, False)
    assert _layer("tf.layers.Dense(10)").inputs is None
    assert _layer("tf.layers.MaxPooling2D(2, 2)").stateful is False


@pytest.mark.parametrize(
    ("source", "calls", "updates"),
    [
        ("tf.layers.batch_normalization(x)", ("training=False",), False),
        ("tf.layers.batch_normalization(x, training=True)", ("training=True",), True),
        ("tf.layers.BatchNormalization()", (), True),
        ("tf.contrib.layers.batch_norm(x)", ("training=True",), True),
        ("tf.contrib.layers.batch_norm(x, updates_collections=None)", ("training=True",), False),
        ("tf.contrib.layers.batch_norm(x, is_training=False)", ("training=False",), False),
    ],
)
def test_who_updates_the_moving_statistics(source: str, calls: tuple[str, ...], updates: bool) -> None:
    found = _layer(source, rank=4)
    assert (found.call_arguments, found.updates) == (calls, updates)


def test_float64_inputs_are_not_cast() -> None:
    text = _layer("tf.layers.dense(x, 10)", dtype="float64").constructor
    assert text == 'tf.keras.layers.Dense(10, dtype="float64")'


def test_alias_of_tensorflow() -> None:
    found = layer("tf.contrib.layers.fully_connected", arguments("x, 3"), tf="tensorflow")
    assert isinstance(found, Layer)
    assert found.constructor == "tensorflow.keras.layers.Dense(3, activation=tensorflow.nn.relu)"


@pytest.mark.parametrize(
    "source",
    [
        "tf.layers.dense(*args)",
        "tf.layers.dense(x)",
        "tf.layers.dense(x, 10, units=10)",
        "tf.layers.dense(x, 10, activity_regularizer=r)",
        "tf.layers.Dense(10, _scope=scope)",
        "tf.layers.batch_normalization(x, renorm=True)",
        "tf.layers.batch_normalization(x, trainable=flag)",
        "tf.layers.batch_normalization(x, axis=[1, 2])",
        "tf.contrib.layers.batch_norm(x)",
        "tf.contrib.layers.batch_norm(x, fused=False, updates_collections='mine')",
        "tf.contrib.layers.batch_norm(x, fused=False, param_initializers=p)",
        "tf.contrib.layers.batch_norm(x, zero_debias_moving_mean=True)",
        "tf.contrib.layers.conv2d(x, 3, 3, outputs_collections=points)",
        "tf.contrib.layers.conv2d(x, 3, 3, normalizer_fn=f)",
        "tf.contrib.layers.conv2d(x, 3, 3, data_format=f)",
        "tf.contrib.layers.layer_norm(x, begin_params_axis=1)",
        "tf.contrib.layers.group_norm(x)",
        "tf.contrib.slim.repeat(x, 2, slim.conv2d, 64, [3, 3])",
    ],
)
def test_refused(source: str) -> None:
    assert isinstance(_found(source), Refused)


def test_knows_its_names() -> None:
    assert all(is_layer(_split(source)[0]) for source in (*CASES, *NORMALIZATIONS, *DROPOUTS))
    assert not is_layer("tf.nn.conv2d")


REGULARIZERS = {
    "tf.contrib.layers.l1_regularizer(0.1)": "tf.keras.regularizers.L1(0.1)",
    "tf.contrib.layers.l2_regularizer(0.1)": "tf.keras.regularizers.L2(0.1 / 2)",
    "tf.contrib.slim.l2_regularizer(a + b)": "tf.keras.regularizers.L2((a + b) / 2)",
    "tf.contrib.layers.l1_l2_regularizer()": "tf.keras.regularizers.L1L2(l1=1.0, l2=1.0 / 2)",
    "tf.keras.regularizers.l2()": "tf.keras.regularizers.L2(l2=0.01)",
    "tf.keras.regularizers.l1(l=s)": "tf.keras.regularizers.L1(l1=s)",
    "tf.keras.regularizers.l1_l2(l2=0.5)": "tf.keras.regularizers.L1L2(l1=0.01, l2=0.5)",
}


@pytest.mark.parametrize("source", REGULARIZERS)
def test_regularizer(source: str) -> None:
    name, rest = _split(source)
    assert is_regularizer(name)
    assert regularizer(name, arguments(rest), tf="tf") == Call(REGULARIZERS[source])


def test_regularizer_refused() -> None:
    assert isinstance(regularizer("tf.contrib.layers.sum_regularizer", arguments("rs"), tf="tf"), Refused)
    assert isinstance(regularizer("tf.contrib.layers.l2_regularizer", arguments("*s"), tf="tf"), Refused)


@pytest.mark.slow
def test_contrib_l2_is_half_the_sum_of_squares() -> None:
    call = regularizer("tf.contrib.layers.l2_regularizer", arguments("0.1"), tf="tf")
    assert isinstance(call, Call)
    weights = np.arange(6.0, dtype="f")
    assert float(eval(call.text, module(()))(weights)) == pytest.approx(0.1 * (weights**2).sum() / 2)
