"""Places of which a program runs one: different branches of a test, or what tests do that ask one name for two texts.

``if args.phase == "train": ...`` and, further down, ``if args.phase == "test": ...`` are never both taken, as long as
nothing binds ``args`` or sets ``phase`` anew.
"""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.staging import Staging
from tf2migrate.names.constancy import is_bound_once, is_never_set
from tf2migrate.names.project import dotted_name


def exclude(staging: Staging, first: Place, second: Place) -> bool:
    """Whether no run of the program comes to both places."""
    for number, (one, other) in enumerate(zip(first.steps, second.steps, strict=False)):
        if one.frame is not other.frame:
            return False
        if one.statement is not other.statement:
            before = first.steps[number - 1].statement if number else None
            if isinstance(before, cst.If) and before is second.steps[number - 1].statement:
                return _branch(before, one.statement) != _branch(before, other.statement)
            inner = [place.steps[number + 1].statement for place in (first, second) if len(place.steps) > number + 1]
            again = any(isinstance(step.statement, cst.For | cst.While) for step in first.steps[:number])
            if again or len(inner) < 2:
                return False
            return _ask_for_two(staging, one.frame, zip((one.statement, other.statement), inner, strict=True))
    return False


def _branch(choice: cst.If, statement: cst.CSTNode) -> int:
    """Which branch of an ``if`` a statement is in, those of its ``elif`` counted one by one."""
    branch = 0
    current: cst.If | cst.Else | None = choice
    while isinstance(current, cst.If) and statement not in current.body.body:
        current, branch = current.orelse, branch + 1
    return branch


def _ask_for_two(staging: Staging, frame: Frame, taken: Iterable[tuple[cst.CSTNode, cst.CSTNode]]) -> bool:
    """Whether both statements are taken only where one name, which stays as it is, equals two different texts."""
    asked = [_asked(test, inner) for test, inner in taken]
    (name, text), (other, second) = (found or (None, "") for found in asked)
    if name is None or other is None or text == second or dotted_name(name) != dotted_name(other):
        return False
    root: cst.BaseExpression = name
    while isinstance(root, cst.Attribute):
        root = root.value
    holder = frame.holder(root.value) if isinstance(root, cst.Name) else None
    if holder is None or not isinstance(root, cst.Name):
        return False
    modules = staging.modules.values()
    return is_bound_once(modules, holder.owner, root.value) and is_never_set(modules, name)


def _asked(test: cst.CSTNode, inner: cst.CSTNode) -> tuple[cst.Name | cst.Attribute, str] | None:
    """What the first branch of ``if name == "text"``, in which a statement stands, asks for."""
    match test:
        case cst.If(
            test=cst.Comparison(
                left=cst.Name() | cst.Attribute() as name,
                comparisons=[cst.ComparisonTarget(operator=cst.Equal(), comparator=cst.SimpleString() as text)],
            ),
            body=body,
        ) if inner in body.body and isinstance(text.evaluated_value, str):
            return name, text.evaluated_value
    return None
