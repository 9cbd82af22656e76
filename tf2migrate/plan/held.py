"""Graphs that an object holds: which attributes vanish, which stay, and what the object's methods may rely on."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import (
    Bound,
    Class,
    Function,
    Graph,
    Host,
    Instance,
    Mapping,
    Node,
    Sequence,
    Session,
    Setting,
    Value,
    nodes_in,
)
from tf2migrate.names.assigned import assigned_names
from tf2migrate.names.bindings import IN_PLACE, bindings, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.tree import children, ids_in
from tf2migrate.plan.flow import Flow, Role, handed_over
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.reserved import RESERVED, attribute
from tf2migrate.plan.slices import Slicer

INSIDE = (Role.STAGED, Role.PLACEHOLDER)
GONE = (Role.STAGED, Role.PLACEHOLDER, Role.GRAPH)


@dataclass(eq=False, slots=True)
class Held:
    """The class that holds the graph, and what its methods call the things of the method that builds it.

    ``locals`` are the names inside the new methods of attributes that vanish; ``saved`` the attributes under which
    the new methods find locals and parameters of the builder; ``added`` those that are new, with the statement
    behind which each is set (None for a parameter).
    """

    definition: cst.ClassDef
    builder: cst.FunctionDef
    receiver: str
    keras: bool
    locals: dict[str, str] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    added: list[tuple[str, str, Atom | None]] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def fresh(self, name: str) -> str:
        """A free attribute."""
        return take_name(attribute(name) if self.keras else name, self.taken)


def plain(name: str) -> str:
    """The last part of a name: ``x`` for ``self.x``."""
    return name.rpartition(".")[2]


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))


# ------------------------------------------------------------------ what the class becomes
def find_held(flow: Flow, slicer: Slicer) -> Held | None:
    """The class of a region that an object holds."""
    region, builder = flow.region, flow.staging.builder
    if region.held is None or builder is None or region.after is None:
        return None
    for node in region.after.nodes:
        initial = node.kind == "init" or (node.kind == "group" and all(i.kind == "init" for i in node.inputs))
        if not initial and node.number not in flow.static:
            reason = "this part of the graph is built outside of the method that builds the rest"
            raise NotPlanned(slicer.refusal("TFM410", node.expression or builder, reason))
    definition = next(
        (n for n in walk(region.module.tree) if isinstance(n, cst.ClassDef) and builder in n.body.body), None
    )
    if definition is None:
        return None
    held = Held(definition, builder, region.receiver, False)
    held.taken = _members(flow, region.held)
    _name_locals(flow, slicer, held)
    held.keras = _can_be_model(flow, held)
    return held


def _members(flow: Flow, instance: Instance) -> set[str]:
    """Names of the class and of its objects that stay."""
    names: set[str] = set()
    classes: list[Value] = [instance.cls]
    while classes:
        cls = classes.pop()
        if isinstance(cls, Class):
            names |= set(cls.members)
            classes.extend(cls.bases)
    gone = {plain(n) for a in flow.region.atoms if flow.role(a) in GONE for n in a.binds if "." in n}
    for module in flow.staging.modules.values():
        for node in walk(module.tree):
            if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
                names.add(node.attr.value)
    for atom in flow.region.atoms:
        if flow.role(atom) not in GONE:
            names |= {plain(name) for name in atom.binds if "." in name}
    return names - gone


def _name_locals(flow: Flow, slicer: Slicer, held: Held) -> None:
    # Locals of the builder that only the host binds are attributes in the new methods: their names are free there.
    frame = flow.region.frame
    outer = {r.value for a in flow.region.atoms for r in a.reads if frame.holder(r.value) is not frame}
    staged = {n for a in flow.region.atoms if flow.role(a) in INSIDE for n in a.binds}
    taken = {name for name in outer | staged | {held.receiver} if "." not in name}
    for atom in flow.region.atoms:
        for name, target in atom.binds.items():
            if "." not in name or flow.role(atom) not in INSIDE:
                continue
            roles = {flow.role(a) for a in flow.region.atoms if name in a.binds}
            if not roles <= set(INSIDE):
                if roles <= {*INSIDE, Role.HOST} and _only_none_before(flow, name):
                    pass
                else:
                    reason = f"`{name}` is part of the graph here and something else elsewhere"
                    raise NotPlanned(slicer.refusal("TFM410", target, reason))
            if name in held.locals:
                continue
            # `tf.function` takes no argument by a name that begins with an underscore.
            base = plain(name).lstrip("_") or "value"
            local, number = base, 1
            while local in taken or keyword.iskeyword(local):
                local = f"{base}_{number}"
                number += 1
            taken.add(local)
            held.locals[name] = local


def _only_none_before(flow: Flow, name: str) -> bool:
    """Whether the host's own bindings of an attribute are only ``self.x = None``."""
    for atom in flow.region.atoms:
        if name in atom.binds and flow.role(atom) is Role.HOST and not is_none(atom.statement):
            return False
    return True


