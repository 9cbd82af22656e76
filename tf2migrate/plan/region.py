"""The region of a program: the body in which its graph is built and run, cut into atoms.

An atom is the smallest statement that the rewrite keeps, removes or moves as a whole: a simple statement, or a
compound one that builds graph and runs none of it. ``with`` blocks that only open sessions, graphs and scopes
are dissolved; loops and branches of host code are entered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import (
    Bound,
    Const,
    Foreign,
    Graph,
    Instance,
    Node,
    ProjectModule,
    Scope,
    Session,
    Symbol,
    Value,
    optimizers_of,
)
from tf2migrate.graph.values import Sequence as Items
from tf2migrate.names.bindings import bindings, bound_names, changed_names, exposed_reads, names_read
from tf2migrate.names.guards import is_main_guard
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk


@dataclass(eq=False, slots=True)
class Atom:
    """One statement of the region, in source order, with what it made and what it reads and binds.

    ``binds`` are names bound afresh, ``changes`` names whose object is changed in place (``ops.append(x)``).
    """

    number: int
    statement: cst.CSTNode
    parents: tuple[cst.CSTNode, ...]
    reads: list[cst.Name] = field(default_factory=list)
    binds: dict[str, cst.CSTNode] = field(default_factory=dict)
    changes: set[str] = field(default_factory=set)
    nodes: list[Node] = field(default_factory=list)
    runs: list[RunSite] = field(default_factory=list)
    later: list[RunSite] = field(default_factory=list)
    """Runs in a lambda of this statement, which happen where it is called."""

    def __repr__(self) -> str:
        return f"<atom {self.number} {sorted(self.binds)}>"


@dataclass(eq=False, slots=True)
class Region:
    """The frame in which the graph is built and run, its atoms, and the ``with`` blocks that dissolve."""

    frame: Frame
    module: Module
    atoms: list[Atom]
    dissolved: list[cst.With]
    by_statement: dict[int, Atom]
    held: Instance | None = None
    receiver: str = ""
    after: Atom | None = None

    def atom_at(self, place: Place) -> Atom | None:
        """The atom during whose execution something happened.

        Where an object holds the graph, all that happens outside of the method that builds it is one last atom.
        """
        for step in reversed(place.steps):
            if step.frame is self.frame and id(step.statement) in self.by_statement:
                return self.by_statement[id(step.statement)]
        return self.after

    @property
    def is_module(self) -> bool:
        return isinstance(self.frame.owner, cst.Module)


def find_region(staging: Staging) -> Region | None:
    """The deepest frame that holds all graph nodes and all runs; None when there is no graph."""
    places = [node.place for node in staging.nodes] + [site.place for site in staging.runs]
    if not places:
        return None
    if staging.builder is not None:
        return _held_region(staging, staging.builder)
    depth = 0
    shortest = min(len(place.steps) for place in places)
    while depth < shortest and len({id(p.steps[depth].statement) for p in places}) == 1:
        depth += 1
    # All places agree on the first `depth` steps; the region is the frame in which they part.
    candidates = [p.steps[min(depth, len(p.steps) - 1)].frame for p in places]
    frame = candidates[0]
    if any(c is not frame for c in candidates):
        frame = places[0].steps[max(depth - 1, 0)].frame
    module = staging.modules[frame.module]
    region = Region(frame, module, [], [], {})
    owner = frame.owner
    body = owner.body if isinstance(owner, cst.Module) else getattr(owner.body, "body", None)  # type: ignore[attr-defined]
    if body is None:
        return None
    _collect(region, staging, body, ())
    _place(region, staging)
    return region


def _held_region(staging: Staging, builder: cst.FunctionDef) -> Region | None:
    """The body of the one call of a method that builds an object's graph, and an atom for all that comes after it."""
    frames = [frame for frame in staging.frames if frame.owner is builder]
    alone = len(frames) == 1 or bool(staging.all_runs)
    receiver = next(iter(frames[0].entry.items()), ("", None)) if alone else ("", None)
    if not isinstance(receiver[1], Instance):
        return None
    region = Region(frames[0], staging.modules[frames[0].module], [], [], {}, receiver[1], receiver[0])
    _collect(region, staging, builder.body.body, ())
    region.after = Atom(len(region.atoms), cst.Pass(), ())
    region.atoms.append(region.after)
    _place(region, staging)
    return region


