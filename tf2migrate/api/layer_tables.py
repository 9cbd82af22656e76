"""How the layer functions of TensorFlow 1 differ from the Keras layers that take their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WeightedLayer:
    """A layer with a kernel: dense, convolutions, embedding."""

    keras: str  # class in `tf.keras.layers`
    by_position: tuple[str, ...]  # the first parameters of that class
    renamed: Mapping[str, str] = field(default_factory=dict)  # parameter of TensorFlow 1 to that of Keras
    defaults: Mapping[str, str] = field(
        default_factory=dict
    )  # Keras option to TF1's default, where it is another
    rank: int | None = None  # that of its inputs, where it accepts one only


_DENSE = ("units", "activation", "use_bias", "kernel_initializer", "bias_initializer")
_TRANSPOSE = ("filters", "kernel_size", "strides", "padding")
_CONV = (*_TRANSPOSE, "data_format", "dilation_rate")
_SEPARABLE = (*_CONV, "depth_multiplier", "activation", "use_bias")
_CORE: Mapping[str, WeightedLayer] = {
    "dense": WeightedLayer("Dense", _DENSE),
    "conv1d": WeightedLayer("Conv1D", _CONV),
    "conv2d": WeightedLayer("Conv2D", _CONV),
    "conv3d": WeightedLayer("Conv3D", _CONV),
    "conv2d_transpose": WeightedLayer("Conv2DTranspose", _TRANSPOSE),
    "conv3d_transpose": WeightedLayer("Conv3DTranspose", _TRANSPOSE),
    "separable_conv1d": WeightedLayer("SeparableConv1D", _SEPARABLE),
    "separable_conv2d": WeightedLayer("SeparableConv2D", _SEPARABLE),
}

_CONTRIB_NAMES = {
    "num_outputs": "filters",
    "stride": "strides",
    "rate": "dilation_rate",
    "activation_fn": "activation",
    "weights_initializer": "kernel_initializer",
    "weights_regularizer": "kernel_regularizer",
    "biases_initializer": "bias_initializer",
    "biases_regularizer": "bias_regularizer",
}
_DENSE_NAMES = {**_CONTRIB_NAMES, "num_outputs": "units"}
_SEPARABLE_NAMES = {
    **_CONTRIB_NAMES,
    "weights_initializer": "depthwise_initializer",
    "weights_regularizer": "depthwise_regularizer",
}
_EMBEDDING_NAMES = {
    "vocab_size": "input_dim",
    "embed_dim": "output_dim",
    "initializer": "embeddings_initializer",
    "regularizer": "embeddings_regularizer",
}
_RELU = {"activation": "tf.nn.relu"}
_SAME_RELU = {"padding": '"same"', **_RELU}
_CONTRIB: Mapping[str, WeightedLayer] = {
    "fully_connected": WeightedLayer("Dense", _DENSE, _DENSE_NAMES, _RELU),
    "relu": WeightedLayer("Dense", _DENSE, _DENSE_NAMES, _RELU),
    "relu6": WeightedLayer("Dense", _DENSE, _DENSE_NAMES, {"activation": "tf.nn.relu6"}),
    "elu": WeightedLayer("Dense", _DENSE, _DENSE_NAMES, {"activation": "tf.nn.elu"}),
    "linear": WeightedLayer("Dense", _DENSE, _DENSE_NAMES),
    "conv1d": WeightedLayer("Conv1D", _CONV, _CONTRIB_NAMES, _SAME_RELU, 3),
    "conv2d": WeightedLayer("Conv2D", _CONV, _CONTRIB_NAMES, _SAME_RELU, 4),
    "conv3d": WeightedLayer("Conv3D", _CONV, _CONTRIB_NAMES, _SAME_RELU, 5),
    "conv2d_transpose": WeightedLayer("Conv2DTranspose", _TRANSPOSE, _CONTRIB_NAMES, _SAME_RELU, 4),
    "conv3d_transpose": WeightedLayer("Conv3DTranspose", _TRANSPOSE, _CONTRIB_NAMES, _SAME_RELU, 5),
    "separable_conv2d": WeightedLayer(
        "SeparableConv2D", ("filters", "kernel_size"), _SEPARABLE_NAMES, _SAME_RELU, 4
    ),
    "embed_sequence": WeightedLayer(
        "Embedding",
        ("input_dim", "output_dim"),
        _EMBEDDING_NAMES,
        {"embeddings_initializer": '"glorot_uniform"'},
    ),
}

WEIGHTED: Mapping[str, WeightedLayer] = (
    {f"tf.layers.{name}": table for name, table in _CORE.items()}
    | {f"tf.layers.{table.keras}": table for table in _CORE.values()}
    | {f"tf.contrib.layers.{name}": table for name, table in _CONTRIB.items()}
)
# Layer objects without variables: the Keras class has the same name and parameters.
STATELESS_CLASSES = frozenset(
    {"tf.layers.Flatten"}
    | {f"tf.layers.{kind}Pooling{size}D" for kind in ("Max", "Average") for size in (1, 2, 3)}
)
POOLINGS = frozenset(
    {f"tf.layers.{kind}_pooling{size}d" for kind in ("max", "average") for size in (1, 2, 3)}
    | {f"tf.contrib.layers.{kind}_pool{size}d" for kind in ("max", "avg") for size in (2, 3)}
)
FLATTENS = frozenset({"tf.layers.flatten", "tf.contrib.layers.flatten"})
DROPOUTS = frozenset({"tf.layers.dropout", "tf.contrib.layers.dropout"})
