"""Statements that make variables and compute with them, told apart: which half each of them belongs to.

Those of a loop are parted by ``loop_halves.py``, those of a branch by ``branch_halves.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import (
    Class,
    Const,
    Function,
    Instance,
    Node,
    Scope,
    Sequence,
    Symbol,
    Value,
    nodes_in,
)
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.tree import walk
from tf2migrate.plan.facts import is_fed
from tf2migrate.plan.keepers import keeps_state_only
from tf2migrate.plan.region import Atom, Region

CONDITIONAL = (cst.Lambda, cst.IfExp, cst.BooleanOperation, cst.BaseComp)


class Whole(Exception):
    """The loop or branch cannot be parted."""


@dataclass(slots=True)
class Parts:
    """What a block becomes: the statements that make state, and those that compute; ``host`` may go to both."""

    first: list[cst.CSTNode] = field(default_factory=list)
    second: list[cst.CSTNode] = field(default_factory=list)
    host: list[cst.CSTNode] = field(default_factory=list)


class Halves:
    """A statement of the body that builds the graph, with the statements in it told apart. Raises ``Whole``.

    A branch that does some of both is parted as well: ``branches`` are those, which are ``around`` their statements.
    """

    def __init__(self, staging: Staging, region: Region, atom: Atom, taken: set[str]) -> None:
        self.staging = staging
        self.region = region
        self.atom = atom
        self.halves = Parts()
        self.taken = taken
        self.extracted: dict[int, str] = {}
        """What the variables are called that a statement makes and computes with, by their calls."""
        self.branches: set[int] = set()
        self.around: dict[int, int] = {}

    def sort(self, body: cst.BaseSuite) -> None:
        for statement in body.body:
            match statement:
                case cst.SimpleStatementLine(body=[small]):
                    self.sort_simple(statement, small)
                case cst.With(items=items, body=inner) if all(self.is_scope(item.item) for item in items):
                    self.sort(inner)
                case cst.If() if self.is_mixed(statement):
                    self.branches.add(id(statement))
                    self.sort_branch(statement)
                case cst.If() | cst.For() if not self.makers(statement):
                    computing = self.computes(statement)
                    (self.halves.second if computing else self.halves.host).append(statement)
                case _:
                    raise Whole

    def is_mixed(self, statement: cst.If) -> bool:
        """Whether a branch without state has statements that compute, and others, and may be decided twice."""
        inner = list(branches_of(statement))
        plain = all(isinstance(s, cst.SimpleStatementLine) and len(s.body) == 1 for s in inner)
        tests = [s.test for s in chain(statement)]
        bound = {name for s in inner for name, _ in bindings(s)}
        steady = not any(isinstance(n, cst.Call | cst.NamedExpr) for t in tests for n in walk(t))
        steady = steady and not bound & {n.value for t in tests for n in names_read(t)}
        computing = [self.computes(s) for s in inner]
        return plain and steady and not self.makers(statement) and any(computing) and not all(computing)

    def sort_branch(self, statement: cst.If) -> None:
        for inner in branches_of(statement):
            line = cast(cst.SimpleStatementLine, inner)
            self.around[id(line)] = id(statement)
            self.sort_simple(line, line.body[0])

    def is_scope(self, item: cst.BaseExpression) -> bool:
        values = self.staging.values_of(item)
        return bool(values) and all(isinstance(v, Scope) for v in values)

    def sort_simple(self, line: cst.SimpleStatementLine, small: cst.BaseSmallStatement) -> None:
        makers = self.makers(line)
        value = getattr(small, "value", None)
        if makers and len(makers) == 1 and makers[0] is value and isinstance(small, cst.Assign):
            if len(small.targets) != 1 or not isinstance(small.targets[0].target, cst.Name):
                raise Whole
            self.halves.first.append(line)
        elif makers:
            if any(isinstance(n, CONDITIONAL) for n in walk(line)) or not isinstance(small, cst.Assign | cst.AugAssign):
                raise Whole
            for call in makers:
                self.extracted[id(call)] = self.fresh(name_for(self.staging, call))
            self.halves.first.append(line)
            self.halves.second.append(line)
        elif self.computes(line):
            self.halves.second.append(line)
        elif self.keeps_state(small):
            self.halves.first.append(line)
        elif any(isinstance(v, Node) for node in walk(line) for v in self.values(node)):
            raise Whole
        else:
            self.halves.host.append(line)

    def makers(self, node: cst.CSTNode) -> list[cst.Call]:
        """The calls that make a variable, in the order of the source."""
        out: list[cst.Call] = []
        made = {id(n.expression) for n in self.atom.nodes if n.kind == "variable"}
        for call in walk(node):
            if not isinstance(call, cst.Call):
                continue
            values = self.values(call)
            helper = any(isinstance(v, Function) for v in self.values(call.func))
            if self.constructs(call):
                out.append(call)
            elif id(call) in made or (helper and any(isinstance(v, Node) and v.kind == "variable" for v in values)):
                if not values or not all(isinstance(v, Node) and v.kind == "variable" for v in values):
                    raise Whole
                if len({id(v) for v in values}) != len(values) or any(call in walk(other) for other in out):
                    raise Whole
                out.append(call)
            elif helper and any(n.kind == "variable" for v in values for n in nodes_in(v)):
                raise Whole
        return out

    def constructs(self, call: cst.Call) -> bool:
        """Whether a call makes an object that keeps variables and nothing else of the graph, another one each time."""
        values = self.values(call)
        classes = self.values(call.func)
        if not values or not all(isinstance(v, Class) for v in classes) or not classes:
            return False
        return all(_is_kept(v) for v in values) and len({id(v) for v in values}) == len(values)

    def values(self, node: cst.CSTNode) -> list[Value]:
        seen = self.staging.observations.get(id(node), [])
        return [one.value for one in seen if one.frame is self.region.frame]

    def computes(self, node: cst.CSTNode) -> bool:
        """Whether anything in a statement is a tensor that is fed or computed from variables."""
        return any(
            isinstance(v, Node) and v.kind != "variable" and is_fed(v)
            for inner in walk(node)
            for v in self.values(inner)
        )

    def keeps_state(self, small: cst.BaseSmallStatement) -> bool:
        """``weights.append(w)``, or ``weights.extend(layer.weights)``."""
        match small:
            case cst.Expr(
                value=cst.Call(
                    func=cst.Attribute(attr=cst.Name(value="append" | "extend")), args=[cst.Arg(value=value)]
                )
            ):
                values = self.values(value)
                return bool(values) and all(_is_kept(v) for v in values)
        return False

    def fresh(self, base: str) -> str:
        return take_name(base, self.taken)


def name_for(staging: Staging, call: cst.Call) -> str:
    """A name for a variable that has none: the one that it is made under, or that of the helper which makes it."""
    func = call.func
    made = any(isinstance(v, Symbol) for v in staging.values_of(func))
    base = "variable" if made else func.attr.value if isinstance(func, cst.Attribute) else getattr(func, "value", "")
    first = call.args[0].value if call.args else None
    given = {v.value for v in staging.values_of(first) if isinstance(v, Const)} if first is not None else set()
    word = given.pop() if len(given) == 1 else None
    return word if isinstance(word, str) and word.isidentifier() else base.strip("_") or "variable"


def _is_kept(value: Value) -> bool:
    """Whether a value is state: a variable, an object that keeps variables alone, or a list of these."""
    if isinstance(value, Sequence):
        return value.exact and bool(value.items) and all(map(_is_kept, value.items))
    if isinstance(value, Instance):
        return keeps_state_only(value) and any(True for _ in nodes_in(value))
    return isinstance(value, Node) and value.kind == "variable"


def chain(statement: cst.If) -> Iterator[cst.If]:
    """An ``if`` with its ``elif`` branches."""
    yield statement
    if isinstance(statement.orelse, cst.If):
        yield from chain(statement.orelse)


def branches_of(statement: cst.If) -> Iterator[cst.CSTNode]:
    """The statements of all branches of an ``if``."""
    for part in chain(statement):
        yield from part.body.body
        if isinstance(part.orelse, cst.Else):
            yield from part.orelse.body.body
