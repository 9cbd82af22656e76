"""What a rule is: a code, a name and what to tell people about it."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst

    from tf2migrate.names.keras import KerasFile


class FixKind(enum.StrEnum):
    """Who removes the cause of a finding, and how surely."""

    SAFE = "safe"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Fix:
    """Whether the tool can remove the cause itself, and what to know about it."""

    kind: FixKind
    note: str


def safe(note: str) -> Fix:
    """A fix that keeps what the program computes."""
    return Fix(FixKind.SAFE, inspect.cleandoc(note))


def manual(note: str) -> Fix:
    """No fix: a person has to decide."""
    return Fix(FixKind.MANUAL, inspect.cleandoc(note))


@dataclass(frozen=True, slots=True)
class Trap:
    """A place in a program of TensorFlow 2 that Keras 3 does not understand as it was meant."""

    node: cst.CSTNode
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``name`` reads well after the word "allow"; the examples are whole programs.

    ``find`` finds the places in a file by itself; the places of other rules are found by the rooms that know.
    """

    code: str
    name: str
    summary: str
    why: str
    example: str
    use_instead: str
    fix: Fix
    references: tuple[str, ...]
    find: Callable[[KerasFile], Iterator[Trap]] | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str):
                object.__setattr__(self, field.name, inspect.cleandoc(value))
