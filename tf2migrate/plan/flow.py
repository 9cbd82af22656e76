"""Roles of the atoms, and which definitions reach which reads."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.control import HOST_FUNCTIONS
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.summaries import is_writer
from tf2migrate.graph.tensor_arrays import TENSOR_ARRAY
from tf2migrate.graph.values import (
    Bound,
    Class,
    Function,
    Instance,
    Mapping,
    Node,
    Optimizer,
    Saver,
    Sequence,
    Value,
    is_cell,
    nodes_in,
    optimizers_of,
    unknown_in,
)
from tf2migrate.names.bindings import free_names, names_read
from tf2migrate.names.tree import walk
from tf2migrate.plan.graph_statements import is_graph_statement
from tf2migrate.plan.handed import Handed, handed_in
from tf2migrate.plan.prints import prints_graph
from tf2migrate.plan.region import Atom, Region


class Role(enum.Enum):
    """What becomes of an atom."""

    HOST = "stays"
    RUN = "stays, its runs become calls"
    CONSTANT = "stays: a tensor that depends on nothing that is fed, drawn or trained"
    SCOPE = "dissolves: its block stays"
    GRAPH = "goes: sessions, scopes, initializers"
    PLACEHOLDER = "goes: becomes a parameter"
    VARIABLE = "becomes an attribute of the model"
    OPTIMIZER = "becomes a Keras optimizer"
    STAGED = "moves into the functions that need it"
    FEED = "stays: a feed dict, keyed by parameter names"
    CHOICE = "stays: chooses among what becomes functions"
    ALIAS = "stays behind the model: a list or name of variables"


@dataclass(frozen=True, slots=True)
class Read:
    """One name of the region that an atom reads, directly or in a function that it calls."""

    name: str
    value: Value | None
    node: cst.Name
    frame: Frame


@dataclass(eq=False, slots=True)
class Flow:
    """Roles and definitions of one region."""

    staging: Staging
    region: Region
    roles: list[Role] = field(default_factory=list)
    inner: dict[int, list[Read]] = field(default_factory=dict)
    static: set[int] = field(default_factory=set)
    # Numbers of the gradients that are taken in functions with tapes of their own.
    inner_gradients: set[int] = field(default_factory=set)
    # Numbers of the nodes that the host chooses among.
    chosen: set[int] = field(default_factory=set)
    # Numbers of the atoms that do nothing with them but choose.
    choosing: set[int] = field(default_factory=set)
    # What statements that make summaries read instead of the names in them, by number of the atom; and of those
    # whose values have no expression, why: code, place and reason.
    # Functions of the region that conditionals and loops of the graph call: the statements that define them.
    given: dict[int, Atom] = field(default_factory=dict)
    narrowed: dict[int, list[Read]] = field(default_factory=dict)
    spoiled: dict[int, tuple[str, cst.CSTNode, str]] = field(default_factory=dict)
    # Names, by identity, that are only handed to parameters of layers which are gone.
    unread: set[int] = field(default_factory=set)
    conflicts: list[tuple[Atom, str]] = field(default_factory=list)
    """Statements that make containers both for the model and for computations, with the name of one."""
    _called: dict[int, list[Frame]] = field(default_factory=dict)

    # ------------------------------------------------------------------ values
    def bound_value(self, atom: Atom, name: str) -> Value | None:
        """What ``atom`` bound ``name`` to."""
        target = atom.binds.get(name)
        if target is None:
            return None
        left = self.staging.left.get((id(atom.statement), id(self.region.frame)))
        if left is not None and name in left:
            return left[name]
        found = self.staging.value_in(target, self.region.frame)
        if found is None and isinstance(target, cst.FunctionDef | cst.ClassDef):
            return self.region.frame.env.get(name)
        return found

    def reads(self, atom: Atom) -> list[Read]:
        if atom.number in self.narrowed:
            return self.narrowed[atom.number] + self.inner.get(atom.number, [])
        own = [
            Read(n.value, self.staging.value_in(n, self.region.frame), n, self.region.frame)
            for n in atom.reads
            if id(n) not in self.unread
        ]
        return own + self.inner.get(atom.number, [])

    def called(self, atom: Atom) -> list[Frame]:
        """The activations of the program's functions while a statement runs."""
        if not self._called:
            for frame in self.staging.frames:
                place = frame.called_from
                during = self.region.atom_at(place) if place is not None else None
                if during is not None and frame is not self.region.frame:
                    self._called.setdefault(during.number, []).append(frame)
        return self._called.get(atom.number, [])

    # ------------------------------------------------------------------ definitions
    def reaching(self, name: str, atom: Atom) -> list[Atom]:
        """The atoms that made ``name`` what ``atom`` reads: the last binding before it and what changed it since."""
        found: list[Atom] = []
        for other in reversed(self.region.atoms[: atom.number]):
            if name in other.binds:
                found.append(other)
                break
            if name in other.changes:
                found.append(other)
        else:
            if not found:
                return []
        return list(reversed(found))

    def binder(self, name: str, atom: Atom) -> Atom | None:
        """The atom that bound ``name`` to what ``atom`` reads."""
        return next((a for a in self.reaching(name, atom) if name in a.binds), None)

    def role(self, atom: Atom) -> Role:
        return self.roles[atom.number]

    def staged_name(self, name: str, atom: Atom) -> bool:
        """Whether ``name``, read in ``atom``, is something that only exists inside the functions."""
        return any(self.role(a) in (Role.STAGED, Role.PLACEHOLDER) for a in self.reaching(name, atom))