def is_none(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Assign(value=cst.Name(value="None"))]):
            return True
    return False


def _can_be_model(flow: Flow, held: Held) -> bool:
    """Whether the class may be a ``tf.keras.Model``: no other base, no name that Keras owns, no copied container."""
    definition, region = held.definition, flow.region
    assert region.held is not None
    if region.held.cls.definition is not definition or definition.keywords or definition.decorators:
        return False
    if any(not (isinstance(b.value, cst.Name) and b.value.value == "object") for b in definition.bases):
        return False
    gone = {plain(n) for n in held.locals}
    own = {n.name.value for n in definition.body.body if isinstance(n, cst.FunctionDef)}
    own |= set(region.held.cls.members)
    attributes = {name for name in region.held.attributes if name not in gone}
    for atom in region.atoms:
        if flow.role(atom) is Role.GRAPH:
            attributes -= {plain(name) for name in atom.binds}
    attributes |= {plain(n) for a in region.atoms if flow.role(a) is Role.VARIABLE for n in a.binds}
    if (own - {"__init__"} | attributes) & RESERVED or any(
        n.startswith("__") and n != "__init__" for n in own - DUNDERS
    ):
        return False
    for name, value in region.held.attributes.items():
        if name not in gone and isinstance(value, Sequence | Mapping) and not any(True for _ in nodes_in(value)):
            return False
    return not any(_calls_super(n) for n in definition.body.body)


DUNDERS = frozenset({"__module__", "__doc__", "__qualname__", "__name__", "__file__", "__str__", "__repr__", "__del__"})


def _calls_super(node: cst.CSTNode) -> bool:
    return any(isinstance(n, cst.Call) and isinstance(n.func, cst.Name) and n.func.value == "super" for n in walk(node))


# ------------------------------------------------------------------ what the new methods rely on
def settle(flow: Flow, slicer: Slicer, plan: Plan, held: Held) -> None:
    """C2 for an object: what the new methods read is there, and is what it was when the graph was built."""
    region = flow.region
    for name in {n for names in plan.lifted.values() for n in names}:
        if "." in name:
            reason = f"`{name}` is read by a function inside of the method that builds the graph"
            raise NotPlanned(slicer.refusal("TFM410", held.builder, reason))
    for function in plan.layers.values():
        if any(n is function.definition for n in walk(held.definition)):
            reason = "a method that makes layers and is called more than once is not rewritten yet"
            raise NotPlanned(slicer.refusal("TFM410", function.definition, reason))
    atoms = [a for a in region.atoms if flow.role(a) in INSIDE or a in [u.atom for s in plan.steps for u in s.updates]]
    attributes: dict[str, cst.CSTNode] = {}
    for atom in atoms:
        for read in flow.reads(atom):
            if "." in read.name:
                sources = flow.reaching(read.name, atom)
                if not any(flow.role(a) in (*INSIDE, Role.VARIABLE, Role.OPTIMIZER) for a in sources):
                    attributes.setdefault(plain(read.name), read.node)
                continue
            if flow.role(atom) in INSIDE:
                _local(flow, slicer, held, read.name, atom, read.node)
    _helpers(flow, slicer, held, attributes)
    for name, where in attributes.items():
        _stable_attribute(flow, slicer, held, name, where)
    for atom in atoms:
        for name2 in atom.reads:
            _stable_global(flow, slicer, name2, region.frame)


def _local(flow: Flow, slicer: Slicer, held: Held, name: str, atom: Atom, where: cst.CSTNode) -> None:
    """A local or parameter of the builder that a new method reads becomes an attribute, if it is none yet."""
    if name == held.receiver or name in held.saved:
        return
    sources = flow.reaching(name, atom)
    roles = {flow.role(a) for a in sources}
    if sources and (roles & {*INSIDE, Role.VARIABLE, Role.OPTIMIZER}):
        return
    if not sources and name not in flow.region.frame.entry:
        return
    bindings = [a for a in flow.region.atoms if name in a.binds]
    if len(bindings) > 1 or (bindings and name in flow.region.frame.entry):
        reason = f"`{name}` is bound more than once where the graph is built"
        raise NotPlanned(slicer.refusal("TFM403", where, reason))
    for other in flow.region.atoms:
        match other.statement:
            case cst.SimpleStatementLine(
                body=[
                    cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=target))], value=cst.Name(value=value))
                ]
            ) if value == name and "." in target and flow.role(other) in (Role.HOST, Role.CONSTANT, Role.ALIAS):
                if sum(target in a.binds or target in a.changes for a in flow.region.atoms) == 1:
                    held.saved[name] = plain(target)
                    return
    fresh = held.fresh(name)
    held.saved[name] = fresh
    held.added.append((name, fresh, bindings[0] if bindings else None))


