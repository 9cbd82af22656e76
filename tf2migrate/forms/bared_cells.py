"""Functions that wrap the cells which they make into dropout that a run decides give the bare cells instead.

``def small(): return DropoutWrapper(GRUCell(8), output_keep_prob=keep)`` becomes ``def small(): return GRUCell(8)``,
and each ``small()`` becomes ``DropoutWrapper(small(), output_keep_prob=keep)``: an equivalent TensorFlow 1 program, in
which the cell can be made once and the dropout belongs to each run. ``wrapped_cells.py`` does the same for statements.
"""

from __future__ import annotations

from collections.abc import Sequence as Seq
from dataclasses import dataclass, field
from typing import TypeVar, cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Cell, Function, Symbol, Value, nodes_in
from tf2migrate.names.bindings import bindings, bound_in, names_read
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk

_Item = TypeVar("_Item", cst.Arg, cst.Param)
WRAPPER = "tf.nn.rnn_cell.DropoutWrapper"


def decided_by_runs(staging: Staging, call: cst.CSTNode) -> bool:
    """Whether an expression puts a cell into dropout that depends on the graph."""
    values = staging.values_of(call) if isinstance(call, cst.Call) else []
    return bool(values) and all(
        isinstance(v, Cell) and v.name == WRAPPER and any(True for o in v.operands for _ in nodes_in(o)) for v in values
    )


def cell_argument(call: cst.Call) -> cst.Arg | None:
    """The argument of a wrapper that is the cell."""
    if any(arg.star for arg in call.args):
        return None
    named = [arg for arg in call.args if arg.keyword is not None and arg.keyword.value == "cell"]
    first = call.args[:1] if call.args and call.args[0].keyword is None else ()
    return next(iter([*named, *first]), None)


