"""A comparison in lines for people."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tf2migrate.verify.values import Comparison, SiteComparison, ValueComparison, Verdict

_DETAIL_LINES = 8


def describe(name: str, comparison: Comparison, rtol: float, atol: float) -> Iterator[str]:
    """First the verdict on the program ``name``, then its sites, notes and what went wrong."""
    match comparison.verdict:
        case Verdict.SAME:
            sites = _count(len(comparison.sites), "site")
            yield f"{name}: same: {_count(comparison.runs, 'run')} of {sites} agree"
        case Verdict.DIFFERENT:
            yield f"{name}: different" + (f": {comparison.problem}" if comparison.problem else "")
        case Verdict.NOT_RUN:
            yield f"{name}: could not be compared: {comparison.problem}"
    if comparison.verdict is not Verdict.NOT_RUN:
        for site in comparison.sites:
            yield from _site(site, rtol, atol)
    for note in comparison.notes:
        yield f"  note: {note}"
    for line in comparison.details.splitlines()[-_DETAIL_LINES:]:
        yield f"    {line}"


def _site(site: SiteComparison, rtol: float, atol: float) -> Iterator[str]:
    place = f" {site.place}" if site.place else ""
    head = f"  site {site.number}{place}: {_count(site.runs, 'run')}"
    if not site.values and not site.fault:
        yield f"{head}, only ops fetched"
        return
    if site.ok:
        yield f"{head}, {_count(sum(v.compared for v in site.values), 'number')} agree{_worst(site)}"
        lost = [value.lost_from for value in site.values if value.lost_from is not None]
        if lost:
            yield f"    from run {min(lost)} on the original does not repeat itself: not compared"
        strays = [value.strays_from for value in site.values if value.strays_from is not None]
        if strays:
            start = min(strays)
            yield f"    from run {start} on rounding grows, as it does in the original: compared by that"
        return
    yield f"{head}: DIFFERENT" + (f": {site.fault}" if site.fault else "")
    for value in site.values:
        yield f"    value {value.position}: {_value(value, rtol, atol)}"


def _worst(site: SiteComparison) -> str:
    worst = max(value.worst_relative for value in site.values)
    return f" (worst relative difference {worst:.1e})" if worst else ""


def _value(value: ValueComparison, rtol: float, atol: float) -> str:
    if value.fault:
        return value.fault
    differences = f"worst difference {value.worst_absolute:.2g} absolute, {value.worst_relative:.2g} relative"
    if value.first_beyond is None:
        return f"{value.compared} compared, agrees; {differences}"
    if math.isinf(value.worst_absolute):
        differences = "not finite on one side, or another text"
    said = f"beyond rtol {rtol:g}, atol {atol:g} from run {value.first_beyond} on; {differences}"
    if value.first_beyond > 20 and value.worst_relative < 0.1:
        said += "; it agreed until then: rounding may have grown"
    return f"{value.compared} compared, {said}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
