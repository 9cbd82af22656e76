"""Statements that build graph around an object move into the method in which the object builds the rest of it.

``net = Net(config)`` and then ``train_op = tf.train.AdamOptimizer(rate).minimize(net.loss)`` is a program whose
``Net.__init__`` ends with ``self.train_op = tf.train.AdamOptimizer(rate).minimize(self.loss)`` and which is called as
``Net(config, rate)``: an equivalent TensorFlow 1 program, of which one object holds the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.steadiness import Impossible, Steadiness, chain_of, is_graph
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import (
    Builtin,
    Class,
    Const,
    Foreign,
    Function,
    Instance,
    ProjectModule,
    Scope,
    Session,
    Setting,
    Symbol,
    nodes_in,
)
from tf2migrate.names.bindings import bound_by, bound_in, names_read
from tf2migrate.names.free import free_name
from tf2migrate.names.guards import asks_for_entry
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk, walk_own
from tf2migrate.plan.region import Atom, Region, find_region

# What a name of the module stands for all the time.
FIXED = Function | Class | Symbol | Foreign | ProjectModule | Const | Builtin
HARMLESS_SCOPES = ("tf.name_scope", "tf.device", "tf.variable_op_scope")


@dataclass(slots=True)
class Gathering:
    """What moves where: statements before and behind the builder's own, and what names and arguments become."""

    region: Region
    module: Module
    home: Module
    receiver: str
    target: str
    call: cst.Call
    builder: cst.FunctionDef
    atom: Atom
    moved: list[Atom] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    locals: dict[str, str] = field(default_factory=dict)
    added: dict[str, tuple[str, cst.BaseExpression]] = field(default_factory=dict)
    inside: dict[int, cst.BaseExpression] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    kept_as: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)

    @property
    def statements(self) -> set[int]:
        return {id(a.statement) for a in self.moved}


def find_gathering(staging: Staging, modules: list[Module]) -> Gathering | None:
    """How the graph can be gathered in one method; None where there is nothing to gather, or no way to."""
    region = find_region(staging)
    if region is None:
        return None
    try:
        found = _Finder(staging, modules, region).find()
    except Impossible:
        return None
    return found


