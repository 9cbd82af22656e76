"""Objects of the program that make variables and keep nothing else of the graph.

A Keras model finds variables in layers, and in lists and dicts of these, but not in objects of other classes. So the
class of such an object becomes a layer.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import (
    Class,
    Function,
    Instance,
    Mapping,
    Node,
    Sequence,
    Symbol,
    is_cell,
    nodes_in,
)
from tf2migrate.names.bindings import changed_names, parameters_of
from tf2migrate.names.tree import walk
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Region

# What decides how attributes are found or kept, in which a layer has its own ways.
OWN_WAYS = frozenset({"__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__slots__", "__new__"})


def keeping_objects(staging: Staging) -> list[Instance]:
    """The objects that keep variables which were made in their own methods."""
    found: dict[int, Instance] = {}
    for node in staging.nodes:
        if not is_state(node):
            continue
        for step in node.place.steps:
            receiver = receiver_of(step.frame)
            if receiver is not None and id(receiver) not in found and any(n is node for n in nodes_in(receiver)):
                found[id(receiver)] = receiver
    return list(found.values())


def keeper_classes(staging: Staging) -> list[Class]:
    """The classes whose objects keep variables and nothing else of the graph, with their bases; each base first."""
    objects = keeping_objects(staging)
    mixed = {id(o.cls) for o in objects if not keeps_state_only(o)}
    found: dict[int, Class] = {}
    for item in objects:
        if id(item.cls) not in mixed:
            for cls in reversed(lineage(item.cls)):
                found.setdefault(id(cls), cls)
    return list(found.values())


def is_state(node: Node) -> bool:
    return node.kind in ("variable", "layer") or is_cell(node)


def keeps_state_only(item: Instance) -> bool:
    """Whether all of the graph that an object keeps are variables and layers."""
    return all(is_state(node) for node in nodes_in(item))


def receiver_of(frame: Frame) -> Instance | None:
    """The object whose method a frame is an activation of."""
    first = next(iter(frame.entry.values()), None)
    if isinstance(first, Instance) and any(defines(cls, frame.owner) for cls in lineage(first.cls)):
        return first
    return None


def defines(cls: Class, definition: cst.CSTNode) -> bool:
    """Whether a function is a method of this very class."""
    return any(isinstance(m, Function) and m.definition is definition for m in cls.members.values())


def lineage(cls: Class) -> list[Class]:
    """A class with its bases of the project, in the order in which Python asks them."""
    return [cls, *(above for base in cls.bases if isinstance(base, Class) for above in lineage(base))]


def check_keepers(staging: Staging, region: Region) -> list[Class]:
    """The classes that become layers, each base first. Raises ``NotPlanned`` where one has to and cannot."""
    classes = keeper_classes(staging)
    known = {id(cls) for cls in classes}
    inside = [o for o in keeping_objects(staging) if o is not region.held and made_inside(staging, region, o)]
    wanted = {id(cls) for item in inside for cls in lineage(item.cls)}
    check_shared(staging, [item.cls for item in inside])
    for item in inside:
        if id(item.cls) not in known:
            reason = "this object keeps variables and what it computes with them, which could not be told apart"
            raise NotPlanned(_refusal(staging, item.cls, reason))
    for cls in classes:
        if id(cls) in wanted:
            _check(staging, cls)
    return [cls for cls in classes if id(cls) in wanted]


def check_shared(staging: Staging, classes: list[Class]) -> None:
    """C3: each object makes its variables itself; one that finds those of another by their names would make more."""
    for node, place in staging.touched:
        if node.kind != "variable" or node.place == place:
            continue
        for step in place.steps:
            receiver = receiver_of(step.frame)
            if receiver is not None and receiver.cls in classes:
                reason = "an object that keeps variables shares them with another by their names"
                raise NotPlanned(Refusal("TFM404", place.module, step.statement, reason))


def made_inside(staging: Staging, region: Region, item: Instance) -> bool:
    """Whether an object is made by the body that builds the graph, or by what that calls."""
    for frame in staging.frames:
        if receiver_of(frame) is item and frame.called_from is not None:
            return any(step.frame is region.frame for step in frame.called_from.steps)
    return False


def _check(staging: Staging, cls: Class) -> None:
    definition = cls.definition
    plain = all(isinstance(base, Class) or _is_object(base) for base in cls.bases)
    if not plain or len(cls.bases) > 1 or definition.keywords or definition.decorators:
        raise NotPlanned(_refusal(staging, cls, "the class of an object that keeps variables has bases of its own"))
    own = OWN_WAYS & set(cls.members)
    if own:
        raise NotPlanned(_refusal(staging, cls, f"an object that keeps variables has a `{min(own)}` of its own"))
    for method in definition.body.body:
        if isinstance(method, cst.FunctionDef) and (name := _changes_given(method)):
            reason = f"a method of an object that keeps variables changes `{name}`, which it is given"
            raise NotPlanned(_refusal(staging, cls, reason))
        if isinstance(method, cst.FunctionDef) and (name := _grows_behind(staging, cls, method)):
            reason = f"`{name}` changes after an object that keeps variables has kept it"
            raise NotPlanned(_refusal(staging, cls, reason))
    init = cls.members.get("__init__")
    derived = any(isinstance(base, Class) for base in cls.bases)
    if derived and isinstance(init, Function) and not any(_calls_up(node) for node in walk(init.definition)):
        reason = "the constructor of an object that keeps variables skips that of its base"
        raise NotPlanned(_refusal(staging, cls, reason))


def _changes_given(method: cst.FunctionDef) -> str:
    """A list, dict or object that a method is given and changes: whoever else has it may not have this layer's copy."""
    names = [param.name.value for param in parameters_of(method)]
    changed = changed_names(method.body, lambda base: isinstance(base, cst.Name)) & set(names[1:])
    return min(changed, default="")


