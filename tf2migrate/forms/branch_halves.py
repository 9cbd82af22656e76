"""Which half of a branch of the host each of its statements belongs to: making variables, or computing with them.

``if scaled: s = tf.Variable(...); y = y * s`` becomes two branches on the same condition, see ``parted_loops.py``.
What a branch binds is bound once in either case, so what both halves read is made in the first and read in the second.
"""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.forms.halves import Halves, Parts, Whole, chain
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Function, Instance, Mapping, Node, Sequence, nodes_in
from tf2migrate.names.bindings import bindings, changed_names, exposed_reads, names_read
from tf2migrate.names.tree import walk
from tf2migrate.plan.facts import is_fed
from tf2migrate.plan.region import Atom, Region


class BranchHalves(Halves):
    """An ``if`` with its ``elif`` branches, of which the statements are told apart. Raises ``Whole``."""

    def __init__(self, staging: Staging, region: Region, atom: Atom, taken: set[str]) -> None:
        super().__init__(staging, region, atom, taken)
        self.statement = cast(cst.If, atom.statement)
        self.bodies = [part.body for part in chain(self.statement)]
        last = list(chain(self.statement))[-1].orelse
        if isinstance(last, cst.Else):
            self.bodies.append(last.body)
        self.check()
        self.computed = self.bound_otherwise()
        self.loose: list[cst.CSTNode] = []
        for body in self.bodies:
            self.halves, self.loose, before = Parts(), [], self.halves
            self.sort(body)
            self.settle()
            self.check_order(body)
            self.halves.first = before.first + self.halves.first
            self.halves.second = before.second + self.halves.second
        calls = [call for s in self.halves.first for call in self.makers(s)]
        made = {node.number for call in calls for value in self.values(call) for node in nodes_in(value)}
        if not self.halves.second or any(n.kind == "variable" and n.number not in made for n in self.atom.nodes):
            raise Whole
        self.check_tests()

    def check(self) -> None:
        kinds = {node.kind for node in self.atom.nodes}
        leaves = any(isinstance(n, cst.Return | cst.Yield | cst.Break | cst.Continue) for n in walk(self.statement))
        if leaves or "variable" not in kinds or not kinds <= {"variable", "tensor"}:
            raise Whole

    def bound_otherwise(self) -> set[str]:
        """The names that some branch binds to other things than to a variable which it makes."""
        lines = [n for body in self.bodies for n in walk(body) if isinstance(n, cst.SimpleStatementLine)]
        return {name for line in lines if not self.makers(line) for name, _ in bindings(line)}

    # ------------------------------------------------------------------ where each statement goes
    def sort_simple(self, line: cst.SimpleStatementLine, small: cst.BaseSmallStatement) -> None:
        match small:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value) if (
                name in self.computed and self.makers(line) == [value]
            ):
                # The name stands for something else behind other branches, and so for this variable here.
                self.extracted[id(value)] = self.fresh(name.split(".")[-1])
                self.halves.first.append(line)
                self.halves.second.append(line)
                return
        reads = {name.value for name in names_read(line)}
        if self.makers(line) or self.computes(line):
            super().sort_simple(line, small)
        elif reads & {name for s in self.halves.second for name, _ in bindings(s)}:
            self.halves.second.append(line)
        elif any(isinstance(v, Node) and v.kind == "tensor" for node in walk(line) for v in self.values(node)):
            self.loose.append(line)
        else:
            self.halves.first.append(line)

    def settle(self) -> None:
        """Tensors that hang on no feed go with the variables that begin with them, and otherwise they compute."""
        self.halves.first += self.halves.host
        for line in reversed(self.loose):
            read = {name.value for s in self.makings() for name in names_read(s)}
            half = self.halves.first if read & {name for name, _ in bindings(line)} else self.halves.second
            half.append(line)

    def makings(self) -> list[cst.CSTNode]:
        """What of the first half stands there: of a statement that computes as well, only what it makes."""
        both = self.halves.second
        return [part for s in self.halves.first for part in (self.makers(s) if s in both else [s])]

    # ------------------------------------------------------------------ whether the halves may part
    def check_order(self, body: cst.BaseSuite) -> None:
        """The first half needs nothing of the second, and nothing that the second reads is bound or changed again."""
        owns = [s for s in self.halves.first if s not in self.halves.second]
        made = [name for s in owns for name, _ in bindings(s)]
        bound = {name for s in self.halves.second for name, _ in bindings(s)}
        makings = self.makings()
        reads = [name for part in makings for name in names_read(part)]
        if any(isinstance(v, Node) and v.kind != "variable" and is_fed(v) for name in reads for v in self.values(name)):
            raise Whole
        if bound & {name.value for name in reads} or bound & set(made) or len(made) != len(set(made)):
            raise Whole
        if set(made) & {name.value for name in exposed_reads(body)}:
            raise Whole
        later = {name.value for s in self.halves.second for name in names_read(s)}
        if self.changed(owns) & later or self.changed(self.halves.second) & {name.value for name in reads}:
            raise Whole

    def changed(self, statements: list[cst.CSTNode]) -> set[str]:
        return {name for s in statements for name in changed_names(s, self.is_container)}

    def is_container(self, base: cst.BaseExpression) -> bool:
        return isinstance(base, cst.Name) and any(isinstance(v, Sequence | Mapping) for v in self.values(base))

    def check_tests(self) -> None:
        """A condition is the same when it is asked again: it calls nothing, and no branch changes what it reads."""
        inside: list[cst.CSTNode] = [statement for body in self.bodies for statement in body.body]
        bound = {name for s in inside for name, _ in bindings(s)} | self.changed(inside)
        called = any(isinstance(v, Function) for s in inside for c in _calls(s) for v in self.values(c.func))
        for part in chain(self.statement):
            for node in walk(part.test):
                if isinstance(node, cst.Call | cst.NamedExpr | cst.Await | cst.Yield):
                    raise Whole
                if isinstance(node, cst.Name) and node.value in bound:
                    raise Whole
                if isinstance(node, cst.Attribute):
                    owners = [v for v in self.values(node.value) if isinstance(v, Instance)]
                    if owners and (called or any(node.attr.value not in v.attributes for v in owners)):
                        raise Whole


def _calls(statement: cst.CSTNode) -> list[cst.Call]:
    return [node for node in walk(statement) if isinstance(node, cst.Call)]
