"""The region of a program: the body in which its graph is built and run, cut into atoms.

An atom is the smallest statement that the rewrite keeps, removes or moves as a whole: a simple statement, or a
compound one that builds graph and runs none of it. ``with`` blocks that only open sessions, graphs and scopes
are dissolved; loops and branches of host code are entered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
    Optimizer,
    ProjectModule,
    Scope,
    Session,
    Symbol,
    Value,
)
from tf2migrate.graph.values import Sequence as Items
from tf2migrate.names.guards import is_main_guard
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, parameter_names, walk


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
    return isinstance(statement, cst.SimpleStatementLine) and any(node is inner for node in _inside(statement))


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
    return not isinstance(value, Symbol | Foreign | ProjectModule | Node | Optimizer | Session)


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
        for n in _inside(statement.test)
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


def _inside(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(children(current))


def opens(value: Value | None) -> bool:
    """Whether ``with value:`` is of the graph alone: a session, a scope, a graph, or control dependencies."""
    if isinstance(value, Bound) and value.name == "as_default":
        return isinstance(value.receiver, Graph | Session)
    if isinstance(value, Items):
        return value.kind == "controls"
    return isinstance(value, Session | Scope)


def names_read(node: cst.CSTNode) -> list[cst.Name]:
    """Names that ``node`` reads from its surroundings: not attributes, keywords, or names of inner scopes."""
    found: list[cst.Name] = []
    _read(node, found, frozenset())
    return found


def free_names(function: cst.FunctionDef) -> list[cst.Name]:
    """Names in the body of a function that are not its own."""
    own = {name for name, _ in bindings(function.body)} | parameter_names(function)
    return [name for name in names_read(function.body) if name.value not in own]


def exposed_reads(node: cst.CSTNode) -> list[cst.Name]:
    """Names that a statement reads before it has bound them itself."""
    found: list[cst.Name] = []
    _exposed(node, found, frozenset())
    return found


def _exposed(node: cst.CSTNode, found: list[cst.Name], bound: frozenset[str]) -> frozenset[str]:
    """Adds the reads of ``node`` that are not of ``bound``; gives back what is bound for certain after it."""
    match node:
        case cst.SimpleStatementLine(body=body) | cst.SimpleStatementSuite(body=body) | cst.IndentedBlock(body=body):
            for inner in body:
                bound = _exposed(inner, found, bound)
            return bound
        case cst.For(target=target, iter=iterable, body=suite, orelse=orelse):
            found.extend(n for n in names_read(iterable) if n.value not in bound)
            targets: list[cst.Name] = []
            _read_target(target, targets, frozenset())
            found.extend(n for n in targets if n.value not in bound)
            _exposed(suite, found, bound | set(bound_names(target)))
            if orelse is not None:
                _exposed(orelse.body, found, bound)
            return bound
        case cst.If(test=test, body=suite, orelse=orelse):
            found.extend(n for n in names_read(test) if n.value not in bound)
            then = _exposed(suite, found, bound)
            if orelse is None:
                return bound
            return then & _exposed(orelse.body if isinstance(orelse, cst.Else) else orelse, found, bound)
        case cst.With(items=items, body=suite):
            for item in items:
                found.extend(n for n in names_read(item) if n.value not in bound)
                if item.asname is not None:
                    bound |= set(bound_names(item.asname.name))
            return _exposed(suite, found, bound)
        case cst.BaseSmallStatement():
            found.extend(n for n in names_read(node) if n.value not in bound)
            return bound | {name for name, _ in bindings(node)}
    found.extend(n for n in names_read(node) if n.value not in bound)
    return bound


def _read(node: cst.CSTNode, found: list[cst.Name], local: frozenset[str]) -> None:
    match node:
        case cst.Name(value=value):
            if value not in local:
                found.append(node)
            return
        case cst.Attribute(value=base):
            _read(base, found, local)
            return
        case cst.Arg(value=value):
            _read(value, found, local)
            return
        case cst.Lambda(params=params, body=body):
            for param in params.params:
                if param.default is not None:
                    _read(param.default, found, local)
            _read(body, found, local | {p.name.value for p in params.params})
            return
        case cst.ListComp() | cst.SetComp() | cst.GeneratorExp() | cst.DictComp():
            _read_comprehension(node, found, local)
            return
        case cst.FunctionDef() | cst.ClassDef() | cst.Import() | cst.ImportFrom() | cst.Global() | cst.Nonlocal():
            return
        case cst.AssignTarget(target=target) | cst.AnnAssign(target=target):
            _read_target(target, found, local)
            if isinstance(node, cst.AnnAssign) and node.value is not None:
                _read(node.value, found, local)
            return
        case cst.For(target=target, iter=iterable, body=body, orelse=orelse):
            _read(iterable, found, local)
            _read_target(target, found, local)
            _read(body, found, local)
            if orelse is not None:
                _read(orelse, found, local)
            return
        case cst.AsName(name=name):
            _read_target(name, found, local)
            return
        case cst.NamedExpr(value=value):
            _read(value, found, local)
            return
    for child in children(node):
        _read(child, found, local)


def _read_target(target: cst.CSTNode, found: list[cst.Name], local: frozenset[str]) -> None:
    match target:
        case cst.Name():
            return
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                _read_target(element.value, found, local)
        case _:
            _read(target, found, local)


def _read_comprehension(node: cst.CSTNode, found: list[cst.Name], local: frozenset[str]) -> None:
    clause: cst.CompFor | None = node.for_in  # type: ignore[attr-defined]
    while clause is not None:
        _read(clause.iter, found, local)
        local = local | set(bound_names(clause.target))
        for test in clause.ifs:
            _read(test.test, found, local)
        clause = clause.inner_for_in
    parts = [node.key, node.value] if isinstance(node, cst.DictComp) else [node.elt]  # type: ignore[attr-defined]
    for part in parts:
        _read(part, found, local)


def bound_names(target: cst.CSTNode) -> dict[str, cst.CSTNode]:
    match target:
        case cst.Name(value=value):
            return {value: target}
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            return {name: node for e in elements for name, node in bound_names(e.value).items()}
        case cst.StarredElement(value=value):
            return bound_names(value)
    return {}


def bindings(node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
    """Names that ``node`` binds in its own scope."""
    match node:
        case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
            yield name.value, node
            return
        case cst.Lambda() | cst.ListComp() | cst.SetComp() | cst.GeneratorExp() | cst.DictComp():
            return
        case cst.AssignTarget(target=target) | cst.AnnAssign(target=target) | cst.AugAssign(target=target):
            yield from bound_names(target).items()
        case cst.For(target=target) | cst.NamedExpr(target=target):
            yield from bound_names(target).items()
        case cst.AsName(name=target):
            yield from bound_names(target).items()
            return
        case cst.Import(names=names):
            for alias in names:
                bound = alias.asname.name if alias.asname else alias.name
                while isinstance(bound, cst.Attribute):
                    bound = bound.value  # type: ignore[assignment]
                yield from bound_names(bound).items()
            return
        case cst.ImportFrom(names=names):
            for alias in names if not isinstance(names, cst.ImportStar) else ():
                yield from bound_names(alias.asname.name if alias.asname else alias.name).items()
            return
    for child in children(node):
        yield from bindings(child)


IN_PLACE = frozenset(
    {"append", "extend", "insert", "update", "add", "setdefault", "pop", "remove", "clear", "reverse", "sort"}
)


def changed_names(node: cst.CSTNode, changes: Callable[[cst.BaseExpression], bool]) -> set[str]:
    """Names whose object ``node`` changes in place: ``a[k] = v``, ``a.b = v``, ``a.append(v)``."""
    found: set[str] = set()
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            continue
        target: cst.CSTNode | None = None
        match current:
            case cst.AssignTarget(target=target) | cst.AugAssign(target=target):
                if isinstance(target, cst.Subscript | cst.Attribute):
                    found |= _root(target)
            case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=name))) if name in IN_PLACE:
                found |= _root(base) if changes(base) else set()
        stack.extend(children(current))
    return found


def _root(node: cst.CSTNode) -> set[str]:
    while isinstance(node, cst.Subscript | cst.Attribute | cst.Call):
        node = node.func if isinstance(node, cst.Call) else node.value
    return {node.value} if isinstance(node, cst.Name) else set()