def _place(region: Region, staging: Staging) -> None:
    """Hands nodes and runs to the atoms that they were made in."""
    for node in staging.nodes:
        atom = region.atom_at(node.place)
        if atom is not None:
            atom.nodes.append(node)
    for site in staging.runs:
        atom = region.atom_at(site.place)
        if atom is not None:
            atom.runs.append(site)
        if isinstance(site.frame.owner, cst.Lambda):
            maker = next((a for a in region.atoms if a is not atom and _holds(a.statement, site.frame.owner)), None)
            if maker is not None and site not in maker.later:
                maker.later.append(site)


def _holds(statement: cst.CSTNode, inner: cst.CSTNode) -> bool:
    """Whether a simple statement holds a node."""
    return isinstance(statement, cst.SimpleStatementLine) and any(node is inner for node in walk(statement))


def _collect(region: Region, staging: Staging, body: Sequence[cst.CSTNode], parents: tuple[cst.CSTNode, ...]) -> None:
    for statement in body:
        if isinstance(statement, cst.With) and dissolves(statement, staging, region.frame):
            region.dissolved.append(statement)
            _header(region, staging, statement, parents)
            _collect(region, staging, statement.body.body, (*parents, statement))
        elif isinstance(statement, cst.If) and (taken := version_branch(statement, staging)) is not None:
            _collect(region, staging, taken, parents)
        elif isinstance(statement, cst.If | cst.For | cst.While | cst.Try | cst.With) and (
            _enters(statement, staging, region.frame) or _is_mixed(statement, staging, region.frame)
        ):
            _header(region, staging, statement, parents)
            for suite in _suites(statement):
                _collect(region, staging, suite.body, (*parents, statement))
        else:
            _add(region, staging, statement, statement, parents)


def _header(region: Region, staging: Staging, statement: cst.CSTNode, parents: tuple[cst.CSTNode, ...]) -> None:
    """An entered compound statement is an atom of its own, for what its first line reads and binds."""
    atom = _add(region, staging, statement, None, parents)
    match statement:
        case cst.If(test=test) | cst.While(test=test):
            atom.reads.extend(names_read(test))
        case cst.For(target=target, iter=iterable):
            atom.reads.extend(names_read(iterable))
            atom.binds.update(bound_names(target))
        case cst.With(items=items):
            for item in items:
                atom.reads.extend(names_read(item.item))
                if item.asname is not None:
                    atom.binds.update(bound_names(item.asname.name))
        case cst.Try(handlers=handlers):
            for handler in handlers:
                if handler.name is not None:
                    atom.binds.update(bound_names(handler.name.name))


def _is_container(staging: Staging, frame: Frame, base: cst.BaseExpression) -> bool:
    """Whether a method of ``base`` can change it in place: modules, symbols and tensors do not change."""
    value = staging.value_in(base, frame)
    if value is None and isinstance(base, cst.Name):
        # A branch that is not taken: what the name is elsewhere.
        value = frame.lookup(base.value)
    return not optimizers_of(value) and not isinstance(value, Symbol | Foreign | ProjectModule | Node | Session)


def _shaped(staging: Staging, frame: Frame, body: cst.CSTNode) -> Iterator[str]:
    """Names of tensors whose static shape a statement tells, for those who read them: `x.set_shape(...)`."""
    for node in walk(body):
        match node:
            case cst.Call(func=cst.Attribute(value=cst.Name(value=name) as base, attr=cst.Name(value="set_shape"))):
                if isinstance(staging.value_in(base, frame), Node):
                    yield name


def _add(
    region: Region,
    staging: Staging,
    statement: cst.CSTNode,
    body: cst.CSTNode | None,
    parents: tuple[cst.CSTNode, ...],
) -> Atom:
    atom = Atom(len(region.atoms), statement, parents)
    if body is not None:
        atom.reads.extend(exposed_reads(body))
        for name, target in bindings(body):
            atom.binds[name] = target
        atom.changes |= changed_names(body, lambda base: _is_container(staging, region.frame, base))
        atom.changes |= set(_shaped(staging, region.frame, body))
    region.atoms.append(atom)
    region.by_statement[id(statement)] = atom
    return atom


