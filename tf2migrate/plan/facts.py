"""What can be known of a node without running anything: its dtype and its rank, or None, and what it is for."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.values import Const, Host, Node, Sequence, Symbol, Value, stands_for_several

BOOLEAN = ("Equal", "NotEqual", "LessThan", "LessThanEqual", "GreaterThan", "GreaterThanEqual")
LOGICAL = frozenset(
    [
        "tf.equal",
        "tf.not_equal",
        "tf.less",
        "tf.less_equal",
        "tf.greater",
        "tf.greater_equal",
        "tf.logical_and",
        "tf.logical_or",
        "tf.logical_not",
        "tf.is_nan",
        "tf.is_inf",
        "tf.nn.in_top_k",
    ]
)
FIXED = {
    "tf.argmax": "int64",
    "tf.arg_max": "int64",
    "tf.argmin": "int64",
    "tf.arg_min": "int64",
    "tf.shape": "int32",
    "tf.size": "int32",
    "tf.rank": "int32",
    "tf.to_float": "float32",
    "tf.to_double": "float64",
    "tf.to_int32": "int32",
    "tf.to_int64": "int64",
    "tf.one_hot": "float32",
    "tf.multinomial": "int64",
    "tf.where": "",
}
DRAWN = ("tf.random_", "tf.truncated_normal", "tf.zeros", "tf.ones", "tf.random.")
ELEMENTWISE = (
    "operator.", "tf.nn.relu", "tf.nn.tanh", "tf.nn.sigmoid", "tf.nn.elu", "tf.nn.leaky_relu", "tf.nn.dropout",
    "tf.nn.softmax", "tf.nn.softplus", "tf.nn.selu", "tf.nn.bias_add", "tf.tanh", "tf.sigmoid", "tf.square", "tf.sqrt",
    "tf.exp", "tf.log", "tf.abs", "tf.negative", "tf.identity", "tf.add", "tf.subtract", "tf.multiply", "tf.divide",
    "tf.div", "tf.maximum", "tf.minimum", "tf.pow", "tf.clip_by_value", "tf.stop_gradient", "tf.layers.dropout",
    "tf.layers.batch_normalization", "tf.contrib.layers.batch_norm", "tf.contrib.layers.dropout", "tf.nn.crelu",
    "tf.layers.dense", "tf.contrib.layers.fully_connected", "tf.concat", "tf.matmul", "tf.cast", "tf.to_float",
    "tf.nn.lrn", "tf.nn.local_response_normalization", "tf.Print",
)  # fmt: skip
# Ops whose result has the dtype of their tensors, or of the first of them where these differ.
KEEPING = (
    *ELEMENTWISE, "tf.reduce_sum", "tf.reduce_mean", "tf.reduce_max", "tf.reduce_min", "tf.reduce_prod",
    "tf.reduce_logsumexp", "tf.reduce_any", "tf.reduce_all", "tf.reshape", "tf.transpose", "tf.expand_dims",
    "tf.squeeze", "tf.stack", "tf.unstack", "tf.split", "tf.slice", "tf.strided_slice", "tf.tile", "tf.pad",
    "tf.reverse", "tf.gather", "tf.gather_nd", "tf.boolean_mask", "tf.zeros_like", "tf.ones_like", "tf.add_n",
    "tf.accumulate_n", "tf.cumsum", "tf.cumprod", "tf.tensordot", "tf.einsum", "tf.batch_matmul", "tf.diag_part",
    "tf.nn.conv1d", "tf.nn.conv2d", "tf.nn.conv3d", "tf.nn.depthwise_conv2d", "tf.nn.separable_conv2d",
    "tf.nn.atrous_conv2d", "tf.nn.max_pool", "tf.nn.avg_pool", "tf.nn.xw_plus_b", "tf.nn.relu_layer",
    "tf.nn.embedding_lookup", "tf.nn.l2_normalize", "tf.nn.l2_loss", "tf.nn.log_softmax", "tf.nn.moments",
    "tf.nn.batch_normalization", "tf.nn.softmax_cross_entropy", "tf.nn.sigmoid_cross_entropy", "tf.norm", "tf.sign",
    "tf.rsqrt", "tf.log1p", "tf.expm1", "tf.sin", "tf.cos", "tf.floor", "tf.ceil", "tf.round", "tf.squared_difference",
    "tf.layers.", "tf.contrib.layers.conv", "tf.contrib.layers.flatten", "tf.contrib.layers.max_pool2d",
    "tf.contrib.layers.avg_pool2d", "tf.clip_by_", "tf.global_norm", "tf.gradients", "method.",
)  # fmt: skip
# Of these the second input is of another kind: shapes, indices, labels.
OF_THE_FIRST = (
    "tf.reshape", "tf.gather", "tf.gather_nd", "tf.boolean_mask", "tf.tile", "tf.pad", "tf.slice", "tf.strided_slice",
    "tf.nn.embedding_lookup", "operator.getitem", "tf.reduce_", "tf.expand_dims", "tf.transpose", "tf.nn.dropout",
    "tf.layers.", "tf.contrib.layers.", "tf.split", "tf.clip_by_", "tf.nn.conv2d_transpose", "tf.nn.conv3d_transpose",
)  # fmt: skip
# All inputs of these have one dtype: TensorFlow 1 does not convert tensors.
SAME_TYPED = (
    "operator.", "tf.matmul", "tf.add", "tf.subtract", "tf.multiply", "tf.maximum", "tf.minimum", "tf.pow",
    "tf.squared_difference", "tf.nn.bias_add", "tf.nn.xw_plus_b", "tf.nn.conv", "tf.nn.batch_normalization",
    "tf.concat", "tf.stack",
)  # fmt: skip
RANKS = {
    "tf.layers.conv1d": 3,
    "tf.layers.conv2d": 4,
    "tf.layers.conv3d": 5,
    "tf.layers.conv2d_transpose": 4,
    "tf.layers.separable_conv2d": 4,
    "tf.contrib.layers.conv2d": 4,
    "tf.contrib.layers.conv2d_transpose": 4,
    "tf.nn.conv2d": 4,
    "tf.nn.conv2d_transpose": 4,
    "tf.nn.depthwise_conv2d": 4,
    "tf.nn.max_pool": 4,
    "tf.nn.avg_pool": 4,
    "tf.layers.max_pooling2d": 4,
    "tf.layers.average_pooling2d": 4,
    "tf.contrib.layers.max_pool2d": 4,
    "tf.layers.flatten": 2,
    "tf.contrib.layers.flatten": 2,
}


def dtype_name(value: Value | None) -> str | None:
    """``tf.float32``, ``"float32"`` or ``float`` as the name of a dtype."""
    match value:
        case Symbol(name=name):
            return name.rsplit(".", 1)[-1]
        case Const(value=str() as text):
            return "float32" if text == "float" else text
    return None


def dtype_of(node: Node, depth: int = 0) -> str | None:
    """The dtype of what a node gives, or None when it is not known for certain."""
    if depth > 60:
        return None
    details = node.details
    match node.kind:
        case "placeholder" if node.op == "tf.placeholder":
            return dtype_name(details.get("dtype"))
        case "placeholder":
            return _of_value(details.get("input"), depth)
        case "variable":
            given = dtype_name(details.get("dtype"))
            if given is not None:
                return given
            if node.op == "tf.get_variable":
                initial = details.get("initializer")
                return (
                    "float32"
                    if not isinstance(initial, Node) or initial.op.endswith("initializer")
                    else dtype_of(initial)
                )
            return _of_value(details.get("initial_value"), depth)
        case "layer":
            return "float32"
        case "assign":
            target = details.get("variable")
            return dtype_of(target, depth + 1) if isinstance(target, Node) else None
    return _of_op(node, depth)


def _of_op(node: Node, depth: int) -> str | None:
    name = node.op
    told = next((node.details[key] for key in ("dtype", "output_type", "out_type") if key in node.details), None)
    if told is not None:
        return dtype_name(told)
    for alike in ("like", "element_of"):
        if alike in node.details:
            return _of_value(node.details[alike], depth)
    if name in FIXED:
        return FIXED[name] or None
    if name in LOGICAL or name.removeprefix("operator.") in BOOLEAN:
        return "bool"
    if name.startswith("tf.losses.") and not name.startswith("tf.losses.get_"):
        return "float32"
    if name.startswith(DRAWN) and not name.endswith("_like"):
        return "float32"
    if not name.startswith(KEEPING):
        return None
    tensors = [i for i in node.inputs if not stands_for_several(i)]
    if name.startswith(OF_THE_FIRST):
        tensors = tensors[:1]
    found = {dtype_of(i, depth + 1) for i in tensors}
    if name.startswith(SAME_TYPED) and name != "operator.getitem" and len(found) > 1:
        found.discard(None)
    dtype = found.pop() if len(found) == 1 else None
    divides = name in ("operator.Divide", "tf.divide", "tf.truediv", "tf.reduce_mean")
    return None if divides and dtype is not None and not dtype.startswith(("float", "bfloat")) else dtype


def _of_value(value: Value | None, depth: int) -> str | None:
    match value:
        case Node():
            return dtype_of(value, depth + 1)
        case Const(value=bool()):
            return "bool"
        case Const(value=float()):
            return "float32"
        case Const(value=int()):
            return "int32"
        case Host(dtype=known):
            return known or None
        case Sequence(items=items) if items:
            found = {_of_value(item, depth + 1) for item in items}
            if found == {"float32", "int32"}:
                return "float32"
            return found.pop() if len(found) == 1 else None
    return None


def rank_of(node: Node, depth: int = 0) -> int | None:
    """The rank of a tensor, or None when it is not known for certain."""
    if depth > 60:
        return None
    if node.shape is not None:
        return len(node.shape)
    if node.op in RANKS:
        return RANKS[node.op]
    match node.kind:
        case "placeholder":
            return _length(node.details.get("shape"))
        case "variable":
            shape = _length(node.details.get("shape"))
            initial = node.details.get("initial_value")
            return shape if shape is not None else rank_of(initial, depth + 1) if isinstance(initial, Node) else None
    if node.op == "tf.reshape":
        return _length(node.details.get("shape"))
    if node.op.startswith(ELEMENTWISE) and node.op != "operator.getitem":
        ranks = [rank_of(i, depth + 1) for i in node.inputs if i.kind != "layer"]
        known = [r for r in ranks if r is not None]
        return max(known) if known and len(known) == len(ranks) else None
    return None


def sizes_of(node: Node) -> list[int | None] | None:
    """The static shape of a tensor, with None for a size that only a run decides; None where its rank is not known."""
    if node.shape is None:
        return None
    return [size.value if isinstance(size, Const) and isinstance(size.value, int) else None for size in node.shape]


def _length(shape: Value | None) -> int | None:
    return len(shape.items) if isinstance(shape, Sequence) and shape.exact else None


def has_seed(node: Node) -> bool:
    """Whether an op is given a seed of its own."""
    call = node.expression
    if not isinstance(call, cst.Call):
        return False
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == "seed":
            return not (isinstance(arg.value, cst.Name) and arg.value.value == "None")
    return False


def has_open_rank(node: Node) -> bool:
    """Whether not even the number of dimensions is known, because a placeholder behind a node takes any."""
    stack, seen = [node], set[int]()
    while stack:
        current = stack.pop()
        if current.number in seen or current.shape is not None:
            continue
        seen.add(current.number)
        if current.kind == "placeholder":
            return True
        stack.extend(current.inputs)
    return False


def is_fed(node: Node) -> bool:
    """Whether a node depends on anything that is fed or trained."""
    stack, seen = [node], set()
    while stack:
        current = stack.pop()
        if current.number in seen:
            continue
        seen.add(current.number)
        if current.kind in ("placeholder", "variable", "layer"):
            return True
        stack.extend(current.inputs)
    return False