def analyse_flow(staging: Staging, region: Region) -> Flow:
    """Works out the role of every atom."""
    flow = Flow(staging, region)
    flow.static = static_nodes(staging)
    for atom in region.atoms:
        if isinstance(atom.statement, cst.FunctionDef) and id(atom.statement) in staging.followed:
            flow.given[id(atom.statement)] = atom
    _inner_reads(flow)
    assign_roles(flow)
    return flow


def assign_roles(flow: Flow) -> None:
    """Gives each atom its role, from what is known of the choices of the host."""
    flow.roles.clear()
    for atom in flow.region.atoms:
        flow.roles.append(Role.CHOICE if atom.number in flow.choosing else _role(flow, atom))
    # A list that variables are appended to is made where the variables are made.
    given: dict[int, Role] = {}
    flow.conflicts.clear()
    for atom in flow.region.atoms:
        if flow.role(atom) in (Role.VARIABLE, Role.STAGED):
            for name in atom.changes:
                for other in flow.reaching(name, atom):
                    if flow.role(other) in (Role.HOST, Role.CONSTANT, Role.ALIAS) and name in other.binds:
                        flow.roles[other.number] = given[other.number] = flow.role(atom)
                    elif given.get(other.number, flow.role(atom)) is not flow.role(atom):
                        flow.conflicts.append((other, name))
    _move_beginnings(flow)


def _move_beginnings(flow: Flow) -> None:
    """What a sum of tensors begins with goes where the sum goes: ``loss = 0.0`` before ``loss += term``."""
    for atom in flow.region.atoms:
        if flow.role(atom) is not Role.STAGED:
            continue
        for name in {read.value for read in atom.reads} & set(atom.binds):
            for source in flow.reaching(name, atom):
                if flow.role(source) in (Role.HOST, Role.CONSTANT) and _begins(flow, source, name):
                    flow.roles[source.number] = Role.STAGED


def _begins(flow: Flow, source: Atom, name: str) -> bool:
    """Whether a statement only binds a literal or constant, which nothing but moved statements reads."""
    statement = source.statement
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1 or set(source.binds) != {name}:
        return False
    small = statement.body[0]
    if not isinstance(small, cst.Assign) or len(small.targets) != 1 or source.parents != ():
        return False
    if flow.role(source) is Role.HOST and not _is_literal(small.value):
        return False
    for atom in flow.region.atoms:
        reads = name in {read.value for read in atom.reads} or any(r.name == name for r in flow.reads(atom))
        if reads and flow.role(atom) is not Role.STAGED and source in flow.reaching(name, atom):
            return False
    return True


def _is_literal(value: cst.BaseExpression) -> bool:
    match value:
        case cst.Integer() | cst.Float() | cst.SimpleString() | cst.Name(value="None" | "True" | "False"):
            return True
        case cst.UnaryOperation(expression=inner):
            return _is_literal(inner)
    return False


