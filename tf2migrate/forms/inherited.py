"""Methods of a base class that build graph come down into the classes whose objects they build it for.

A base class makes placeholders, loss and train op, and calls methods for the rest that its subclasses have. Each such
subclass then gets the base's part of the work as methods of its own, ``super().__init__(...)`` included, and holds its
graph alone: an equivalent TensorFlow 1 program. What only runs the graph, or is of the host, stays in the base.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.names_across import Across, Passage, with_imports
from tf2migrate.forms.traced import Renamed, Traced
from tf2migrate.graph.frames import Place
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Builtin, Class, Function, Instance
from tf2migrate.names.free import free_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import is_docstring, walk


@dataclass(eq=False, slots=True)
class _Inherited:
    """A method that comes down: from which class, under which name, and what reaches its names in the other file."""

    definition: cst.FunctionDef
    cls: Class
    name: str = ""
    passage: Passage | None = None


@dataclass(eq=False, slots=True)
class _Heir:
    """A class whose objects inherited methods build graph for; ``own`` are its methods that do so themselves.

    ``calls`` are those by ``super()`` of what comes down, as receivers and new names, ``idle`` those of ``object``.
    """

    cls: Class
    module: Module
    own: list[cst.FunctionDef] = field(default_factory=list)
    inherited: dict[int, _Inherited] = field(default_factory=dict)
    calls: dict[int, tuple[str, str]] = field(default_factory=dict)
    idle: set[int] = field(default_factory=set)


def without_inheritance(
    staging: Staging, modules: list[Module], places: list[Place], running: set[int]
) -> list[Module] | None:
    """The program with all that builds graph (at ``places``) in the classes of the objects it is built for.

    None where each such class has it all already, or where a method cannot come down. Activations that are
    ``running`` graph are not meant.
    """
    lowering = _Lowering(staging, modules, places, running)
    if not lowering.heirs or not lowering.possible():
        return None
    return [_Mover(module, lowering).apply(module) for module in modules]


class _Lowering:
    """Decides what comes down to which class, and what is left in the bases."""

    def __init__(self, staging: Staging, modules: list[Module], places: list[Place], running: set[int]) -> None:
        self.staging = staging
        self.modules = modules
        self.gone: set[int] = set()
        found: dict[int, _Heir] = {}
        for frame in dict.fromkeys(step.frame for place in places for step in place.steps):
            owner, receiver = frame.owner, next(iter(frame.entry.values()), None)
            if not isinstance(owner, cst.FunctionDef) or not isinstance(receiver, Instance) or id(frame) in running:
                continue
            cls = next((c for c in receiver.cls.ancestry() if owner in c.definition.body.body), None)
            if cls is None:
                continue
            module = staging.modules[receiver.cls.frame.module]
            heir = found.setdefault(id(receiver.cls), _Heir(receiver.cls, module))
            if cls is not heir.cls:
                heir.inherited[id(owner)] = _Inherited(owner, cls)
            elif owner not in heir.own:
                heir.own.append(owner)
        self.heirs = [heir for heir in found.values() if len(_holders(heir)) > 1 or self.stubs(heir)]

    def stubs(self, heir: _Heir) -> list[cst.FunctionDef]:
        """Methods of bases that only say what a subclass has to have, where that is what builds the graph."""
        names = {d.name.value for d in (*heir.own, *(i.definition for i in heir.inherited.values()))}
        return [
            node
            for cls in heir.cls.ancestry()[1:]
            for node in _methods(cls)
            if node.name.value in names and id(node) not in self.staging.visited and _is_stub(node)
        ]

    # ------------------------------------------------------------------ whether it can be done
    def possible(self) -> bool:
        heirs = {id(heir.cls): heir for heir in self.heirs}
        for heir in self.heirs:
            if heir.inherited and not self.prepare(heir):
                return False
            for key, inherited in heir.inherited.items():
                users = [f.entry for f in self.staging.frames if f.owner is inherited.definition]
                receivers = [next(iter(entry.values()), None) for entry in users]
                known = [heirs.get(id(r.cls)) if isinstance(r, Instance) else None for r in receivers]
                if all(user is not None and key in user.inherited for user in known):
                    self.gone.add(key)
            self.gone |= {id(node) for node in self.stubs(heir)}
        return True

    def prepare(self, heir: _Heir) -> bool:
        """Finds the new names; whether each method can come down."""
        taken = {n.attr.value for m in self.modules for n in walk(m.tree) if isinstance(n, cst.Attribute)}
        taken |= {name for cls in self.staging.classes for name in cls.members}
        for inherited in heir.inherited.values():
            name = inherited.definition.name.value
            found = heir.cls.lookup(name)
            plain = found.attributes.get("function") if isinstance(found, Instance) else found
            inherited.name = name
            if not isinstance(plain, Function) or plain.definition is not inherited.definition:
                inherited.name = free_name(f"_{_snake(inherited.cls.definition.name.value)}_{name.strip('_')}", taken)
                taken.add(inherited.name)
        return all(self.calls(heir, method, heir.cls) for method in _methods(heir.cls)) and all(
            _is_plain(i.definition) and self.calls(heir, i.definition, i.cls) and self.reaches(heir, i)
            for i in heir.inherited.values()
        )

    def calls(self, heir: _Heir, method: cst.FunctionDef, cls: Class) -> bool:
        """Finds the calls of what comes down that go around the object's own methods; whether all others may stay."""
        for node in walk(method.body):
            if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
                continue
            by_super = _is_super(node.func.value)
            if not by_super and not self.is_class(node.func.value):
                continue
            called = self.called(heir, node)
            if called is not None and id(called) in heir.inherited:
                first = node.args[0].value if node.args else None
                receiver = method.params.params[0].name.value if method.params.params else ""
                if not receiver or not (by_super or (isinstance(first, cst.Name) and first.value == receiver)):
                    return False
                heir.calls[id(node)] = receiver, heir.inherited[id(called)].name
            elif by_super and cls is not heir.cls:
                # `super()` means another class in the heir.
                if called is not None or node.func.attr.value != "__init__" or not _is_of_object(heir.cls):
                    return False
                heir.idle.add(id(node))
        return True

    def called(self, heir: _Heir, node: cst.Call) -> cst.FunctionDef | None:
        """The method that a call is of where its object is of the heir's class."""
        for seen in self.staging.observations.get(id(node.func), ()):
            receiver = next(iter(seen.frame.entry.values()), None)
            value = seen.value.function if isinstance(seen.value, Bound) else seen.value
            if isinstance(receiver, Instance) and receiver.cls is heir.cls and isinstance(value, Function):
                return value.definition if isinstance(value.definition, cst.FunctionDef) else None
        return None

    def is_class(self, node: cst.BaseExpression) -> bool:
        values = self.staging.values_of(node)
        return bool(values) and all(isinstance(v, Class) for v in values)

    def reaches(self, heir: _Heir, inherited: _Inherited) -> bool:
        """Whether the file of the heir reaches the names that the method reads in its own."""
        home = self.staging.modules[inherited.cls.frame.module]
        if home is heir.module:
            return True
        across = Across(self.modules, self.staging, home, heir.module, inherited.cls.definition.name.value)
        inherited.passage = across.passage(inherited.definition, set())
        return inherited.passage is not None


