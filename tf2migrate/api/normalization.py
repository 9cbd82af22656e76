"""Batch, layer and instance normalization of TensorFlow 1, and its bias by itself, as Keras layers.

Where TensorFlow 1 uses its fused kernel, the moving variance takes the unbiased variance of the batch, and
epsilon is at least 1.001e-5; Keras takes the biased variance always. In TensorFlow 1 the moving statistics
change only in runs that fetch the update ops; in Keras they change in each call with `training=True`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tf2migrate.api.binding import optional, refuse_other
from tf2migrate.api.call_site import CallSite
from tf2migrate.api.calls_model import Definition, Refused
from tf2migrate.api.layer_model import (
    COLLECTIONS,
    Flag,
    Layer,
    Place,
    constructor,
    dtype_option,
    name_option,
)
from tf2migrate.api.literals import entries, is_literal, number, string
from tf2migrate.api.recipes import recipe

# Values with which an argument of a batch normalization changes nothing.
_INERT: Mapping[str, tuple[object, ...]] = {
    "renorm": (False,),
    "renorm_clipping": (None,),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
    "fused": (None, True, False),
    "trainable": (True,),  # with False, Keras leaves training mode and TensorFlow 1 does not
    "batch_weights": (None,),
    "zero_debias_moving_mean": (False,),
    **COLLECTIONS,
}
# Parameters that Keras has under the same name.
_SHARED = frozenset(
    {
        "axis", "momentum", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer",
        "moving_mean_initializer", "moving_variance_initializer", "beta_regularizer", "gamma_regularizer",
        "beta_constraint", "gamma_constraint",
    }
)  # fmt: skip
_POSITIONS = ("axis", "momentum", "epsilon", "center", "scale")
_LEAST_FUSED_EPSILON = 1.001e-5
_SHOW_RANK = "Give its input a shape whose rank can be seen"


def batch_normalization(site: CallSite, place: Place) -> Layer | Refused:
    """`tf.layers.batch_normalization`, or the class behind it."""
    refused = refuse_other(site, _INERT)
    if refused:
        return refused
    axis = number(site.text("axis", "-1"))
    if axis is None:
        return site.refused_argument("axis")
    fusible = axis in (-3, -1, 1, 3) and not is_literal(site.text("fused"), False)
    fused = {None: "Fused4D", 4: "Fused"}.get(place.rank, "") if fusible else ""
    options = {option: text for option, text in site.given.items() if option in _SHARED}
    training = site.text("training", "False") if "inputs" in site.given else ""
    return _batch_layer(site, options | name_option(site.text("name")), place, fused, training)


def contrib_batch_norm(site: CallSite, place: Place) -> Layer | Refused:
    """`tf.contrib.layers.batch_norm`: fused for rank 2 too, no gamma by default, and another momentum."""
    refused = refuse_other(site, _INERT)
    if refused:
        return refused
    fusible = not is_literal(site.text("fused"), False)
    if fusible and place.rank is None:
        return Refused(
            f"`{site.spelled}` on an input of unknown rank, on which its variance depends", _SHOW_RANK
        )
    collection = site.text("updates_collections", '"update_ops"')
    in_place = is_literal(collection, None)
    if (
        not in_place
        and string(collection) != "update_ops"
        and not collection.endswith("GraphKeys.UPDATE_OPS")
    ):
        return site.refused_argument("updates_collections")
    options = _contrib_options(site)
    if isinstance(options, Refused):
        return options
    if in_place:  # updated by the forward pass itself, whatever the run fetches
        place = dataclasses.replace(place, update="True")
    fused = "Fused" if fusible and place.rank in (2, 4) else ""
    layer = _batch_layer(site, options, place, fused, site.text("is_training", "True"))
    if isinstance(layer, Layer) and in_place:
        layer = dataclasses.replace(layer, updates=False)
    return _activated(site, layer, place)


def contrib_layer_norm(site: CallSite, place: Place) -> Layer | Refused:
    """`tf.contrib.layers.layer_norm`: statistics over all axes but the first, weights along the last."""
    refused = refuse_other(site, {**COLLECTIONS, "begin_params_axis": (-1,)})
    if refused:
        return refused
    options = _plain_options(site)
    begin = site.text("begin_norm_axis", "1")
    if number(begin) == -1 or (place.rank is not None and number(begin) == place.rank - 1):
        stock = constructor(f"{place.tf}.keras.layers.LayerNormalization", {"epsilon": "1e-12", **options})
        return _activated(site, _plain_layer(site, stock), place)
    if "begin_norm_axis" in site.given:
        options["begin_norm_axis"] = begin
    definition = recipe("example_normalization", tf=place.tf)
    text = constructor(definition.name, options | dtype_option(place.dtype))
    return _activated(site, _plain_layer(site, text, definition), place)


def contrib_instance_norm(site: CallSite, place: Place) -> Layer | Refused:
    """`tf.contrib.layers.instance_norm`: one group for each channel."""
    inert = {**COLLECTIONS, "param_initializers": (None,), "data_format": ("NHWC",)}
    refused = refuse_other(site, inert)
    if refused:
        return refused
    options = {"groups": "-1", "epsilon": site.text("epsilon", "1e-6")}
    options |= _plain_options(site) | dtype_option(place.dtype)
    text = constructor(f"{place.tf}.keras.layers.GroupNormalization", options)
    return _activated(site, _plain_layer(site, text), place)


def contrib_bias_add(site: CallSite, place: Place) -> Layer | Refused:
    """`tf.contrib.layers.bias_add`: what the last axis gets added."""
    inert = {**COLLECTIONS, "data_format": ("NHWC",), "trainable": (True,), "regularizer": (None,)}
    refused = refuse_other(site, inert)
    if refused:
        return refused
    initializer = optional(site, "initializer")
    options = {"initializer": initializer} if initializer else {}
    definition = recipe("bias_add", tf=place.tf)
    text = constructor(definition.name, options | dtype_option(place.dtype))
    return _activated(site, _plain_layer(site, text, definition), place)


def _plain_options(site: CallSite) -> dict[str, str]:
    """The options that need no translation, less those that say what is so anyway."""
    plain = {option: site.text(option) for option in ("center", "scale", "trainable")}
    return {option: text for option, text in plain.items() if text and not is_literal(text, True)}


def _plain_layer(site: CallSite, text: str, *definitions: Definition) -> Layer:
    return Layer(
        text,
        site.text("inputs"),
        definitions=definitions,
        scope_name=optional(site, "scope"),
        reuse=optional(site, "reuse"),
    )


def _activated(site: CallSite, layer: Layer | Refused, place: Place) -> Layer | Refused:
    """The layer with the `activation_fn` of contrib behind it."""
    activation = optional(site, "activation_fn")
    if activation is None or isinstance(layer, Refused):
        return layer
    if any(argument.startswith("update=") for argument in layer.call_arguments):
        return site.refused_argument("activation_fn")
    parts = f"{layer.constructor}, {place.tf}.keras.layers.Activation({activation})"
    return dataclasses.replace(layer, constructor=f"{place.tf}.keras.Sequential([{parts}])")


def _contrib_options(site: CallSite) -> dict[str, str] | Refused:
    """The options of contrib's batch norm in Keras's words."""
    options = {"momentum": site.text("decay", "0.999")}
    options |= {option: site.text(option) for option in ("epsilon", "center") if option in site.given}
    if not is_literal(site.text("scale", "False"), True):
        options["scale"] = site.text("scale", "False")
    data_format = string(site.text("data_format", '"NHWC"'))
    if data_format == "NCHW":
        options["axis"] = "1"
    elif data_format != "NHWC":
        return site.refused_argument("data_format")
    for parameter, suffix in (("param_initializers", "initializer"), ("param_regularizers", "regularizer")):
        text = optional(site, parameter)
        items = entries(text) if text else {}
        if items is None:
            return site.refused_argument(parameter)
        options |= {f"{key}_{suffix}": value for key, value in items.items()}
    return options


def _batch_layer(
    site: CallSite, options: dict[str, str], place: Place, fused: str, training: str
) -> Layer | Refused:
    """The stock layer, or a recipe around it for what it does otherwise; no `training` for a layer object."""
    if fused and "epsilon" in options:
        epsilon = _fused_epsilon(options["epsilon"], fused)
        if epsilon is None:
            return Refused(
                f"`{site.spelled}` on an input of unknown rank, on which its epsilon depends", _SHOW_RANK
            )
        options = {**options, "epsilon": epsilon}
    never_updates = is_literal(place.update, False)
    if never_updates:  # a momentum of one leaves the moving statistics as they are
        options, fused = {**options, "momentum": "1.0"}, ""
    by_call = not never_updates and not is_literal(place.update, True)
    switched = place.flag is Flag.TENSOR and not is_literal(training, True, False)
    definitions = _batch_definitions(place.tf, fused, held=by_call, switched=switched)
    reference = definitions[-1].name if definitions else f"{place.tf}.keras.layers.BatchNormalization"
    calls = [f"training={training}"] if training else []
    if by_call and not is_literal(training, False):
        calls.append(f"update={place.update}")
    return Layer(
        constructor(reference, options | dtype_option(place.dtype), _POSITIONS, site.by_place),
        site.given.get("inputs"),
        tuple(calls),
        definitions,
        updates=not is_literal(training, False),
        scope_name=optional(site, "name") or optional(site, "scope"),
        reuse=optional(site, "reuse"),
    )


def _fused_epsilon(epsilon: str, fused: str) -> str | None:
    """Epsilon as the fused kernel takes it; None where it depends on a rank that is not known."""
    value = number(epsilon)
    if value is not None and value >= _LEAST_FUSED_EPSILON:
        return epsilon
    if fused == "Fused4D":
        return None
    return str(_LEAST_FUSED_EPSILON) if value is not None else f"max({epsilon}, {_LEAST_FUSED_EPSILON})"


def _batch_definitions(tf: str, fused: str, *, held: bool, switched: bool) -> tuple[Definition, ...]:
    """The recipe classes, each one built on the one before it."""
    base, kind = "tf.keras.layers.BatchNormalization", "BatchNormalization"
    definitions: list[Definition] = []
    if fused:
        definitions.append(recipe(f"{fused.lower().replace('4d', '_4d')}_batch_normalization", tf=tf))
    for prefix, wanted in (("Held", held), ("Switched", switched)):
        if definitions:
            base = kind = definitions[-1].name
        if wanted:
            renamed = {f"{prefix}BatchNormalization": f"{prefix}{kind}", "BatchNormalization": base}
            definitions.append(recipe(f"{prefix.lower()}_batch_normalization", tf=tf, renamed=renamed))
    return tuple(definitions)
