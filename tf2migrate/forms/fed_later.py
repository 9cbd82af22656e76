"""Runs further down that take the feed which branches of the host have chosen.

``if turn == 0: feed = {x: a}``, ``else: feed = {x: a, state: last}`` chose for the run behind them and for
``sess.run(score, feed)`` later on. Where the answer to the question is the same there, it may be asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.graph.staging import RunSite
from tf2migrate.names.bindings import all_reads, bindings, changed_names
from tf2migrate.names.tree import walk, walk_own


@dataclass(frozen=True, slots=True)
class Later:
    """A branch that chooses a feed, the name of the feed, and the lines further down that run with it."""

    branch: cst.If
    name: str
    lines: tuple[cst.SimpleStatementLine, ...]


def find_later(
    tree: cst.Module, found: dict[int, cst.SimpleStatementLine], unclear: Sequence[RunSite]
) -> list[Later]:
    """The branches of ``found`` whose feeds later lines of their block run with as well."""
    out: list[Later] = []
    feeds = {id(site.feed_expression): site for site in unclear}
    for scope in walk(tree):
        if not isinstance(scope, cst.Module | cst.FunctionDef):
            continue
        body = scope if isinstance(scope, cst.Module) else scope.body
        for block in walk_own(body):
            if not isinstance(block, cst.Module | cst.IndentedBlock):
                continue
            for at, branch in enumerate(block.body):
                line = found.get(id(branch))
                if line is not None and isinstance(branch, cst.If):
                    later = _later(tree, body, branch, line, list(block.body[at + 2 :]), feeds)
                    out += [later] if later is not None else []
    return out


def sides_of(branch: cst.If) -> Iterator[cst.BaseSuite | None]:
    """What a branch may do; None where it may do nothing."""
    yield branch.body
    match branch.orelse:
        case cst.If() as further:
            yield from sides_of(further)
        case cst.Else(body=body):
            yield body
        case _:
            yield None


def _later(
    tree: cst.Module,
    scope: cst.CSTNode,
    branch: cst.If,
    line: cst.SimpleStatementLine,
    rest: list[cst.BaseStatement],
    feeds: dict[int, RunSite],
) -> Later | None:
    """The lines of ``rest`` that run with what a branch chose, where nothing else reads or changes that."""
    name = next(cast(cst.Name, f.feed_expression).value for f in feeds.values() if _holds(line, f.expression))
    lines = [s for each in rest for s in _lines(each) if any(n.value == name for n in all_reads(s))]
    known = {id(node) for each in (line, *lines) for node in walk(each) if id(node) in feeds}
    sides = sum(1 for _ in sides_of(branch))
    if not lines or any(id(n) not in known for n in all_reads(scope) if n.value == name):
        return None
    if [bound for bound, _ in bindings(scope)].count(name) != sides or name in changed_names(scope, lambda base: True):
        return None
    return Later(branch, name, tuple(lines)) if _is_steady(tree, branch, [line, *rest]) else None


def _is_steady(tree: cst.Module, branch: cst.If, rest: Sequence[cst.CSTNode]) -> bool:
    """Whether the questions of a branch have the same answers behind it: they compare names that stay with numbers."""
    asked = branch
    names: set[str] = set()
    while True:
        if not _compares(asked.test):
            return False
        names |= {n.value for n in all_reads(asked.test)}
        if not isinstance(asked.orelse, cst.If):
            break
        asked = asked.orelse
    bound = {name for part in (*_bodies(branch), *rest) for name, _ in bindings(part)}
    elsewhere = {n for f in walk(tree) if isinstance(f, cst.Global | cst.Nonlocal) for n in _declared(f)}
    return not names & (bound | elsewhere)


def _compares(test: cst.BaseExpression) -> bool:
    """``turn == 0``, ``last is None``: what no change of an object answers otherwise."""
    match test:
        case cst.Comparison(left=cst.Name(), comparisons=[cst.ComparisonTarget(comparator=other)]):
            return isinstance(other, cst.Integer | cst.Float) or (isinstance(other, cst.Name) and other.value == "None")
    return False


def _declared(node: cst.Global | cst.Nonlocal) -> set[str]:
    return {item.name.value for item in node.names}


def _bodies(branch: cst.If) -> list[cst.BaseSuite]:
    return [side for side in sides_of(branch) if side is not None]


def _holds(line: cst.CSTNode, expression: cst.CSTNode) -> bool:
    return any(node is expression for node in walk(line))


def _lines(statement: cst.CSTNode) -> Iterator[cst.SimpleStatementLine]:
    """The lines of a statement, also of blocks in it."""
    return (node for node in walk_own(statement) if isinstance(node, cst.SimpleStatementLine))

