"""C2: does a host object still have, when a function is traced, the value that it had when the graph was built?

The check is by name and deliberately wide: whatever may share storage with what the graph read counts as the same
object, and whatever is not known to leave an object alone counts as a change.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import (
    Class,
    Foreign,
    Function,
    Host,
    Instance,
    Value,
)
from tf2migrate.names.assigned import assigned_names
from tf2migrate.names.bindings import IN_PLACE, changed_names, names_read
from tf2migrate.names.tree import children, parameter_names, walk
from tf2migrate.plan.changed_objects import changed_object
from tf2migrate.plan.flow import Flow, Role, handed_over
from tf2migrate.plan.model import Step
from tf2migrate.plan.mutators import MUTATING, WRITERS
from tf2migrate.plan.region import Atom
from tf2migrate.plan.storage import defines, is_fixed, of_a_module, sharing_storage


def instability(flow: Flow, step: Step) -> tuple[cst.CSTNode, str] | None:
    """The first place where something that the moved statements read from the host may be changed after them."""
    unseen = next((place for module in flow.staging.modules.values() for place in _unseen(module.tree)), None)
    if unseen is not None:
        return unseen, "names of the module are bound here by their texts, and the graph may be built from them"
    names = {
        name: source
        for name, source in step.parts.host.items()
        if not is_fixed(flow.bound_value(source, name)) and not defines(source)
    }
    rebound = _rebound_globally(flow) if step.parts.host and flow.region.is_module else {}
    for name in step.parts.host:
        if name in rebound:
            return rebound[name], f"`{name}` is bound again by a function"
    if names:
        # What only a fetch reads is read when its function is traced, and from then on as it was.
        first = min(atom.number for atom in (step.parts.atoms or names.values()))
        shared = sharing_storage(flow, set(names))
        for atom in flow.region.atoms[first + 1 :]:
            place = _changes(flow, atom, shared)
            if place is not None:
                return place, "a host object that the graph was built from may be changed here"
        place = _changed_by_functions(flow, shared)
        if place is not None:
            return place, "a host object that the graph was built from is changed by a function"
    return _attributes(flow, step) or _stored_behind(flow, step) or changed_object(flow, step.parts.atoms)


def _unseen(tree: cst.Module) -> Iterator[cst.CSTNode]:
    """Where names of a module may be bound, changed or taken away that are only known when it runs."""
    for node in walk(tree):
        match node:
            case cst.AssignTarget(target=cst.Subscript(value=base)) | cst.AugAssign(target=cst.Subscript(value=base)):
                if _is_namespace(base):
                    yield node
            case cst.Del(target=cst.Subscript(value=base)) if _is_namespace(base):
                yield node
            case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=method))):
                if method in IN_PLACE and _is_namespace(base):
                    yield node
            case cst.Call(func=cst.Name(value="exec"), args=[_]):
                yield node


def _is_namespace(node: cst.BaseExpression) -> bool:
    """``globals()``, or ``vars()`` and ``locals()``, which are the same in the body of a module."""
    return isinstance(node, cst.Call) and not node.args and isinstance(node.func, cst.Name) and (
        node.func.value in ("globals", "vars", "locals")
    )


def changed_until(flow: Flow, atom: Atom, last: Atom) -> tuple[cst.CSTNode, str] | None:
    """Where the host changes what ``atom`` makes variables from, before the constructor makes them behind ``last``."""
    names = {r.name: r.value for r in flow.reads(atom) if any(stays(flow, s) for s in flow.reaching(r.name, atom))}
    if not names:
        return None
    shared = sharing_storage(flow, {name for name, value in names.items() if not is_fixed(value)})
    for other in flow.region.atoms[atom.number + 1 : last.number + 1]:
        if not stays(flow, other):
            continue
        again = min({*names} & {*other.binds, *other.changes}, default=None)
        if again is not None:
            place = other.binds.get(again, other.statement)
            return place, f"`{again}` was read to make a variable and is changed before the model is made"
        changed = _changes(flow, other, shared) or _changed_by_calls(flow, other, shared)
        if changed is not None:
            return changed, "what a variable is made from may be changed here, before the model is made"
    return None


def changed_anywhere(flow: Flow, atom: Atom) -> cst.CSTNode | None:
    """Where an object of the host that ``atom`` reads is changed in place, by any of its names."""
    read = {r.name for r in flow.reads(atom) if r.value is not None and not is_fixed(r.value)}
    shared = sharing_storage(flow, read) if read else set()
    changes = (_changes(flow, other, shared) for other in flow.region.atoms if shared)
    return next((change for change in changes if change is not None), None) or _changed_by_functions(flow, shared)


def stays(flow: Flow, atom: Atom) -> bool:
    """Whether a statement stays with the host, where a function that is traced later finds what it bound."""
    return flow.role(atom) not in (Role.STAGED, Role.PLACEHOLDER, Role.VARIABLE, Role.OPTIMIZER)


def _changes(flow: Flow, atom: Atom, shared: set[str]) -> cst.CSTNode | None:
    """Where a statement may change one of the objects in place."""
    if defines(atom):
        return None
    if atom.changes & shared:
        return atom.statement
    for node in walk(atom.statement):
        match node:
            case cst.AugAssign(target=cst.Name(value=name)) if name in shared:
                return node
            case cst.Call(func=func):
                hit = _call_changes(flow, node, func, shared)
                if hit:
                    return node
    return None


def _call_changes(flow: Flow, call: cst.Call, func: cst.BaseExpression, shared: set[str]) -> bool:
    touched = {
        n.value for arg in call.args for n in names_read(arg.value) if isinstance(arg.value, cst.Name | cst.Subscript)
    }
    if (
        isinstance(func, cst.Attribute)
        and func.attr.value in MUTATING
        and {n.value for n in names_read(func.value)} & shared
        and not of_a_module(flow, func)
    ):
        return True
    if any(arg.keyword is not None and arg.keyword.value == "out" for arg in call.args) and touched & shared:
        return True
    callee = flow.staging.value_in(func, flow.region.frame)
    name = callee.name if isinstance(callee, Foreign) else callee.origin if isinstance(callee, Host) else ""
    if (name in WRITERS or name.endswith(".shuffle")) and touched & shared:
        return True
    if isinstance(callee, Function) and touched & shared:
        return _changes_a_parameter(callee)
    return False


def _changes_a_parameter(function: Function) -> bool:
    """Whether a project function stores into, or calls a changing method of, one of its own parameters."""
    definition = function.definition
    names = {p.name.value for p in definition.params.params}
    for node in walk(definition.body):
        match node:
            case cst.AssignTarget(target=cst.Subscript(value=cst.Name(value=name))) if name in names:
                return True
            case cst.AugAssign(target=cst.Name(value=name) | cst.Subscript(value=cst.Name(value=name))) if (
                name in names
            ):
                return True
            case cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=method))):
                if name in names and method in MUTATING:
                    return True
    return False


def _rebound_globally(flow: Flow) -> dict[str, cst.CSTNode]:
    """Names of the module that a function declares global and binds."""
    out: dict[str, cst.CSTNode] = {}
    for function in _functions(flow):
        bound = assigned_names(function.body)
        for node in walk(function.body):
            if isinstance(node, cst.Global):
                out.update({item.name.value: node for item in node.names if item.name.value in bound})
    return out


def _changed_by_calls(flow: Flow, atom: Atom, shared: set[str]) -> cst.CSTNode | None:
    """A function that a statement calls, and that changes one of the objects by a name from around it."""
    functions = [f.owner for f in flow.called(atom) if isinstance(f.owner, cst.FunctionDef)]
    return next((function for function in functions if _changes_outside(function, shared)), None)


def _changed_by_functions(flow: Flow, shared: set[str]) -> cst.CSTNode | None:
    """A function that changes one of the objects in place by a name that it does not bind itself."""
    for function in _functions(flow):
        if function is flow.region.frame.owner:
            continue
        if _changes_outside(function, shared):
            return function
    return None


def _changes_outside(function: cst.FunctionDef, shared: set[str]) -> bool:
    changed = changed_names(function.body, lambda base: True) & shared
    return bool(changed) and not changed <= (parameter_names(function) | assigned_names(function.body))


def _functions(flow: Flow) -> Iterator[cst.FunctionDef]:
    for module in flow.staging.modules.values():
        yield from (node for node in walk(module.tree) if isinstance(node, cst.FunctionDef))


def _attributes(flow: Flow, step: Step) -> tuple[cst.CSTNode, str] | None:
    """An attribute of a host object that moved code reads, and that some method stores outside a constructor."""
    stored: dict[str, cst.CSTNode] | None = None
    frame = flow.region.frame
    places = [(atom.statement, frame) for atom in step.parts.atoms]
    places += [(leaf.expression, leaf.frame or frame) for leaf in step.fetch.values() if leaf.expression is not None]
    for place, own in places:
        for node in walk(place):
            if not isinstance(node, cst.Attribute):
                continue
            value = flow.staging.value_in(node.value, own)
            if not isinstance(value, Host | Instance):
                continue
            stored = _stored_attributes(flow) if stored is None else stored
            if node.attr.value in stored:
                return stored[
                    node.attr.value
                ], f"the attribute `{node.attr.value}`, which the graph was built from, is stored here"
    return None


def _stored_behind(flow: Flow, step: Step) -> tuple[cst.CSTNode, str] | None:
    """An attribute that functions read for a moved statement, and that a later one sets or changes."""
    first: dict[tuple[int, str], int] = {}
    for atom in step.parts.atoms:
        found: list[tuple[Value | None, str]] = [
            (instance, node.attr.value) for handed in handed_over(flow, atom) for node, instance in handed.attributes
        ]
        for frame in flow.called(atom):
            body = frame.owner.body if isinstance(frame.owner, cst.FunctionDef | cst.Lambda) else frame.owner
            for node in walk(body):
                if isinstance(node, cst.Attribute):
                    found.append((flow.staging.value_in(node.value, frame), node.attr.value))
        for owner, name in found:
            if isinstance(owner, Class | Instance) and owner is not flow.region.held:
                first[id(owner), name] = min(atom.number, first.get((id(owner), name), atom.number))
    names = {name for _, name in first}
    for atom in flow.region.atoms if first else ():
        places: list[tuple[cst.CSTNode, Frame]] = [(atom.statement, flow.region.frame)]
        places += [(f.owner.body, f) for f in flow.called(atom) if isinstance(f.owner, cst.FunctionDef)]
        for body, frame in places:
            for target in _changed_attributes(body):
                if target.attr.value in names:
                    holder = flow.staging.value_in(target.value, frame)
                    if holder is None and isinstance(target.value, cst.Name):
                        holder = frame.lookup(target.value.value)
                    if first.get((id(holder), target.attr.value), atom.number) < atom.number:
                        return target, f"`{target.attr.value}`, which the graph was built from, is changed here"
    return None


def _changed_attributes(body: cst.CSTNode) -> Iterator[cst.Attribute]:
    """The attributes that a statement or function sets, or whose objects it changes in place."""
    for node in walk(body):
        match node:
            case cst.AssignTarget(target=target) | cst.AugAssign(target=target):
                base: cst.BaseExpression = target
                while isinstance(base, cst.Subscript):
                    base = base.value
                if isinstance(base, cst.Attribute):
                    yield base
            case cst.Call(func=cst.Attribute(value=cst.Attribute() as target, attr=cst.Name(value=name))):
                if name in MUTATING:
                    yield target


def _stored_attributes(flow: Flow) -> dict[str, cst.CSTNode]:
    out: dict[str, cst.CSTNode] = {}
    for module in flow.staging.modules.values():
        stack: list[cst.CSTNode] = [module.tree]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.FunctionDef) and node.name.value == "__init__":
                continue
            if isinstance(node, cst.AssignTarget | cst.AugAssign) and isinstance(node.target, cst.Attribute):
                out[node.target.attr.value] = node
            stack.extend(children(node))
    return out
