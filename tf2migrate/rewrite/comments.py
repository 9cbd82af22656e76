"""Comments of statements that go: those that stand alone stay where they are, the others follow what they describe."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import libcst as cst


def with_comments(statement: cst.BaseStatement, source: cst.CSTNode) -> cst.BaseStatement:
    """A statement with the comments that stood above the one that it takes the place of."""
    lines = [line for line in getattr(source, "leading_lines", ()) if line.comment is not None]
    if not lines:
        return statement
    own = [line for line in getattr(statement, "leading_lines", ()) if line.comment is not None]
    return statement.with_changes(leading_lines=[cst.EmptyLine(indent=False), *lines, *own])


NodeT = TypeVar("NodeT", bound=cst.CSTNode)


def above(statement: NodeT, lines: Sequence[cst.EmptyLine]) -> NodeT:
    """A statement with more lines above it."""
    return statement.with_changes(leading_lines=[*lines, *getattr(statement, "leading_lines", ())])


def parted(statement: cst.CSTNode) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """The lines above a statement: those up to the last blank one, and those that touch it.

    A heading, ruled off by lines without words, stands alone.
    """
    lines = list(getattr(statement, "leading_lines", ()))
    if any(line.comment is not None and not re.search(r"\w", line.comment.value.strip("#")) for line in lines[-2:]):
        return lines, []
    cut = max((i for i, line in enumerate(lines) if line.comment is None), default=-1) + 1
    return lines[:cut], lines[cut:]


def described(statement: cst.CSTNode) -> tuple[list[str], str]:
    """The texts of the comments that touch a statement from above, and of the one behind it."""
    above = [line.comment.value for line in parted(statement)[1] if line.comment is not None]
    behind = ""
    if isinstance(statement, cst.SimpleStatementLine) and statement.trailing_whitespace.comment is not None:
        behind = statement.trailing_whitespace.comment.value
    return above, behind


def standing_alone(
    body: Sequence[cst.BaseStatement],
    going: set[int],
    removed: set[int],
    arriving: dict[int, list[cst.BaseStatement]],
) -> dict[int, list[cst.EmptyLine]]:
    """Lines for each statement of a block that take over the comments that stood alone above those in ``going``.

    The key is the statement that stays, or beside which new ones arrive.
    """
    out: dict[int, list[cst.EmptyLine]] = {}
    carried: list[cst.EmptyLine] = []
    for statement in body:
        if id(statement) in going:
            free = parted(statement)[0]
            if any(line.comment is not None for line in free):
                carried += free
        if carried and (id(statement) not in removed or arriving.get(id(statement))):
            out[id(statement)] = carried
            carried = []
    return out