def _helpers(flow: Flow, slicer: Slicer, held: Held, attributes: dict[str, cst.CSTNode]) -> None:
    """Attributes that the moved statements read, and the methods that any but the host's own statements call."""
    region = flow.region
    kept = {plain(n) for a in region.atoms if flow.role(a) is Role.VARIABLE for n in a.binds}
    bodies: list[tuple[cst.CSTNode, Frame]] = [
        (a.statement, region.frame) for a in region.atoms if flow.role(a) in INSIDE
    ]
    for frame in flow.staging.frames:
        place = frame.called_from
        atom = region.atom_at(place) if place is not None else None
        if atom is None or frame is region.frame or atom is region.after or flow.role(atom) is Role.HOST:
            continue
        if isinstance(frame.owner, cst.FunctionDef | cst.Lambda):
            bodies.append((frame.owner.body, frame))
    for atom in region.atoms:
        for handed in handed_over(flow, atom) if atom.nodes else ():
            for read, instance in handed.attributes:
                member = instance.attributes.get(read.attr.value)
                if instance is region.held and member is not None and not isinstance(member, Bound | Function | Node):
                    attributes.setdefault(read.attr.value, read)
            for name2, frame2 in handed.reads:
                _stable_global(flow, slicer, name2, frame2)
    for body, frame2 in bodies:
        for name2 in names_read(body):
            _stable_global(flow, slicer, name2, frame2)
        for node in walk(body):
            if not isinstance(node, cst.Attribute):
                continue
            base = flow.staging.value_in(node.value, frame2)
            if base is not region.held:
                continue
            name = node.attr.value
            if f"{held.receiver}.{name}" in held.locals:
                reason = f"`{name}` is read by a method that the graph is built with, and only exists inside the graph"
                raise NotPlanned(slicer.refusal("TFM410", node, reason))
            value = flow.staging.value_in(node, frame2)
            runtime = isinstance(value, Session | Graph | Setting) or (isinstance(value, Node) and value.kind == "init")
            if name not in kept and not runtime and not isinstance(value, Bound | Function):
                attributes.setdefault(name, node)


def _stable_attribute(flow: Flow, slicer: Slicer, held: Held, name: str, where: cst.CSTNode) -> None:
    """C2: nothing sets or changes an attribute after the graph was built from it."""
    early = _early(flow, held)
    dotted = f"{held.receiver}.{name}"
    inside = sum(dotted in a.binds or dotted in a.changes for a in flow.region.atoms)
    if inside > 1:
        reason = f"`{name}` is set more than once while the graph is built"
        raise NotPlanned(slicer.refusal("TFM403", where, reason))
    empty: set[int] = set()
    # A value from before the graph is the one that all of it reads, unless another one comes in between.
    first = min((a.number for a in flow.region.atoms if a.nodes), default=0)
    settled = all(a.number < first for a in flow.region.atoms if dotted in a.binds or dotted in a.changes)
    for module in flow.staging.modules.values():
        for node in walk(module.tree):
            changed: cst.CSTNode | None = None
            match node:
                case cst.Assign(targets=targets, value=cst.Name(value="None")):
                    empty |= {id(target) for target in targets}
                case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
                    changed = target
                case cst.For(target=target) | cst.AsName(name=target) | cst.Del(target=target):
                    changed = target
                case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=method))) if method in IN_PLACE:
                    changed = base
                case cst.Call(func=cst.Name(value="setattr")):
                    raise NotPlanned(
                        slicer.refusal("TFM403", node, "`setattr` may change what the graph was built from")
                    )
            if changed is None or (id(node) in early and (settled or id(node) in empty)):
                continue
            if any(_sets_here(flow, n, name) for n in _changed_by(changed)):
                reason = f"`{name}` was read while the graph was built and may be changed later"
                raise NotPlanned(slicer.refusal("TFM403", node, reason))


