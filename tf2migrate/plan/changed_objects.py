"""C2: host objects that code of the graph reads, and that the host changes after the graph was built.

``if config.deep: h = tf.layers.dense(h, 4)`` chose the layer when the graph was built; the function of the output
chooses when it is traced. Where the object is changed in between, by whatever name, the two differ. Objects are told
apart by their values, not by their names: the analysis hands one value on wherever the program hands on one object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Observation, Staging
from tf2migrate.graph.values import (
    Class,
    Const,
    Foreign,
    Function,
    Host,
    Instance,
    Mapping,
    Sequence,
    Symbol,
    Value,
    nodes_in,
)
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.mutators import MUTATING
from tf2migrate.plan.region import Atom

ANY = object()
"""Every part of an object, or which part is not known."""
NUMBERS = object()
"""The numbers of an array, or one number: what ``mask`` is in ``x * mask``."""
OPERATED = object()
"""What ``mask += 1`` changes: the numbers of an array, but of one number only what the name stands for."""


@dataclass(frozen=True, slots=True)
class _Touch:
    """One read or change of a part of a host object: an attribute, what a key gives, or ``ANY`` of it."""

    part: object
    where: cst.CSTNode
    seen: Observation


def changed_object(flow: Flow, atoms: list[Atom]) -> tuple[cst.CSTNode, str] | None:
    """Where the host changes, after they were built, an object that the statements, or what they call, have read."""
    changes: list[_Touch] | None = None
    for atom in atoms:
        for read in _reads(flow, atom):
            changes = _changes(flow.staging) if changes is None else changes
            for change in changes:
                if _is_same(read, change) and _may_follow(change.seen, read.seen):
                    return change.where, "a host object that the graph was built from is changed here"
    return None


def _is_same(read: _Touch, change: _Touch) -> bool:
    one, other = read.seen.value, change.seen.value
    same = one is other or (isinstance(one, Host) and one.key is not None and one == other)
    if change.part is OPERATED:
        return same and read.part is not NUMBERS
    return same and (read.part in (ANY, NUMBERS) or change.part is ANY or read.part == change.part)


def _may_follow(change: Observation, read: Observation) -> bool:
    """Whether a change comes after a read, or in a loop with it."""
    if change.time > read.time:
        return True
    for one, other in zip(change.place.steps, read.place.steps, strict=False):
        if one.frame is not other.frame or one.statement is not other.statement:
            return False
        if isinstance(one.statement, cst.For | cst.While):
            return True
    return False


# ---------------------------------------------------------------------- reads
def _reads(flow: Flow, atom: Atom) -> Iterator[_Touch]:
    """What a statement of the graph, and the functions that it calls, read of host objects."""
    bodies: list[tuple[cst.CSTNode, Frame]] = [(atom.statement, flow.region.frame)]
    for frame in flow.called(atom):
        if isinstance(frame.owner, cst.FunctionDef | cst.Lambda):
            bodies.append((frame.owner.body, frame))
    for body, frame in bodies:
        for expression, part in _read_parts(flow.staging, body, frame):
            for seen in flow.staging.observations.get(id(expression), ()):
                if seen.frame is frame and _is_host_object(flow, seen.value):
                    yield _Touch(part, expression, seen)


def _read_parts(staging: Staging, body: cst.CSTNode, frame: Frame) -> Iterator[tuple[cst.BaseExpression, object]]:
    """The expressions that a body reads, each with the part that it reads of them; not those that it hands on."""
    stack = [body]
    while stack:
        node = stack.pop()
        match node:
            case cst.FunctionDef() | cst.ClassDef():
                continue
            case cst.Attribute(value=base, attr=cst.Name(value=name)):
                yield base, name
                stack.append(base)
                continue
            case cst.Subscript(value=base):
                yield base, _key(staging, node, frame)
            case cst.Assign(value=value) if _is_plain(value):
                stack.extend(node.targets)
                continue
            case cst.Return(value=value) if _is_plain(value):
                continue
            case cst.Call(func=func) if isinstance(staging.value_in(func, frame), Function | Class):
                stack.append(func)
                stack.extend(arg.value for arg in node.args if not _is_plain(arg.value))
                continue
            case cst.For(iter=value) | cst.CompFor(iter=value) | cst.Arg(value=value):
                yield value, ANY
            case cst.If(test=value) | cst.IfExp(test=value) | cst.UnaryOperation(expression=value):
                yield value, ANY
            case cst.BinaryOperation(left=left, right=right):
                yield from ((side, NUMBERS) for side in (left, right))
            case cst.Comparison(comparisons=comparisons):
                for target in comparisons:
                    yield target.comparator, ANY
        stack.extend(children(node))


def _is_plain(value: cst.BaseExpression | None) -> bool:
    """Whether a value is only handed on: what is read of it is read where it goes."""
    return isinstance(value, cst.Name) or (isinstance(value, cst.Attribute) and _is_plain(value.value))


def _is_host_object(flow: Flow, value: Value) -> bool:
    """Whether a value is an object that can change, and holds nothing of the graph."""
    match value:
        case Sequence(kind=kind):
            return kind != "tuple" and not any(True for _ in nodes_in(value))
        case Mapping():
            return not any(True for _ in nodes_in(value))
        case Instance():
            return value is not flow.region.held and not any(True for _ in nodes_in(value))
        case Host() | Class():
            return True
    return False


# ---------------------------------------------------------------------- changes
def _changes(staging: Staging) -> list[_Touch]:
    """Every change of an object in place that the analysis has seen, in all files."""
    found: list[_Touch] = []
    for module in staging.modules.values():
        for node in walk(module.tree):
            for base, part in _changed_parts(staging, node):
                whole = _by_its_dict(base)
                base, part = (base, part) if whole is None else (whole, ANY)
                found += [_Touch(part, node, seen) for seen in staging.observations.get(id(base), ())]
    return found


def _changed_parts(staging: Staging, node: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, object]]:
    match node:
        case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.Del(target=target):
            for each in _targets(target):
                if isinstance(each, cst.Attribute):
                    yield each.value, each.attr.value
                elif isinstance(each, cst.Subscript):
                    yield each.value, _key(staging, each, None)
                elif isinstance(node, cst.AugAssign):
                    yield each, OPERATED
        case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=name))) if name in MUTATING:
            if not any(isinstance(v, Symbol | Foreign) for v in staging.values_of(base)):
                yield base, ANY
        case cst.Call(func=cst.Name(value="setattr"), args=[cst.Arg(value=base), *_]):
            yield base, ANY


def _by_its_dict(base: cst.BaseExpression) -> cst.BaseExpression | None:
    """The object whose dict of attributes an expression is: ``vars(x)`` and ``x.__dict__``."""
    match base:
        case cst.Attribute(value=owner, attr=cst.Name(value="__dict__")):
            return owner
        case cst.Call(func=cst.Name(value="vars"), args=[cst.Arg(value=owner)]):
            return owner
    return None


def _targets(target: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            yield from _targets(element.value)
    else:
        yield target


def _key(staging: Staging, node: cst.Subscript, frame: Frame | None) -> object:
    """The one key of a subscript, where it is known."""
    match node.slice:
        case [cst.SubscriptElement(slice=cst.Index(value=index))]:
            values = staging.values_of(index) if frame is None else [staging.value_in(index, frame)]
            keys = {v.value for v in values if isinstance(v, Const) and isinstance(v.value, str | int)}
            if len(keys) == 1 and all(isinstance(v, Const) for v in values):
                return keys.pop()
    return ANY
