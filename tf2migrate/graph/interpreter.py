"""The abstract interpreter: statements, in execution order, through functions, classes and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import cast

import libcst as cst

from tf2migrate.graph.early_exits import AtReturn, Before
from tf2migrate.graph.frames import Branch, Frame, Place, Step, Store
from tf2migrate.graph.paths import Condition, Fork, condition
from tf2migrate.graph.reach import Reach
from tf2migrate.graph.staging import Observation, Obstacle, Staging
from tf2migrate.graph.values import (
    Builtin,
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
    join,
    nodes_in,
)
from tf2migrate.names.project import Module, Project, dotted_name
from tf2migrate.names.tensorflow import canonical_import, normalize
from tf2migrate.names.tree import REMEMBERED, children

MAXIMUM_UNROLL = 64
MAXIMUM_DEPTH = 40
MAXIMUM_RECURSION = 3
MAXIMUM_STEPS = 200_000

BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "bool",
        "bytes",
        "callable",
        "dict",
        "divmod",
        "enumerate",
        "eval",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "hasattr",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "object",
        "open",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "sorted",
        "staticmethod",
        "classmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
        "xrange",
        "input",
        "id",
        "Exception",
        "ValueError",
        "TypeError",
        "KeyError",
        "RuntimeError",
        "NotImplementedError",
        "AssertionError",
        "IndexError",
        "StopIteration",
        "OSError",
        "IOError",
        "AttributeError",
        "KeyboardInterrupt",
        "NotImplemented",
    ]
)

# Decorators that give back the function that they are given.
UNCHANGED = frozenset({"abc.abstractmethod"})
# And those that make of it what another one makes.
ABSTRACT = {
    "abc.abstractproperty": "property",
    "abc.abstractstaticmethod": "staticmethod",
    "abc.abstractclassmethod": "classmethod",
}


class Leave(Exception):
    """Control leaves the current block: return, break, continue or raise."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Exhausted(Exception):
    """The program needs more steps of interpretation than the analysis is willing to spend."""