@dataclass(eq=False, slots=True)
class _Baring:
    """One function that gives a wrapped cell: the wrapper, and the calls with what the wrapper's names mean there.

    ``unread`` are the parameters that only the wrapper read.
    """

    definition: cst.FunctionDef
    wrapper: cst.Call
    calls: dict[int, dict[str, cst.BaseExpression]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def bared_cells(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """``modules`` with such functions bared; None where there are none."""
    found = []
    for module in modules:
        for node in walk(module.tree):
            if isinstance(node, cst.FunctionDef) and (baring := _baring(staging, modules, node)) is not None:
                found.append(baring)
    # One at a time: a function may give what another one made.
    if not found:
        return None
    receiver = _receiver(staging, found[0].definition)
    return [_Barer(module, found[0], receiver).apply(module) for module in modules]


def _baring(staging: Staging, modules: list[Module], definition: cst.FunctionDef) -> _Baring | None:
    wrapper = _wrapper(definition)
    calls = staging.calls.get(id(definition), [])
    if wrapper is None or not calls or not decided_by_runs(staging, wrapper) or definition.decorators:
        return None
    if not _only_called(staging, modules, definition, {id(call) for call, _, _ in calls}):
        return None
    argument = cell_argument(wrapper)
    read = [*names_read(wrapper.func), *(n for arg in wrapper.args if arg is not argument for n in names_read(arg))]
    made = _Baring(definition, wrapper)
    for call, frame, place in calls:
        given = _arguments(staging, definition, call)
        if given is None or any(not _can_move(n.value, definition, given, frame, place) for n in read):
            return None
        made.calls[id(call)] = {n.value: given[n.value] for n in read if n.value in given}
    inside = {id(n) for n in read}
    elsewhere = {n.value for n in names_read(definition.body) if id(n) not in inside}
    receiver = _receiver(staging, definition)
    names = {n.value for n in read} - elsewhere - {receiver}
    made.unread = [p.name.value for p in definition.params.params if p.name.value in names]
    return made


def _can_move(
    name: str, definition: cst.FunctionDef, given: dict[str, cst.BaseExpression], frame: Frame, place: Place
) -> bool:
    """Whether what a wrapper reads can be told where its function is called."""
    if any(name == bound for bound, _ in bindings(definition.body)):
        return False
    return name in given or (name not in bound_in(definition) and _same(name, frame, place.steps[-1].frame))


def _wrapper(definition: cst.FunctionDef) -> cst.Call | None:
    """The call that makes what a function gives, where it has one ``return`` and that is its last statement."""
    if sum(isinstance(n, cst.Return) for n in walk(definition.body)) != 1 or not definition.body.body:
        return None
    match definition.body.body[-1]:
        case cst.SimpleStatementLine(body=[cst.Return(value=cst.Call() as call)]):
            return call
        case cst.SimpleStatementLine(body=[cst.Return(value=cst.Name(value=given))]):
            before = definition.body.body[-2:-1]
            match before:
                case [
                    cst.SimpleStatementLine(
                        body=[
                            cst.Assign(
                                targets=[cst.AssignTarget(target=cst.Name(value=bound))], value=cst.Call() as call
                            )
                        ]
                    )
                ] if bound == given:
                    return call
    return None


def _only_called(staging: Staging, modules: list[Module], definition: cst.FunctionDef, calls: set[int]) -> bool:
    """Whether a function is read only to be called, in calls that were seen."""
    name = definition.name.value
    for module in modules:
        callees = {id(n.func): id(n) in calls for n in walk(module.tree) if isinstance(n, cst.Call)}
        labels = {id(label) for n in walk(module.tree) for label in _labels(n)}
        for node in walk(module.tree):
            match node:
                case cst.Attribute(attr=cst.Name(value=value)):
                    pass
                case cst.Name(value=value) if id(node) not in labels:
                    pass
                case _:
                    continue
            values = staging.values_of(node)
            unseen = value == name and not values
            if unseen or (_is(values, definition) and not callees.get(id(node), False)):
                return False
    return True


def _labels(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The names in a node that are not read."""
    match node:
        case cst.Attribute(attr=label) | cst.FunctionDef(name=label) | cst.Param(name=label) | cst.ClassDef(name=label):
            return [label]
        case cst.Arg(keyword=cst.Name() as label) | cst.ImportAlias(name=cst.Name() as label):
            return [label]
    return []


def _is(values: list[Value], definition: cst.FunctionDef) -> bool:
    functions = [v.function if isinstance(v, Bound) else v for v in values]
    return any(isinstance(f, Function) and f.definition is definition for f in functions)


def _receiver(staging: Staging, definition: cst.FunctionDef) -> str:
    """The parameter of a method that is its object; empty for a function."""
    calls = [call for call, _, _ in staging.calls.get(id(definition), ())]
    if any(isinstance(v, Bound) for call in calls for v in staging.values_of(call.func)):
        return definition.params.params[0].name.value
    return ""


def _arguments(
    staging: Staging, definition: cst.FunctionDef, call: cst.Call
) -> dict[str, cst.BaseExpression] | None:
    """What a call gives for each parameter, as far as that can stand in two places."""
    params = definition.params
    if params.kwonly_params or params.posonly_params or not isinstance(params.star_arg, cst.MaybeSentinel):
        return None
    names = [p.name.value for p in params.params]
    out = {p.name.value: p.default for p in params.params if p.default is not None}
    places = list(names)
    if any(isinstance(v, Bound) for v in staging.values_of(call.func)):
        if not isinstance(call.func, cst.Attribute):
            return None
        out[places.pop(0)] = call.func.value
    for arg in call.args:
        if arg.star:
            return None
        name = arg.keyword.value if arg.keyword is not None else places.pop(0) if places else ""
        out[name] = arg.value
    return {name: value for name, value in out.items() if _is_plain(value)}


def _is_plain(value: cst.BaseExpression) -> bool:
    """Whether an expression may be evaluated twice: names, attributes of names, and literals."""
    while isinstance(value, cst.Attribute):
        value = value.value
    return isinstance(value, cst.Name | cst.Integer | cst.Float)


def _same(name: str, inner: Frame, outer: Frame) -> bool:
    """Whether a name means in ``outer`` what it means in ``inner``."""
    if inner.holder(name) is not None and inner.holder(name) is outer.holder(name):
        return True
    first, second = inner.lookup(name), outer.lookup(name)
    return isinstance(first, Symbol) and isinstance(second, Symbol) and first.name == second.name


class _Barer(Traced):
    """Takes the wrapper out of the function and puts it around the calls."""

    def __init__(self, module: Module, baring: _Baring, receiver: str) -> None:
        super().__init__(module)
        self.baring = baring
        self.receiver = receiver
        self.names = [p.name.value for p in baring.definition.params.params]
        body = baring.definition.body.body
        self.returned = body[-1] if body else None
        # ``cell = DropoutWrapper(cell, ...)`` before ``return cell`` goes with its wrapper.
        named = isinstance(_returned(self.returned), cst.Name)
        self.before = body[-2] if named else None

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        baring = self.baring
        if original is baring.wrapper:
            argument = cell_argument(cast(cst.Call, made))
            made = argument.value if argument is not None else made
        if original is self.before and isinstance(made, cst.SimpleStatementLine):
            assign = made.body[0]
            if isinstance(assign, cst.Assign) and isinstance(assign.value, cst.Name):
                self.kept = assign.value
                self.lines = made.leading_lines
                return cst.RemoveFromParent()
            self.before = None
        if original is self.returned and self.before is not None and isinstance(made, cst.SimpleStatementLine):
            lines = made.leading_lines or self.lines
            made = made.with_changes(body=[cst.Return(self.kept)], leading_lines=lines)
            self.trace(cast(cst.CSTNode, self.returned), made.body[0])
        if original is baring.definition.params and isinstance(made, cst.Parameters):
            gone = [name in baring.unread for name in self.names]
            made = made.with_changes(params=_without(made.params, gone))
        if id(original) in baring.calls and isinstance(made, cst.Call):
            made = made.with_changes(args=_without(made.args, self.unread_arguments(made)))
            self.trace(original, made)
            made = self.wrapped(made, baring.calls[id(original)])
        return made

    def unread_arguments(self, call: cst.Call) -> list[bool]:
        names = self.names[1:] if self.receiver else self.names
        return [
            (arg.keyword.value if arg.keyword is not None else names[index]) in self.baring.unread
            for index, arg in enumerate(call.args)
        ]

    def wrapped(self, inner: cst.Call, meanings: dict[str, cst.BaseExpression]) -> cst.Call:
        wrapper = self.baring.wrapper
        argument = cell_argument(wrapper)
        args = []
        for arg in wrapper.args:
            copied = _Meaning(self, meanings).copy(arg) if arg is not argument else None
            args.append(copied if copied is not None else arg.with_changes(value=inner))
        made = wrapper.with_changes(func=_Meaning(self, meanings).copy(wrapper.func), args=args)
        self.trace(wrapper, made)
        return made


class _Meaning(cst.CSTTransformer):
    """A copy of an expression with parameters replaced by arguments."""

    def __init__(self, traced: Traced, meanings: dict[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.traced = traced
        self.meanings = meanings
        self.kept: set[int] = set()

    def copy(self, node: cst.CSTNode) -> cst.CSTNode:
        made = cast(cst.CSTNode, node.deep_clone().visit(self))
        for part in walk(made):
            self.traced.trace(node, part)
        return made

    def visit_Arg_keyword(self, node: cst.Arg) -> None:
        if node.keyword is not None:
            self.kept.add(id(node.keyword))

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        self.kept.add(id(node.attr))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        meaning = self.meanings.get(original_node.value)
        if meaning is None or id(original_node) in self.kept:
            return updated_node
        return meaning.deep_clone()


def _returned(statement: cst.CSTNode | None) -> cst.BaseExpression | None:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Return(value=value)]):
            return value
    return None


def _without(items: Seq[_Item], gone: list[bool]) -> list[_Item]:
    """The items without some of them, and without a comma behind the last."""
    kept = [item for item, away in zip(items, gone, strict=True) if not away]
    if kept and len(kept) < len(items):
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return kept
