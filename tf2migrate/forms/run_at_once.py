"""Graph that a function makes for one run of its own is written in that run.

``op = tf.assign(net.table, words); sess.run(op)`` is ``sess.run(tf.assign(net.table, words))``: an equivalent
TensorFlow 1 program, which ``forms/fetched_outside.py`` knows how to make where the object builds the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, fresh
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Node
from tf2migrate.names.bindings import all_reads, bindings, names_read
from tf2migrate.names.project import Module
from tf2migrate.names.tree import ids_in, walk

_KINDS = ("assign", "tensor", "constant")


def run_at_once(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """``modules`` with such graph written in its runs; None where there is none."""
    fetched = set().union(*(ids_in(site.fetch_expression) for site in staging.runs))
    out: list[Module] = []
    for module in modules:
        moved: dict[int, cst.Assign] = {}
        for function in walk(module.tree):
            if isinstance(function, cst.FunctionDef) and any(id(n) in fetched for n in walk(function.body)):
                moved |= _moved(staging, function, fetched)
        out.append(_Moving(module, moved).apply(module) if moved else module)
    return out if any(new is not old for new, old in zip(out, modules, strict=True)) else None


def _moved(staging: Staging, function: cst.FunctionDef, fetched: set[int]) -> dict[int, cst.Assign]:
    """The names that are read where a run fetches them, by the identity of that name, with what binds them."""
    found: dict[int, cst.Assign] = {}
    bound = [name for name, _ in bindings(function.body)]
    reads = all_reads(function.body)
    # Where what is bound by an assignment is evaluated in the end, which may be far behind the line that reads it.
    places: dict[int, int] = {}
    for block in (node for node in walk(function.body) if isinstance(node, cst.IndentedBlock)):
        for number in reversed(range(len(block.body))):
            made = _graph_by_name(staging, block.body[number])
            if made is None:
                continue
            name, assign = made
            uses = [read for read in reads if read.value == name]
            if len(uses) != 1 or bound.count(name) != 1:
                continue
            following = enumerate(block.body[number + 1 :], number + 1)
            at = next((n for n, line in following if id(uses[0]) in ids_in(line)), None)
            if at is None or not isinstance(block.body[at], cst.SimpleStatementLine):
                continue
            if id(uses[0]) not in fetched:
                reader = next((other for other in found.values() if id(uses[0]) in ids_in(other.value)), None)
                if reader is None:
                    continue
                at = places[id(reader)]
            if _is_steady(staging, assign, block.body[number + 1 : at], found):
                found[id(uses[0])] = assign
                places[id(assign)] = at
    return found


def _graph_by_name(staging: Staging, line: cst.CSTNode) -> tuple[str, cst.Assign] | None:
    """A name that a line binds to graph which makes no variables, and its binding."""
    match line:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Call() as call) as made]
        ):
            values = [value for part in walk(call) if isinstance(part, cst.Call) for value in staging.values_of(part)]
            if staging.values_of(call) and all(isinstance(v, Node) and v.kind in _KINDS for v in values):
                return name, made
    return None


def _is_steady(
    staging: Staging, assign: cst.Assign, between: Sequence[cst.CSTNode], moved: dict[int, cst.Assign]
) -> bool:
    """Whether what a binding reads is the same behind the lines that follow it, which do not touch it."""
    own = {name.value for name in names_read(assign.value)}
    goes = {id(other) for other in moved.values()}
    for line in between:
        if not isinstance(line, cst.SimpleStatementLine):
            return False
        if all(id(part) in goes for part in line.body) or _graph_by_name(staging, line) is not None:
            continue
        if own & {node.value for node in walk(line) if isinstance(node, cst.Name)}:
            return False
    return True


class _Moving(Traced):
    """Puts what is bound where the name was read; comments go with it."""

    def __init__(self, module: Module, moved: dict[int, cst.Assign]) -> None:
        super().__init__(module)
        self.moved = moved
        lines = [node for node in walk(module.tree) if isinstance(node, cst.SimpleStatementLine)]
        bound = {id(assign) for assign in moved.values()}
        self.gone = {id(line) for line in lines if id(line.body[0]) in bound}
        self.comments: dict[int, list[cst.EmptyLine]] = {}
        waiting: list[cst.EmptyLine] = []
        for line in lines:
            if id(line) in self.gone:
                waiting += _comments(line)
            elif waiting and any(id(node) in moved for node in walk(line)):
                self.comments[id(line)], waiting = waiting, []

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        assign = self.moved.get(id(original))
        if assign is not None:
            value = cast(cst.BaseExpression, assign.value.visit(_Inner(self)))
            return fresh(value, self)
        said = self.comments.get(id(original))
        if said and isinstance(made, cst.SimpleStatementLine):
            return made.with_changes(leading_lines=[*said, *made.leading_lines])
        return made


class _Inner(cst.CSTTransformer):
    """What is bound, with what was bound before it written out."""

    def __init__(self, owner: _Moving) -> None:
        super().__init__()
        self.owner = owner

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode:
        made = cast(cst.CSTNode, super().on_leave(original, updated))
        assign = self.owner.moved.get(id(original))
        if assign is not None:
            made = fresh(cast(cst.BaseExpression, assign.value.visit(self)), self.owner)
        self.owner.trace(original, made)
        return made


def _comments(line: cst.SimpleStatementLine) -> list[cst.EmptyLine]:
    """The lines above, and the comment behind a line as one of its own."""
    behind = line.trailing_whitespace.comment
    return [*line.leading_lines, *([cst.EmptyLine(comment=behind)] if behind is not None else [])]
