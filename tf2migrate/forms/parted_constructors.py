"""Constructors that make variables and compute with tensors that they are given: which statements make, which compute.

``self.W = tf.Variable(...)`` stays in the constructor; ``self.output = tf.matmul(x, self.W)``, where ``x`` is a tensor
that the constructor is given, is for another method.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Class, Instance, Node, Value, nodes_in
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.names.tree import is_docstring, parameter_names, walk
from tf2migrate.plan.keepers import constructor, is_state, lineage


class Whole(Exception):
    """The constructor cannot be parted."""


@dataclass(eq=False, slots=True)
class Parted:
    """A class with its constructor in two parts.

    ``tensors`` are the parameters that the computing part is given. ``outputs`` are the attributes that it set, with
    the name that each has there; those of ``given`` are such parameters under another name. ``saved`` are host values
    of the constructor that the computing part reads through attributes: local name to attribute. ``added`` are those
    of these attributes that are new.
    """

    cls: Class
    init: cst.FunctionDef
    frames: list[Frame]
    calls: list[cst.Call]
    tensors: list[str] = field(default_factory=list)
    computing: list[cst.CSTNode] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)
    outputs: dict[str, str] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)

    @property
    def receiver(self) -> str:
        return self.init.params.params[0].name.value

    @property
    def given(self) -> dict[str, str]:
        return {attr: name for attr, name in self.outputs.items() if name in self.tensors}

    def own(self, node: cst.CSTNode) -> str:
        """The attribute that ``self.x`` in the constructor is; empty for anything else."""
        match node:
            case cst.Attribute(value=cst.Name(value=base), attr=attr) if base == self.receiver:
                return attr.value
        return ""


def innermost(staging: Staging) -> list[Parted]:
    """The classes whose constructors can be parted, without those that make objects of others of them."""
    found = [parted for cls in staging.classes if (parted := _candidate(staging, cls)) is not None]
    frames = {id(f): p for p in found for f in p.frames}
    outer = set()
    for parted in found:
        for frame in parted.frames:
            steps = frame.called_from.steps if frame.called_from is not None else ()
            outer |= {id(frames[id(s.frame)]) for s in steps if id(s.frame) in frames}
    out: list[Parted] = []
    for parted in found:
        if id(parted) not in outer:
            try:
                _Parting(staging, parted).part()
            except Whole:
                continue
            out.append(parted)
    return out


def _candidate(staging: Staging, cls: Class) -> Parted | None:
    """A class whose constructor is given tensors, makes variables that the object keeps, and computes with both."""
    init = constructor(cls)
    if init is None or len(lineage(cls)) > 1 or not init.params.params or init.decorators:
        return None
    seen = [(call, frame) for call, frame, _ in staging.calls.get(id(init), ())]
    calls = list({id(call): call for call, _ in seen}.values())
    parted = Parted(cls, init, [frame for _, frame in seen], calls)
    receivers = [frame.entry[parted.receiver] for frame in parted.frames]
    plain = not any(isinstance(p, cst.Param) for p in (init.params.star_arg, init.params.star_kwarg))
    if not receivers or not plain or init.params.posonly_params or init.params.kwonly_params:
        return None
    for receiver in receivers:
        if not isinstance(receiver, Instance) or receiver.cls is not cls:
            return None
        kept = list(nodes_in(receiver))
        if any(n.kind == "placeholder" for n in _made_in(kept, parted.frames)) or not any(map(is_state, kept)):
            return None
    makes = any(is_state(n) and any(s.frame in parted.frames for s in n.place.steps) for n in staging.nodes)
    computed = any(_is_tensor(v) for r in receivers if isinstance(r, Instance) for v in r.attributes.values())
    return parted if makes and computed else None


def _made_in(nodes: list[Node], frames: list[Frame]) -> Iterator[Node]:
    for node in nodes:
        if any(step.frame in frames for step in node.place.steps):
            yield node


def _is_tensor(value: Value | None) -> bool:
    """Whether a value is, or holds, part of the graph that is not state: what only a run has."""
    return not isinstance(value, Instance) and any(not is_state(node) for node in nodes_in(value))


class _Parting:
    """Parts one constructor. Raises ``Whole``."""

    def __init__(self, staging: Staging, parted: Parted) -> None:
        self.staging = staging
        self.parted = parted
        body = list(parted.init.body.body)
        self.body = body[1:] if is_docstring(body[0]) else body
        self.index = {id(statement): number for number, statement in enumerate(self.body)}

    def part(self) -> None:
        parted = self.parted
        if not isinstance(parted.init.body, cst.IndentedBlock):
            raise Whole
        if any(isinstance(n, cst.Return | cst.Global | cst.Nonlocal | cst.Yield) for n in walk(parted.init)):
            raise Whole
        self.parameters()
        self.drop_untaken()
        self.sort()
        self.attributes()
        self.locals()

    # ------------------------------------------------------------------ parameters
    def parameters(self) -> None:
        """Which parameters hold tensors: each in all calls, or in none."""
        for param in self.parted.init.params.params[1:]:
            values = [frame.entry.get(param.name.value) for frame in self.parted.frames]
            tensors = [_is_tensor(value) for value in values]
            if not any(tensors):
                continue
            if not all(tensors) or not all(isinstance(value, Node) for value in values):
                raise Whole
            self.parted.tensors.append(param.name.value)
        if not self.parted.tensors:
            raise Whole

    def drop_untaken(self) -> None:
        """``if x is None: ...`` of a tensor that is always given never happened."""
        for statement in self.body:
            match statement:
                case cst.If(
                    test=cst.Comparison(
                        left=cst.Name(value=name),
                        comparisons=[cst.ComparisonTarget(operator=cst.Is(), comparator=cst.Name(value="None"))],
                    ),
                    orelse=None,
                ) if name in self.parted.tensors:
                    self.parted.dropped.add(id(statement))

    # ------------------------------------------------------------------ statements
    def sort(self) -> None:
        """Tells the computing statements: those that compute, and those that read what these bind."""
        computing: set[int] = set()
        left = [s for s in self.body if id(s) not in self.parted.dropped]
        for statement in left:
            makes, computes = self.makes(statement), self.computes(statement) or self.reads_tensors(statement)
            if makes and computes:
                raise Whole
            if computes:
                computing.add(id(statement))
        changed = True
        while changed:
            changed = False
            names, attributes = self.bound([s for s in left if id(s) in computing])
            for statement in left:
                if id(statement) in computing or not (
                    names & {n.value for n in names_read(statement)} or attributes & self.attributes_read(statement)
                ):
                    continue
                if self.makes(statement):
                    raise Whole
                computing.add(id(statement))
                changed = True
        self.parted.computing = [s for s in left if id(s) in computing]
        if not self.parted.computing:
            raise Whole

    def nodes(self, statement: cst.CSTNode) -> Iterator[Node]:
        """What was made while a statement ran, in any of the calls."""
        for node in self.staging.nodes:
            if any(s.frame in self.parted.frames and s.statement is statement for s in node.place.steps):
                yield node

    def makes(self, statement: cst.CSTNode) -> bool:
        return any(is_state(node) for node in self.nodes(statement))

    def computes(self, statement: cst.CSTNode) -> bool:
        """Whether a statement makes a tensor that is no part of the initial value of a variable."""
        made = list(self.nodes(statement))
        if any(not is_state(n) and n.kind not in ("tensor", "init") for n in made):
            raise Whole
        if any(is_state(n) for n in made):
            return any(n.kind == "tensor" and _is_fed(n) for n in made)
        return any(n.kind == "tensor" for n in made)

    def reads_tensors(self, statement: cst.CSTNode) -> bool:
        for node in walk(statement):
            if isinstance(node, cst.Name | cst.Attribute):
                values = [self.staging.value_in(node, frame) for frame in self.parted.frames]
                if any(_is_tensor(value) for value in values):
                    return True
        return bool({n.value for n in names_read(statement)} & set(self.parted.tensors))

    def bound(self, statements: Iterable[cst.CSTNode]) -> tuple[set[str], set[str]]:
        """Names and attributes of the object that statements set."""
        names: set[str] = set()
        attributes: set[str] = set()
        for statement in statements:
            names |= {name for name, _ in bindings(statement)}
            attributes |= set(self.attributes_set(statement))
        return names, attributes

    def attributes_set(self, statement: cst.CSTNode) -> list[str]:
        out: list[str] = []
        for node in walk(statement):
            if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.AnnAssign | cst.For):
                out += [name for part in walk(node.target) if (name := self.parted.own(part))]
        return out

    def attributes_read(self, statement: cst.CSTNode) -> set[str]:
        targets = {id(n.target) for n in walk(statement) if isinstance(n, cst.AssignTarget)}
        return {name for n in walk(statement) if id(n) not in targets and (name := self.parted.own(n))}

    # ------------------------------------------------------------------ what the computing part calls things
    def attributes(self) -> None:
        """Attributes that the computing part sets are names in it; nothing else may set them."""
        parted = self.parted
        computing = parted.computing
        names, attributes = self.bound(computing)
        others = [s for s in self.body if s not in computing and id(s) not in parted.dropped]
        if attributes & self.bound(others)[1] or names & self.bound(others)[0]:
            raise Whole
        if names & set(self.host_parameters()) or attributes & self.set_elsewhere():
            raise Whole
        taken = {n.value for s in self.body for n in walk(s) if isinstance(n, cst.Name)} - attributes
        taken |= parameter_names(parted.init) | names
        for statement in computing:
            attribute, name = self.renaming(statement, names)
            if attribute and self.all_sets(computing, attribute) == 1 and attribute not in parted.outputs:
                parted.outputs[attribute] = name
                parted.dropped.add(id(statement))
        for attribute in sorted(attributes - set(parted.outputs), key=lambda a: (self.order(computing, a), a)):
            name = attribute.strip("_") or "value"
            while name in taken or keyword.iskeyword(name):
                name += "_"
            taken.add(name)
            parted.outputs[attribute] = name
        if set(parted.tensors) & names:
            # A parameter that is bound again is another tensor from there on.
            given = {name for name in parted.outputs.values() if name in names}
            if given & set(parted.tensors):
                raise Whole

    def renaming(self, statement: cst.CSTNode, names: set[str]) -> tuple[str, str]:
        """``self.output = output``: the attribute and the name of which it is another one all the time."""
        match statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=cst.Name(value=name))]
            ) if self.parted.own(target):
                times = sum(n == name for s in self.parted.computing for n, _ in bindings(s))
                before = all(
                    self.index[id(s)] < self.index[id(statement)]
                    for s in self.parted.computing
                    if name in {n for n, _ in bindings(s)}
                )
                tensor = name in self.parted.tensors and name not in names
                if tensor or (name in names and before and times >= 1):
                    return self.parted.own(target), name
        return "", ""

    def all_sets(self, statements: list[cst.CSTNode], attribute: str) -> int:
        return sum(self.attributes_set(s).count(attribute) for s in statements)

    def order(self, statements: list[cst.CSTNode], attribute: str) -> int:
        return next(i for i, s in enumerate(statements) if attribute in self.attributes_set(s))

    def set_elsewhere(self) -> set[str]:
        """Attributes that other methods of the class set."""
        out: set[str] = set()
        for method in self.parted.cls.definition.body.body:
            if isinstance(method, cst.FunctionDef) and method is not self.parted.init:
                for node in walk(method):
                    if isinstance(node, cst.AssignTarget | cst.AugAssign):
                        out |= {part.attr.value for part in walk(node.target) if isinstance(part, cst.Attribute)}
        return out

    def host_parameters(self) -> list[str]:
        params = [p.name.value for p in self.parted.init.params.params]
        return [name for name in params if name not in self.parted.tensors]

    def locals(self) -> None:
        """Host values and variables of the constructor that the computing part reads, by their attributes."""
        parted = self.parted
        own, _ = self.bound(parted.computing)
        others = [s for s in self.body if s not in parted.computing and id(s) not in parted.dropped]
        outer = {name for s in others for name, _ in bindings(s)} | set(self.host_parameters()) - {parted.receiver}
        for statement in parted.computing:
            if id(statement) in parted.dropped:
                continue
            later = [s for s in others if self.index[id(s)] > self.index[id(statement)]]
            names, attributes = self.bound(later)
            if attributes & self.attributes_read(statement):
                raise Whole
            for read in names_read(statement):
                if read.value in own or read.value not in outer:
                    continue
                if read.value in names:
                    raise Whole
                if read.value not in parted.saved:
                    parted.saved[read.value] = self.attribute_of(read.value, others)

    def attribute_of(self, name: str, others: list[cst.CSTNode]) -> str:
        """The attribute that keeps a local value of the constructor: one that is there, or a new one."""
        parted = self.parted
        last = max((self.index[id(s)] for s in others if name in {n for n, _ in bindings(s)}), default=-1)
        for statement in others:
            match statement:
                case cst.SimpleStatementLine(
                    body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=cst.Name(value=value))]
                ) if value == name and (attribute := parted.own(target)) and self.index[id(statement)] > last:
                    if self.all_sets(others, attribute) == 1 and attribute not in self.set_elsewhere():
                        return attribute
        taken = set(parted.cls.members) | {
            n.attr.value for n in walk(parted.cls.definition) if isinstance(n, cst.Attribute)
        }
        taken |= {a for frame in parted.frames for a in _attributes(frame.entry[parted.receiver])}
        attribute = name
        while attribute in taken:
            attribute += "_"
        parted.added.append(name)
        return attribute


def _attributes(value: Value) -> list[str]:
    return list(value.attributes) if isinstance(value, Instance) else []


def _is_fed(node: Node) -> bool:
    """Whether a feed or a variable is behind a tensor."""
    stack, seen = list(node.inputs), set()
    while stack:
        current = stack.pop()
        if current.number in seen:
            continue
        seen.add(current.number)
        if current.kind != "tensor":
            return True
        stack.extend(current.inputs)
    return node.details.get("owner") is not None