def _suites(statement: cst.CSTNode) -> Iterator[cst.BaseSuite]:
    match statement:
        case cst.If(body=body, orelse=orelse):
            yield body
            while isinstance(orelse, cst.If):
                yield orelse.body
                orelse = orelse.orelse
            if isinstance(orelse, cst.Else):
                yield orelse.body
        case cst.For(body=body, orelse=orelse) | cst.While(body=body, orelse=orelse):
            yield body
            if isinstance(orelse, cst.Else):
                yield orelse.body
        case cst.With(body=body):
            yield body
        case cst.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            yield body
            for handler in handlers:
                yield handler.body
            if isinstance(orelse, cst.Else):
                yield orelse.body
            if final is not None:
                yield final.body


def _enters(statement: cst.CSTNode, staging: Staging, frame: Frame) -> bool:
    """Whether a compound statement is host code around runs (entered), not graph-building code (one atom)."""

    def inside(place: Place) -> bool:
        return any(step.frame is frame and step.statement is statement for step in place.steps)

    return any(inside(site.place) for site in staging.runs)


STATE = frozenset({"variable", "layer", "placeholder", "train", "assign"})


def _is_mixed(statement: cst.CSTNode, staging: Staging, frame: Frame) -> bool:
    """Whether host code under a condition also builds graph that it gives new names to.

    Whoever reads such a name has passed the condition, so that the graph behind it may be built in any case; the
    host code around it stays where it is.
    """
    if not isinstance(statement, cst.If) or statement.orelse is not None:
        return False
    made = [n for n in staging.nodes if any(s.frame is frame and s.statement is statement for s in n.place.steps)]
    if not made or any(node.kind in STATE for node in made):
        return False
    building = {id(step.statement) for n in made for step in n.place.steps if step.frame is frame}
    graph = [s for s in statement.body.body if id(s) in building]
    host = [s for s in statement.body.body if id(s) not in building]
    names = [name for s in graph for name, _ in bindings(s)]
    everywhere = Counter(name for part in children(frame.owner) for name, _ in bindings(part))
    calls = any(isinstance(node, cst.Call) for s in host for node in walk(s))
    return calls and bool(names) and all(everywhere[name] == 1 and name not in frame.entry for name in names)


def dissolves(statement: cst.With, staging: Staging, frame: Frame) -> bool:
    """Whether every item of a ``with`` opens something that native TF2 does not need."""
    for item in statement.items:
        value = staging.value_in(item.item, frame)
        if not opens(value):
            return False
    return True


def is_idle(node: cst.CSTNode, staging: Staging) -> bool:
    """Whether a statement is what a file does where it is the entry, and the file is imported here."""
    if not isinstance(node, cst.If) or not is_main_guard(node):
        return False
    values = staging.values_of(node.test)
    return bool(values) and all(isinstance(value, Const) and not value.value for value in values)


def version_branch(statement: cst.If, staging: Staging) -> Sequence[cst.CSTNode] | None:
    """The statements of the branch that TensorFlow 1.15 takes, for a test of ``tf.__version__``; None for others."""
    if not any(
        isinstance(v, Symbol) and v.name == "tf.__version__"
        for n in walk(statement.test)
        for v in staging.values_of(n)
    ):
        return None
    values = staging.values_of(statement.test)
    if not values or not all(isinstance(v, Const) for v in values):
        return None
    answers = {bool(v.value) for v in values if isinstance(v, Const)}
    if len(answers) != 1:
        return None
    if answers.pop():
        return statement.body.body
    orelse = statement.orelse
    if orelse is None:
        return ()
    return [orelse] if isinstance(orelse, cst.If) else orelse.body.body


def opens(value: Value | None) -> bool:
    """Whether ``with value:`` is of the graph alone: a session, a scope, a graph, or control dependencies."""
    if isinstance(value, Bound) and value.name == "as_default":
        return isinstance(value.receiver, Graph | Session)
    if isinstance(value, Items):
        return value.kind == "controls"
    return isinstance(value, Session | Scope)
