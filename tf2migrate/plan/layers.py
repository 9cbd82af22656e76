"""Functions that make variables and compute with them: they become layers, with state apart from computation.

A call of such a function is an object of its class. Two calls share the object when TensorFlow 1 gave them the
same variables (``reuse``), and have one each when it gave them different ones; a mixture is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

import libcst as cst

from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Node, Scope, Session, Symbol, Value, key_of, nodes_in
from tf2migrate.names.assigned import assigned_names
from tf2migrate.names.bindings import all_reads, bindings, bound_names, changed_names, names_read
from tf2migrate.names.tree import calls_in, children, ids_in, walk
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.layer_bodies import (
    bodies_of,
    enclosed,
    is_return,
    own_part,
    passes_left,
    simple_statements,
    stepped,
)
from tf2migrate.plan.layer_model import LayerCall, LayerFunction, LayerObject, parameter_of
from tf2migrate.plan.refusal import NotPlanned, Refusal


def find_layers(flow: Flow) -> dict[int, LayerFunction]:
    """The layer functions of a program, by the id of their definition."""
    staging = flow.staging
    owned: dict[int, set[int]] = {}
    for node, place in staging.touched:
        for step in place.steps:
            owned.setdefault(id(step.frame), set()).add(node.number)
    out: dict[int, LayerFunction] = {}
    for definition, calls in staging.calls.items():
        for call, frame, place in calls:
            atom = flow.region.atom_at(place)
            function = frame.owner
            if atom is None or not isinstance(function, cst.FunctionDef) or flow.role(atom) is not Role.STAGED:
                continue
            if not owned.get(id(frame)) or not computes(staging, frame):
                continue
            made = out.setdefault(definition, LayerFunction(function))
            made.calls.append(LayerCall(call, place.steps[-1].frame, frame, frozenset(owned[id(frame)])))
    for function2 in out.values():
        _split(flow, out, function2)
    return out


def computes(staging: Staging, frame: Frame) -> bool:
    """Whether a frame computes more than initial values: something that depends on its tensors or variables."""
    for node in staging.nodes:
        if (
            node.kind == "tensor"
            and any(step.frame is frame for step in node.place.steps)
            and (node.details.get("owner") is not None or any(_fed(i) for i in node.inputs))
        ):
            return True
    return False


def _fed(node: Node) -> bool:
    if node.kind != "tensor":
        return node.kind in ("placeholder", "variable", "layer")
    return any(_fed(i) for i in node.inputs) if node.inputs else False


def objects(calls: Iterable[tuple[LayerFunction, LayerCall]], where: Refusal) -> list[LayerObject]:
    """Groups calls into objects by the variables that they own. Raises ``NotPlanned`` when sets overlap in part."""
    out: list[LayerObject] = []
    for function, call in calls:
        for known in out:
            if known.owned == call.owned and known.function is function:
                known.calls.append(call)
                break
            if known.owned & call.owned:
                raise NotPlanned(where)
        else:
            out.append(LayerObject(function, call.owned, [call]))
    return out


# ------------------------------------------------------------------ the split
def _split(flow: Flow, layers: dict[int, LayerFunction], function: LayerFunction) -> None:
    """Parts the statements and parameters of a layer function, after those of the layer functions that it calls."""
    if function.parted:
        return
    function.parted = True
    for other in layers.values():
        if any(call.caller in function.frames for call in other.calls):
            _split(flow, layers, other)
    staging = flow.staging
    statements = list(simple_statements(function.definition.body.body))
    creating: dict[int, list[cst.BaseExpression]] = {}
    for statement in statements:
        found = _creating(flow, function, statement)
        if found and isinstance(statement, cst.For):
            continue
        if found and not isinstance(statement, cst.SimpleStatementLine | cst.BaseSmallStatement):
            reason = "variables are made in a loop of this function, which is not rewritten yet"
            raise NotPlanned(_refusal(staging, function, statement, reason))
        if found:
            creating[id(statement)] = _whole_value(flow, function, statement, found)
            for expression in creating[id(statement)]:
                late, unread = _not_constructing(staging, layers, expression)
                function.called_with |= late
                function.unread |= unread
    function.stepped = stepped(function.definition.body.body, set(creating))
    for loop in (node for node in walk(function.definition.body) if isinstance(node, cst.For)):
        for statement in simple_statements(loop.body.body):
            if id(statement) in creating and _calls_by_pass(statement, loop):
                reason = "a function that a layer of this loop keeps reads what the next pass binds again"
                raise NotPlanned(_refusal(staging, function, statement, reason, "TFM403"))
    bound_by: dict[str, list[cst.CSTNode]] = {}
    for statement in statements:
        if isinstance(statement, cst.For):
            for name in bound_names(statement.target):
                bound_by.setdefault(name, []).append(statement)
        for name, _ in bindings(own_part(statement)):
            bound_by.setdefault(name, []).append(statement)
        for name in changed_names(own_part(statement), lambda base: True):
            if statement not in bound_by.setdefault(name, []):
                bound_by[name].append(statement)
    _first(flow, function, statements, creating, bound_by)
    _second(flow, function, statements, creating, bound_by)
    _route(flow, function, statements, creating)


def _calls_by_pass(statement: cst.CSTNode, loop: cst.For) -> bool:
    """Whether a function in a statement of a loop, or one that the loop defines for it, reads what passes bind."""
    bound = {*bound_names(loop.target), *(name for name, _ in bindings(loop.body))}
    named = {name.value for name in names_read(statement)}
    read = {name.value for node in walk(statement) if isinstance(node, cst.Lambda) for name in names_read(node)}
    for node in walk(loop.body):
        if isinstance(node, cst.FunctionDef) and node.name.value in named:
            read |= {name.value for name in all_reads(node)}
    return bool(bound & read)


def _refusal(
    staging: Staging, function: LayerFunction, where: cst.CSTNode, reason: str, code: str = "TFM410"
) -> Refusal:
    module = function.calls[0].frame.module
    return Refusal(code, module, where, reason)


def _creating(
    flow: Flow, function: LayerFunction, statement: cst.CSTNode
) -> list[cst.BaseExpression]:
    """The expressions of a statement that make state: variables, layers, factories, other layer functions."""
    staging = flow.staging
    frames = {id(f) for f in function.frames}
    found: list[cst.BaseExpression] = []
    inside = ids_in(own_part(statement))
    for node, place in staging.touched:
        for index, step in enumerate(place.steps):
            if id(step.frame) not in frames:
                continue
            if index + 1 < len(place.steps) and place.steps[index + 1].frame is step.frame:
                continue
            # The innermost statement of this frame; the expression is the node's own, or the call that led there.
            later = place.steps[index + 1].frame if index + 1 < len(place.steps) else None
            expression = later.call if later is not None else _expression_of(staging, node, place)
            if expression is not None and id(expression) in inside and not any(expression is e for e in found):
                found.append(expression)
            break
    return found


def _expression_of(staging: Staging, node: Node, place: object) -> cst.BaseExpression | None:
    if node.place is place or node.place == place:
        return node.expression
    # A reused variable or layer: the expression of this place is not the one that made it.
    last = place.steps[-1].statement  # type: ignore[attr-defined]
    for expression in calls_in(last):
        for value in staging.values_of(expression):
            if value is node or (isinstance(value, Node) and value.details.get("owner") is node):
                return expression
    return node.expression


def host_names(staging: Staging, function: LayerFunction, expression: cst.CSTNode) -> list[cst.Name]:
    """Names in an expression that hold host values in every frame of the function."""
    out: list[cst.Name] = []
    for name in names_read(expression):
        # Names inside a comprehension were seen in a frame of its own.
        values = [staging.value_in(name, frame) or frame.lookup(name.value) for frame in function.frames]
        known = [v for v in values if v is not None]
        if known and not any(any(True for _ in nodes_in(v)) for v in known):
            out.append(name)
    return out


def _first(
    flow: Flow,
    function: LayerFunction,
    statements: list[cst.CSTNode],
    creating: dict[int, list[cst.BaseExpression]],
    bound_by: dict[str, list[cst.CSTNode]],
) -> None:
    """The statements that making the state needs, with what they need in turn."""
    queue: list[cst.Name] = []
    for statement in statements:
        for expression in creating.get(id(statement), ()):
            sharing = shared_by(expression) | function.called_with | function.unread
            queue.extend(name for name in names_read(expression) if id(name) not in sharing)
    seen: set[str] = set()
    while queue:
        name = queue.pop()
        if name.value in seen:
            continue
        seen.add(name.value)
        for statement in bound_by.get(name.value, ()):
            if id(statement) in creating or _depends_on_tensors(flow, function, statement):
                continue
            if not _is_reached(flow, statement):
                continue
            if id(statement) not in function.first:
                function.first.add(id(statement))
                queue.extend(all_reads(statement))
    function.first |= set(creating)
    body = function.definition.body.body
    function.leaving = _early_returns(flow, function, creating)
    function.first |= function.leaving | passes_left(body, set(creating))
    # A branch around state is decided where the state is made as well.
    for statement in statements:
        if isinstance(statement, cst.If | cst.For) and any(
            id(s) in function.first for s in simple_statements(bodies_of(statement))
        ):
            function.first.add(id(statement))
            queue.extend(names_read(own_part(statement)))
    while queue:
        name = queue.pop()
        for statement in bound_by.get(name.value, ()):
            if id(statement) in function.first or not _is_reached(flow, statement):
                continue
            if not _depends_on_tensors(flow, function, statement):
                function.first.add(id(statement))
                queue.extend(all_reads(own_part(statement)))


def _early_returns(
    flow: Flow, function: LayerFunction, creating: dict[int, list[cst.BaseExpression]]
) -> set[int]:
    """Statements by which some call has returned before it came to state that other calls make."""
    body = list(enclosed(function.definition.body.body))
    out: set[int] = set()
    for index, (statement, around) in enumerate(body):
        inner = next((each for each in reversed(around) if isinstance(each, cst.If)), None)
        if inner is None or not is_return(statement) or not _is_reached(flow, statement):
            continue
        if any(id(later) in creating and inner not in others for later, others in body[index + 1 :]):
            out.add(id(statement))
    return out


def _is_reached(flow: Flow, statement: cst.CSTNode) -> bool:
    """Whether the graph was built through a statement: a branch that no call took makes nothing."""
    names = names_read(own_part(statement))
    return not names or any(id(name) in flow.staging.observations for name in names)


def _depends_on_tensors(flow: Flow, function: LayerFunction, statement: cst.CSTNode) -> bool:
    """Whether a statement computes with tensors that only exist in ``call``."""
    frames = {id(f) for f in function.frames}
    for node in flow.staging.nodes:
        if (
            node.kind == "tensor"
            and any(id(s.frame) in frames and s.statement is statement for s in node.place.steps)
            and (node.details.get("owner") is not None or _fed(node))
        ):
            return True
    for name in names_read(own_part(statement)):
        for frame in function.frames:
            value = flow.staging.value_in(name, frame)
            if isinstance(value, Node) and _fed(value) and not _shape_only(statement, name):
                return True
    return False


def _shape_only(statement: cst.CSTNode, name: cst.Name) -> bool:
    """Whether a tensor is read only for its static shape: ``x.shape`` or ``x.get_shape()``."""
    stack: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(statement, None)]
    while stack:
        node, parent = stack.pop()
        if node is name:
            return isinstance(parent, cst.Attribute) and parent.attr.value in ("shape", "get_shape")
        stack.extend((child, node) for child in children(node))
    return False


def _second(
    flow: Flow,
    function: LayerFunction,
    statements: list[cst.CSTNode],
    creating: dict[int, list[cst.BaseExpression]],
    bound_by: dict[str, list[cst.CSTNode]],
) -> None:
    """The statements of ``call``: computations and returns, and the host statements that they read."""
    queue: list[cst.CSTNode] = []
    rebound: set[str] = set()
    for statement in statements:
        made = creating.get(id(statement)) if id(statement) not in function.stepped else None
        bound = [name for name, _ in bindings(own_part(statement))]
        if made is not None and _only_state(flow, function, statement, made):
            if all(_times_bound(function.definition.body.body, name) == 1 for name in bound):
                function.state |= {name: name for name in bound}
                continue
            # A name that is bound again: ``call`` binds it to the state where the function did.
            rebound.update(bound)
        if is_return(statement) or _depends_on_tensors(flow, function, statement) or id(statement) in creating:
            function.second.add(id(statement))
            queue.append(statement)
    left = _for_constructors(flow.staging, function, creating)
    _with_sources(function, queue, bound_by, left)
    function.second |= passes_left(function.definition.body.body, function.second)
    for statement in statements:
        if isinstance(statement, cst.If | cst.For):
            inner = list(simple_statements(bodies_of(statement)))
            if any(id(s) in function.second for s in inner):
                function.second.add(id(statement))
                queue.append(statement)
    _with_sources(function, queue, bound_by, left)
    _check_rebound(flow.staging, function, rebound, statements, creating)


def _check_rebound(
    staging: Staging,
    function: LayerFunction,
    rebound: set[str],
    statements: list[cst.CSTNode],
    creating: dict[int, list[cst.BaseExpression]],
) -> None:
    """What makes state reads no name that only ``call`` binds, to one state after the other."""
    for statement in statements:
        if id(statement) not in function.first:
            continue
        for part in creating.get(id(statement), [own_part(statement)]):
            late = shared_by(part) | function.called_with | function.unread if isinstance(part, cst.Call) else set()
            read = next((n.value for n in all_reads(part) if n.value in rebound and id(n) not in late), None)
            if read is not None:
                reason = f"`{read}` is bound several times in a function that makes variables"
                raise NotPlanned(_refusal(staging, function, statement, reason))


def _for_constructors(
    staging: Staging, function: LayerFunction, creating: dict[int, list[cst.BaseExpression]]
) -> set[int]:
    """The names, by identity, that stand in a call and tell only how what it makes is constructed."""
    made = [expression for found in creating.values() for expression in found]
    return {id(n) for each in made for n in host_names(staging, function, each)} - function.called_with


def _with_sources(
    function: LayerFunction, queue: list[cst.CSTNode], bound_by: dict[str, list[cst.CSTNode]], left: Set[int]
) -> None:
    """Adds to ``call`` what the statements of ``queue`` read, but for the names ``left``, and what that reads."""
    while queue:
        statement = queue.pop()
        for name in all_reads(own_part(statement)):
            for source in bound_by.get(name.value, ()) if id(name) not in left else ():
                if id(source) not in function.second and name.value not in function.state:
                    function.second.add(id(source))
                    queue.append(source)


def _times_bound(body: Iterable[cst.CSTNode], name: str) -> int:
    """How often one run through a body binds a name at most, a loop counting as one pass."""
    count = 0
    for statement in body:
        match statement:
            case cst.With(items=items, body=inner):
                count += sum(found == name for item in items for found, _ in bindings(item))
                count += _times_bound(inner.body, name)
            case cst.If(body=inner, orelse=orelse):
                other = [orelse] if isinstance(orelse, cst.If) else orelse.body.body if orelse is not None else []
                count += max(_times_bound(inner.body, name), _times_bound(other, name))
            case _:
                count += sum(found == name for found, _ in bindings(statement))
    return count


def _whole_value(
    flow: Flow, function: LayerFunction, statement: cst.CSTNode, found: list[cst.BaseExpression]
) -> list[cst.BaseExpression]:
    """What makes state in a statement, or all of its value where that is state: ``[Cell(n) for n in sizes]``.

    Raises ``NotPlanned`` for a comprehension that makes state and uses it at once.
    """
    repeated = any(is_repeated(statement, expression) for expression in found)
    if len(found) > 1 and not repeated:
        return found
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        small = statement.body[0]
        if isinstance(small, cst.Assign) and _only_state(flow, function, statement, [small.value]):
            return [small.value]
    if repeated:
        reason = "variables are made in a comprehension and used in the same statement"
        raise NotPlanned(_refusal(flow.staging, function, statement, reason))
    return found


LOOPS = (cst.For, cst.While)


def is_repeated(
    statement: cst.CSTNode, expression: cst.CSTNode, loops: tuple[type[cst.CSTNode], ...] = ()
) -> bool:
    """Whether a comprehension or lambda in a statement may evaluate an expression any number of times.

    Other statements that repeat what is in them are ``loops``.
    """
    stack: list[tuple[cst.CSTNode, bool]] = [(statement, False)]
    while stack:
        node, repeats = stack.pop()
        if node is expression:
            return repeats
        repeats = repeats or isinstance(node, (cst.BaseComp, cst.Lambda, *loops))
        stack.extend((child, repeats) for child in children(node))
    return False


def _only_state(
    flow: Flow, function: LayerFunction, statement: cst.CSTNode, expressions: list[cst.BaseExpression]
) -> bool:
    """``w = tf.get_variable(...)``: the whole value is the state, and holds no tensor."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    small = statement.body[0]
    if isinstance(small, cst.Expr):
        return False
    if (
        not isinstance(small, cst.Assign)
        or len(small.targets) != 1
        or not isinstance(small.targets[0].target, cst.Name)
    ):
        return False
    values = [v for f in function.frames if (v := flow.staging.value_in(small.value, f)) is not None]
    return bool(values) and all(n.kind == "variable" for v in values for n in nodes_in(v)) and len(expressions) == 1


