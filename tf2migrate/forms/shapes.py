"""Other shapes of a program, equivalent under TensorFlow 1, in which its graph is built in one body.

Functions that are called once while the graph is built are opened up. Where an object holds the graph, its
attributes count as names of the method that builds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import libcst as cst

from tf2migrate.forms.aliasing import without_aliases
from tf2migrate.forms.brought import open_across
from tf2migrate.forms.decided import without_decided
from tf2migrate.forms.extraction import extract_calls, extract_first, extract_variables
from tf2migrate.forms.fetched_outside import fetched_outside
from tf2migrate.forms.gathered import apply
from tf2migrate.forms.gathering import find_gathering
from tf2migrate.forms.hoisting import hoist_methods
from tf2migrate.forms.inherited import without_inheritance
from tf2migrate.forms.inlining import is_openable, open_calls
from tf2migrate.forms.made_beforehand import made_beforehand
from tf2migrate.forms.namespaces import dissolve_namespaces
from tf2migrate.forms.prologues import without_prologues
from tf2migrate.forms.returned_variables import without_returned_variables
from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.cells import is_first_state
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.program import analyse
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Class, Function, Instance, Mapping, Node, Sequence, is_cell, nodes_in
from tf2migrate.names.attributes import AttributeName
from tf2migrate.names.project import Module, Project
from tf2migrate.names.tree import walk
from tf2migrate.plan.apart import functions_apart
from tf2migrate.plan.region import find_region
from tf2migrate.plan.taped import home, way

BUILT = ("placeholder", "train", "assign", "summary")


@dataclass(frozen=True, slots=True)
class Shape:
    """A program in another shape; ``builders`` are the methods that build an object's graph, one for each class."""

    modules: list[Module]
    builders: tuple[cst.FunctionDef, ...] = ()


def other_shapes(staging: Staging, modules: list[Module], entry: str) -> Iterator[Shape]:
    """The shapes to try after the user's own, best first."""
    moved = fetched_outside(staging, modules, _running(staging))
    if moved is not None:
        yield from _again(moved, entry)
    moved = made_beforehand(staging, modules, _running(staging))
    if moved is not None:
        yield from _again(moved, entry)
    apart = without_returned_variables(staging, modules)
    if apart is not None:
        yield Shape(apart)
        yield from _again(apart, entry)
    written = without_aliases(staging, modules)
    if written is not None:
        yield from _again(written, entry)
    places = [*(node.place for node in _built(staging)), *(o.place for o in staging.optimizers)]
    settled = without_inheritance(staging, modules, places, _running(staging))
    if settled is not None:
        yield from _again(settled, entry)
        return
    builder = _builder(staging)
    moved = without_prologues(staging, modules, _built(staging)) if builder is None else None
    if moved is not None:
        yield from _again(moved, entry)
    if builder is not None:
        shape = _held(staging, modules, [builder])
        if shape is not None:
            yield shape
        return
    several = _several(staging)
    shape = _held(staging, modules, several) if several else None
    if shape is not None:
        yield shape
    gathered = _gathered(staging, modules, entry)
    if gathered is not None:
        yield gathered
    everything = set(_opened(staging, None)) | overlapping(staging) | _building(staging) | _handed_names(staging)
    everything |= _giving_cells(staging)
    graph = any(node.expression is not None for node in staging.nodes)
    # A function with a graph of its own may stay what it is: what it calls is opened in it.
    kept = everything - functions_apart(staging)
    training = _training(staging)
    ways = [(kept, training)] if kept != everything else []
    ways.append((everything, training))
    if not _summarizing(staging) <= training:
        ways.append((everything, training | _summarizing(staging)))
    for wanted, each_time in ways if graph else ():
        opened = _opened_up(staging, modules, wanted, each_time)
        if any(new is not old for new, old in zip(opened, modules, strict=True)):
            yield Shape(opened)


