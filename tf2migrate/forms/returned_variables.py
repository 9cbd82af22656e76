"""Lists of variables that a function gives back beside what it computes are read by its callers.

``out, params = net(x, "pi")`` becomes ``out = net(x, "pi")`` and ``params = tf.get_collection(..., scope="pi")``: an
equivalent TensorFlow 1 program, as nothing is made between the two places. What a run needs of the list does not
need the computation then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.api.collections import VARIABLE_LISTS
from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Node, Sequence, Symbol
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk


@dataclass(frozen=True, slots=True)
class _Returning:
    """A function, its one ``return``, and the lists in it: position, expression, and the statement that names it."""

    definition: cst.FunctionDef
    returned: cst.Return
    lists: tuple[tuple[int, cst.Call, cst.SimpleStatementLine | None], ...]


@dataclass(frozen=True, slots=True)
class _Caller:
    """A statement that unpacks a call, and the lists that it reads itself: position and expression."""

    statement: cst.SimpleStatementLine
    lists: tuple[tuple[int, cst.Call], ...]


def without_returned_variables(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """``modules`` in which no function gives back such lists; None where there are none."""
    functions: list[_Returning] = []
    callers: list[_Caller] = []
    for module in modules:
        for node in walk(module.tree):
            found = _returning(staging, node) if isinstance(node, cst.FunctionDef) else None
            calls = _callers(staging, modules, found) if found is not None else None
            if found is not None and calls is not None:
                functions.append(found)
                callers += calls
    return [_Writer(m, functions, callers).apply(m) for m in modules] if functions else None


def _returning(staging: Staging, definition: cst.FunctionDef) -> _Returning | None:
    statements = list(_statements(definition.body))
    returns = [n for n in walk(definition.body) if isinstance(n, cst.Return)]
    if len(returns) != 1 or not statements or returns[0] not in statements[-1].body:
        return None
    if not isinstance(returns[0].value, cst.Tuple):
        return None
    lists: list[tuple[int, cst.Call, cst.SimpleStatementLine | None]] = []
    tail = _reading_tail(staging, statements[:-1])
    for position, element in enumerate(returns[0].value.elements):
        made = _named(definition, element.value, tail) if isinstance(element.value, cst.Name) else (element.value, None)
        if made is not None and isinstance(made[0], cst.Call) and _lists_variables(staging, made[0]):
            lists.append((position, made[0], made[1]))
    if not lists or len(lists) == len(returns[0].value.elements):
        return None
    return _Returning(definition, returns[0], tuple(lists))


def _statements(body: cst.BaseSuite) -> Iterator[cst.SimpleStatementLine]:
    """The simple statements of a body in order, those of ``with`` blocks included."""
    for statement in body.body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield statement
        elif isinstance(statement, cst.With):
            yield from _statements(statement.body)


def _reading_tail(staging: Staging, statements: list[cst.SimpleStatementLine]) -> list[cst.SimpleStatementLine]:
    """The last statements before the ``return``, as far as they only read collections."""
    tail: list[cst.SimpleStatementLine] = []
    for statement in reversed(statements):
        match statement.body:
            case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=cst.Call() as call)]:
                if not _lists_variables(staging, call):
                    break
                tail.append(statement)
            case _:
                break
    return tail


def _named(
    definition: cst.FunctionDef, name: cst.Name, tail: list[cst.SimpleStatementLine]
) -> tuple[cst.BaseExpression, cst.SimpleStatementLine] | None:
    """What a returned name was bound to, if that is all that there is of the name."""
    mentioned = sum(isinstance(n, cst.Name) and n.value == name.value for n in walk(definition))
    for statement in tail:
        assign = cst.ensure_type(statement.body[0], cst.Assign)
        if mentioned == 2 and any(bound == name.value for bound, _ in bindings(assign)):
            return assign.value, statement
    return None


def _lists_variables(staging: Staging, call: cst.Call) -> bool:
    symbols = [v.name for v in staging.values_of(call.func) if isinstance(v, Symbol)]
    values = staging.values_of(call)
    return (
        bool(symbols)
        and all(name in VARIABLE_LISTS for name in symbols)
        and bool(values)
        and all(isinstance(v, Sequence) and v.exact and bool(v.items) and _variables(v) for v in values)
    )


def _variables(value: Sequence) -> bool:
    return all(isinstance(item, Node) and item.kind in ("variable", "layer") for item in value.items)


# ------------------------------------------------------------------ callers
def _callers(staging: Staging, modules: list[Module], function: _Returning) -> list[_Caller] | None:
    """The statements that call a function; None where it is used in another way."""
    name = function.definition.name.value
    calls = {id(call): (call, place) for call, _, place in staging.calls.get(id(function.definition), ())}
    mentioned = sum(
        isinstance(n, cst.Name) and n.value == name
        for m in modules
        for n in walk(m.tree)
        if not isinstance(n, cst.Import | cst.ImportFrom)
    )
    if not calls or mentioned != len(calls) + 1:
        return None
    home = next(iter(staging.calls[id(function.definition)]))[1].module
    out: list[_Caller] = []
    for call, place in calls.values():
        statement = place.steps[-1].statement
        if place.module != home or not isinstance(statement, cst.SimpleStatementLine):
            return None
        match statement.body:
            case [cst.Assign(targets=[cst.AssignTarget(target=cst.Tuple(elements=targets))], value=value)]:
                if value is not call or any(not isinstance(e.value, cst.Name | cst.Attribute) for e in targets):
                    return None
            case _:
                return None
        assert isinstance(function.returned.value, cst.Tuple)
        if len(targets) != len(function.returned.value.elements):
            return None
        moved = [(position, _moved(staging, function, made, call)) for position, made, _ in function.lists]
        if any(made is None for _, made in moved):
            return None
        out.append(_Caller(statement, tuple((position, cast(cst.Call, made)) for position, made in moved)))
    return out


def _moved(staging: Staging, function: _Returning, made: cst.Call, call: cst.Call) -> cst.Call | None:
    """A list as the caller reads it: parameters are what the call gives."""
    params = list(function.definition.params.params)
    given: dict[str, cst.BaseExpression] = {p.name.value: p.default for p in params if p.default is not None}
    bound = any(isinstance(v, Bound) for v in staging.values_of(call.func))
    positional = [a for a in call.args if a.keyword is None]
    if any(a.star for a in call.args):
        return None
    given |= {p.name.value: a.value for p, a in zip(params[1:] if bound else params, positional, strict=False)}
    given |= {a.keyword.value: a.value for a in call.args if a.keyword is not None}
    own = {p.name.value for p in params}
    locals_ = {name for name, _ in bindings(function.definition.body)}
    for name in names_read(made):
        if name.value in locals_ or (name.value in own and not _repeatable(given.get(name.value))):
            return None
    return cast(cst.Call, made.visit(_Parameters({name: given[name] for name in own & given.keys()})))


def _repeatable(expression: cst.BaseExpression | None) -> bool:
    return isinstance(expression, cst.SimpleString | cst.Name | cst.Attribute)


class _Parameters(cst.CSTTransformer):
    """Writes out what parameters stand for."""

    def __init__(self, given: dict[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.given = given

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        found = self.given.get(original_node.value)
        return found.deep_clone() if found is not None else updated_node

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)


class _Writer(Traced):
    """Takes the lists out of what is returned, and lets the callers read them."""

    def __init__(self, module: Module, functions: list[_Returning], callers: list[_Caller]) -> None:
        super().__init__(module)
        self.returns = {id(f.returned): {position for position, _, _ in f.lists} for f in functions}
        self.gone = {id(statement) for f in functions for _, _, statement in f.lists if statement is not None}
        self.callers = {id(caller.statement): caller for caller in callers}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(made, cst.Return) and id(original) in self.returns:
            assert isinstance(made.value, cst.Tuple)
            made = made.with_changes(value=_without(made.value, self.returns[id(original)]))
        if isinstance(made, cst.SimpleStatementLine) and id(original) in self.callers:
            return self.reading(self.callers[id(original)], made, original)
        self.trace(original, made)
        return made

    def reading(
        self, caller: _Caller, line: cst.SimpleStatementLine, original: cst.CSTNode
    ) -> cst.FlattenSentinel[cst.CSTNode]:
        assign = cst.ensure_type(line.body[0], cst.Assign)
        targets = cst.ensure_type(assign.targets[0].target, cst.Tuple)
        rest = _without(targets, {position for position, _ in caller.lists})
        kept = assign.with_changes(targets=[cst.AssignTarget(cast(cst.BaseAssignTargetExpression, rest))])
        lines = [line.with_changes(body=[kept])]
        for position, made in caller.lists:
            target = cast(cst.BaseAssignTargetExpression, targets.elements[position].value)
            lines.append(cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(target)], made)]))
        for each in lines:
            self.trace(original, each)
        return cst.FlattenSentinel(cast(list[cst.CSTNode], lines))


def _without(whole: cst.Tuple, positions: set[int]) -> cst.BaseExpression:
    """A tuple without some of its elements; the last one that is left stands alone."""
    kept = [element for index, element in enumerate(whole.elements) if index not in positions]
    if len(kept) == 1:
        return kept[0].value
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return whole.with_changes(elements=kept)