# ------------------------------------------------------------------ parameters
def _route(
    flow: Flow, function: LayerFunction, statements: list[cst.CSTNode], creating: dict[int, list[cst.BaseExpression]]
) -> None:
    """Which parameters go to the constructor, which to ``call``, and which are dropped."""
    staging = flow.staging
    first_reads: set[str] = set()
    for statement in statements:
        if id(statement) in creating:
            for expression in creating[id(statement)]:
                first_reads |= {n.value for n in state_reads(staging, function, expression)}
        elif id(statement) in function.first:
            first_reads |= {n.value for n in all_reads(own_part(statement))}
            for name in names_read(own_part(statement)):
                if _shape_only(statement, name) and name.value not in function.shapes:
                    function.shapes.append(name.value)
    for found in creating.values():
        for expression in found:
            for name in names_read(expression):
                if (
                    _shape_only(expression, name)
                    and _shape_feeds_state(staging, function, expression, name)
                    and name.value not in function.shapes
                ):
                    function.shapes.append(name.value)
    second_reads: set[str] = set()
    left = _for_constructors(staging, function, creating)
    for statement in statements:
        if id(statement) in function.second:
            second_reads |= {n.value for n in all_reads(own_part(statement)) if id(n) not in left}
    for param in function.parameters:
        _route_one(flow, function, param, first_reads, second_reads)
    for statement in statements:
        if id(statement) in function.first:
            for part in creating.get(id(statement), [own_part(statement)]):
                _check_shapes(flow, function, part)
    unknown = [s for s in function.shapes if s not in function.call]
    if unknown:
        reason = f"the shape of `{unknown[0]}`, which is not an argument, decides the shape of a variable"
        raise NotPlanned(_refusal(staging, function, function.definition, reason))


