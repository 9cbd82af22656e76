"""The abstract interpreter: statements, in execution order, through functions, classes and files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import libcst as cst

from tf2migrate.graph.branching import ControlFlow
from tf2migrate.graph.foreign import foreign
from tf2migrate.graph.frames import Frame, Step
from tf2migrate.graph.recorder import Exhausted, Leave
from tf2migrate.graph.values import (
    Choice,
    Class,
    Const,
    Foreign,
    Function,
    Host,
    Instance,
    Mapping,
    Node,
    ProjectModule,
    Sequence,
    Symbol,
    Unknown,
    Value,
    classes_in,
    is_one_of_nodes,
    join,
    nodes_in,
)
from tf2migrate.names.assigned import assigned_names
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tensorflow import canonical_import, normalize

# Decorators that give back the function that they are given.
UNCHANGED = frozenset({"abc.abstractmethod"})
# And those that make of it what another one makes.
ABSTRACT = {
    "abc.abstractproperty": "property",
    "abc.abstractstaticmethod": "staticmethod",
    "abc.abstractclassmethod": "classmethod",
}


class Statements(ControlFlow):
    """Executes statements; expressions and calls are in the subclasses."""

    # ------------------------------------------------------------------ modules
    def run_module(self, module: Module, main: bool = False) -> Frame:
        """Interprets a module once and gives its frame."""
        known = self.staging.module_frames.get(module.key)
        if known is not None:
            return known
        frame = Frame(module.tree, module.key, None)
        frame.env["__name__"] = Const("__main__" if main else module.path.stem)
        frame.env["__file__"] = Host()
        self.staging.module_frames[module.key] = frame
        self.staging.frames.append(frame)
        saved, self.steps = self.steps, self.steps if not main else []
        try:
            self.block(module.tree.body, frame)
        except Leave:
            pass
        finally:
            self.steps = saved
        return frame

    # ------------------------------------------------------------------ statements
    def block(self, statements: Iterable[cst.CSTNode], frame: Frame) -> None:
        for statement in statements:
            self.budget -= 1
            if self.budget < 0:
                raise Exhausted
            self.steps.append(Step(frame, statement))
            try:
                self.statement(statement, frame)
            finally:
                self.steps.pop()
            if isinstance(statement, cst.BaseCompoundStatement):
                self.left(statement, frame)

    def left(self, statement: cst.BaseCompoundStatement, frame: Frame) -> None:
        """Records what a loop, a branch or a block leaves in the names that it binds."""
        if not isinstance(statement, cst.FunctionDef | cst.ClassDef):
            names = {name: value for name in assigned_names(statement) if (value := frame.env.get(name)) is not None}
            self.staging.left[id(statement), id(frame)] = names

    def statement(self, node: cst.CSTNode, frame: Frame) -> None:
        match node:
            case cst.SimpleStatementLine(body=body) | cst.SimpleStatementSuite(body=body):
                for small in body:
                    self.small(small, frame)
            case cst.BaseSmallStatement():
                self.small(node, frame)
            case cst.FunctionDef():
                self.define_function(node, frame)
            case cst.ClassDef():
                self.define_class(node, frame)
            case cst.If():
                self.conditional(node, frame)
            case cst.For():
                self.loop(node, frame)
            case cst.While():
                self.havoc(node.body, frame)
                self.evaluate(node.test, frame)
                self.once(node.body, frame)
            case cst.With():
                self.with_block(node, frame)
            case cst.Try() | cst.TryStar():
                self.attempt(node, frame)
            case cst.Match():
                self.refuse("TFM410", node, "a match statement is not followed by the staging analysis")
            case _:
                self.refuse("TFM410", node, "this statement is not followed by the staging analysis")

    def small(self, node: cst.CSTNode, frame: Frame) -> None:
        match node:
            case cst.Expr(value=value):
                self.evaluate(value, frame)
            case cst.Assign(targets=targets, value=value):
                result = self.evaluate(value, frame)
                for target in targets:
                    self.assign(target.target, result, frame)
            case cst.AnnAssign(target=target, value=value):
                if value is not None:
                    self.assign(target, self.evaluate(value, frame), frame)
            case cst.AugAssign(target=target, operator=operator, value=value):
                old = self.evaluate(target, frame)
                new = self.binary(
                    type(operator).__name__.removesuffix("Assign"), old, self.evaluate(value, frame), node
                )
                if isinstance(old, Sequence) and old.kind == "list" and isinstance(new, Sequence):
                    # `+=` changes a list in place, for all of its names.
                    self.store.append(old, new.items[len(old.items) :])
                    old.exact = new.exact
                    new = old
                self.assign(target, new, frame)
            case cst.Return(value=value):
                result = self.evaluate(value, frame) if value is not None else Const(None)
                if self.returns:
                    self.returns[-1].append(result)
                raise Leave("return")
            case cst.Import():
                self.import_names(node, frame)
            case cst.ImportFrom():
                self.import_from(node, frame)
            case cst.Global(names=names):
                frame.global_names.update(item.name.value for item in names)
            case cst.Nonlocal(names=names):
                self.refuse("TFM410", node, "nonlocal names are not followed by the staging analysis")
            case cst.Pass():
                pass
            case cst.Break():
                raise Leave("break")
            case cst.Continue():
                raise Leave("continue")
            case cst.Raise(exc=exc):
                if exc is not None:
                    self.evaluate(exc, frame)
                raise Leave("raise")
            case cst.Assert(test=test):
                self.evaluate(test, frame)
            case cst.Del(target=target):
                self.delete(target, frame)

    def delete(self, target: cst.BaseExpression, frame: Frame) -> None:
        if isinstance(target, cst.Name):
            self.store.write(
                cast(dict[object, Value], frame.env), target.value, Unknown("the name was deleted", self.place())
            )
        else:
            self.evaluate(target, frame)
            if isinstance(target, cst.Subscript):
                container = self.staging.value_in(target.value, frame)
                if isinstance(container, Sequence | Mapping):
                    container.exact = False

    # ------------------------------------------------------------------ binding
    def bind(self, name: str, value: Value, frame: Frame) -> None:
        target = frame
        base, dot, attribute = name.partition(".")
        if dot:
            # `self.x` where attributes of the object count as names of the body.
            self.set_attribute(frame.lookup(base) or Host(), attribute, value, frame.owner)
        if name in frame.global_names:
            target = self.staging.module_frames.get(frame.module, frame)
        self.store.write(cast(dict[object, Value], target.env), name, value)

    def assign(self, target: cst.BaseExpression, value: Value, frame: Frame) -> None:
        match target:
            case cst.Name(value=name):
                self.bind(name, value, frame)
                self.observe(target, frame, value)
            case cst.Tuple(elements=elements) | cst.List(elements=elements):
                self.unpack(list(elements), value, frame, target)
            case cst.Attribute(value=base, attr=attr):
                self.set_attribute(self.evaluate(base, frame), attr.value, value, target)
                self.observe(target, frame, value)
            case cst.Subscript():
                container = self.evaluate(target.value, frame)
                self.set_item(container, self.index(target, frame), value, target)
            case _:
                self.refuse("TFM410", target, "this assignment target is not followed by the staging analysis")

    def unpack(self, elements: list[cst.BaseElement], value: Value, frame: Frame, where: cst.CSTNode) -> None:
        if isinstance(value, Choice):
            shapes = [v for v in value.options if isinstance(v, Sequence) and len(v.items) == len(elements)]
            if len(shapes) == len(value.options):
                value = Sequence([join([s.items[i] for s in shapes]) for i in range(len(elements))], "tuple")
        starred = [i for i, e in enumerate(elements) if isinstance(e, cst.StarredElement)]
        if isinstance(value, Sequence) and value.exact and not starred and len(value.items) == len(elements):
            for element, known in zip(elements, value.items, strict=True):
                self.assign(element.value, known, frame)
            return
        inner = list(nodes_in(value))
        for element in elements:
            item: Value = Host(getattr(value, "shape_of", frozenset()))
            if isinstance(value, Unknown):
                item = value
            elif isinstance(value, Const) and isinstance(value.value, tuple | list) and not starred:
                index = elements.index(element)
                item = Const(value.value[index]) if index < len(value.value) else Host()
            elif inner:
                item = Unknown("the elements of this value are not known", self.place())
            self.assign(element.value, item, frame)

    def set_attribute(self, base: Value, name: str, value: Value, where: cst.CSTNode) -> None:
        if isinstance(base, Instance):
            self.store.write(cast(dict[object, Value], base.attributes), name, value)
        elif isinstance(base, Class):
            self.store.write(cast(dict[object, Value], base.members), name, value)
        elif isinstance(base, Choice):
            for option in base.options:
                self.set_attribute(option, name, value, where)
        elif any(True for _ in nodes_in(value)):
            self.refuse("TFM401", where, "a graph value is stored on an object that is not of this project")
        else:
            self.staging.escaped += classes_in(value)

    def set_item(self, base: Value, key: Value, value: Value, where: cst.CSTNode) -> None:
        if isinstance(base, Mapping):
            if isinstance(key, Const):
                self.store.write(base.items, key.value, value)
            elif isinstance(key, Node) or is_one_of_nodes(key):
                self.store.write(base.items, key, value)
            else:
                base.exact = False
                self.store.write(base.items, ("unknown", id(where)), value)
        elif isinstance(base, Sequence):
            if (
                isinstance(key, Const)
                and isinstance(key.value, int)
                and -len(base.items) <= key.value < len(base.items)
            ):
                changed = list(base.items)
                changed[key.value] = value
                self.store.replace(base, changed)
            else:
                base.exact = False
                self.store.append(base, [value])
        elif any(True for _ in nodes_in(value)):
            self.refuse("TFM401", where, "a graph value is stored in a container that the analysis cannot follow")
        else:
            self.staging.escaped += classes_in(value)

    # ------------------------------------------------------------------ imports
    def import_names(self, node: cst.Import, frame: Frame) -> None:
        for alias in node.names:
            dotted = dotted_name(alias.name)
            bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else ""
            symbol = canonical_import(dotted)
            module = self.project.find(self.project.modules[frame.module], dotted, 0, self.root)
            if symbol is not None:
                self.bind(bound or dotted.split(".")[0], Symbol(symbol if bound else "tf"), frame)
            elif module is not None:
                inner = ProjectModule(self.run_module(module))
                if bound or "." not in dotted:
                    self.bind(bound or dotted, inner, frame)
                else:
                    self.bind_package(dotted.split("."), inner, frame)
            else:
                self.bind(bound or dotted.split(".")[0], Foreign(dotted if bound else dotted.split(".")[0]), frame)

    def bind_package(self, parts: list[str], inner: Value, frame: Frame) -> None:
        package = frame.env.get(parts[0])
        if not isinstance(package, ProjectModule):
            found = self.project.find(self.project.modules[frame.module], parts[0], 0, self.root)
            package = ProjectModule(self.run_module(found) if found else Frame(cst.Module(body=[]), frame.module, None))
            self.bind(parts[0], package, frame)
        for part in parts[1:-1]:
            child = package.frame.env.get(part)
            if not isinstance(child, ProjectModule):
                child = ProjectModule(Frame(cst.Module(body=[]), frame.module, None))
                package.frame.env[part] = child
            package = child
        package.frame.env[parts[-1]] = inner

    def import_from(self, node: cst.ImportFrom, frame: Frame) -> None:
        base = dotted_name(node.module) if node.module else ""
        symbol = canonical_import(base) if not node.relative else None
        importer = self.project.modules[frame.module]
        module = None if symbol else self.project.find(importer, base, len(node.relative), self.root)
        inner = self.run_module(module) if module is not None else None
        if isinstance(node.names, cst.ImportStar):
            if inner is not None:
                for name, value in list(inner.env.items()):
                    if not name.startswith("_"):
                        self.bind(name, value, frame)
            return
        for alias in node.names:
            name = dotted_name(alias.name)
            bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
            if base == "__future__":
                continue
            if symbol is not None:
                self.bind(bound, Symbol(normalize(f"{symbol}.{name}")), frame)
                continue
            dotted = f"{base}.{name}" if base else name
            child = self.project.find(importer, dotted, len(node.relative), self.root)
            if inner is not None and name in inner.env:
                self.bind(bound, inner.env[name], frame)
            elif child is not None:
                self.bind(bound, ProjectModule(self.run_module(child)), frame)
            elif inner is not None:
                self.bind(bound, Unknown(f"`{name}` is not defined in the imported module", self.place()), frame)
            else:
                self.bind(bound, foreign(dotted), frame)

    # ------------------------------------------------------------------ definitions
    def define_function(self, node: cst.FunctionDef, frame: Frame) -> None:
        value: Value = Function(node, frame, self.default_values(node.params, frame))
        for decorator in reversed(node.decorators):
            value = self.decorate(decorator.decorator, value, frame)
        self.bind(node.name.value, value, frame)

    def decorate(self, decorator: cst.BaseExpression, value: Value, frame: Frame) -> Value:
        name = dotted_name(decorator)
        found = self.evaluate(decorator, frame) if name else None
        name = ABSTRACT.get(found.name, name) if isinstance(found, Foreign) else name
        if name in ("property", "staticmethod", "classmethod"):
            kind = Instance(Class(cst.ClassDef(cst.Name(name), cst.IndentedBlock([])), frame, (), {}))
            kind.attributes["function"] = value
            return kind
        if isinstance(found, Foreign) and found.name in UNCHANGED:
            return value
        return self.refuse("TFM410", decorator, f"the decorator `{name or 'expression'}` is not followed")

    def default_values(self, params: cst.Parameters, frame: Frame) -> dict[str, Value]:
        out: dict[str, Value] = {}
        for param in (*params.posonly_params, *params.params, *params.kwonly_params):
            if param.default is not None:
                out[param.name.value] = self.evaluate(param.default, frame)
        return out

    def define_class(self, node: cst.ClassDef, frame: Frame) -> None:
        bases = tuple(self.evaluate(arg.value, frame) for arg in node.bases)
        inner = Frame(node, frame.module, frame)
        self.staging.frames.append(inner)
        self.block(node.body.body, inner)
        for value in inner.env.values():
            target = value.attributes.get("function") if isinstance(value, Instance) else value
            if isinstance(target, Function) and target.owner is None:
                target.owner = None
        cls = Class(node, frame, bases, inner.env)
        for value in inner.env.values():
            target = value.attributes.get("function") if isinstance(value, Instance) else value
            if isinstance(target, Function):
                target.owner = cls
        self.staging.classes.append(cls)
        self.bind(node.name.value, cls, frame)
