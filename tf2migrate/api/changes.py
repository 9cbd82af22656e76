"""The tables written by hand: what became of TF1 symbols, and which have no counterpart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tf2migrate.api.calls_model import Refused

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
    """Why the symbol with that canonical name has no counterpart: the most exact row of the table."""
    exact, beginnings = _refusals()
    row = exact.get(name)
    if row is None:
        fitting = [beginning for beginning in beginnings if name.startswith(beginning)]
        if not fitting:
            return None
        row = beginnings[max(fitting, key=len)]
    code, reason, advice = row
    return Refused(f"`{spelled}`: {reason}", advice, code)


def refused_by_name(name: str) -> bool:
    """Whether the table names this very symbol."""
    return name in _refusals()[0]


@cache
def changes() -> dict[str, Respelling | Template]:
    """All rows of `changes.tsv`, by canonical name."""
    rows: dict[str, Respelling | Template] = {}
    for line in _rows("changes.tsv"):
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


@cache
def _refusals() -> tuple[dict[str, tuple[str, str, str]], dict[str, tuple[str, str, str]]]:
    exact: dict[str, tuple[str, str, str]] = {}
    beginnings: dict[str, tuple[str, str, str]] = {}
    for line in _rows("refusals.tsv"):
        pattern, code, reason, advice = line.split("\t")
        (beginnings if pattern.endswith("*") else exact)[pattern.rstrip("*")] = (code, reason, advice)
    return exact, beginnings


def _rows(file: str) -> list[str]:
    return (_DATA / file).read_text(encoding="utf-8").splitlines()[1:]
