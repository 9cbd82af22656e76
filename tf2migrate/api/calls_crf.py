"""Conditional random fields of ``tf.contrib.crf``, which TensorFlow 2 does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tf2migrate.api.call_site import CallSite
from tf2migrate.api.calls_model import Call, Kept, Refused
from tf2migrate.api.recipes import recipe

_PARAMETERS = {
    "crf_log_likelihood": ("inputs", "tag_indices", "sequence_lengths", "transition_params"),
    "crf_decode": ("potentials", "transition_params", "sequence_length"),
    "viterbi_decode": ("score", "transition_params"),
}


def _recipe(site: CallSite) -> Call | Kept | Refused:
    """A function with the name and parameters of the original one."""
    name = site.name.rpartition(".")[2]
    refusal = site.unsupported(*_PARAMETERS[name])
    if refusal is not None:
        return refusal
    if name == "crf_log_likelihood" and not site.text("transition_params"):
        return site.refused_argument("transition_params")
    imports = ("import numpy as np",) if name == "viterbi_decode" else ()
    arguments = ", ".join(f"{a.keyword}={a.text}" if a.keyword else a.text for a in site.arguments)
    return Call(f"{name}({arguments})", (recipe(name, tf=site.tf, imports=imports),))


HANDLERS: Mapping[str, Callable[[CallSite], Call | Kept | Refused]] = {
    f"tf.contrib.crf.{name}": _recipe for name in _PARAMETERS
}
