"""Runs whose feeds are chosen by the host, each branch another dict, are run in the branches.

``if first: feed = {x: a}``, ``else: feed = {x: a, state: last}`` and ``sess.run(out, feed)`` behind both is a run with
one feed in the first branch and another one in the second: an equivalent TensorFlow 1 program. For runs further down,
each branch has a name of its own for its feed, and the same question chooses among them again: see ``fed_later.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import libcst as cst

from tf2migrate.forms.fed_later import Later, find_later, sides_of
from tf2migrate.forms.traced import Left, Renamed, Traced, edited, fresh
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Mapping
from tf2migrate.names.bindings import bindings
from tf2migrate.names.free import take_name
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
        return _Moving(module, found, find_later(module.tree, found, unclear), builder) if found else None

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
    return len(names) == 1 and all(_makes_dict(side, *names) for side in sides_of(branch))


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
    """Puts the runs at the ends of the branches, and the branches around runs further down."""

    def __init__(
        self,
        module: Module,
        found: dict[int, cst.SimpleStatementLine],
        later: list[Later],
        builder: cst.FunctionDef | None,
    ) -> None:
        super().__init__(module, builder)
        self.found = found
        self.gone = {id(line) for line in found.values()}
        self.further: dict[int, cst.SimpleStatementLine] = {}
        taken = {n.value for n in walk(module.tree) if isinstance(n, cst.Name)}
        # By the side of a branch: the name of its feed there, and the name that it gets.
        self.names: dict[int, dict[str, cst.BaseExpression]] = {}
        self.chosen: dict[int, Later] = {}
        for each in later:
            self.chosen |= {id(line): each for line in each.lines}
            for side in list(sides_of(each.branch))[1:]:
                self.names[id(side)] = {each.name: cst.Name(take_name(each.name, taken))}

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.If):
            line = self.found.get(id(node)) or self.further.get(id(node))
            if line is not None and isinstance(node.orelse, cst.If):
                self.further[id(node.orelse)] = line
        return super().on_visit(node)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.chosen and isinstance(made, cst.SimpleStatementLine):
            branch = self.again(self.chosen[id(original)].branch, made.with_changes(leading_lines=()))
            return branch.with_changes(leading_lines=made.leading_lines)
        line = self.found.get(id(original)) or self.further.get(id(original))
        if line is None or not isinstance(made, cst.If) or not isinstance(original, cst.If):
            return made
        orelse = made.orelse
        if isinstance(orelse, cst.Else) and isinstance(original.orelse, cst.Else):
            orelse = orelse.with_changes(body=self.extended(original.orelse.body, orelse.body, line))
        return made.with_changes(body=self.extended(original.body, made.body, line), orelse=orelse)

    def extended(
        self, side: cst.BaseSuite, body: cst.BaseSuite, line: cst.SimpleStatementLine
    ) -> cst.BaseSuite:
        whole = body.with_changes(body=[*body.body, fresh(line, self)])
        return cast(cst.BaseSuite, self.renamed(side, whole))

    def renamed(self, side: cst.BaseSuite, node: cst.CSTNode) -> cst.CSTNode:
        """A node with the name that one side of a branch has for its feed."""
        names = self.names.get(id(side))
        return cast(cst.CSTNode, node.visit(Renamed(names, self))) if names else node

    def again(self, branch: cst.If, line: cst.SimpleStatementLine) -> cst.If:
        """The same question around a statement, with the feed of each side."""
        orelse: cst.If | cst.Else | None = None
        match branch.orelse:
            case cst.If() as further:
                orelse = self.again(further, line)
            case cst.Else(body=side):
                orelse = cst.Else(cst.IndentedBlock([self.copied(side, line)]))
        body = cst.IndentedBlock([self.copied(branch.body, line)])
        made = cst.If(fresh(branch.test, self), body, orelse, whitespace_before_test=branch.whitespace_before_test)
        self.trace(branch, made)
        return made

    def copied(self, side: cst.BaseSuite, line: cst.SimpleStatementLine) -> cst.BaseStatement:
        return cast(cst.BaseStatement, self.renamed(side, fresh(line, self)))
