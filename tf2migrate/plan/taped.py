"""Functions that take gradients of what they compute themselves: each gets tapes of its own.

``def slope(x): y = net(x); return tf.gradients(y, x)[0]`` is complete in itself: all ways from ``x`` to ``y`` are
computed in the call, so a tape that opens in the function sees all of them. Where a part of the way is computed by
the caller, the function has to be opened there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.graph.arguments import argument
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Node, Sequence, Value, are_scopes, nodes_in
from tf2migrate.names.bindings import bindings, changed_names, names_read
from tf2migrate.names.tree import walk
from tf2migrate.plan.strata import Strata, Taking, Tangled, Watch, find_strata


@dataclass(eq=False, slots=True)
class TapedFunction:
    """How one function takes its gradients.

    ``statements`` are those of its body, with the blocks of scopes dissolved; the ``first`` ones compute nothing and
    stand before all tapes. ``calls`` take gradients, each by the tape of its level.
    """

    definition: cst.FunctionDef
    module: str
    statements: list[cst.CSTNode]
    calls: dict[int, cst.Call] = field(default_factory=dict)
    levels: dict[int, int] = field(default_factory=dict)
    strata: Strata = field(default_factory=lambda: Strata((), ()))
    watches: list[Watch] = field(default_factory=list)
    first: int = 0
    start: int = -1
    """The statement behind which the innermost tape opens: what it watches is made by this one, or by later ones."""


def home(staging: Staging, node: Node) -> Frame | None:
    """The innermost call of a function in which the whole way is computed that a gradient goes back; None if none.

    Where the way leads over another gradient, the way of that one is a part of it.
    """
    between = way(node)
    for other in between:
        if other.op == "tf.gradients":
            between += [n for n in way(other) if n not in between]
    for frame in reversed(node.place.frames):
        if not isinstance(frame.owner, cst.FunctionDef):
            return None
        if all(any(step.frame is frame for step in other.place.steps) for other in between):
            return None if _makes_state(staging, frame) else frame
    return None


def find_taped(staging: Staging, region: Frame) -> dict[int, TapedFunction]:
    """The functions that take their gradients themselves, by the id of the definition; only such as can be."""
    taken: dict[int, list[Node]] = {}
    for node in staging.nodes:
        frame = node.place.steps[-1].frame
        if node.op == "tf.gradients" and frame is not region and isinstance(frame.owner, cst.FunctionDef):
            taken.setdefault(id(frame.owner), []).append(node)
    out: dict[int, TapedFunction] = {}
    for key, nodes in taken.items():
        if all(home(staging, node) is node.place.steps[-1].frame for node in nodes):
            made = _Body(staging, cast(cst.FunctionDef, nodes[0].place.steps[-1].frame.owner), nodes).taped()
            if made is not None:
                out[key] = made
    return out


def way(node: Node) -> list[Node]:
    """What lies between the tensor that a gradient is taken by and what is differentiated, that one included."""
    by = node.details.get("variable")
    behind: dict[int, Node] = {}
    stack = list(nodes_in(node.details.get("ys")))
    while stack:
        current = stack.pop()
        if current.number not in behind and current is not by:
            behind[current.number] = current
            stack.extend(current.inputs)
    reached = {by.number} if isinstance(by, Node) else set()
    for number in sorted(behind):
        if any(source.number in reached for source in behind[number].inputs):
            reached.add(number)
    return [behind[number] for number in sorted(reached) if number in behind]


def _makes_state(staging: Staging, frame: Frame) -> bool:
    """Whether variables are made or got in a call: such a function becomes a layer."""
    return any(step.frame is frame for _, place in staging.touched for step in place.steps)


class _Body:
    """The body of one function, as far as its names are concerned."""

    def __init__(self, staging: Staging, definition: cst.FunctionDef, nodes: list[Node]) -> None:
        self.staging = staging
        self.definition = definition
        self.nodes = nodes
        self.frames = [f for f in staging.frames if f.owner is definition]
        self.statements = list(_flat(staging, definition.body.body))
        self.reads = [{n.value for n in names_read(s)} for s in self.statements]
        self.changed = [changed_names(s, lambda base: True) for s in self.statements]
        self.binds = [{name for name, _ in bindings(s)} for s in self.statements]
        self.parameters = {p.name.value for p in walk(definition.params) if isinstance(p, cst.Param)}

    def taped(self) -> TapedFunction | None:
        module = self.nodes[0].place.module
        out = TapedFunction(self.definition, module, self.statements)
        takings: list[Taking] = []
        if not self.is_plain() or any(node.expression is None for node in self.nodes):
            return None
        by_call: dict[int, list[Node]] = {}
        for node in self.nodes:
            by_call.setdefault(id(node.expression), []).append(node)
        numbers = {key: number for number, key in enumerate(by_call)}
        for key, nodes in by_call.items():
            call = cast(cst.Call, nodes[0].expression)
            where = {self.index(node) for node in nodes}
            target = argument(call, 0, "ys")
            if len(where) != 1 or None in where or target is None:
                return None
            index = cast(int, where.pop())
            out.calls[key] = call
            takings.append(Taking(index, frozenset(self.behind({n.value for n in names_read(target)}, index))))
        try:
            out.strata = find_strata(len(self.statements), takings)
        except Tangled:
            return None
        variables = False
        for key, nodes in by_call.items():
            taking, out.levels[key] = takings[numbers[key]], out.strata.levels[numbers[key]]
            if not all(self.is_seen(node, taking, out.levels[key], out.strata) for node in nodes):
                return None
            watches = self.watches(out.calls[key], nodes, out.levels[key])
            if watches is None:
                return None
            out.watches += [w for w in watches if w not in out.watches]
            variables |= out.levels[key] == 1 and not watches
        if not self.keeps_order(out.strata):
            return None
        out.start = -1 if variables else min((w.statement for w in out.watches if w.level == 1), default=-1)
        computing = {self.index(n) for n in self.staging.nodes}
        out.first = next((i for i in range(len(self.statements)) if i in computing), 0)
        return out

    def is_plain(self) -> bool:
        """Whether the body ends at its last statement and hides no other functions."""
        last = self.statements[-1]
        for statement in self.statements:
            for node in walk(statement):
                if isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Yield | cst.Await | cst.Global | cst.Nonlocal):
                    return False
                ends = isinstance(node, cst.Return)
                if ends and not (statement is last and isinstance(last, cst.SimpleStatementLine)):
                    return False
        return isinstance(self.definition.body, cst.IndentedBlock)

    def index(self, node: Node) -> int | None:
        """The statement in which a node is made, by any call of the function."""
        for step in node.place.steps:
            if any(step.frame is frame for frame in self.frames):
                statements = (i for i, s in enumerate(self.statements) if s is step.statement or self.holds(s, step))
                return next(statements, None)
        return None

    def holds(self, statement: cst.CSTNode, step: object) -> bool:
        inner = getattr(step, "statement", None)
        return not isinstance(statement, cst.SimpleStatementLine) and any(n is inner for n in walk(statement))

    def behind(self, names: set[str], before: int) -> set[int]:
        """The statements before one that lead to what it reads under some names."""
        found: set[int] = set()
        queue = [(name, before) for name in names]
        while queue:
            name, end = queue.pop()
            for index in range(end - 1, -1, -1):
                if name not in self.binds[index] and name not in self.changed[index]:
                    continue
                if index not in found:
                    found.add(index)
                    queue += [(read, index) for read in self.reads[index] | self.changed[index]]
                simple = isinstance(self.statements[index], cst.SimpleStatementLine)
                if simple and name in self.binds[index] and name not in self.changed[index]:
                    break
        return found

    def is_seen(self, node: Node, taking: Taking, level: int, strata: Strata) -> bool:
        """Whether the tape sees the whole way: all of it is computed under the tape, by other statements."""
        by = node.details.get("variable")
        start = self.index(by) if isinstance(by, Node) else None
        places = [self.index(other) for other in way(node)]
        return all(
            place is not None and place != taking.statement and place != start and strata.of[place] < level
            for place in places
        )

    def watches(self, call: cst.Call, nodes: list[Node], level: int) -> list[Watch] | None:
        """What the tape is told of; None where a tensor has no name of its own in this function."""
        given = argument(call, 1, "xs")
        out: list[Watch] = []
        for element in _elements(given):
            values = [self.staging.value_in(element, frame) for frame in self.frames]
            seen = [value for value in values if value is not None]
            if not seen or not all(_is_list(value) for value in seen):
                return None
            if all(n.kind in ("variable", "layer") and n.trainable for value in seen for n in nodes_in(value)):
                continue
            if any(n.kind not in ("tensor", "placeholder") for value in seen for n in nodes_in(value)):
                return None
            where = self.bound_at(element, level)
            if where is None:
                return None
            out.append(Watch(level, where, cast(cst.Name, element).value))
        by = {id(n.details.get("variable")) for n in nodes}
        listed = {id(n) for e in _elements(given) for f in self.frames for n in nodes_in(self.staging.value_in(e, f))}
        return out if by <= listed else None

    def bound_at(self, element: cst.BaseExpression, level: int) -> int | None:
        """The statement that binds a name once and for all: -1 for a parameter."""
        if not isinstance(element, cst.Name):
            return None
        binding = [i for i, names in enumerate(self.binds) if element.value in names]
        if element.value in self.parameters:
            return -1 if not binding else None
        simple = len(binding) == 1 and isinstance(self.statements[binding[0]], cst.SimpleStatementLine)
        return binding[0] if simple else None

    def keeps_order(self, strata: Strata) -> bool:
        """Whether statements that change places have nothing to do with each other."""
        order = strata.order()
        for position, later in enumerate(order):
            for earlier in order[position + 1 :]:
                if earlier < later and not self.are_independent(earlier, later):
                    return False
        return True

    def are_independent(self, first: int, second: int) -> bool:
        written = [self.binds[i] | self.changed[i] for i in (first, second)]
        if written[0] & (self.reads[second] | written[1]) or written[1] & self.reads[first]:
            return False
        return _only_binds(self.statements[first]) and _only_binds(self.statements[second])


def _elements(given: cst.BaseExpression | None) -> list[cst.BaseExpression]:
    if isinstance(given, cst.List | cst.Tuple):
        return [e.value for e in given.elements]
    return [given] if given is not None else []


def _is_list(value: Value) -> bool:
    """Whether a value is a node, or a list of nodes of which each is known."""
    if isinstance(value, Sequence):
        return value.exact and all(isinstance(item, Node) for item in value.items)
    return isinstance(value, Node)


def _flat(staging: Staging, body: object) -> Iterator[cst.CSTNode]:
    """The statements of a body; blocks that only open a scope are dissolved."""
    for statement in cast("list[cst.CSTNode]", body):
        if isinstance(statement, cst.With) and all(are_scopes(staging.values_of(i.item)) for i in statement.items):
            yield from _flat(staging, statement.body.body)
        else:
            yield statement


def _only_binds(statement: cst.CSTNode) -> bool:
    """Whether a statement does nothing but to give names to values."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    for small in statement.body:
        if not isinstance(small, cst.Assign | cst.AnnAssign):
            return False
        targets = [t.target for t in small.targets] if isinstance(small, cst.Assign) else [small.target]
        if not all(isinstance(part, cst.Name) for target in targets for part in _elements(target)):
            return False
    return True