def _check_shapes(flow: Flow, function: LayerFunction, where: cst.CSTNode) -> None:
    """A shape that decides a variable's shape must be that of the argument itself, not of a later tensor."""
    loops = [n for n in walk(function.definition.body) if isinstance(n, cst.For | cst.While) and id(where) in ids_in(n)]
    rebound = {name for loop in loops for name in assigned_names(loop.body)}
    for name in names_read(where):
        if name.value in function.shapes and _shape_only(where, name):
            for frame in function.frames:
                value = flow.staging.value_in(name, frame)
                later = value is not None and value is not frame.entry.get(name.value)
                if later or name.value in rebound:
                    reason = f"the shape of `{name.value}` is read after the name was bound again"
                    raise NotPlanned(_refusal(flow.staging, function, where, reason))


def _route_one(flow: Flow, function: LayerFunction, param: cst.Param, first: set[str], second: set[str]) -> None:
    name = param.name.value
    values = [f.env_at_entry(name) for f in function.frames]
    if any(any(True for _ in nodes_in(v)) for v in values):
        function.call.append(name)
        return
    if all(isinstance(v, Session | Scope) for v in values):
        return
    if name not in first and name not in second:
        return
    varies = _varies(function, name)
    if varies and name in first:
        reason = f"calls that share variables give different values of `{name}`, which decides what is made"
        raise NotPlanned(_refusal(flow.staging, function, param, reason, "TFM404"))
    if varies:
        function.call.append(name)
        return
    function.init.append(name)
    if name in second or function.shapes:
        function.saved.append(name)


