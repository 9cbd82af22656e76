"""Names of scopes, layers and variables that the passes of a loop make up: ``"block_%d" % i``.

How often a loop of the host runs may be unknown; what one pass makes then stands for what all of them make, and one
name for the names of all passes. A second call of the function goes through the same passes where the loop goes
through the same values, and makes up the same names: a pass of it shares what the same pass of the first call made.
"""

from __future__ import annotations

import re

import libcst as cst

from tf2migrate.graph.values import Host, Node, Value, key_of

PASS = "pass"
# Operators by which texts are put together, as keys of values have them.
TEXTS = ("str", "Add", "Subtract", "Multiply", "FloorDivide", "Modulo", "text", "tuple", "format")


class PassNames:
    """The parts of names that are not known; equal ones for texts that were made in the same way in equal passes."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {}
        self.others = 0

    def part(self, value: Value | None) -> str:
        """What stands for a text in a name."""
        if value is not None and is_of_pass(value):
            number = self.numbers.setdefault(key_of(value), len(self.numbers) + 1)
            return f"?={number}"
        self.others += 1
        return f"?{self.others}"


def is_unclear(name: str, reuse: bool | str, known: list[Node]) -> bool:
    """Whether it is not clear what a name shares; ``known`` are those that the passes of a loop gave it before.

    With ``tf.AUTO_REUSE``, the passes of one loop may come upon what another one made.
    """
    made_up = re.sub(r"\?=\d+", "", name) if known and reuse != "auto" else name
    return "?" in made_up


def of_pass(loop: cst.For, iterable: Value) -> Host:
    """What a loop binds in a pass: the same as in the same pass of another loop through the same values."""
    return Host(getattr(iterable, "shape_of", frozenset()), key=(PASS, id(loop), key_of(iterable)))


def is_of_pass(value: Value | None) -> bool:
    """Whether a value is made up of constants and of what loops bind."""
    return isinstance(value, Host) and _is_made_up(value.key) and _has_pass(value.key)


def _is_made_up(key: object) -> bool:
    match key:
        case ("const" | "pass", *_):
            return True
        case (str() as operator, *parts) if operator in TEXTS:
            return all(_is_made_up(part) for part in parts)
    return False


def _has_pass(key: object) -> bool:
    return isinstance(key, tuple) and (key[:1] == (PASS,) or any(_has_pass(part) for part in key))