def _holders(heir: _Heir) -> set[int]:
    """The classes in which the methods that build the graph lie."""
    return {id(i.cls) for i in heir.inherited.values()} | ({id(heir.cls)} if heir.own else set())


def _methods(cls: Class) -> Iterator[cst.FunctionDef]:
    return (node for node in cls.definition.body.body if isinstance(node, cst.FunctionDef))


def _is_stub(method: cst.FunctionDef) -> bool:
    """Whether a method does nothing but to say that another class has to have it."""
    for index, statement in enumerate(method.body.body):
        match statement:
            case cst.SimpleStatementLine(body=[cst.Pass() | cst.Raise()]):
                pass
            case cst.Pass() | cst.Raise():
                pass
            case _:
                if index or not is_docstring(statement):
                    return False
    return True


def _is_plain(method: cst.FunctionDef) -> bool:
    """Whether a method means the same in another class and file: no private or global names, no other decorators."""
    for decorator in method.decorators:
        if not isinstance(decorator.decorator, cst.Name) or decorator.decorator.value != "property":
            return False
    if any(isinstance(node, cst.Global | cst.Nonlocal) for node in walk(method)):
        return False
    names = (node.value for node in walk(method) if isinstance(node, cst.Name))
    return not any(n.startswith("__") and (not n.endswith("__") or n == "__class__") for n in names)


def _is_super(node: cst.CSTNode) -> bool:
    match node:
        case cst.Call(func=cst.Name(value="super")):
            return True
    return False


def _is_of_object(cls: Class) -> bool:
    """Whether all bases of a class are of the project, ``object`` aside."""
    bases = (base for part in cls.ancestry() for base in part.bases)
    return all(isinstance(b, Class) or (isinstance(b, Builtin) and b.name == "object") for b in bases)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("_")).lower()


