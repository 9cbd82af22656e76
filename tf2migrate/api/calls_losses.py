"""`tf.losses.*` and its forerunners as plain expressions (semantics.md D).

TF1 casts labels and predictions to float32, averages over the entries whose weight is not zero, and adds
the loss to a collection; the last is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tf2migrate.api.call_site import CallSite
from tf2migrate.api.calls_model import Call, Definition, Kept, Refused
from tf2migrate.api.definitions import defined
from tf2migrate.api.evidence import dtype_of
from tf2migrate.api.literals import grouped, is_literal, number, string

_OPTIONS = ("weights", "reduction", "scope")
# The strings that TF1's `Reduction` constants stand for.
_REDUCTIONS = {
    "NONE": "none",
    "SUM": "weighted_sum",
    "SUM_OVER_BATCH_SIZE": "weighted_sum_over_batch_size",
    "MEAN": "weighted_mean",
    "SUM_OVER_NONZERO_WEIGHTS": "weighted_sum_by_nonzero_weights",
    "SUM_BY_NONZERO_WEIGHTS": "weighted_sum_by_nonzero_weights",
}


def reduction_value(constant: str) -> str | None:
    """The string behind `tf.losses.Reduction.<constant>`."""
    return _REDUCTIONS.get(constant)


@dataclass(frozen=True, slots=True)
class _Losses:
    """The losses element by element, and what must be defined for them."""

    text: str
    definitions: tuple[Definition, ...] = ()


def _float32(site: CallSite, parameter: str) -> str:
    """The argument as float32, without a cast where it is one already."""
    text = site.text(parameter)
    dtype = site.facts.dtypes.get(parameter) or dtype_of(text, site.tf)
    return text if dtype == "float32" else f"{site.tf}.cast({text}, {site.tf}.float32)"


def _pair(site: CallSite, first: str, second: str) -> tuple[str, str]:
    return _float32(site, first), _float32(site, second)


def _mean_squared_error(site: CallSite) -> _Losses:
    labels, predictions = _pair(site, "labels", "predictions")
    return _Losses(f"{site.tf}.square({grouped(predictions)} - {grouped(labels)})")


def _absolute_difference(site: CallSite) -> _Losses:
    labels, predictions = _pair(site, "labels", "predictions")
    return _Losses(f"{site.tf}.abs({grouped(predictions)} - {grouped(labels)})")


def _huber_loss(site: CallSite) -> _Losses:
    labels, predictions = _pair(site, "labels", "predictions")
    delta = f", delta={site.text('delta')}" if not site.defaulted("delta") else ""
    return _Losses(f"huber_loss({labels}, {predictions}{delta})", (defined("huber_loss", site.tf),))


def _log_loss(site: CallSite) -> _Losses:
    labels, predictions = _pair(site, "labels", "predictions")
    epsilon = f", epsilon={site.text('epsilon')}" if not site.defaulted("epsilon") else ""
    return _Losses(f"log_loss({labels}, {predictions}{epsilon})", (defined("log_loss", site.tf),))


def _hinge_loss(site: CallSite) -> _Losses:
    labels, logits = _pair(site, "labels", "logits")
    return _Losses(f"{site.tf}.nn.relu(1 - (2 * {grouped(labels)} - 1) * {grouped(logits)})")


def _cosine_distance(site: CallSite) -> _Losses:
    labels, predictions = _pair(site, "labels", "predictions")
    axis = site.first("axis", "dim")
    product = f"{grouped(predictions)} * {grouped(labels)}"
    return _Losses(f"1 - {site.tf}.reduce_sum({product}, axis={axis}, keepdims=True)")


def _sigmoid_cross_entropy(site: CallSite) -> _Losses:
    labels = _float32(site, "multi_class_labels")
    if not is_literal(site.text("label_smoothing", "0"), 0, 0.0):
        smoothing = grouped(site.text("label_smoothing"))
        labels = f"{grouped(labels)} * (1 - {smoothing}) + 0.5 * {smoothing}"
    logits = site.text("logits")
    return _Losses(f"{site.tf}.nn.sigmoid_cross_entropy_with_logits(labels={labels}, logits={logits})")


def _softmax_cross_entropy(site: CallSite) -> _Losses:
    labels, logits = _float32(site, "onehot_labels"), site.text("logits")
    stopped = labels if "onehot_labels" in site.facts.no_gradient else f"{site.tf}.stop_gradient({labels})"
    if is_literal(site.text("label_smoothing", "0"), 0, 0.0):
        return _Losses(f"{site.tf}.nn.softmax_cross_entropy_with_logits({stopped}, {logits})")
    smoothing = site.text("label_smoothing")
    return _Losses(
        f"{site.tf}.keras.losses.categorical_crossentropy("
        f"{stopped}, {logits}, from_logits=True, label_smoothing={smoothing})"
    )


def _sparse_softmax_cross_entropy(site: CallSite) -> _Losses:
    labels, logits = site.text("labels"), site.text("logits")
    ranks = site.facts.ranks.get("labels"), site.facts.ranks.get("logits")
    if ranks[0] is not None and ranks[0] == ranks[1]:
        labels = f"{site.tf}.squeeze({labels}, -1)"
    return _Losses(f"{site.tf}.nn.sparse_softmax_cross_entropy_with_logits({labels}, {logits})")


def _given_losses(site: CallSite) -> _Losses:
    return _Losses(_float32(site, "losses"))


def _weighted(site: CallSite, losses: _Losses) -> Call | Refused:
    """The losses reduced as `reduction` says, with their weights."""
    tf, definitions = site.tf, losses.definitions
    weights = site.text("weights", "1.0")
    plain = number(weights)
    text = losses.text if plain == 1 else f"{grouped(losses.text)} * {grouped(weights)}"
    match _reduction(site):
        case "none":
            return Call(grouped(text), definitions)
        case "weighted_sum":
            return Call(f"{tf}.reduce_sum({text})", definitions)
        case "weighted_sum_over_batch_size":
            return Call(f"{tf}.reduce_mean({text})", definitions)
        case "weighted_sum_by_nonzero_weights" if plain is not None:
            return Call(f"{tf}.reduce_mean({text})", definitions)
        case "weighted_mean" if plain is not None and plain != 0:
            return Call(f"{tf}.reduce_mean({losses.text})", definitions)
        case "weighted_sum_by_nonzero_weights":
            call = f"weighted_mean({losses.text}, {weights})"
            return Call(call, (*definitions, defined("weighted_mean", tf)))
    return site.refused_argument("reduction")


def _reduction(site: CallSite) -> str | None:
    """The reduction's string in TF1, however it is spelled."""
    text = site.text("reduction", "'weighted_sum_by_nonzero_weights'")
    plain = string(text)
    if plain is not None:
        return plain
    owner, _, last = text.strip().rpartition(".")
    return _REDUCTIONS.get(last) if owner.endswith("Reduction") else None


