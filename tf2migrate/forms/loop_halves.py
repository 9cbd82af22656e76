"""Which half of a loop each of its statements belongs to: making variables, computing with them, or both.

A loop is parted where no half needs what only the other can know, see ``parted_loops.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.graph.builtins import PURE_BUILTINS
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import (
    Builtin,
    Class,
    Const,
    Foreign,
    Function,
    Instance,
    Node,
    Scope,
    Sequence,
    Symbol,
    Value,
    nodes_in,
)
from tf2migrate.names.bindings import bindings, bound_names, exposed_reads, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.tree import walk
from tf2migrate.plan.facts import is_fed
from tf2migrate.plan.keepers import keeps_state_only
from tf2migrate.plan.region import Atom, Region

# Builtins that give the same again when they are called again with the same arguments.
REPEATABLE = frozenset({"range", "xrange", "enumerate", "zip", "reversed", "len", "list", "tuple", "sorted", "int"})
CONDITIONAL = (cst.Lambda, cst.IfExp, cst.BooleanOperation, cst.BaseComp)


class Whole(Exception):
    """The loop cannot be parted."""


@dataclass(slots=True)
class _Parts:
    """What a block becomes: the statements that make state, and those that compute; ``host`` may go to both."""

    first: list[cst.CSTNode] = field(default_factory=list)
    second: list[cst.CSTNode] = field(default_factory=list)
    host: list[cst.CSTNode] = field(default_factory=list)


class LoopHalves:
    """One loop, with its statements told apart. Raises ``Whole`` where that is not possible.

    A branch that does some of both is parted as well: ``branches`` are those, which are ``around`` their statements.
    """

    def __init__(self, staging: Staging, region: Region, atom: Atom, taken: set[str]) -> None:
        self.staging = staging
        self.region = region
        self.atom = atom
        self.loop = cast(cst.For, atom.statement)
        self.halves = _Parts()
        self.taken = taken
        self.state: dict[str, str] = {}
        """The names of variables that the computation reads, each with the list that holds those of all passes."""
        self.lists: list[str] = []
        self.extracted: dict[int, str] = {}
        self.branches: set[int] = set()
        self.around: dict[int, int] = {}
        self.check()
        self.sort(self.loop.body)
        self.settle_host()
        self.check_reads()
        self.name_lists()

    # ------------------------------------------------------------------ what is parted
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
        inner = list(_branches(statement))
        plain = all(isinstance(s, cst.SimpleStatementLine) and len(s.body) == 1 for s in inner)
        tests = [s.test for s in _chain(statement)]
        bound = {name for s in inner for name, _ in bindings(s)}
        steady = not any(isinstance(n, cst.Call | cst.NamedExpr) for t in tests for n in walk(t))
        steady = steady and not bound & {n.value for t in tests for n in names_read(t)}
        computing = [self.computes(s) for s in inner]
        return plain and steady and not self.makers(statement) and any(computing) and not all(computing)

    def sort_branch(self, statement: cst.If) -> None:
        for inner in _branches(statement):
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
                self.extracted[id(call)] = self.fresh(_name_for(self.staging, call))
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
                for part in _chain(node):
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

    def fresh(self, base: str) -> str:
        return take_name(base, self.taken)

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


def _name_for(staging: Staging, call: cst.Call) -> str:
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


def _chain(statement: cst.If) -> Iterator[cst.If]:
    """An ``if`` with its ``elif`` branches."""
    yield statement
    if isinstance(statement.orelse, cst.If):
        yield from _chain(statement.orelse)


def _branches(statement: cst.If) -> Iterator[cst.CSTNode]:
    """The statements of all branches of an ``if``."""
    for part in _chain(statement):
        yield from part.body.body
        if isinstance(part.orelse, cst.Else):
            yield from part.orelse.body.body
