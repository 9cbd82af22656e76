"""What the staging analysis found out about one program."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.paths import Conditions
from tf2migrate.graph.values import (
    Averages,
    Class,
    Default,
    Function,
    Iterator,
    Mapping,
    Node,
    Optimizer,
    Saver,
    Session,
    Value,
    Writer,
    nodes_in,
)
from tf2migrate.names.project import Module


@dataclass(eq=False, slots=True)
class RunSite:
    """One place where the program runs a part of its graph.

    ``form`` is ``run`` (``sess.run``), ``eval`` or ``op.run``. ``fetches`` keeps the nesting of the fetch
    expression; ``feeds`` is None when nothing is fed. ``session`` is None where it is not known which one runs.
    ``named`` are the nodes of ``given``, the fetches as they were found, in order, when the run was met: a
    container may be changed after it.
    """

    expression: cst.Call
    form: str
    frame: Frame
    place: Place
    fetches: Value
    fetch_expression: cst.BaseExpression
    feeds: Value | None
    feed_expression: cst.BaseExpression | None
    session: Session | None = None
    given: Value | None = None
    named: tuple[Node, ...] = ()

    @property
    def is_lasting(self) -> bool:
        """Whether the fetches still hold what the run was given."""
        return tuple(nodes_in(self.given)) == self.named


@dataclass(frozen=True, slots=True)
class WriteSite:
    """One place where the program hands a summary to a writer; ``step`` is None where it gives none."""

    call: cst.Call
    frame: Frame
    place: Place
    summary: Value
    step: cst.BaseExpression | None


@dataclass(frozen=True, slots=True)
class TaggedCall:
    """A call by which the program makes a summary itself: ``tf.Summary``, ``tf.Summary.Value``, or ``value.add``."""

    name: str
    call: cst.Call
    place: Place


@dataclass(frozen=True, slots=True)
class CheckpointCall:
    """One call of a saver, or of ``checkpoint_exists``, after so many runs of the program.

    The kind is ``save``, or ``write`` where no file says that there is a checkpoint, ``restore`` or ``exists``.
    """

    kind: str
    call: cst.Call
    frame: Frame
    place: Place
    runs: int
    saver: Saver | None = None


@dataclass(eq=False, slots=True)
class Drawing:
    """One ``get_next`` of an iterator: the tensors that it gives, and whether their structure is not known."""

    call: cst.Call
    iterator: Iterator
    place: Place
    nodes: list[Node] = field(default_factory=list)
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why something cannot be migrated: a rule code, the expression, and the reason in one line."""

    code: str
    module: str
    where: cst.CSTNode
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One value that one expression had; ``time`` counts them in the order of interpretation."""

    frame: Frame
    value: Value
    place: Place
    time: int = 0


@dataclass(frozen=True, slots=True)
class FlagEvent:
    """Something that happened to ``tf.flags.FLAGS``, in the order of interpretation.

    ``kind`` is ``define``, ``set``, ``read`` (of a flag, which parses the command line the first time), ``parse``
    (asked for by the program), ``escape`` (into code that may read flags) or ``run`` (``tf.app.run``). ``flag`` is
    the name of the flag that is read or set, empty where it is not known.
    """

    kind: str
    where: cst.CSTNode
    place: Place
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Collected:
    """A tensor that a call put into a collection of the graph; ``value`` is its expression, if it is an argument."""

    node: Node
    call: cst.Call
    value: cst.BaseExpression | None
    place: Place


@dataclass(frozen=True, slots=True)
class Inherited:
    """A call that makes a variable, or what has some inside, with an argument of the scope that it is in.

    ``parameter`` is what the argument is called in the call; empty where the call has no such parameter.
    """

    call: cst.Call
    scope: cst.Call
    keyword: str
    parameter: str
    place: Place


@dataclass(frozen=True, slots=True)
class Reading:
    """A call that reads collected tensors: a ``list`` of them, or their ``sum``.

    ``losses`` were collected by calls; ``regularized`` are the variables and layers whose regularization it reads.
    """

    call: cst.Call
    form: str
    place: Place
    losses: tuple[Collected, ...]
    regularized: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed:
    """A call that an ``arg_scope`` gave more arguments."""

    call: cst.Call
    frame: Frame
    place: Place
    defaults: dict[str, Default]


@dataclass(frozen=True, slots=True)
class Normalized:
    """A layer with a ``normalizer_fn``, and the arguments of that; ``local`` is the layer's name in its scope."""

    call: cst.Call
    frame: Frame
    place: Place
    normalizer: str
    arguments: dict[str, Default]
    local: str
    layer: str


@dataclass(frozen=True, slots=True)
class Convenience:
    """A call that stands for several statements; ``updates`` tells whether the graph had update ops by then."""

    name: str
    call: cst.Call
    frame: Frame
    place: Place
    arguments: dict[str, Value]
    updates: bool