def _opened_up(
    staging: Staging, modules: list[Module], wanted: set[cst.CSTNode], several: set[cst.CSTNode]
) -> list[Module]:
    """The program with the calls of functions opened in its graph's body, those of ``several`` each time."""
    running = wanted & _building(staging)
    opened = [extract_first(m, staging, running) for m in modules] if running else modules
    opened = [open_calls(m, Project(modules), wanted, several) for m in opened]
    opened = open_across(opened, staging, wanted, several)
    gone = wanted - {m.origins.get(n, n) for m in opened for n in walk(m.tree) if isinstance(n, cst.FunctionDef)}
    opened = [without_decided(m, staging, gone) for m in opened]
    opened = [dissolve_namespaces(m, staging) for m in opened]
    return [_extracted(m, staging) for m in opened]


def _gathered(staging: Staging, modules: list[Module], entry: str) -> Shape | None:
    """The program with all of its graph in the constructor of one object, where that can be."""
    gathering = find_gathering(staging, modules)
    if gathering is None:
        return None
    touched = (gathering.module.key, gathering.home.key)
    once = [apply(m, gathering) if m.key in touched else m for m in modules]
    return next((shape for shape in _again(once, entry) if shape.builders), None)


def _again(made: list[Module], entry: str) -> Iterator[Shape]:
    """A program in another form, and the shapes that it has then."""
    plain = [m.reshaped(m.tree, m.positions, {}) for m in made]
    project = Project(plain)
    staging = analyse(project, project.modules[entry])
    if staging.obstacles:
        return
    before = {new: old for module in made for new, old in module.origins.items()}
    for shape in other_shapes(staging, plain, entry):
        out = []
        for module in shape.modules:
            origins = {new: before.get(old, old) for new, old in module.origins.items()}
            origins.update({n: before[n] for n in walk(module.tree) if n in before and n not in origins})
            out.append(module.reshaped(module.tree, module.positions, origins))
        yield Shape(out, shape.builders)


def _open(module: Module, modules: list[Module], wanted: set[cst.CSTNode], staging: Staging) -> Module:
    return open_calls(module, Project(modules), wanted, _training(staging))


def _training(staging: Staging) -> set[cst.CSTNode]:
    """Functions that make optimizers, train ops or placeholders themselves: nothing else can become of them."""
    made = [n.place for n in staging.nodes if n.kind in ("placeholder", "train") or n.op == "tf.gradients"]
    made += [optimizer.place for optimizer in staging.optimizers]
    return {place.steps[-1].frame.owner for place in made}


def _summarizing(staging: Staging) -> set[cst.CSTNode]:
    """Functions that make summaries themselves: of what has no name outside of them."""
    made = [n.place.steps[-1].frame.owner for n in staging.nodes if n.kind == "summary"]
    return {owner for owner in made if isinstance(owner, cst.FunctionDef)}


def _built(staging: Staging) -> list[Node]:
    """The nodes that are part of the graph, rather than ops that only initialize it or compute with host values."""
    told = _told(staging)
    return [
        node
        for node in staging.nodes
        if node.kind != "init"
        and node.number not in told
        and not (node.kind == "group" and node.inputs and all(i.kind == "init" for i in node.inputs))
    ]


def _told(staging: Staging) -> set[int]:
    """Numbers of the tensors that are made of values of the host alone, wherever they are made."""
    out: set[int] = set()
    for node in staging.nodes:
        if node.kind == "tensor" and not node.random and not node.control and all(i.number in out for i in node.inputs):
            out.add(node.number)
    return out


def _running(staging: Staging) -> set[int]:
    """Activations in which something of the graph is run, initializers aside."""
    return {
        id(frame)
        for site in staging.runs
        if any(node.kind != "init" for node in nodes_in(site.fetches))
        for frame in site.place.frames
    }


