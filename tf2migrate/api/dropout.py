"""Dropout layers of TensorFlow 1 as `tf.nn.dropout`, whose mask for a seed is theirs, unlike that of Keras."""

from __future__ import annotations

import ast

from tf2migrate.api.call_site import CallSite
from tf2migrate.api.calls_model import Call, Refused
from tf2migrate.api.calls_nn import kept_rate
from tf2migrate.api.layer_model import COLLECTIONS, Flag, Place
from tf2migrate.api.literals import expression, is_literal


def dropout(site: CallSite, place: Place) -> Call | Refused:
    """The expression for a dropout layer: it draws random numbers in no other runs than the layer did."""
    refused = site.unsupported(
        "inputs", "rate", "keep_prob", "noise_shape", "seed", "training", "is_training", *COLLECTIONS
    )
    if refused:
        return refused
    inputs = site.text("inputs")
    contrib = site.name.startswith("tf.contrib.")
    rate = kept_rate(site.text("keep_prob", "0.5")) if contrib else site.text("rate", "0.5")
    training = site.text("is_training", "True") if contrib else site.text("training", "False")
    rest = "".join(f", {p}={site.text(p)}" for p in ("noise_shape", "seed") if not site.defaulted(p))
    always = f"{place.tf}.nn.dropout({inputs}, rate={rate}{rest})"
    if is_literal(training, True):
        return Call(always)
    if is_literal(training, False):
        return Call(inputs)
    if place.flag is Flag.TENSOR:
        return Call(f"{place.tf}.cond({training}, lambda: {always}, lambda: {inputs})")
    # With a rate of the Python number zero, `tf.nn.dropout` returns its input.
    chosen = f"{_branch(rate)} if {_branch(training)} else 0.0"
    return Call(f"{place.tf}.nn.dropout({inputs}, rate={chosen}{rest})")


def _branch(text: str) -> str:
    """The text as a part of a conditional expression."""
    return f"({text})" if isinstance(expression(text), ast.IfExp | ast.Lambda | ast.NamedExpr) else text
