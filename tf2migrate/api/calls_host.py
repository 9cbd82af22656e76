"""Calls whose counterpart is another kind of thing: a method of a variable or of a logger, a kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tf2migrate.api.call_site import CallSite, repeatable
from tf2migrate.api.calls_model import Call, Kept, Refused
from tf2migrate.api.definitions import defined
from tf2migrate.api.literals import is_literal, string

# TF1's names of the levels, and the names that `logging.Logger.setLevel` takes.
LEVELS = {"DEBUG": "DEBUG", "INFO": "INFO", "WARN": "WARNING", "ERROR": "ERROR", "FATAL": "CRITICAL"}
_METHODS = {"warn": "warning", "fatal": "critical", "TaskLevelStatusMessage": "info"}
_RESIZERS = {
    "BILINEAR": "ResizeBilinear",
    "NEAREST_NEIGHBOR": "ResizeNearestNeighbor",
    "BICUBIC": "ResizeBicubic",
    "AREA": "ResizeArea",
}
_RESIZE_METHODS = {"0": "BILINEAR", "1": "NEAREST_NEIGHBOR", "2": "BICUBIC", "3": "AREA"} | {
    "bilinear": "BILINEAR",
    "nearest": "NEAREST_NEIGHBOR",
    "bicubic": "BICUBIC",
    "area": "AREA",
}


def assign(site: CallSite) -> Call | Kept | Refused:
    """The method of the variable."""
    refusal = site.unsupported("ref", "value", "use_locking")
    if refusal is not None:
        return refusal
    return Call(f"{site.operand('ref')}.{site.name.removeprefix('tf.')}({site.text('value')})")


def scatter(site: CallSite) -> Call | Kept | Refused:
    """The variable assigned its changed value: variables of Keras have no `scatter_` methods."""
    if not repeatable(site.text("ref")):
        return Refused(
            f"`{site.spelled}` needs its variable twice, and evaluating it twice may have an effect",
            "Assign the variable to a name first",
            "TFM405",
        )
    kind = site.name.rpartition("_")[2]
    indices = site.text("indices")
    if not site.name.startswith("tf.scatter_nd_"):
        indices = f"{site.tf}.expand_dims({indices}, -1)"
    ref = site.operand("ref")
    return Call(f"{ref}.assign({site.tf}.tensor_scatter_nd_{kind}({ref}, {indices}, {site.text('updates')}))")


def log(site: CallSite) -> Call | Kept | Refused:
    """The method of TensorFlow's logger, which `tf.logging` calls too."""
    method = site.name.rpartition(".")[2]
    arguments = [f"{a.keyword}={a.text}" if a.keyword else a.text for a in site.arguments]
    if method == "log":
        level = string(site.text("level"))
        if level is None or level not in LEVELS.values() or site.arguments[0].keyword:
            return site.refused_argument("level")
        method, arguments = level.lower(), arguments[1:]
    return Call(f"{site.tf}.get_logger().{_METHODS.get(method, method)}({', '.join(arguments)})")


def set_verbosity(site: CallSite) -> Call | Kept | Refused:
    """The level of TensorFlow's logger."""
    level = site.text("v")
    last = level.rpartition(".")[2]
    if level.endswith(f"logging.{last}") and last in LEVELS:
        level = f'"{LEVELS[last]}"'
    return Call(f"{site.tf}.get_logger().setLevel({level})")


def get_verbosity(site: CallSite) -> Call | Kept | Refused:
    """The level of TensorFlow's logger."""
    return Call(f"{site.tf}.get_logger().getEffectiveLevel()")


def resize_images(site: CallSite) -> Call | Kept | Refused:
    """TF2's resize takes the centres of pixels, TF1's their corners (semantics.md E1)."""
    refusal = site.unsupported("images", "size", "method", "align_corners")
    if refusal is not None:
        return refusal
    text = site.text("method", "0")
    method = _RESIZE_METHODS.get(string(text) or text.strip(), text.rpartition(".")[2])
    if method not in _RESIZERS:
        return site.refused_argument("method")
    images, size = site.text("images"), site.text("size")
    align = f"align_corners={site.text('align_corners')}" if not site.defaulted("align_corners") else ""
    if site.facts.ranks.get("images") == 4:
        options = f", {align}" if align else ""
        return Call(f"{site.tf}.raw_ops.{_RESIZERS[method]}(images={images}, size={size}{options})")
    parts = [images, size]
    parts += [f"resize={site.tf}.raw_ops.{_RESIZERS[method]}"] if method != "BILINEAR" else []
    parts += [align] if align else []
    return Call(f"resize_images({', '.join(parts)})", (defined("resize_images", site.tf),))


def to_categorical(site: CallSite) -> Call | Kept | Refused:
    """Keras 3 gives float64 and takes no dtype."""
    refusal = site.unsupported("y", "num_classes", "dtype")
    if refusal is not None:
        return refusal
    classes = f", {site.text('num_classes')}" if not site.defaulted("num_classes") else ""
    dtype = site.text("dtype", '"float32"')
    return Call(f"{site.tf}.keras.utils.to_categorical({site.text('y')}{classes}).astype({dtype})")


def string_split(site: CallSite) -> Call | Kept | Refused:
    """The kernel itself: each character of the delimiter separates, as TF2's function has it not."""
    refusal = site.unsupported("source", "sep", "delimiter", "skip_empty", "result_type")
    if refusal is not None:
        return refusal
    delimiter = site.first("sep", "delimiter") or '" "'
    delimiter = '" "' if is_literal(delimiter, None) else delimiter
    skip = f", skip_empty={site.text('skip_empty')}" if not site.defaulted("skip_empty") else ""
    kernel = f"{site.tf}.raw_ops.StringSplit(input={site.text('source')}, delimiter={delimiter}{skip})"
    return Call(f"{site.tf}.SparseTensor(*{kernel})")


def strings_split(site: CallSite) -> Call | Kept | Refused:
    """The kernel itself, for TF1's sparse result; TF2's function gives a ragged tensor."""
    refusal = site.unsupported("input", "source", "sep", "maxsplit") or site.lacking(("input", "source"))
    if refusal is not None:
        return refusal
    separator = '""' if site.defaulted("sep") else site.text("sep")
    limit = f", maxsplit={site.text('maxsplit')}" if not site.defaulted("maxsplit") else ""
    source = site.first("input", "source")
    kernel = f"{site.tf}.raw_ops.StringSplitV2(input={source}, sep={separator}{limit})"
    return Call(f"{site.tf}.SparseTensor(*{kernel})")


_LOGGED = ["TaskLevelStatusMessage", "debug", "error", "fatal", "info", "log", "warn", "warning"]

HANDLERS: Mapping[str, Callable[[CallSite], Call | Kept | Refused]] = {
    **{f"tf.assign{kind}": assign for kind in ("", "_add", "_sub")},
    **{
        f"tf.scatter_{kind}": scatter
        for kind in ["add", "max", "min", "nd_add", "nd_sub", "nd_update", "sub", "update"]
    },
    **{f"tf.logging.{name}": log for name in _LOGGED},
    "tf.logging.set_verbosity": set_verbosity,
    "tf.logging.get_verbosity": get_verbosity,
    "tf.image.resize": resize_images,
    "tf.string_split": string_split,
    "tf.strings.split": strings_split,
    "tf.keras.utils.to_categorical": to_categorical,
}
