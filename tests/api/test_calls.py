"""Single calls and mentions, before and after."""

from __future__ import annotations

import pytest

from tests.api.expressions import RefusedError, rewritten
from tf2migrate.api.calls import rewrite_call, rewrite_reference
from tf2migrate.api.calls_model import Argument, Call, Kept, Refused

CHANGED = {
    "renamed": ("tf.log(x)", "tf.math.log(x)"),
    "spelling that both have stays": ("tf.log(tf.nn.tanh(x))", "tf.math.log(tf.nn.tanh(x))"),
    "argument text stays": ("tf.log(x  +  1)", "tf.math.log(x  +  1)"),
    "keyword": ("tf.argmax(y, dimension=1)", "tf.argmax(y, axis=1)"),
    "several keywords": (
        "tf.reduce_mean(x, reduction_indices=[1], keep_dims=True)",
        "tf.reduce_mean(x, axis=[1], keepdims=True)",
    ),
    "place that moved": ("tf.argmax(y, 1, 'n')", "tf.argmax(y, 1, name='n')"),
    "place that moved before others": (
        "tf.pad(x, p, 'CONSTANT', None, 3)",
        "tf.pad(x, p, 'CONSTANT', name=None, constant_values=3)",
    ),
    "swapped places become keywords": (
        "tf.nn.in_top_k(predictions, targets, 1)",
        "tf.nn.in_top_k(predictions=predictions, targets=targets, k=1)",
    ),
    "dropped argument": (
        "tf.nn.conv2d(x, w, [1, 1, 1, 1], 'SAME', True)",
        "tf.nn.conv2d(x, w, [1, 1, 1, 1], 'SAME')",
    ),
    "dropped default": ("tf.nn.embedding_lookup(t, i, 'div')", "tf.nn.embedding_lookup(t, i)"),
    "added argument": (
        "tf.image.draw_bounding_boxes(i, b)",
        "tf.image.draw_bounding_boxes(i, b, colors=None)",
    ),
    "method": ("tf.assign(self.w, x + 1)", "self.w.assign(x + 1)"),
    "method of an expression": ("tf.assign_add(a or b, 1)", "(a or b).assign_add(1)"),
    "dropout by place": ("tf.nn.dropout(x, 0.8)", "tf.nn.dropout(x, rate=0.2)"),
    "dropout of a name": ("tf.nn.dropout(x, keep)", "tf.nn.dropout(x, rate=1 - keep)"),
    "dropout of an expression": ("tf.nn.dropout(x, keep_prob=a - b)", "tf.nn.dropout(x, rate=1 - (a - b))"),
    "dropout with more places": (
        "tf.nn.dropout(x, p, None, 3)",
        "tf.nn.dropout(x, rate=1 - p, noise_shape=None, seed=3)",
    ),
    "dropout of a small literal": ("tf.nn.dropout(x, 1e-3)", "tf.nn.dropout(x, rate=0.999)"),
    "labels get no gradient": (
        "tf.nn.softmax_cross_entropy_with_logits(logits=z, labels=y)",
        "tf.nn.softmax_cross_entropy_with_logits(logits=z, labels=tf.stop_gradient(y))",
    ),
    "labels get a gradient": (
        "tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=z)",
        "tf.nn.softmax_cross_entropy_with_logits(y, z)",
    ),
    "cell": ("tf.contrib.rnn.BasicLSTMCell(8, 0.5, True, reuse=None)", "BasicLSTMCell(8, 0.5)"),
    "cell with a gap": ("tf.nn.rnn_cell.LSTMCell(8, False, None, init)", "LSTMCell(8, initializer=init)"),
    "cell with its default": ("tf.nn.rnn_cell.GRUCell(num_units=8, activation=None)", "GRUCell(num_units=8)"),
    "dropout of a cell": (
        "tf.nn.rnn_cell.DropoutWrapper(c, 1.0, keep, seed=None)",
        "DropoutWrapper(c, 1.0, keep)",
    ),
    "projection of a cell": (
        "tf.contrib.rnn.OutputProjectionWrapper(c, output_size=2, reuse=None)",
        "OutputProjectionWrapper(c, output_size=2)",
    ),
    "stack of cells": ("tf.nn.rnn_cell.MultiRNNCell(cells, state_is_tuple=True)", "MultiRNNCell(cells)"),
    "network": (
        "tf.nn.dynamic_rnn(c, x, None, s, swap_memory=True, time_major=True)",
        "dynamic_rnn(c, x, initial_state=s, time_major=True)",
    ),
    "network in both directions": (
        "tf.nn.bidirectional_dynamic_rnn(a, b, x, n, dtype=tf.float32, scope='s')",
        "bidirectional_dynamic_rnn(a, b, x, n, dtype=tf.float32)",
    ),
    "integers divided": ("tf.div(n, 2)", "div(n, 2)"),
    "evident floats divided": ("tf.div(x, 2.0)", "tf.divide(x, 2.0)"),
    "evident integers divided": ("tf.div(tf.to_int32(x), k)", "tf.math.floordiv(tf.cast(x, tf.int32), k)"),
    "number becomes a list": (
        "tf.space_to_batch(x, p, 2)",
        "tf.space_to_batch(x, block_shape=[2, 2], paddings=p)",
    ),
    "expression becomes a list": (
        "tf.space_to_batch(x, p, block_size=a.b)",
        "tf.space_to_batch(x, block_shape=[a.b] * 2, paddings=p)",
    ),
    "loss": (
        "tf.losses.mean_squared_error(y, p)",
        "tf.reduce_mean(tf.square(tf.cast(p, tf.float32) - tf.cast(y, tf.float32)))",
    ),
    "evident float32 needs no cast": (
        "tf.losses.absolute_difference(tf.one_hot(y, 3), tf.to_float(p))",
        "tf.reduce_mean(tf.abs(tf.cast(p, tf.float32) - tf.one_hot(y, 3)))",
    ),
    "loss with a number as weight": (
        "tf.losses.sparse_softmax_cross_entropy(y, z, weights=0.5)",
        "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, z) * 0.5)",
    ),
    "loss with a reduction": (
        "tf.losses.sparse_softmax_cross_entropy(y, z, reduction=tf.losses.Reduction.NONE)",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(y, z)",
    ),
    "pooling layer": (
        "tf.layers.max_pooling2d(x, 2, 2, padding='same')",
        "tf.nn.max_pool2d(x, 2, 2, 'SAME')",
    ),
    "pooling layer with a name for its padding": (
        "tf.layers.average_pooling2d(x, 2, 2, padding)",
        "tf.nn.avg_pool2d(x, 2, 2, padding.upper())",
    ),
    "dropout layer with a switch": (
        "tf.layers.dropout(x, 0.3, training=training)",
        "(tf.nn.dropout(x, rate=0.3) if training else x)",
    ),
    "flatten": ("tf.contrib.slim.flatten(x)", "tf.keras.layers.Flatten(autocast=False)(x)"),
    "log": ("tf.logging.warn('%d', n)", "tf.get_logger().warning('%d', n)"),
    "log at a level": ("tf.logging.log(tf.logging.WARN, 'x')", "tf.get_logger().warning('x')"),
    "level": ("tf.logging.set_verbosity(tf.logging.ERROR)", 'tf.get_logger().setLevel("ERROR")'),
    "files": ("tf.gfile.MakeDirs(dirname=d)", "tf.io.gfile.makedirs(path=d)"),
    "class": ("tf.gfile.FastGFile(f, 'rb')", "tf.io.gfile.GFile(f, 'rb')"),
    "compat": ("tf.compat.v1.reduce_sum(x, 1)", "tf.reduce_sum(x, 1)"),
    "private module": ("tf.python.ops.array_ops.concat([x], 1)", "tf.concat([x], 1)"),
    "private module with the function of TF2": (
        "tf.python.ops.math_ops.reduce_sum(x, 1, True)",
        "tf.reduce_sum(x, 1, True)",
    ),
    "scatter": (
        "tf.scatter_add(v, i, u)",
        "v.assign(tf.tensor_scatter_nd_add(v, tf.expand_dims(i, -1), u))",
    ),
    "scope with a default name": ("tf.name_scope(name, 'op', [x])", "tf.name_scope(name or 'op')"),
    "ctc": (
        "tf.nn.ctc_loss(y, z, n)",
        "tf.nn.ctc_loss(y, z, label_length=None, logit_length=n, blank_index=-1)",
    ),
    "dtype of a function": (
        "tf.map_fn(f, x, dtype=tf.int32)",
        "tf.map_fn(f, x, fn_output_signature=tf.int32)",
    ),
    "one loop variable": ("tf.while_loop(c, b, [i])", "tf.while_loop(c, b, [i])[0]"),
    "cases of which one holds": (
        "tf.case({p: f, q: g}, default=h, exclusive=True)",
        "tf.case([(p, f), (q, g)], default=h, exclusive=True)",
    ),
    "branches": ("tf.cond(p, fn1=f, fn2=g)", "tf.cond(p, true_fn=f, false_fn=g)"),
    "star of an unchanged function": ("tf.log(*args)", "tf.math.log(*args)"),
}

