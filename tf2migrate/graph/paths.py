"""What is known where the program takes one of several paths: the conditions that chose it, and what was named on it.

Two paths of one branch never meet in one run of the program: a name that one of them gives to a variable is free on
the other. What was named on a path is known by the conditions that hold there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from tf2migrate.graph.op_names import OpNames
from tf2migrate.graph.values import Node, Value, key_of

Condition = tuple[object, bool]
"""What identifies a test that was made on the way, and how it came out."""
Conditions = tuple[Condition, ...]

OPPOSITES = {"NotEqual": "Equal", "IsNot": "Is"}
T = TypeVar("T")


@dataclass(slots=True)
class Named:
    """The names that are taken in a graph and what is in its collections, at one point of the program."""

    world: int
    by_name: dict[str, tuple[Node, ...]]
    collections: dict[str, tuple[Value, ...]]
    counts: list[dict[str, int]]
    """How often each default name was given, by open scope."""
    op_names: OpNames


@dataclass(slots=True)
class Fork:
    """A place where the program takes one of several paths: what was named before it, and after each of them."""

    before: Named
    conditions: int
    taken: bool = False
    after: list[Named] = field(default_factory=list)


def condition(test: Value, outcome: bool) -> Condition:
    """How a test is known again: those that ask the same, or the opposite, have the same key."""
    key = key_of(test)
    while isinstance(key, tuple) and key:
        if key[0] == "Not":
            key, outcome = key[1], not outcome
        elif key[0] in OPPOSITES:
            key, outcome = (OPPOSITES[key[0]], *key[1:]), not outcome
        else:
            break
    return key, outcome


def choice(value: Value, index: int) -> Condition:
    """That a value, of those that it may be, is the one at ``index``."""
    return ("Equal", key_of(value), ("const", "int", str(index))), True


def are_exclusive(one: Conditions, other: Conditions) -> bool:
    """Whether no run of the program meets both: a test came out differently, or a value equals two literals."""
    return any(_contradict(a, b) for a in one for b in other)


def _contradict(one: Condition, other: Condition) -> bool:
    (first, holds), (second, also) = one, other
    if first == second:
        return holds is not also
    match first, second:
        case ("Equal", left, ("const", kind, a)), ("Equal", right, ("const", same, b)):
            return holds and also and left == right and kind == same and a != b
    return False


def together(tables: list[dict[str, tuple[T, ...]]]) -> dict[str, tuple[T, ...]]:
    """What is in any of several tables under each key, each member once."""
    first, *others = tables
    out = dict(first)
    for table in others:
        # Most paths name nothing; the analysis takes thousands of them.
        for key in table.keys() | out.keys() if table != out else ():
            one, other = out.get(key, ()), table.get(key, ())
            if one != other:
                out[key] = tuple({id(member): member for member in (*one, *other)}.values())
    return out
