"""Which variable of a rewrite is which of the original: the one that had the same values all along.

Names do not tell: TensorFlow 1 has them from scopes, Keras from attributes. Both programs run in the
deterministic world, and a variable is known by what training made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RTOL = 1e-4

Values = Mapping[str, "np.ndarray[Any, Any]"]


@dataclass(frozen=True, slots=True)
class Source:
    """A variable of TensorFlow 1, and what its values are multiplied by."""

    name: str
    factor: float = 1.0
    inferred: bool = False
    """Whether it follows from the names of its neighbours: its values were rounding errors, such as those of a bias
    before a batch normalization, which differ."""


@dataclass(frozen=True, slots=True)
class Identities:
    """The source of each name in the rewrite; ``missing`` have none, ``unclear`` several."""

    sources: dict[str, Source]
    missing: tuple[str, ...] = ()
    unclear: tuple[tuple[str, tuple[str, ...]], ...] = ()


def identities(originals: Sequence[Values], rewrites: Sequence[Values], trained: Values) -> Identities:
    """Pairs the variables by their values at the same moments.

    Where several could be meant, those that ``trained`` holds the same value for are as good as each other.
    """
    first = {name: [moment[name] for moment in originals] for name in originals[0]}
    second = {name: [moment[name] for moment in rewrites] for name in rewrites[0]}
    candidates = {
        name: [other for other, theirs in first.items() if _alike(theirs, mine)] for name, mine in second.items()
    }
    sources = {name: Source(other) for name, other in _settled(candidates).items()}
    taken = {source.name for source in sources.values()}
    left = {name: [o for o in found if o not in taken] for name, found in candidates.items() if name not in sources}
    missing, unclear = [], []
    for name, found in left.items():
        wanting = sum(not set(found).isdisjoint(others) for others in left.values())
        if rewrites[0][name].dtype.kind in "iu":
            found = found or candidates[name]  # Keras counts for itself what TensorFlow 1 counted once
        elif wanting > len(found):
            found = []
        if not found:
            missing.append(name)
        elif all(np.array_equal(trained[found[0]], trained[other]) for other in found):
            sources[name] = Source(found[0])
        else:
            unclear.append((name, tuple(found)))
    sources |= _scaled(_unused(first, sources), {name: second[name] for name in missing})
    open_ones = [name for name in missing if name not in sources]
    sources |= _neighbours(sources, _unused(first, sources), {name: second[name] for name in open_ones})
    return Identities(sources, tuple(name for name in missing if name not in sources), tuple(unclear))


def _unused(first: Mapping[str, Sequence[Any]], sources: Mapping[str, Source]) -> dict[str, Sequence[Any]]:
    taken = {source.name for source in sources.values()}
    return {name: values for name, values in first.items() if name not in taken}


def _neighbours(
    known: Mapping[str, Source], first: Mapping[str, Sequence[Any]], second: Mapping[str, Sequence[Any]]
) -> dict[str, Source]:
    """What the names of paired variables say about the others: as the kernel of a layer, so its bias."""
    found: dict[str, Source] = {}
    for name, values in second.items():
        proposals = {
            Source(other, source.factor, inferred=True)
            for neighbour, source in known.items()
            for other in _renamed(source.name, *_difference(neighbour, name))
            if other in first and first[other][0].shape == values[0].shape and values[0].dtype.kind == "f"
        }
        if len(proposals) == 1:
            found[name] = proposals.pop()
    wanted = [source.name for source in found.values()]
    return {name: source for name, source in found.items() if wanted.count(source.name) == 1}


def _difference(one: str, other: str) -> tuple[str, str]:
    """The one word in which two names differ; nothing if they differ in more."""
    words = list(zip(_words(one), _words(other), strict=False)) if len(_words(one)) == len(_words(other)) else []
    differing = [pair for pair in words if pair[0] != pair[1]]
    return differing[0] if len(differing) == 1 else ("", "")


def _words(name: str) -> list[str]:
    return re.split("[/_]", name)


def _renamed(name: str, old: str, new: str) -> Iterator[str]:
    """The path with one of its parts replaced, if it has that part once."""
    parts = name.split("/")
    if old and parts.count(old) == 1:
        yield "/".join(new if part == old else part for part in parts)


def _scaled(first: Mapping[str, Sequence[Any]], second: Mapping[str, Sequence[Any]]) -> dict[str, Source]:
    """The slots of an optimizer that keeps them in another unit: one factor for all of them.

    Momentum of Keras holds steps, where TensorFlow 1 accumulates gradients.
    """
    sources: dict[str, Source] = {}
    for optimizer in dict.fromkeys(name.partition("/")[0] for name in second):
        slots = {n: v for n, v in second.items() if n.startswith(f"{optimizer}/") and v[0].dtype.kind == "f"}
        factors = {(n, o): _factor(theirs, mine) for n, mine in slots.items() for o, theirs in first.items()}
        for factor in dict.fromkeys(factor for factor in factors.values() if factor):
            fitting = {n: [o for o in first if _near(factors[n, o], factor)] for n in slots}
            settled = _settled(fitting)
            if len(settled) == len(slots):
                sources |= {name: Source(other, factor) for name, other in settled.items()}
                break
    return sources


def _factor(first: Sequence[Any], second: Sequence[Any]) -> float:
    """By what one variable has to be multiplied to be the other at every moment; 0 if there is nothing."""
    if any(one.shape != other.shape or one.dtype.kind != "f" for one, other in zip(first, second, strict=True)):
        return 0.0
    theirs, mine = (np.concatenate([np.ravel(value) for value in values]) for values in (first, second))
    weight = float(np.dot(theirs, theirs)) if theirs.size > 1 else 0.0  # two single numbers always have a factor
    factor = float(np.dot(theirs, mine)) / weight if weight else 0.0
    return factor if _alike([theirs * factor], [mine]) else 0.0


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= RTOL * abs(other)


def _settled(candidates: Mapping[str, list[str]]) -> dict[str, str]:
    """What follows when each variable of the original is that of one in the rewrite, as far as it is certain."""
    sources: dict[str, str] = {}
    while True:
        taken = set(sources.values())
        certain = {
            name: left[0]
            for name, found in candidates.items()
            if name not in sources and len(left := [other for other in found if other not in taken]) == 1
        }
        wanted = list(certain.values())
        fresh = {name: other for name, other in certain.items() if wanted.count(other) == 1}
        if not fresh:
            return sources
        sources |= fresh


def _alike(first: Sequence[Any], second: Sequence[Any]) -> bool:
    """Whether two variables had the same shape and the same values at every moment, up to rounding."""
    for one, other in zip(first, second, strict=True):
        if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
            return False
        if one.dtype.kind not in "fc":
            if not np.array_equal(one, other):
                return False
            continue
        scale = float(np.max(np.abs(one))) if one.size else 0.0
        if not np.all(np.abs(one - other) <= RTOL * scale):
            return False
    return True