class _Finder:
    """Decides whether and how the graph around one object can be gathered."""

    def __init__(self, staging: Staging, modules: list[Module], region: Region) -> None:
        self.staging = staging
        self.modules = modules
        self.region = region
        self.frame: Frame = region.frame
        self.steady = Steadiness(staging, modules, region)

    def find(self) -> Gathering | None:
        building = self.before_runs([a for a in self.region.atoms if self.builds(a)])
        objects = [a for a in building if self.constructs(a) is not None]
        if not objects:
            objects = self.told_to_build(building)
        if len(objects) != 1 or len(building) < 2:
            return None
        gathering = self.constructs(objects[0])
        assert gathering is not None
        gathering.moved = self.closure([a for a in building if a is not objects[0]], gathering)
        for atom in gathering.moved:
            self.check(atom, gathering)
        self.check_between(gathering)
        self.names(gathering)
        self.arguments(gathering)
        for atom in gathering.moved:
            self.reads(atom, gathering)
        return gathering

    @staticmethod
    def before_runs(building: list[Atom]) -> list[Atom]:
        """Without the last ones that also run the graph: methods make updates each time that they are called."""
        while building and _runs_graph(building[-1]):
            building = building[:-1]
        return building

    def builds(self, atom: Atom) -> bool:
        if any(n.kind != "init" and not _only_initializes(n) for n in atom.nodes):
            return True
        return any(self.region.atom_at(o.place) is atom for o in self.staging.optimizers)

    # ------------------------------------------------------------------ the object
    def told_to_build(self, building: list[Atom]) -> list[Atom]:
        """Where the objects are constructed whose methods these statements call one after the other to build it all."""
        owners: dict[int, Instance] = {}
        for atom in building:
            match atom.statement:
                case cst.SimpleStatementLine(
                    body=[cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Name() as base)))]
                ):
                    value = self.staging.value_in(base, self.frame)
                case _:
                    value = None
            if not isinstance(value, Instance):
                return []
            owners[id(value)] = value
        calls = [(a, c) for a in self.region.atoms if (c := _called(a)) is not None]
        return [a for a, c in calls if id(self.staging.value_in(c, self.frame)) in owners and self.constructs(a)]

    def constructs(self, atom: Atom) -> Gathering | None:
        """The object whose constructor runs in this statement and builds graph."""
        match atom.statement:
            case cst.SimpleStatementLine(
                body=[
                    cst.Assign(
                        targets=[cst.AssignTarget(target=cst.Name(value=target))],
                        value=cst.Call(func=cst.Name() | cst.Attribute()) as call,
                    )
                ]
            ):
                pass
            case _:
                return None
        value = self.staging.value_in(call, self.frame)
        if not isinstance(value, Instance) or _runs_graph(atom):
            return None
        init = value.cls.members.get("__init__")
        if not isinstance(init, Function) or not isinstance(init.definition, cst.FunctionDef):
            return None
        builder = init.definition
        calls = self.staging.calls.get(id(builder), [])
        home = self.staging.modules.get(init.frame.module)
        if len(calls) != 1 or home is None or not self.is_only_call(value.cls, call):
            raise Impossible
        if any(n.place.steps[-1].frame is self.frame for n in atom.nodes):
            raise Impossible
        params = builder.params
        if not params.params or isinstance(params.star_arg, cst.Param) or params.star_kwarg is not None:
            raise Impossible
        for node in walk_own(builder.body):
            if isinstance(node, cst.Return | cst.Global | cst.Nonlocal | cst.Yield):
                raise Impossible
            if isinstance(node, cst.Attribute) and node.attr.value in ("Graph", "as_default"):
                raise Impossible
        receiver = params.params[0].name.value
        return Gathering(self.region, self.region.module, home, receiver, target, call, builder, atom)

    def is_only_call(self, cls: Class, call: cst.Call) -> bool:
        name = cls.definition.name.value
        for module in self.modules:
            for node in walk(module.tree):
                if isinstance(node, cst.Call) and node is not call:
                    func = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
                    if isinstance(func, cst.Name) and func.value == name:
                        return False
                if isinstance(node, cst.ClassDef) and node is not cls.definition:
                    bases = [b.value.attr if isinstance(b.value, cst.Attribute) else b.value for b in node.bases]
                    if any(isinstance(b, cst.Name) and b.value == name for b in bases):
                        return False
        return True

    # ------------------------------------------------------------------ what moves
    def closure(self, atoms: list[Atom], gathering: Gathering) -> list[Atom]:
        """The statements that build graph, with those that give the names of graph values which they read."""
        found = {a.number: a for a in atoms}
        queue = list(atoms)
        while queue:
            atom = queue.pop()
            for name in atom.reads:
                if name.value == gathering.target:
                    continue
                for other in self.region.atoms:
                    if other.number in found or other is gathering.atom or name.value not in other.binds:
                        continue
                    value = self.staging.value_in(other.binds[name.value], self.frame)
                    if is_graph(value):
                        found[other.number] = other
                        queue.append(other)
        return [found[number] for number in sorted(found)]

    def check(self, atom: Atom, gathering: Gathering) -> None:
        """A statement may move that runs once, whatever stands around it, and does nothing else."""
        statement = atom.statement
        if _runs_graph(atom) or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
            raise Impossible
        match statement.body[0]:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name() | cst.Tuple())]):
                pass
            case cst.Expr(value=cst.Call()):
                pass
            case _:
                raise Impossible
        if atom.changes:
            raise Impossible
        for parent in atom.parents:
            if asks_for_entry(parent):
                continue
            if parent not in self.region.dissolved or not self.is_harmless(cast(cst.With, parent)):
                raise Impossible
        for node in walk(atom.statement):
            if isinstance(node, cst.Lambda | cst.Await | cst.NamedExpr):
                raise Impossible

    def check_between(self, gathering: Gathering) -> None:
        """What a method of the object does besides building comes earlier now: nothing there may be in its way."""
        last = max((a.number for a in gathering.moved if isinstance(_small(a), cst.Expr)), default=0)
        for atom in self.region.atoms:
            if not gathering.atom.number < atom.number < last or atom in gathering.moved:
                continue
            if isinstance(atom.statement, cst.With) and atom.statement in self.region.dissolved:
                continue
            value = getattr(_small(atom), "value", None)
            opened = value is not None and isinstance(self.staging.value_in(value, self.frame), Session | Setting)
            calls = any(isinstance(node, cst.Call) for node in walk(atom.statement))
            names = {node.value for node in walk(atom.statement) if isinstance(node, cst.Name)}
            if gathering.target in names or (not opened and (calls or (self.region.is_module and atom.binds))):
                raise Impossible

    def is_harmless(self, block: cst.With) -> bool:
        for item in block.items:
            value = self.staging.value_in(item.item, self.frame)
            if isinstance(value, Scope) and value.name not in HARMLESS_SCOPES:
                return False
            if item.asname is not None and isinstance(value, Scope):
                return False
        return True

    # ------------------------------------------------------------------ names
    def names(self, gathering: Gathering) -> None:
        """Moved names become attributes where anything else reads them, and locals of the builder elsewhere."""
        moved = gathering.statements
        owner = self.frame.owner
        taken = {n.attr.value for m in self.modules for n in walk(m.tree) if isinstance(n, cst.Attribute)}
        for cls in self.staging.classes:
            taken |= set(cls.members)
        free = bound_in(gathering.builder) | _plain_names(gathering.builder)
        outside = {n.value for n in _reads_of(owner, moved)}
        for module in self.modules:
            for node in walk(module.tree):
                if isinstance(node, cst.Global | cst.Nonlocal):
                    outside |= {"global " + item.name.value for item in node.names}
        for atom in gathering.moved:
            for name in atom.binds:
                others = [a for a in self.region.atoms if name in a.binds and id(a.statement) not in moved]
                if others or "global " + name in outside or name == gathering.target:
                    raise Impossible
                if name in gathering.attributes or name in gathering.locals or name in gathering.aliases:
                    continue
                alias = self.alias(atom, gathering)
                if alias:
                    gathering.aliases[name] = alias
                    gathering.gone.add(id(atom.statement))
                elif name in outside:
                    gathering.attributes[name] = free_name(name, taken)
                    taken.add(gathering.attributes[name])
                else:
                    gathering.locals[name] = free_name(name, free)
                    free.add(gathering.locals[name])

    def alias(self, atom: Atom, gathering: Gathering) -> str:
        """``loss = net.loss`` only gives another name to an attribute."""
        match cast(cst.SimpleStatementLine, atom.statement).body[0]:
            case cst.Assign(
                targets=[cst.AssignTarget(target=cst.Name())],
                value=cst.Attribute(value=cst.Name(value=base), attr=attr),
            ) if base == gathering.target and sum(bool(set(atom.binds) & set(a.binds)) for a in self.region.atoms) == 1:
                return attr.value
        return ""

    def arguments(self, gathering: Gathering) -> None:
        """Graph values that were handed to the constructor are made inside of it now."""
        params = [p.name.value for p in gathering.builder.params.params][1:]
        rebound = {n for s in gathering.builder.body.body for n in bound_by(s)}
        for index, arg in enumerate(gathering.call.args):
            value = self.staging.value_in(arg.value, self.frame)
            if arg.star:
                raise Impossible
            if not is_graph(value):
                continue
            name = arg.keyword.value if arg.keyword is not None else params[index] if index < len(params) else ""
            if not isinstance(arg.value, cst.Name) or not name or name in rebound:
                raise Impossible
            given = arg.value.value
            if given in gathering.locals:
                # It is read as an argument only.
                gathering.dropped[name] = given
            elif given in gathering.attributes:
                gathering.dropped[name] = given
            else:
                raise Impossible
        for name, given in gathering.dropped.items():
            self.adopt(name, given, gathering)

    def adopt(self, name: str, given: str, gathering: Gathering) -> None:
        """Where the builder keeps an argument as ``self.x = x``, that is the attribute that it becomes."""
        receiver = gathering.receiver
        for statement in gathering.builder.body.body:
            match statement:
                case cst.SimpleStatementLine(
                    body=[
                        cst.Assign(
                            targets=[
                                cst.AssignTarget(target=cst.Attribute(value=cst.Name(value=base), attr=attr))
                            ],
                            value=cst.Name(value=source),
                        )
                    ]
                ) if base == receiver and source == name:
                    if self.sets(gathering.builder, attr.value) == 1:
                        gathering.kept_as.add(id(statement))
                        gathering.locals.pop(given, None)
                        gathering.attributes[given] = attr.value
                        return

    def sets(self, builder: cst.FunctionDef, attribute: str) -> int:
        return sum(
            isinstance(n, cst.Attribute) and n.attr.value == attribute
            for t in walk(builder)
            if isinstance(t, cst.AssignTarget | cst.AugAssign)
            for n in walk(t.target)
        )

    # ------------------------------------------------------------------ what moved statements read
    def reads(self, atom: Atom, gathering: Gathering) -> None:
        """Every name that a moved statement reads has to mean the same inside the builder, or becomes an argument."""
        statement = cast(cst.Assign | cst.Expr, cast(cst.SimpleStatementLine, atom.statement).body[0])
        value = statement.value
        targets = [c.target for c in walk(value) if isinstance(c, cst.CompFor)]
        comprehended = {n.value for t in targets for n in walk(t) if isinstance(n, cst.Name)}
        parents = {id(child): node for node in walk(value) for child in children(node)}
        if comprehended & (bound_in(gathering.builder) | set(gathering.locals) | set(gathering.attributes)):
            raise Impossible
        for name in names_read(value):
            text = name.value
            if text in comprehended:
                continue
            if text == gathering.target:
                if atom.number < gathering.atom.number:
                    raise Impossible
                gathering.inside[id(name)] = cst.Name(gathering.receiver)
            elif text in gathering.aliases:
                attribute = cst.Name(gathering.aliases[text])
                gathering.inside[id(name)] = cst.Attribute(cst.Name(gathering.receiver), attribute)
            elif text in gathering.attributes:
                attribute = cst.Name(gathering.attributes[text])
                gathering.inside[id(name)] = cst.Attribute(cst.Name(gathering.receiver), attribute)
            elif text in gathering.locals:
                gathering.inside[id(name)] = cst.Name(gathering.locals[text])
            elif not self.means_the_same(text, gathering):
                self.argument(name, parents, atom, gathering)
            elif self.frame.holder(text) is not None and not isinstance(self.frame.lookup(text), FIXED):
                self.steady.check(chain_of(name, parents), text, atom, gathering.atom, gathering.moved)

    def means_the_same(self, name: str, gathering: Gathering) -> bool:
        """Whether a name of the region is, inside the builder, the same thing without being handed over."""
        if name in bound_in(gathering.builder):
            return False
        holder = self.frame.holder(name)
        home = self.staging.module_frames.get(gathering.home.key)
        if holder is None:
            return home is None or name not in home.env
        if not isinstance(holder.owner, cst.Module):
            return False
        value = holder.env[name]
        if holder is home:
            atoms = [a for a in self.region.atoms if name in a.binds] if holder is self.frame else []
            return all(a.number < gathering.atom.number for a in atoms)
        other = home.env.get(name) if home is not None else None
        match value, other:
            case (Symbol(name=a), Symbol(name=b)) | (Foreign(name=a), Foreign(name=b)):
                return a == b
            case Builtin(name=a), Builtin(name=b):
                return a == b
            case ProjectModule(frame=a2), ProjectModule(frame=b2):
                return a2 is b2
            case (Function() | Class()), _:
                return value is other
        return False

    def argument(
        self, name: cst.Name, parents: dict[int, cst.CSTNode], atom: Atom, gathering: Gathering
    ) -> None:
        """A host value that the builder is handed, from now on or already."""
        if isinstance(self.frame.lookup(name.value), Function | Class | Symbol | Foreign | ProjectModule | Session):
            raise Impossible
        chain = chain_of(name, parents)
        self.steady.check(chain, name.value, atom, gathering.atom, gathering.moved)
        text = gathering.module.tree.code_for_node(chain.with_changes(lpar=(), rpar=()))
        known = self.parameter(text, gathering)
        if known is not None:
            gathering.inside[id(chain)] = known
            return
        if text not in gathering.added:
            last = chain.attr.value if isinstance(chain, cst.Attribute) else name.value
            names = bound_in(gathering.builder) | _plain_names(gathering.builder)
            names |= {n for n, _ in gathering.added.values()} | set(gathering.locals.values())
            gathering.added[text] = (free_name(last.lower() if last.isupper() else last, names), chain)
        gathering.inside[id(chain)] = cst.Name(gathering.added[text][0])

    def parameter(self, text: str, gathering: Gathering) -> cst.BaseExpression | None:
        """The same value by way of an argument that the constructor gets already."""
        params = [p.name.value for p in gathering.builder.params.params][1:]
        rebound = {n for s in gathering.builder.body.body for n in bound_by(s)}
        for index, arg in enumerate(gathering.call.args):
            name = arg.keyword.value if arg.keyword is not None else params[index] if index < len(params) else ""
            given = gathering.module.tree.code_for_node(arg.value)
            if not name or name in rebound or name in gathering.dropped:
                continue
            if given == text:
                return cst.Name(name)
            if isinstance(arg.value, cst.Name | cst.Attribute) and text.startswith(f"{given}."):
                return cst.parse_expression(name + text.removeprefix(given))
        return None


