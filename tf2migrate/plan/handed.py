"""Functions of the program that are handed to TensorFlow: ``tf.layers.dense(x, 4, activation=lambda v: v * scale)``.

TensorFlow 1 called them while the graph was built, the functions of the output call them when they are traced. What
they read from around them has to be the same by then. Those that the analysis has not followed must not read the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Foreign, Function, Instance, Symbol, Value
from tf2migrate.names.assigned import assigned_names
from tf2migrate.names.bindings import changed_names, names_read
from tf2migrate.names.tree import parameter_names, walk


@dataclass(frozen=True, slots=True)
class Handed:
    """A function that a call gives to TensorFlow, with all functions of the program that it reads in turn."""

    where: cst.BaseExpression
    function: Function
    reads: list[tuple[cst.Name, Frame]] = field(default_factory=list)
    """Names from around these functions, and the frames in which they are looked up."""
    attributes: list[tuple[cst.Attribute, Instance]] = field(default_factory=list)
    """Attributes of objects of the program that they read."""
    bodies: list[cst.BaseExpression | cst.BaseSuite] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether calling the function shows outside of it."""
        for body in self.bodies:
            if any(isinstance(node, cst.Global | cst.Nonlocal) for node in walk(body)):
                return True
            # `np.sort(rows)` gives new rows.
            own = {name.value for name, frame in self.reads if not isinstance(frame.lookup(name.value), Foreign)}
            if changed_names(body, lambda base: isinstance(base, cst.Name)) & own:
                return True
        return False


def handed_in(staging: Staging, body: cst.CSTNode, frame: Frame) -> Iterator[Handed]:
    """The functions that calls in a body hand to TensorFlow."""
    for call in walk(body):
        if not isinstance(call, cst.Call) or not isinstance(staging.value_in(call.func, frame), Symbol):
            continue
        for arg in call.args:
            found = _function(staging.value_in(arg.value, frame))
            if found is not None:
                function, receiver = found
                handed = Handed(arg.value, function)
                _gather(handed, function, receiver, set())
                yield handed


def _function(value: Value | None) -> tuple[Function, Value | None] | None:
    match value:
        case Function():
            return value, None
        case Bound(function=Function() as function, receiver=receiver):
            return function, receiver
        case Instance(cls=cls) if isinstance(method := cls.lookup("__call__"), Function):
            return method, value
    return None


def _gather(handed: Handed, function: Function, receiver: Value | None, seen: set[int]) -> None:
    definition = function.definition
    if id(definition) in seen:
        return
    seen.add(id(definition))
    handed.bodies.append(definition.body)
    own = parameter_names(definition) | assigned_names(definition.body)
    first = next((p.name.value for p in definition.params.params), "") if receiver is not None else ""
    for name in names_read(definition.body):
        if name.value not in own:
            handed.reads.append((name, function.frame))
            if (found := _function(function.frame.lookup(name.value))) is not None:
                _gather(handed, *found, seen)
    for node in walk(definition.body):
        match node:
            case cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=attr)):
                known = receiver if first and base == first else None if base in own else function.frame.lookup(base)
                if isinstance(known, Instance):
                    handed.attributes.append((node, known))
                    method = known.cls.lookup(attr) if attr not in known.attributes else known.attributes[attr]
                    if isinstance(method, Function):
                        _gather(handed, method, known, seen)
                    elif (found := _function(method)) is not None:
                        _gather(handed, *found, seen)