def _loss(
    elementwise: Callable[[CallSite], _Losses], *parameters: str
) -> Callable[[CallSite], Call | Kept | Refused]:
    def rewrite(site: CallSite) -> Call | Kept | Refused:
        refusal = site.unsupported(*parameters, *_OPTIONS, "loss_collection")
        if refusal is not None:
            return refusal
        missing = [p for p in parameters[:2] if p not in site.given]
        if "axis" in parameters and not site.first("axis", "dim"):
            missing.append("axis")
        if missing:
            return Refused(f"`{site.spelled}` lacks its argument `{missing[0]}`", "Check the call")
        if site.name.startswith("tf.contrib.") and number(site.text("weights", "1.0")) is None:
            return site.refused_argument("weights")
        if any(site.facts.dtypes.get(p) in ("float64", "float16") for p in ("logits", "losses")):
            return Refused(
                f"`{site.spelled}` computes in another precision than its result has",
                "Cast the logits to float32",
            )
        return _weighted(site, elementwise(site))

    return rewrite


def sequence_loss(site: CallSite) -> Call | Kept | Refused:
    """The mean over all steps; of TF1's other averages only the sum of each sequence is common.

    Older TensorFlows took the number of symbols where TensorFlow 1.15 takes whether to divide.
    """
    name = site.name.rpartition(".")[2]
    parameters = ["logits", "targets", "weights"]
    if name == "sequence_loss_by_example" and not is_literal(site.text("average_across_timesteps", "True"), True):
        parameters.append("average_across_timesteps")
    refusal = site.unsupported(*parameters)
    if refusal is not None:
        return refusal
    arguments = ", ".join(site.text(p) for p in parameters)
    if site.name == "tf.contrib.legacy_seq2seq.sequence_loss":
        call = f"{site.tf}.reduce_mean(sequence_loss_by_example({arguments}))"
        return Call(call, (defined("sequence_loss_by_example", site.tf),))
    # A tensor is often called as the function of TensorFlow 1 that makes it.
    recipe = {"sequence_loss": "mean_sequence_loss"}.get(name, name)
    return Call(f"{recipe}({arguments})", (defined(recipe, site.tf),))


_ELEMENTWISE: Mapping[str, tuple[Callable[[CallSite], _Losses], tuple[str, ...]]] = {
    "absolute_difference": (_absolute_difference, ("labels", "predictions")),
    "compute_weighted_loss": (_given_losses, ("losses",)),
    "cosine_distance": (_cosine_distance, ("labels", "predictions", "axis", "dim")),
    "hinge_loss": (_hinge_loss, ("labels", "logits")),
    "huber_loss": (_huber_loss, ("labels", "predictions", "delta")),
    "log_loss": (_log_loss, ("labels", "predictions", "epsilon")),
    "mean_squared_error": (_mean_squared_error, ("labels", "predictions")),
    "sigmoid_cross_entropy": (_sigmoid_cross_entropy, ("multi_class_labels", "logits", "label_smoothing")),
    "softmax_cross_entropy": (_softmax_cross_entropy, ("onehot_labels", "logits", "label_smoothing")),
    "sparse_softmax_cross_entropy": (_sparse_softmax_cross_entropy, ("labels", "logits")),
}

HANDLERS: Mapping[str, Callable[[CallSite], Call | Kept | Refused]] = {
    **{f"tf.losses.{name}": _loss(write, *parameters) for name, (write, parameters) in _ELEMENTWISE.items()},
    **{
        f"tf.contrib.losses.{name}": _loss(write, *parameters)
        for name, (write, parameters) in _ELEMENTWISE.items()
        if name not in ("huber_loss", "hinge_loss")  # the latter returned its losses unreduced
    },
    "tf.contrib.legacy_seq2seq.sequence_loss": sequence_loss,
    "tf.contrib.legacy_seq2seq.sequence_loss_by_example": sequence_loss,
    "tf.contrib.seq2seq.sequence_loss": sequence_loss,
}
