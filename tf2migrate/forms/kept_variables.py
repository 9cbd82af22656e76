"""Lists of its variables that a network keeps when it is called are made where it is called.

``self.variables = tf.get_collection(..., scope=self.name)`` at the end of ``__call__`` becomes
``generator_variables = tf.get_collection(..., scope=generator.name)`` behind ``fake = generator(z)``, and
``generator.variables`` is that name: an equivalent TensorFlow 1 program, in which a call does not change the object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Renamed, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Foreign, Function, Instance, Node, ProjectModule, Sequence, Symbol, Value
from tf2migrate.names.bindings import bound_names, names_read
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import walk


class Whole(Exception):
    """The list stays where it is."""


@dataclass(eq=False, slots=True)
class _Kept:
    """A statement that keeps variables in an attribute, the method that it stands in, and what becomes of both."""

    method: cst.FunctionDef
    line: cst.SimpleStatementLine
    attribute: str
    value: cst.BaseExpression
    behind: dict[int, tuple[str, cst.BaseExpression]] = field(default_factory=dict)
    """The statements behind which the list is made: its name there, and the object."""
    reads: dict[int, str] = field(default_factory=dict)


def without_kept_variables(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such lists made where the networks are called; None where there are none."""
    found: list[_Kept] = []
    for module in modules:
        for kept in _stores(module):
            try:
                _Following(staging, modules, kept).follow()
            except Whole:
                continue
            found.append(kept)
    return edited(modules, builder, lambda module, builder: _Moving(module, found, builder)) if found else None


def _stores(module: Module) -> Iterator[_Kept]:
    """The statements of methods that keep something in an attribute of the object, in the body of the method."""
    for cls in module.tree.body:
        if not isinstance(cls, cst.ClassDef):
            continue
        for method in cls.body.body:
            if not isinstance(method, cst.FunctionDef) or method.name.value == "__init__" or method.decorators:
                continue
            for line in method.body.body:
                match line:
                    case cst.SimpleStatementLine(
                        body=[
                            cst.Assign(
                                targets=[
                                    cst.AssignTarget(
                                        target=cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=name))
                                    )
                                ],
                                value=value,
                            )
                        ]
                    ) if method.params.params and base == method.params.params[0].name.value:
                        yield _Kept(method, line, name, value)


