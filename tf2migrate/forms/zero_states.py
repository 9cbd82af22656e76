"""States of zeros of cells inside of dropout that a run decides: they are those of the cells without the dropout.

``start = stack.zero_state(n, tf.float32)`` becomes ``start = bare_stack.zero_state(n, tf.float32)``, where
``bare_stack = MultiRNNCell([bare_cell] * 2)`` stands before the statement that binds ``stack``: an equivalent
TensorFlow 1 program, in which the state reads nothing that is fed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst

from tf2migrate.forms.cell_edit import Edit
from tf2migrate.forms.traced import Left
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Cell, Value, nodes_in
from tf2migrate.names.bindings import all_reads, bindings, bound_in, bound_names, names_read
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, code_of, walk

BLOCKS = (cst.For, cst.While, cst.If, cst.Else, cst.Try, cst.ExceptHandler, cst.Finally)
LOOPS = (cst.For, cst.While)
Blocks = tuple[cst.CSTNode, ...]


class Zeros(Edit):
    """``cell.zero_state(...)`` reads the cell without the dropout, which is given a name where it has none."""

    def __init__(self, module: Module, staging: Staging) -> None:
        super().__init__(module, staging)
        self.receivers: dict[int, cst.BaseExpression] = {}
        # By the statement before which it stands: the name, and what it is bound to.
        self.before: dict[int, dict[str, cst.BaseExpression]] = {}
        self.names: dict[tuple[int, str], str] = {}
        self.renamed: dict[int, str] = {}
        bodies = [module.tree, *(n.body for n in walk(module.tree) if isinstance(n, cst.FunctionDef))]
        for body in bodies:
            self.body = body
            self.order = list(_of_scope(body, ()))
            for node, _ in self.order:
                receiver = self.dropped(node)
                bare = self.plain(receiver) if receiver is not None else None
                if receiver is not None and bare is not None:
                    self.receivers[id(receiver)] = bare

    def dropped(self, call: cst.CSTNode) -> cst.Name | cst.Attribute | None:
        """The cell whose state of zeros an expression is, where runs decide about its dropout."""
        match call:
            case cst.Call(
                func=cst.Attribute(value=cst.Name() | cst.Attribute() as receiver, attr=cst.Name(value="zero_state"))
            ):
                return receiver if self.is_decided(receiver) else None
        return None

    def is_decided(self, expression: cst.BaseExpression) -> bool:
        values = self.staging.values_of(expression)
        return bool(values) and all(_decided(v) for v in values)

    def plain(self, cell: cst.BaseExpression) -> cst.BaseExpression | None:
        """A cell without the dropout that runs decide: itself, or by a name that is bound beside it."""
        if not isinstance(cell, cst.Name | cst.Attribute):
            return None
        if not self.is_decided(cell):
            return cell
        wrapped = self.wrapped(cell)
        if wrapped is not None:
            return self.renaming(cell, wrapped) or self.named(cell, wrapped, cell)
        statement = self.binding(cell)
        if statement is None:
            return None
        known = self.names.get((id(statement), code_of(cell)))
        bare = self.bare(cast(cst.Assign, statement.body[0]).value) if known is None else cell
        return self.named(cell, statement, bare) if bare is not None else None

    def named(self, cell: cst.Name | cst.Attribute, where: cst.CSTNode, bare: cst.BaseExpression) -> cst.Name:
        """A name for a bare cell, bound before a statement."""
        key = id(where), code_of(cell)
        if key not in self.names:
            self.names[key] = self.fresh(f"bare_{cell.value if isinstance(cell, cst.Name) else cell.attr.value}")
            self.before.setdefault(id(where), {})[self.names[key]] = bare
        return cst.Name(self.names[key])

    def renaming(self, cell: cst.Name | cst.Attribute, wrapping: cst.CSTNode) -> cst.Name | None:
        """A name of its own for a bare cell, where one statement binds it and a later one in line wraps it."""
        at = next(i for i, (node, _) in enumerate(self.order) if node is wrapping)
        before = [i for i, (node, _) in enumerate(self.order[:at]) if _binds(node, cell)]
        if not before or not isinstance(cell, cst.Name) or self.order[before[-1]][1] != self.order[at][1]:
            return None
        key = id(wrapping), cell.value
        binding = self.order[before[-1]][0]
        match binding, wrapping:
            case (
                cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name() as target)])]),
                cst.SimpleStatementLine(body=[cst.Assign(value=value)]),
            ):
                between = [node for node, _ in self.order[before[-1] + 1 : at]]
            case _:
                return None
        reads = [n for part in (*between, value) for n in names_read(part) if n.value == cell.value]
        later = [f for f in walk(self.body) if isinstance(f, cst.FunctionDef | cst.Lambda)]
        outside = [f for f in later if isinstance(f, cst.Lambda) or cell.value not in bound_in(f)]
        if any(n.value == cell.value for function in outside for n in all_reads(function)):
            return None
        self.names.setdefault(key, self.fresh(f"bare_{cell.value}"))
        for node in (target, *reads):
            self.renamed[id(node)] = self.names[key]
        return cst.Name(self.names[key])

    # ------------------------------------------------------------------ where a name has its value from
    def bound_before(self, name: cst.Name | cst.Attribute) -> tuple[list[tuple[cst.CSTNode, Blocks]], Blocks]:
        """What binds a name before it is read, last first, and the blocks around the reading."""
        at = next(i for i, (node, _) in enumerate(self.order) if node is name)
        return [each for each in reversed(self.order[:at]) if _binds(each[0], name)], self.order[at][1]

    def binding(self, name: cst.Name | cst.Attribute) -> cst.SimpleStatementLine | None:
        """The assignment, in the same scope, that a name or attribute has its value from."""
        before, around = self.bound_before(name)
        if not before:
            return None
        statement, where = before[0]
        # Neither a branch that may not be taken nor the pass before may decide.
        passes = [block for block in around[len(where) :] if isinstance(block, LOOPS)]
        carried = any(block in blocks for node, blocks in self.order if _binds(node, name) for block in passes)
        straight = where == around[: len(where)]
        if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 and straight and not carried:
            return statement if isinstance(statement.body[0], cst.Assign) else None
        return None

    def wrapped(self, name: cst.Name | cst.Attribute) -> cst.CSTNode | None:
        """The statement before which a name still holds the bare cell: ``if drops: cell = DropoutWrapper(cell, ...)``.

        None where a loop may wrap it more than once, or where it is not known what the name holds before.
        """
        before, around = self.bound_before(name)
        first: cst.CSTNode | None = None
        places = [around]
        while before and self.wraps_itself(before[0][0], name):
            first, where = before.pop(0)
            places.append(where)
        if first is None or not before:
            return None
        outer = before[0][1]
        inner = [where[len(outer) :] for where in places]
        if any(where[: len(outer)] != outer for where in places):
            return None
        if any(isinstance(block, LOOPS) for blocks in inner for block in blocks):
            return None
        return inner[-1][0] if inner[-1] else first

    def wraps_itself(self, statement: cst.CSTNode, name: cst.Name | cst.Attribute) -> bool:
        """``cell = DropoutWrapper(cell, ...)``."""
        match statement:
            case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=value)]):
                wrappers, cell = self.chain(value)
                return bool(wrappers) and code_of(cell) == code_of(name) == code_of(target)
        return False

    # ------------------------------------------------------------------ cells without dropout
    def bare(self, value: cst.BaseExpression) -> cst.BaseExpression | None:
        """A cell without the dropout that runs decide, where that makes nothing a second time."""
        wrappers, cell = self.chain(value)
        if wrappers:
            return self.plain(cell)
        stacks = self.staging.values_of(value)
        if not isinstance(value, cst.Call) or not stacks or not all(isinstance(v, Cell) for v in stacks):
            return None
        for arg in value.args:
            cells: cst.BaseExpression = arg.value
            named = self.binding(cells) if isinstance(cells, cst.Name) else None
            if named is not None:
                cells = cast(cst.Assign, named.body[0]).value
            through = self.without_dropout(cells)
            if through is not None:
                args = [a.with_changes(value=through) if a is arg else a for a in value.args]
                return value.with_changes(args=args)
        return None

    def without_dropout(self, cells: cst.BaseExpression) -> cst.BaseExpression | None:
        """A list of cells without dropout: ``[cell] * 2``, or what ``[Dropout(c) for c in cells]`` goes through."""
        match cells:
            case cst.ListComp(
                elt=elt, for_in=cst.CompFor(target=cst.Name(value=name), iter=through, ifs=[], inner_for_in=None)
            ):
                wrappers, cell = self.chain(elt)
                if isinstance(through, cst.Name) and wrappers and isinstance(cell, cst.Name) and cell.value == name:
                    return through
                bare = self.bare_member(elt) if code_of(elt) != name and _is_plain(through) else None
                return cells.with_changes(elt=bare) if bare is not None else None
            case cst.List(elements=elements):
                made = [self.bare_member(each.value) for each in elements]
                kept = [e.with_changes(value=m) for e, m in zip(elements, made, strict=True) if m is not None]
                return cells.with_changes(elements=kept) if kept and len(kept) == len(made) else None
            case cst.BinaryOperation(left=cst.List() as one, operator=cst.Multiply(), right=times) if _is_plain(times):
                bare = self.without_dropout(one)
                return cells.with_changes(left=bare) if bare is not None else None
        return None

    def bare_member(self, value: cst.BaseExpression) -> cst.BaseExpression | None:
        return self.plain(self.chain(value)[1])

    # ------------------------------------------------------------------ the edit
    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.renamed:
            made = cst.Name(self.renamed[id(original)])
            self.trace(original, made)
        if id(original) in self.receivers:
            made = self.receivers[id(original)].deep_clone()
            self.trace(original, made)
            self.done = True
        if id(original) in self.before and isinstance(made, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            lines = [self.line(f"{n} = {code_of(bare)}\n", original) for n, bare in self.before[id(original)].items()]
            return self.preceded(lines, original, made)
        return made


def _is_plain(expression: cst.BaseExpression) -> bool:
    """Whether an expression may be evaluated twice: a name, a number, or a range of one."""
    match expression:
        case cst.Call(func=cst.Name(value="range" | "xrange"), args=args):
            return all(_is_plain(arg.value) for arg in args)
        case cst.Attribute(value=value):
            return _is_plain(value)
    return isinstance(expression, cst.Name | cst.Integer)


def _of_scope(body: cst.CSTNode, around: Blocks) -> Iterator[tuple[cst.CSTNode, Blocks]]:
    """The nodes of a body, in order, with the compound statements around them; not those of functions in it."""
    for node in children(body):
        if not isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            yield node, around
            yield from _of_scope(node, (*around, node) if isinstance(node, BLOCKS) else around)


def _decided(value: Value) -> bool:
    """Whether something is a cell with dropout in it that runs decide."""
    run_decides = [n for n in nodes_in(value) if n.kind in ("placeholder", "tensor")]
    return isinstance(value, Cell) and value.random and bool(run_decides)


def _binds(node: cst.CSTNode, name: cst.Name | cst.Attribute) -> bool:
    """Whether a statement, or a header such as that of a loop, binds a name or attribute."""
    wanted = code_of(name)
    match node:
        case cst.SimpleStatementLine(body=body):
            for small in body:
                if isinstance(small, cst.Assign) and any(code_of(t.target) == wanted for t in small.targets):
                    return True
                if any(bound == wanted for bound, _ in bindings(small)):
                    return True
        case cst.For(target=target):
            return wanted in bound_names(target)
        case cst.AsName(name=target):
            return code_of(target) == wanted
    return False
