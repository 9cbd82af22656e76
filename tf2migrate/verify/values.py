"""Compares two record files, run by run and value by value."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tf2migrate.verify import records

# A rewrite may differ by this many times what the original differs from itself when nudged ...
SENSITIVITY = 30.0
# ... and where that is more than this part of the numbers, they are not compared.
LOST = 0.02
_KINDS = {
    "b": "booleans",
    "i": "whole numbers",
    "u": "whole numbers",
    "f": "floating-point numbers",
    "c": "complex numbers",
    "text": "strings",
    "other": "another object",
}


class Verdict(enum.StrEnum):
    """What a comparison showed."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class ValueComparison:
    """One value among those that a run of a site returned, over all its runs."""

    position: int  # from 1, in the order of the fetches
    compared: int  # numbers or strings
    worst_absolute: float
    worst_relative: float
    first_beyond: int | None  # the first run of the site, from 1, beyond the tolerance
    fault: str = ""  # a difference of form: shape, kind of number, missing
    strays_from: int | None = None  # the first run beyond the tolerance, but within what rounding does here
    lost_from: int | None = None  # the first run from which on the original itself is too far from itself

    @property
    def ok(self) -> bool:
        return self.first_beyond is None and not self.fault


@dataclass(frozen=True, slots=True)
class SiteComparison:
    """One ``Session.run`` of the original and what replaced it."""

    number: int
    place: str  # where it stands, as far as known
    runs: int
    values: tuple[ValueComparison, ...]
    fault: str = ""

    @property
    def ok(self) -> bool:
        return not self.fault and all(value.ok for value in self.values)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What running a program and its rewrite showed."""

    verdict: Verdict
    sites: tuple[SiteComparison, ...] = ()
    problem: str = ""  # why it is not the same, or could not be run, beyond what the sites say
    notes: tuple[str, ...] = ()
    details: str = ""  # last lines of the standard error behind the problem

    @property
    def ok(self) -> bool:
        return self.verdict is Verdict.SAME

    @property
    def runs(self) -> int:
        return sum(site.runs for site in self.sites)


@dataclass(frozen=True, slots=True)
class Ending:
    """The last frame of a record file, or what is known of a child that left none."""

    why: str  # ok, enough, time, exit, error; killed or crashed without a frame
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Did the program run to its end, or to the end of its budget?"""
        return self.why in ("ok", "enough", "time")


@dataclass(slots=True)
class _Value:
    position: int
    compared: int = 0
    worst_absolute: float = 0.0
    worst_relative: float = 0.0
    first_beyond: int | None = None
    fault: str = ""
    strays_from: int | None = None
    lost_from: int | None = None
    spread: float = 0.0  # how far the nudged original has strayed so far
    scale: float = 0.0  # the largest number so far

    def take(self, run: int, before: _Leaf, after: _Leaf, nudged: _Leaf | None, rtol: float, atol: float) -> None:
        fault = before.unlike(after)
        if nudged is not None and self._stray(run, before, nudged):
            return
        if fault:
            self.fault = self.fault or f"run {run}: {fault}"
            return
        if before.array is None or after.array is None:
            texts = list(zip(before.entry["text"], after.entry["text"], strict=True))
            self.compared += len(texts)
            if any(a != b for a, b in texts):
                self._beyond(run, math.inf, math.inf)
            return
        self.compared += int(before.array.size)
        absolute, relative, within = _differences(before.array, after.array, rtol, atol)
        if not within and absolute <= SENSITIVITY * self.spread:
            self.strays_from = self.strays_from or run
        elif not within:
            self._beyond(run, absolute, relative)
        self.worst_absolute = max(self.worst_absolute, absolute)
        self.worst_relative = max(self.worst_relative, relative)

    def _stray(self, run: int, before: _Leaf, nudged: _Leaf) -> bool:
        """Notes how far the original is from its nudged self; is that too far to compare by?"""
        if before.unlike(nudged):
            self.spread = math.inf
        elif before.array is not None:
            self.spread = max(self.spread, _differences(before.array, nudged.array, 0.0, 0.0)[0])
            self.scale = max(self.scale, _largest(before.array))
        if self.lost_from is None and self.spread > LOST * self.scale:
            self.lost_from = run
        return self.lost_from is not None

    def _beyond(self, run: int, absolute: float, relative: float) -> None:
        if self.first_beyond is None:
            self.first_beyond = run
        self.worst_absolute = max(self.worst_absolute, absolute)
        self.worst_relative = max(self.worst_relative, relative)

    def freeze(self) -> ValueComparison:
        return ValueComparison(
            self.position,
            self.compared,
            self.worst_absolute,
            self.worst_relative,
            self.first_beyond,
            self.fault,
            self.strays_from,
            self.lost_from,
        )


@dataclass(frozen=True, slots=True)
class _Leaf:
    entry: Mapping[str, Any]
    array: Any  # a numpy array, or None for text

    def unlike(self, other: _Leaf) -> str:
        """Why these two cannot be compared number by number."""
        kinds = self.entry["kind"], other.entry["kind"]
        if kinds[0] != kinds[1] and not set(kinds) <= {"i", "u"}:
            return f"{_KINDS[kinds[0]]} in the original, {_KINDS[kinds[1]]} in the rewrite"
        if self.entry["shape"] != other.entry["shape"]:
            return f"shape {self.entry['shape']} in the original, {other.entry['shape']} in the rewrite"
        return ""


