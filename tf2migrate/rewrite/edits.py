"""The edits of the modules of a program, by the identity of the statements that they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

# Makes statements of one whose parts are edited already.
Remake = Callable[[cst.CSTNode], list[cst.BaseStatement]]


@dataclass(slots=True)
class Edits:
    """Statement edits of one module, keyed by the identity of the original statement."""

    removed: set[int] = field(default_factory=set)
    before: dict[int, list[cst.BaseStatement]] = field(default_factory=dict)
    after: dict[int, list[cst.BaseStatement]] = field(default_factory=dict)
    replaced: dict[int, list[cst.BaseStatement]] = field(default_factory=dict)
    # Comments to put above a statement, or above what comes before it.
    lines: dict[int, list[cst.EmptyLine]] = field(default_factory=dict)
    remade: dict[int, Remake] = field(default_factory=dict)
