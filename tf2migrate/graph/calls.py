"""The abstract interpreter: calls of project functions, builtins and methods of containers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import libcst as cst

from tf2migrate.graph.expressions import Expressions, shape_sources
from tf2migrate.graph.frames import Frame, Step
from tf2migrate.graph.interpreter import MAXIMUM_DEPTH, MAXIMUM_RECURSION, Leave
from tf2migrate.graph.sizes import product
from tf2migrate.graph.values import (
    Averages,
    Bound,
    Builtin,
    Choice,
    Class,
    Const,
    Dataset,
    Dimension,
    Foreign,
    Function,
    Graph,
    Host,
    Instance,
    Iterator,
    Mapping,
    Node,
    Optimizer,
    Regularizer,
    Saver,
    Scope,
    Sequence,
    Session,
    Setting,
    Shape,
    Super,
    Symbol,
    Unknown,
    Value,
    Writer,
    are_single,
    join,
    nodes_in,
    settled,
    stands_for_several,
    unknown_in,
)
from tf2migrate.names.dict_keys import written_keys
from tf2migrate.names.tree import REMEMBERED, children

# Builtins that a moved statement may call: they look at their arguments and do nothing else.
PURE_BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "bool",
        "bytes",
        "dict",
        "divmod",
        "enumerate",
        "float",
        "format",
        "frozenset",
        "getattr",
        "hasattr",
        "int",
        "isinstance",
        "len",
        "list",
        "map",
        "max",
        "min",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "sorted",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "xrange",
        "zip",
        "filter",
    ]
)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The evaluated arguments of one call; ``exact`` is false when ``*`` or ``**`` hides some."""

    positional: list[Value]
    keywords: dict[str, Value]
    exact: bool = True

    def get(self, position: int, *names: str) -> Value | None:
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return self.positional[position] if 0 <= position < len(self.positional) else None

    def all(self) -> list[Value]:
        return [*self.positional, *self.keywords.values()]


