"""Statements that make cells in a comprehension or loop, inside of dropout that a run decides, become two.

``stack = MultiRNNCell([DropoutWrapper(GRUCell(n), output_keep_prob=keep) for n in sizes])`` becomes
``cells = [GRUCell(n) for n in sizes]`` and
``stack = MultiRNNCell([DropoutWrapper(cell, output_keep_prob=keep) for cell in cells])``: an equivalent TensorFlow 1
program, in which the cells are made apart from what a run decides. A state of zeros is that of the bare cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst

from tf2migrate.forms.bared_cells import bared_cells, cell_argument, decided_by_runs
from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Cell, Value, nodes_in
from tf2migrate.names.bindings import bindings, bound_names, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, code_of, walk

# What may be evaluated later, or not at all.
DELAYED = (cst.Lambda, cst.BaseComp, cst.IfExp, cst.BooleanOperation, cst.NamedExpr)
BLOCKS = (cst.For, cst.While, cst.If, cst.Else, cst.Try, cst.ExceptHandler, cst.Finally)
Blocks = tuple[cst.CSTNode, ...]


def cells_apart(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """The next form of ``modules`` with cells further apart from what a run decides; None when they are."""
    bared = bared_cells(staging, modules)
    if bared is not None:
        return bared
    for edit in (_Comprehensions, _Loops, _Zeros):
        made = [edit(module, staging).apply(module) for module in modules]
        if any(new is not old for new, old in zip(made, modules, strict=True)):
            return made
    return None


class _Edit(Traced):
    """An edit that may find nothing to do."""

    def __init__(self, module: Module, staging: Staging) -> None:
        super().__init__(module)
        self.staging = staging
        self.taken = {n.value for n in walk(module.tree) if isinstance(n, cst.Name)}
        self.done = False

    def apply(self, module: Module) -> Module:
        made = super().apply(module)
        return made if self.done else module

    def fresh(self, *wanted: str) -> str:
        return take_name(next((name for name in wanted if name not in self.taken), wanted[-1]), self.taken)

    def chain(self, node: cst.BaseExpression) -> tuple[list[cst.Call], cst.BaseExpression]:
        """The wrappers around a cell that runs decide, outermost first, and what is inside of them."""
        wrappers: list[cst.Call] = []
        while isinstance(node, cst.Call) and decided_by_runs(self.staging, node):
            argument = cell_argument(node)
            if argument is None:
                break
            wrappers.append(node)
            node = argument.value
        return wrappers, node

    def other_names(self, wrappers: list[cst.Call]) -> set[str]:
        """The names that wrappers read beside the cell."""
        found: set[str] = set()
        for wrapper in wrappers:
            argument = cell_argument(wrapper)
            found |= {n.value for n in names_read(wrapper.func)}
            found |= {n.value for arg in wrapper.args if arg is not argument for n in names_read(arg)}
        return found


class _Comprehensions(_Edit):
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


class _Loops(_Edit):
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


class _Zeros(_Edit):
    """``cell.zero_state(...)`` reads the cell without the dropout, which is given a name where it has none."""

    def __init__(self, module: Module, staging: Staging) -> None:
        super().__init__(module, staging)
        self.receivers: dict[int, cst.BaseExpression] = {}
        self.before: dict[int, tuple[str, cst.BaseExpression]] = {}
        bodies = [module.tree, *(n.body for n in walk(module.tree) if isinstance(n, cst.FunctionDef))]
        for body in bodies:
            self.order = list(_of_scope(body, ()))
            for node, _ in self.order:
                receiver = self.dropped(node)
                if receiver is not None:
                    self.zero(receiver)

    def dropped(self, call: cst.CSTNode) -> cst.Name | cst.Attribute | None:
        """The cell whose state of zeros an expression is, where runs decide about its dropout."""
        match call:
            case cst.Call(
                func=cst.Attribute(value=cst.Name() | cst.Attribute() as receiver, attr=cst.Name(value="zero_state"))
            ):
                values = self.staging.values_of(receiver)
                return receiver if values and all(_decided(v) for v in values) else None
        return None

    def zero(self, receiver: cst.Name | cst.Attribute) -> None:
        statement = self.binding(receiver)
        if statement is None:
            return
        if id(statement) not in self.before:
            bare = self.bare(cast(cst.Assign, statement.body[0]).value)
            if bare is None:
                return
            name = receiver.value if isinstance(receiver, cst.Name) else receiver.attr.value
            self.before[id(statement)] = self.fresh(f"bare_{name}"), bare
        self.receivers[id(receiver)] = cst.Name(self.before[id(statement)][0])

    def binding(self, name: cst.Name | cst.Attribute) -> cst.SimpleStatementLine | None:
        """The assignment, in the same scope, that a name or attribute has its value from."""
        at = next(i for i, (node, _) in enumerate(self.order) if node is name)
        around = self.order[at][1]
        binding = [i for i, (node, _) in enumerate(self.order) if _binds(node, name)]
        before = [i for i in binding if i < at]
        if not before:
            return None
        statement, where = self.order[before[-1]]
        # Neither a branch that may not be taken nor the pass before may decide.
        passes = [block for block in around[len(where) :] if isinstance(block, cst.For | cst.While)]
        carried = any(block in self.order[i][1] for i in binding for block in passes)
        straight = all(one is other for one, other in zip(where, around, strict=False)) and len(where) <= len(around)
        if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 and straight and not carried:
            return statement if isinstance(statement.body[0], cst.Assign) else None
        return None

    def bare(self, value: cst.BaseExpression) -> cst.BaseExpression | None:
        """A cell without the dropout that runs decide, where that makes nothing a second time."""
        wrappers, cell = self.chain(value)
        if wrappers:
            return cell if isinstance(cell, cst.Name | cst.Attribute) else None
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
        """The list behind ``[DropoutWrapper(cell, ...) for cell in cells]``."""
        match cells:
            case cst.ListComp(elt=elt, for_in=cst.CompFor(target=cst.Name(value=name), iter=cst.Name() as through)):
                wrappers, cell = self.chain(elt)
                if wrappers and isinstance(cell, cst.Name) and cell.value == name:
                    return through
        return None

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.receivers:
            made = self.receivers[id(original)].deep_clone()
            self.trace(original, made)
            self.done = True
        if id(original) in self.before and isinstance(made, cst.SimpleStatementLine):
            name, bare = self.before[id(original)]
            return self.preceded([self.line(f"{name} = {code_of(bare)}\n", original)], original, made)
        return made


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