# Loops whose body gives its single variable bare, which TensorFlow 2 does not take outside of a function, functions of
# the host, whose results have the dtype that they were announced with only inside of one, and arrays, which belong to
# the function that they are made in.
NOT_EAGER = ("tf.while_loop", *HOST_FUNCTIONS, TENSOR_ARRAY)


def static_nodes(staging: Staging) -> set[int]:
    """Numbers of the nodes that are the same in every run: no feed, variable, draw or update behind them."""
    static: set[int] = set()
    fed = {key.number for site in staging.runs if isinstance(site.feeds, Mapping) for key in _keys(site.feeds)}
    for node in staging.nodes:
        if (
            node.kind == "tensor"
            and not node.random
            and not node.control
            # A dataset traces its functions.
            and (node.op not in NOT_EAGER or "of_element" in node.details)
            and node.number not in fed
            and all(n.number in static for n in node.inputs)
        ):
            static.add(node.number)
    return static


def _keys(feeds: Mapping) -> list[Node]:
    return [key for key in feeds.items if isinstance(key, Node)]


def _inner_reads(flow: Flow) -> None:
    """Names of the region that project functions read while an atom runs them."""
    region = flow.region
    for frame in flow.staging.frames:
        definition = frame.owner
        if not isinstance(definition, cst.FunctionDef | cst.Lambda) or frame is region.frame:
            continue
        place = frame.called_from
        atom = region.atom_at(place) if place is not None else None
        if atom is None:
            continue
        for name in names_read(definition.body):
            if frame.holder(name.value) is not region.frame:
                continue
            value = flow.staging.value_in(name, frame)
            if value is not None:
                read = Read(name.value, value, name, frame)
                flow.inner.setdefault(atom.number, []).append(read)
                # What a function that the graph calls reads itself, or by another that it calls.
                callers = [id(step.frame.owner) for step in place.steps] if place is not None else []
                for own in {flow.given[owner] for owner in (id(definition), *callers) if owner in flow.given}:
                    flow.inner.setdefault(own.number, []).append(read)
    for atom in region.atoms:
        for handed in handed_over(flow, atom) if atom.nodes else ():
            for name, frame in handed.reads:
                value = frame.lookup(name.value)
                if frame.holder(name.value) is region.frame and value is not None and not isinstance(value, Node):
                    flow.inner.setdefault(atom.number, []).append(Read(name.value, value, name, frame))


def handed_over(flow: Flow, atom: Atom) -> Iterator[Handed]:
    """The functions that a statement, or what it calls, hands to TensorFlow, and that the analysis has not followed."""
    bodies: list[tuple[cst.CSTNode, Frame]] = [(atom.statement, flow.region.frame)]
    followed: set[int] = set()
    for frame in flow.called(atom):
        followed.add(id(frame.owner))
        if isinstance(frame.owner, cst.FunctionDef | cst.Lambda):
            bodies.append((frame.owner.body, frame))
    for body, frame in bodies:
        for handed in handed_in(flow.staging, body, frame):
            if id(handed.function.definition) not in followed:
                yield handed


