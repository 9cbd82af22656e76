"""Neural-network functions and stateless layers whose arguments changed their meaning."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from tf2migrate.api.call_site import CallSite, filled, finished, repeatable, respelled
from tf2migrate.api.calls_model import Call, Kept, Refused
from tf2migrate.api.definitions import defined
from tf2migrate.api.literals import expression, grouped, is_literal, string

# Keras layers cast floating inputs to their own dtype; these dtypes are safe from it.
_NOT_CAST = frozenset(["float32", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool", "string"])
_POOLS = {
    "tf.layers.average_pooling": "avg_pool",
    "tf.layers.max_pooling": "max_pool",
    "tf.contrib.layers.avg_pool": "avg_pool",
    "tf.contrib.layers.max_pool": "max_pool",
}
_CHANNELS_FIRST = {"1": "NCW", "2": "NCHW", "3": "NCDHW"}


def kept_rate(text: str) -> str:
    """`1 - keep_prob`, worked out where it is a literal: `0.8` gives `0.2`, not `0.19999999999999996`."""
    try:
        rate = str(Decimal(1) - Decimal(text))
    except InvalidOperation:
        return f"1 - {grouped(text)}"
    return rate if "E" not in rate else f"1 - {text}"


def dropout(site: CallSite) -> Call | Kept | Refused:
    """The second argument was the probability to keep, and is the probability to drop."""
    keep, rate = not site.defaulted("keep_prob"), not site.defaulted("rate")
    if keep == rate:
        return Refused(
            "`tf.nn.dropout` needs either `keep_prob` or `rate`", "Check the call against TensorFlow 1.15"
        )
    if rate:
        return respelled(site, "tf.nn.dropout", dropped=("keep_prob",))
    parts = []
    for index, argument in enumerate(site.arguments):
        parameter = argument.keyword or site.symbol.positional()[index]
        if parameter == "keep_prob":
            parts.append(f"rate={kept_rate(argument.text)}")
        elif parameter != "rate":
            parts.append(
                argument.text if parameter == "x" and not argument.keyword else f"{parameter}={argument.text}"
            )
    return finished(site, site.spelled, parts)


def dropout_layer(site: CallSite) -> Call | Kept | Refused:
    """Drops while training only: the switch becomes a condition, for Keras's layer draws other numbers."""
    refusal = site.unsupported(
        "inputs", "rate", "keep_prob", "noise_shape", "seed", "training", "is_training"
    )
    if refusal is not None:
        return refusal
    contrib = site.name.startswith("tf.contrib.")
    inputs = site.text("inputs")
    rate = kept_rate(site.text("keep_prob", "0.5")) if contrib else site.text("rate", "0.5")
    options = "".join(f", {p}={site.text(p)}" for p in ("noise_shape", "seed") if not site.defaulted(p))
    dropped = f"{site.tf}.nn.dropout({inputs}, rate={rate}{options})"
    training = site.text("is_training", "True") if contrib else site.text("training", "False")
    if is_literal(training, True):
        return Call(dropped)
    if is_literal(training, False):
        return Call(f"{site.tf}.identity({inputs})")
    if not repeatable(inputs):
        return Refused(
            f"`{site.spelled}` needs its input twice, and evaluating it twice may have an effect",
            "Assign the input to a name first",
        )
    return Call(f"({dropped} if {training} else {inputs})")


def softmax_cross_entropy(site: CallSite) -> Call | Kept | Refused:
    """TF1's first version sends no gradient into the labels."""
    if site.by_place:
        return Kept()  # TF1 takes keywords only: this is TF2's function already
    labels = site.text("labels")
    node = expression(labels)
    stopped = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".stop_gradient")
    if stopped or "labels" in site.facts.no_gradient:
        return respelled(site, "tf.nn.softmax_cross_entropy_with_logits", {"dim": "axis"}, ("_sentinel",))
    refusal = site.unsupported("labels", "logits", "dim", "axis") or site.lacking(("labels",), ("logits",))
    if refusal is not None:
        return refusal
    parts = []
    for argument in site.arguments:
        keyword = {"dim": "axis"}.get(argument.keyword or "", argument.keyword)
        text = f"{site.tf}.stop_gradient({argument.text})" if keyword == "labels" else argument.text
        parts.append(f"{keyword}={text}")
    return finished(site, site.spelled, parts)


