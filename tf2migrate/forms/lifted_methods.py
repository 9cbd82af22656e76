"""Methods of objects of the host that make layers or train ops become functions that are given the object.

``class Generator`` keeps sizes, and ``__call__(self, z)`` makes layers of these sizes: ``fake = generator(z)`` becomes
``fake = generator_layers(generator, z)``, with the function behind the class, an equivalent TensorFlow 1 program. The
function can become a layer as any other; the object stays what it is, a keeper of settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Renamed, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Class, Function, Instance, Value, nodes_in
from tf2migrate.names.bindings import bound_in
from tf2migrate.names.free import take_name
from tf2migrate.names.import_lines import aliases_of, module_imports
from tf2migrate.names.project import Module
from tf2migrate.names.tree import container_name, walk
from tf2migrate.plan.layer_names import snake

STATE = ("layer", "variable")


@dataclass(eq=False, slots=True)
class _Method:
    """A method on its way out of its class: its new name, what ``self`` is called there, and its calls."""

    definition: cst.FunctionDef
    home: Module
    cls: cst.ClassDef
    name: str = ""
    receiver: str = ""
    calls: list[cst.Call] = field(default_factory=list)

    @property
    def is_call(self) -> bool:
        return self.definition.name.value == "__call__"


def lifted_methods(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such methods as functions; None where it has none."""
    found = [m for module in modules for m in _methods(staging, module, builder)]
    found = _callable_everywhere(staging, modules, found)
    if not found:
        return None
    taken = {n.value for module in modules for n in walk(module.tree) if isinstance(n, cst.Name)}
    for method in found:
        base = snake(method.cls.name.value)
        last = "layers" if method.is_call else method.definition.name.value.strip("_")
        method.name = take_name(f"{base}_{last}", taken)
        inside = {n.value for n in walk(method.definition) if isinstance(n, cst.Name)}
        method.receiver = take_name(base, inside)
    return edited(modules, builder, lambda module, builder: _Lifting(module, found, builder))


# ---------------------------------------------------------------------- which methods
def _methods(staging: Staging, module: Module, builder: cst.FunctionDef | None) -> Iterator[_Method]:
    for statement in module.tree.body:
        if isinstance(statement, cst.ClassDef) and isinstance(statement.body, cst.IndentedBlock):
            members = [m for m in statement.body.body if isinstance(m, cst.FunctionDef)]
            if builder not in members and _is_of_host(staging, statement):
                making = [m for m in members if _makes(staging, m, STATE)]
                training = [m for m in members if m not in making and _makes(staging, m, ("train",))]
                if all(_can_move(staging, m) for m in making):
                    movable = [m for m in training if _can_move(staging, m)]
                    yield from (_Method(m, module, statement) for m in members if m in making or m in movable)


def _is_of_host(staging: Staging, definition: cst.ClassDef) -> bool:
    """Whether the class has no bases, and its objects keep nothing of the graph."""
    plain = all(isinstance(b.value, cst.Name) and b.value.value == "object" for b in definition.bases)
    if not plain or definition.keywords or definition.decorators:
        return False
    for frame in staging.frames:
        receiver = next(iter(frame.entry.values()), None)
        kept = receiver.attributes.values() if isinstance(receiver, Instance) and _is_of(receiver, definition) else ()
        if any(True for value in kept for _ in nodes_in(value)):
            return False
    return not any(
        isinstance(value, Class) and value.definition is definition
        for cls in _classes(staging)
        for value in cls.bases
    )


def _classes(staging: Staging) -> Iterator[Class]:
    for frame in staging.module_frames.values():
        yield from (value for value in frame.env.values() if isinstance(value, Class))


def _makes(staging: Staging, method: cst.FunctionDef, kinds: tuple[str, ...]) -> bool:
    """Whether calls of a method make something of these kinds, by itself or by what it calls."""
    return any(step.frame.owner is method for n in staging.nodes if n.kind in kinds for step in n.place.steps)


def _can_move(staging: Staging, method: cst.FunctionDef) -> bool:
    """Whether a method means the same outside of its class, and neither runs the graph nor changes the object."""
    params = method.params.params
    if not params or params[0].default is not None or method.decorators or method.name.value == "__init__":
        return False
    receiver = params[0].name.value
    if any(step.frame.owner is method for site in staging.runs for step in site.place.steps):
        return False
    for node in walk(method.body):
        match node:
            case cst.Yield() | cst.Global() | cst.Nonlocal() | cst.ClassDef() | cst.Call(func=cst.Name(value="super")):
                return False
            case cst.Attribute(attr=cst.Name(value=name)) if name.startswith("__") and not name.endswith("__"):
                return False
            case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.Del(target=target):
                parts = list(walk(target))
                if any(isinstance(p, cst.Attribute) and container_name(p) == receiver for p in parts):
                    return False
    bound = bound_in(method) - {p.name.value for p in params}
    return receiver not in bound


