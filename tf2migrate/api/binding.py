"""Calls of TensorFlow 1 functions by name: the tables have the signatures, the arguments fall into place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tf2migrate.api.call_site import CallSite, Facts, bind
from tf2migrate.api.calls_model import Argument, Refused
from tf2migrate.api.literals import is_literal
from tf2migrate.api.symbols import tf1_symbol


def called(
    name: str, arguments: Sequence[Argument], tf: str, facts: Facts | None = None
) -> CallSite | Refused:
    """The call of this TensorFlow 1.15 function, each argument under its parameter."""
    symbol = tf1_symbol(name)
    if symbol is None or symbol.parameters is None:
        return Refused(f"`{name}` is not known to TensorFlow 1.15", "Rewrite the call by hand")
    site = bind(name, symbol, arguments, tf, facts)
    if isinstance(site, Refused):
        return site
    unknown = [parameter for parameter in site.given if symbol.parameter(parameter) is None]
    return site.refused_argument(unknown[0]) if unknown else site


def optional(site: CallSite, parameter: str) -> str | None:
    """The text given for the parameter, or None where it is missing or `None`."""
    text = site.text(parameter)
    return None if not text or is_literal(text, None) else text


def refuse_other(site: CallSite, inert: Mapping[str, tuple[object, ...]]) -> Refused | None:
    """A refusal if one of these parameters is given another value than those with which it does nothing."""
    for parameter, values in inert.items():
        if parameter in site.given and not is_literal(site.text(parameter), *values):
            return site.refused_argument(parameter)
    return None