# ------------------------------------------------------------------ the new form
class _Redirected(Traced):
    """``super().build(x)`` becomes ``self._base_build(x)``, and a call of what ``object`` has goes."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.calls: dict[int, tuple[str, str]] = {}
        self.idle: set[int] = set()

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        match original:
            case cst.SimpleStatementLine(body=[cst.Expr(value=call)]) if id(call) in self.idle:
                return cst.RemoveFromParent()
            case cst.Call(func=cst.Attribute(value=base)) if id(original) in self.calls:
                receiver, name = self.calls[id(original)]
                call = cast(cst.Call, updated)
                args = call.args if _is_super(base) else call.args[1:]
                func = cst.Attribute(cst.Name(receiver), cst.Name(name))
                self.trace(cast(cst.Attribute, original.func), func)
                updated = call.with_changes(func=func, args=args)
        return super().on_leave(original, updated)


class _Copier(_Redirected):
    """Makes the form that a method of a base has in an heir."""

    def __init__(self, home: Module, heir: _Heir) -> None:
        super().__init__(home)
        self.heir = heir

    def copied(self, inherited: _Inherited) -> cst.FunctionDef:
        # Each heir has nodes of its own.
        fresh = inherited.definition.deep_clone()
        for old, new in zip(walk(inherited.definition), walk(fresh), strict=True):
            self.trace(old, new)
            if id(old) in self.heir.calls:
                self.calls[id(new)] = self.heir.calls[id(old)]
            elif id(old) in self.heir.idle:
                self.idle.add(id(new))
        made = cast(cst.FunctionDef, fresh.visit(self))
        if inherited.passage is not None:
            made = cast(cst.FunctionDef, made.visit(Renamed(inherited.passage.names, self)))
        made = made.with_changes(name=cst.Name(inherited.name))
        self.trace(inherited.definition, made)
        return made


class _Mover(_Redirected):
    """Puts what comes down into the heirs of a file, and takes it out of the bases."""

    def __init__(self, module: Module, lowering: _Lowering) -> None:
        super().__init__(module)
        self.gone = lowering.gone
        self.copies: dict[int, list[cst.FunctionDef]] = {}
        self.imports: dict[int, list[str]] = {}
        for heir in lowering.heirs:
            if heir.module is not module:
                continue
            self.calls |= heir.calls
            for inherited in heir.inherited.values():
                copier = _Copier(lowering.staging.modules[inherited.cls.frame.module], heir)
                made = copier.copied(inherited)
                self.copies.setdefault(id(heir.cls.definition), []).append(made)
                for node in walk(made):
                    self.origins[node] = copier.origins.get(node, node)
                    if node in copier.positions:
                        self.positions[node] = copier.positions[node]
                if inherited.passage is not None:
                    lines = self.imports.setdefault(id(inherited.passage.by), [])
                    lines += [line for line in inherited.passage.imports if line not in lines]

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if id(original) in self.gone:
            return cst.RemoveFromParent()
        if id(original) in self.copies:
            updated = _with_methods(cast(cst.ClassDef, updated), self.copies[id(original)])
        if isinstance(original, cst.ClassDef) and id(original.body.body[0]) in self.gone:
            updated = _without_gap(cast(cst.ClassDef, updated))
        made = super().on_leave(original, updated)
        if id(original) in self.imports:
            return cst.FlattenSentinel(with_imports(cast(cst.SimpleStatementLine, made), self.imports[id(original)]))
        return made


def _with_methods(cls: cst.ClassDef, methods: list[cst.FunctionDef]) -> cst.ClassDef:
    """A class with more methods: a constructor before those that it has, others behind them."""
    body = list(cls.body.body)
    index = next((i for i, node in enumerate(body) if isinstance(node, cst.FunctionDef)), len(body))
    first = [m for m in methods if m.name.value == "__init__"]
    rest = [m for m in methods if m not in first]
    body = [node for node in (*body[:index], *first, *body[index:], *rest) if not _is_pass(node)]
    made = cls.with_changes(body=cls.body.with_changes(body=body))
    return _without_gap(made) if isinstance(body[0], cst.FunctionDef) else made


def _without_gap(cls: cst.ClassDef) -> cst.ClassDef:
    """A class whose body begins right behind its header."""
    first, *rest = cls.body.body
    lines = list(cast(cst.SimpleStatementLine, first).leading_lines)
    while lines and lines[0].comment is None:
        lines.pop(0)
    return cls.with_changes(body=cls.body.with_changes(body=[first.with_changes(leading_lines=lines), *rest]))


def _is_pass(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleStatementLine) and all(isinstance(small, cst.Pass) for small in node.body)
