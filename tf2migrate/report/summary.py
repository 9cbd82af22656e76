"""How far the programs of a run came, and what kept the others back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tf2migrate.findings import Finding
from tf2migrate.migrate import Level, Program
from tf2migrate.report.outcome import Outcome
from tf2migrate.report.style import PLAIN, Style, visible
from tf2migrate.rules import rule

_DONE = (Level.CLEAN, Level.NATIVE)


def summary(outcome: Outcome, style: Style = PLAIN) -> str:
    """The levels with their counts, then the reasons why programs are not native, most frequent first."""
    lines = [_levels(outcome.programs, style)]
    rest = [program for program in outcome.programs if program.level not in _DONE]
    reasons = _reasons(rest)
    if reasons:
        lines.append(f"why {_count(len(rest), 'program is', 'programs are')} not native:")
        lines += reasons
    fixed = sum(finding.fixed for finding in outcome.findings)
    if fixed:
        lines.append(f"{_count(fixed, 'finding is', 'findings are')} fixed by the rewrite")
    unread = sum(problem.is_defect for problem in outcome.problems)
    if unread:
        lines.append(style.red(f"{_count(unread, 'file', 'files')} could not be read, parsed or written"))
    if outcome.crashes:
        lines.append(style.red(f"{_count(len(outcome.crashes), 'internal error', 'internal errors')}"))
    return "\n".join(lines) + "\n"


def tally(outcome: Outcome, style: Style = PLAIN) -> str:
    """One line: how many findings there are, and how many of them the rewrite removes."""
    findings = outcome.findings
    if not findings:
        return f"{style.green('no findings')} in {_count(len(outcome.files), 'file', 'files')}\n"
    fixed = sum(finding.fixed for finding in findings)
    paths = len({finding.path for finding in findings})
    more = f"; `tf2migrate fix` removes {fixed} [*]" if fixed else ""
    return f"{_count(len(findings), 'finding', 'findings')} in {_count(paths, 'file', 'files')}{more}\n"


def _levels(programs: Sequence[Program], style: Style) -> str:
    counts = Counter(program.level for program in programs)
    clean = counts.pop(Level.CLEAN, 0)
    if not counts:
        return f"nothing to migrate in {_count(clean, 'program', 'programs')}" if clean else "no program to migrate"
    shown = [_level(level, counts[level], style) for level in Level if counts[level]]
    without = f" (and {clean} without TensorFlow 1)" if clean else ""
    return f"{_count(counts.total(), 'program', 'programs')}: {', '.join(shown)}{without}"


def _level(level: Level, count: int, style: Style) -> str:
    text = f"{count} {level}"
    return style.green(text) if level is Level.NATIVE else text


def _reasons(programs: Sequence[Program]) -> list[str]:
    """One line for each rule that was not satisfied."""
    users: Counter[str] = Counter()
    places: dict[str, set[Finding]] = {}
    for program in programs:
        users.update({finding.code for finding in program.reasons})
        for finding in program.reasons:
            places.setdefault(finding.code, set()).add(finding)
    order = sorted(users, key=lambda code: (-users[code], -len(places[code]), code))
    wide = len(str(max(users.values(), default=0)))
    return [f"  {users[code]:>{wide}}  {code} {_rule_name(code)}: {_where(places[code])}" for code in order]


def _where(findings: set[Finding]) -> str:
    first = min(findings)
    place = f"{visible(first.path)}:{first.line}: {visible(first.message)}"
    return place if len(findings) == 1 else f"{len(findings)} places, the first {place}"


def _rule_name(code: str) -> str:
    known = rule(code)
    return known.name if known else "unknown-rule"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