@dataclass(slots=True)
class _Site:
    number: int
    runs: int = 0
    values: list[_Value] = field(default_factory=list)
    fault: str = ""

    def take(
        self, before: list[_Leaf], after: list[_Leaf], nudged: list[_Leaf] | None, rtol: float, atol: float
    ) -> None:
        self.runs += 1
        if not before:  # only ops were fetched: nothing was returned that could be used
            return
        if len(before) != len(after):
            said = f"run {self.runs}: {_some(len(before))} in the original, {_some(len(after))} in the rewrite"
            self.fault = self.fault or said
            return
        third: list[_Leaf | None] = [*nudged] if nudged and len(nudged) == len(before) else [None] * len(before)
        for position, (a, b, c) in enumerate(zip(before, after, third, strict=True), 1):
            if len(self.values) < position:
                self.values.append(_Value(position))
            self.values[position - 1].take(self.runs, a, b, c, rtol, atol)

    def freeze(self, places: Mapping[int, str]) -> SiteComparison:
        values = tuple(value.freeze() for value in self.values)
        return SiteComparison(self.number, places.get(self.number, ""), self.runs, values, self.fault)


def _some(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values" if count else "no value"


@dataclass(frozen=True, slots=True)
class Records:
    """What two record files say together."""

    sites: tuple[SiteComparison, ...]
    problem: str
    notes: tuple[str, ...]
    original: Ending
    rewritten: Ending


def compare_records(
    original: Path,
    rewritten: Path,
    rtol: float,
    atol: float,
    places: Mapping[int, str],
    nudged: Path | None = None,
) -> Records:
    """Compares the runs that both files hold, in order, and says where the order parts.

    ``nudged`` is the record of the original run again with its random values changed in their last
    digits: a rewrite may stray as far as rounding takes the original itself.
    """
    before, after = _Reader(original), _Reader(rewritten)
    third = _Reader(nudged) if nudged is not None else None
    sites: dict[int, _Site] = {}
    notes: dict[str, None] = {}
    problem = ""
    while True:
        a, b = before.next_run(), after.next_run()
        if a is None or b is None:
            break
        if a.site != b.site:
            where = _site(a.site, places), _site(b.site, places)
            problem = f"run {before.runs}: {where[0]} in the original, {where[1]} in the rewrite"
            break
        site = sites.setdefault(a.site, _Site(a.site))
        c = third.next_run() if third is not None else None
        if c is None or c.site != a.site:  # it went another way: from here on it says nothing
            third = None
        control = _kept(c.leaves, notes) if third is not None and c is not None else None
        site.take(_kept(a.leaves, notes), _kept(b.leaves, notes), control, rtol, atol)
        if any(leaf.entry["form"] == "tensor" for leaf in b.leaves):
            notes[f"{_site(a.site, places)} gives tensors where the original gave numpy values"] = None
    before.drain()
    after.drain()
    whole = before.ending.whole and after.ending.whole and "time" not in (before.ending.why, after.ending.why)
    if not problem and whole and before.runs != after.runs:
        problem = f"{before.runs} runs in the original, {after.runs} in the rewrite"
    frozen = tuple(site.freeze(places) for _, site in sorted(sites.items()))
    return Records(frozen, problem, tuple(notes), before.ending, after.ending)


def read_ending(path: Path) -> tuple[int, Ending]:
    """The number of runs in a record file, and its last frame."""
    reader = _Reader(path)
    reader.drain()
    return reader.runs, reader.ending


def _site(number: int, places: Mapping[int, str]) -> str:
    return f"site {number} ({places[number]})" if number in places else f"site {number}"


def _kept(leaves: list[_Leaf], notes: dict[str, None]) -> list[_Leaf]:
    kept = [leaf for leaf in leaves if leaf.entry["kind"] != "summary"]
    if len(kept) != len(leaves):
        notes["serialised summaries are not compared"] = None
    if any(leaf.entry.get("sampled") for leaf in kept):
        notes[f"of values with more than {records.WHOLE} elements, evenly spaced elements are compared"] = None
    return kept


@dataclass(frozen=True, slots=True)
class _Run:
    site: int
    leaves: list[_Leaf]


class _Reader:
    """The runs of a record file; after the last one, how the child ended."""

    def __init__(self, path: Path) -> None:
        self.runs = 0
        self.ending = Ending("crashed")
        self._frames: Iterator[tuple[dict[str, Any], list[Any]]] = (
            records.read(str(path)) if path.exists() else iter(())
        )

    def next_run(self) -> _Run | None:
        for header, arrays in self._frames:
            if "end" in header:
                self.ending = Ending(header["end"], header)
                return None
            leaves = [_Leaf(entry, array) for entry, array in zip(header["values"], arrays, strict=True)]
            self.runs += 1
            return _Run(header["site"], leaves)
        return None

    def drain(self) -> None:
        """Reads on to the end."""
        while self.next_run() is not None:
            pass


def _largest(array: Any) -> float:
    import numpy

    finite = numpy.abs(array[numpy.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def _differences(before: Any, after: Any, rtol: float, atol: float) -> tuple[float, float, bool]:
    """Worst absolute and relative difference, and whether all are within the tolerance."""
    import numpy

    if not before.size:
        return 0.0, 0.0, True
    wide = numpy.complex128 if before.dtype.kind == "c" else numpy.float64
    a, b = before.astype(wide), after.astype(wide)
    with numpy.errstate(all="ignore"):
        same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
        gap = numpy.where(same, 0.0, numpy.abs(a - b))
        gap = numpy.where(numpy.isnan(gap), numpy.inf, gap)
        size = numpy.abs(a)
        within = same | (numpy.isfinite(gap) & (gap <= atol + rtol * size))
        # A relative difference says nothing where the absolute one is within its own tolerance.
        relative = numpy.where(same | (gap <= atol), 0.0, gap / size)
    relative = numpy.where(numpy.isnan(relative), numpy.inf, relative)
    return float(gap.max()), float(relative.max()), bool(within.all())