def _early(flow: Flow, held: Held) -> set[int]:
    """All of the constructors, those of bases included, that are over before the object builds its graph."""
    region = flow.region
    assert region.held is not None
    order = {id(frame): number for number, frame in enumerate(flow.staging.frames)}
    calling = region.frame.called_from
    around = {id(step.frame) for step in calling.steps} if calling is not None else set()
    first = min((a.number for a in region.atoms if a.nodes), default=0)

    def is_over(frame: Frame) -> bool:
        if id(frame) in around or frame.called_from is None:
            return False
        atom = region.atom_at(frame.called_from)
        return order[id(frame)] < order[id(region.frame)] or (atom is not None and atom.number < first)

    early: set[int] = set()
    for cls in region.held.cls.ancestry():
        init = cls.members.get("__init__")
        if not isinstance(init, Function) or init.definition is held.builder:
            continue
        owned = [f for f in flow.staging.frames if f.owner is init.definition]
        mine = [f for f in owned if next(iter(f.entry.values()), None) is region.held]
        if mine and all(is_over(frame) for frame in mine):
            early |= ids_in(init.definition)
    return early


def _changed_by(target: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The expressions that a target sets, or whose objects it changes: not those that only say which place of them."""
    yield target
    match target:
        case cst.Subscript(value=value) | cst.Attribute(value=value) | cst.StarredElement(value=value):
            yield from _changed_by(value)
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from _changed_by(element.value)


def _sets_here(flow: Flow, node: cst.CSTNode, name: str) -> bool:
    """Whether a target is an attribute of that name, of an object that may hold the graph."""
    if not isinstance(node, cst.Attribute) or node.attr.value != name:
        return False
    held = flow.region.held
    owners = flow.staging.values_of(node.value)
    if owners and all(isinstance(v, Host) and v.origin.startswith(SETTINGS) for v in owners):
        return False
    others = [v for v in owners if isinstance(v, Instance) and held is not None and v.cls is not held.cls]
    if not owners and held is not None and any(
        node.value in receivers(cls) for cls in flow.staging.classes if not _related(cls, held.cls)
    ):
        return False
    return not owners or len(others) != len(owners) or any(_related(v.cls, held.cls) for v in others if held)


# What holds the settings of a program, and never its graph.
SETTINGS = ("tf.flags.", "argparse.")


def receivers(cls: Class) -> set[cst.CSTNode]:
    """The names in the methods of a class by which they call the object that they are called on."""
    found: set[cst.CSTNode] = set()
    for method in cls.definition.body.body:
        if not isinstance(method, cst.FunctionDef) or method.decorators or not method.params.params:
            continue
        name = method.params.params[0].name.value
        inner = [n for n in walk(method.body) if isinstance(n, cst.Param) and n.name.value == name]
        if not inner and name not in assigned_names(method.body):
            found |= {n for n in walk(method.body) if isinstance(n, cst.Name) and n.value == name}
    return found


def _related(a: Class, b: Class) -> bool:
    """Whether one of two classes is a base of the other: they may share attributes."""
    def above(cls: Class) -> Iterator[Class]:
        yield cls
        for base in cls.bases:
            if isinstance(base, Class):
                yield from above(base)

    return any(cls is b for cls in above(a)) or any(cls is a for cls in above(b))


def _stable_global(flow: Flow, slicer: Slicer, name: cst.Name, frame: Frame) -> None:
    """C2: a name of the module that the graph is built from is bound once, and not in a loop."""
    if "." in name.value:
        return
    holder = frame.holder(name.value)
    if holder is None or not isinstance(holder.owner, cst.Module):
        return
    found: list[cst.CSTNode] = []
    _module_bindings(holder.owner, name.value, found, False)
    if len(found) > 1 and not all(isinstance(n, cst.Import | cst.ImportFrom) for n in found):
        reason = f"`{name.value}` was read while the graph was built and is bound more than once"
        raise NotPlanned(slicer.refusal("TFM403", found[-1], reason))


def _module_bindings(node: cst.CSTNode, name: str, found: list[cst.CSTNode], loop: bool) -> None:
    match node:
        case cst.FunctionDef() | cst.ClassDef() | cst.Lambda():
            if not isinstance(node, cst.Lambda) and node.name.value == name:
                found.append(node)
            if any(isinstance(n, cst.Global) and any(i.name.value == name for i in n.names) for n in walk(node)):
                found.extend((node, node))
            return
        case cst.AssignTarget() | cst.AugAssign() | cst.AnnAssign() | cst.NamedExpr() | cst.Import() | cst.ImportFrom():
            if any(n == name for n, _ in bindings(node)):
                found.extend((node, node) if loop or isinstance(node, cst.AugAssign) else (node,))
        case cst.AsName(name=target):
            if isinstance(target, cst.Name) and target.value == name:
                found.append(node)
        case cst.For(target=target):
            if any(isinstance(n, cst.Name) and n.value == name for n in walk(target)):
                found.extend((node, node))
    if isinstance(node, cst.Import | cst.ImportFrom):
        return
    inside = loop or isinstance(node, cst.For | cst.While)
    for child in children(node):
        _module_bindings(child, name, found, inside)
