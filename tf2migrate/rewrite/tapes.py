"""How gradients are written with tapes: the names of tapes, and the blocks that they record in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Sequence as Items
from tf2migrate.names.tree import walk
from tf2migrate.plan.model import Plan
from tf2migrate.plan.strata import Watch
from tf2migrate.rewrite.templates import Templates


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement of the body, as it will be: its number, and its stratum."""

    number: int
    stratum: int
    statements: Sequence[cst.BaseStatement]


@dataclass(frozen=True, slots=True)
class Tapes:
    """The tapes of one body: how many gradients each level takes, and what each is told to watch."""

    tf: str
    plan: Plan
    templates: Templates
    counts: Mapping[int, int]
    watches: Sequence[Watch]
    start: int = -1
    """The statement behind which the innermost tape opens: the first of whose results it watches."""

    @property
    def top(self) -> int:
        return max(self.counts, default=0)

    def blocks(self, pieces: Sequence[Piece], holes: dict[str, list[cst.BaseStatement]]) -> list[str]:
        """The lines of the nested blocks, up to the last that a tape records; the statements go into ``holes``."""
        outside: list[cst.BaseStatement] = []
        recorded = self.watched(-1, 1)
        for piece in (p for p in pieces if p.stratum == 0):
            if self.start < 0 or piece.number > self.start:
                recorded += [*piece.statements, *self.watched(piece.number)]
            else:
                outer = (s for level in range(2, self.top + 1) for s in self.watched(piece.number, level))
                outside += [*piece.statements, *outer]
                recorded += self.watched(piece.number, 1)
        holes[hole(0)] = recorded
        lines = [*self.hole("__outside__", outside, holes), block(self, 1), f"    {hole(0)}"]
        for level in range(2, self.top + 1):
            begin = self.hole(f"__watched_{level}__", self.watched(-1, level), holes)
            chosen = (p for p in pieces if p.stratum == level - 1)
            behind = [s for p in chosen for s in [*p.statements, *self.watched(p.number)]]
            lines = [*begin, *lines, *self.hole(hole(level - 1), behind, holes)]
            lines = [block(self, level), *(f"    {line}" for line in lines)]
        return lines

    def hole(
        self, name: str, statements: list[cst.BaseStatement], holes: dict[str, list[cst.BaseStatement]]
    ) -> list[str]:
        if statements:
            holes[name] = statements
        return [name] if statements else []

    def watched(self, statement: int, level: int | None = None) -> list[cst.BaseStatement]:
        """What stands behind a statement to tell the tapes, or the tape of one level, of its results."""
        chosen = [w for w in self.watches if w.statement == statement and level in (None, w.level)]
        lines = "".join(f"{tape_name(self.plan, w.level)}.watch({w.text})\n" for w in chosen)
        return self.templates.statements(lines, {}) if lines else []


def hole(stratum: int) -> str:
    """The name of the hole that the statements of a stratum go into."""
    return f"__stratum_{stratum}__"


def tape_name(plan: Plan, level: int) -> str:
    """The name of the tape of one level; the innermost has level 1."""
    return plan.local("tape" if level == 1 else f"tape_{level}")


def block(tapes: Tapes, level: int) -> str:
    """The first line of the block in which a tape records; one that gives several gradients is kept for them."""
    several = "persistent=True" if tapes.counts.get(level, 0) > 1 else ""
    return f"with {tapes.tf}.GradientTape({several}) as {tape_name(tapes.plan, level)}:"


def first_elements(statement: cst.CSTNode, call: cst.Call) -> Iterator[cst.Subscript]:
    """``tf.gradients(y, x)[0]``, the only element of a list."""
    for node in walk(statement):
        match node:
            case cst.Subscript(
                value=value, slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value="0")))]
            ) if value is call:
                yield node


def single(given: cst.BaseExpression, staging: Staging) -> cst.BaseExpression | None:
    """The one expression that gradients are taken by, in a list or not; None for several."""
    if isinstance(given, cst.List | cst.Tuple):
        return given.elements[0].value if len(given.elements) == 1 else None
    values = staging.values_of(given)
    return given if values and not any(isinstance(value, Items) for value in values) else None
