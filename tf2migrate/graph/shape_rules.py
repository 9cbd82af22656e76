"""Static shapes of the results of ops, by the op's name in TensorFlow 1. An op without a rule has no known shape."""

from __future__ import annotations

from collections.abc import Callable

from tf2migrate.graph.sizes import (
    Given,
    Sizes,
    broadcast,
    enlarged,
    items_of,
    matrix_product,
    number,
    numbers,
    product,
    reduced,
    reshaped,
    same,
    shape_of,
    size_of,
    sizes_given,
    total,
    window,
)
from tf2migrate.graph.values import Const, Host, Node, Value

Rule = Callable[[Given], Sizes | None]
Resize = Callable[[Value, int | None, int | None, str | None], Value]


def result_shape(name: str, positional: list[Value], keywords: dict[str, Value]) -> Sizes | None:
    """The static shape of what ``name`` gives for these arguments, or None."""
    rule = RULES.get(name)
    return rule(Given(positional, keywords)) if rule is not None else None


def part_shape(name: str, position: int, positional: list[Value], keywords: dict[str, Value]) -> Sizes | None:
    """The static shape of one result of an op with several."""
    given = Given(positional, keywords)
    match name:
        case "tf.unstack" | "tf.unpack":
            axis = given.number(0, 2, "axis")
            return reduced(given.shape(0, "value"), Const(axis), False) if axis is not None else None
        case "tf.split":
            return _split(given, position)
        case "tf.nn.moments":
            keep = given.flag("keep_dims", "keepdims", position=4)
            return reduced(given.shape(0, "x"), given.get(1, "axes"), keep)
    return None


def unstacked(value: Value | None, axis: Value | None) -> Const | None:
    """How many tensors ``tf.unstack`` gives that is not told; None where the shape does not tell."""
    shape, at = shape_of(value), 0 if axis is None else number(axis)
    if not shape or at is None or not -len(shape) <= at < len(shape):
        return None
    size = number(shape[at])
    return None if size is None else Const(size)


