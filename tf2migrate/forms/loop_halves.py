"""Which half of a loop each of its statements belongs to: making variables, computing with them, or both.

A loop is parted where no half needs what only the other can know, see ``parted_loops.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import libcst as cst

from tf2migrate.forms.halves import Halves, Whole, chain
from tf2migrate.graph.builtins import PURE_BUILTINS
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import (
    Builtin,
    Const,
    Foreign,
    Node,
    Sequence,
    Symbol,
)
from tf2migrate.names.bindings import bindings, bound_names, exposed_reads, names_read
from tf2migrate.names.tree import walk
from tf2migrate.plan.facts import is_fed
from tf2migrate.plan.region import Atom, Region

# Builtins that give the same again when they are called again with the same arguments.
REPEATABLE = frozenset({"range", "xrange", "enumerate", "zip", "reversed", "len", "list", "tuple", "sorted", "int"})


class LoopHalves(Halves):
    """One loop, with its statements told apart. Raises ``Whole`` where that is not possible."""

    def __init__(self, staging: Staging, region: Region, atom: Atom, taken: set[str]) -> None:
        super().__init__(staging, region, atom, taken)
        self.loop = cast(cst.For, atom.statement)
        self.state: dict[str, str] = {}
        """The names of variables that the computation reads, each with the list that holds those of all passes."""
        self.lists: list[str] = []
        self.check()
        self.sort(self.loop.body)
        self.settle_host()
        self.check_reads()
        self.name_lists()

    def check(self) -> None:
        makes = [n for n in self.atom.nodes if n.kind == "variable"]
        computes = [n for n in self.atom.nodes if n.kind == "tensor" and is_fed(n)]
        others = [n for n in self.atom.nodes if n.kind not in ("variable", "tensor")]
        leaves = any(isinstance(n, cst.Break | cst.Continue | cst.Return | cst.Yield) for n in walk(self.loop))
        values = self.staging.values_of(self.loop.iter)
        exact = bool(values) and all(
            (isinstance(v, Sequence) and v.exact) or (isinstance(v, Const) and isinstance(v.value, tuple | list))
            for v in values
        )
        if not makes or not computes or others or leaves or not exact or self.loop.orelse is not None:
            raise Whole
        for node in walk(self.loop.iter):
            if isinstance(node, cst.Call) and not self.is_builtin(node.func, REPEATABLE):
                raise Whole

    def is_builtin(self, function: cst.BaseExpression, names: frozenset[str]) -> bool:
        values = self.staging.values_of(function)
        return bool(values) and all(isinstance(v, Builtin) and v.name in names for v in values)

    # ------------------------------------------------------------------ what each half needs
    def settle_host(self) -> None:
        """Host statements go where the names that they bind are read; one that nothing reads stays with the state."""
        for statement in reversed(self.halves.host):
            if not all(self.is_pure(call) for call in walk(statement) if isinstance(call, cst.Call)):
                raise Whole
            bound = {name for name, _ in bindings(statement)}
            if not bound:
                raise Whole
            first, second = self.read(self.halves.first), self.read(self.halves.second)
            if bound & second:
                self.halves.second.append(statement)
            if bound & first or not bound & second:
                self.halves.first.append(statement)

    def is_pure(self, call: cst.Call) -> bool:
        values = self.values(call.func)
        return bool(values) and all(
            (isinstance(v, Builtin) and v.name in PURE_BUILTINS)
            or (isinstance(v, Foreign) and v.name.startswith(("numpy.", "math.")) and "random" not in v.name)
            or isinstance(v, Symbol)
            for v in values
        )

    def read(self, statements: list[cst.CSTNode]) -> set[str]:
        tests = [n.value for n in self.tests_read()] if self.branches else []
        return {n.value for s in statements for n in names_read(s)}.union(tests)

    def tests_read(self) -> Iterator[cst.Name]:
        """The names that decide about branches which both loops have."""
        for node in walk(self.loop):
            if isinstance(node, cst.If) and id(node) in self.branches:
                for part in chain(node):
                    yield from names_read(part.test)

    def check_reads(self) -> None:
        """The first half may not read what the second binds, nor any tensor; the second may not bind state again."""
        seconds = [s for s in self.halves.second if s not in self.halves.first]
        bound = {name for s in seconds for name, _ in bindings(s)}
        owns = [s for s in self.halves.first if s not in self.halves.second]
        # What several branches of one test bind is bound once.
        made = [n for n, _ in dict.fromkeys((n, self.around.get(id(s), id(s))) for s in owns for n, _ in bindings(s))]
        for statement in self.halves.first:
            parts: list[cst.CSTNode] = list(self.makers(statement)) if statement in self.halves.second else [statement]
            for part in parts:
                for name in names_read(part):
                    tensor = any(isinstance(v, Node) and v.kind != "variable" and is_fed(v) for v in self.values(name))
                    if tensor or (name.value in bound and name.value not in made):
                        raise Whole
        if set(made) & bound or len(made) != len(set(made)):
            raise Whole
        targets = set(bound_names(self.loop.target))
        if targets & (bound | set(made)):
            raise Whole

    def name_lists(self) -> None:
        computed = self.read(self.halves.second)
        for statement in self.halves.first:
            if statement in self.halves.second or not self.makers(statement):
                continue
            for name, _ in bindings(statement):
                if name in computed:
                    self.state[name] = self.own_list(name) or self.new_list(name)
        for name in self.extracted.values():
            self.state[name] = self.new_list(name)
        exposed = {n.value for n in exposed_reads(self.loop)}
        if set(self.state) & exposed or not self.state:
            raise Whole

    def new_list(self, name: str) -> str:
        made = self.fresh(f"{name}_list")
        self.lists.append(made)
        return made

    def own_list(self, name: str) -> str:
        """A list of the program that comes to hold just these variables, in the order of the passes."""
        found = [s for s in self.halves.first if self.is_append(s, name)]
        if len(found) != 1:
            return ""
        kept = next(n.value for n in names_read(found[0]) if n.value != name)
        appends = [s for s in self.halves.first if kept in {n.value for n in names_read(s)}]
        changing = [a for a in self.region.atoms if kept in a.changes]
        binding = [a for a in self.region.atoms if kept in a.binds]
        empty = len(binding) == 1 and self.begins_empty(binding[0])
        return kept if len(appends) == 1 and changing == [self.atom] and empty else ""

    def is_append(self, statement: cst.CSTNode, name: str) -> bool:
        match statement:
            case cst.SimpleStatementLine(
                body=[
                    cst.Expr(
                        value=cst.Call(
                            func=cst.Attribute(value=cst.Name(), attr=cst.Name(value="append")),
                            args=[cst.Arg(value=cst.Name(value=value))],
                        )
                    )
                ]
            ):
                return value == name
        return False

    def begins_empty(self, atom: Atom) -> bool:
        """``weights = []``, also among others: ``weights, biases = [], []``."""
        match atom.statement:
            case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=value)]):
                if isinstance(target, cst.Name):
                    return isinstance(value, cst.List) and not value.elements
                if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple):
                    return all(isinstance(t.value, cst.Name) for t in target.elements) and all(
                        isinstance(v.value, cst.List) and not v.value.elements for v in value.elements
                    )
        return False

    # ------------------------------------------------------------------ the second loop
    def header(self, code: Callable[[cst.CSTNode], str]) -> str:
        """The second loop's target and iterable: what its body reads, and the lists."""
        read = self.read(self.halves.second)
        names, lists = list(self.state), list(self.state.values())
        target, iterable = self.loop.target, self.loop.iter
        match target, iterable:
            case (
                cst.Tuple(elements=[cst.Element(value=cst.Name(value=index)), cst.Element(value=inner)]),
                cst.Call(func=cst.Name(value="enumerate"), args=[cst.Arg(value=value, star="", keyword=None)]),
            ):
                columns = [c for c in _columns(inner, value, code) if set(bound_names(_parsed(c[0]))) & read]
                elements = ", ".join([*(e for e, _ in columns), *names])
                through = [*(values for _, values in columns), *lists]
                text = f"zip({', '.join(through)})" if len(through) > 1 else through[0]
                if index not in read:
                    return f"{elements} in {text}"
                return f"{index}, {f'({elements})' if len(through) > 1 else elements} in enumerate({text})"
        columns = [c for c in _columns(target, iterable, code) if set(bound_names(_parsed(c[0]))) & read]
        through = [*(values for _, values in columns), *lists]
        text = f"zip({', '.join(through)})" if len(through) > 1 else through[0]
        return f"{', '.join([*(e for e, _ in columns), *names])} in {text}"


def _parsed(text: str) -> cst.BaseExpression:
    return cst.parse_expression(text)


def _columns(
    target: cst.BaseExpression, iterable: cst.BaseExpression, code: Callable[[cst.CSTNode], str]
) -> list[tuple[str, str]]:
    """What a loop goes through, side by side, with the targets."""
    match target, iterable:
        case cst.Tuple(elements=elements), cst.Call(func=cst.Name(value="zip"), args=args) if (
            len(elements) == len(args) and not any(a.star or a.keyword for a in args)
        ):
            return [(code(e.value).strip(), code(a.value).strip()) for e, a in zip(elements, args, strict=True)]
    text = code(target).strip()
    return [(f"({text})" if isinstance(target, cst.Tuple) and not target.lpar else text, code(iterable).strip())]


