"""Several objects that each hold a graph of their own: every class of them is planned as if it were alone.

Objects of one class hold the same graph with other variables. One of them stands for all: what the others run is
looked at as if the first had run it.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, MutableMapping, Set
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.paths import are_exclusive
from tf2migrate.graph.staging import Observation, RunSite, Staging
from tf2migrate.graph.values import (
    Bound,
    Choice,
    Mapping,
    Node,
    Optimizer,
    Saver,
    Sequence,
    Session,
    Summary,
    Value,
    join,
    nodes_in,
)
from tf2migrate.plan.contract import ancestors
from tf2migrate.plan.exclusion import exclude
from tf2migrate.plan.flow import static_nodes
from tf2migrate.plan.refusal import NotPlanned, Refusal


def separate(staging: Staging, builders: Iterable[cst.FunctionDef]) -> list[Staging]:
    """The program as each class of objects sees it. Raises ``NotPlanned`` where their graphs are not apart."""
    parts = [_Part(staging, builder) for builder in builders]
    owner: dict[int, _Part] = {}
    holder: dict[int, Frame] = {}
    for part in parts:
        for frame, nodes in zip(part.frames, part.nodes, strict=True):
            owner.update({node.number: part for node in _with_parts(nodes)})
            holder.update({node.number: frame for node in _with_parts(nodes)})
    # What the host computes beside objects of one class stays where it is.
    beside = static_nodes(staging) - owner.keys() if len(parts) == 1 else set()
    for node in staging.nodes:
        if node.number not in owner and node.number not in beside and not initializes(node):
            raise NotPlanned(_refusal(staging, node, "graph is built outside of the objects that hold the rest"))
    # A writer that is only handed the graph writes nothing after it; where a run makes one object, it writes of that.
    written = bool(staging.writes) or any(node.kind == "summary" for node in staging.nodes)
    alternative = _are_alternatives(staging, [nodes for part in parts for nodes in part.nodes])
    for writer in staging.writers[:1] if written and not alternative else ():
        reason = "summaries beside several objects that hold graphs are not rewritten yet"
        module = next((key for key, m in staging.modules.items() if writer.call in m.positions), "")
        raise NotPlanned(Refusal("TFM804", module or next(iter(staging.modules)), writer.call, reason))
    for part in parts:
        part.check()
    runs: dict[int, list[RunSite]] = {id(part): [] for part in parts}
    for site in staging.runs:
        keys = site.feeds.items if isinstance(site.feeds, Mapping) else {}
        used = [*nodes_in(site.fetches), *(n for k in keys if isinstance(k, Value) for n in nodes_in(k))]
        users = {id(holder[n.number]): owner[n.number] for n in used if n.number in holder}
        if len(users) > 1 and not alternative:
            reason = "one run uses the graphs of several objects"
            raise NotPlanned(Refusal("TFM410", site.frame.module, site.expression, reason))
        for part in dict.fromkeys(users.values() or parts):
            runs[id(part)].append(site)
    alone = _have_own_sessions(staging, holder)
    objects = {id(obj): part for part in parts for obj in part.objects()}
    for part in parts if alternative else ():
        part.foreign = owner.keys() - {node.number for nodes in part.nodes for node in _with_parts(nodes)}
        part.others = {obj for obj, other in objects.items() if other is not part}
    if alternative and len(parts) == 1 and not any(frame.is_repeated for frame in parts[0].frames):
        parts[0].instead = tuple(parts[0].objects()[1:])
    return [part.view(runs[id(part)], alone, objects, beside) for part in parts]


def _are_alternatives(staging: Staging, objects: list[list[Node]]) -> bool:
    """Whether a run of the program makes one of the objects, each given by its nodes, and no other."""
    made = [staging.conditions.get(nodes[0].number, ()) for nodes in objects if nodes]
    return all(are_exclusive(one, other) for one, other in itertools.combinations(made, 2))


def _have_own_sessions(staging: Staging, holder: dict[int, Frame]) -> bool:
    """Whether each object is used in one session, and each session with one object, as the nodes of ``holder`` show.

    Raises ``NotPlanned`` where an object has values in a session of its own, and others in that of another object.
    """
    users: dict[int, set[int]] = {}
    used: dict[int, set[int]] = {}
    known = True
    together: list[tuple[RunSite, Session, set[int]]] = []
    for site in staging.runs:
        if site.session is None:
            known = False
            continue
        keys = site.feeds.items if isinstance(site.feeds, Mapping) else {}
        nodes = [*nodes_in(site.fetches), *(key for key in keys if isinstance(key, Node))]
        # The initializer of one variable is that of its object.
        nodes += [n for node in nodes if node.op.endswith(".initializer") for n in node.inputs]
        objects = {id(holder[node.number]) for node in nodes if node.number in holder}
        users.setdefault(id(site.session), set()).update(objects)
        for one in objects:
            used.setdefault(one, set()).add(id(site.session))
        together.append((site, site.session, objects))
    for site, session, objects in together:
        if len(users[id(session)]) > 1 and any(len(used[one]) > 1 for one in objects):
            reason = "an object is used in the session of another, where its variables have other values"
            raise NotPlanned(Refusal("TFM411", site.frame.module, site.expression, reason, "use one session"))
    return known and all(len(found) <= 1 for found in (*users.values(), *used.values()))


def depended_on(node: Node) -> list[Node]:
    """What a node depends on; of all variables that a train op is given, those that its loss depends on."""
    if node.kind != "train":
        return list(node.inputs)
    given = [n for key in ("loss", "gradients", "global_step") for n in nodes_in(node.details.get(key))]
    reached = ancestors(given)
    return [*given, *(n for n in nodes_in(node.details.get("variables")) if n.number in reached)]


def made_alike(a: Node, b: Node, twins: dict[int, Node]) -> bool:
    """Whether two nodes are made by the same expression from what corresponds to each other by ``twins``."""
    mine, theirs = ((n.kind, n.op, n.expression, n.trainable, n.random) for n in (a, b))
    inputs = [twins.get(n.number) for n in depended_on(b)] == depended_on(a)
    return mine == theirs and inputs and [twins.get(n.number) for n in b.control] == list(a.control)


def initializes(node: Node) -> bool:
    """Whether an op gives variables their first values, and does nothing else."""
    return node.kind == "init" or (
        node.kind == "group" and bool(node.inputs) and all(i.kind == "init" for i in node.inputs)
    )


def _refusal(staging: Staging, node: Node, reason: str, code: str = "TFM410") -> Refusal:
    module = staging.modules[node.place.module]
    return Refusal(code, module.key, node.expression or module.tree, reason)


@dataclass(eq=False, slots=True)
class _Part:
    """The objects of one class, by the calls of the method that builds their graph."""

    staging: Staging
    builder: cst.FunctionDef
    frames: list[Frame] = field(init=False)
    nodes: list[list[Node]] = field(init=False)
    twins: dict[int, Node] = field(init=False)
    instances: dict[int, Value] = field(init=False)
    optimizers: dict[int, Optimizer] = field(init=False)
    known: dict[int, Value] = field(init=False)
    maybe: list[tuple[MutableMapping[object, Value], object]] = field(init=False)
    foreign: Set[int] = frozenset()
    """The nodes of objects that a run of the program makes instead of one of this class."""
    others: Set[int] = frozenset()
    """Those objects, by their identity."""
    instead: tuple[Value, ...] = ()
    """The other objects of the class, where a run of the program makes one of them all."""

    def __post_init__(self) -> None:
        self.frames = [f for f in self.staging.frames if f.owner is self.builder and f.called_from is not None]
        self.nodes = [[n for n in self.staging.nodes if _within(n.place.steps, f)] for f in self.frames]
        first = next(iter(self.frames[0].entry.values()))
        self.instances = {id(next(iter(f.entry.values()))): first for f in self.frames[1:]}
        self.twins, self.optimizers = {}, {}
        self.known, self.maybe = {}, []

    def objects(self) -> list[Value]:
        """The objects that hold the graphs of this part."""
        return [next(iter(frame.entry.values())) for frame in self.frames]

    # ------------------------------------------------------------------ whether the objects are alike
    def check(self) -> None:
        for nodes in self.nodes:
            own = {n.number for n in _with_parts(nodes)}
            if len({self.staging.world_of(node) for node in nodes}) > 1:
                raise NotPlanned(_refusal(self.staging, nodes[0], "an object has several graphs"))
            for node in nodes:
                for used in (*depended_on(node), *node.control):
                    if used.number not in own and not initializes(used):
                        raise NotPlanned(_refusal(self.staging, node, "the graph of an object uses that of another"))
        if len({id(next(iter(f.entry.values()))) for f in self.frames}) != len(self.frames):
            raise NotPlanned(_refusal(self.staging, self.nodes[0][0], "an object builds its graph twice"))
        makers = [[o for o in self.staging.optimizers if _within(o.place.steps, f)] for f in self.frames]
        for nodes, mine in zip(self.nodes[1:], makers[1:], strict=True):
            if len(nodes) != len(self.nodes[0]) or len(mine) != len(makers[0]):
                self.differ(nodes or self.nodes[0])
            self.optimizers.update({id(b): a for a, b in zip(makers[0], mine, strict=True)})
            for a, b in zip(self.nodes[0], nodes, strict=True):
                self.twins[b.number] = a
                if len(a.parts) != len(b.parts):
                    self.differ([b])
                self.twins.update({theirs.number: mine for mine, theirs in zip(a.parts, b.parts, strict=True)})
            for a, b in zip(self.nodes[0], nodes, strict=True):
                if not self.alike(a, b):
                    self.differ([b])

    def differ(self, nodes: list[Node]) -> None:
        reason = "objects of this class build graphs that differ in more than their values"
        raise NotPlanned(_refusal(self.staging, nodes[0], reason))

    def alike(self, a: Node, b: Node) -> bool:
        return made_alike(a, b, self.twins) and a.details.keys() == b.details.keys()

    # ------------------------------------------------------------------ the program without the others
    def view(self, runs: list[RunSite], alone: bool, objects: dict[int, _Part], beside: set[int]) -> Staging:
        own = {n.number for n in self.nodes[0]} | beside
        nodes = [n for n in self.staging.nodes if n.number in own or initializes(n)]
        made = dataclasses.replace(
            self.staging,
            builder=self.builder,
            nodes=nodes,
            runs=[self.site(site) for site in runs],
            writes=[dataclasses.replace(site, summary=self.value(site.summary)) for site in self.staging.writes],
            optimizers=[o for o in self.staging.optimizers if _within(o.place.steps, self.frames[0])],
            touched=[(n, place) for n, place in self.staging.touched if n.number in own],
            all_runs=self.staging.runs,
            twins=bool(self.twins),
            alternatives=bool(self.foreign),
            instead=self.instead,
            savers=self.savers() if self.instead else self.staging.savers,
            own_sessions=bool(self.twins) and alone,
        )
        made.observations = {key: self.seen(seen, objects) for key, seen in self.staging.observations.items()}
        made.maybe = [*self.staging.maybe, *self.maybe]
        return made

    def savers(self) -> list[Saver]:
        """The savers, each as if it were made beside the first object.

        Raises ``NotPlanned`` where one may be made beside any of several.
        """
        made: list[Saver] = []
        for saver in self.staging.savers:
            own = [nodes for nodes in self.nodes if not exclude(self.staging, saver.place, nodes[0].place)]
            if len(own) != 1:
                reason = "a saver beside several objects that hold graphs is not rewritten yet"
                raise NotPlanned(Refusal("TFM803", saver.place.module, saver.call, reason))
            if any(_within(saver.place.steps, frame) for frame in self.frames[1:]):
                continue
            later = [a.number for a, b in zip(self.nodes[0], own[0], strict=True) if b.number >= saver.count]
            listed = self.value(saver.listed) if saver.listed is not None else None
            made.append(dataclasses.replace(saver, listed=listed, count=min(later, default=len(self.staging.nodes))))
        return made

    def seen(self, all_seen: list[Observation], objects: dict[int, _Part]) -> list[Observation]:
        """What was seen of an expression; of one in a method of several classes only what their own objects saw."""
        users = [objects.get(id(next(iter(seen.frame.entry.values()), None))) for seen in all_seen]
        if self in users:
            all_seen = [seen for seen, user in zip(all_seen, users, strict=True) if user is None or user is self]
        if not self.twins and not self.foreign:
            return all_seen
        return [Observation(o.frame, self.value(o.value), o.place, o.time) for o in all_seen]

    def site(self, site: RunSite) -> RunSite:
        if not self.twins and not self.foreign:
            return site
        feeds = self.value(site.feeds) if site.feeds is not None else None
        return dataclasses.replace(site, fetches=self.value(site.fetches), feeds=feeds)

    def is_foreign(self, value: Value) -> bool:
        """Whether a value is of an object that is not there where one of this class is."""
        match value:
            case Node(number=number):
                return number in self.foreign
            case Bound(receiver=receiver):
                return self.is_foreign(receiver)
        return id(value) in self.others

    def value(self, value: Value) -> Value:
        """A value in which the first object stands for the others."""
        if id(value) in self.instances:
            return self.instances[id(value)]
        if isinstance(value, Node):
            return self.twins.get(value.number, value)
        if isinstance(value, Summary) and value.node.number in self.twins:
            return Summary(self.twins[value.node.number])
        if id(value) in self.optimizers:
            return self.optimizers[id(value)]
        if not isinstance(value, Sequence | Mapping | Bound | Choice):
            return value
        if id(value) not in self.known:
            self.known[id(value)] = value
            self.known[id(value)] = self.copied(value)
        return self.known[id(value)]

    def copied(self, value: Value) -> Value:
        match value:
            case Sequence(items=items):
                new = [self.value(item) for item in items if not self.is_foreign(item)]
                same = len(new) == len(items) and all(a is b for a, b in zip(items, new, strict=True))
                return value if same else dataclasses.replace(value, items=new)
            case Mapping(items=pairs):
                keys = {k: self.value(k) if isinstance(k, Node | Choice) else k for k in pairs}
                made: dict[object, Value] = {keys[k]: self.value(v) for k, v in pairs.items()}
                if all(k is keys[k] and v is made[k] for k, v in pairs.items()):
                    return value
                self.maybe += [(made, keys.get(k, k)) for where, k in self.staging.maybe if where is pairs]
                return dataclasses.replace(value, items=made)
            case Bound(receiver=receiver):
                new_receiver = self.value(receiver)
                return value if new_receiver is receiver else dataclasses.replace(value, receiver=new_receiver)
            case Choice(options=options):
                own = [option for option in options if not self.is_foreign(option)] or options
                chosen = [self.value(option) for option in own]
                same = len(own) == len(options) and all(a is b for a, b in zip(options, chosen, strict=True))
                return value if same else join(chosen)
        return value


def _with_parts(nodes: list[Node]) -> list[Node]:
    """Nodes, and the variables of the layers among them."""
    return [*nodes, *(part for node in nodes for part in node.parts)]


def _within(steps: Iterable[object], frame: Frame) -> bool:
    return any(getattr(step, "frame", None) is frame for step in steps)
