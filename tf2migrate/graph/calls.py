"""The abstract interpreter: calls of the project's functions and classes, and of foreign code."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import cast

import libcst as cst

from tf2migrate.graph.arguments import Arguments, parameters
from tf2migrate.graph.builtins import Builtins
from tf2migrate.graph.early_exits import AtReturn
from tf2migrate.graph.frames import Frame, Step
from tf2migrate.graph.paths import choice
from tf2migrate.graph.recorder import MAXIMUM_DEPTH, MAXIMUM_RECURSION, Leave
from tf2migrate.graph.sizes import shape_sources
from tf2migrate.graph.values import (
    Bound,
    Builtin,
    Choice,
    Class,
    Const,
    Foreign,
    Function,
    Host,
    Instance,
    Mapping,
    Regularizer,
    Saver,
    Sequence,
    Session,
    Setting,
    Super,
    Symbol,
    Unknown,
    Value,
    Writer,
    are_single,
    classes_in,
    join,
    nodes_in,
    settled,
    unknown_in,
)
from tf2migrate.names.tree import REMEMBERED, children


class Calls(Builtins):
    """Evaluates calls; TensorFlow's own functions are in the subclass."""

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
                calls = [partial(self.apply, option, args, node, frame) for option in options]
                made = len(self.staging.nodes)
                ways = [(choice(callee, index), call) for index, call in enumerate(calls)]
                return self.met(join(self.one_of(ways)), made)
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
            self.staging.escaped += classes_in(value)
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
        known, made = len(self.conditions), len(self.staging.nodes)
        self.begin_call()
        self.returns.append([])
        self.perhaps_returned.append(math.inf)
        self.at_returns.append([])
        falls = True
        try:
            self.block(definition.body.body, frame)
        except Leave as leave:
            falls = leave.kind == "break"
        finally:
            values = self.returns.pop()
            returned = self.perhaps_returned.pop()
            self.forget_changed(self.at_returns.pop())
            self.calling.pop()
            self.end_call()
            del self.conditions[known:]
        if any(node.kind in MADE_ONCE for node in self.staging.nodes[int(min(returned, len(self.staging.nodes))) :]):
            reason = "this call may return before it makes state of the graph"
            return self.refuse("TFM404", node, reason, "make the variables in every case")
        if _is_generator(definition):
            return Host()
        if falls and not _always_returns(values, definition):
            values = [*values, Const(None)]
        return self.met(join(values), made) if values else Const(None)

    def forget_changed(self, returns: list[AtReturn]) -> None:
        """What a call has bound again that may have returned before that stands for either of two things."""
        for point in returns:
            for made, name in point.changed_since():
                reason = f"`{name}` is bound again in a call that may return before that"
                self.store.write(cast(dict[object, Value], made.attributes), name, Unknown(reason, self.place()))

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

    def remaining_methods(self, builder: cst.FunctionDef, uncalled: set[int]) -> None:
        """Interprets the methods of the object that holds the graph that nothing has called, with host arguments.

        Those of which ``uncalled`` has the identities are left out.
        """
        frames = [frame for frame in self.staging.frames if frame.owner is builder]
        receivers = [next(iter(frame.entry.values()), None) for frame in frames]
        if not receivers or not isinstance(receivers[0], Instance):
            return
        held = receivers[0]
        members = {name: value for cls in reversed(held.cls.ancestry()) for name, value in cls.members.items()}
        for function in members.values():
            decorated = isinstance(function, Instance) and function.cls.definition.name.value == "property"
            method = function.attributes.get("function") if decorated and isinstance(function, Instance) else function
            if not isinstance(method, Function) or id(method.definition) in self.staging.visited | uncalled:
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

    # ------------------------------------------------------------------ implemented by the subclass
    def begin_call(self) -> None:
        raise NotImplementedError

    def end_call(self) -> None:
        raise NotImplementedError

    def symbol_call(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
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


# Kinds of nodes that a constructor makes, on whichever way it takes; others become parts of functions.
MADE_ONCE = frozenset({"variable", "layer"})


def _always_returns(values: list[Value], definition: cst.FunctionDef) -> bool:
    """Whether the last statement returns, so that falling off the end cannot happen."""
    body = definition.body.body
    last = body[-1] if body else None
    if isinstance(last, cst.SimpleStatementLine) and last.body and isinstance(last.body[-1], cst.Return | cst.Raise):
        return bool(values)
    return False
