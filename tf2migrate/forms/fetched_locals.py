"""What a function computes from the graph, and gives a name only to run it, is written where it is run.

``guess = tf.argmax(scores, 1)`` and ``sess.run(guess, ...)``, in a function beside the graph, is
``sess.run(tf.argmax(scores, 1), ...)``: an equivalent TensorFlow 1 program, in which the function builds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, fresh
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Builtin, Node
from tf2migrate.names.bindings import bindings, bound_in, changed_names, names_read
from tf2migrate.names.project import Module
from tf2migrate.names.tree import parameter_names, walk
from tf2migrate.plan.region import find_region


@dataclass(eq=False, slots=True)
class _Local:
    """One name of a function, the statement that binds it, and what it stands for."""

    name: str
    statement: cst.SimpleStatementLine
    value: cst.BaseExpression
    reads: list[cst.Name] = field(default_factory=list)
    beside: bool = False
    """Whether it is made right before it is run, and read there alone."""


def fetched_locals(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """``modules`` with such names written out; None where there are none."""
    region = find_region(staging)
    if region is None:
        return None
    runners = {site.frame.owner for site in staging.runs if site.frame is not region.frame}
    found = [local for owner in runners if isinstance(owner, cst.FunctionDef) for local in _locals(staging, owner)]
    if not found:
        return None
    return [_Writer(module, found).apply(module) for module in modules]


def _locals(staging: Staging, function: cst.FunctionDef) -> list[_Local]:
    nodes = list(walk(function.body))
    inner = {id(n) for f in nodes if isinstance(f, cst.FunctionDef | cst.ClassDef | cst.Lambda) for n in walk(f)}
    if any(isinstance(n, cst.Global | cst.Nonlocal) for n in nodes):
        return []
    found: dict[str, _Local] = {}
    for node in nodes:
        match node:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)]
            ) if id(node) not in inner and _computes(staging, function, node, value):
                found[name] = _Local(name, node, value)
    fetched = {id(n) for site in staging.runs if site.frame.owner is function for n in walk(site.fetch_expression)}
    reads = [n.value for n in names_read(function.body)]
    beside = _beside_runs(staging, function, fetched)
    found.update({name: local for name, local in beside.items() if reads.count(name) == 1})
    # Each time that one is dropped, what it was read for is looked at again.
    while dropped := next((n for n, local in found.items() if not _settled(function, local, found, fetched)), None):
        del found[dropped]
    return list(found.values())


def _beside_runs(staging: Staging, function: cst.FunctionDef, fetched: set[int]) -> dict[str, _Local]:
    """Ops and tensors made right before the run that fetches them: what of the host they are made of is the same there.

    ``value = tf.constant(rows)``, ``op = tf.assign(table, value)`` and ``sess.run(op)``, one below the other.
    """
    found: dict[str, _Local] = {}
    for block in (node for node in walk(function.body) if isinstance(node, cst.IndentedBlock)):
        above: dict[str, _Local] = {}
        for statement in block.body:
            match statement:
                case cst.SimpleStatementLine(
                    body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)]
                ) if _computes(staging, function, statement, value, ("tensor", "assign")):
                    local = _Local(name, statement, value)
                    above = {n: known for n, known in above.items() if n != name} | {name: local}
                    local.beside = True
                    continue
            if _only_prints(staging, statement):
                continue
            runs = [n for n in names_read(statement) if n.value in above and id(n) in fetched]
            while isinstance(statement, cst.SimpleStatementLine) and runs:
                local = above[runs.pop().value]
                found[local.name] = local
                runs += [n for n in names_read(local.value) if n.value in above]
            above = {}
    return found


def _only_prints(staging: Staging, statement: cst.CSTNode) -> bool:
    """Whether a statement shows values and calls nothing else, so that it changes none."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call(func=func, args=args))]):
            values = staging.values_of(func)
            printing = bool(values) and all(isinstance(v, Builtin) and v.name == "print" for v in values)
            return printing and not any(isinstance(n, cst.Call) for arg in args for n in walk(arg))
    return False


def _computes(
    staging: Staging,
    function: cst.FunctionDef,
    statement: cst.SimpleStatementLine,
    value: cst.BaseExpression,
    kinds: tuple[str, ...] = ("tensor",),
) -> bool:
    """Whether a statement makes one node, and does nothing else."""
    values = staging.values_of(value)
    made = [n for n in staging.nodes if n.place.steps[-1].statement is statement]
    deeper = [n for n in staging.nodes if n not in made and any(s.statement is statement for s in n.place.steps)]
    plain = all(n.kind in kinds and not n.random and not n.control and n.unknown is None for n in made)
    return bool(values) and plain and not deeper and all(isinstance(v, Node) and v in made for v in values)


def _settled(function: cst.FunctionDef, local: _Local, found: dict[str, _Local], fetched: set[int]) -> bool:
    """Whether a name is bound once, from the outside or others like it, and read only to be run."""
    own = bound_in(function) - set(found) - _steady_parameters(function)
    inside = {id(n) for other in found.values() for n in walk(other.value)}
    if sum(name == local.name for name, _ in bindings(function.body)) != 1:
        return False
    if any((n.value in own and not local.beside) or n.value == local.name for n in names_read(local.value)):
        return False
    local.reads = [n for n in names_read(function.body) if n.value == local.name]
    return bool(local.reads) and all(id(n) in fetched or id(n) in inside for n in local.reads)


def _steady_parameters(function: cst.FunctionDef) -> set[str]:
    """Parameters that are neither bound again nor given other attributes or items."""
    bound = {name for name, _ in bindings(function.body)}
    changed = changed_names(function.body, lambda base: True)
    return parameter_names(function) - bound - changed


class _Writer(Traced):
    """Takes the statements away, and writes what they computed where it is read."""

    def __init__(self, module: Module, found: list[_Local]) -> None:
        super().__init__(module)
        self.dropped = {id(local.statement) for local in found}
        self.meanings = {id(read): local.value for local in found for read in local.reads}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(original, cst.IndentedBlock) and isinstance(made, cst.IndentedBlock):
            made = made.with_changes(body=self.body(original, made))
        if id(original) in self.meanings:
            made = self.copy(self.meanings[id(original)])
        return made

    def body(self, original: cst.IndentedBlock, made: cst.IndentedBlock) -> list[cst.BaseStatement]:
        """The statements that stay, with the comments of those that go."""
        out: list[cst.BaseStatement] = []
        lines: list[cst.EmptyLine] = []
        for old, new in zip(original.body, made.body, strict=True):
            own = list(getattr(new, "leading_lines", ()))
            if id(old) in self.dropped:
                behind = cst.ensure_type(old, cst.SimpleStatementLine).trailing_whitespace.comment
                lines += [*own, *([cst.EmptyLine(comment=behind)] if behind is not None else [])]
                continue
            if lines and any(line.comment for line in lines):
                while own and own[0].comment is None:
                    own.pop(0)
                kept = new.with_changes(leading_lines=[*lines, *own])
                self.trace(new, kept)
                new = kept
            lines = []
            out.append(new)
        return out

    def copy(self, value: cst.BaseExpression) -> cst.BaseExpression:
        """What a name stands for, with the names in it written out as well."""
        return fresh(cast(cst.BaseExpression, value.visit(_Inner(self))), self)


class _Inner(cst.CSTTransformer):
    """Writes names out in what another name stands for."""

    def __init__(self, writer: _Writer) -> None:
        super().__init__()
        self.writer = writer

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        meaning = self.writer.meanings.get(id(original))
        made = self.writer.copy(meaning) if meaning is not None else updated
        self.writer.trace(original, made)
        return made