def _role(flow: Flow, atom: Atom) -> Role:
    if any(atom.statement is block for block in flow.region.dissolved):
        return Role.SCOPE
    runs = list(atom.runs)
    if runs or atom.later:
        return Role.RUN
    values = _statement_values(flow, atom)
    if any(is_writer(value) or isinstance(value, Saver) for value in values):
        return Role.HOST
    nodes = atom.nodes
    kinds = {node.kind for node in nodes}
    if prints_graph(flow.staging, atom.statement) or _forgets_graph(flow, atom):
        return Role.GRAPH
    if (not kinds - {"init", "group"} or _adds(atom)) and is_graph_statement(flow.staging, atom.statement):
        return Role.GRAPH
    if isinstance(atom.statement, cst.FunctionDef) and id(atom.statement) in flow.given:
        return _given_role(flow, atom, atom.statement)
    if isinstance(atom.statement, cst.FunctionDef) and id(atom.statement) not in flow.staging.visited:
        return _idle_role(flow, atom, atom.statement)
    if isinstance(atom.statement, cst.FunctionDef | cst.ClassDef):
        return Role.HOST
    if any(flow.roles[a.number] is Role.FEED for name in atom.changes for a in flow.reaching(name, atom)):
        return Role.FEED
    if any(isinstance(value, Optimizer) and value.train is not None for value in values):
        return Role.OPTIMIZER
    if kinds - {"init"}:
        return _graph_role(flow, atom, nodes, kinds)
    for value in values:
        if isinstance(value, Optimizer):
            return Role.OPTIMIZER
        if any(flow.region.atom_at(option.place) is atom for option in optimizers_of(value)):
            return Role.OPTIMIZER
    if any(isinstance(v, Mapping) and any(isinstance(k, Node) for k in v.items) for v in values):
        return Role.FEED
    held = [n for value in values for n in nodes_in(value)]
    if held:
        if all(n.number in flow.static for n in held):
            return Role.CONSTANT
        if all(n.kind in ("variable", "layer") for n in held):
            if any(is_cell(v) and not isinstance(v, Node) for v in values):
                return Role.VARIABLE
            if any(isinstance(v, Instance) for v in values) and _makes_object(atom):
                # It is given variables, and a part of the model like these.
                return Role.VARIABLE
            return Role.ALIAS if not _reads_staged(flow, atom) else Role.STAGED
        return Role.STAGED
    if atom.changes and not atom.binds and _changes_variables(flow, atom):
        return Role.VARIABLE
    if _reads_staged(flow, atom) and not _is_compound(atom):
        return Role.STAGED if atom.binds or atom.changes else Role.HOST
    return Role.HOST


def _makes_object(atom: Atom) -> bool:
    match atom.statement:
        case cst.SimpleStatementLine(body=[cst.Assign(value=cst.Call())]):
            return True
    return False


def _given_role(flow: Flow, atom: Atom, definition: cst.FunctionDef) -> Role:
    """A function that a conditional or a loop calls moves with it, if it reads what only exists inside of functions."""
    inside = (Role.STAGED, Role.PLACEHOLDER, Role.VARIABLE)
    sources = [a for read in flow.inner.get(atom.number, ()) for a in flow.reaching(read.name, atom)]
    if not any(flow.roles[source.number] in inside for source in sources):
        return Role.HOST
    atom.reads[:] = free_names(definition)
    return Role.STAGED


def _idle_role(flow: Flow, atom: Atom, definition: cst.FunctionDef) -> Role:
    """A function of a body that nothing calls goes with the graph that it reads, unless host code has its name.

    Those of a module have a name for other files as well.
    """
    if flow.region.is_module:
        return Role.HOST
    inside = (Role.STAGED, Role.PLACEHOLDER, Role.VARIABLE)
    free = free_names(definition)
    sources = [a for name in free for a in flow.reaching(name.value, atom) if a.number < len(flow.roles)]
    if not any(flow.roles[source.number] in inside for source in sources):
        return Role.HOST
    atom.reads[:] = free
    return Role.STAGED


def _adds(atom: Atom) -> bool:
    """Whether a statement is a call whose value nothing takes, made of tensors alone."""
    statement = atom.statement
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(small, cst.Expr) and isinstance(small.value, cst.Call) for small in statement.body
    )


def _forgets_graph(flow: Flow, atom: Atom) -> bool:
    """``del loss, pred``: names of the graph, which are gone anyway."""
    gone = (Role.STAGED, Role.PLACEHOLDER, Role.VARIABLE, Role.GRAPH)
    match atom.statement:
        case cst.SimpleStatementLine(body=[cst.Del(target=cst.Name() | cst.Tuple())]):
            names = [flow.reaching(name.value, atom) for name in atom.reads]
            return bool(names) and all(made and all(flow.roles[a.number] in gone for a in made) for made in names)
    return False


def _graph_role(flow: Flow, atom: Atom, nodes: list[Node], kinds: set[str]) -> Role:
    if kinds == {"placeholder"} or (kinds == {"placeholder", "tensor"} and _only_defaults(flow, nodes)):
        return Role.STAGED if any(_is_read_whole(flow, atom, name) for name in atom.binds) else Role.PLACEHOLDER
    if all(node.number in flow.static for node in nodes if node.kind != "init"):
        return Role.CONSTANT
    made = [node for node in nodes if node.kind == "variable"]
    if made and all(n.kind == "variable" or _initial(n, nodes) for n in nodes):
        if any(is_cell(n) for n in made) and _reads_staged(flow, atom) and not _is_compound(atom):
            # A cell inside of another one, which drops what a run decides.
            return Role.STAGED
        return Role.VARIABLE
    return Role.STAGED