def _builder(staging: Staging) -> Frame | None:
    """The outermost method call in which all of the graph is built and none of it is run."""
    nodes = _built(staging)
    if not nodes or not staging.runs:
        return None
    common = nodes[0].place.frames
    for node in nodes[1:]:
        inside = {id(frame) for frame in node.place.frames}
        common = [frame for frame in common if id(frame) in inside]
    running = _running(staging)
    found: Frame | None = None
    for frame in common:
        if id(frame) in running or not isinstance(frame.owner, cst.FunctionDef):
            continue
        receiver = next(iter(frame.entry.values()), None)
        is_method = isinstance(receiver, Instance) and _is_method(receiver.cls, frame.owner)
        # A method that builds all of the graph for another one is taken where it cannot be opened in that.
        if is_method and (found is None or not is_openable(frame.owner)):
            found = frame
    return found


def _is_method(cls: Class, definition: cst.FunctionDef) -> bool:
    member = cls.lookup(definition.name.value)
    if isinstance(member, Function) and member.definition is definition:
        return True
    return any(isinstance(base, Class) and _is_method(base, definition) for base in cls.bases)


def _opened(staging: Staging, builder: Frame | None) -> Iterator[cst.CSTNode]:
    """Functions that build graph, below the builder's call or, without one, wherever nothing is run inside them."""
    running = _running(staging)
    mixed = _mixed(staging) if builder is None else set()
    places = [
        node.place for node in staging.nodes if node.kind in BUILT or node.op == "tf.gradients" or builder is not None
    ]
    places += [optimizer.place for optimizer in staging.optimizers]
    members = (
        {id(m) for m in _methods(builder)} if builder is not None else set()
    )
    # A gradient by what the loss does not depend on has no way, and no home.
    taped = {home(staging, node) for node in staging.nodes if node.op == "tf.gradients" and way(node)}
    taped = {frame for frame in taped if frame is not None and not _reads_held(staging, frame)}
    for index, place in enumerate(places):
        frames = place.frames
        if builder is not None:
            frames = frames[frames.index(builder) + 1 :] if builder in frames else []
        node = next((n for n in staging.nodes if n.place is place), None)
        around = [number for number, frame in enumerate(frames, 1) if frame in taped]
        if around:
            # They have tapes of their own; only what takes gradients for them is opened, inside of the last.
            frames = frames[around[-1] :] if node is not None and node.op == "tf.gradients" else []
        for frame in frames:
            if not isinstance(frame.owner, cst.FunctionDef) or (id(frame) in running and frame.owner not in mixed):
                continue
            graph = (
                index >= len(places) - len(staging.optimizers)
                or node is None
                or node.kind in BUILT
                or node.op == "tf.gradients"
            )
            if graph or id(frame.owner) in members:
                yield frame.owner


def _reads_held(staging: Staging, frame: Frame) -> bool:
    """Whether a call reads what of the graph an object holds, other than its variables.

    A function cannot: by then the object has no such attributes. Where it is opened, they are names beside it.
    """
    inside = [f for f in staging.frames if f is frame or (f.called_from and frame in f.called_from.frames)]
    for inner in inside:
        receiver = next(iter(inner.entry), "")
        if not isinstance(inner.owner, cst.FunctionDef) or not isinstance(inner.entry.get(receiver), Instance):
            continue
        for node in walk(inner.owner.body):
            match node:
                case cst.Attribute(value=cst.Name(value=name)) if name == receiver:
                    held = staging.value_in(node, inner)
                    nodes = () if isinstance(held, Bound) else nodes_in(held)
                    if any(n.kind in ("placeholder", "tensor") for n in nodes):
                        return True
    return False