UNCHANGED = [
    "tf.nn.relu(x)",
    "tf.reduce_mean(x, 1)",
    "tf.reduce_mean(x, axis=1, keepdims=True)",
    "tf.matmul(a, b, transpose_b=True)",
    "tf.concat(axis=1, values=[a, b])",
    "tf.nn.dropout(x, rate=0.3)",
    "tf.where(c)",
    "tf.where(x > 0, x, tf.zeros_like(x))",
    "tf.where(tf.greater(a, b), a, b)",
    "tf.random.normal([2], seed=1)",
    "tf.nn.avg_pool2d(x, k, s, 'SAME')",
    "tf.data.Dataset.from_tensor_slices(x)",
    "tf.train.latest_checkpoint(d)",
    "tf.train.Example(features=f)",
    "tf.TensorShape([None, 1])",
    "tf.concat(*args, **options)",
    "tf.keras.layers.Dense(3)",
    "tf.raw_ops.MatMul(a=a, b=b)",
    "tf.nn.softmax_cross_entropy_with_logits(y, z)",
    "tf.control_dependencies([x])",
]

REFUSED = {
    "graph": ("tf.Session()", "TFM401"),
    "optimizer": ("tf.train.AdamOptimizer(0.1)", "TFM501"),
    "summary": ("tf.summary.scalar('x', x)", "TFM804"),
    "cell": ("tf.contrib.rnn.UGRNNCell(3)", "TFM702"),
    "state of attention in one tensor": ("tf.contrib.rnn.AttentionCellWrapper(c, 3, state_is_tuple=False)", "TFM702"),
    "dropout inside of a cell": ("tf.contrib.rnn.LayerNormBasicLSTMCell(3, dropout_keep_prob=0.5)", "TFM702"),
    "peepholes of a block": ("tf.contrib.rnn.LSTMBlockCell(3, use_peephole=True)", "TFM702"),
    "own sum of residuals": ("tf.nn.rnn_cell.ResidualWrapper(c, lambda x, y: x - y)", "TFM702"),
    "state in one tensor": ("tf.nn.rnn_cell.BasicLSTMCell(3, state_is_tuple=False)", "TFM702"),
    "cell of another type": ("tf.nn.rnn_cell.GRUCell(3, dtype=tf.float64)", "TFM702"),
    "one mask for all steps": ("tf.nn.rnn_cell.DropoutWrapper(c, 0.5, variational_recurrent=True)", "TFM702"),
    "dropout of states": ("tf.nn.rnn_cell.DropoutWrapper(c, state_keep_prob=0.5)", "TFM702"),
    "gradients": ("tf.gradients(y, x)", "TFM501"),
    "saver": ("tf.train.Saver()", "TFM803"),
    "last value repeated": ("tf.constant([1, 2], shape=[2, 2])", "TFM302"),
    "unknown number of loop variables": ("tf.while_loop(c, b, loop_vars)", "TFM302"),
    "list of one": ("tf.cond(p, lambda: [a], lambda: [b])", "TFM302"),
    "several tables": ("tf.nn.embedding_lookup([a, b], ids)", "TFM102"),
    "argument without counterpart": ("tf.image.resize_images(x, s, preserve_aspect_ratio=True)", "TFM102"),
    "merged labels": ("tf.nn.ctc_beam_search_decoder(x, n)", "TFM102"),
    "star of a changed function": ("tf.nn.dropout(*args)", "TFM101"),
    "keywords in a star": ("tf.reduce_sum(x, **options)", "TFM101"),
    "too many arguments": ("tf.log(x, 'n', 3)", "TFM101"),
    "unknown keyword": ("tf.log(x, axis=1)", "TFM101"),
    "missing argument": ("tf.matmul(a)", "TFM101"),
    "left before": ("tf.pack([a])", "TFM101"),
    "never was": ("tf.no_such_op(a)", "TFM101"),
    "evaluated twice": ("tf.scatter_update(make(), i, u)", "TFM405"),
    "switch over an expression": ("tf.layers.dropout(f(x), training=t)", "TFM101"),
    "Keras that changed": ("tf.keras.layers.GRU(3)", "TFM410"),
    "flags": ("tf.app.flags.DEFINE_string('a', 'b', 'c')", "TFM103"),
    "double": ("tf.squeeze(x, 0, squeeze_dims=0)", "TFM101"),
}


