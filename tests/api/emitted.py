"""Run what the look-ups of `tf2migrate.api` return, and read calls as they stand in a program."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from tf2migrate.api.calls_model import Argument, Definition


def arguments(source: str) -> list[Argument]:
    """The arguments of a call from what stands between its parentheses."""
    text = f"f({source})"
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)

    def of(node: ast.expr) -> str:
        return ast.get_source_segment(text, node) or ""

    given = [
        Argument(of(node.value), star="*") if isinstance(node, ast.Starred) else Argument(of(node))
        for node in call.args
    ]
    return given + [
        Argument(of(keyword.value), keyword.arg, "" if keyword.arg else "**") for keyword in call.keywords
    ]


def module(definitions: Iterable[Definition], **names: Any) -> dict[str, Any]:
    """The names of a module that holds these definitions, their imports and some names of its own."""
    import tensorflow as tf

    namespace = {"tf": tf, **names}
    for definition in definitions:
        source = "\n".join([*definition.imports, "\n", definition.text])
        exec(compile(source, definition.name, "exec"), namespace)
    return namespace


def value(text: str, definitions: Iterable[Definition] = (), **names: Any) -> Any:
    """What the expression gives in that module."""
    return eval(text, module(definitions, **names))