def overlapping(staging: Staging) -> set[cst.CSTNode]:
    """Functions of which one uses some of the variables of another: neither can be a layer that owns its variables.

    ``encode_and_decode(x)`` and ``decode(z, reuse=True)`` share the decoder, which both have to be opened to show.
    """
    owned: dict[int, set[int]] = {}
    inner: dict[int, list[Frame]] = {}
    known: dict[int, Frame] = {}
    for node, place in staging.touched:
        frames = place.frames
        for frame in frames:
            owned.setdefault(id(frame), set()).add(node.number)
        for caller, frame in pairwise(frames):
            if id(frame) not in known:
                known[id(frame)] = frame
                inner.setdefault(id(caller), []).append(frame)
    region = find_region(staging)
    opened: set[cst.CSTNode] = set()
    frames = list(inner.get(id(region.frame), ())) if region is not None else []
    while True:
        parted = [
            frame
            for frame in frames
            if any(owned[id(frame)] & owned[id(o)] and o.owner is not frame.owner for o in frames)
        ]
        if not parted:
            return opened
        opened |= {frame.owner for frame in parted}
        rest = [frame for frame in frames if frame not in parted]
        frames = rest + [f for frame in parted for f in inner.get(id(frame), ())]


def _mixed(staging: Staging) -> set[cst.CSTNode]:
    """Functions that are called once and run the graph, while a part of it is built outside of them."""
    region = find_region(staging)
    if region is None:
        return set()
    running = _running(staging)
    inner = [f for f in staging.frames if id(f) in running and f is not region.frame]
    owners = [f.owner for f in inner if isinstance(f.owner, cst.FunctionDef)]
    return {owner for owner in owners if owners.count(owner) == 1}


def _building(staging: Staging) -> set[cst.CSTNode]:
    """Those of the functions that are called once and run the graph which build a part of what they run."""
    inside = {id(frame.owner) for node in _built(staging) for frame in node.place.frames}
    return {owner for owner in _mixed(staging) if id(owner) in inside}


def _handed_names(staging: Staging) -> set[cst.CSTNode]:
    """Functions that are called once, run the graph, and are handed parts of it in a dict."""
    running = _running(staging)
    counts = Counter(frame.owner for frame in staging.frames)
    return {
        frame.owner
        for frame in staging.frames
        if id(frame) in running and isinstance(frame.owner, cst.FunctionDef) and counts[frame.owner] == 1
        if any(isinstance(v, Mapping) and any(nodes_in(v)) for v in frame.entry.values())
    }


def _giving_cells(staging: Staging) -> set[cst.CSTNode]:
    """Functions that are called once and give back cells, or their first states, beside what these compute.

    No layer can give its own cells, and a run that fetches a first state feeds nothing that a layer reads.
    """
    counts = Counter(frame.owner for frame in staging.frames)
    return {
        frame.owner
        for frame in staging.frames
        if isinstance(frame.owner, cst.FunctionDef) and counts[frame.owner] == 1 and frame.call is not None
        for value in staging.values_of(frame.call)
        if isinstance(value, Sequence | Mapping)
        if _is_with_cells(value) or _starts(staging) & {node.number for node in nodes_in(value)}
    }


def _is_with_cells(value: Sequence | Mapping) -> bool:
    """Whether a result holds cells beside tensors."""
    items = value.items if isinstance(value, Sequence) else list(value.items.values())
    return any(map(is_cell, items)) and any(isinstance(v, Node) and v.kind == "tensor" for v in items)


def _starts(staging: Staging) -> set[int]:
    """Numbers of the parts of first states that runs feed, or fetch and nothing else."""
    fetched = [list(nodes_in(site.fetches)) for site in staging.runs]
    starts = {node.number for nodes in fetched if all(map(is_first_state, nodes)) for node in nodes}
    fed = (node for site in staging.runs for node in nodes_in(site.feeds))
    return starts | {node.number for node in fed if is_first_state(node)}


def _methods(builder: Frame) -> Iterator[cst.FunctionDef]:
    receiver = next(iter(builder.entry.values()), None)
    assert isinstance(receiver, Instance)
    classes = [receiver.cls]
    while classes:
        cls = classes.pop()
        yield from (n for n in cls.definition.body.body if isinstance(n, cst.FunctionDef))
        classes.extend(base for base in cls.bases if isinstance(base, Class))


