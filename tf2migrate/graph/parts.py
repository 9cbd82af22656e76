"""The variables of a layer, one by one: what TensorFlow 1 calls them and where a Keras layer holds them."""

from __future__ import annotations

from collections.abc import Iterable

from tf2migrate.graph.values import Const, Node, Value, is_none

PART = "layer.part"
_BIAS = ("bias", "bias", True)
_KERNEL = ("kernel", "kernel", True)
_GAMMA, _BETA = ("gamma", "gamma", True), ("beta", "beta", True)
_MOVING = [("moving_mean", "moving_mean", False), ("moving_variance", "moving_variance", False)]
# Options of `tf.contrib.layers.batch_norm` with which it has other variables.
_CORRECTING = {"zero_debias_moving_mean", "renorm", "renorm_clipping", "batch_weights", "adjustment"}
# For each layer: how many arguments may be given by position, and its variables: name, attribute, trainable.
_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "conv2d_transpose", "conv3d_transpose")
_PLAIN = {"tf.layers.dense": 3, **{f"tf.layers.{name}": 4 for name in _CONVOLUTIONS}}
_CONTRIB = {
    "tf.contrib.layers.fully_connected": 3,
    "tf.contrib.layers.linear": 2,
    "tf.contrib.layers.relu": 2,
    "tf.contrib.layers.conv2d": 5,
    "tf.contrib.layers.conv2d_transpose": 5,
}


def variables_of(
    layer: Node, positional: int, keywords: dict[str, Value], rank: int | None
) -> list[tuple[str, str, bool]] | None:
    """Name, Keras attribute and trainability of a layer's variables; None where they are not known.

    ``rank`` is that of what the layer is called with, where it is known.
    """
    if layer.op in _PLAIN and positional <= _PLAIN[layer.op]:
        biased = _flag(keywords.get("use_bias"))
        return None if biased is None else [_KERNEL, _BIAS] if biased else [_KERNEL]
    if layer.op in _CONTRIB and positional <= _CONTRIB[layer.op]:
        if not _is_none(keywords.get("normalizer_fn")):
            return None
        plain = [("weights", "kernel", True)]
        given = keywords.get("biases_initializer")
        return plain if given is not None and _is_none(given) else [*plain, ("biases", "bias", True)]
    if layer.op == "tf.contrib.layers.bias_add":
        return [("biases", "bias", True)]
    if layer.op == "tf.layers.batch_normalization" and positional <= 1:
        center, scale = _flag(keywords.get("center")), _flag(keywords.get("scale"))
        if center is None or scale is None:
            return None
        return [*[_GAMMA] * scale, *[_BETA] * center, *_MOVING]
    if layer.op == "tf.contrib.layers.batch_norm" and positional <= 1:
        center, scale = _flag(keywords.get("center")), _flag(keywords.get("scale", Const(False)))
        # The fused op makes these in another order than the layer that takes its place for other ranks.
        ordered = scale is False or (rank in (2, 4) and _is_none(keywords.get("fused")))
        if center is None or scale is None or not ordered or _CORRECTING & keywords.keys():
            return None
        return [*[_BETA] * center, *[_GAMMA] * scale, *_MOVING]
    return None


def _flag(value: Value | None) -> bool | None:
    if value is None:
        return True
    return bool(value.value) if isinstance(value, Const) else None


def _is_none(value: Value | None) -> bool:
    return value is None or is_none(value)


def layer_of(node: Node) -> Node | None:
    """The layer that a part belongs to."""
    return node.inputs[0] if node.op == PART else None


def grouped(nodes: Iterable[Node]) -> list[Node]:
    """Variables, with all trained variables of a layer as the layer, at the place of the first of them."""
    given = list(dict.fromkeys(nodes))
    out: list[Node] = []
    for node in given:
        layer = layer_of(node)
        if layer is None:
            out.append(node)
            continue
        whole = [part for part in layer.parts if part.trainable]
        if node.trainable and all(part in given for part in whole):
            if layer not in out:
                out.append(layer)
        else:
            out.append(node)
    return out
