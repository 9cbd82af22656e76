"""Methods that make variables and are called several times become functions beside their class.

``self.discriminator(x, reuse=True)`` becomes ``discriminator(self.width, x, reuse=True)``: what the method read from
its object is an argument. As a function it can become a layer. The result is an equivalent TensorFlow 1 program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Class, Function, Instance, Session
from tf2migrate.names.free import free_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.layers import computes

# Builtins that may find a method by a name that is made up at run time.
BY_NAME = frozenset({"getattr", "setattr", "delattr", "vars", "locals", "eval", "exec"})


@dataclass(eq=False, slots=True)
class _Method:
    """A method that becomes a function: its calls, the methods that it calls, and what it reads of its object."""

    definition: cst.FunctionDef
    cls: Class
    name: str = ""
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def receiver(self) -> str:
        return self.definition.params.params[0].name.value


def hoist_methods(staging: Staging, modules: list[Module], builders: list[Frame]) -> list[Module]:
    """``modules`` with the methods hoisted that make variables in several calls while one of ``builders`` runs."""
    chosen: dict[int, _Method] = {}
    for builder in builders:
        receiver = next(iter(builder.entry.values()))
        assert isinstance(receiver, Instance)
        chosen |= _chosen(staging, receiver.cls, builder)
    if not chosen:
        return modules
    hoisting = _Hoisting(staging, modules, chosen)
    if not hoisting.possible():
        return modules
    return [hoisting.apply(module) for module in modules]


def _methods(cls: Class) -> Iterator[tuple[cst.FunctionDef, Class]]:
    classes = [cls]
    while classes:
        current = classes.pop()
        for node in current.definition.body.body:
            if isinstance(node, cst.FunctionDef):
                yield node, current
        classes.extend(base for base in current.bases if isinstance(base, Class))


def _chosen(staging: Staging, cls: Class, builder: Frame) -> dict[int, _Method]:
    """The methods to hoist by the id of their definition: those that make state in several calls, and their callees."""
    members = {id(definition): _Method(definition, owner) for definition, owner in _methods(cls)}
    making = {
        id(step.frame.owner)
        for _, place in staging.touched
        for step in place.steps
        if _within(place, builder) and step.frame is not builder
        if step.frame.called_from is not None and computes(staging, step.frame)
    }
    calls = {key: [f for _, f, place in staging.calls.get(key, ()) if _within(place, builder)] for key in members}
    queue = [key for key in members if key in making and len(calls[key]) > 1]
    out: dict[int, _Method] = {}
    while queue:
        key = queue.pop()
        if key in out:
            continue
        out[key] = members[key]
        for node in walk(members[key].definition.body):
            if isinstance(node, cst.Call):
                for value in staging.values_of(node.func):
                    called = _called(value)
                    if called is not None and id(called) in members:
                        queue.append(id(called))
    return out


def _within(place: Place, builder: Frame) -> bool:
    return any(step.frame is builder for step in place.steps)


def _called(value: object) -> cst.CSTNode | None:
    """The definition of a method that was read from an object."""
    if isinstance(value, Bound) and isinstance(value.function, Function):
        return value.function.definition
    return None


class _Hoisting:
    """The functions that the methods become, and what every mention of them becomes."""

    def __init__(self, staging: Staging, modules: list[Module], methods: dict[int, _Method]) -> None:
        self.staging = staging
        self.modules = modules
        self.methods = methods
        self.calls: dict[int, _Method] = {}
        self.names = {m.definition.name.value for m in methods.values()}

    # ------------------------------------------------------------------ whether it can be done
    def possible(self) -> bool:
        return (
            all(self.is_plain(m) for m in self.methods.values())
            and all(self.find_calls(module) for module in self.modules)
            and self.find_attributes()
            and self.find_names()
        )

    def is_plain(self, method: _Method) -> bool:
        """Whether a method does nothing with its object but to read attributes and call methods that come along."""
        definition = method.definition
        params = definition.params
        if definition.decorators or definition.asynchronous is not None or not params.params or params.posonly_params:
            return False
        if isinstance(params.star_arg, cst.Param) or params.star_kwarg is not None:
            return False
        read: set[int] = set()
        for node in walk(definition):
            match node:
                case cst.Attribute(value=cst.Name(value=name) as base) if name == method.receiver:
                    read.add(id(base))
                case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
                    if any(isinstance(n, cst.Attribute) and _is_of(n, method.receiver) for n in walk(target)):
                        return False
                case cst.Del() | cst.Global() | cst.Nonlocal() | cst.Yield() | cst.ClassDef():
                    return False
        own = params.params[0].name
        return all(
            not isinstance(node, cst.Name) or node.value != method.receiver or node is own or id(node) in read
            for node in walk(definition)
        )

    def find_calls(self, module: Module) -> bool:
        """Whether each mention of a hoisted method in a module is a call of it, or another class's business."""
        for node, function, cls in _scoped(module.tree, None, None):
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and not self.call(node, function):
                return False
            if isinstance(node, cst.Attribute) and node.attr.value in self.names and id(node) not in self.calls:
                known = self.staging.values_of(node)
                if any(_called(v) is not None and id(_called(v)) in self.methods for v in known):
                    return False
                foreign = cls is not None and function is not None and not self.is_related(cls)
                if not known and not (foreign and _is_of(node, _first(function))):
                    return False
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in BY_NAME:
                return False
        return True

    def call(self, node: cst.Call, function: cst.FunctionDef | None) -> bool:
        callees = [_called(value) for value in self.staging.values_of(node.func)]
        found = {id(c) for c in callees if c is not None and id(c) in self.methods}
        if not found:
            return True
        attribute = cast(cst.Attribute, node.func)
        if len(found) > 1 or any(c is None or id(c) not in found for c in callees):
            return False
        if function is None or not _is_of(attribute, _first(function)):
            return False
        self.calls[id(attribute)] = self.methods[found.pop()]
        return True

    def is_related(self, cls: cst.ClassDef) -> bool:
        for method in self.methods.values():
            for known in self.staging.classes:
                if known.definition is cls and (_inherits(known, method.cls) or _inherits(method.cls, known)):
                    return True
        return False

    def find_attributes(self) -> bool:
        """What each method reads of its object, the needs of the methods that it calls included."""
        wanted: dict[int, list[str]] = {}
        for key, method in self.methods.items():
            for node in walk(method.definition):
                if isinstance(node, cst.Attribute) and _is_of(node, method.receiver) and id(node) not in self.calls:
                    values = self.staging.values_of(node)
                    if not values or any(isinstance(v, Session) or _called(v) is not None for v in values):
                        return False
                    if node.attr.value not in wanted.setdefault(key, []):
                        wanted[key].append(node.attr.value)
        changed = True
        while changed:
            changed = False
            for key, method in self.methods.items():
                for node in walk(method.definition):
                    called = self.calls.get(id(node))
                    for name in wanted.get(id(called.definition), ()) if called is not None else ():
                        if name not in wanted.setdefault(key, []):
                            wanted[key].append(name)
                            changed = True
        for key, method in self.methods.items():
            taken = {n.value for n in walk(method.definition) if isinstance(n, cst.Name)}
            attributes = {n.attr.value for n in walk(method.definition) if isinstance(n, cst.Attribute)}
            free = taken - attributes | _plain_names(method.definition)
            method.parameters = {name: free_name(name.lstrip("_") or "value", free) for name in wanted.get(key, ())}
        return True

    def find_names(self) -> bool:
        """A free name for each function, in every file."""
        taken = {n.value for module in self.modules for n in variable_names(module.tree)}
        for method in self.methods.values():
            name = method.definition.name.value
            method.name = free_name(name.lstrip("_") or name, taken)
            taken.add(method.name)
        return True

    # ------------------------------------------------------------------ the new form
    def apply(self, module: Module) -> Module:
        if not any(id(node) in self.methods for node in walk(module.tree)):
            return module
        return _Hoister(module, self).apply(module)