def _several(staging: Staging) -> list[Frame]:
    """The outermost method calls in which several objects build graphs; none where anything is built outside."""
    running = _running(staging)
    found: dict[int, Frame] = {}
    for place in [*(node.place for node in _built(staging)), *(o.place for o in staging.optimizers)]:
        for frame in place.frames:
            receiver = next(iter(frame.entry.values()), None)
            if (
                id(frame) not in running
                and isinstance(frame.owner, cst.FunctionDef)
                and isinstance(receiver, Instance)
                and _is_method(receiver.cls, frame.owner)
            ):
                found[id(frame)] = frame
                break
        else:
            return []
    return list(found.values()) if len(found) > 1 else []


def _held(staging: Staging, modules: list[Module], builders: list[Frame]) -> Shape | None:
    """The program with what each builder calls opened in it, and the attributes of its object as names."""
    wanted = {function for builder in builders for function in _opened(staging, builder)}
    modules = hoist_methods(staging, modules, builders)
    owners = {builder.owner: next(iter(builder.entry)) for builder in builders}
    out: list[Module] = []
    for module in modules:
        parts = [(node, module.origins.get(node, node)) for node in walk(module.tree)]
        bodies = [node for node, origin in parts if origin in owners or origin in wanted]
        made = extract_calls(module, staging, wanted, bodies)
        made = _open(made, [made if m is module else m for m in modules], wanted, staging)
        for owner, receiver in owners.items():
            target = _function(made, owner)
            if target is None:
                continue
            made = extract_variables(made, staging, target)
            target = _function(made, owner)
            assert target is not None
            made = _AttributesAsNames(made, target, receiver).apply(made)
        out.append(made)
    found = [f for owner in owners for module in out if (f := _function(module, owner)) is not None]
    return Shape(out, tuple(found)) if len(found) == len(owners) else None


def _extracted(module: Module, staging: Staging) -> Module:
    """A module of whose region the variables have statements of their own."""
    region = find_region(staging)
    owner = region.frame.owner if region is not None else None
    body = module.tree if isinstance(owner, cst.Module) else owner and _function(module, owner)
    return extract_variables(module, staging, body) if body else module


def _function(module: Module, origin: cst.CSTNode) -> cst.FunctionDef | None:
    """The function that one of the user's file became."""
    for node in walk(module.tree):
        if isinstance(node, cst.FunctionDef) and module.origins.get(node, node) is origin:
            return node
    return None


class _AttributesAsNames(Traced):
    """``self.x`` becomes one name, in a method that sets ``self.x`` itself."""

    def __init__(self, module: Module, builder: cst.FunctionDef, receiver: str) -> None:
        super().__init__(module)
        self.builder = builder
        self.receiver = receiver
        self.inside = False
        self.made: cst.FunctionDef | None = None
        self.attributes = {
            node.attr.value
            for target in walk(builder)
            if isinstance(target, cst.AssignTarget | cst.AugAssign | cst.For | cst.AsName | cst.AnnAssign)
            for node in walk(target.name if isinstance(target, cst.AsName) else target.target)
            if self.is_own(node) and isinstance(node, cst.Attribute)
        }

    def is_own(self, node: cst.CSTNode) -> bool:
        return (
            isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value == self.receiver
        )

    def on_visit(self, node: cst.CSTNode) -> bool:
        if node is self.builder:
            self.inside = True
        return super().on_visit(node)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if (
            self.inside
            and isinstance(original, cst.Attribute)
            and self.is_own(original)
            and original.attr.value in self.attributes
        ):
            name = AttributeName(f"{self.receiver}.{original.attr.value}", lpar=original.lpar, rpar=original.rpar)
            self.trace(original, name)
            made = name
        if original is self.builder:
            self.inside = False
            self.made = cast(cst.FunctionDef, made)
        return made
