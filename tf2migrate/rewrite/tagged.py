"""Summaries that a program makes itself: lists of pairs of a tag and a number.

``tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=x)])`` is ``[("loss", x)]``, and what adds to one appends.
"""

from __future__ import annotations

from functools import partial
from typing import cast

import libcst as cst

from tf2migrate.api.definitions import defined
from tf2migrate.graph.staging import Staging, TaggedCall, WriteSite
from tf2migrate.graph.summaries import MESSAGE
from tf2migrate.plan.summaries import is_tagged
from tf2migrate.rewrite.substitution import Replacement
from tf2migrate.rewrite.summaries import Writing
from tf2migrate.rewrite.symbols import Symbols

WRITE = "write_scalars"


def tagged_calls(staging: Staging, symbols: dict[str, Symbols], writing: Writing) -> dict[int, Replacement]:
    """The calls that make such summaries, and those that write them, by identity."""
    out: dict[int, Replacement] = {}
    for made in staging.tagged:
        out[id(made.call)] = partial(_made, symbols[made.place.module], made)
    for site in staging.writes:
        if is_tagged(site.summary):
            out[id(site.call)] = partial(_written, symbols[site.place.module], writing, site)
    return out


def _made(symbols: Symbols, made: TaggedCall, updated: cst.BaseExpression) -> cst.BaseExpression:
    call = cast(cst.Call, updated)
    given = {arg.keyword.value: symbols.code(arg.value).strip() for arg in call.args if arg.keyword is not None}
    if made.name == MESSAGE:
        return symbols.expression(given.get("value", "[]"))
    pair = f"({given['tag']}, {given['simple_value']})"
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "add":
        return symbols.expression(pair)
    holder = symbols.code(cst.ensure_type(call.func.value, cst.Attribute).value).strip()
    return symbols.expression(f"{holder}.append({pair})")


def _written(symbols: Symbols, writing: Writing, site: WriteSite, updated: cst.BaseExpression) -> cst.BaseExpression:
    symbols.define((defined(WRITE, symbols.tf),))
    call = cast(cst.Call, updated)
    writer = symbols.code(cst.ensure_type(call.func, cst.Attribute).value).strip()
    summary = symbols.code(call.args[0].value).strip()
    return symbols.expression(f"{WRITE}({writer}, {summary}, {writing.step(site, call)})")
