"""Statements that make cells in a comprehension or loop, inside of dropout that a run decides, become two.

``stack = MultiRNNCell([DropoutWrapper(GRUCell(n), output_keep_prob=keep) for n in sizes])`` becomes
``cells = [GRUCell(n) for n in sizes]`` and
``stack = MultiRNNCell([DropoutWrapper(cell, output_keep_prob=keep) for cell in cells])``: an equivalent TensorFlow 1
program, in which the cells are made apart from what a run decides. A state of zeros is that of the bare cells, see
``zero_states.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst

from tf2migrate.forms.bared_cells import WRAPPER, bared_cells, cell_argument
from tf2migrate.forms.cell_edit import Edit
from tf2migrate.forms.traced import Left
from tf2migrate.forms.zero_states import Zeros
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Cell, Value
from tf2migrate.names.bindings import bindings, bound_names, names_read
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, code_of, walk

# What may be evaluated later, or not at all.
DELAYED = (cst.Lambda, cst.BaseComp, cst.IfExp, cst.BooleanOperation, cst.NamedExpr)


def cells_apart(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """The next form of ``modules`` with cells further apart from what a run decides; None when they are."""
    if not any(_drops_out(seen.value) for every in staging.observations.values() for seen in every):
        return None
    bared = bared_cells(staging, modules)
    if bared is not None:
        return bared
    for edit in (_Comprehensions, _Loops, Zeros):
        made = [edit(module, staging).apply(module) for module in modules]
        if any(new is not old for new, old in zip(made, modules, strict=True)):
            return made
    return None


def _drops_out(value: Value) -> bool:
    """Whether something is a cell inside of dropout; without one there is nothing to take apart."""
    return isinstance(value, Cell) and (value.random or value.name == WRAPPER)


class _Comprehensions(Edit):
    """Takes the cells that a comprehension makes into a list of their own, before the statement."""

    def __init__(self, module: Module, staging: Staging) -> None:
        super().__init__(module, staging)
        # By the comprehension: the name of the list, and the name of its element.
        self.lists: dict[int, tuple[str, str]] = {}
        self.inner: dict[int, str] = {}
        self.made: dict[int, cst.BaseExpression] = {}
        self.found: dict[int, list[cst.ListComp | cst.GeneratorExp]] = {}
        for node in walk(module.tree):
            if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
                for comprehension in self.comprehensions(node):
                    self.take(node, comprehension)

    def comprehensions(self, node: cst.CSTNode) -> Iterator[cst.ListComp | cst.GeneratorExp]:
        if isinstance(node, cst.ListComp | cst.GeneratorExp):
            yield node
        elif not isinstance(node, DELAYED):
            for child in children(node):
                yield from self.comprehensions(child)

    def take(self, statement: cst.SimpleStatementLine, node: cst.ListComp | cst.GeneratorExp) -> None:
        wrappers, cell = self.chain(node.elt)
        if not wrappers or isinstance(cell, cst.Name):
            return
        loops = [node.for_in]
        while loops[-1].inner_for_in is not None:
            loops.append(loops[-1].inner_for_in)
        targets = {name for loop in loops for name in bound_names(loop.target)}
        others = self.other_names(wrappers)
        if targets & others:
            return
        self.lists[id(node)] = self.fresh("cells", "bare_cells"), next(n for n in ("cell", "bare") if n not in others)
        self.inner[id(cell)] = self.lists[id(node)][1]
        self.found.setdefault(id(statement), []).append(node)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.inner:
            self.made[id(original)] = cast(cst.BaseExpression, made)
            made = cst.Name(self.inner[id(original)])
            self.trace(original, made)
        if id(original) in self.lists and isinstance(made, cst.ListComp | cst.GeneratorExp):
            name, element = self.lists[id(original)]
            _, cell = self.chain(cast(cst.ListComp, original).elt)
            plain = cst.ListComp(self.made[id(cell)], made.for_in)
            self.trace(original, plain)
            self.made[id(original)] = plain
            through = cst.CompFor(cst.Name(element), cst.Name(name))
            made = made.with_changes(for_in=through)
            self.trace(original, made)
        if id(original) in self.found and isinstance(made, cst.SimpleStatementLine):
            return cst.FlattenSentinel(self.apart(cast(cst.SimpleStatementLine, original), made))
        return made

    def apart(
        self, original: cst.SimpleStatementLine, made: cst.SimpleStatementLine
    ) -> Iterator[cst.SimpleStatementLine]:
        self.done = True
        lines = made.leading_lines
        for node in self.found[id(original)]:
            target = cst.AssignTarget(cst.Name(self.lists[id(node)][0]))
            line = cst.SimpleStatementLine([cst.Assign([target], self.made[id(node)])], leading_lines=lines)
            self.trace(original, line)
            yield line
            lines = ()
        yield made.with_changes(leading_lines=lines)


class _Loops(Edit):
    """``cells.append(DropoutWrapper(cell, ...))`` in a loop becomes ``cells.append(cell)``, with the dropout behind it.

    The list has to begin empty right before, and to be filled by that one statement.
    """

    def __init__(self, module: Module, staging: Staging) -> None:
        super().__init__(module, staging)
        self.renamed: dict[int, str] = {}
        self.gone: set[int] = set()
        self.unwrapped: dict[int, str] = {}
        self.opened: dict[int, int] = {}
        self.behind: dict[int, str] = {}
        for node in walk(module.tree):
            body = node.body if isinstance(node, cst.IndentedBlock | cst.Module) else ()
            for loop in body:
                if isinstance(loop, cst.For) and loop.orelse is None and isinstance(loop.body, cst.IndentedBlock):
                    self.part(module, list(body[: body.index(loop)]), loop)

    def part(self, module: Module, before: list[cst.BaseStatement], loop: cst.For) -> None:
        statements = list(loop.body.body)
        kept = _appended(statements[-1]) if statements else None
        if kept is None or any(isinstance(n, cst.Break | cst.Return | cst.Continue) for n in walk(loop)):
            return
        target, value = kept
        wrapping = _assigned(statements[-2], value) if len(statements) > 1 and isinstance(value, cst.Name) else None
        call = value if wrapping is None else wrapping.value
        wrappers, cell = self.chain(call)
        begin = next((s for s in reversed(before) if _begins_empty(s, target.value)), None)
        if not wrappers or begin is None:
            return
        bound = {name for s in [*statements, loop] for name, _ in bindings(s)} | set(bound_names(loop.target))
        between = [*before[before.index(begin) + 1 :], *statements[:-1], loop.iter]
        reads = [n for s in between for n in names_read(s) if n.value == target.value]
        if bound & self.other_names(wrappers) or reads or target.value in bound:
            return
        name = self.fresh(f"bare_{target.value}")
        for part in walk(begin):
            if isinstance(part, cst.Name) and part.value == target.value:
                self.renamed[id(part)] = name
        self.renamed[id(target)] = name
        if wrapping is not None and isinstance(cell, cst.Name):
            self.gone.add(id(statements[-2]))
            self.unwrapped[id(value)] = cell.value
        else:
            self.opened[id(call)] = len(wrappers)
        element = next(n for n in ("cell", "bare") if n not in self.other_names(wrappers))
        copied = code_of(call.deep_replace(cell, cst.Name(element)))
        self.behind[id(loop)] = f"{target.value} = [{copied} for {element} in {name}]\n"

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.renamed:
            made = cst.Name(self.renamed[id(original)])
        if id(original) in self.unwrapped:
            made = cst.Name(self.unwrapped[id(original)])
        for _ in range(self.opened.get(id(original), 0)):
            argument = cell_argument(cast(cst.Call, made))
            made = argument.value if argument is not None else made
        self.trace(original, made)
        if id(original) in self.behind:
            self.done = True
            return cst.FlattenSentinel([made, self.line(self.behind[id(original)], original)])
        return made


def _appended(statement: cst.CSTNode) -> tuple[cst.Name, cst.BaseExpression] | None:
    """``cells.append(cell)``: the list and what it gets."""
    match statement:
        case cst.SimpleStatementLine(
            body=[
                cst.Expr(
                    value=cst.Call(
                        func=cst.Attribute(value=cst.Name() as name, attr=cst.Name(value="append")),
                        args=[cst.Arg(star="", keyword=None, value=value)],
                    )
                )
            ]
        ):
            return name, value
    return None


def _assigned(statement: cst.CSTNode, name: cst.Name) -> cst.Assign | None:
    """The statement ``name = ...``."""
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=bound))]) as assign]
        ):
            return assign if bound == name.value else None
    return None


def _begins_empty(statement: cst.CSTNode, name: str) -> bool:
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=bound))], value=cst.List(elements=[]))]
        ):
            return bound == name
    return False