class Statements:
    """Executes statements; expressions and calls are in the subclasses."""

    def __init__(self, project: Project, entry: Module) -> None:
        self.project = project
        self.root: Path = entry.path.parent
        self.store = Store()
        self.staging = Staging(dict(project.modules), maybe=self.store.maybe)
        self.steps: list[Step] = []
        self.budget = MAXIMUM_STEPS
        self.returns: list[list[Value]] = []
        self.calling: list[int] = []
        self.perhaps_left = False
        # For each call under way: the number of nodes that there were when it may have returned.
        self.perhaps_returned: list[float] = []
        self.at_returns: list[list[AtReturn]] = []
        # Bodies that may run again around what is interpreted: shapes of a first pass say nothing about a second.
        self.repeated = 0
        self.time = 0
        self.reach: Reach | None = None
        # Bodies around what is interpreted that may not run, or may not run to their end.
        self.perhaps = 0
        # The tests that came out as they had to for the program to be here.
        self.conditions: list[Condition] = []
        self.instances: list[Instance] = []

    # ------------------------------------------------------------------ places and records
    def place(self) -> Place:
        module = self.steps[-1].frame.module if self.steps else ""
        return Place(tuple(self.steps), module)

    def refuse(self, code: str, where: cst.CSTNode, reason: str, advice: str = "") -> Unknown:
        """Records an obstacle once per expression and gives back the unknown value that it leaves."""
        module = self.steps[-1].frame.module if self.steps else ""
        if not any(o.where is where and o.code == code for o in self.staging.obstacles):
            self.staging.obstacles.append(Obstacle(code, module, where, reason, advice))
        return Unknown(reason, self.place(), code)

    def observe(self, node: cst.CSTNode, frame: Frame, value: Value) -> Value:
        self.time += 1
        self.staging.observations.setdefault(id(node), []).append(Observation(frame, value, self.place(), self.time))
        return value

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
            elif isinstance(key, Node):
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
                self.bind(bound, Foreign(dotted), frame)

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

    # ------------------------------------------------------------------ control flow
    def conditional(self, node: cst.If, frame: Frame) -> None:
        asked = self.evaluate(node.test, frame)
        test = self.truth(asked)
        orelse = node.orelse
        other: cst.CSTNode | None = orelse.body if isinstance(orelse, cst.Else) else orelse
        if test is False and self.makes_writers(node.body, frame):
            # What is written here for another choice of the user has to be rewritten as well.
            test = None
        if test is True:
            self.block(node.body.body, frame)
        elif test is False:
            if isinstance(other, cst.If):
                self.statement(other, frame)
            elif other is not None:
                self.block(cast(cst.BaseSuite, other).body, frame)
        else:
            self.branches(asked, [node.body, other], frame)

    def branches(self, test: Value, bodies: list[cst.CSTNode | None], frame: Frame) -> None:
        """Interprets what is done where a test comes out true, and where not, and joins what they leave."""
        results: list[tuple[Branch, str]] = []
        made = len(self.staging.nodes)
        fork = self.fork()
        for body, outcome in zip(bodies, (True, False), strict=True):
            self.store.begin()
            self.take(fork, condition(test, outcome))
            left = ""
            try:
                if isinstance(body, cst.If):
                    self.statement(body, frame)
                elif isinstance(body, cst.BaseSuite):
                    self.block(body.body, frame)
            except Leave as leave:
                left = leave.kind
            self.leave(fork, left)
            results.append((self.store.end(), left))
        self.meet(fork)
        staying = [branch for branch, left in results if not left]
        self.perhaps_left = self.perhaps_left or any(left in ("break", "continue") for _, left in results)
        if staying and self.perhaps_returned and any(left == "return" for _, left in results):
            self.perhaps_returned[-1] = min(self.perhaps_returned[-1], len(self.staging.nodes))
            self.at_returns[-1].append(AtReturn(self.instances))
        self.merge(staying, made)
        if not staying:
            kinds = {left for _, left in results}
            raise Leave("return" if "return" in kinds else kinds.pop())
        if len(staying) == 1:
            kept = condition(test, not results[0][1])
            if any(left == "return" for _, left in results):
                # What follows is done only where the other path was not taken.
                self.conditions.append(kept)
            elif any(left == "raise" for _, left in results):
                # A program that goes on has not stopped there.
                for number in range(made, len(self.staging.nodes)):
                    known = self.staging.conditions[number]
                    self.staging.conditions[number] = tuple(each for each in known if each != kept)

    def one_of(self, ways: Iterable[tuple[Condition, Callable[[], Value]]]) -> list[Value]:
        """The values of expressions of which the program evaluates one, with the condition that chooses each."""
        values: list[Value] = []
        fork = self.fork()
        for chosen, way in ways:
            self.take(fork, chosen)
            values.append(way())
            self.leave(fork, "")
        self.meet(fork)
        return values

    def merge(self, branches: list[Branch], made: int | None = None) -> None:
        """Writes what the names stand for where paths meet; ``made`` nodes were there before these began."""
        keys = {key: branch.writes[key][0] for branch in branches for key in branch.writes}
        for key, table in keys.items():
            name = key[1]
            before = table.get(name)
            options: list[Value] = []
            for branch in branches:
                if key in branch.writes:
                    options.append(branch.writes[key][1])
                elif before is not None:
                    options.append(before)
            born = any(id(table) in branch.born for branch in branches)
            if before is None and len(options) < len(branches) and not born:
                self.store.maybe.append((table, name))
            if options:
                self.store.write(table, name, self.met(join(options), made))
        for key2 in {k for b in branches for k in b.lists}:
            holders = [b.lists[key2] for b in branches if key2 in b.lists]
            target = holders[0][0]
            lengths = {len(items) for _, items in holders}
            if len(holders) == len(branches) and len(lengths) == 1:
                merged = [join(list(column)) for column in zip(*(items for _, items in holders), strict=True)]
                self.store.append(target, merged[len(target.items):])
            else:
                longest = max((items for _, items in holders), key=len)
                self.store.append(target, longest[len(target.items):])
                target.exact = False

    def once(self, body: cst.BaseSuite, frame: Frame) -> None:
        """A loop body that runs an unknown number of times: interpreted once, joined with not running."""
        self.store.begin()
        self.repeated += 1
        self.perhaps += 1
        known = len(self.conditions)
        try:
            self.block(body.body, frame)
        except Leave as leave:
            after = self.store.end()
            if leave.kind in ("return", "raise"):
                return
            self.merge_optional(after)
            return
        finally:
            self.repeated -= 1
            self.perhaps -= 1
            del self.conditions[known:]
        self.merge_optional(self.store.end())

    def merge_optional(self, after: Branch) -> None:
        for (_, name), (table, value) in after.writes.items():
            before = table.get(name)
            # A name that only the loop binds is read after it only where the loop ran.
            if before is None and id(table) not in after.born:
                self.store.maybe.append((table, name))
            self.store.write(table, name, value if before is None else join([before, value]))
        for target, items in after.lists.values():
            self.store.append(target, items[len(target.items):])
            target.exact = False

    def havoc(self, body: cst.CSTNode, frame: Frame) -> None:
        """Forgets literals that a repeated body changes: its second pass would see other values."""
        for name in assigned_names(body):
            holder = frame.holder(name)
            if holder is not None and isinstance(holder.env[name], Const):
                self.bind(name, Host(), holder)
            elif holder is not None and isinstance(holder.env[name], Node) and runs_graph(body):
                reason = f"`{name}` is bound again in a loop, so that a second pass reads something else"
                self.bind(name, Unknown(reason, self.place()), holder)
        for attribute in assigned_attributes(body):
            base = frame.lookup(attribute[0])
            if isinstance(base, Instance) and isinstance(base.attributes.get(attribute[1]), Const):
                self.store.write(cast(dict[object, Value], base.attributes), attribute[1], Host())
        self.forget_reached(body)

    def forget_reached(self, body: cst.CSTNode) -> None:
        """Forgets literals that functions bind which a repeated body may call."""
        if self.reach is None:
            self.reach = Reach(module.tree for module in self.project.modules.values())
        names, attributes = self.reach.changes(body)
        for frame in self.staging.module_frames.values() if names else ():
            for name in names:
                if isinstance(frame.env.get(name), Const):
                    self.store.write(cast(dict[object, Value], frame.env), name, Host())
        for made in self.instances if attributes else ():
            for name in attributes:
                if isinstance(made.attributes.get(name), Const):
                    self.store.write(cast(dict[object, Value], made.attributes), name, Host())

    def loop(self, node: cst.For, frame: Frame) -> None:
        iterable = self.evaluate(node.iter, frame)
        items = self.elements(iterable)
        if items is not None and len(items) <= MAXIMUM_UNROLL and not runs_graph(node.body):
            self.unroll(node, items, frame)
            return
        self.havoc(node.body, frame)
        if items:
            self.assign(node.target, join(items), frame)
        else:
            self.assign(node.target, self.element_of(iterable), frame)
        self.once(node.body, frame)
        if node.orelse is not None:
            self.block(node.orelse.body.body, frame)

    def unroll(self, node: cst.For, items: list[Value], frame: Frame) -> None:
        """A loop whose passes are all known. One that builds graph may not be left on an unknown condition."""
        outer, self.perhaps_left = self.perhaps_left, False
        made = len(self.staging.nodes)
        before = Before(node.body, frame)
        finished = True
        for item in items:
            self.assign(node.target, item, frame)
            try:
                self.block(node.body.body, frame)
            except Leave as leave:
                if leave.kind == "break":
                    finished = False
                    break
                if leave.kind != "continue":
                    raise
        if self.perhaps_left and len(self.staging.nodes) > made:
            self.refuse("TFM410", node, "a loop that builds graph may be left early on a condition of the host")
        elif self.perhaps_left:
            for name in before.changed_since():
                self.bind(name, Unknown("a loop that binds it may be left early", self.place()), frame)
        self.perhaps_left = outer
        if finished and node.orelse is not None:
            self.block(node.orelse.body.body, frame)

    def element_of(self, iterable: Value) -> Value:
        if isinstance(iterable, Sequence) and iterable.items:
            return join(iterable.items)
        if any(True for _ in nodes_in(iterable)):
            return Unknown("iteration over a value that holds graph nodes is not followed", self.place())
        return Host(getattr(iterable, "shape_of", frozenset()))

    def attempt(self, node: cst.Try | cst.TryStar, frame: Frame) -> None:
        self.perhaps += 1
        try:
            self.attempted(node, frame)
        finally:
            self.perhaps -= 1

    def attempted(self, node: cst.Try | cst.TryStar, frame: Frame) -> None:
        self.store.begin()
        known = len(self.conditions)
        try:
            self.block(node.body.body, frame)
            left = ""
        except Leave as leave:
            left = leave.kind
        finally:
            del self.conditions[known:]
        main = self.store.end()
        results = [(main, left)]
        for handler in node.handlers:
            self.store.begin()
            if handler.name is not None and isinstance(handler.name.name, cst.Name):
                self.bind(handler.name.name.value, Host(), frame)
            handler_left = ""
            try:
                self.block(handler.body.body, frame)
            except Leave as leave:
                handler_left = leave.kind
            finally:
                del self.conditions[known:]
            results.append((self.store.end(), handler_left))
        if _imports_only(node.body):
            # `try: import a` with a fallback: the first form is the one that this program's author has.
            results = results[:1]
        self.merge([branch for branch, how in results if not how])
        if left and all(how for _, how in results):
            raise Leave(left)
        if node.orelse is not None and not left:
            self.block(node.orelse.body.body, frame)
        if node.finalbody is not None:
            self.block(node.finalbody.body.body, frame)

    # ------------------------------------------------------------------ implemented by the subclasses
    def evaluate(self, node: cst.BaseExpression, frame: Frame) -> Value:
        raise NotImplementedError

    def index(self, node: cst.Subscript, frame: Frame) -> Value:
        raise NotImplementedError

    def binary(self, operator: str, left: Value, right: Value, node: cst.CSTNode) -> Value:
        raise NotImplementedError

    def truth(self, value: Value) -> bool | None:
        raise NotImplementedError

    def makes_writers(self, body: cst.BaseSuite, frame: Frame) -> bool:
        raise NotImplementedError

    def elements(self, value: Value) -> list[Value] | None:
        raise NotImplementedError

    def with_block(self, node: cst.With, frame: Frame) -> None:
        raise NotImplementedError

    def met(self, value: Value, made: int | None) -> Value:
        raise NotImplementedError

    def fork(self) -> Fork:
        raise NotImplementedError

    def take(self, fork: Fork, chosen: Condition) -> None:
        raise NotImplementedError

    def leave(self, fork: Fork, how: str) -> None:
        raise NotImplementedError

    def meet(self, fork: Fork) -> None:
        raise NotImplementedError


