"""The body of a layer function: its statements, the loops and branches around them, and where it may be left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import libcst as cst

LEAVING = (cst.Break, cst.Continue)


def simple_statements(body: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """The simple statements of a body and the headers of its compound ones, in order."""
    for statement, _ in enclosed(body):
        yield statement


def enclosed(
    body: Iterable[cst.CSTNode], around: tuple[cst.For | cst.If, ...] = ()
) -> Iterator[tuple[cst.CSTNode, tuple[cst.For | cst.If, ...]]]:
    """Each of them with the loops and branches that it is in, outermost first; scopes do not count."""
    for statement in body:
        match statement:
            case cst.With(body=inner):
                yield from enclosed(inner.body, around)
            case cst.If():
                yield statement, around
                yield from enclosed(bodies_of(statement), (*around, statement))
            case cst.For(body=inner, orelse=None):
                yield statement, around
                yield from enclosed(inner.body, (*around, statement))
            case _:
                yield statement, around


def bodies_of(statement: cst.If | cst.For) -> list[cst.CSTNode]:
    """The statements of a loop, or of all branches; an ``elif`` counts as one of them."""
    out: list[cst.CSTNode] = list(statement.body.body)
    if isinstance(statement, cst.For):
        return out
    orelse = statement.orelse
    if isinstance(orelse, cst.If):
        out.append(orelse)
    elif orelse is not None:
        out.extend(orelse.body.body)
    return out


def own_part(statement: cst.CSTNode) -> cst.CSTNode:
    """The part of a statement that belongs to itself: the test of an ``if``, the iterable of a ``for``."""
    match statement:
        case cst.If(test=test):
            return test
        case cst.For(iter=iterable):
            return iterable
    return statement


def outer_loop(around: tuple[cst.For | cst.If, ...]) -> cst.For | None:
    """The outermost loop of a statement."""
    return next((each for each in around if isinstance(each, cst.For)), None)


def stepped(body: Iterable[cst.CSTNode], creating: Collection[int]) -> set[int]:
    """Those of ``creating`` that are reached in some passes of their outermost loop only, or several times in one.

    Elsewhere the state of a loop is a list with one element for each pass.
    """
    out: set[int] = set()
    left: set[int] = set()
    for statement, around in enclosed(body):
        loop = outer_loop(around)
        if loop is None:
            continue
        if leaves_pass(statement):
            left |= {id(each) for each in around if isinstance(each, cst.For)}
        elif id(statement) in creating and (around[-1] is not loop or id(loop) in left):
            out.add(id(statement))
    return out


def passes_left(body: Iterable[cst.CSTNode], kept: Collection[int]) -> set[int]:
    """The statements that end passes of loops which hold statements of ``kept``."""
    found = list(enclosed(body))
    loops = {id(each) for statement, around in found if id(statement) in kept for each in around}
    out: set[int] = set()
    for statement, around in found:
        inner = next((each for each in reversed(around) if isinstance(each, cst.For)), None)
        if inner is not None and id(inner) in loops and leaves_pass(statement):
            out.add(id(statement))
    return out


def leaves_pass(statement: cst.CSTNode) -> bool:
    """Whether a statement ends the pass of a loop, or all of them."""
    return isinstance(statement, cst.SimpleStatementLine) and any(isinstance(s, LEAVING) for s in statement.body)


def is_return(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and any(
        isinstance(s, cst.Return | cst.Raise) for s in statement.body
    )