def _split(given: Given, position: int) -> Sizes | None:
    shape, axis = given.shape(0, "value"), given.number(0, 2, "axis", "split_dim")
    parts = given.get(1, "num_or_size_splits")
    if not shape or axis is None:
        return None
    at = axis % len(shape)
    whole, count, listed = number(shape[at]), number(parts), items_of(parts)
    if listed is not None:
        size = size_of(listed[position])
        size = Host() if number(listed[position]) == -1 else size
    else:
        size = Const(whole // count) if whole is not None and count else Host()
    return (*shape[:at], size, *shape[at + 1 :])


# ------------------------------------------------------------------ elementwise
def _first(given: Given) -> Sizes | None:
    """The shape of the first argument, whatever the op calls it."""
    if given.positional:
        return given.shape(0)
    return given.shape(0, "x", "input", "features", "value", "tensor", "inputs", "logits", "labels", "t", "params")


def _both(given: Given) -> Sizes | None:
    return broadcast(given.shape(0, "x", "a"), given.shape(1, "y", "b"))


def _sum_of_list(given: Given) -> Sizes | None:
    items = items_of(given.get(0, "inputs"))
    found = shape_of(items[0]) if items else None
    for item in (items or [])[1:]:
        found = broadcast(found, shape_of(item))
    return found


def _chosen(given: Given) -> Sizes | None:
    return given.shape(1, "x") if given.get(1, "x") is not None else None


# ------------------------------------------------------------------ made from a shape
def _made(given: Given) -> Sizes | None:
    return sizes_given(given.get(0, "shape", "dims"))


def _constant(given: Given) -> Sizes | None:
    if (shape := given.get(2, "shape")) is not None:
        return sizes_given(shape)
    return given.shape(0, "value")


def _converted(given: Given) -> Sizes | None:
    return given.shape(0, "value", "input", "x")


def _eye(given: Given) -> Sizes | None:
    if "batch_shape" in given.keywords:
        return None
    rows = given.get(0, "num_rows")
    columns = given.get(1, "num_columns")
    if columns is None or (isinstance(columns, Const) and columns.value is None):
        columns = rows
    return (size_of(rows), size_of(columns))


def _shape_vector(given: Given) -> Sizes | None:
    shape = given.shape(0, "input")
    return None if shape is None else (Const(len(shape)),)


def _scalar(given: Given) -> Sizes | None:
    return ()


# ------------------------------------------------------------------ rearranged
def _reshape(given: Given) -> Sizes | None:
    return reshaped(given.shape(0, "tensor"), given.get(1, "shape"))


def _flatten(given: Given) -> Sizes | None:
    shape = given.shape(0, "inputs")
    return None if not shape else (shape[0], product(shape[1:]))


def _transpose(given: Given) -> Sizes | None:
    shape = given.shape(0, "a")
    order = given.get(1, "perm")
    if shape is None:
        return None
    if order is None or (isinstance(order, Const) and order.value is None):
        return shape[::-1]
    found = numbers(order)
    return tuple(shape[i] for i in found) if found is not None and len(found) == len(shape) else None


def _expand(given: Given) -> Sizes | None:
    shape, axis = given.shape(0, "input"), given.number(None, 1, "axis", "dim")
    if shape is None or axis is None:
        return None
    at = axis if axis >= 0 else len(shape) + 1 + axis
    return (*shape[:at], Const(1), *shape[at:])


def _squeeze(given: Given) -> Sizes | None:
    shape, axes = given.shape(0, "input"), given.get(1, "axis", "squeeze_dims")
    if shape is None:
        return None
    if axes is None or (isinstance(axes, Const) and axes.value is None):
        return tuple(s for s in shape if number(s) != 1) if all(number(s) is not None for s in shape) else None
    return reduced(shape, axes, False)


def _concat(given: Given) -> Sizes | None:
    items, axis = items_of(given.get(0, "values")), given.number(None, 1, "axis", "concat_dim")
    shapes = [shape_of(item) for item in items or ()]
    first = shapes[0] if shapes else None
    if axis is None or not first or any(s is None or len(s) != len(first) for s in shapes):
        return None
    known = [s for s in shapes if s is not None]
    at = axis % len(first)
    return tuple(
        total([s[i] for s in known]) if i == at else _agreed([s[i] for s in known]) for i in range(len(first))
    )


def _agreed(sizes: list[Value]) -> Value:
    """One size of tensors that must agree in it."""
    known = next((size for size in sizes if number(size) is not None), None)
    if known is not None:
        return known
    return sizes[0] if all(same(sizes[0], size) for size in sizes) else Host()


def _stack(given: Given) -> Sizes | None:
    items, axis = items_of(given.get(0, "values")), given.number(0, 1, "axis")
    shape = shape_of(items[0]) if items else None
    if items is None or shape is None or axis is None:
        return None
    at = axis if axis >= 0 else len(shape) + 1 + axis
    return (*shape[:at], Const(len(items)), *shape[at:])


def _tile(given: Given) -> Sizes | None:
    shape, times = given.shape(0, "input"), items_of(given.get(1, "multiples"))
    if shape is None or times is None or len(times) != len(shape):
        return None
    return tuple(s if number(t) == 1 else product([s, size_of(t)]) for s, t in zip(shape, times, strict=True))


def _pad(given: Given) -> Sizes | None:
    shape, rows = given.shape(0, "tensor"), items_of(given.get(1, "paddings"))
    if shape is None or rows is None or len(rows) != len(shape):
        return None
    out: list[Value] = []
    for size, row in zip(shape, rows, strict=True):
        around = numbers(row)
        out.append(total([size, *(Const(n) for n in around)]) if around is not None else Host())
    return tuple(out)


def _slice(given: Given) -> Sizes | None:
    lengths = items_of(given.get(2, "size"))
    if lengths is None:
        return None
    return tuple(Host() if number(length) == -1 else size_of(length) for length in lengths)


# ------------------------------------------------------------------ looked up, reduced, multiplied
def _one_hot(given: Given) -> Sizes | None:
    shape, axis = given.shape(0, "indices"), given.number(-1, 4, "axis")
    if shape is None or axis is None:
        return None
    at = axis if axis >= 0 else len(shape) + 1 + axis
    return (*shape[:at], size_of(given.get(1, "depth")), *shape[at:])


def _gather(given: Given) -> Sizes | None:
    params = given.get(0, "params")
    table, places = shape_of(params), given.shape(1, "indices", "ids")
    whole = isinstance(params, Node) and "axis" not in given.keywords and len(given.positional) <= 2
    if not whole or not table or places is None:
        return None
    return (*places, *table[1:])


def _reduce(given: Given) -> Sizes | None:
    axes = given.get(1, "axis", "reduction_indices")
    return reduced(given.shape(0, "input_tensor"), axes, given.flag("keepdims", "keep_dims", position=2))


def _argument(given: Given) -> Sizes | None:
    axis = given.get(1, "axis", "dimension")
    return reduced(given.shape(0, "input"), axis if axis is not None else Const(0), False)


def _contract(given: Given) -> Sizes | None:
    a, b, axes = given.shape(0, "a"), given.shape(1, "b"), number(given.get(2, "axes"))
    if a is None or b is None or axes is None or not 0 <= axes <= min(len(a), len(b)):
        return None
    return (*a[: len(a) - axes], *b[axes:])


def _affine(given: Given) -> Sizes | None:
    x, weights = given.shape(0, "x"), given.shape(1, "weights")
    return (x[0], weights[1]) if x and weights and len(x) == 2 and len(weights) == 2 else None


def _of_logits(given: Given) -> Sizes | None:
    return given.shape(-1, "logits")


def _rows_of_logits(given: Given) -> Sizes | None:
    shape = given.shape(-1, "logits")
    plain = "dim" not in given.keywords and "axis" not in given.keywords
    return shape[:-1] if shape and plain else None


def _loss(given: Given) -> Sizes | None:
    return () if "reduction" not in given.keywords else None


# ------------------------------------------------------------------ convolutions
def _layout_is_last(given: Given, default: str = "NHWC") -> bool:
    value = given.get(-1, "data_format")
    if value is None or (isinstance(value, Const) and value.value is None):
        return True
    return isinstance(value, Const) and value.value in (default, "NHWC", "NWC", "channels_last")


def _spatial(
    shape: Sizes, kernels: list[int] | None, strides: list[int] | None, padding: str | None, resize: Resize = window
) -> Sizes:
    """The sizes between the batch and the channels."""
    count = len(shape) - 2

    def entry(values: list[int] | None, at: int) -> int | None:
        if values is None:
            return None
        return values[0] if len(values) == 1 else values[at] if at < len(values) else None

    return tuple(resize(shape[i + 1], entry(kernels, i), entry(strides, i), padding) for i in range(count))


def _inner(values: list[int] | None) -> list[int] | None:
    """Strides and kernels of ``tf.nn`` name all four dimensions."""
    return values[1:3] if values is not None and len(values) == 4 else None


def _kernel(sizes: Sizes | None, count: int) -> list[int] | None:
    found = [number(size) for size in (sizes or ())[:count]]
    return [n for n in found if n is not None] if found and None not in found else None


def _convolve(given: Given) -> Sizes | None:
    shape, kernel = given.shape(0, "input"), given.shape(1, "filter", "filters")
    if not _plain(given, shape, 4) or shape is None or kernel is None or len(kernel) != 4:
        return None
    strides = _inner(numbers(given.get(2, "strides")))
    inner = _spatial(shape, _kernel(kernel, 2), strides, given.text("", 3, "padding"))
    return (shape[0], *inner, kernel[3])


def _convolve_each(given: Given) -> Sizes | None:
    shape, kernel = given.shape(0, "input"), given.shape(1, "filter")
    if not _plain(given, shape, 4, 4) or shape is None or kernel is None or len(kernel) != 4:
        return None
    strides = _inner(numbers(given.get(2, "strides")))
    inner = _spatial(shape, _kernel(kernel, 2), strides, given.text("", 3, "padding"))
    return (shape[0], *inner, product([kernel[2], kernel[3]]))


def _plain(given: Given, shape: Sizes | None, rank: int, positions: int = 5) -> bool:
    """Whether a convolution or pooling is over the middle dimensions, without dilation."""
    if len(given.positional) > positions:
        return False
    dilated = any(key in given.keywords for key in ("dilations", "dilation_rate", "rate"))
    return shape is not None and len(shape) == rank and not dilated and _layout_is_last(given)


def _convolve_line(given: Given) -> Sizes | None:
    shape, kernel = given.shape(0, "value", "input"), given.shape(1, "filters")
    if not _plain(given, shape, 3) or shape is None or kernel is None or len(kernel) != 3:
        return None
    strides = numbers(given.get(2, "stride"))
    return (shape[0], *_spatial(shape, _kernel(kernel, 1), strides, given.text("", 3, "padding")), kernel[2])


def _given_output(given: Given) -> Sizes | None:
    return sizes_given(given.get(2, "output_shape"))


def _pool(given: Given) -> Sizes | None:
    shape = given.shape(0, "value", "input")
    if not _plain(given, shape, 4, 4) or shape is None:
        return None
    kernel, strides = _inner(numbers(given.get(1, "ksize"))), _inner(numbers(given.get(2, "strides")))
    return (shape[0], *_spatial(shape, kernel, strides, given.text("", 3, "padding")), shape[3])


def _resize_image(given: Given) -> Sizes | None:
    shape, size = given.shape(0, "images", "image"), items_of(given.get(1, "size"))
    if shape is None or len(shape) != 4 or size is None or len(size) != 2:
        return None
    return (shape[0], size_of(size[0]), size_of(size[1]), shape[3])


# ------------------------------------------------------------------ layers
def _dense(given: Given) -> Sizes | None:
    shape = given.shape(0, "inputs")
    return (*shape[:-1], size_of(given.get(1, "units", "num_outputs"))) if shape else None


def _conv_layer(rank: int, padding: str, resize: Resize = window) -> Rule:
    def rule(given: Given) -> Sizes | None:
        shape = given.shape(0, "inputs")
        if not _plain(given, shape, rank) or shape is None:
            return None
        kernel = numbers(given.get(2, "kernel_size"))
        strides = numbers(given.get(3, "strides", "stride") or Const(1))
        inner = _spatial(shape, kernel, strides, given.text(padding, 4, "padding"), resize)
        return (shape[0], *inner, size_of(given.get(1, "filters", "num_outputs")))

    return rule


def _pool_layer(rank: int) -> Rule:
    def rule(given: Given) -> Sizes | None:
        shape = given.shape(0, "inputs")
        if not _plain(given, shape, rank, 4) or shape is None:
            return None
        kernel = numbers(given.get(1, "pool_size", "kernel_size"))
        strides = numbers(given.get(2, "strides", "stride") or Const(2))
        return (shape[0], *_spatial(shape, kernel, strides, given.text("valid", 3, "padding")), shape[-1])

    return rule


def _named(prefix: str, names: str, rule: Rule) -> dict[str, Rule]:
    return {f"{prefix}{name}": rule for name in names.split()}


RULES: dict[str, Rule] = {
    **_named(
        "tf.",
        "identity cast to_float to_double to_int32 to_int64 square sqrt rsqrt exp log log1p abs negative sign sin cos"
        " tan tanh sigmoid erf floor ceil round reciprocal clip_by_value stop_gradient zeros_like ones_like cumsum"
        " logical_not is_nan is_inf is_finite reverse Print clip_by_norm sigmoid softplus check_numerics",
        _first,
    ),
    **_named(
        "tf.nn.",
        "relu relu6 elu selu leaky_relu softplus softsign tanh sigmoid softmax log_softmax dropout bias_add lrn"
        " local_response_normalization l2_normalize batch_normalization swish",
        _first,
    ),
    **_named("tf.layers.", "dropout batch_normalization", _first),
    **_named("tf.contrib.layers.", "dropout batch_norm layer_norm instance_norm bias_add softmax", _first),
    **_named(
        "tf.",
        "add subtract multiply divide div truediv floordiv maximum minimum pow mod squared_difference equal"
        " not_equal less less_equal greater greater_equal logical_and logical_or logical_xor",
        _both,
    ),
    **_named(
        "operator.",
        "Add Subtract Multiply Divide FloorDivide Modulo Power Equal NotEqual LessThan LessThanEqual GreaterThan"
        " GreaterThanEqual AddAssign SubtractAssign MultiplyAssign DivideAssign BitAnd BitOr",
        _both,
    ),
    **_named("operator.", "Minus Plus BitInvert", _first),
    "operator.MatrixMultiply": matrix_product,
    "tf.matmul": matrix_product,
    "tf.add_n": _sum_of_list,
    "tf.where": _chosen,
    **_named(
        "tf.", "zeros ones random_normal random_uniform truncated_normal fill", _made
    ),
    "tf.constant": _constant,
    "tf.convert_to_tensor": _converted,
    "tf.eye": _eye,
    "tf.shape": _shape_vector,
    **_named("tf.", "size rank global_norm", _scalar),
    "tf.nn.l2_loss": _scalar,
    "tf.reshape": _reshape,
    **_named("tf.", "layers.flatten contrib.layers.flatten", _flatten),
    "tf.transpose": _transpose,
    "tf.expand_dims": _expand,
    "tf.squeeze": _squeeze,
    "tf.concat": _concat,
    **_named("tf.", "stack pack", _stack),
    "tf.tile": _tile,
    "tf.pad": _pad,
    "tf.slice": _slice,
    "tf.one_hot": _one_hot,
    **_named("tf.", "gather nn.embedding_lookup", _gather),
    **_named("tf.reduce_", "sum mean max min prod all any logsumexp", _reduce),
    **_named("tf.", "argmax argmin arg_max arg_min", _argument),
    "tf.tensordot": _contract,
    "tf.nn.xw_plus_b": _affine,
    **_named("tf.nn.", "sigmoid_cross_entropy_with_logits", _of_logits),
    **_named(
        "tf.nn.",
        "softmax_cross_entropy_with_logits softmax_cross_entropy_with_logits_v2"
        " sparse_softmax_cross_entropy_with_logits",
        _rows_of_logits,
    ),
    **_named(
        "tf.losses.",
        "mean_squared_error softmax_cross_entropy sparse_softmax_cross_entropy sigmoid_cross_entropy log_loss"
        " absolute_difference huber_loss hinge_loss",
        _loss,
    ),
    "tf.nn.conv2d": _convolve,
    "tf.nn.depthwise_conv2d": _convolve_each,
    "tf.nn.depthwise_conv2d_native": _convolve_each,
    "tf.nn.conv1d": _convolve_line,
    "tf.nn.conv2d_transpose": _given_output,
    **_named("tf.nn.", "max_pool avg_pool", _pool),
    **_named("tf.image.", "resize_images resize_bilinear resize_nearest_neighbor resize_bicubic", _resize_image),
    "tf.layers.dense": _dense,
    **_named("tf.contrib.layers.", "fully_connected linear relu relu6 elu", _dense),
    "tf.layers.conv1d": _conv_layer(3, "valid"),
    "tf.layers.conv2d": _conv_layer(4, "valid"),
    "tf.layers.conv3d": _conv_layer(5, "valid"),
    "tf.layers.conv2d_transpose": _conv_layer(4, "valid", enlarged),
    "tf.contrib.layers.conv1d": _conv_layer(3, "SAME"),
    "tf.contrib.layers.conv2d": _conv_layer(4, "SAME"),
    "tf.contrib.layers.conv2d_transpose": _conv_layer(4, "SAME", enlarged),
    **_named("tf.layers.", "max_pooling1d average_pooling1d", _pool_layer(3)),
    **_named("tf.layers.", "max_pooling2d average_pooling2d", _pool_layer(4)),
    **_named("tf.contrib.layers.", "max_pool2d avg_pool2d", _pool_layer(4)),
}
