"""Graph that a method builds before it runs the rest moves to the method that builds the rest.

``train`` often begins with the optimizer and goes on with the session. An object that is one graph builds all of it
in one method: ``optimizer = ...`` at the head of ``train`` becomes ``self.optimizer = ...`` at the end of the
constructor. What it reads of an argument of ``train`` (``config.rate``) the constructor is given as well. The result is
an equivalent TensorFlow 1 program, as long as what it reads is there and the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.steadiness import Impossible, chain_of, check_never_set, is_steady
from tf2migrate.forms.traced import Left, Renamed, Traced, fresh
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Host, Instance, Node, nodes_in
from tf2migrate.names.bindings import bindings, bound_in, changed_names, names_read
from tf2migrate.names.free import free_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk

EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
Statement = cst.SimpleStatementLine | cst.With


@dataclass(slots=True)
class _Prologue:
    """What moves from one method to another, and by which names it is known there and here."""

    source: cst.FunctionDef
    target: cst.FunctionDef
    statements: list[Statement]
    there: dict[str, cst.BaseExpression] = field(default_factory=dict)
    here: dict[str, cst.BaseExpression] = field(default_factory=dict)
    calls: list[cst.Call] = field(default_factory=list)
    given: dict[str, cst.BaseExpression] = field(default_factory=dict)
    """What the building method is given from now on, in its call, by the names of its new parameters."""


def without_prologues(staging: Staging, modules: list[Module], nodes: list[Node]) -> list[Module] | None:
    """The modules with such graph moved; ``nodes`` are those of the graph. None where there is none, or no way."""
    found = _Finder(staging, modules, nodes).find()
    if not found:
        return None
    touched = {found[0].target, *(call for p in found for call in p.calls if p.given)}
    homes = {m.key for m in modules if any(n in touched for n in walk(m.tree))}
    return [_Mover(m, found).apply(m) if m.key in homes else m for m in modules]


class _Finder:
    """Finds the methods that run the graph and begin by building a part of it."""

    def __init__(self, staging: Staging, modules: list[Module], nodes: list[Node]) -> None:
        self.staging = staging
        self.modules = modules
        self.nodes = nodes
        self.calls: dict[int, int] = {}
        for frame in staging.frames:
            self.calls[id(frame.owner)] = self.calls.get(id(frame.owner), 0) + 1

    def find(self) -> list[_Prologue]:
        sources = [frame for frame in self.staging.frames if self.is_source(frame)]
        inside = {n.number for n in self.nodes for f in sources if n.place.statement_in(f) is not None}
        rest = [n for n in self.nodes if n.number not in inside]
        target = self.target(rest, sources[0]) if sources and rest else None
        if target is None:
            return []
        found: list[_Prologue] = []
        for source in sources:
            made = self.prologue(source, target, {a for p in found for a in p.here})
            if made is None:
                return []
            found.append(made)
        return found

    def is_source(self, frame: Frame) -> bool:
        """Whether this is the one call of a method that builds graph and runs some."""
        owner = frame.owner
        if not isinstance(owner, cst.FunctionDef) or self.calls[id(owner)] != 1:
            return False
        receiver = next(iter(frame.entry.values()), None)
        return (
            isinstance(receiver, Instance)
            and frame.called_from is not None
            and any(self.runs_in(frame))
            and any(n.place.statement_in(frame) is not None for n in self.nodes)
        )

    def runs_in(self, frame: Frame) -> list[cst.CSTNode]:
        """The statements of a frame in which more than an initializer is run."""
        found = []
        for site in self.staging.runs:
            statements = [step.statement for step in site.place.steps if step.frame is frame]
            if statements and any(n.kind != "init" for n in nodes_in(site.fetches)):
                found.append(statements[-1])
        return found

    def target(self, rest: list[Node], source: Frame) -> Frame | None:
        """The outermost call of a method of the same object in which the rest of the graph is built."""
        receiver = next(iter(source.entry.values()))
        common = list(dict.fromkeys(step.frame for step in rest[0].place.steps))
        for node in rest[1:]:
            inside = {id(step.frame) for step in node.place.steps}
            common = [frame for frame in common if id(frame) in inside]
        for frame in common:
            first = next(iter(frame.entry.values()), None)
            if first is receiver and isinstance(frame.owner, cst.FunctionDef) and frame.module == source.module:
                alone = self.calls[id(frame.owner)] == 1 and not self.runs_in(frame)
                return frame if alone and _ends_openly(frame.owner) else None
        return None

    # ------------------------------------------------------------------ what moves
    def prologue(self, source: Frame, target: Frame, taken: set[str]) -> _Prologue | None:
        owner, builder = cast(cst.FunctionDef, source.owner), cast(cst.FunctionDef, target.owner)
        made = _Prologue(owner, builder, [])
        running = self.runs_in(source)
        holding = {id(step.statement) for site in self.staging.runs for step in site.place.steps}
        places = [node.place for node in self.nodes] + [o.place for o in self.staging.optimizers]
        for place in places:
            steps = [step.statement for step in place.steps if step.frame is source]
            if not steps:
                continue
            unit = next((s for s in steps if id(s) not in holding), None)
            above = steps[: steps.index(unit)] if unit is not None else []
            if not isinstance(unit, cst.SimpleStatementLine | cst.With):
                return None
            if not all(isinstance(s, cst.With) for s in above):
                return None
            if not any(unit is known for known in made.statements):
                made.statements.append(unit)
        order = {id(node): index for index, node in enumerate(walk(owner.body))}
        made.statements.sort(key=lambda s: order[id(s)])
        if not made.statements or order[id(made.statements[-1])] > min(order.get(id(s), 0) for s in running):
            return None
        return made if self.names(made, source, target, taken) else None

    # ------------------------------------------------------------------ by which names
    def names(self, made: _Prologue, source: Frame, target: Frame, taken: set[str]) -> bool:
        """Settles what each name of the statements is called in the other method; False where one has no name."""
        receiver, builder = next(iter(source.entry)), next(iter(target.entry))
        attributes = {n.attr.value for m in self.modules for n in walk(m.tree) if isinstance(n, cst.Attribute)}
        bound = [name for statement in made.statements for name, _ in bindings(statement)]
        every = [name for name, _ in bindings(made.source.body)]
        for name in dict.fromkeys(bound):
            if every.count(name) != 1:
                return False
            free = name
            while free in attributes or free in taken:
                free = f"{free}_op"
            taken.add(free)
            made.there[name] = cst.Attribute(cst.Name(builder), cst.Name(free))
            made.here[name] = cst.Attribute(cst.Name(receiver), cst.Name(free))
        made.there[receiver] = cst.Name(builder)
        for statement in made.statements:
            if changed_names(statement, lambda base: True) - {receiver, *bound}:
                return False
            for read in names_read(statement):
                if read.value in made.there:
                    continue
                known = self.reached(read.value, source, target)
                if known is None:
                    known = self.handed(made, read, statement, source, target)
                if known is None:
                    return False
                if known:
                    made.there[read.value] = cst.parse_expression(known)
            if not self.attributes_are_final(made, statement, receiver, target):
                return False
        return True

    def reached(self, name: str, source: Frame, target: Frame) -> str | None:
        """What a name of the running method is in the building one; empty for a name that means the same there."""
        owner, builder = cast(cst.FunctionDef, source.owner), cast(cst.FunctionDef, target.owner)
        if name not in bound_in(owner):
            return "" if name not in bound_in(builder) and is_steady(self.modules, name, source.module) else None
        if name not in source.entry or any(found == name for found, _ in bindings(owner.body)):
            return None
        value = source.entry[name]
        rebound = {found for found, _ in bindings(builder.body)}
        same = next((n for n, v in target.entry.items() if v is value and n not in rebound), None)
        if same is None and isinstance(value, Const) and isinstance(value.value, int | float | str | None):
            return repr(value.value)
        return same

    def handed(
        self, made: _Prologue, read: cst.Name, statement: Statement, source: Frame, target: Frame
    ) -> str | None:
        """The new parameter by which the building method gets what the running one is given."""
        owner, builder = cast(cst.FunctionDef, source.owner), cast(cst.FunctionDef, target.owner)
        params = builder.params
        if read.value not in source.entry or any(found == read.value for found, _ in bindings(owner.body)):
            return None
        if target.call is None or source.call is None or params.kwonly_params or params.star_kwarg is not None:
            return None
        callers = [frame.called_from.steps[-1].frame for frame in (source, target) if frame.called_from is not None]
        given = _argument(owner, source.call, read.value)
        if callers[0] is not callers[-1] or not isinstance(given, cst.Name) or isinstance(params.star_arg, cst.Param):
            return None
        if not isinstance(source.entry[read.value], Host) or not self.is_same_before(given, callers[0], source, target):
            return None
        parents = {id(child): node for node in walk(statement) for child in children(node)}
        chain = chain_of(read, parents)
        try:
            check_never_set(self.modules, chain)
        except Impossible:
            return None
        name = free_name(read.value, {n.value for n in walk(builder) if isinstance(n, cst.Name)} - set(made.given))
        made.calls = [target.call]
        made.given[name] = given
        return name

    def is_same_before(self, given: cst.Name, caller: Frame, source: Frame, target: Frame) -> bool:
        """Whether a name of the calling code stands for one object, from before the first of two calls."""
        body = getattr(caller.owner, "body", None)
        if isinstance(caller.owner, cst.FunctionDef) and given.value in bound_in(caller.owner):
            found = [node for name, node in bindings(cast(cst.CSTNode, body)) if name == given.value]
            if given.value in caller.entry:
                return not found
            order = {id(node): index for index, node in enumerate(walk(caller.owner))}
            making = target.called_from.statement_in(caller) if target.called_from is not None else None
            return len(found) == 1 and order[id(found[0])] < order.get(id(making), -1)
        return is_steady(self.modules, given.value, caller.module)

    def attributes_are_final(
        self, made: _Prologue, statement: Statement, receiver: str, target: Frame
    ) -> bool:
        """Whether the attributes that a statement reads are set while the object is built, and not later."""
        read = {
            node.attr.value
            for node in walk(statement)
            if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value == receiver
        }
        building = {
            id(frame.owner)
            for frame in self.staging.frames
            if frame is target or (frame.called_from and frame.called_from.statement_in(target) is not None)
        }
        moved = {id(n) for s in made.statements for n in walk(s)}
        stack: list[cst.CSTNode] = [module.tree for module in self.modules]
        while stack:
            node = stack.pop()
            if id(node) in building or id(node) in moved:
                continue
            match node:
                case cst.AssignTarget(target=cst.Attribute(attr=attr)) | cst.AugAssign(target=cst.Attribute(attr=attr)):
                    if attr.value in read:
                        return False
            stack.extend(children(node))
        return True


def _argument(method: cst.FunctionDef, call: cst.Call, name: str) -> cst.BaseExpression | None:
    """What a call of a method gives for a parameter."""
    places = [param.name.value for param in method.params.params[1:]]
    if any(arg.star for arg in call.args):
        return None
    for place, arg in enumerate(call.args):
        if (arg.keyword.value if arg.keyword is not None else next(iter(places[place:]), "")) == name:
            return arg.value
    return None


def _ends_openly(function: cst.FunctionDef) -> bool:
    """Whether a statement may be added at the end of a function: it returns nowhere else, and opens no graph."""
    last = function.body.body[-1]
    final = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else None
    for node in walk(function.body):
        if isinstance(node, cst.Return) and node is not final:
            return False
        if isinstance(node, cst.Attribute) and node.attr.value == "as_default":
            return False
    return isinstance(function.body, cst.IndentedBlock)


class _Mover(Traced):
    """Moves the statements."""

    def __init__(self, module: Module, prologues: list[_Prologue]) -> None:
        super().__init__(module)
        self.prologues = prologues
        self.gone = {id(s) for p in prologues for s in p.statements}
        self.given = {name: value for p in prologues for name, value in p.given.items()}
        self.calls = {id(call) for p in prologues for call in p.calls}
        self.added: list[cst.BaseStatement] = []
        for prologue in prologues:
            for statement in prologue.statements:
                self.added.append(cast(cst.BaseStatement, statement.visit(Renamed(prologue.there, self))))

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(original, cst.FunctionDef):
            for prologue in self.prologues:
                if original is prologue.source:
                    renamed = cast(cst.FunctionDef, made).body.visit(Renamed(prologue.here, self))
                    made = cast(cst.FunctionDef, made).with_changes(body=renamed)
            if original is self.prologues[0].target:
                block = cast(cst.IndentedBlock, cast(cst.FunctionDef, made).body)
                last = block.body[-1]
                returns = isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Return)
                body = [*block.body[:-1], *self.added, last] if returns else [*block.body, *self.added]
                made = cast(cst.FunctionDef, made).with_changes(body=block.with_changes(body=body))
                made = self.with_parameters(made)
        if id(original) in self.calls:
            call = cst.ensure_type(made, cst.Call)
            more = [cst.Arg(fresh(value, self), cst.Name(name), EQUAL) for name, value in self.given.items()]
            made = call.with_changes(args=[*call.args, *more])
        return made

    def with_parameters(self, function: cst.FunctionDef) -> cst.FunctionDef:
        """The building method with its new parameters, which other calls of it do not have to give."""
        params = function.params
        later = any(param.default is not None for param in params.params)
        added = [
            cst.Param(cst.Name(name), default=cst.Name("None"), equal=EQUAL) if later else cst.Param(cst.Name(name))
            for name in self.given
        ]
        return function.with_changes(params=params.with_changes(params=[*params.params, *added]))
