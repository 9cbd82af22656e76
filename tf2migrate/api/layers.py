"""Layer functions of TensorFlow 1 and the Keras layers or `tf.nn` calls with the same output.

`tf.layers`, `tf.contrib.layers` and slim name and default their options differently; a contrib layer has a
ReLU and "SAME" padding unless it is told otherwise. Layers that share variables must be looked up with the
same `rank`, `flag` and `update`, so that they get the same constructor.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from tf2migrate.api.binding import called, optional, refuse_other
from tf2migrate.api.call_site import CallSite, Facts
from tf2migrate.api.calls_model import Argument, Call, Refused
from tf2migrate.api.calls_nn import flatten, pool
from tf2migrate.api.dropout import dropout
from tf2migrate.api.layer_model import (
    COLLECTIONS,
    Flag,
    Layer,
    Normalizer,
    Place,
    constructor,
    dtype_option,
    name_option,
)
from tf2migrate.api.layer_tables import (
    DROPOUTS,
    FLATTENS,
    POOLINGS,
    STATELESS_CLASSES,
    WEIGHTED,
    WeightedLayer,
)
from tf2migrate.api.literals import is_literal, string
from tf2migrate.api.normalization import (
    batch_normalization,
    contrib_batch_norm,
    contrib_bias_add,
    contrib_instance_norm,
    contrib_layer_norm,
)
from tf2migrate.api.symbols import canonical

__all__ = ["Flag", "Layer", "Normalizer", "is_layer", "layer"]

_NORMALIZATIONS: Mapping[str, Callable[[CallSite, Place], Layer | Refused]] = {
    "tf.layers.batch_normalization": batch_normalization,
    "tf.layers.BatchNormalization": batch_normalization,
    "tf.contrib.layers.batch_norm": contrib_batch_norm,
    "tf.contrib.layers.layer_norm": contrib_layer_norm,
    "tf.contrib.layers.instance_norm": contrib_instance_norm,
    "tf.contrib.layers.bias_add": contrib_bias_add,
}
# Parameters that the option loop leaves to the code around it.
_ASIDE = frozenset(
    {"inputs", "ids", "name", "scope", "reuse", "normalizer_fn", "normalizer_params", "unique", *COLLECTIONS}
)
_INERT: Mapping[str, tuple[object, ...]] = {
    "activity_regularizer": (None,),  # Keras divides it by the size of the batch
    **COLLECTIONS,
}


def is_layer(name: str) -> bool:
    """Is this a name of a layer function or class that `layer` knows?"""
    name = canonical(name)
    return any(name in table for table in (WEIGHTED, _NORMALIZATIONS, STATELESS_CLASSES)) or name in (
        DROPOUTS | FLATTENS | POOLINGS
    )


def has_variables(name: str) -> bool:
    """Is this a layer function or class that `layer` knows and that makes variables?"""
    name = canonical(name)
    return name in WEIGHTED or name in _NORMALIZATIONS


def layer(
    name: str,
    arguments: Sequence[Argument],
    *,
    tf: str,
    rank: int | None = None,
    dtype: str = "float32",
    flag: Flag = Flag.HOST,
    update: str = "True",
    normalizer: Normalizer | None = None,
) -> Layer | Call | Refused:
    """The Keras layer for a layer function of TensorFlow 1, or an expression if that has no variables.

    `rank` and `dtype` are those of the inputs, `flag` says what the training flag will be. `update` is the
    text of a host condition under which a batch normalization updates its moving statistics: `True` if each
    run that evaluates it in training mode also runs its update ops, `False` if none does. `normalizer` is the
    `normalizer_fn` of a contrib layer.
    """
    if not is_layer(name):
        return Refused(
            f"`{name}` has no counterpart among Keras layers", "Write it out with `tf.nn` and weights"
        )
    site = called(name, arguments, tf, Facts(ranks={"inputs": rank}, dtypes={"inputs": dtype}))
    if isinstance(site, Refused):
        return site
    place = Place(tf, rank, dtype, flag, update, normalizer)
    if site.name in WEIGHTED:
        return _weighted(site, WEIGHTED[site.name], place)
    if site.name in _NORMALIZATIONS:
        return _NORMALIZATIONS[site.name](site, place)
    if site.name in DROPOUTS:
        return dropout(site, place)
    if site.name in STATELESS_CLASSES:
        return _stateless_class(site, place)
    call = pool(site) if site.name in POOLINGS else flatten(site)
    assert isinstance(call, Call | Refused), "a layer function cannot stay as it is"
    return call


def _stateless_class(site: CallSite, place: Place) -> Layer | Refused:
    """A layer object without variables."""
    options = {option: _lowered(option, text) for option, text in site.given.items() if option != "name"}
    positions = site.symbol.positional()
    reference = f"{place.tf}.keras.layers.{site.name.rpartition('.')[2]}"
    text = constructor(reference, options | dtype_option(place.dtype), positions, site.by_place)
    return Layer(text, None, stateful=False)


def _weighted(site: CallSite, table: WeightedLayer, place: Place) -> Layer | Refused:
    """A layer with a kernel, and behind it what contrib puts there."""
    refused = refuse_other(site, _INERT)
    if refused:
        return refused
    options = _options(site, table)
    if isinstance(options, Refused):
        return options
    keras, by_position = table.keras, table.by_position
    if is_literal(options.get("filters", ""), None):  # contrib: no pointwise convolution
        keras, by_position = "DepthwiseConv2D", ()
        gone = ("filters", "pointwise_initializer", "pointwise_regularizer")
        options = {option: text for option, text in options.items() if option not in gone}
    normalized = optional(site, "normalizer_fn") is not None
    activation = options.pop("activation", "") if normalized else ""
    if normalized:
        options = {option: text for option, text in options.items() if not option.startswith("bias_")}
        options["use_bias"] = "False"
    scope_name = optional(site, "name") or optional(site, "scope")
    options |= name_option(scope_name)
    if keras != "Embedding":  # its input are ids
        options |= dtype_option(place.dtype)
    positional = frozenset(table.renamed.get(parameter, parameter) for parameter in site.by_place)
    layer = Layer(
        constructor(f"{place.tf}.keras.layers.{keras}", options, by_position, positional),
        site.first("inputs", "ids") or None,
        scope_name=scope_name,
        reuse=optional(site, "reuse"),
    )
    if not normalized:
        return layer
    return _normalized(site, layer, activation, dataclasses.replace(place, rank=table.rank or place.rank))


def _options(site: CallSite, table: WeightedLayer) -> dict[str, str] | Refused:
    """The Keras options in the order of the program, then the defaults that Keras does not share."""
    options: dict[str, str] = {}
    contrib = site.name.startswith("tf.contrib.")
    for parameter, text in site.given.items():
        option = table.renamed.get(parameter, parameter)
        if parameter in _ASIDE or (option == "trainable" and is_literal(text, True)):
            continue
        if contrib and option == "bias_initializer" and is_literal(text, None):
            options["use_bias"] = "False"
        elif contrib and option == "data_format":
            layout = string(text)
            if layout is None and not is_literal(text, None):
                return site.refused_argument(parameter)
            if layout is not None and layout.startswith("NC"):
                options[option] = '"channels_first"'
        elif parameter in site.by_place or option == "filters" or not is_literal(text, None):
            options[option] = _lowered(option, text)
    given = {table.renamed.get(parameter, parameter) for parameter in site.given}
    for option, text in table.defaults.items():
        if option not in given:
            options[option] = text.replace("tf.", f"{site.tf}.")
    if contrib and table.keras == "SeparableConv2D":  # both kernels are initialized and regularized alike
        for kind in ("initializer", "regularizer"):
            if f"depthwise_{kind}" in options:
                options.setdefault(f"pointwise_{kind}", options[f"depthwise_{kind}"])
    return options


def _lowered(option: str, text: str) -> str:
    """Keras takes the padding in either case; small letters are its own."""
    return text.lower() if option == "padding" and string(text) is not None else text


def _normalized(site: CallSite, layer: Layer, activation: str, place: Place) -> Layer | Refused:
    """The layer, its normalizer and its activation in one Sequential."""
    if place.normalizer is None or not canonical(place.normalizer.name).startswith("tf.contrib.layers."):
        return site.refused_argument("normalizer_fn")
    normalizer = canonical(place.normalizer.name)
    if normalizer not in _NORMALIZATIONS:
        return site.refused_argument("normalizer_fn")
    inner = called(normalizer, [Argument(layer.inputs or ""), *place.normalizer.arguments], place.tf)
    norm = inner if isinstance(inner, Refused) else _NORMALIZATIONS[normalizer](inner, place)
    if isinstance(norm, Refused):
        return norm
    if any(argument.startswith("update=") for argument in norm.call_arguments):
        return site.refused_argument("normalizer_fn")
    parts = [layer.constructor, norm.constructor]
    if activation and not is_literal(activation, None):
        parts.append(f"{place.tf}.keras.layers.Activation({activation})")
    return dataclasses.replace(
        layer,
        constructor=f"{place.tf}.keras.Sequential([{', '.join(parts)}])",
        call_arguments=norm.call_arguments,
        definitions=norm.definitions,
        updates=norm.updates,
    )