class _Hoister(Traced):
    """Takes the methods out of their class and puts them before it."""

    def __init__(self, module: Module, hoisting: _Hoisting) -> None:
        super().__init__(module)
        self.hoisting = hoisting
        self.within: list[_Method] = []
        self.made: dict[int, list[cst.FunctionDef]] = {}
        self.classes: list[cst.ClassDef] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if id(node) in self.hoisting.methods:
            self.within.append(self.hoisting.methods[id(node)])
        if isinstance(node, cst.ClassDef):
            self.classes.append(node)
        return super().on_visit(node)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        match original:
            case cst.Call(func=func) if id(func) in self.hoisting.calls:
                made = self.call(original, cast(cst.Call, made))
            case cst.Attribute() if self.within and _is_of(original, self.within[-1].receiver):
                name = self.within[-1].parameters.get(original.attr.value)
                if name is not None and id(original) not in self.hoisting.calls:
                    made = cst.Name(name, lpar=original.lpar, rpar=original.rpar)
            case cst.FunctionDef() if id(original) in self.hoisting.methods:
                function = self.function(self.within.pop(), cast(cst.FunctionDef, made))
                self.trace(original, function)
                self.made.setdefault(id(self.classes[-1]), []).append(function)
                return cst.RemoveFromParent()
            case cst.ClassDef():
                self.classes.pop()
                return self.with_functions(original, cast(cst.ClassDef, made))
        return made

    def call(self, original: cst.Call, updated: cst.Call) -> cst.Call:
        """``self.method(x)`` as ``method(self.attribute, x)``."""
        func = cast(cst.Attribute, original.func)
        method = self.hoisting.calls[id(func)]
        base = cast(cst.Name, func.value)
        given: list[cst.Arg] = []
        for attribute in method.parameters:
            if self.within:
                value: cst.BaseExpression = cst.Name(self.within[-1].parameters[attribute])
            else:
                inner = cst.Name(base.value)
                self.trace(base, inner)
                value = cst.Attribute(inner, cst.Name(attribute))
            self.trace(func, value)
            given.append(cst.Arg(value, comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))))
        if given and not updated.args:
            given[-1] = given[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        name = cst.Name(method.name)
        self.trace(func, name)
        return updated.with_changes(func=name, args=[*given, *updated.args])

    def function(self, method: _Method, updated: cst.FunctionDef) -> cst.FunctionDef:
        """The method as a function, with what it reads of its object in the place of the object."""
        params = list(updated.params.params)
        new = [params[0].with_changes(name=cst.Name(name)) for name in method.parameters.values()]
        rest = params[1:]
        if new and (rest or updated.params.kwonly_params):
            new = [p.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))) for p in new]
        comments = [line for line in updated.leading_lines if line.comment is not None]
        blank = cst.EmptyLine(indent=False)
        return updated.with_changes(
            name=cst.Name(method.name),
            params=updated.params.with_changes(params=[*new, *rest]),
            leading_lines=[blank, blank, *comments],
        )

    def with_functions(
        self, original: cst.ClassDef, updated: cst.ClassDef
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]:
        functions = self.made.pop(id(original), [])
        if not updated.body.body:
            updated = updated.with_changes(body=updated.body.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])]))
        self.trace(original, updated)
        return cst.FlattenSentinel([*functions, updated]) if functions else updated