def softmax_cross_entropy_v2(site: CallSite) -> Call | Kept | Refused:
    """TF2's function; given by place, its arguments cannot be mistaken for those of TF1's first version."""
    parts = [site.text("labels"), site.text("logits")]
    parts += (
        [f"axis={site.first('axis', 'dim')}"]
        if not (site.defaulted("axis") and site.defaulted("dim"))
        else []
    )
    parts += [f"name={site.text('name')}"] if "name" in site.given else []
    return Call(f"{site.tf}.nn.softmax_cross_entropy_with_logits({', '.join(parts)})")


def cross_entropy(site: CallSite) -> Call | Kept | Refused:
    """TF1 takes keywords only, which TF2 has too."""
    return Kept() if site.by_place else respelled(site, site.name, dropped=("_sentinel",))


def embedding(site: CallSite) -> Call | Kept | Refused:
    """TF2 deals rows out to several tables in blocks (`div`), TF1 in turn (`mod`)."""
    tables = site.first("params", "weights", "embedding_weights")
    node = expression(tables)
    several = isinstance(node, ast.List | ast.Tuple) and len(node.elts) != 1
    one = isinstance(node, ast.List) or any(
        site.facts.ranks.get(p) is not None for p in ("params", "weights", "embedding_weights")
    )
    strategy = site.text("partition_strategy")
    blocks = string(strategy) == "div"
    if (several and not blocks) or (strategy and not blocks and not one):
        return Refused(
            f"`{site.spelled}` deals rows out to several tables in turn, which TensorFlow 2 does not",
            "Use one table, or `shard[id % n][id // n]`",
            "TFM102",
        )
    return respelled(site, site.name, dropped=("partition_strategy", "validate_indices"))


def flatten(site: CallSite) -> Call | Kept | Refused:
    """A Keras layer without weights keeps the static shape, which `tf.reshape` with -1 loses."""
    refusal = site.unsupported("inputs", "data_format")
    if refusal is not None:
        return refusal
    options = [f"data_format={site.text('data_format')}"] if not site.defaulted("data_format") else []
    if site.facts.dtypes.get("inputs") not in _NOT_CAST:
        options.append("autocast=False")
    return Call(f"{site.tf}.keras.layers.Flatten({', '.join(options)})({site.text('inputs')})")


def pool(site: CallSite) -> Call | Kept | Refused:
    """The pooling layers have no weights: the function does it."""
    stem, dimensions = site.name[:-2], site.name[-2]
    contrib = stem.startswith("tf.contrib.")
    size, stride = ("kernel_size", "stride") if contrib else ("pool_size", "strides")
    refusal = site.unsupported("inputs", size, stride, "padding", "data_format")
    if refusal is not None:
        return refusal
    padding = site.text("padding", "'VALID'")
    plain = string(padding)
    if plain is None:
        padding = f"{grouped(padding)}.upper()"
    elif plain != plain.upper():
        padding = padding.replace(plain, plain.upper())
    parts = [site.text("inputs"), site.text(size), site.text(stride, "2"), padding]
    layout = string(site.text("data_format", "''"))
    if layout is None:
        return site.refused_argument("data_format")
    if layout in ("channels_first", "NCHW", "NCDHW"):
        parts.append(f'data_format="{_CHANNELS_FIRST[dimensions]}"')
    return Call(f"{site.tf}.nn.{_POOLS[stem]}{dimensions}d({', '.join(parts)})")


def fused_batch_norm(site: CallSite) -> Call | Kept | Refused:
    """The kernel itself: its variance output is the unbiased one (semantics.md E)."""
    mean, variance = site.text("mean", "[]"), site.text("variance", "[]")
    given = dict(site.given) | {
        "mean": "[]" if is_literal(mean, None) else mean,
        "variance": "[]" if is_literal(variance, None) else variance,
    }
    parts = [f"{p}={given[p]}" for p in ("x", "scale", "offset", "mean", "variance")]
    parts.append(f"epsilon={site.text('epsilon', '0.001')}")
    parts += [f"{p}={site.text(p)}" for p in ("data_format", "is_training") if not site.defaulted(p)]
    return Call(f"{site.tf}.raw_ops.FusedBatchNormV3({', '.join(parts)})[:3]")


