"""Which names of the host may stand for one object, or for parts or views of it.

Deliberately wide: what is not known to make something new hands on what it was given.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.graph.values import (
    Builtin,
    Class,
    Const,
    Foreign,
    Function,
    Host,
    Mapping,
    Node,
    Sequence,
    Symbol,
    Value,
    nodes_in,
)
from tf2migrate.names.bindings import bindings, bound_names, names_read
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.region import Atom

# Methods and functions that give a view or a part of what they are given.
VIEWS = (
    *("reshape", "view", "ravel", "swapaxes", "transpose", "squeeze", "asarray", "asanyarray", "ascontiguousarray"),
    *("expand_dims", "atleast_1d", "atleast_2d", "moveaxis", "rollaxis", "flip", "fliplr", "flipud", "rot90"),
    *("split", "hsplit", "vsplit", "array_split", "broadcast_to", "diagonal", "get", "values", "items"),
)
# Builtins that put the parts of their argument into something new.
SHALLOW = ("list", "tuple", "zip", "reversed", "iter", "enumerate", "sorted", "dict")
# Attributes of an array that stay as they are when it is changed in place.
MEASURES = ("shape", "size", "ndim", "dtype", "itemsize", "nbytes")


def sharing_storage(flow: Flow, names: set[str]) -> set[str]:
    """Names that may share storage with ``names``: bound from an expression that reads one, or read by theirs."""
    shared = set(names)
    grown = True
    while grown:
        grown = False
        for atom in flow.region.atoms:
            if atom.runs or defines(atom):
                continue
            for names, handed in _handed_out(flow, atom.statement):
                read = {n.value for n in handed}
                bound = {n for n in names if n in atom.binds and not is_fixed(flow.bound_value(atom, n))}
                if read & shared and not bound <= shared:
                    shared |= bound
                    grown = True
                new = {n.value for n in handed if _is_plain_host(flow, n)} - shared if bound & shared else set()
                if new:
                    shared |= new
                    grown = True
    return shared


def _is_plain_host(flow: Flow, name: cst.Name) -> bool:
    # What a comprehension reads is seen in a frame of its own.
    value = flow.staging.value_in(name, flow.region.frame) or flow.region.frame.lookup(name.value)
    return isinstance(value, Host) or (isinstance(value, Sequence | Mapping) and not any(True for _ in nodes_in(value)))


def _handed_out(flow: Flow, statement: cst.CSTNode) -> Iterator[tuple[set[str], list[cst.Name]]]:
    """What each part of a statement binds, with the names whose object, or a part or view of it, that may be."""
    match statement:
        case cst.SimpleStatementLine(body=body) | cst.IndentedBlock(body=body) | cst.SimpleStatementSuite(body=body):
            for inner in body:
                yield from _handed_out(flow, inner)
        case cst.BaseSmallStatement():
            yield {name for name, _ in bindings(statement)}, _objects(flow, getattr(statement, "value", None))
        case cst.If() | cst.For() | cst.While() | cst.With() | cst.Try():
            for part in children(statement):
                yield from _handed_out(flow, part)
            if isinstance(statement, cst.For):
                yield set(bound_names(statement.target)), names_read(statement.iter)
        case cst.Else(body=suite) | cst.ExceptHandler(body=suite) | cst.Finally(body=suite):
            yield from _handed_out(flow, suite)
        case _:
            yield {name for name, _ in bindings(statement)}, names_read(statement)


def _objects(flow: Flow, value: cst.CSTNode | None) -> list[cst.Name]:
    """Names of the objects that a value may be, hold or be a part of: an index only chooses the part."""
    match value:
        case cst.Name():
            return [value]
        case cst.Attribute(attr=cst.Name(value=name)) if name in MEASURES:
            return []
        case cst.Subscript(value=base) | cst.Attribute(value=base):
            return _objects(flow, base) if not isinstance(base, cst.Call) else names_read(base)
        case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=name)) as func) if name in VIEWS:
            return names_read(value) if of_a_module(flow, func) else _objects(flow, base)
        case cst.Call(func=func):
            callee = flow.staging.value_in(func, flow.region.frame)
            return [name for arg in value.args for name in _objects(flow, arg.value)] if _hands_on(callee) else []
        case cst.Tuple() | cst.List() | cst.Dict() | cst.IfExp() | cst.BooleanOperation():
            return [name for part in children(value) for name in _objects(flow, part)]
        case cst.Element(value=inner) | cst.DictElement(value=inner):
            return _objects(flow, inner)
        case cst.ListComp(elt=inner, for_in=loop) | cst.GeneratorExp(elt=inner, for_in=loop):
            # Elements that are taken on are parts of what the loop goes through.
            kept, passes = _objects(flow, inner), bound_names(loop.target)
            taken = any(name.value in passes for name in kept)
            return [*(n for n in kept if n.value not in passes), *(_objects(flow, loop.iter) if taken else [])]
        case cst.StarredElement() | cst.StarredDictElement():
            return names_read(value)
    return []


def _hands_on(callee: Value | None) -> bool:
    """Whether what a call gives may hold its arguments, or parts of them."""
    match callee:
        case Builtin(name=name):
            return name in SHALLOW
        case Function(definition=definition):
            return _gives_its_argument(definition)
        case Class():
            init = next((c.members["__init__"] for c in callee.ancestry() if "__init__" in c.members), None)
            return isinstance(init, Function) and _gives_its_argument(init.definition)
    return False


def _gives_its_argument(definition: cst.FunctionDef | cst.Lambda) -> bool:
    """Whether what a function returns, or keeps in an attribute, may be, hold or be a part or view of an argument."""
    own = {param.name.value for param in definition.params.params}
    grown = True
    while grown:
        kept = {
            name
            for node in walk(definition.body)
            if isinstance(node, cst.Assign) and _parts_of(node.value) & own
            for name, _ in bindings(node)
        }
        grown = not kept <= own
        own |= kept
    results = [definition.body] if isinstance(definition, cst.Lambda) else []
    results += [node.value for node in walk(definition.body) if isinstance(node, cst.Return) and node.value]
    results += [node.value for node in walk(definition.body) if isinstance(node, cst.Assign) and _is_kept(node)]
    return any(_parts_of(result) & own for result in results)


def _is_kept(node: cst.Assign) -> bool:
    return any(isinstance(target.target, cst.Attribute) for target in node.targets)


def _parts_of(value: cst.CSTNode) -> set[str]:
    """As `_objects`, by name, where nothing is known of what is called."""
    match value:
        case cst.Name(value=name):
            return {name}
        case cst.Attribute(attr=cst.Name(value=name)) if name in MEASURES:
            return set()
        case cst.Subscript(value=base) | cst.Attribute(value=base):
            return _parts_of(base)
        case cst.Call(func=cst.Attribute(attr=cst.Name(value=name))) if name in VIEWS:
            return {read.value for read in names_read(value)}
        case cst.Tuple() | cst.List() | cst.Dict() | cst.IfExp() | cst.BooleanOperation():
            return {name for part in children(value) for name in _parts_of(part)}
        case cst.Element(value=inner) | cst.DictElement(value=inner):
            return _parts_of(inner)
    return set()


def of_a_module(flow: Flow, func: cst.Attribute) -> bool:
    value = flow.staging.value_in(func.value, flow.region.frame)
    return isinstance(value, Symbol | Foreign)


def is_fixed(value: Value | None) -> bool:
    return isinstance(value, Const | Function | Class | Symbol | Foreign | Node)


def defines(atom: Atom) -> bool:
    statement = atom.statement
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return True
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(s, cst.Import | cst.ImportFrom) for s in statement.body
    )
