"""The abstract interpreter: decorators that are functions of the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.graph.calls import Calls
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Obstacle, Remembered
from tf2migrate.graph.values import Foreign, Function, Host, Instance, Mapping, Sequence, Session, Value, nodes_in
from tf2migrate.names.tree import is_docstring


@dataclass(frozen=True, slots=True)
class _Decorated:
    """A function in the place of another one, by a decorator of a module."""

    decorator: cst.BaseExpression
    module: str
    wrapper: Function


# What keeps a function to call it for requests, and gives it back as it is.
ROUTES = frozenset({"flask.Flask.route"})
SETTER = "setter"


class Decorators(Calls):
    """Follows decorators of the program: those of properties that are computed once, and of host functions."""

    decorated: list[_Decorated]

    def decorate(self, decorator: cst.BaseExpression, value: Value, frame: Frame) -> Value:
        if isinstance(decorator, cst.Call) and self.is_wraps(decorator, frame):
            return value
        if isinstance(decorator, cst.Attribute) and decorator.attr.value == SETTER:
            known = self.evaluate(decorator.value, frame)
            if isinstance(known, Instance) and known.cls.definition.name.value == "property":
                return Instance(known.cls, {**known.attributes, SETTER: value})
        made = self.evaluate(decorator, frame)
        if isinstance(decorator, cst.Call) and isinstance(value, Function) and self.is_route(decorator, frame):
            self.callbacks.append((value, decorator, list(self.steps)))
            return value
        if not isinstance(made, Function) or not isinstance(value, Function):
            return super().decorate(decorator, value, frame)
        where = decorator.func if isinstance(decorator, cst.Call) else decorator
        result = self.invoke(made, [value], {}, where)
        is_property = isinstance(result, Instance) and result.cls.definition.name.value == "property"
        wrapper = cast(Instance, result).attributes.get("function") if is_property else result
        if not isinstance(wrapper, Function):
            return super().decorate(decorator, value, frame)
        call = remembers(wrapper.definition) if is_property else None
        if call is not None and wrapper.frame.lookup(cast(cst.Name, call.func).value) is value:
            self.staging.remembered.append(Remembered(value, decorator, wrapper, call))
        elif wrapper is not value:
            self.decorated.append(_Decorated(decorator, frame.module, wrapper))
        return result

    def is_wraps(self, decorator: cst.Call, frame: Frame) -> bool:
        """Whether a decorator only tells a function how the one is called that it stands for."""
        symbol = self.evaluate(decorator.func, frame)
        return isinstance(symbol, Foreign) and symbol.name == "functools.wraps"

    def is_route(self, decorator: cst.Call, frame: Frame) -> bool:
        """Whether a decorator of a package only remembers a function, to call it later."""
        called = self.evaluate(decorator.func, frame)
        return isinstance(called, Host) and called.origin in ROUTES

    def set_attribute(self, base: Value, name: str, value: Value, where: cst.CSTNode) -> None:
        """A property with a setter calls it, which may only keep what is the host's."""
        member = base.cls.lookup(name) if isinstance(base, Instance) else None
        setter = member.attributes.get(SETTER) if isinstance(member, Instance) else None
        if not isinstance(setter, Function):
            super().set_attribute(base, name, value, where)
            return
        before = len(self.staging.nodes)
        self.invoke(setter, [base, value], {}, where)
        if _is_of_the_graph(value) or len(self.staging.nodes) > before:
            self.refuse("TFM410", where, f"`{name}` is set by a function, which keeps a part of the graph")

    def check_decorators(self) -> None:
        """What a decorated function gets and does has to be the host's: a call of it means another function."""
        places = [node.place for node in self.staging.nodes] + [site.place for site in self.staging.runs]
        active = {id(step.frame) for place in places for step in place.steps}
        for decorated in self.decorated:
            for frame in (f for f in self.staging.frames if f.owner is decorated.wrapper.definition):
                given = list(frame.entry.values())
                if id(frame) in active or any(_is_of_the_graph(value) for value in given):
                    reason = "what this decorator makes of a function takes part in the graph, which is not followed"
                    self.staging.obstacles.append(Obstacle("TFM410", decorated.module, decorated.decorator, reason))
                    break


def _is_of_the_graph(value: Value) -> bool:
    match value:
        case Session():
            return True
        case Sequence(items=items):
            return any(_is_of_the_graph(item) for item in items)
        case Mapping(items=pairs):
            return any(_is_of_the_graph(item) for item in pairs.values())
    return any(True for _ in nodes_in(value))


def remembers(wrapper: cst.FunctionDef | cst.Lambda) -> cst.Call | None:
    """The call ``function(self)`` of a wrapper that does nothing but to keep its result with the object.

    That is ``if not hasattr(self, name): setattr(self, name, function(self))`` and ``return getattr(self, name)``,
    the first perhaps inside of ``with`` blocks.
    """
    if isinstance(wrapper, cst.Lambda) or not isinstance(wrapper.body, cst.IndentedBlock):
        return None
    body = [s for index, s in enumerate(wrapper.body.body) if index or not is_docstring(s)]
    match wrapper.params.params, body:
        case [cst.Param(name=receiver)], [
            cst.If(test=test, body=cst.IndentedBlock(body=[inner]), orelse=None),
            cst.SimpleStatementLine(body=[cst.Return(value=cst.Call() as result)]),
        ]:
            pass
        case _:
            return None
    while isinstance(inner, cst.With) and isinstance(inner.body, cst.IndentedBlock) and len(inner.body.body) == 1:
        inner = inner.body.body[0]
    match test, inner:
        case cst.UnaryOperation(operator=cst.Not(), expression=cst.Call() as asked), cst.SimpleStatementLine(
            body=[cst.Expr(value=cst.Call(args=[*_, cst.Arg(value=cst.Call() as made)]) as stored)]
        ):
            pass
        case _:
            return None
    names = [_attribute(asked, "hasattr", 2), _attribute(stored, "setattr", 3), _attribute(result, "getattr", 2)]
    owners = [call.args[0].value for call in (asked, stored, result, made) if call.args]
    plain = isinstance(made.func, cst.Name) and len(made.args) == 1 and not made.args[0].star
    same = all(isinstance(owner, cst.Name) and owner.value == receiver.value for owner in owners)
    first = names[0]
    if not plain or not same or first is None:
        return None
    return made if all(name is not None and name.deep_equals(first) for name in names) else None


def _attribute(call: cst.Call, builtin: str, count: int) -> cst.BaseExpression | None:
    """The name that one of Python's functions on attributes is given."""
    plain = isinstance(call.func, cst.Name) and call.func.value == builtin and len(call.args) == count
    return call.args[1].value if plain and not any(a.star or a.keyword for a in call.args) else None