# ---------------------------------------------------------------------- which calls
def _callable_everywhere(staging: Staging, modules: list[Module], methods: list[_Method]) -> list[_Method]:
    """The methods of the classes that are only called, each call known, where the function can be reached."""
    by_definition = {id(m.definition): m for m in methods}
    spoiled: set[int] = set()
    for module in modules:
        called: set[int] = set()
        for node in walk(module.tree):
            if isinstance(node, cst.Call):
                called.add(id(node.func))
                for method in _targets(staging, node, by_definition):
                    alone = len(_targets(staging, node, by_definition)) == 1 and _is_only(staging, node, method)
                    if not alone or not _reaches(module, method):
                        spoiled.add(id(method.cls))
                    elif all(known is not node for known in method.calls):
                        method.calls.append(node)
        for node in walk(module.tree):
            if isinstance(node, cst.Attribute) and id(node) not in {id(c.func) for m in methods for c in m.calls}:
                # A method that is read but not called, or in code that was not reached.
                last = node.attr.value
                values = staging.values_of(node.value)
                same = [m for m in methods if m.definition.name.value == last]
                spoiled |= {id(m.cls) for m in same if not values or any(_is_of(v, m.cls) for v in values)}
    return [m for m in methods if id(m.cls) not in spoiled and m.calls]


def _is_of(value: Value, definition: cst.ClassDef) -> bool:
    return isinstance(value, Instance) and value.cls.definition is definition


def _targets(staging: Staging, call: cst.Call, methods: dict[int, _Method]) -> list[_Method]:
    found = {id(d): methods[id(d)] for v in staging.values_of(call.func) if id(d := _definition(v)) in methods}
    return list(found.values())


def _is_only(staging: Staging, call: cst.Call, method: _Method) -> bool:
    read = isinstance(call.func, cst.Attribute) and call.func.attr.value == method.definition.name.value
    return read is not method.is_call and all(_definition(v) is method.definition for v in staging.values_of(call.func))


def _definition(value: Value) -> cst.CSTNode | None:
    """What a value that is called runs."""
    match value:
        case Bound(function=Function(definition=definition)):
            return definition
        case Instance(cls=cls) if isinstance(member := cls.lookup("__call__"), Function):
            return member.definition
    return None


def _reaches(module: Module, method: _Method) -> bool:
    """Whether a file has the function by its name: its own, or one that it imports with the class."""
    return module is method.home or _import_of(module, method) is not None


def _import_of(module: Module, method: _Method) -> cst.ImportFrom | None:
    """The import in the body of a file that brings the class."""
    for node in module_imports(module.tree):
        if isinstance(node, cst.ImportFrom):
            for bound, original in aliases_of(node):
                if original == method.cls.name.value == bound:
                    return node
    return None


# ---------------------------------------------------------------------- the edits
class _Lifting(Traced):
    """Moves the methods behind their classes, and gives the object to each call."""

    def __init__(self, module: Module, methods: list[_Method], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.module = module
        self.calls = {id(call): method for method in methods for call in method.calls}
        self.definitions = {id(m.definition): m for m in methods if m.home is module}
        self.classes = {id(m.cls): m.cls for m in methods if m.home is module}
        self.lifted: dict[int, list[cst.FunctionDef]] = {}
        self.imports: dict[int, list[str]] = {}
        inside = {id(node) for node in walk(module.tree)}
        for method in methods:
            if method.home is not module and any(id(call) in inside for call in method.calls):
                node = _import_of(module, method)
                self.imports.setdefault(id(node), []).append(method.name)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.calls and isinstance(made, cst.Call):
            return self.called(original, made, self.calls[id(original)])
        if id(original) in self.definitions and isinstance(made, cst.FunctionDef):
            method = self.definitions[id(original)]
            self.lifted.setdefault(id(method.cls), []).append(self.function(original, made, method))
            return cst.RemoveFromParent()
        if id(original) in self.classes and isinstance(made, cst.ClassDef):
            return cst.FlattenSentinel([made, *self.lifted[id(original)]])
        if id(original) in self.imports and isinstance(made, cst.ImportFrom):
            added = [cst.ImportAlias(cst.Name(name)) for name in dict.fromkeys(self.imports[id(original)])]
            known = made.names if not isinstance(made.names, cst.ImportStar) else ()
            return made.with_changes(names=[*(a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in known), *added])
        return made

    def called(self, original: cst.CSTNode, made: cst.Call, method: _Method) -> cst.Call:
        receiver = made.func if method.is_call else cast(cst.Attribute, made.func).value
        name = cst.Name(method.name)
        self.trace(original, name)
        call = made.with_changes(func=name, args=[cst.Arg(receiver), *made.args])
        self.trace(original, call)
        return call

    def function(self, original: cst.CSTNode, made: cst.FunctionDef, method: _Method) -> cst.FunctionDef:
        first, *rest = made.params.params
        renamed = Renamed({first.name.value: cst.Name(method.receiver)}, self)
        body = cast(cst.BaseSuite, made.body.visit(renamed))
        params = made.params.with_changes(params=[first.with_changes(name=cst.Name(method.receiver)), *rest])
        blank = [cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)]
        comments = [line for line in made.leading_lines if line.comment is not None]
        function = made.with_changes(
            name=cst.Name(method.name), params=params, body=body, leading_lines=[*blank, *comments]
        )
        self.trace(original, function)
        return function