def _runs_graph(atom: Atom) -> bool:
    """Whether a statement runs more than initializers."""
    fetched = [list(nodes_in(site.fetches)) for site in atom.runs]
    return any(not nodes or any(node.kind != "init" for node in nodes) for nodes in fetched)


def _small(atom: Atom) -> cst.CSTNode:
    """The one part of a simple statement, or the statement."""
    statement = atom.statement
    return statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else statement


def _called(atom: Atom) -> cst.Call | None:
    """The call whose result a statement gives a name to."""
    match atom.statement:
        case cst.SimpleStatementLine(body=[cst.Assign(targets=[_], value=cst.Call() as call)]):
            return call
    return None


def _only_initializes(node: object) -> bool:
    inputs = getattr(node, "inputs", ())
    return getattr(node, "kind", "") == "group" and bool(inputs) and all(i.kind == "init" for i in inputs)


def _plain_names(node: cst.CSTNode) -> set[str]:
    return {n.value for n in _reads_of(node, set())}


def _reads_of(node: cst.CSTNode, without: set[int]) -> Iterator[cst.Name]:
    """Names in ``node`` that are no attributes, keywords or parameters, outside of some statements."""
    stack = [node]
    while stack:
        current = stack.pop()
        if id(current) in without:
            continue
        match current:
            case cst.Name():
                yield current
            case cst.Attribute(value=base):
                stack.append(base)
            case cst.Arg(value=value):
                stack.append(value)
            case cst.Param(default=default):
                if default is not None:
                    stack.append(default)
            case _:
                stack.extend(children(current))