@lru_cache(maxsize=REMEMBERED)
def assigned_names(node: cst.CSTNode) -> frozenset[str]:
    """Names bound in ``node``, nested functions excluded."""
    found: set[str] = set()
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        match current:
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                found.add(name.value)
                continue
            case cst.Lambda():
                continue
            case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
                found |= target_names(target)
            case cst.For(target=target):
                found |= target_names(target)
            case cst.NamedExpr(target=target):
                found |= target_names(target)
            case cst.AsName(name=target):
                found |= target_names(target)
            case cst.ImportAlias(name=name2, asname=None):
                found.add(dotted_name(name2).split(".")[0])
            case cst.Del(target=target):
                found |= target_names(target)
        stack.extend(children(current))
    return frozenset(found)


def target_names(target: cst.CSTNode) -> set[str]:
    match target:
        case cst.Name(value=value):
            return {value}
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            return {name for e in elements for name in target_names(e.value)}
    return set()


@lru_cache(maxsize=REMEMBERED)
def assigned_attributes(node: cst.CSTNode) -> frozenset[tuple[str, str]]:
    """``(base, attribute)`` of every ``base.attribute = ...`` in ``node``."""
    found: set[tuple[str, str]] = set()
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.AssignTarget | cst.AugAssign):
            target = current.target
            if isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name):
                found.add((target.value.value, target.attr.value))
        stack.extend(children(current))
    return frozenset(found)


@lru_cache(maxsize=REMEMBERED)
def runs_graph(node: cst.CSTNode) -> bool:
    """Whether ``node`` holds what looks like a run of the graph: a training loop is not unrolled."""
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.Attribute) and current.attr.value in ("run", "eval"):
            return True
        stack.extend(children(current))
    return False


def _imports_only(body: cst.BaseSuite) -> bool:
    return all(
        isinstance(statement, cst.SimpleStatementLine)
        and all(isinstance(small, cst.Import | cst.ImportFrom | cst.Assign) for small in statement.body)
        and any(isinstance(small, cst.Import | cst.ImportFrom) for small in statement.body)
        for statement in body.body
    )


__all__ = ["BUILTINS", "Builtin", "Exhausted", "Foreign", "Leave", "Statements"]
