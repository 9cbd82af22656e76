"""Which values the way back through the graph needs.

A gradient of TensorFlow 1 is made of ops of its own. They wait for the values that they read: the output of a
``tanh``, the other factor of a product, but nothing of a sum. So a forward pass is certainly executed before the
update only up to the last op whose gradient looks at its input.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.values import Const, Node, Sequence, nodes_in

# Ops whose gradient looks at no value: sums, and what only moves numbers about.
LINEAR = frozenset(
    [
        *("operator.Add", "operator.Subtract", "operator.Minus", "operator.getitem"),
        *("method.read_value", "method.value", "tf.identity", "tf.stop_gradient", "tf.convert_to_tensor", "tf.tuple"),
        *("tf.add", "tf.add_n", "tf.subtract", "tf.negative", "tf.neg", "tf.nn.bias_add"),
        *("tf.reshape", "tf.squeeze", "tf.expand_dims", "tf.transpose", "tf.layers.flatten"),
        *("tf.contrib.layers.flatten", "tf.cast", "tf.to_float", "tf.to_double", "tf.Print"),
        *("tf.concat", "tf.stack", "tf.pack", "tf.unstack", "tf.split", "tf.slice", "tf.pad", "tf.tile"),
        *("tf.reverse", "tf.cumsum", "tf.reduce_sum", "tf.reduce_mean", "builtin.sum"),
    ]
)
# Ops that are linear in each input; the gradient by one looks at the others.
PRODUCTS = frozenset(
    [
        *("operator.Multiply", "operator.MatrixMultiply", "operator.Divide"),
        *("tf.multiply", "tf.mul", "tf.scalar_mul", "tf.matmul", "tf.batch_matmul", "tf.tensordot", "tf.einsum"),
        *("tf.div", "tf.divide", "tf.truediv", "tf.where", "tf.gather", "tf.nn.embedding_lookup"),
        *("tf.nn.conv1d", "tf.nn.conv2d", "tf.nn.conv3d", "tf.nn.conv2d_transpose", "tf.nn.depthwise_conv2d"),
        *("tf.nn.separable_conv2d", "tf.nn.xw_plus_b", "tf.nn.dropout", "tf.nn.avg_pool"),
        *("tf.layers.dropout", "tf.layers.dense", "tf.layers.conv1d", "tf.layers.conv2d", "tf.layers.conv3d"),
        *("tf.layers.conv2d_transpose", "tf.layers.average_pooling2d", "tf.contrib.layers.dropout"),
        *("tf.contrib.layers.fully_connected", "tf.contrib.layers.conv2d", "tf.contrib.layers.linear"),
        *("tf.contrib.layers.avg_pool2d", "tf.image.resize_bilinear"),
    ]
)
# Ops whose gradient looks at what they are given, and not at what comes out.
INPUT_ONLY = frozenset(
    [
        *("tf.square", "tf.nn.l2_loss", "tf.abs", "tf.log", "tf.log1p", "tf.sin", "tf.cos", "tf.nn.softplus"),
        *("tf.maximum", "tf.minimum", "tf.squared_difference", "builtin.abs"),
    ]
)
# Ops with two factors, the gradients by which are made together; `minimize` lets each wait for the other.
FACTORS = frozenset(
    [
        *("operator.Multiply", "operator.Divide", "tf.multiply", "tf.mul", "tf.scalar_mul"),
        *("tf.div", "tf.divide", "tf.truediv"),
    ]
)
PENALTIES = ("regularizer", "regularizer.call")
CONDITIONALS = ("tf.cond", "tf.case")
QUOTIENTS = ("operator.Divide", "tf.div", "tf.divide", "tf.truediv")
# Ops that let no gradient through.
STOPS = frozenset(
    [
        *("tf.stop_gradient", "tf.argmax", "tf.argmin", "tf.shape", "tf.size", "tf.rank", "tf.sign"),
        *("tf.equal", "tf.not_equal", "tf.greater", "tf.greater_equal", "tf.less", "tf.less_equal"),
        *("operator.Equal", "operator.NotEqual", "operator.GreaterThan", "operator.GreaterThanEqual"),
        *("operator.LessThan", "operator.LessThanEqual", "tf.zeros_like", "tf.ones_like"),
    ]
)
REDUCTIONS = ("tf.reduce_",)
FIXED_SHAPES = ("tf.shape", "tf.size", "tf.rank")


@dataclass(slots=True)
class Backward:
    """What a gradient needs: ``needed`` values, and nodes that are executed before it ``along`` with these."""

    needed: list[Node] = field(default_factory=list)
    along: set[int] = field(default_factory=set)


def backward(ys: Iterable[Node], xs: Iterable[Node], gated: bool) -> Backward:
    """What the gradients of ``ys`` by ``xs`` need.

    ``gated`` are those of an optimizer, where the gradients of one op wait for each other: of ``0.1 * penalty`` also
    for that by the 0.1, which looks at the penalty. Measured: ``loss + tf.nn.l2_loss(w)`` is read after the update in
    up to two runs of three, ``loss + 0.1 * tf.nn.l2_loss(w)`` never with ``minimize``, and as often with
    ``tf.gradients``. Behind convolutions and recurrent networks all of these were there in 99 runs of 100.
    No way back looks at a product itself: ``loss * k`` is read after the update of ``k`` in most runs, whatever stands
    before it, and so is the last layer of a critic of fixed shape, ``tf.reduce_mean(tf.layers.dense(h, 1))``.
    """
    # The forward pass reads the layer, of which a variable is a part.
    targets = {(layer_of(x) or x).number for x in xs}
    way = set(targets)
    nodes = behind(ys)
    for node in nodes:
        if node.op not in STOPS and any(source.number in way for source in node.inputs):
            way.add(node.number)
    found = Backward()
    slow = any(node.number in way and _is_slow(node) for node in nodes)
    for node in nodes:
        if node.number not in way or node.number in targets:
            continue
        on_way = [i for i in node.inputs if i.number in way]
        beside = [i for i in node.inputs if i.number not in way]
        if node.op in LINEAR:
            # Reductions and broadcasting sums ask for the shape, which the value has to be there for.
            values = [i for i in on_way if varies(i)]
        elif node.op in CONDITIONALS:
            # The way back takes the same branch; what came out of it is not looked at.
            values = list(nodes_in(node.details.get("tests")))
        elif node.op in PRODUCTS and len(on_way) == 1 and _is_factor(node, on_way[0]):
            values = beside
            if (gated or slow) and node.op in FACTORS:
                found.along |= {n.number for n in behind(on_way)}
        else:
            values = list(node.inputs)
            looks = node.op not in INPUT_ONLY and (gated or node.op not in PENALTIES)
            if node.op not in PRODUCTS and (slow or looks):
                found.along.add(node.number)
        found.needed.extend(v for v in values if v not in found.needed)
    return found


def _is_slow(node: Node) -> bool:
    """Whether an op takes much longer than what only looks at a variable."""
    return "conv" in node.op or "rnn" in node.op or node.op == "cell.call"


def differentiable(ys: Iterable[Node]) -> set[int]:
    """Numbers of all nodes by which ``ys`` have a gradient that is not ``None``; that of a sign is zero."""
    found: set[int] = set()
    stack = list(ys)
    while stack:
        node = stack.pop()
        if node.number not in found and (node.op not in STOPS or node.op == "tf.sign"):
            found.add(node.number)
            stack.extend(node.inputs)
    return found


def _is_factor(node: Node, source: Node) -> bool:
    return node.op not in QUOTIENTS or (node.inputs[0] is source and len(node.inputs) > 1) or len(node.inputs) == 1


def behind(roots: Iterable[Node]) -> list[Node]:
    """All nodes that ``roots`` are computed from, themselves included, each after what it is computed from."""
    found: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.number not in found:
            found[node.number] = node
            stack.extend(() if node.kind in ("variable", "layer") else node.inputs)
    return [found[number] for number in sorted(found)]


def varies(node: Node) -> bool:
    """Whether the shape of a tensor depends on what is fed."""
    return _varies(node, {})


def _varies(node: Node, known: dict[int, bool]) -> bool:
    if node.number in known:
        return known[node.number]
    known[node.number] = False
    if node.kind == "placeholder":
        shape = node.details.get("shape")
        given = isinstance(shape, Sequence) and shape.exact
        known[node.number] = not given or any(
            isinstance(item, Const) and item.value is None for item in getattr(shape, "items", ())
        )
    elif node.kind == "tensor" and node.op not in FIXED_SHAPES and not _is_scalar(node):
        known[node.number] = any(_varies(source, known) for source in node.inputs)
    return known[node.number]


def _is_scalar(node: Node) -> bool:
    """Whether a node is the reduction of a whole tensor."""
    call = node.expression
    return node.op.startswith(REDUCTIONS) and isinstance(call, cst.Call) and len(call.args) == 1