@dataclass(frozen=True, slots=True)
class Remembered:
    """A property that a decorator computes once for each object: its ``function``, and the ``call`` in the wrapper."""

    function: Function
    decorator: cst.BaseExpression
    wrapper: Function
    call: cst.Call


@dataclass(slots=True)
class AverageCall:
    """A call of moving averages, by what it follows or asks for."""

    call: cst.Call
    frame: Frame
    place: Place
    averages: Averages
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ComparedObject:
    """A comparison by ``==`` or ``!=`` of a tensor with a value of the host, which may be None."""

    module: str
    node: cst.Comparison
    with_none: bool


@dataclass(slots=True)
class Staging:
    """The graph that a program builds, the slices that it runs, and how each expression came out."""

    modules: dict[str, Module]
    nodes: list[Node] = field(default_factory=list)
    runs: list[RunSite] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
    observations: dict[int, list[Observation]] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    module_frames: dict[str, Frame] = field(default_factory=dict)
    visited: set[int] = field(default_factory=set)
    calls: dict[int, list[tuple[cst.Call, Frame, Place]]] = field(default_factory=dict)
    followed: set[int] = field(default_factory=set)
    with_slots: set[int] = field(default_factory=set)
    """The calls that give all variables of the graph, those that an optimizer has made for itself among them."""
    """Definitions, by identity, of the functions that a conditional or a loop of the graph calls."""
    optimizers: list[Optimizer] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)
    scoped: list[cst.BaseExpression] = field(default_factory=list)
    """Calls of ``arg_scope``, and decorators that make it know a function."""
    completed: list[Completed] = field(default_factory=list)
    normalized: list[Normalized] = field(default_factory=list)
    conveniences: list[Convenience] = field(default_factory=list)
    averages: list[Averages] = field(default_factory=list)
    average_calls: list[AverageCall] = field(default_factory=list)
    remembered: list[Remembered] = field(default_factory=list)
    touched: list[tuple[Node, Place]] = field(default_factory=list)
    flags: list[FlagEvent] = field(default_factory=list)
    inherited: list[Inherited] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    regularized: list[Node] = field(default_factory=list)
    writers: list[Writer] = field(default_factory=list)
    savers: list[Saver] = field(default_factory=list)
    checkpoints: list[CheckpointCall] = field(default_factory=list)
    writes: list[WriteSite] = field(default_factory=list)
    tagged: list[TaggedCall] = field(default_factory=list)
    iterators: list[Iterator] = field(default_factory=list)
    compared: list[ComparedObject] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    escaped: list[Class] = field(default_factory=list)
    """The classes that code outside of the project was given, or objects of which: it may call any of their methods."""
    symbols: set[str] = field(default_factory=set)
    """The functions of TensorFlow that were called."""
    maybe: list[tuple[MutableMapping[object, Value], object]] = field(default_factory=list)
    left: dict[tuple[int, int], dict[str, Value]] = field(default_factory=dict)
    """What a compound statement, in a frame, left in the names that it binds, the last time that it ran to its end."""
    builder: cst.FunctionDef | None = None
    """The method that builds the graph of an object, with the object's attributes as names of its body."""
    all_runs: list[RunSite] = field(default_factory=list)
    """All runs of the program, where ``runs`` are only those of one class of objects."""

    conditions: dict[int, Conditions] = field(default_factory=dict)
    """The conditions under which each node is made, by its number."""
    worlds: dict[int, int] = field(default_factory=dict)
    """The graph, by number, of each node that is not in the first one."""
    twins: bool = False
    """Whether the object that holds the graph stands for several of its class."""
    alternatives: bool = False
    """Whether there are other objects that a run of the program makes instead of the one that holds the graph."""
    instead: tuple[Value, ...] = ()
    """Objects of its class, of which a run of the program makes one instead of the one that holds the graph."""
    own_sessions: bool = False
    """Whether each of those has a session of its own, in which nothing else is used."""

    def world_of(self, node: Node) -> int:
        """The number of the graph that a node is in."""
        return self.worlds.get(node.number, 0)

    @property
    def every_run(self) -> list[RunSite]:
        return self.all_runs or self.runs

    def is_maybe(self, table: Mapping, key: object) -> bool:
        """Whether only some paths through the program have stored ``key`` in a dict."""
        return any(where is table.items and name is key for where, name in self.maybe)

    def values_of(self, expression: cst.CSTNode) -> list[Value]:
        """Every value that ``expression`` had, in the order of interpretation."""
        return [seen.value for seen in self.observations.get(id(expression), ())]

    def value_in(self, expression: cst.CSTNode, frame: Frame) -> Value | None:
        """The last value that ``expression`` had in ``frame``."""
        found = None
        for seen in self.observations.get(id(expression), ()):
            if seen.frame is frame:
                found = seen.value
        return found
