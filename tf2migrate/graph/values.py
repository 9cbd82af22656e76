"""What an expression of a TensorFlow 1 program can be while its graph is being built.

The interpreter gives each expression one of these values. ``Node`` is the graph itself: a placeholder, a
variable, a tensor, or an op without a result. Everything else is a Python value that carries nodes around, or
a host value about which nothing needs to be known.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator as Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from tf2migrate.graph.frames import Frame, Place


class Value:
    """Base of all abstract values."""

    __slots__ = ()


@dataclass(eq=False, slots=True)
class Const(Value):
    """A Python literal whose value is known."""

    value: object


@dataclass(eq=False, slots=True)
class Host(Value):
    """A Python or numpy value; ``shape_of`` are the nodes whose static shape it was computed from.

    ``origin`` is the dotted name of the foreign symbol that it is or came from, such as ``numpy.random.rand``.
    ``key`` tells how it was computed from other values: equal keys are equal values, see ``key_of``.
    """

    shape_of: frozenset[Node] = frozenset()
    origin: str = ""
    key: object = None
    single: bool = False
    """Whether it may be an array with one element, which numpy 1 took for a number."""
    dtype: str = ""
    """That of a tensor made of it, where it is a single value and what kind of value is known, as of a flag."""


@dataclass(eq=False, slots=True)
class Shape(Value):
    """The static shape of a node: what ``x.get_shape()`` gives, with the size of each dimension.

    A size is a ``Const`` of an int, ``DYNAMIC``, or the host value that decides it, unless that is not known.
    """

    of: Node
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Dimension(Value):
    """One dimension of a static shape: an object of TensorFlow 1 around a ``size``."""

    of: Node
    size: Value


@dataclass(eq=False, slots=True)
class Unknown(Value):
    """Something that the analysis cannot follow, with the reason and the place."""

    reason: str
    place: Place | None = None
    code: str = "TFM401"


@dataclass(eq=False, slots=True)
class Symbol(Value):
    """A public TensorFlow symbol by its canonical TF1 name, such as ``tf.nn.relu``."""

    name: str


@dataclass(eq=False, slots=True)
class Foreign(Value):
    """A module or symbol of a package that is neither TensorFlow nor part of the project."""

    name: str


@dataclass(eq=False, slots=True)
class Node(Value):
    """One node of the TF1 graph.

    ``kind`` is ``placeholder``, ``variable``, ``tensor``, ``train`` (an optimizer's apply), ``assign``,
    ``group``, ``init`` or ``summary``. ``inputs`` are data inputs, ``control`` what must run before. ``shape`` is
    what is known of the static shape: a size for each dimension, see ``Shape``.
    """

    number: int
    kind: str
    op: str
    place: Place
    inputs: tuple[Node, ...] = ()
    control: tuple[Node, ...] = ()
    expression: cst.BaseExpression | None = None
    details: dict[str, Value] = field(default_factory=dict)
    scope: str = ""
    name: str = ""
    trainable: bool = True
    random: bool = False
    unknown: Unknown | None = None
    shape: tuple[Value, ...] | None = None
    parts: list[Node] = field(default_factory=list)
    """The variables of a layer, where they are known one by one."""

    def __repr__(self) -> str:
        return f"<{self.kind} {self.number} {self.op}>"


@dataclass(eq=False, slots=True)
class Sequence(Value):
    """A list, tuple or set; ``exact`` is false when elements may be missing, repeated or reordered.

    ``fields`` are the names of the elements of a named tuple, ``record`` its class where that is of the program.
    """

    items: list[Value]
    kind: str = "list"
    exact: bool = True
    fields: tuple[str, ...] = ()
    record: Value | None = None


@dataclass(eq=False, slots=True)
class Record(Value):
    """A class of named tuples, by the title that it was declared with."""

    name: str
    fields: tuple[str, ...]
    defaults: dict[str, Value]


@dataclass(eq=False, slots=True)
class Mapping(Value):
    """A dict. Keys are Python literals, nodes, or choices of nodes; ``exact`` as in ``Sequence``.

    ``kind`` is the dotted name of its class, where that is not ``dict`` itself.
    """

    items: dict[object, Value] = field(default_factory=dict)
    exact: bool = True
    displays: list[cst.BaseExpression] = field(default_factory=list)
    kind: str = ""


@dataclass(eq=False, slots=True)
class Function(Value):
    """A function, method or lambda of the project, with the frame that it closes over."""

    definition: cst.FunctionDef | cst.Lambda
    frame: Frame
    defaults: dict[str, Value]
    owner: Class | None = None


@dataclass(eq=False, slots=True)
class Class(Value):
    """A class of the project."""

    definition: cst.ClassDef
    frame: Frame
    bases: tuple[Value, ...]
    members: dict[str, Value]

    def lookup(self, name: str) -> Value | None:
        return next((cls.members[name] for cls in self.ancestry() if name in cls.members), None)

    def ancestry(self) -> list[Class]:
        """The class and its bases of the project, in the order in which Python asks them for a member."""
        bases = [base for base in self.bases if isinstance(base, Class)]
        lines = [*(base.ancestry() for base in bases), bases]
        out = [self]
        while lines := [line for line in lines if line]:
            heads = [line[0] for line in lines]
            # Python refuses a class without such an order; here the bases come one after the other.
            chosen = next((head for head in heads if not any(head in line[1:] for line in lines)), heads[0])
            out.append(chosen)
            lines = [[cls for cls in line if cls is not chosen] for line in lines]
        return out


@dataclass(eq=False, slots=True)
class Instance(Value):
    """An object of a project class."""

    cls: Class
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Super(Value):
    """What ``super()`` gives in a method of ``cls``: an object, of which it finds the members behind that class."""

    receiver: Instance
    cls: Class

    def lookup(self, name: str) -> Value | None:
        line = self.receiver.cls.ancestry()
        after = line[line.index(self.cls) + 1 :] if self.cls in line else []
        return next((cls.members[name] for cls in after if name in cls.members), None)


@dataclass(eq=False, slots=True)
class Bound(Value):
    """A method together with the object that it was read from."""

    receiver: Value
    function: Value
    name: str = ""


@dataclass(eq=False, slots=True)
class Builtin(Value):
    """A Python builtin, by name."""

    name: str


@dataclass(eq=False, slots=True)
class Optimizer(Value):
    """A ``tf.train`` optimizer: the class, its arguments, and where it was made."""

    name: str
    arguments: dict[str, Value]
    call: cst.Call
    place: Place
    number: int
    train: Node | None = None
    """The update that it was made for, of an optimizer that runs the graph itself as often as it likes."""
    options: tuple[Optimizer, ...] = ()
    """The optimizers of which this one is chosen by the host: it has no name and arguments of its own."""


@dataclass(eq=False, slots=True)
class Cell(Value):
    """A recurrent cell made of others, without variables of its own; ``operands`` are its other arguments.

    A cell that owns variables is a ``Node`` of the kind ``variable``: the layer that holds them, see ``is_cell``.
    """

    name: str
    cells: Sequence
    operands: tuple[Value, ...] = ()
    random: bool = False
    given: tuple[Value, ...] = ()
    """The cells of a stack, as they were when it was made."""


@dataclass(eq=False, slots=True)
class Session(Value):
    """A session, with the call that made it and the number of the graph that it runs."""

    call: cst.BaseExpression
    world: int = 0


@dataclass(eq=False, slots=True)
class Graph(Value):
    """A ``tf.Graph``, by its number: 0 is the one that a program begins with."""

    world: int = 0


@dataclass(eq=False, slots=True)
class Setting(Value):
    """A host object that only configures the TF1 runtime (``tf.ConfigProto`` and the like)."""

    name: str


@dataclass(eq=False, slots=True)
class Regularizer(Value):
    """A function that gives the penalty of a variable, such as ``tf.contrib.layers.l2_regularizer`` makes."""

    name: str


@dataclass(eq=False, slots=True)
class Scope(Value):
    """What ``with tf.variable_scope(...)`` (or another graph context) binds.

    ``title`` is the name that it adds to those of the ops inside: None where it is not known.
    """

    name: str
    path: str = ""
    reuse: bool = False
    title: str | None = None
    defaults: dict[str, cst.Call] = field(default_factory=dict)
    """The calls of ``tf.variable_scope`` that give what variables inside get where they are given none of their own."""


@dataclass(frozen=True, slots=True)
class Default:
    """What an ``arg_scope`` gives for one argument: the value, and the expression that had it."""

    value: Value
    expression: cst.BaseExpression | None


@dataclass(eq=False, slots=True)
class ArgumentScope(Value):
    """What ``arg_scope`` gives: default arguments by function; ``whole`` ones take the place of those around."""

    defaults: dict[object, dict[str, Default]]
    whole: bool


@dataclass(eq=False, slots=True)
class Writer(Value):
    """A writer of summaries, with the call that made it, and the loops around that."""

    call: cst.Call
    loops: frozenset[int] = frozenset()
    closed: bool = False


@dataclass(eq=False, slots=True)
class Saver(Value):
    """A ``tf.train.Saver``, with its call and the number of nodes that were there when it was made.

    ``listed`` are the variables that it was given, a list or dict of them; None where it saves all.
    """

    call: cst.Call
    place: Place
    count: int
    listed: Value | None = None


@dataclass(eq=False, slots=True)
class Dataset(Value):
    """A ``tf.data.Dataset``; ``structure`` is that of its elements, None where it is not known."""

    call: cst.Call
    structure: Value | None


@dataclass(eq=False, slots=True)
class Iterator(Value):
    """An iterator over a dataset, or over those that it is given later, whose elements are ``like`` those of one.

    ``started`` tells whether it begins by itself; others begin where their initializer runs.
    """

    call: cst.Call
    place: Place
    dataset: Dataset | None
    started: bool
    like: Dataset | None = None


@dataclass(eq=False, slots=True)
class Averages(Value):
    """Moving averages: ``kept`` says for each node, by number, which call began to follow it, and at which place."""

    call: cst.Call
    place: Place
    counted: bool
    """Whether the decay depends on a number of updates."""
    kept: dict[int, tuple[cst.Call, int]] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Summary(Value):
    """What a run of a summary op gave; the program may only hand it to a writer."""

    node: Node


@dataclass(eq=False, slots=True)
class Tagged(Value):
    """A summary that the program makes itself, of tags and numbers of the host; or one of its values."""

    single: bool


@dataclass(eq=False, slots=True)
class Choice(Value):
    """One of several values, depending on a branch or a loop that only the run decides."""

    options: tuple[Value, ...]


# The size of a dimension that only a run decides: ``None`` in TensorFlow 1.
DYNAMIC = Host(key=("dynamic",))


def settled(value: Value) -> Value:
    """What a dimension or static shape counts for among host values."""
    match value:
        case Dimension(size=size):
            return size
        case Shape(of=node):
            return Host(frozenset({node}))
    return value


def is_none(value: Value) -> bool:
    """Whether a value is known to be ``None``."""
    return isinstance(value, Const) and value.value is None


def is_cell(value: Value | None) -> bool:
    """Whether a value is a recurrent cell, or one of several that a branch chooses from."""
    if isinstance(value, Choice):
        return all(is_cell(option) for option in value.options)
    return isinstance(value, Cell) or (isinstance(value, Node) and "cell" in value.details)


def optimizers_of(value: object) -> tuple[Optimizer, ...]:
    """The optimizers that were made of which a value is one; none where it may be something else."""
    match value:
        case Optimizer(options=options):
            return options or (value,)
        case Choice(options=several) if all(isinstance(option, Optimizer) for option in several):
            return tuple(made for option in several for made in optimizers_of(option))
    return ()


def are_scopes(values: Collection[Value]) -> bool:
    """Whether all of what an expression was, and it was seen, are scopes."""
    return bool(values) and all(isinstance(value, Scope) for value in values)


def fed_node(key: Value | None) -> Node | None:
    """The node that a key of a feed stands for: itself, or for the state of a cell what made all of it."""
    first = next(nodes_in(key), None)
    if first is not None and first.inputs and first.inputs[0].details.get("state") is key:
        return first.inputs[0]
    return key if isinstance(key, Node) else None


def is_one_of_nodes(value: Value) -> bool:
    """Whether a value is one of several nodes, of which the host has chosen one."""
    return isinstance(value, Choice) and all(isinstance(option, Node) for option in value.options)


def is_perhaps_trained(node: Node) -> bool:
    """Whether the host decides if a variable, or those of a layer, can be trained."""
    return "perhaps_trained" in node.details


def is_moving_average(node: Node) -> bool:
    """Whether a node is the update of a batch normalization's moving averages."""
    return node.kind == "assign" and node.op.endswith(".update")


def stands_for_several(node: Node) -> bool:
    """Whether a node is a layer or cell, which owns any number of variables."""
    return node.kind == "layer" or is_cell(node)


def key_of(value: Value) -> object:
    """What identifies a host value: a literal's value, the way it was computed, or else the object itself."""
    match value:
        case Const(value=known):
            return ("const", type(known).__name__, repr(known))
        case Host(key=key) if key is not None:
            return key
        case Dimension(size=size):
            return key_of(size)
        case Shape(sizes=sizes):
            return ("shape", *(key_of(size) for size in sizes))
        case Symbol(name=name):
            return ("symbol", name)
        case Sequence(items=items, kind=kind, exact=True):
            return (kind, *(key_of(item) for item in items))
    return ("object", id(value))


def nodes_in(value: Value | None, seen: set[int] | None = None) -> Iterable[Node]:
    """All nodes that ``value`` holds, containers and objects included, each once."""
    seen = set() if seen is None else seen
    if value is None or id(value) in seen:
        return
    seen.add(id(value))
    match value:
        case Node():
            yield value
        case Sequence(items=items):
            for item in items:
                yield from nodes_in(item, seen)
        case Mapping(items=pairs):
            for key, item in pairs.items():
                if isinstance(key, Value):
                    yield from nodes_in(key, seen)
                yield from nodes_in(item, seen)
        case Choice(options=options):
            for option in options:
                yield from nodes_in(option, seen)
        case Instance(attributes=attributes):
            for item in attributes.values():
                yield from nodes_in(item, seen)
        case Bound(receiver=receiver):
            yield from nodes_in(receiver, seen)
        case Cell(cells=cells, operands=operands):
            yield from nodes_in(cells, seen)
            for operand in operands:
                yield from nodes_in(operand, seen)


def classes_in(value: Value | None, seen: set[int] | None = None) -> Iterable[Class]:
    """All classes of the project that ``value`` holds, or holds objects of."""
    seen = set() if seen is None else seen
    if value is None or id(value) in seen:
        return
    seen.add(id(value))
    inner: list[Value] = []
    match value:
        case Class():
            yield value
        case Instance(cls=cls, attributes=attributes):
            yield cls
            inner = list(attributes.values())
        case Sequence(items=items):
            inner = items
        case Mapping(items=pairs):
            inner = list(pairs.values())
        case Choice(options=options):
            inner = list(options)
        case Bound(receiver=receiver):
            inner = [receiver]
    for item in inner:
        yield from classes_in(item, seen)


def unknown_in(value: Value | None, seen: set[int] | None = None) -> Unknown | None:
    """The first ``Unknown`` inside ``value``, if any."""
    seen = set() if seen is None else seen
    if value is None or id(value) in seen:
        return None
    seen.add(id(value))
    match value:
        case Unknown():
            return value
        case Node(unknown=reason):
            return reason
        case Sequence(items=items):
            inner: list[Value] = items
        case Mapping(items=pairs):
            inner = list(pairs.values())
        case Choice(options=options):
            inner = list(options)
        case _:
            return None
    for item in inner:
        if (found := unknown_in(item, seen)) is not None:
            return found
    return None


def are_single(operands: list[Value]) -> bool:
    """Whether what is computed from host values element by element may be an array with one element."""
    numbers = all(
        isinstance(v, Host) or (isinstance(v, Const) and isinstance(v.value, int | float)) for v in operands
    )
    return numbers and any(isinstance(v, Host) and v.single for v in operands)


def join(values: list[Value]) -> Value:
    """The value of a name that several paths may have bound."""
    known: dict[object, Value] = {}
    for value in values:
        for option in value.options if isinstance(value, Choice) else (value,):
            known.setdefault(_sameness(option), option)
    distinct = list(known.values())
    if len(distinct) == 1:
        return distinct[0]
    distinct = [settled(v) for v in distinct]
    if all(isinstance(v, Host | Const) for v in distinct):
        shape_of: frozenset[Node] = frozenset()
        for v in distinct:
            if isinstance(v, Host):
                shape_of |= v.shape_of
        return Host(shape_of, single=any(isinstance(v, Host) and v.single for v in distinct))
    return Choice(tuple(distinct))


def _sameness(value: Value) -> object:
    """What is equal for values that need not be told apart where several paths meet."""
    match value:
        case Const(value=constant):
            try:
                hash(constant)
            except TypeError:
                return ("const", type(constant), repr(constant))
            return ("const", type(constant), constant)
        case Host(shape_of=nodes, single=single):
            return ("host", nodes, single)
        case Symbol(name=name):
            return ("symbol", name)
        case Dimension() | Shape():
            return (type(value), key_of(value))
    return ("object", id(value))


@dataclass(eq=False, slots=True)
class ProjectModule(Value):
    """A module of the project that was imported."""

    frame: Frame
