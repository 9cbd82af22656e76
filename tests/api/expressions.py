"""Rewrite every TensorFlow call and name inside one expression, innermost first, as is done in files."""

from __future__ import annotations

import ast
from pathlib import Path

from tf2migrate.api.calls import rewrite_call, rewrite_reference
from tf2migrate.api.calls_model import Argument, Call, Definition, Kept, Refused

TABLES = Path(__file__).parent


class RefusedError(Exception):
    """Carries the refusal out of the recursion."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def table(name: str) -> list[str]:
    """The expressions of a table."""
    lines = (TABLES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def rewritten(text: str) -> tuple[str, list[Definition]]:
    """The expression in TF2, and the definitions that it needs."""
    definitions: dict[str, Definition] = {}
    return _text(text, ast.parse(text, mode="eval").body, definitions), list(definitions.values())


def _text(source: str, node: ast.AST, definitions: dict[str, Definition]) -> str:
    segment = ast.get_source_segment(source, node)
    assert segment is not None
    name = _dotted(node.func) if isinstance(node, ast.Call) else None
    if isinstance(node, ast.Call) and name is not None:
        return _call(source, node, name, definitions)
    name = _dotted(node)
    if name is not None:
        reference = rewrite_reference(name)
        if isinstance(reference, Refused):
            raise RefusedError(reference)
        return segment if isinstance(reference, Kept) else reference
    return _with_parts(source, node, segment, definitions)


def _call(source: str, node: ast.Call, name: str, definitions: dict[str, Definition]) -> str:
    arguments = []
    for part in node.args:
        starred = isinstance(part, ast.Starred)
        value = part.value if isinstance(part, ast.Starred) else part
        arguments.append(Argument(_text(source, value, definitions), None, "*" if starred else ""))
    for keyword in node.keywords:
        text = _text(source, keyword.value, definitions)
        arguments.append(Argument(text, keyword.arg, "" if keyword.arg else "**"))
    result = rewrite_call(name, arguments)
    if isinstance(result, Refused):
        raise RefusedError(result)
    if isinstance(result, Call):
        definitions.update({each.name: each for each in result.definitions})
        return result.text
    written = [f"{a.keyword}={a.text}" if a.keyword else a.star + a.text for a in arguments]
    return f"{name}({', '.join(written)})"


def _with_parts(source: str, node: ast.AST, segment: str, definitions: dict[str, Definition]) -> str:
    """The node's own text with the outermost TensorFlow expressions inside it rewritten."""
    start = getattr(node, "col_offset", 0)
    pieces: list[tuple[int, int, str]] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword):
            child = child.value
        if isinstance(child, ast.expr):
            pieces.append((child.col_offset, child.end_col_offset or 0, _text(source, child, definitions)))
    for begin, end, text in sorted(pieces, reverse=True):
        segment = segment[: begin - start] + text + segment[end - start :]
    return segment


def _dotted(node: ast.AST) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id == "tf" and parts:
        return ".".join(["tf", *reversed(parts)])
    return None


def call_of(text: str) -> tuple[str, list[Argument]]:
    """The symbol that an expression calls, and the arguments as they stand."""
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    name = _dotted(node.func)
    assert name is not None
    arguments = [Argument(ast.unparse(part)) for part in node.args]
    return name, arguments + [Argument(ast.unparse(word.value), word.arg) for word in node.keywords]