def _grows_behind(staging: Staging, cls: Class, method: cst.FunctionDef) -> str:
    """A list or dict that a method keeps under an attribute, which a layer copies, and then changes by its own name."""
    own = {id(node) for node in own_reads(cls)}
    kept: set[str] = set()
    for node in walk(method.body):
        match node:
            case cst.Assign(targets=targets, value=cst.Name(value=name) as value) if any(
                id(t.target) in own for t in targets
            ):
                if any(isinstance(v, Sequence | Mapping) for v in staging.values_of(value)):
                    kept.add(name)
            case cst.AugAssign(target=cst.Name(value=name)) if name in kept:
                return name
            case _ if kept and isinstance(node, cst.BaseSmallStatement):
                changed = changed_names(node, lambda base: isinstance(base, cst.Name)) & kept
                if changed:
                    return min(changed)
    return ""


def _is_object(base: object) -> bool:
    return getattr(base, "name", "") == "object" and not isinstance(base, Symbol)


def _calls_up(node: cst.CSTNode) -> bool:
    match node:
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="__init__"))):
            return True
    return False


def _refusal(staging: Staging, cls: Class, reason: str) -> Refusal:
    return Refusal("TFM410", cls.frame.module, cls.definition, reason)


def own_reads(cls: Class) -> Iterator[cst.Attribute]:
    """``self.x`` in the methods of a class."""
    for method in cls.definition.body.body:
        if isinstance(method, cst.FunctionDef) and method.params.params:
            receiver = method.params.params[0].name.value
            for node in walk(method):
                match node:
                    case cst.Attribute(value=cst.Name(value=name)) if name == receiver:
                        yield node


def constructor(cls: Class) -> cst.FunctionDef | None:
    """The constructor that a class has of its own."""
    for node in cls.definition.body.body:
        if isinstance(node, cst.FunctionDef) and node.name.value == "__init__":
            return node
    return None