class _Following:
    """Finds where one list is to be made, and what its name is where it is read. Raises ``Whole``."""

    def __init__(self, staging: Staging, modules: list[Module], kept: _Kept) -> None:
        self.staging = staging
        self.modules = modules
        self.kept = kept
        self.receiver = kept.method.params.params[0].name.value
        self.paths: dict[int, tuple[cst.BaseExpression, str]] = {}
        """The objects, each with what it is called where the method is called first, and the name of its list."""

    def follow(self) -> None:
        self.check_value()
        self.check_stores()
        for call, statement, owner in self.calls():
            if id(owner) not in self.paths:
                path = self.path(call)
                name = f"{dotted_name(path).rpartition('.')[2]}_{self.kept.attribute}"
                self.check_statement(statement)
                self.paths[id(owner)] = path, name
                base = dotted_name(path).rpartition(".")[0]
                self.kept.behind[id(statement)] = f"{base}.{name}" if base else name, path
        if len(self.kept.behind) != len(self.paths) or not self.paths:
            raise Whole
        self.find_reads()

    def check_value(self) -> None:
        """The list holds variables alone, the same after each call, and means the same outside of the method."""
        lists: dict[int, set[tuple[int, ...]]] = {}
        for seen in self.staging.observations.get(id(self.kept.value), ()):
            value, owner = seen.value, seen.frame.entry.get(self.receiver)
            if not isinstance(value, Sequence) or not value.exact or not value.items:
                raise Whole
            if not all(isinstance(item, Node) and item.kind == "variable" for item in value.items):
                raise Whole
            lists.setdefault(id(owner), set()).add(tuple(cast(Node, item).number for item in value.items))
        if not lists or any(len(each) != 1 for each in lists.values()):
            raise Whole
        inner = {n for node in walk(self.kept.value) if isinstance(node, cst.CompFor) for n in bound_names(node.target)}
        for name in names_read(self.kept.value):
            values = self.staging.values_of(name)
            lasts = values and all(isinstance(v, Symbol | Foreign | ProjectModule) for v in values)
            if name.value != self.receiver and name.value not in inner and not lasts:
                raise Whole

    def check_stores(self) -> None:
        """Nothing else sets the attribute."""
        for module in self.modules:
            for node in walk(module.tree):
                if not isinstance(node, cst.AssignTarget | cst.AugAssign | cst.Del | cst.AnnAssign):
                    continue
                for part in walk(node.target):
                    if not isinstance(part, cst.Attribute) or part.attr.value != self.kept.attribute:
                        continue
                    values = self.staging.values_of(part.value)
                    if part not in self.targets() and (not values or any(map(self.has_method, values))):
                        raise Whole

    def calls(self) -> Iterator[tuple[cst.Call, cst.CSTNode, Instance]]:
        """The calls of the method in their order, each with its statement and the object."""
        for frame in self.staging.frames:
            if frame.owner is not self.kept.method:
                continue
            owner = frame.entry.get(self.receiver)
            if frame.call is None or frame.called_from is None or not isinstance(owner, Instance):
                raise Whole
            if len({id(v) for v in self.staging.values_of(self.path(frame.call))}) != 1:
                raise Whole
            yield frame.call, frame.called_from.steps[-1].statement, owner

    def path(self, call: cst.Call) -> cst.BaseExpression:
        """The object of a call, which has a name or is an attribute of what has one."""
        func = call.func
        named = any(isinstance(v, Bound) and isinstance(v.function, Function) for v in self.staging.values_of(func))
        path = func.value if named and isinstance(func, cst.Attribute) else func
        if not dotted_name(path):
            raise Whole
        return path

    def check_statement(self, statement: cst.CSTNode) -> None:
        """The statement makes no variables but by this method, so that the list is the same behind it."""
        match statement:
            case cst.SimpleStatementLine(body=[cst.Assign() | cst.Expr()]):
                pass
            case _:
                raise Whole
        for node in self.staging.nodes:
            steps = node.place.steps
            here = node.kind in ("variable", "layer") and any(s.statement is statement for s in steps)
            if here and not any(s.frame.owner is self.kept.method for s in steps):
                raise Whole

    def find_reads(self) -> None:
        for module in self.modules:
            for node in walk(module.tree):
                if isinstance(node, cst.Attribute) and node.attr.value == self.kept.attribute:
                    self.read(node)

    def read(self, node: cst.Attribute) -> None:
        values = self.staging.values_of(node.value)
        if any(target is node for target in self.targets()):
            return
        owned = [v for v in values if id(v) in self.paths]
        if not owned:
            if not values or any(self.has_method(v) for v in values):
                raise Whole
            return
        path, name = self.paths[id(owned[0])]
        if len({id(v) for v in values}) != 1 or _last(node.value) != _last(path):
            raise Whole
        if isinstance(node.value, cst.Attribute) is not isinstance(path, cst.Attribute):
            raise Whole
        if isinstance(node.value, cst.Attribute) and isinstance(path, cst.Attribute):
            holders = {id(v) for base in (node.value.value, path.value) for v in self.staging.values_of(base)}
            if len(holders) != 1:
                raise Whole
        base = dotted_name(node.value).rpartition(".")[0]
        self.kept.reads[id(node)] = f"{base}.{name}" if base else name

    def targets(self) -> list[cst.CSTNode]:
        return [n for n in walk(self.kept.line) if isinstance(n, cst.Attribute)]

    def has_method(self, value: Value) -> bool:
        if not isinstance(value, Instance):
            return not isinstance(value, Symbol | Foreign | ProjectModule | Node)
        member = value.cls.lookup(self.kept.method.name.value)
        return isinstance(member, Function) and member.definition is self.kept.method


def _last(node: cst.BaseExpression) -> str:
    return dotted_name(node).rpartition(".")[2]


class _Moving(Traced):
    """Makes the lists behind the calls, and reads them by their names."""

    def __init__(self, module: Module, found: list[_Kept], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.code = module.tree.code_for_node
        self.gone = {id(kept.line) for kept in found}
        self.reads = {key: text for kept in found for key, text in kept.reads.items()}
        self.behind: dict[int, list[tuple[_Kept, str, cst.BaseExpression]]] = {}
        for kept in found:
            for key, (name, path) in kept.behind.items():
                self.behind.setdefault(key, []).append((kept, name, path))

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.reads:
            return self.expression(self.reads[id(original)], original)
        if id(original) in self.behind:
            lines = [self.assignment(kept, name, path, original) for kept, name, path in self.behind[id(original)]]
            return cst.FlattenSentinel([made, *lines])
        return made

    def assignment(self, kept: _Kept, name: str, path: cst.BaseExpression, original: cst.CSTNode) -> cst.BaseStatement:
        receiver = kept.method.params.params[0].name.value
        value = kept.value.deep_clone().visit(Renamed({receiver: path}, self))
        target = cst.AssignTarget(cast(cst.BaseAssignTargetExpression, self.expression(name, original)))
        made = cst.SimpleStatementLine([cst.Assign([target], cast(cst.BaseExpression, value))])
        for node in walk(made):
            self.trace(original, node)
        return made
