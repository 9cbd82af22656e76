"""Strings that a program puts together while its graph is built: most of them name layers and scopes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import cast

import libcst as cst

from tf2migrate.graph.values import Const, Host, Sequence, Value, key_of

# What these print as is the same in every version of Python.
PRINTABLE = (str, bool, int, float, type(None))


def interpolated(node: cst.FormattedString, evaluate: Callable[[cst.BaseExpression], Value]) -> Value:
    """An f-string, where all of its parts are known; else how it is put together."""
    raw = "r" if "r" in node.prefix.lower() else ""
    out: list[str | None] = []
    keys: list[object] = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringExpression):
            value = evaluate(part.expression)
            out.append(_printed(part, value))
            plain = part.format_spec is None and part.conversion is None
            keys.append(key_of(value) if plain else key_of(Host()))
        else:
            text = cast(cst.FormattedStringText, part).value.replace("{{", "{").replace("}}", "}")
            out.append(ast.literal_eval(f"{raw}{node.quote}{text}{node.quote}"))
            keys.append(("const", "str", out[-1]))
    return Host(key=("text", *keys)) if None in out else Const("".join(cast(list[str], out)))


def _printed(part: cst.FormattedStringExpression, value: Value) -> str | None:
    spec = part.format_spec or ()
    if not isinstance(value, Const) or not isinstance(value.value, PRINTABLE) or part.equal is not None:
        return None
    if not all(isinstance(each, cst.FormattedStringText) for each in spec):
        return None
    printed = {None: value.value, "s": str(value.value), "r": repr(value.value), "a": ascii(value.value)}
    try:
        return format(printed[part.conversion], "".join(cast(cst.FormattedStringText, each).value for each in spec))
    except (TypeError, ValueError):
        return None


def filled_in(given: Value) -> Value:
    """What stands right of the ``%`` of a string: a tuple of known values is one known value."""
    if isinstance(given, Sequence) and given.exact and given.kind == "tuple":
        items = [item.value for item in given.items if isinstance(item, Const)]
        if len(items) == len(given.items) and all(isinstance(item, PRINTABLE) for item in items):
            return Const(tuple(items))
    return given