def _is_of(node: cst.Attribute, name: str) -> bool:
    return bool(name) and isinstance(node.value, cst.Name) and node.value.value == name


def _first(function: cst.FunctionDef | None) -> str:
    params = function.params.params if function is not None else ()
    return params[0].name.value if params else ""


def _inherits(cls: Class, other: Class) -> bool:
    return cls is other or any(isinstance(base, Class) and _inherits(base, other) for base in cls.bases)


def _scoped(
    node: cst.CSTNode, function: cst.FunctionDef | None, cls: cst.ClassDef | None
) -> Iterator[tuple[cst.CSTNode, cst.FunctionDef | None, cst.ClassDef | None]]:
    """Every node, calls before what they call, with the method and the class that it stands in."""
    for child in children(node):
        yield child, function, cls
        if isinstance(child, cst.ClassDef):
            yield from _scoped(child, None, child)
        elif isinstance(child, cst.FunctionDef) and function is None:
            yield from _scoped(child, child, cls)
        else:
            yield from _scoped(child, function, cls)


def _plain_names(node: cst.CSTNode) -> set[str]:
    """Names that are not attributes or keywords."""
    skipped: set[int] = set()
    for current in walk(node):
        if isinstance(current, cst.Attribute):
            skipped.add(id(current.attr))
        elif isinstance(current, cst.Arg) and current.keyword is not None:
            skipped.add(id(current.keyword))
    return {n.value for n in walk(node) if isinstance(n, cst.Name) and id(n) not in skipped}


def variable_names(tree: cst.CSTNode) -> Iterator[cst.Name]:
    """Names that stand for variables in a file: a method is not one."""
    skipped: set[int] = set()
    for node, function, cls in _scoped(tree, None, None):
        if isinstance(node, cst.Attribute):
            skipped.add(id(node.attr))
        elif isinstance(node, cst.FunctionDef) and cls is not None and function is None:
            skipped.add(id(node.name))
        if isinstance(node, cst.Name) and id(node) not in skipped:
            yield node
