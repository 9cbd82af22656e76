"""Distributions of ``tf.distributions`` that a rewritten module can hold as a class of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tf2migrate.api.call_site import CallSite
from tf2migrate.api.calls_model import Call, Kept, Refused
from tf2migrate.api.definitions import defined

DIVERGENCE = "tf.distributions.kl_divergence"
# What objects of each class compute: their methods with the parameters, and their attributes.
METHODS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "tf.distributions.Normal": {
        "sample": ("sample_shape", "seed"),
        "log_prob": ("value",),
        "prob": ("value",),
        "entropy": (),
        "mean": (),
        "mode": (),
        "stddev": (),
        "variance": (),
    }
}
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {"tf.distributions.Normal": ("loc", "scale")}


def is_distribution(symbol: str) -> bool:
    """Whether a symbol is a class of distributions that is known here."""
    return symbol in METHODS


def _normal(site: CallSite) -> Call | Kept | Refused:
    refusal = site.unsupported("loc", "scale", "validate_args", "allow_nan_stats")
    if refusal is not None:
        return refusal
    if not site.defaulted("validate_args"):
        return site.refused_argument("validate_args")
    given = [f"{name}={site.text(name)}" if name not in site.by_place else site.text(name) for name in ("loc", "scale")]
    return Call(f"Normal({', '.join(given)})", (defined("Normal", site.tf),))


def _divergence(site: CallSite) -> Call | Kept | Refused:
    refusal = site.unsupported("distribution_a", "distribution_b", "allow_nan_stats")
    if refusal is not None or not site.defaulted("allow_nan_stats"):
        return refusal or site.refused_argument("allow_nan_stats")
    first, second = site.text("distribution_a"), site.text("distribution_b")
    return Call(f"kl_divergence({first}, {second})", (defined("kl_divergence", site.tf),))


HANDLERS: Mapping[str, Callable[[CallSite], Call | Kept | Refused]] = {
    "tf.distributions.Normal": _normal,
    DIVERGENCE: _divergence,
}