@pytest.mark.parametrize(("before", "after"), CHANGED.values(), ids=CHANGED.keys())
def test_changed(before: str, after: str) -> None:
    assert rewritten(before)[0] == after


@pytest.mark.parametrize("call", UNCHANGED)
def test_unchanged(call: str) -> None:
    assert rewritten(call)[0] == call


@pytest.mark.parametrize(("call", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(call: str, code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        rewritten(call)
    assert caught.value.refused.code == code


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("tf.nn.relu", None),
        ("tf.float32", None),
        ("tf.double", None),
        ("tf.newaxis", None),
        ("tf.reduce_mean", None),
        ("tf.nn.softmax", None),
        ("tf.data.Dataset", None),
        ("tf.errors.OutOfRangeError", None),
        ("tf.log", "tf.math.log"),
        ("tf.gfile.GFile", "tf.io.gfile.GFile"),
        ("tf.VERSION", "tf.__version__"),
        ("tf.logging.INFO", '"INFO"'),
        ("tf.losses.Reduction.SUM", '"weighted_sum"'),
        ("tf.saved_model.tag_constants.SERVING", "tf.saved_model.SERVING"),
        ("tf.python.framework.dtypes.int32", "tf.int32"),
        ("tf.compat.v1.float32", "tf.float32"),
    ],
)
def test_reference(name: str, after: str | None) -> None:
    assert rewrite_reference(name) == (Kept() if after is None else after)


def test_reference_takes_the_alias() -> None:
    assert rewrite_reference("tf.log", "tensorflow") == "tensorflow.math.log"
    assert rewrite_reference("tf.logging.INFO", "tensorflow") == '"INFO"'


@pytest.mark.parametrize(
    "name",
    [
        "tf.AUTO_REUSE",
        "tf.GraphKeys.UPDATE_OPS",
        "tf.Variable",
        "tf.Session",
        "tf.nn.dropout",
        "tf.nn.in_top_k",
        "tf.to_float",
        "tf.where",
        "tf.layers.dense",
        "tf.contrib.layers",
        "tf.no_such_thing",
    ],
)
def test_refused_reference(name: str) -> None:
    assert isinstance(rewrite_reference(name), Refused)


def test_alias_of_tensorflow() -> None:
    result = rewrite_call("tf.losses.mean_squared_error", [Argument("y"), Argument("p")], "tensorflow")
    assert isinstance(result, Call)
    assert result.text == (
        "tensorflow.reduce_mean(tensorflow.square(tensorflow.cast(p, tensorflow.float32) "
        "- tensorflow.cast(y, tensorflow.float32)))"
    )


def test_definitions_use_the_alias() -> None:
    result = rewrite_call("tf.div", [Argument("a"), Argument("b")], "tensorflow")
    assert isinstance(result, Call)
    assert result.text == "div(a, b)"
    assert "tensorflow.convert_to_tensor(x)" in result.definitions[0].text


def test_text_over_several_lines() -> None:
    argument = Argument("tf.nn.relu(x,\n    y)\n    + 1")
    result = rewrite_call("tf.nn.dropout", [Argument("x"), argument])
    assert result == Call("tf.nn.dropout(x, rate=1 - (tf.nn.relu(x,\n    y)\n    + 1))")


def test_known_ranks_decide_where() -> None:
    arguments = [Argument("c"), Argument("x"), Argument("y")]
    assert rewrite_call("tf.where", arguments, ranks={"condition": 2}) == Kept()
    assert rewrite_call("tf.where", arguments, ranks={"x": 1}) == Kept()
    made = rewrite_call("tf.where", arguments, ranks={"x": 2})
    assert isinstance(made, Call)
    assert made.text == "where_by_rows(c, x, y)"
    assert rewrite_call("tf.where", arguments, ranks={"condition": 1, "y": 3}) == Call(
        "tf.where(tf.reshape(c, [-1, 1, 1]), x, y)"
    )


def test_known_dtypes_spare_casts() -> None:
    arguments = [Argument("y"), Argument("p")]
    dtypes = {"labels": "float32", "predictions": "float32"}
    assert rewrite_call("tf.losses.mean_squared_error", arguments, dtypes=dtypes) == Call(
        "tf.reduce_mean(tf.square(p - y))"
    )
    assert rewrite_call("tf.div", arguments, dtypes={"x": "int32"}) == Call("tf.math.floordiv(y, p)")
    assert rewrite_call("tf.div", arguments, dtypes={"y": "float32"}) == Call("tf.divide(y, p)")
    flat = rewrite_call("tf.layers.flatten", [Argument("x")], dtypes={"inputs": "float32"})
    assert flat == Call("tf.keras.layers.Flatten()(x)")


def test_labels_that_cannot_be_trained() -> None:
    arguments = [Argument("y", "labels"), Argument("z", "logits")]
    result = rewrite_call("tf.nn.softmax_cross_entropy_with_logits", arguments, no_gradient={"labels"})
    assert result == Kept()
    result = rewrite_call(
        "tf.losses.softmax_cross_entropy",
        [Argument("y"), Argument("z")],
        dtypes={"onehot_labels": "float32"},
        no_gradient={"onehot_labels"},
    )
    assert result == Call("tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, z))")


def test_rank_of_images_spares_the_definition() -> None:
    result = rewrite_call("tf.image.resize_images", [Argument("x"), Argument("[8, 8]")], ranks={"images": 4})
    assert result == Call("tf.raw_ops.ResizeBilinear(images=x, size=[8, 8])")
