"""Runs whose feeds are chosen by the host, each branch another dict, are run in the branches.

``if first: feed = {x: a}``, ``else: feed = {x: a, state: last}`` and ``sess.run(out, feed)`` behind both is a run with
one feed in the first branch and another one in the second: an equivalent TensorFlow 1 program.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited, fresh
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Mapping
from tf2migrate.names.bindings import bindings
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk

LEAVING = (cst.Return, cst.Raise, cst.Break, cst.Continue)


def fed_by_branches(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such runs in the branches; None where all feeds are known."""
    unclear = [site for site in staging.runs if _is_unclear(site)]
    if not unclear:
        return None

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        found = {id(branch): line for branch, line in _pairs(module.tree) if _decides(branch, line, unclear)}
        return _Moving(module, found, builder) if found else None

    return edited(modules, builder, edit)


def _is_unclear(site: RunSite) -> bool:
    known = site.feeds is None or (isinstance(site.feeds, Mapping) and site.feeds.exact)
    return not known and isinstance(site.feed_expression, cst.Name)


def _pairs(tree: cst.Module) -> Iterator[tuple[cst.If, cst.SimpleStatementLine]]:
    """Branches of the host, each with the statement behind it."""
    for block in walk(tree):
        if isinstance(block, cst.Module | cst.IndentedBlock):
            for first, second in pairwise(block.body):
                if isinstance(first, cst.If) and isinstance(second, cst.SimpleStatementLine):
                    yield first, second


def _decides(branch: cst.If, line: cst.SimpleStatementLine, unclear: list[RunSite]) -> bool:
    """Whether the statement runs what each side of the branch has made a dict for."""
    inside = {id(node) for node in walk(line)}
    names = {
        cast(cst.Name, site.feed_expression).value for site in unclear if id(site.expression) in inside
    }
    return len(names) == 1 and all(_makes_dict(side, *names) for side in _sides(branch))


def _sides(branch: cst.If) -> Iterator[cst.BaseSuite | None]:
    """What may be done; None where nothing may be."""
    yield branch.body
    match branch.orelse:
        case cst.If() as further:
            yield from _sides(further)
        case cst.Else(body=body):
            yield body
        case _:
            yield None


def _makes_dict(side: cst.BaseSuite | None, name: str) -> bool:
    """Whether these statements go on to their end and bind a name once, to a dict that is written out."""
    if not isinstance(side, cst.IndentedBlock) or any(isinstance(node, LEAVING) for node in walk(side)):
        return False
    made = [
        small.value
        for line in side.body
        if isinstance(line, cst.SimpleStatementLine)
        for small in line.body
        if isinstance(small, cst.Assign) and any(found == name for found, _ in bindings(small))
    ]
    bound = [found for found, _ in bindings(side)].count(name)
    return bound == 1 and len(made) == 1 and isinstance(made[0], cst.Dict)


class _Moving(Traced):
    """Puts the runs at the ends of the branches."""

    def __init__(
        self, module: Module, found: dict[int, cst.SimpleStatementLine], builder: cst.FunctionDef | None
    ) -> None:
        super().__init__(module, builder)
        self.found = found
        self.gone = {id(line) for line in found.values()}
        self.further: dict[int, cst.SimpleStatementLine] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.If):
            line = self.found.get(id(node)) or self.further.get(id(node))
            if line is not None and isinstance(node.orelse, cst.If):
                self.further[id(node.orelse)] = line
        return super().on_visit(node)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        line = self.found.get(id(original)) or self.further.get(id(original))
        if line is None or not isinstance(made, cst.If):
            return made
        orelse = made.orelse
        if isinstance(orelse, cst.Else):
            orelse = orelse.with_changes(body=self.extended(orelse.body, line))
        return made.with_changes(body=self.extended(made.body, line), orelse=orelse)

    def extended(self, body: cst.BaseSuite, line: cst.SimpleStatementLine) -> cst.BaseSuite:
        return body.with_changes(body=[*body.body, fresh(line, self)])
