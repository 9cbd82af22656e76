"""Functions that each build a graph of their own and run it: every one of them is planned as if it were alone.

A function may be called any number of times, as each call builds its graph anew. One of the calls stands for all,
which have to build the same. What is built and run beside such functions is one more part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import libcst as cst

from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import (
    Const,
    Dimension,
    Mapping,
    Node,
    Optimizer,
    Sequence,
    Shape,
    Symbol,
    Value,
    key_of,
    nodes_in,
)
from tf2migrate.names.tree import walk
from tf2migrate.plan.several import depended_on, initializes, made_alike

# Details of a node that later calls in the same graph have others of: the name, and all variables up to then.
COUNTED = ("name", "variables")
SEED = ("tf.set_random_seed", "tf.random.set_random_seed")


def own_graphs(staging: Staging) -> list[Staging] | None:
    """The program as each function sees it that has a graph of its own, and as the rest does; None where none has."""
    holder = _holders(staging)
    groups: dict[int, list[Frame]] = {}
    for frame in dict.fromkeys(holder.values()):
        groups.setdefault(id(frame.owner), []).append(frame)
    rest = [n for n in staging.nodes if n.number not in holder and not initializes(n)]
    if sum(map(len, groups.values())) + bool(rest) < 2:
        return None
    if any(id(frame.owner) in groups for node in rest for frame in _frames(node.place)):
        return None
    calls = [_Calls(staging, frames, holder) for frames in groups.values()]
    if not all(part.are_alike() for part in calls):
        return None
    later = {id(frame) for part in calls for frame in part.frames if frame is not part.first}
    seen = {
        key: [o for o in all_seen if not any(id(step.frame) in later for step in o.place.steps)]
        for key, all_seen in staging.observations.items()
    }
    whole = dataclasses.replace(staging, observations={key: kept for key, kept in seen.items() if kept})
    every = {id(frame) for part in calls for frame in part.frames}
    views = [part.view(whole) for part in calls]
    if rest:
        views.append(_view(whole, rest, [s for s in staging.runs if not every & _ids(s.place)], None))
    return views


def functions_apart(staging: Staging) -> set[cst.CSTNode]:
    """The functions that have graphs of their own, where the program has more than one graph."""
    holder = _holders(staging)
    frames = set(holder.values())
    rest = any(n.number not in holder and not initializes(n) for n in staging.nodes)
    return {frame.owner for frame in frames} if len(frames) + rest > 1 else set()


def _holders(staging: Staging) -> dict[int, Frame]:
    """The innermost call with a graph of its own that each node lies in, by the number of the node."""
    if staging.savers or staging.checkpoints or staging.writers or staging.iterators or staging.builder is not None:
        return {}
    closed = _closed(staging)
    holder: dict[int, Frame] = {}
    for node in staging.nodes:
        frame = next((f for f in reversed(_frames(node.place)) if id(f) in closed), None)
        if frame is not None and not initializes(node):
            holder[node.number] = frame
    return holder


def _frames(place: Place) -> list[Frame]:
    """The activations of functions that a place lies in, outermost first."""
    return [frame for frame in place.frames if isinstance(frame.owner, cst.FunctionDef)]


def _ids(place: Place) -> set[int]:
    return {id(step.frame) for step in place.steps}


def _named(site: RunSite) -> list[Node]:
    """What a run names: the nodes that it gives or is fed."""
    keys = site.feeds.items if isinstance(site.feeds, Mapping) else {}
    named = [*nodes_in(site.fetches), *(n for key in keys if isinstance(key, Value) for n in nodes_in(key))]
    return [node for node in named if not initializes(node)]


def _closed(staging: Staging) -> set[int]:
    """The activations, by identity, that build and run a graph which has nothing to do with any other."""
    around = {node.number: {id(f) for f in _frames(node.place)} for node in staging.nodes}
    opened: set[int] = set()
    running: set[int] = set()
    for node in staging.nodes:
        if initializes(node):
            continue
        for used in (*depended_on(node), *node.control):
            opened |= around[node.number] ^ around.get(used.number, set())
        maker = node.details.get("optimizer")
        if isinstance(maker, Optimizer):
            opened |= around[node.number] ^ {id(f) for f in _frames(maker.place)}
    for site in staging.runs:
        own = {id(f) for f in _frames(site.place)}
        running |= own
        for node in _named(site):
            opened |= own ^ around.get(node.number, set())
    return running - opened


@dataclasses.dataclass(eq=False, slots=True)
class _Calls:
    """The calls of one function that has a graph of its own; ``first`` stands for all of them."""

    staging: Staging
    frames: list[Frame]
    holder: dict[int, Frame]
    first: Frame = dataclasses.field(init=False)
    nodes: list[list[Node]] = dataclasses.field(init=False)
    seen: list[set[int]] = dataclasses.field(init=False)
    runs: list[list[RunSite]] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.nodes = [[n for n in self.staging.nodes if self.holder.get(n.number) is f] for f in self.frames]
        self.runs = [[s for s in self.staging.runs if self._is_of(s, f)] for f in self.frames]
        self.seen = [
            {key for key, seen in self.staging.observations.items() if any(id(f) in _ids(o.place) for o in seen)}
            for f in self.frames
        ]
        self.first = self.frames[self._most]

    @property
    def _most(self) -> int:
        """The call that has come through most of the function."""
        return max(range(len(self.frames)), key=lambda index: len(self.seen[index]))

    def _is_of(self, site: RunSite, frame: Frame) -> bool:
        named = _named(site)
        if named:
            return any(self.holder.get(node.number) is frame for node in named)
        return id(frame) in _ids(site.place)

    # ------------------------------------------------------------------ whether the calls are alike
    def are_alike(self) -> bool:
        """Whether each call builds one graph, and all of them the same, of which they run the same parts."""
        if any(len({self.staging.world_of(node) for node in nodes}) > 1 for nodes in self.nodes):
            return False
        if self._is_seeded() and not all(map(self._sets_seed, self.frames)):
            return False
        first = self._most
        if not self._trains_own(first):
            return False
        others = [index for index in range(len(self.frames)) if index != first]
        if not all(self.seen[other] <= self.seen[first] and self._same(first, other) for other in others):
            return False
        return not others or not self._shows_names()

    def _trains_own(self, index: int) -> bool:
        """Whether a call trains its own variables alone."""
        trains = [node for node in self.nodes[index] if node.kind == "train"]
        return all(node.op == "minimize" or not self._foreign(node) for node in trains)

    def _foreign(self, node: Node) -> list[Node]:
        """The variables of other functions that a train op is given, as one is that takes all of its graph."""
        return [n for n in nodes_in(node.details.get("variables")) if n.number not in self._numbers(node)]

    def _numbers(self, node: Node) -> set[int]:
        frame = self.holder[node.number]
        return {n.number for n in self.nodes[self.frames.index(frame)]}

    def _same(self, one: int, other: int) -> bool:
        if len(self.nodes[one]) != len(self.nodes[other]):
            return False
        twins = {b.number: a for a, b in zip(self.nodes[one], self.nodes[other], strict=True)}
        return all(_alike(twins[b.number], b, twins) for b in self.nodes[other]) and _same_runs(
            self.runs[one], self.runs[other], twins
        )

    def _is_seeded(self) -> bool:
        """Whether what is drawn here may go by a seed."""
        drawn = any(node.random or node.kind in ("variable", "layer") for nodes in self.nodes for node in nodes)
        return drawn and (
            any(name in self.staging.symbols for name in SEED)
            or any(isinstance(n, cst.Arg) and n.keyword is not None and n.keyword.value == "seed" for n in self._code())
        )

    def _sets_seed(self, frame: Frame) -> bool:
        """Whether a call sets the seed of its graph itself, so that it draws the same as any other."""
        return any(
            isinstance(o.value, Symbol) and o.value.name in SEED and id(frame) in _ids(o.place)
            for seen in self.staging.observations.values()
            for o in seen
        )

    def _code(self) -> Iterator[cst.CSTNode]:
        """The functions that a call goes through."""
        inside = {id(f.owner): f.owner for f in self.staging.frames if self._is_inside(f)}
        for owner in inside.values():
            yield from walk(owner)

    def _shows_names(self) -> bool:
        """Whether names of variables may be read, which calls in one graph number on."""
        made = any(node.kind in ("variable", "layer") for nodes in self.nodes for node in nodes)
        return made and any(isinstance(n, cst.Attribute) and n.attr.value in ("name", "op") for n in self._code())

    def _is_inside(self, frame: Frame) -> bool:
        around = _ids(frame.called_from) if frame.called_from is not None else set()
        return any(frame is each or id(each) in around for each in self.frames)

    # ------------------------------------------------------------------ the program without the others
    def view(self, whole: Staging) -> Staging:
        for node in self.nodes[self._most]:
            if node.kind == "train" and self._foreign(node):
                # They have no gradient, and `minimize` leaves out such variables.
                foreign = self._foreign(node)
                own: list[Value] = [n for n in nodes_in(node.details["variables"]) if n not in foreign]
                node.details["variables"] = Sequence(own)
                node.inputs = tuple(n for n in node.inputs if n not in foreign)
        return _view(whole, self.nodes[self._most], self.runs[self._most], self.first)


def _alike(a: Node, b: Node, twins: dict[int, Node]) -> bool:
    """Whether two calls have made the same node, as far as anything of it is known."""
    details = [{key: _known(value) for key, value in n.details.items() if key not in COUNTED} for n in (a, b)]
    sizes = [n.shape and [_known(size) for size in n.shape] for n in (a, b)]
    return made_alike(a, b, twins) and details[0] == details[1] and sizes[0] == sizes[1]


def _known(value: Value | None) -> object:
    """What of a value of the host the rewrite may have gone by."""
    match value:
        case Const() | Symbol():
            return key_of(value)
        case Dimension(size=size):
            return _known(size)
        case Shape(sizes=sizes):
            return [_known(size) for size in sizes]
        case Sequence(items=items):
            return [_known(item) for item in items]
        case Optimizer(arguments=arguments):
            return {name: _known_rate(name, argument) for name, argument in arguments.items()}
    return None


def _known_rate(name: str, argument: Value) -> object:
    """What of an argument of an optimizer the rewrite may have gone by: not which one a rate is among the floats."""
    match argument:
        case Const(value=float() as rate) if name in ("0", "learning_rate") and rate > 0:
            return "rate"
    return _known(argument)


def _same_runs(one: Iterable[RunSite], other: Iterable[RunSite], twins: dict[int, Node]) -> bool:
    """Whether each run of one call names what that of the other call does."""
    named: dict[int, list[list[int]]] = {}
    for site in one:
        named.setdefault(id(site.expression), []).append([n.number for n in _named(site)])
    return all(
        [twins[n.number].number for n in _named(site) if n.number in twins] in named[id(site.expression)]
        for site in other
    )


def _view(whole: Staging, nodes: list[Node], runs: list[RunSite], frame: Frame | None) -> Staging:
    """The program with the nodes and runs of one part, and without the calls that make those of others."""
    own = {node.number for node in nodes}
    inside = {id(f) for node in nodes for f in _frames(node.place)}
    outside = {id(f) for n in whole.nodes if n.number not in own and not initializes(n) for f in _frames(n.place)}
    others = outside - inside
    initial = [n for n in whole.nodes if initializes(n) and (frame is None or id(frame) in _ids(n.place))]

    return dataclasses.replace(
        whole,
        nodes=[n for n in whole.nodes if n.number in own or n in initial],
        runs=list(runs),
        all_runs=whole.runs,
        optimizers=[o for o in whole.optimizers if _is_used(o, nodes)],
        touched=[(n, place) for n, place in whole.touched if n.number in own],
        calls={key: [c for c in made if id(c[1]) not in others] for key, made in whole.calls.items()},
        readings=[r for r in whole.readings if frame is None or id(frame) in _ids(r.place)],
    )


def _is_used(optimizer: Optimizer, nodes: list[Node]) -> bool:
    makers = [node.details.get("optimizer") for node in nodes]
    return any(m is optimizer or (isinstance(m, Optimizer) and optimizer in m.options) for m in makers)