def _is_read_whole(flow: Flow, atom: Atom, name: str) -> bool:
    """Whether a container of placeholders is read for more than to take one of them out of it."""
    if isinstance(flow.bound_value(atom, name), Node | None) or not isinstance(atom.statement, cst.SimpleStatementLine):
        return False
    for other in flow.region.atoms:
        if atom not in flow.reaching(name, other):
            continue
        taken = {
            id(node.value)
            for node in walk(other.statement)
            if isinstance(node, cst.Attribute | cst.Subscript)
            and isinstance(flow.staging.value_in(node, flow.region.frame), Node)
        }
        if any(read.name == name and id(read.node) not in taken for read in flow.reads(other)):
            return True
    return False


def _only_defaults(flow: Flow, nodes: list[Node]) -> bool:
    return all(n.kind == "placeholder" or n.number in flow.static for n in nodes)


def _initial(node: Node, nodes: list[Node]) -> bool:
    """Whether a tensor is only (part of) the initial value of a variable: nothing fed or trained behind it."""
    if node.kind != "tensor" or node.control or node.op in HOST_FUNCTIONS:
        return False
    # `v.initialized_value()` is what another variable starts with, which its constructor has just drawn.
    if node.op != "method.initialized_value" and not all(i.kind == "tensor" and (i in nodes) for i in node.inputs):
        return False
    users = [other for other in nodes if node in other.inputs]
    return bool(users)


def _statement_values(flow: Flow, atom: Atom) -> list[Value]:
    """What the atom's own expressions come to."""
    values: list[Value] = []
    statement = atom.statement
    body = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
    for small in body:
        expression = getattr(small, "value", None)
        if isinstance(expression, cst.BaseExpression):
            value = flow.staging.value_in(expression, flow.region.frame)
            if value is not None:
                values.append(value)
    if not body:
        for name in (*atom.binds, *atom.changes):
            value = flow.bound_value(atom, name)
            if value is not None:
                values.append(value)
    return values


def path_to(value: object, node: object) -> str | None:
    """How a node is reached from the container that holds it, as subscripts."""
    if value is node:
        return ""
    if isinstance(value, Sequence) and value.exact:
        for i, item in enumerate(value.items):
            inner = path_to(item, node)
            if inner is not None:
                return f"[{i}]{inner}"
    if isinstance(value, Mapping) and value.exact:
        for key, item in value.items.items():
            inner = path_to(item, node)
            if inner is not None and isinstance(key, str | int):
                return f"[{key!r}]{inner}"
    if isinstance(value, Instance):
        for name, item in sorted(value.attributes.items(), key=lambda pair: pair[1] is not node):
            inner = path_to(item, node)
            if inner is not None:
                return f".{name}{inner}"
    return None


def _changes_variables(flow: Flow, atom: Atom) -> bool:
    """Whether a statement only changes containers of variables in place: ``weights.reverse()``."""
    sources = [source for name in atom.changes for source in flow.reaching(name, atom)]
    return bool(sources) and all(
        flow.roles[source.number] is Role.VARIABLE or _is_empty_list(source, atom.changes) for source in sources
    ) and any(flow.roles[source.number] is Role.VARIABLE for source in sources)


def _is_empty_list(source: Atom, names: set[str]) -> bool:
    match source.statement:
        case cst.SimpleStatementLine(body=[cst.Assign(value=cst.List(elements=[]))]):
            return bool(set(source.binds) & names)
    return False


def _reads_staged(flow: Flow, atom: Atom) -> bool:
    return any(
        flow.roles[other.number] in (Role.STAGED, Role.PLACEHOLDER)
        for read in atom.reads
        for other in flow.reaching(read.value, atom)
        if other.number < len(flow.roles)
    )


def _is_compound(atom: Atom) -> bool:
    return isinstance(atom.statement, cst.If | cst.For | cst.While | cst.Try | cst.With) and not atom.binds


def is_definition(value: Value | None) -> bool:
    return isinstance(value, Function | Class | Bound)


__all__ = ["Flow", "Read", "Role", "analyse_flow", "is_definition", "unknown_in"]