def ctc_loss(site: CallSite) -> Call | Kept | Refused:
    """TF1 takes sparse labels and has its blank in the last class."""
    refusal = site.unsupported("labels", "inputs", "logits", "sequence_length", "time_major")
    refusal = refusal or site.lacking(("inputs", "logits"), ("sequence_length",))
    if refusal is not None:
        return refusal
    parts = [
        site.text("labels"),
        site.first("inputs", "logits"),
        "label_length=None",
        f"logit_length={site.text('sequence_length')}",
    ]
    parts += [f"logits_time_major={site.text('time_major')}"] if not site.defaulted("time_major") else []
    return Call(f"{site.tf}.nn.ctc_loss({', '.join([*parts, 'blank_index=-1'])})")


def ctc_beam_search_decoder(site: CallSite) -> Call | Kept | Refused:
    """TF1 merges repeated labels of the output unless told otherwise, TF2 never does."""
    if not is_literal(site.text("merge_repeated", "True"), False):
        return Refused(
            "`tf.nn.ctc_beam_search_decoder` merges repeated labels in TensorFlow 1 only",
            "Merge repeated labels after decoding, or pass `merge_repeated=False`",
            "TFM102",
        )
    return respelled(site, "tf.nn.ctc_beam_search_decoder", dropped=("merge_repeated",))


def one_hot_encoding(site: CallSite) -> Call | Kept | Refused:
    """`tf.one_hot`, which has the same defaults."""
    return filled(site, "tf.one_hot({labels}, {num_classes}{, on_value}{, off_value})")


def clip_by_average_norm(site: CallSite) -> Call | Kept | Refused:
    """The average norm is the norm divided by the number of elements."""
    return Call(
        f"clip_by_average_norm({site.text('t')}, {site.text('clip_norm')})",
        (defined("clip_by_average_norm", site.tf),),
    )


def conv2d_transpose(site: CallSite) -> Call | Kept | Refused:
    """TensorFlow 1 took all of the static shape from the argument, TensorFlow 2 takes the batch from the input."""
    made = respelled(site, site.name, {"value": "input", "filter": "filters"})
    if "output_shape" not in site.facts.sizes or isinstance(made, Refused):
        return made
    written = [f"{a.keyword}={a.text}" if a.keyword else a.text for a in site.arguments]
    text = made.text if isinstance(made, Call) else f"{site.tensorflow(site.name)}({', '.join(written)})"
    return Call(f"{site.tf}.ensure_shape({text}, {site.text('output_shape')})")


def conv2d_backprop_input(site: CallSite) -> Call | Kept | Refused:
    """The kernel itself."""
    weights = "filters" if "filters" in site.given else "filter"
    return filled(
        site,
        f"tf.raw_ops.Conv2DBackpropInput(input_sizes={{input_sizes}}, filter={{{weights}}}, "
        "out_backprop={out_backprop}, strides={strides}, padding={padding}{, use_cudnn_on_gpu}{, data_format}"
        "{, dilations})",
    )


HANDLERS: Mapping[str, Callable[[CallSite], Call | Kept | Refused]] = {
    "tf.clip_by_average_norm": clip_by_average_norm,
    "tf.contrib.layers.dropout": dropout_layer,
    "tf.contrib.layers.flatten": flatten,
    "tf.contrib.layers.one_hot_encoding": one_hot_encoding,
    "tf.layers.dropout": dropout_layer,
    "tf.layers.flatten": flatten,
    "tf.nn.conv2d_backprop_input": conv2d_backprop_input,
    "tf.nn.conv2d_transpose": conv2d_transpose,
    "tf.nn.ctc_beam_search_decoder": ctc_beam_search_decoder,
    "tf.nn.ctc_loss": ctc_loss,
    "tf.nn.dropout": dropout,
    "tf.nn.embedding_lookup": embedding,
    "tf.nn.embedding_lookup_sparse": embedding,
    "tf.nn.fused_batch_norm": fused_batch_norm,
    "tf.nn.nce_loss": embedding,
    "tf.nn.safe_embedding_lookup_sparse": embedding,
    "tf.nn.sampled_softmax_loss": embedding,
    "tf.nn.sigmoid_cross_entropy_with_logits": cross_entropy,
    "tf.nn.softmax_cross_entropy_with_logits": softmax_cross_entropy,
    "tf.nn.softmax_cross_entropy_with_logits_v2": softmax_cross_entropy_v2,
    "tf.nn.sparse_softmax_cross_entropy_with_logits": cross_entropy,
    **{f"{stem}{n}d": pool for stem in _POOLS for n in "123" if not (n == "1" and "contrib" in stem)},
}
