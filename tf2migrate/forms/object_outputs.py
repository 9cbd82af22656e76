"""Where the outputs of objects are read, and the names that hold them once the constructors give none.

``h.output`` is ``h_output``, which is bound wherever ``h`` is; ``self.layers[i].output`` is
``self.layers_output[i]``, a list that grows wherever ``self.layers`` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import libcst as cst

from tf2migrate.forms.parted_constructors import Parted, Whole
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Choice, Instance, Node, Unknown
from tf2migrate.graph.values import Sequence as Items
from tf2migrate.names.bindings import IN_PLACE, bindings
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, parameter_names, walk

# Builtins that find attributes by what they are given.
BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr", "vars"})

# What holds objects: a name of a scope, an attribute, or the items of one of these.
Key = tuple[object, ...]
Scopes = tuple[cst.CSTNode, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """A simple statement that gives an object, or a list of objects, a name."""

    line: cst.SimpleStatementLine
    target: cst.BaseExpression
    value: cst.BaseExpression


@dataclass(frozen=True, slots=True)
class Companion:
    """A statement behind a binding: the output of what is bound gets a name as well."""

    name: str
    value: cst.BaseExpression
    source: str
    """What the output of ``value`` is called; empty where ``value`` is an empty list."""


@dataclass(slots=True)
class Outputs:
    """The reads of outputs of some classes, by the identity of the attribute, with the name to read instead.

    ``methods`` are the outputs that methods of these classes read, by the identity of the method; ``calls`` what their
    calls hand over. ``made`` are the statements that construct, ``behind`` those that bind in another way.
    """

    staging: Staging
    modules: list[Module]
    parted: list[Parted]
    reads: dict[int, str] = field(default_factory=dict)
    methods: dict[int, list[str]] = field(default_factory=dict)
    calls: dict[int, list[str]] = field(default_factory=dict)
    wanted: dict[int, list[str]] = field(default_factory=dict)
    made: dict[int, dict[str, str]] = field(default_factory=dict)
    appended: dict[int, str] = field(default_factory=dict)
    behind: dict[int, list[Companion]] = field(default_factory=dict)
    names: dict[tuple[Key, str], str] = field(default_factory=dict)
    bound: dict[Key, list[Binding]] = field(default_factory=dict)
    grown: dict[Key, list[Binding]] = field(default_factory=dict)
    unclear: set[Key] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    called: set[int] = field(default_factory=set)

    def find(self) -> None:
        """Raises ``Whole`` where an output is read in a way that has no such name."""
        self.taken = {n.value for m in self.modules for n in walk(m.tree) if isinstance(n, cst.Name)}
        self.called = {id(n.func) for m in self.modules for n in walk(m.tree) if isinstance(n, cst.Call)}
        places = [place for module in self.modules for place in _places(module.tree, (module.tree,))]
        for node, scopes in places:
            self.collect(node, scopes)
        self.find_methods()
        for node, scopes in places:
            self.read(node, scopes)

    # ------------------------------------------------------------------ classes
    def class_of(self, node: cst.CSTNode) -> Parted | None:
        """The class that an expression is an object of. Raises ``Whole`` where it may be something else as well."""
        values = self.staging.values_of(node)
        found = [next((p for p in self.parted if isinstance(v, Instance) and v.cls is p.cls), None) for v in values]
        if not any(found):
            return None
        if any(p is not found[0] for p in found):
            raise Whole
        return found[0]

    def holds(self, node: cst.CSTNode) -> bool:
        """Whether an expression is an object of the classes, or a list of them."""
        known = [p.cls for p in self.parted]
        for value in self.staging.values_of(node):
            items = value.items if isinstance(value, Items) else [value]
            if any(isinstance(item, Instance) and item.cls in known for item in items):
                return True
        return False

    # ------------------------------------------------------------------ bindings
    def collect(self, node: cst.CSTNode, scopes: Scopes) -> None:
        match node:
            case cst.SimpleStatementLine(
                body=[
                    cst.Assign(targets=[cst.AssignTarget(target=cst.Name() | cst.Attribute() as target)], value=value)
                ]
            ):
                self.bound.setdefault(_key(target, scopes), []).append(Binding(node, target, value))
            case cst.SimpleStatementLine(
                body=[
                    cst.Expr(
                        value=cst.Call(
                            func=cst.Attribute(
                                value=cst.Name() | cst.Attribute() as base, attr=cst.Name(value="append")
                            ),
                            args=[cst.Arg(value=value, keyword=None, star="")],
                        )
                    )
                ]
            ):
                self.grown.setdefault(_key(base, scopes), []).append(Binding(node, base, value))
            case cst.SimpleStatementLine(body=body):
                for small in body:
                    self.collect_others(small, scopes)
            case cst.For(target=target) | cst.CompFor(target=target) | cst.NamedExpr(target=target):
                self.spoil(target, scopes)
            case cst.AsName(name=target):
                self.spoil(target, scopes)
            case cst.FunctionDef() | cst.Lambda():
                self.unclear |= {("name", id(node), name) for name in parameter_names(node)}
            case cst.Global(names=names) | cst.Nonlocal(names=names):
                for name in names:
                    self.spoil(name.name, scopes)
            case cst.Call(func=cst.Name(value=name), args=[cst.Arg(value=value), *_]) if name in BY_NAME:
                if self.holds(value):
                    raise Whole

    def collect_others(self, small: cst.CSTNode, scopes: Scopes) -> None:
        for node in walk(small):
            match node:
                case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
                    self.spoil(target, scopes)
                case cst.Del(target=target):
                    self.spoil(target, scopes)
                case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=name))) if name in IN_PLACE:
                    if isinstance(base, cst.Name | cst.Attribute):
                        self.unclear.add(_key(base, scopes))

    def spoil(self, target: cst.CSTNode, scopes: Scopes) -> None:
        """What is bound in another way cannot be followed."""
        for node in walk(target):
            if isinstance(node, cst.Name | cst.Attribute):
                self.unclear.add(_key(node, scopes))

    # ------------------------------------------------------------------ methods
    def find_methods(self) -> None:
        """Methods that read outputs of their own object, or call such methods, are handed the outputs."""
        for parted in self.parted:
            methods = {m.name.value: m for m in _methods(parted)}
            needs: dict[str, list[str]] = {}
            changed = True
            while changed:
                changed = False
                for name, method in methods.items():
                    known = needs.setdefault(name, [])
                    for attribute in self.method_reads(parted, method, needs):
                        if attribute not in known:
                            known.append(attribute)
                            changed = True
            for name, attributes in needs.items():
                if not attributes:
                    continue
                method = methods[name]
                if method.decorators or name.startswith("__"):
                    raise Whole
                ordered = [a for a in parted.outputs if a in attributes]
                self.methods[id(method)] = ordered
                self.want(parted, ordered)

    def method_reads(
        self, parted: Parted, method: cst.FunctionDef, needs: dict[str, list[str]]
    ) -> Iterator[str]:
        receiver = method.params.params[0].name.value if method.params.params else ""
        for node in walk(method.body):
            match node:
                case cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=name)) if base == receiver:
                    if name in parted.outputs:
                        yield name
                    elif needs.get(name):
                        if id(node) not in self.called:
                            raise Whole
                        yield from needs[name]

    def want(self, parted: Parted, attributes: list[str]) -> None:
        for attribute in attributes:
            values = [frame.entry[parted.receiver] for frame in parted.frames]
            kept = [value.attributes.get(attribute) for value in values if isinstance(value, Instance)]
            if not all(isinstance(value, Node) for value in kept):
                raise Whole
        known = self.wanted.setdefault(id(parted), [])
        known += [a for a in attributes if a not in known]

    # ------------------------------------------------------------------ reads
    def read(self, node: cst.CSTNode, scopes: Scopes) -> None:
        """Finds the name behind an attribute that is read, or handed to a method."""
        if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.AnnAssign | cst.Del):
            for part in walk(node.target):
                if isinstance(part, cst.Attribute) and not _is_own(part, scopes, self.parted):
                    self.check_unset(part)
        if isinstance(node, cst.Attribute):
            name = node.attr.value
            owner = next((p for p in self.parted if name in p.outputs or self.method_of(p, name)), None)
            if owner is None or _is_own(node, scopes, self.parted):
                return
            if any(isinstance(value, Unknown | Choice) for value in self.staging.values_of(node.value)):
                # It may be one of the objects.
                raise Whole
            parted = self.class_of(node.value)
            if parted is None:
                return
            if name in parted.outputs:
                self.want(parted, [name])
                self.reads[id(node)] = self.need(node.value, scopes, name, parted)
            elif (attributes := self.methods.get(id(self.method_of(parted, name)))) is not None:
                if id(node) not in self.called:
                    raise Whole
                for attribute in attributes:
                    self.calls.setdefault(id(node), []).append(self.need(node.value, scopes, attribute, parted))

    def check_unset(self, target: cst.Attribute) -> None:
        """Nothing but its constructor sets the outputs of an object."""
        parted = self.class_of(target.value)
        if parted is not None and target.attr.value in parted.outputs:
            raise Whole

    def method_of(self, parted: Parted, name: str) -> cst.FunctionDef | None:
        return next((m for m in _methods(parted) if m.name.value == name), None)

    def need(self, node: cst.BaseExpression, scopes: Scopes, output: str, parted: Parted) -> str:
        """The name of the output of an object, with what has to bind it."""
        match node:
            case cst.Name() | cst.Attribute():
                key = _key(node, scopes)
                if (key, output) not in self.names:
                    self.names[key, output] = self.name(node, output)
                    self.follow(key, output, parted)
                return self.names[key, output]
            case cst.Subscript(
                value=cst.Name() | cst.Attribute() as base, slice=[cst.SubscriptElement(slice=cst.Index())]
            ):
                return self.need_items(base, scopes, output, parted)
        raise Whole

    def name(self, node: cst.Name | cst.Attribute, output: str) -> str:
        base = node.value if isinstance(node, cst.Name) else node.attr.value
        return take_name(f"{base}_{output.strip('_')}", self.taken)

    def follow(self, key: Key, output: str, parted: Parted) -> None:
        """All that binds a name to an object of the class binds that of the output as well."""
        sites = [site for site in self.bound.get(key, ()) if self.holds(site.value)]
        if key in self.unclear or not sites:
            raise Whole
        for site in sites:
            name = self.names[key, output]
            if any(site.value is call for call in parted.calls):
                self.made.setdefault(id(site.line), {})[output] = name
                continue
            if self.class_of(site.value) is not parted or isinstance(site.value, cst.Call):
                raise Whole
            scopes = self.scopes_of(site.line)
            source = self.need(site.value, scopes, output, parted)
            self.behind.setdefault(id(site.line), []).append(Companion(name, site.value, source))

    def need_items(self, base: cst.Name | cst.Attribute, scopes: Scopes, output: str, parted: Parted) -> str:
        """The name of the list that holds the outputs of the objects in a list."""
        key = ("items", _key(base, scopes))
        if (key, output) in self.names:
            return self.names[key, output]
        name = self.names[key, output] = self.name(base, output)
        inner = key[1]
        begins = [s for s in self.bound.get(_key(base, scopes), ()) if self.is_list(s.value)]
        grows = self.grown.get(_key(base, scopes), [])
        if inner in self.unclear or len(begins) != 1 or not grows:
            raise Whole
        if not isinstance(begins[0].value, cst.List) or begins[0].value.elements:
            raise Whole
        self.behind.setdefault(id(begins[0].line), []).append(Companion(name, begins[0].value, ""))
        for site in grows:
            if any(site.value is call for call in parted.calls):
                self.made.setdefault(id(site.line), {})[output] = name
                self.appended.setdefault(id(site.line), parted.cls.definition.name.value)
                continue
            if self.class_of(site.value) is not parted or isinstance(site.value, cst.Call):
                raise Whole
            source = self.need(site.value, self.scopes_of(site.line), output, parted)
            self.behind.setdefault(id(site.line), []).append(Companion(name, site.value, source))
        return name

    def is_list(self, node: cst.BaseExpression) -> bool:
        return isinstance(node, cst.List) or any(isinstance(v, Items) for v in self.staging.values_of(node))

    def scopes_of(self, line: cst.SimpleStatementLine) -> Scopes:
        for module in self.modules:
            for node, scopes in _places(module.tree, (module.tree,)):
                if node is line:
                    return scopes
        raise Whole


def _places(node: cst.CSTNode, scopes: Scopes) -> Iterator[tuple[cst.CSTNode, Scopes]]:
    """Everything below a node with the scopes around it, outermost first."""
    for child in children(node):
        yield child, scopes
        inner = (*scopes, child) if isinstance(child, cst.FunctionDef | cst.ClassDef | cst.Lambda) else scopes
        yield from _places(child, inner)


def _key(node: cst.CSTNode, scopes: Scopes) -> Key:
    """What a name or attribute is: an attribute goes by its name alone, whose objects are told by what they are."""
    if isinstance(node, cst.Attribute):
        return ("attribute", node.attr.value)
    name = node.value if isinstance(node, cst.Name) else ""
    for scope in reversed(scopes[1:]):
        known = parameter_names(scope) if isinstance(scope, cst.FunctionDef | cst.Lambda) else set()
        if name in known or (isinstance(scope, cst.FunctionDef) and _binds(scope, name)):
            return ("name", id(scope), name)
    return ("name", id(scopes[0]), name)


def _binds(scope: cst.FunctionDef, name: str) -> bool:
    outer = {i.name.value for n in walk(scope) if isinstance(n, cst.Global | cst.Nonlocal) for i in n.names}
    return name not in outer and any(found == name for found, _ in bindings(scope.body))


def _methods(parted: Parted) -> Iterator[cst.FunctionDef]:
    for node in parted.cls.definition.body.body:
        if isinstance(node, cst.FunctionDef) and node is not parted.init:
            yield node


def _is_own(node: cst.Attribute, scopes: Scopes, parted: list[Parted]) -> bool:
    """Whether an attribute is one of the object itself, in a method of its class."""
    for outer, inner in pairwise(scopes):
        if isinstance(inner, cst.FunctionDef) and any(p.cls.definition is outer for p in parted):
            receiver = inner.params.params[0].name.value if inner.params.params else ""
            return isinstance(node.value, cst.Name) and node.value.value == receiver
    return False
