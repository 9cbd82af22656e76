"""Loops and branches that make variables and compute with them in one pass become two.

The first loop makes the variables and keeps them in lists, the second goes through the lists and computes. Both go
through what the loop went through, so the result is an equivalent TensorFlow 1 program, in which state and computation
are apart, see ``forms/shapes.py``. A branch becomes two on the same condition. One of which this cannot be shown stays
as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst

from tf2migrate.forms.branch_halves import BranchHalves
from tf2migrate.forms.halves import Halves, Whole
from tf2migrate.forms.loop_halves import LoopHalves
from tf2migrate.forms.traced import Left, Traced, fresh
from tf2migrate.graph.staging import Staging
from tf2migrate.names.attributes import name_node
from tf2migrate.names.negation import negated
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import walk
from tf2migrate.plan.region import find_region

KINDS: dict[type[cst.CSTNode], type[Halves]] = {cst.For: LoopHalves, cst.If: BranchHalves}


def parted_loops(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """The modules with the loops and branches of the body that builds the graph parted; None when there is none."""
    region = find_region(staging)
    if region is None:
        return None
    taken = {n.value for module in modules for n in walk(module.tree) if isinstance(n, cst.Name)}
    found: dict[cst.CSTNode, Halves] = {}
    for atom in region.atoms:
        kind = next((k for form, k in KINDS.items() if isinstance(atom.statement, form)), None)
        if kind is not None and not atom.runs:
            try:
                found[atom.statement] = kind(staging, region, atom, taken)
            except Whole:
                continue
    if not found:
        return None
    lists = {name for loop in found.values() if isinstance(loop, LoopHalves) for name in loop.state.values()}
    split = {a.statement for a in region.atoms if lists & set(a.binds) and len(a.binds) > 1}
    return [_Parter(m, found, split).apply(m) if m.key == region.module.key else m for m in modules]


class _Parter(Traced):
    """Puts the two loops or branches where the one stood."""

    def __init__(self, module: Module, found: dict[cst.CSTNode, Halves], split: set[cst.CSTNode]) -> None:
        super().__init__(module)
        self.found = found
        self.split = split
        self.code = module.tree.code_for_node
        self.dotted = {n.value for n in walk(module.tree) if isinstance(n, cst.Name) and "." in n.value}
        self.calls = {key: name for loop in found.values() for key, name in loop.extracted.items()}
        self.made: dict[int, cst.BaseExpression] = {}
        self.updated: dict[int, cst.CSTNode] = {}
        self.inside = {id(n) for loop in found for n in walk(loop)}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.calls:
            self.made[id(original)] = cast(cst.BaseExpression, made)
            name = cst.Name(self.calls[id(original)])
            self.trace(original, name)
            return name
        if id(original) in self.inside:
            self.updated[id(original)] = made
        if original in self.split and isinstance(made, cst.SimpleStatementLine):
            return cst.FlattenSentinel(self.apart(made))
        match self.found.get(original), made:
            case LoopHalves() as loop, cst.For():
                return cst.FlattenSentinel(self.parted(loop, made))
            case BranchHalves() as branch, cst.If():
                return cst.FlattenSentinel(self.decided_twice(branch))
        return made

    def decided_twice(self, halves: BranchHalves) -> Iterator[cst.BaseStatement]:
        """The branch that makes the variables, and the one that computes with them."""
        for wanted, first in ((halves.halves.first, True), (halves.halves.second, False)):
            made = self.branch(halves, halves.statement, wanted, first)
            assert made is not None
            yield made if first else made.with_changes(leading_lines=())

    def apart(self, line: cst.SimpleStatementLine) -> list[cst.SimpleStatementLine]:
        """``weights, outputs = [], []`` as two statements: one list is of the state, the other of the computation."""
        match line.body:
            case [cst.Assign(targets=[cst.AssignTarget(target=cst.Tuple() as names)], value=cst.Tuple() as values)]:
                pairs = [(n.value, v.value) for n, v in zip(names.elements, values.elements, strict=False)]
                made = [self.statement(f"{self.code(n)} = {self.code(v)}\n", line) for n, v in pairs]
                made[0] = made[0].with_changes(leading_lines=line.leading_lines)
                return made
        return [line]

    def parted(self, loop: LoopHalves, made: cst.For) -> Iterator[cst.BaseStatement]:
        lines = made.leading_lines
        for name in loop.lists:
            start = self.statement(f"{name} = []\n", loop.loop)
            yield start.with_changes(leading_lines=lines)
            lines = ()
        appends = [
            self.statement(f"{kept}.append({name})\n", loop.loop)
            for name, kept in loop.state.items()
            if kept in loop.lists
        ]
        first = self.half(loop, loop.loop.body, loop.halves.first, True)
        creating = made.with_changes(body=cst.IndentedBlock([*first, *appends]), leading_lines=lines)
        self.trace(loop.loop, creating)
        yield creating
        head = cast(cst.For, self.statement(f"for {loop.header(self.code)}:\n    pass\n", loop.loop))
        second = self.half(loop, loop.loop.body, loop.halves.second, False)
        computing = head.with_changes(body=cst.IndentedBlock(second))
        self.trace(loop.loop, computing)
        yield computing

    def half(
        self, loop: Halves, body: cst.BaseSuite, wanted: list[cst.CSTNode], first: bool
    ) -> list[cst.BaseStatement]:
        """The statements of one half, in their order, in the scopes that they stood in."""
        out: list[cst.BaseStatement] = []
        for statement in body.body:
            if isinstance(statement, cst.With):
                inner = self.half(loop, statement.body, wanted, first)
                if not first:
                    # A scope only names what is computed in it.
                    out += inner
                elif inner:
                    block = cast(cst.With, self.updated[id(statement)]).with_changes(body=cst.IndentedBlock(inner))
                    self.trace(statement, block)
                    out.append(block)
            elif isinstance(statement, cst.If) and id(statement) in loop.branches:
                branch = self.branch(loop, statement, wanted, first)
                out += [branch] if branch is not None else []
            elif statement in wanted:
                both = first and statement in loop.halves.second and statement not in loop.halves.host
                out += self.extractions(loop, statement) if both else [self.copy(statement, first)]
        return out

    def branch(self, loop: Halves, statement: cst.If, wanted: list[cst.CSTNode], first: bool) -> cst.If | None:
        """What one half has of a branch; None where that is nothing."""
        body = self.half(loop, statement.body, wanted, first)
        orelse: cst.If | cst.Else | None = None
        if isinstance(statement.orelse, cst.If):
            orelse = self.branch(loop, statement.orelse, wanted, first)
        elif statement.orelse is not None:
            inner = self.half(loop, statement.orelse.body, wanted, first)
            orelse = cst.Else(cst.IndentedBlock(inner)) if inner else None
        if not body and orelse is None:
            return None
        made = cast(cst.If, self.copy(statement, first))
        if not body and isinstance(orelse, cst.Else):
            made = made.with_changes(test=fresh(negated(made.test), self), body=orelse.body, orelse=None)
        else:
            empty = self.statement("pass\n", statement)
            made = made.with_changes(body=cst.IndentedBlock(body or [empty]), orelse=orelse)
        self.trace(statement, made)
        return made

    def copy(self, statement: cst.CSTNode, first: bool) -> cst.BaseStatement:
        """A statement for one half; one that goes to both must not be one object in two places."""
        made = cast(cst.BaseStatement, self.updated[id(statement)])
        if first:
            return made
        return fresh(made, self)

    def extractions(self, loop: Halves, statement: cst.CSTNode) -> list[cst.BaseStatement]:
        out: list[cst.BaseStatement] = []
        for call in loop.makers(statement):
            target = cst.AssignTarget(cst.Name(loop.extracted[id(call)]))
            line = cst.SimpleStatementLine([cst.Assign([target], self.made[id(call)])])
            self.trace(statement, line)
            out.append(line)
        return out

    def statement(self, text: str, source: cst.CSTNode) -> cst.SimpleStatementLine:
        made = cast(cst.SimpleStatementLine, cst.parse_statement(text, config=self.config).visit(_Dotted(self.dotted)))
        for node in walk(made):
            self.trace(source, node)
        return made


class _Dotted(cst.CSTTransformer):
    """Attributes that count as names of the body are names in new statements as well."""

    def __init__(self, dotted: set[str]) -> None:
        super().__init__()
        self.dotted = dotted

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        name = dotted_name(updated_node)
        return name_node(name) if name in self.dotted else updated_node
