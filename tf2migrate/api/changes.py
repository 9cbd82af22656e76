"""The tables written by hand: what became of TF1 symbols, and which have no counterpart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tf2migrate.api.calls_model import Refused
from tf2migrate.api.replacements import Kind, Replacement
from tf2migrate.api.symbols import table_lines

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Respelling:
    """A call of another function: which parameters have another name, have no meaning any more, or are added.

    `also` are other names that a user may have used for it and that mean the same in TF2.
    """

    target: str
    also: tuple[str, ...]
    renamed: Mapping[str, str]
    dropped: frozenset[str]
    added: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Template:
    """An expression with holes for the arguments (see `call_site.filled`)."""

    text: str


def change(name: str) -> Respelling | Template | None:
    """What became of the symbol with that canonical name."""
    return changes().get(name)


def refusal(name: str, spelled: str) -> Refused | None:
    """Why the symbol with that canonical name has no counterpart that a call alone could become."""
    row = _row(name)
    if row is None:
        return None
    return Refused(f"`{spelled}`: {row.reason}", row.replacement.advice, row.code)


def replaced_by(name: str) -> Replacement | None:
    """What takes the place of a symbol whose calls have no counterpart, as the same row says."""
    row = _row(name)
    return None if row is None else row.replacement


def replacements() -> dict[str, Replacement]:
    """What takes the place of each symbol of the table, and of each beginning of symbols (which ends in `*`)."""
    exact, beginnings = _refusals()
    rows = exact | {f"{beginning}*": row for beginning, row in beginnings.items()}
    return {pattern: row.replacement for pattern, row in rows.items()}


def refused_by_name(name: str) -> bool:
    """Whether the table names this very symbol."""
    return name in _refusals()[0]


@cache
def changes() -> dict[str, Respelling | Template]:
    """All rows of `changes.tsv`, by canonical name."""
    rows: dict[str, Respelling | Template] = {}
    for line in table_lines("changes.tsv"):
        name, kind, target, arguments, _why = line.split("\t")
        rows[name] = Template(target) if kind == "template" else _respelling(target, arguments.split())
    return rows


def _respelling(target: str, words: list[str]) -> Respelling:
    renamed: dict[str, str] = {}
    added: dict[str, str] = {}
    for word in words:
        old, _, new = word.partition("=")
        if old.startswith("+"):
            added[old[1:]] = new
        elif new:
            renamed[old] = new
    names = target.split()
    return Respelling(
        names[0],
        tuple(names[1:]),
        renamed,
        frozenset(word[1:] for word in words if word.startswith("-")),
        added,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    reason: str
    replacement: Replacement


def _row(name: str) -> _Row | None:
    """The most exact row for a symbol."""
    exact, beginnings = _refusals()
    if name in exact:
        return exact[name]
    within = f"{name}."  # a module is what its members are
    fitting = [beginning for beginning in beginnings if within.startswith(beginning)]
    return beginnings[max(fitting, key=len)] if fitting else None


@cache
def _refusals() -> tuple[dict[str, _Row], dict[str, _Row]]:
    exact: dict[str, _Row] = {}
    beginnings: dict[str, _Row] = {}
    for line in table_lines("refusals.tsv"):
        pattern, code, reason, kind, target = [*line.split("\t"), ""][:5]
        row = _Row(code, reason, Replacement(Kind(kind), target))
        (beginnings if pattern.endswith("*") else exact)[pattern.rstrip("*")] = row
    return exact, beginnings