def _varies(function: LayerFunction, name: str) -> bool:
    """Whether calls that share their variables give different values of a parameter."""
    groups: dict[frozenset[int], list[Value]] = {}
    for call in function.calls:
        groups.setdefault(call.owned, []).append(call.frame.env_at_entry(name))
    for values in groups.values():
        first = values[0]
        for value in values[1:]:
            if key_of(first) != key_of(value):
                return True
    return False


TRAINING = ("training", "is_training")
SHARING = frozenset({"reuse", "scope", "name", "collections"})


def state_reads(staging: Staging, function: LayerFunction, expression: cst.BaseExpression) -> list[cst.Name]:
    """Host names that making one piece of state reads, names of scopes and sharing flags excluded."""
    skip = shared_by(expression) | function.called_with | function.unread
    return [n for n in host_names(staging, function, expression) if id(n) not in skip]


def _not_constructing(
    staging: Staging, layers: dict[int, LayerFunction], expression: cst.BaseExpression
) -> tuple[set[int], set[int]]:
    """The identities in the arguments that a layer gets in each of its calls, and in those that it does not read."""
    late: set[int] = set()
    unread: set[int] = set()
    if not isinstance(expression, cst.Call):
        return late, unread
    inner = next((f for f in layers.values() if any(c.call is expression for c in f.calls)), None)
    symbol = next((tf1_symbol(v.name) for v in staging.values_of(expression.func) if isinstance(v, Symbol)), None)
    places = symbol.positional() if symbol is not None else ()
    for index, arg in enumerate(expression.args):
        if arg.star:
            break
        if inner is not None:
            name = parameter_of(inner, expression, arg)
            if name not in inner.init:
                (late if name in inner.call else unread).update(ids_in(arg.value))
        elif (arg.keyword.value if arg.keyword is not None else next(iter(places[index:]), "")) in TRAINING:
            late |= ids_in(arg.value)
    return late, unread


def shared_by(expression: cst.BaseExpression) -> set[int]:
    """The identities of what a call only names or shares its state by."""
    skip: set[int] = set()
    if isinstance(expression, cst.Call):
        for arg in expression.args:
            if arg.keyword is not None and arg.keyword.value in SHARING:
                skip |= ids_in(arg.value)
    return skip


def _shape_feeds_state(staging: Staging, function: LayerFunction, expression: cst.CSTNode, name: cst.Name) -> bool:
    for frame in function.frames:
        value = staging.value_in(name, frame)
        if isinstance(value, Node):
            return True
    return False


def unread_arguments(functions: Iterable[LayerFunction]) -> set[int]:
    """The identities of names in arguments whose parameters the layers have no more."""
    out: set[int] = set()
    for function in functions:
        kept = {*function.init, *function.call, *function.shapes}
        own = {p.name.value for p in function.parameters}
        for call in function.calls:
            for arg in call.call.args:
                name = "" if arg.star else parameter_of(function, call.call, arg)
                if name in own and name not in kept:
                    out |= {id(inner) for inner in names_read(arg.value)}
    return out
