"""In which order the statements of a body come where gradients are taken in it.

A tape has to be closed before a gradient is taken from it, and a gradient of a gradient needs a second tape around
the first. So the calls that take gradients have levels, one tape for each level, the lowest innermost; and the
statements lie in strata: those of stratum 0 stand under all tapes, those of stratum 1 behind the first tape and under
the others, those of the last one behind all tapes.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass


class Tangled(Exception):
    """A gradient is taken by a statement that also computes what it is taken of."""


@dataclass(frozen=True, slots=True)
class Taking:
    """A call that takes gradients: in which statement, and which statements are behind what it differentiates.

    ``statement`` is None for a train op, which takes its gradients at the end.
    """

    statement: int | None
    behind: frozenset[int]


@dataclass(frozen=True, slots=True)
class Watch:
    """A tensor that the tape of a ``level`` is told of behind a statement, or at its begin for ``statement`` -1."""

    level: int
    statement: int
    text: str


@dataclass(frozen=True, slots=True)
class Strata:
    """The level of each taking, counted from 1, and the stratum of each statement."""

    levels: tuple[int, ...]
    of: tuple[int, ...]

    @property
    def top(self) -> int:
        """The number of tapes, which is the stratum behind all of them."""
        return max(self.levels, default=0)

    def order(self) -> list[int]:
        """The statements in the order in which they come."""
        return sorted(range(len(self.of)), key=lambda index: (self.of[index], index))


def find_strata(
    count: int, takings: Sequence[Taking], late: bool = False, steady: Set[int] = frozenset()
) -> Strata:
    """The strata of ``count`` statements. Raises ``Tangled``.

    What no gradient needs stays behind what it followed, or else with ``late`` behind all tapes; but ``steady``
    statements, and what they need is among them, keep the order that they have.
    """
    levels = _levels(takings)
    top = max(levels, default=0)
    of: list[int] = []
    for index in range(count):
        needing = [level - 1 for taking, level in zip(takings, levels, strict=True) if index in taking.behind]
        own = [level for taking, level in zip(takings, levels, strict=True) if taking.statement == index]
        if needing:
            of.append(min(needing))
        elif index in steady:
            of.append(max([0, *own, *(stratum for other, stratum in enumerate(of) if other in steady)]))
        else:
            of.append(top if late else max([0, *own, *of]))
    return Strata(tuple(levels), tuple(of))


def _levels(takings: Sequence[Taking]) -> list[int]:
    found: dict[int, int] = {}

    def level(number: int, above: frozenset[int]) -> int:
        if number in above:
            raise Tangled
        if number not in found:
            behind = takings[number].behind
            inner = [i for i, other in enumerate(takings) if other.statement in behind]
            found[number] = 1 + max((level(i, above | {number}) for i in inner), default=0)
        return found[number]

    return [level(number, frozenset()) for number in range(len(takings))]
