"""What can be told about an argument from its source text alone: is it a literal, a float, a single term."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

# Python calls whose result is a float whatever the argument.
_FLOAT_CALLS = frozenset({"float", "math.exp", "math.sqrt", "math.log", "math.pow"})
_ATOMS = (
    ast.Name,
    ast.Attribute,
    ast.Call,
    ast.Subscript,
    ast.Constant,
    ast.List,
    ast.Dict,
    ast.Set,
    ast.ListComp,
    ast.JoinedStr,
)
_NUMBERS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def expression(text: str) -> ast.expr | None:
    """The parsed text, or None when it is no expression; the text may span lines and hold comments."""
    try:
        return ast.parse(f"(\n{text}\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return None


def is_literal(text: str, *values: object) -> bool:
    """Is the text a literal equal to one of these values, and of the same type?"""
    node = expression(text)
    if not isinstance(node, ast.Constant):
        return False
    return any(type(node.value) is type(value) and node.value == value for value in values)


def truth(text: str) -> bool | None:
    """What a condition makes of a literal: an empty list is as good as `False`; None for anything else."""
    node = expression(text)
    try:
        return bool(ast.literal_eval(node)) if node is not None else None
    except (ValueError, TypeError):
        return None


def string(text: str) -> str | None:
    """The value of a plain string literal."""
    node = expression(text)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def number(text: str) -> float | None:
    """The value of a number that is written out, such as `-0.5`, `1e-3` or `1 / 3`; its type is kept."""
    return _number(expression(text))


def _number(node: ast.expr | None) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            positive = _number(operand)
            return None if positive is None else -positive
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _NUMBERS:
            first, second = _number(left), _number(right)
            if first is None or second is None or (isinstance(op, ast.Div) and second == 0):
                return None
            return _NUMBERS[type(op)](first, second)
    return None


def evidently_float(text: str) -> bool:
    """Is the value a Python float for certain, whatever the names in it hold?"""
    if isinstance(number(text), float):
        return True
    node = expression(text)
    return isinstance(node, ast.Call) and ast.unparse(node.func) in _FLOAT_CALLS


def as_float(text: str) -> str:
    """The text as an expression that is certainly a Python float: itself, `1.0` for `1`, or `float(text)`."""
    if evidently_float(text):
        return text
    return f"{text}.0" if text.isdecimal() else f"float({text})"


def grouped(text: str) -> str:
    """The text as an operand: in parentheses unless it is a single term already."""
    node = expression(text)
    if isinstance(node, _ATOMS) and not (isinstance(node, ast.Constant) and "\n" in text):
        return text
    return f"({text})"


def elements(text: str) -> list[str]:
    """The elements of a list or tuple that is written out, as source texts; none for anything else."""
    node = expression(text)
    if not isinstance(node, ast.List | ast.Tuple):
        return []
    return [ast.get_source_segment(f"(\n{text}\n)", element) or "" for element in node.elts]


def entries(text: str) -> dict[str, str] | None:
    """The items of a dict that is written out (`{"a": x}` or `dict(a=x)`), as source texts by key."""
    node = expression(text)
    pairs: list[tuple[str, ast.expr]] = []
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                    return None
                pairs.append((key.value, value))
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            for keyword in keywords:
                if keyword.arg is None:
                    return None
                pairs.append((keyword.arg, keyword.value))
        case _:
            return None
    return {key: ast.get_source_segment(f"(\n{text}\n)", value) or "" for key, value in pairs}
