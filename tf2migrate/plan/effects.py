"""C2: what a statement that moves into a function would do to the host, each time that the function is traced."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from tf2migrate.graph.builtins import PURE_BUILTINS
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import Builtin, Class, Foreign, Host, Node, Symbol, Value
from tf2migrate.names.bindings import bindings, changed_names
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.mutators import MUTATING
from tf2migrate.plan.prints import prints_graph
from tf2migrate.plan.region import Atom

# Foreign functions without side effects, by prefix of their dotted name.
PURE_FOREIGN = ("numpy.", "math.", "functools.partial", "collections.OrderedDict", "operator.", "itertools.")
# Builtins whose result or effect depends on what ran before.
ORDERED_BUILTINS = frozenset(["next", "input", "raw_input", "setattr", "delattr", "exec", "eval"])
IMPURE_FOREIGN = ("numpy.random", "numpy.save", "numpy.seterr")


def host_effect(flow: Flow, atom: Atom) -> cst.CSTNode | None:
    """Where a statement may change the host, or depend on what ran before; None when it does neither."""
    stack: list[cst.CSTNode] = [atom.statement]
    if isinstance(atom.statement, cst.For | cst.While | cst.If | cst.With | cst.Try) and not atom.nodes:
        return None
    while stack:
        node = stack.pop()
        if isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            continue
        if isinstance(node, cst.Call) and _called(flow, node, flow.region.frame):
            callee = flow.staging.value_in(node.func, flow.region.frame)
            if not isinstance(callee, Builtin) or callee.name in ORDERED_BUILTINS:
                return node
        stack.extend(children(node))
    return _effect_behind(flow, atom)


def _effect_behind(flow: Flow, atom: Atom) -> cst.CSTNode | None:
    """Where a project function that a statement calls draws, takes the next of something, or stores into an object."""
    called = flow.called(atom)
    for frame in called:
        body = getattr(frame.owner, "body", None)
        if isinstance(body, cst.CSTNode):
            draws = (node for node in walk(body) if isinstance(node, cst.Call) and _draws(flow, node, frame))
            stored = _stored(flow, body, frame, lambda other: other in called)
            found = next(draws, None) or (stored[0] if stored is not None else None)
            if found is not None:
                return found
    return None


def left_behind(flow: Flow, maker: Atom) -> tuple[set[str], bool]:
    """The names whose objects the functions that a statement calls have filled or bound, and whether it prints."""
    changed: set[str] = set()
    bodies: list[tuple[cst.CSTNode, Frame]] = [(maker.statement, flow.region.frame)]
    for frame in flow.called(maker):
        if isinstance(frame.owner, cst.FunctionDef):
            body = frame.owner.body
            own = {name for name, _ in bindings(body)} | set(frame.entry)
            bodies.append((body, frame))
            changed |= changed_names(body, lambda base: True) - own
            changed |= {item.name.value for node in walk(body) if isinstance(node, cst.Global) for item in node.names}
    return changed, any(prints(flow, body, frame) for body, frame in bodies)


def prints(flow: Flow, body: cst.CSTNode, frame: Frame) -> bool:
    """Whether a body calls `print` itself."""
    calls = (node for node in walk(body) if isinstance(node, cst.Call))
    callees = (flow.staging.value_in(call.func, frame) for call in calls)
    return any(isinstance(callee, Builtin) and callee.name == "print" for callee in callees)


def _draws(flow: Flow, call: cst.Call, frame: Frame) -> bool:
    match flow.staging.value_in(call.func, frame):
        case Foreign(name=name) | Host(origin=name):
            return name.startswith(("numpy.random", "random."))
        case Builtin(name=name):
            return name in ORDERED_BUILTINS
    return False


def moved_effect(flow: Flow, atom: Atom) -> tuple[cst.CSTNode, str] | None:
    """Where a statement, or a project function that it calls, does something to the host, and what that is."""
    found = _in_body(flow, atom.statement, flow.region.frame)
    if found is not None:
        return found

    def inside(frame: Frame) -> bool:
        return frame.called_from is not None and flow.region.atom_at(frame.called_from) is atom

    for frame in filter(inside, flow.staging.frames):
        body = getattr(frame.owner, "body", None)
        if isinstance(body, cst.CSTNode):
            found = _in_body(flow, body, frame) or _stored(flow, body, frame, inside)
            if found is not None:
                return found
    return None


def _in_body(flow: Flow, body: cst.CSTNode, frame: Frame) -> tuple[cst.CSTNode, str] | None:
    stack: list[cst.CSTNode] = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.FunctionDef | cst.Lambda) or prints_graph(flow.staging, node):
            continue
        if isinstance(node, cst.Call):
            effect = _called(flow, node, frame)
            if effect:
                return node, effect
        stack.extend(children(node))
    return None


def _called(flow: Flow, call: cst.Call, frame: Frame) -> str:
    callee = flow.staging.value_in(call.func, frame)
    match callee:
        case Builtin(name="print"):
            return "`print` writes"
        case Builtin(name=name) if name not in PURE_BUILTINS and not name.endswith("Error"):
            return f"`{name}` is called"
        case Foreign(name=name):
            if name.startswith(IMPURE_FOREIGN) or not name.startswith(PURE_FOREIGN):
                return f"`{name}` is called, whose effects are not known,"
        case Host(origin=name) if name.startswith(IMPURE_FOREIGN):
            return f"`{name}` is called, whose effects are not known,"
    return ""


def _stored(
    flow: Flow, body: cst.CSTNode, frame: Frame, inside: Callable[[Frame], bool]
) -> tuple[cst.CSTNode, str] | None:
    """A store into an object that outlives the call: one that came in as an argument, a default or from outside."""
    stack: list[cst.CSTNode] = [body]
    while stack:
        node = stack.pop()
        match node:
            case cst.FunctionDef() | cst.Lambda():
                continue
            case cst.Global():
                return node, "a name of the module is bound"
            case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
                if (
                    isinstance(target, cst.Attribute | cst.Subscript)
                    and not isinstance(_value(flow, target.value, frame), Node)
                    and not _is_own(flow, target.value, frame, inside)
                ):
                    return node, "an object that outlives the call is changed"
            case cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value=method))) if (
                method in MUTATING
                and not isinstance(_value(flow, value, frame), Symbol | Foreign | Node)
                and not _is_own(flow, value, frame, inside)
            ):
                return node, "an object that outlives the call is changed"
        stack.extend(children(node))
    return None


def _value(flow: Flow, node: cst.BaseExpression, frame: Frame) -> Value | None:
    """What an expression was; in a branch that this call does not take, what its name is elsewhere."""
    value = flow.staging.value_in(node, frame)
    return frame.lookup(node.value) if value is None and isinstance(node, cst.Name) else value


def _is_own(flow: Flow, node: cst.BaseExpression, frame: Frame, inside: Callable[[Frame], bool]) -> bool:
    """Whether an object was made by the moved statement itself: bound to a new one, or what a constructor makes.

    A parameter may be the argument, another name may stand for an object from outside, and what is taken out of a
    new container may be older than it: none of these counts.
    """
    holder = frame.holder(node.value) if isinstance(node, cst.Name) else None
    if not isinstance(node, cst.Name) or holder is None or not inside(holder):
        return False
    owner = holder.owner
    if not isinstance(owner, cst.FunctionDef):
        return False
    if node.value in holder.entry:
        first = next(iter(holder.entry))
        return owner.name.value == "__init__" and node.value == first
    bound = [target for name, target in bindings(owner.body) if name == node.value]
    fresh = {
        id(target.target)
        for statement in walk(owner.body)
        if isinstance(statement, cst.Assign) and _is_new(flow, statement.value, holder)
        for target in statement.targets
    }
    return all(id(target) in fresh for target in bound)


def _is_new(flow: Flow, value: cst.BaseExpression, frame: Frame) -> bool:
    """Whether an expression makes an object that nothing else holds."""
    match value:
        case cst.List() | cst.Dict() | cst.Set() | cst.ListComp() | cst.DictComp() | cst.SetComp():
            return True
        case cst.Call(func=func):
            callee = flow.staging.value_in(func, frame)
            return isinstance(callee, Class) or getattr(callee, "name", "") in MAKERS
    return False


# Functions of Python, its library and numpy that give an object of their own.
MAKERS = frozenset(
    [
        *("list", "dict", "set", "sorted"),
        *("collections.OrderedDict", "collections.defaultdict", "collections.deque"),
        *("numpy.zeros", "numpy.ones", "numpy.empty", "numpy.full", "numpy.array", "numpy.arange"),
        *("numpy.zeros_like", "numpy.ones_like", "numpy.copy"),
    ]
)
