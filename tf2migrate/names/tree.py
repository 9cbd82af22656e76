"""A quick walk over a concrete syntax tree: the parts that mean something, without commas and whitespace."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator

import libcst as cst

# Fields that hold only whitespace, punctuation, comments, or operators (which are told by their type alone).
_TRIVIA = """
    lpar rpar lbracket rbracket lbrace rbrace comma semicolon equal colon first_colon second_colon dot separator
    trailing_comma operator posonly_ind asynchronous header footer indent newline comment leading_lines
    lines_after_decorators leading_whitespace trailing_whitespace
"""


# Nodes never change, and an analysis asks for the same ones many times. As many as a large project has in a few forms.
REMEMBERED = 1 << 18


@functools.lru_cache(maxsize=REMEMBERED)
def children(node: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
    """The parts of a node in the order of its fields, without whitespace, punctuation and operators.

    ``CSTNode.children`` visits all of them with a visitor of its own, which takes some thirty times as long.
    """
    found: list[cst.CSTNode] = []
    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            found.append(value)
        elif isinstance(value, tuple | list):
            found += [item for item in value if isinstance(item, cst.CSTNode)]
    return tuple(found)


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """``node`` and everything in it, outer before inner, in the order of the source."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack += reversed(children(current))


def walk_own(body: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes of a body without what is inside of the functions and classes in it."""
    stack = [body]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            stack += reversed(children(current))


def calls_in(node: cst.CSTNode) -> list[cst.Call]:
    """The calls in a node, itself included, outer before inner."""
    return [part for part in walk(node) if isinstance(part, cst.Call)]


def root_name(node: cst.CSTNode) -> str:
    """The name that a chain of attributes begins with; empty where it begins with something else."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


def container_name(node: cst.CSTNode) -> str:
    """The name that a chain of attributes and items begins with; empty where it begins with something else."""
    while isinstance(node, cst.Attribute | cst.Subscript):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


def code_of(node: cst.CSTNode) -> str:
    """The text of a node, as it stands in a file with the usual indents and line ends."""
    return cst.Module([]).code_for_node(node)


@functools.cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    names = [field.name for field in dataclasses.fields(kind)]
    trivia = _TRIVIA.split()
    chosen = [name for name in names if name not in trivia and not name.startswith("whitespace")]
    # The order of the source, where it differs from the order in which the fields are declared.
    order = _ORDER.get(kind, ())
    return tuple(sorted(chosen, key=lambda name: order.index(name) if name in order else len(order)))


_ORDER: dict[type[cst.CSTNode], tuple[str, ...]] = {
    cst.Arg: ("keyword", "value"),
    cst.ExceptHandler: ("type", "name", "body"),
    cst.ExceptStarHandler: ("type", "name", "body"),
    cst.MatchCase: ("pattern", "guard", "body"),
    cst.FunctionDef: ("decorators", "name", "type_parameters", "params", "returns", "body"),
    cst.ClassDef: ("decorators", "name", "type_parameters", "bases", "keywords", "body"),
    cst.IfExp: ("body", "test", "orelse"),
}


def is_docstring(statement: cst.CSTNode) -> bool:
    """Whether a statement, as the first of a body, is its docstring."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()), *_]):
            return True
    return False


def labels(node: cst.CSTNode) -> set[int]:
    """The names right below a node, by identity, that stand for no value: of an attribute, of a keyword."""
    match node:
        case cst.Attribute(attr=label) | cst.Arg(keyword=cst.Name() as label):
            return {id(label)}
    return set()


def parameter_names(function: cst.FunctionDef | cst.Lambda) -> set[str]:
    """The parameters of a function."""
    params = function.params
    given = [*params.posonly_params, *params.params, *params.kwonly_params, params.star_arg, params.star_kwarg]
    return {param.name.value for param in given if isinstance(param, cst.Param)}


def ids_in(node: cst.CSTNode) -> set[int]:
    """The identities of `node` and of all nodes below it."""
    return {id(part) for part in walk(node)}


def straight(body: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """The statements of a body, those of ``with`` blocks after their headers."""
    for statement in body:
        if isinstance(statement, cst.With):
            yield from statement.items
            yield from straight(statement.body.body)
        else:
            yield statement