class Calls(Expressions):
    """Evaluates calls; TensorFlow's own functions are in the subclass."""

    # Whether what is interpreted is called at times, and as often, as nobody knows.
    later = 0
    # What foreign code may call again: the function, the call that handed it over, and where that stands.
    callbacks: list[tuple[Value, cst.Call, list[Step]]]

    def arguments(self, node: cst.Call, frame: Frame) -> Arguments:
        positional: list[Value] = []
        keywords: dict[str, Value] = {}
        exact = True
        for arg in node.args:
            value = self.evaluate(arg.value, frame)
            if arg.star == "*":
                inner = self.elements(value)
                exact = exact and inner is not None
                positional.extend(inner if inner is not None else [value])
            elif arg.star == "**":
                if isinstance(value, Mapping) and value.exact:
                    keywords.update({str(k): v for k, v in value.items.items()})
                else:
                    exact = False
                    keywords["**"] = value
            elif arg.keyword is not None:
                keywords[arg.keyword.value] = value
            else:
                positional.append(value)
        return Arguments(positional, keywords, exact)

    def call(self, node: cst.Call, frame: Frame) -> Value:
        callee = self.evaluate(node.func, frame)
        if isinstance(callee, Builtin) and callee.name == "super":
            return self.super_of(frame, node)
        args = self.arguments(node, frame)
        return self.apply(callee, args, node, frame)

    def with_defaults(self, callee: Value, args: Arguments, node: cst.Call, frame: Frame) -> Arguments:
        """The arguments of a call, and those that it gets from around it."""
        return args

    def apply(self, callee: Value, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        match callee:
            case Unknown():
                return callee
            case Symbol(name=name):
                return self.symbol_call(name, self.with_defaults(callee, args, node, frame), node, frame)
            case Function():
                args = self.with_defaults(callee, args, node, frame)
                return self.invoke(callee, args.positional, args.keywords, node, args.exact)
            case Class():
                return self.construct(callee, args, node)
            case Bound(receiver=receiver, function=Function() as function):
                return self.invoke(function, [receiver, *args.positional], args.keywords, node, args.exact)
            case Bound():
                return self.method(callee, args, node, frame)
            case Builtin(name=name):
                return self.builtin(name, args, node, frame)
            case Choice(options=options):
                return join([self.apply(option, args, node, frame) for option in options])
            case Instance():
                method = callee.cls.lookup("__call__")
                if isinstance(method, Function):
                    return self.invoke(method, [callee, *args.positional], args.keywords, node, args.exact)
            case Setting(name=name):
                return Setting(name)
            case Regularizer():
                return self.tensor("regularizer.call", args.all(), node)
            case Foreign(name=name):
                return self.foreign(name, args, node)
            case Host(origin=origin):
                return self.foreign(origin, args, node)
        return self.foreign("", args, node)

    def foreign(self, name: str, args: Arguments, node: cst.Call) -> Value:
        """A call out of the project: harmless with host values, unknown with graph values."""
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
            if any(True for _ in nodes_in(value)):
                reason = f"a graph value is passed to `{name or 'a function'}`, which is not of this project"
                return Unknown(reason, self.place())
            if isinstance(value, Writer | Saver):
                code = "TFM804" if isinstance(value, Writer) else "TFM803"
                return self.refuse(code, node, f"a writer or saver is passed to `{name or 'a function'}`")
            if isinstance(value, Session):
                return self.refuse("TFM411", node, f"the session is passed to `{name or 'a function'}`")
            method = isinstance(value, Bound) and isinstance(value.function, Function)
            if isinstance(value, Function) or method:
                self.callback(value, name, node)
        folded = self.folded(FOLDED_FOREIGN.get(name), args)
        if folded is not None:
            return folded
        return Host(shape_sources(*args.all()), name, single=name in ELEMENTWISE and are_single(args.all()))

    def folded(self, function: Callable[..., object] | None, args: Arguments) -> Const | None:
        """The result of a pure function of known numbers."""
        if function is None or args.keywords or len(args.positional) != 1:
            return None
        value = settled(args.positional[0])
        known = [settled(item) for item in self.elements(args.positional[0]) or []]
        try:
            if isinstance(value, Const) and isinstance(value.value, int | float):
                return Const(function(value.value)) if function is not math.prod else None
            if function is math.prod and known and all(isinstance(k, Const) for k in known):
                return Const(math.prod(cast(int, cast(Const, k).value) for k in known))
        except (TypeError, ValueError):
            pass
        return None

    def callback(self, value: Value, name: str, node: cst.Call) -> None:
        """A project function that foreign code will call, now or later: interpreted with host arguments.

        What it finds when it is called later is what the program leaves at its end.
        """
        runs = len(self.staging.runs)
        self.called_back(value, node)
        if len(self.staging.runs) > runs:
            if name.startswith(CONCURRENT):
                self.refuse("TFM411", node, "foreign code decides when this function runs the graph")
            self.callbacks.append((value, node, list(self.steps)))

    def called_back(self, value: Value, node: cst.Call) -> None:
        """One call of a function by foreign code."""
        function = cast(Function, value.function if isinstance(value, Bound) else value)
        if id(function.definition) in self.calling:
            return
        given: list[Value] = [value.receiver] if isinstance(value, Bound) else []
        given += [Host()] * (len(parameters(function)) - len(given))
        self.later += 1
        try:
            result = self.invoke(function, given, {}, node)
        finally:
            self.later -= 1
        if any(True for _ in nodes_in(result)):
            self.refuse("TFM401", node, "a function gives a graph value to foreign code")

    def late_callbacks(self) -> None:
        """Calls what foreign code keeps once more, when the program has come to its end."""
        for value, node, steps in list(self.callbacks):
            self.steps = steps
            try:
                self.called_back(value, node)
            except Leave:
                pass
            finally:
                self.steps = []

    # ------------------------------------------------------------------ project functions
    def invoke(
        self,
        function: Function,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: cst.CSTNode,
        exact: bool = True,
    ) -> Value:
        definition = function.definition
        depth = len(self.calling)
        if self.calling.count(id(definition)) > self.recursion(function) or depth > MAXIMUM_DEPTH:
            return Host() if not any(list(nodes_in(a)) for a in arguments) else Unknown("recursion is not followed")
        frame = Frame(definition, function.frame.module, function.frame, depth=depth, called_from=self.place())
        frame.call = node if isinstance(node, cst.Call) else None
        problem = self.bind_parameters(function, frame, arguments, keywords, exact)
        if problem:
            return Unknown(problem, self.place())
        frame.entry = dict(frame.env)
        self.staging.frames.append(frame)
        self.staging.visited.add(id(definition))
        if frame.call is not None:
            self.staging.calls.setdefault(id(definition), []).append((frame.call, frame, self.place()))
        if isinstance(definition, cst.Lambda):
            return self.evaluate(definition.body, frame)
        self.calling.append(id(definition))
        self.returns.append([])
        self.perhaps_returned.append(math.inf)
        falls = True
        try:
            self.block(definition.body.body, frame)
        except Leave as leave:
            falls = leave.kind == "break"
        finally:
            values = self.returns.pop()
            returned = self.perhaps_returned.pop()
            self.calling.pop()
        if any(made.kind in STATE for made in self.staging.nodes[int(min(returned, len(self.staging.nodes))) :]):
            reason = "this call may return before it makes state of the graph"
            return self.refuse("TFM404", node, reason, "make the variables in every case")
        if _is_generator(definition):
            return Host()
        if falls and not _always_returns(values, definition):
            values = [*values, Const(None)]
        return join(values) if values else Const(None)

    def recursion(self, function: Function) -> int:
        """How often a function may call itself: what need not happen, in a file without TensorFlow, tells little."""
        plain = "tensorflow" not in self.staging.modules[function.frame.module].source.text
        return 1 if plain and self.store.branching else MAXIMUM_RECURSION

    def bind_parameters(
        self, function: Function, frame: Frame, arguments: list[Value], keywords: dict[str, Value], exact: bool
    ) -> str:
        params = function.definition.params
        names = [p.name.value for p in (*params.posonly_params, *params.params)]
        given = list(arguments)
        for name in names:
            if given:
                frame.env[name] = given.pop(0)
            elif name in keywords:
                frame.env[name] = keywords[name]
            elif name in function.defaults:
                frame.env[name] = function.defaults[name]
            elif exact:
                return f"the call does not give the argument `{name}`"
            else:
                frame.env[name] = Host()
        for param in params.kwonly_params:
            name = param.name.value
            frame.env[name] = keywords.get(name) or function.defaults.get(name) or Host()
        if isinstance(params.star_arg, cst.Param):
            frame.env[params.star_arg.name.value] = Sequence(given, "tuple", exact)
        elif given and exact:
            return "the call gives more arguments than the function takes"
        taken = {*names, *(p.name.value for p in params.kwonly_params)}
        rest = {k: v for k, v in keywords.items() if k not in taken}
        if params.star_kwarg is not None:
            frame.env[params.star_kwarg.name.value] = Mapping(cast(dict[object, Value], rest), exact)
        elif rest and exact:
            return f"the function has no parameter `{next(iter(rest))}`"
        return ""

    def construct(self, cls: Class, args: Arguments, node: cst.Call) -> Value:
        made = Instance(cls)
        self.instances.append(made)
        init = cls.lookup("__init__")
        if isinstance(init, Function):
            self.invoke(init, [made, *args.positional], args.keywords, node, args.exact)
        elif any(isinstance(base, Foreign | Host | Unknown) for base in cls.bases):
            for value in args.all():
                if any(True for _ in nodes_in(value)):
                    return Unknown("a graph value is passed to a base class that is not of this project", self.place())
        return made

    def remaining_methods(self, builder: cst.FunctionDef) -> None:
        """Interprets the methods of the object that holds the graph that nothing has called, with host arguments."""
        frames = [frame for frame in self.staging.frames if frame.owner is builder]
        receivers = [next(iter(frame.entry.values()), None) for frame in frames]
        if not receivers or not isinstance(receivers[0], Instance):
            return
        held = receivers[0]
        members = {name: value for cls in reversed(held.cls.ancestry()) for name, value in cls.members.items()}
        for function in members.values():
            decorated = isinstance(function, Instance) and function.cls.definition.name.value == "property"
            method = function.attributes.get("function") if decorated and isinstance(function, Instance) else function
            if not isinstance(method, Function) or id(method.definition) in self.staging.visited:
                continue
            node = method.definition
            first = parameters(method)[:1]
            if not first or isinstance(node, cst.Lambda):
                continue
            given = {name: Host() for name in parameters(method)[1:] if name not in method.defaults}
            self.steps = [Step(method.frame, node)]
            self.later += 1
            try:
                self.invoke(method, [held], cast(dict[str, Value], given), node)
            except Leave:
                pass
            finally:
                self.later -= 1
                self.steps = []

    def super_of(self, frame: Frame, node: cst.Call) -> Value:
        current: Frame | None = frame
        while current is not None and not isinstance(current.owner, cst.FunctionDef):
            current = current.parent
        if current is None or current.parent is None:
            return Host()
        params = current.owner.params.params  # type: ignore[attr-defined]
        receiver = current.env.get(params[0].name.value) if params else None
        owner: Value | None = next((c for c in self.staging.classes if c.definition is current.parent.owner), None)
        if node.args:
            owner = self.evaluate(node.args[0].value, frame)
        if not isinstance(receiver, Instance) or not isinstance(owner, Class):
            return Host()
        return Super(receiver, owner)

    # ------------------------------------------------------------------ builtins
    def builtin(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        values = args.all()
        for value in values:
            if isinstance(value, Unknown) and name != "setattr":
                return value
        first = values[0] if values else None
        match name:
            case "range" | "xrange":
                values = [settled(v) for v in values]
                if values and all(isinstance(v, Const) and isinstance(v.value, int) for v in values):
                    span = range(*[cast(int, cast(Const, v).value) for v in values])
                    if len(span) <= 256:
                        return Sequence([Const(i) for i in span], "list")
                return Host(shape_sources(*values))
            case "len":
                known = self.elements(first) if first is not None else None
                return Const(len(known)) if known is not None else Host(shape_sources(*values))
            case "zip":
                columns = [self.elements(v) for v in values]
                if columns and all(c is not None for c in columns):
                    rows = zip(*cast(list[list[Value]], columns), strict=False)
                    return Sequence([Sequence(list(row), "tuple") for row in rows])
                row = [self.element_of(v) for v in values]
                return Sequence([Sequence(row, "tuple")], "list", False)
            case "enumerate":
                known = self.elements(first) if first is not None else None
                if known is not None:
                    return Sequence([Sequence([Const(i), v], "tuple") for i, v in enumerate(known)])
                return Sequence([Sequence([Host(), self.element_of(cast(Value, first))], "tuple")], "list", False)
            case "list" | "tuple" | "reversed" | "sorted" | "set" | "iter":
                return self.convert(name, first)
            case "dict":
                made = self.make_dict(args)
                if isinstance(made, Mapping) and not made.displays and written_keys(node):
                    made.displays = [node]
                return made
            case "isinstance":
                answer = is_instance(values[0], values[1]) if len(values) == 2 else None
                return Host() if answer is None else Const(answer)
            case "type" if len(values) == 1 and isinstance(first, Instance):
                return first.cls
            case "hasattr" | "callable" if (told := self.questioned(name, values, frame)) is not None:
                return told
            case "getattr":
                if len(values) > 1 and isinstance(values[1], Const):
                    fake = cst.Attribute(node.args[0].value, cst.Name("attribute"))
                    return self.attribute(values[0], str(values[1].value), fake)
            case "setattr":
                if len(values) > 2 and isinstance(values[1], Const):
                    self.set_attribute(values[0], str(values[1].value), values[2], node)
                    return Const(None)
                if values and isinstance(values[0], Instance):
                    for attribute in list(values[0].attributes):
                        overwritten = Unknown("an attribute of a name that is not known is set", self.place())
                        self.set_attribute(values[0], attribute, overwritten, node)
            case "int" | "float" | "str" | "bool" | "abs" | "round" | "max" | "min" | "sum":
                return self.scalar(name, values, node)
            case "map" | "filter":
                return self.mapped(name, args, node, frame)
            case "print":
                return Const(None)
            case "eval" if not (len(values) == 1 and _is_told(values[0])):
                return Unknown("what `eval` gives is not known", self.place())
        if any(list(nodes_in(v)) for v in values):
            if name in ("type", "id", "repr", "hasattr", "callable", "vars"):
                return Host()
            return Unknown(f"a graph value is passed to `{name}`", self.place())
        return Host(shape_sources(*values))

    def questioned(self, name: str, values: list[Value], frame: Frame) -> Const | None:
        """Whether an object has an attribute, or can be called; None where that is not known."""
        match name, values:
            case "callable", [Function() | Class() | Symbol()]:
                return Const(True)
            case "callable", [Const() | Sequence() | Mapping() | Node()]:
                return Const(False)
            case "hasattr", [Instance(cls=cls, attributes=attributes) as owner, Const(value=str() as attribute)]:
                table = cast(dict[object, Value], attributes)
                if any(known.wrapper.definition is frame.owner for known in self.staging.remembered):
                    # It is made here the first time, whenever that is.
                    return Const(attribute in attributes)
                if attribute in attributes:
                    perhaps = any(where is table and key == attribute for where, key in self.store.maybe)
                    return None if perhaps else Const(True)
                if attribute.startswith("__"):
                    return None
                if cls.lookup(attribute) is not None:
                    return Const(True)
                bases = [base for part in cls.ancestry() for base in part.bases]
                open_ended = any(not isinstance(base, Class | Builtin) for base in bases)
                if open_ended or any(cls.lookup(method) is not None for method in MAKING_ATTRIBUTES):
                    return None
                # What runs again may find what the first time has left.
                return None if self.repeated or self.later or owner not in self.instances else Const(False)
        return None

    def convert(self, name: str, value: Value | None) -> Value:
        known = self.elements(value) if value is not None else []
        kind = {"tuple": "tuple", "set": "set"}.get(name, "list")
        if known is not None:
            items = list(reversed(known)) if name == "reversed" else known
            return Sequence(items, kind, name not in ("sorted", "set"))
        if isinstance(value, Sequence):
            return Sequence(list(value.items), kind, False)
        if value is not None and any(True for _ in nodes_in(value)):
            return Unknown(f"`{name}` of a graph value is not followed", self.place())
        return Host(shape_sources(cast(Value, value)))

    def make_dict(self, args: Arguments) -> Value:
        out = Mapping()
        if args.positional:
            source = args.positional[0]
            if isinstance(source, Mapping):
                out = self.copied(source)
            else:
                pairs = self.elements(source)
                for pair in pairs or []:
                    if isinstance(pair, Sequence) and len(pair.items) == 2:
                        self.put(out, pair.items[0], pair.items[1], cst.Name("pair"))
                out.exact = pairs is not None
        for key, value in args.keywords.items():
            out.items[key] = value
        return out

    def copied(self, source: Mapping) -> Mapping:
        """A copy of a dict; one with keys of some paths only is not known exactly."""
        certain = not any(table is source.items for table, _ in self.store.maybe)
        return Mapping(dict(source.items), source.exact and certain, list(source.displays))

    def scalar(self, name: str, values: list[Value], node: cst.Call) -> Value:
        if name == "int" and len(values) == 1 and isinstance(values[0], Dimension):
            return settled(values[0])
        values = [settled(v) for v in values]
        if values and all(isinstance(v, Const) for v in values):
            function = {"int": int, "float": float, "str": str, "bool": bool, "abs": abs, "max": max, "min": min}
            try:
                return Const(function[name](*[cast(Const, v).value for v in values]))  # type: ignore[operator]
            except (KeyError, TypeError, ValueError):
                return Host()
        inputs = [n for v in values for n in nodes_in(v)]
        if inputs and name in ("abs", "sum", "round"):
            return self.tensor(f"builtin.{name}", values, node)
        if inputs:
            return Unknown(f"`{name}` of a graph value has no value while the graph is built", self.place())
        return Host(shape_sources(*values))

    def mapped(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if len(args.positional) != 2:
            return Host()
        known = self.elements(args.positional[1])
        if known is None:
            return Host(shape_sources(*args.positional))
        results = [self.apply(args.positional[0], Arguments([item], {}), node, frame) for item in known]
        if name == "map":
            return Sequence(results, "list")
        keep = [self.truth(r) for r in results]
        items = [item for item, k in zip(known, keep, strict=True) if k is not False]
        return Sequence(items, "list", None not in keep)

    # ------------------------------------------------------------------ methods of plain values
    def method(self, callee: Bound, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        receiver, name = callee.receiver, callee.name
        match receiver:
            case Sequence():
                return self.list_method(receiver, name, args, node)
            case Mapping():
                return self.dict_method(receiver, name, args, node)
            case Const(value=str()):
                return self.string_method(receiver, name, args)
            case Shape(of=node_of, sizes=sizes):
                if name == "as_list":
                    return Sequence(list(sizes), "list")
                number = product(sizes) if name == "num_elements" else None
                return number if isinstance(number, Const) else Host(frozenset({node_of}))
            case (
                Node() | Optimizer() | Session() | Graph() | Scope() | Symbol() | Writer() | Saver()
                | Dataset() | Iterator() | Averages()
            ):  # fmt: skip
                return self.graph_method(receiver, name, args, node, frame)
        return self.foreign(name, args, node)

    def list_method(self, target: Sequence, name: str, args: Arguments, node: cst.Call) -> Value:
        match name:
            case "append" | "add":
                self.store.append(target, [args.positional[0]] if args.positional else [])
                return Const(None)
            case "extend":
                known = self.elements(args.positional[0]) if args.positional else None
                if known is None:
                    target.exact = False
                self.store.append(target, known or [])
                return Const(None)
            case "copy":
                return Sequence(list(target.items), target.kind, target.exact)
            case "pop" | "popleft":
                target.exact = False
                return join(target.items) if target.items else Host()
            case "reverse":
                self.store.replace(target, target.items[::-1])
                target.exact = target.exact and not self.store.branching
                return Const(None)
            case "insert" | "remove" | "sort" | "clear":
                target.exact = False
                if name == "insert" and len(args.positional) > 1:
                    self.store.append(target, [args.positional[1]])
                return Const(None)
        return Host(shape_sources(target))

    def dict_method(self, target: Mapping, name: str, args: Arguments, node: cst.Call) -> Value:
        match name:
            case "items":
                pairs = [Sequence([_key(k), v], "tuple") for k, v in target.items.items()]
                return Sequence(cast(list[Value], pairs), "list", target.exact)
            case "values":
                return Sequence(list(target.items.values()), "list", target.exact)
            case "keys":
                return Sequence([_key(k) for k in target.items], "list", target.exact)
            case "copy":
                return self.copied(target)
            case "get" if target.exact and args.positional and self.is_missing(target, args.positional[0]):
                return args.positional[1] if len(args.positional) > 1 else Const(None)
            case "setdefault" if target.exact and args.positional and self.is_missing(target, args.positional[0]):
                made = args.positional[1] if len(args.positional) > 1 else Const(None)
                self.set_item(target, args.positional[0], made, node)
                return made
            case "get" | "setdefault":
                return self.stored(target, args.positional[0]) if args.positional else Host()
            case "pop":
                target.exact = False
                return self.stored(target, args.positional[0]) if args.positional else Host()
            case "popitem" | "clear":
                target.exact = False
                return Unknown(f"`{name}` of a dict is not followed", self.place())
            case "update":
                source = self.make_dict(args)
                if isinstance(source, Mapping):
                    for key, value in source.items.items():
                        self.store.write(target.items, key, value)
                    target.exact = target.exact and source.exact
                return Const(None)
        return Host(shape_sources(target))

    def is_missing(self, target: Mapping, key: Value) -> bool:
        """Whether a dict has no such key, for certain."""
        return isinstance(key, Const) and isinstance(key.value, str | int) and key.value not in target.items

    def string_method(self, target: Const, name: str, args: Arguments) -> Value:
        values = [*args.positional]
        if all(isinstance(v, Const) for v in values) and not args.keywords and name in STRING_METHODS:
            try:
                return Const(getattr(target.value, name)(*[cast(Const, v).value for v in values]))
            except (TypeError, ValueError, LookupError):
                return Host()
        return Host(shape_sources(*args.all()))

    # ------------------------------------------------------------------ implemented by the subclass
    def symbol_call(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        raise NotImplementedError

    def graph_method(self, receiver: Value, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        raise NotImplementedError


# Packages that call functions at the same time as the program goes on.
CONCURRENT = ("threading.", "_thread.", "multiprocessing.", "concurrent.", "asyncio.", "joblib.")
# Functions of numpy that give an array of the same shape.
ELEMENTWISE = frozenset(f"numpy.{name}" for name in ("abs", "absolute", "exp", "log", "sqrt", "square", "tanh"))
# Functions of other packages whose result is known where their argument is.
FOLDED_FOREIGN: dict[str, Callable[..., object]] = {
    "numpy.prod": math.prod,
    "numpy.product": math.prod,
    "numpy.sqrt": math.sqrt,
    "math.sqrt": math.sqrt,
}
# Methods by which a class decides itself what attributes its objects have.
MAKING_ATTRIBUTES = ("__getattr__", "__getattribute__", "__setattr__", "__delattr__")
STRING_METHODS = frozenset(
    [
        "format",
        "startswith",
        "endswith",
        "replace",
        "split",
        "strip",
        "lower",
        "upper",
        "lstrip",
        "rstrip",
        "join",
        "zfill",
        "title",
        "capitalize",
    ]
)


def is_instance(value: Value, kind: Value) -> bool | None:
    """What ``isinstance`` answers; None where it is not known. A list may stand for another iterable here."""
    if isinstance(kind, Sequence):
        answers = [is_instance(value, each) for each in kind.items] if kind.exact else [None]
        return True if True in answers else None if None in answers else False
    if not isinstance(kind, Builtin) or kind.name not in CLASSES:
        return None
    match value:
        case Const(value=known):
            return isinstance(known, CLASSES[kind.name])
        case Sequence(kind="tuple"):
            return kind.name == "tuple"
        case Sequence(kind="list") if kind.name in ("tuple", "dict", "str", "int", "float", "bool"):
            return False
        case Mapping():
            return kind.name == "dict"
        case Node(kind="tensor" | "placeholder" | "variable") if not stands_for_several(value):
            return False
    return None


def argument(node: cst.Call, position: int, name: str) -> cst.BaseExpression | None:
    """The expression given for one parameter of a call."""
    index = 0
    for arg in node.args:
        if arg.keyword is not None:
            if arg.keyword.value == name:
                return arg.value
        elif not arg.star:
            if index == position:
                return arg.value
            index += 1
    return None


def parameters(function: Function) -> list[str]:
    """The names of a function's positional parameters."""
    params = function.definition.params
    return [p.name.value for p in (*params.posonly_params, *params.params)]


def _is_told(value: Value) -> bool:
    """Whether somebody outside of the program chose a value, on its command line: no name of the program is in it."""
    flag = isinstance(value, Host) and isinstance(value.key, tuple) and value.key[:1] == ("flag",)
    return flag or (isinstance(value, Host) and value.origin.startswith("argparse."))


def _key(key: object) -> Value:
    return key if isinstance(key, Node) else Const(key)


@lru_cache(maxsize=REMEMBERED)
def _is_generator(definition: cst.FunctionDef) -> bool:
    stack: list[cst.CSTNode] = [definition.body]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.Yield):
            return True
        if not isinstance(current, cst.FunctionDef | cst.Lambda | cst.ClassDef):
            stack.extend(children(current))
    return False


# Classes of Python that a value may be asked for, under one name in all versions.
CLASSES: dict[str, type] = {"tuple": tuple, "list": list, "dict": dict, "int": int, "float": float, "bool": bool}
# Kinds of nodes that hold or change state.
STATE = frozenset({"variable", "layer", "placeholder", "train", "assign"})


def _always_returns(values: list[Value], definition: cst.FunctionDef) -> bool:
    """Whether the last statement returns, so that falling off the end cannot happen."""
    body = definition.body.body
    last = body[-1] if body else None
    if isinstance(last, cst.SimpleStatementLine) and last.body and isinstance(last.body[-1], cst.Return | cst.Raise):
        return bool(values)
    return False
