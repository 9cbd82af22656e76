"""The abstract interpreter: builtins of Python, and methods of its lists, dicts and strings."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.expressions import Expressions
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.pass_names import is_of_pass
from tf2migrate.graph.sizes import product, shape_sources
from tf2migrate.graph.values import (
    Averages,
    Bound,
    Builtin,
    Class,
    Const,
    Dataset,
    Dimension,
    Function,
    Graph,
    Host,
    Instance,
    Iterator,
    Mapping,
    Node,
    Optimizer,
    Saver,
    Scope,
    Sequence,
    Session,
    Shape,
    Symbol,
    Tagged,
    Unknown,
    Value,
    Writer,
    join,
    key_of,
    nodes_in,
    settled,
    stands_for_several,
)
from tf2migrate.names.dict_keys import written_keys

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
# What puts things in the order of what a function tells of each.
KEYED = ("sorted", "max", "min", "sort")
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
# Builtins whose result is decided by the numbers that they are given.
OF_NUMBERS = frozenset({"int", "float", "bool", "abs", "round"})
# Classes of Python that a value may be asked for, under one name in all versions.
CLASSES: dict[str, type] = {"tuple": tuple, "list": list, "dict": dict, "int": int, "float": float, "bool": bool}


class Builtins(Expressions):
    """Evaluates calls of what Python brings along."""

    # Whether what is interpreted is called at times, and as often, as nobody knows.
    later = 0

    # ------------------------------------------------------------------ builtins
    def builtin(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        values = args.all()
        for value in values:
            if isinstance(value, Unknown) and name != "setattr":
                return value
        first = values[0] if values else None
        self.consulted(name, args, node)
        match name:
            case "range" | "xrange":
                values = [settled(v) for v in values]
                if values and all(isinstance(v, Const) and isinstance(v.value, int) for v in values):
                    span = range(*[cast(int, cast(Const, v).value) for v in values])
                    if len(span) <= 256:
                        return Sequence([Const(i) for i in span], "list")
                return Host(shape_sources(*values), key=("range", *(key_of(v) for v in values)))
            case "len":
                known = self.elements(first) if first is not None else None
                # A member may stand for several variables, or be there only where the host wants it.
                unsure = known is None or (isinstance(first, Sequence) and first.kind == "collection")
                return Host(shape_sources(*values)) if unsure else Const(len(known or ()))
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

    def consulted(self, name: str, args: Arguments, node: cst.Call) -> None:
        """Calls the function by which something is ordered or combined, as often as it may be: for host values."""
        found = args.keywords.get("key") if name in KEYED else None
        if name in ("map", "filter") and args.positional and (len(args.positional) > 2 or not self.is_listed(args)):
            found = args.positional[0]
        if isinstance(found, Bound):
            found = found if isinstance(found.function, Function) else None
        if isinstance(found, Function | Bound) and not any(True for value in args.positional for _ in nodes_in(value)):
            self.called_back(found, node)

    def is_listed(self, args: Arguments) -> bool:
        """Whether what is mapped is known one by one."""
        return len(args.positional) == 2 and self.elements(args.positional[1]) is not None

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
        # Of the same numbers these give the same one each time.
        again = name in OF_NUMBERS or (name == "str" and all(is_of_pass(v) for v in values))
        key = (name, *(key_of(v) for v in values)) if again else None
        return Host(shape_sources(*values), key=key)

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
                | Dataset() | Iterator() | Averages() | Tagged()
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
                self.consulted(name, Arguments([target], args.keywords), node)
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
        given = key_of(Sequence(values, "tuple")) if name == "format" and not args.keywords else None
        return Host(shape_sources(*args.all()), key=("format", key_of(target), given) if given is not None else None)

    # ------------------------------------------------------------------ implemented by the subclasses
    def called_back(self, value: Value, node: cst.Call) -> None:
        raise NotImplementedError

    def apply(self, callee: Value, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        raise NotImplementedError

    def foreign(self, name: str, args: Arguments, node: cst.Call) -> Value:
        raise NotImplementedError

    def graph_method(self, receiver: Value, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        raise NotImplementedError


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


def _is_told(value: Value) -> bool:
    """Whether somebody outside of the program chose a value, on its command line: no name of the program is in it."""
    flag = isinstance(value, Host) and isinstance(value.key, tuple) and value.key[:1] == ("flag",)
    return flag or (isinstance(value, Host) and value.origin.startswith("argparse."))


def _key(key: object) -> Value:
    return key if isinstance(key, Node) else Const(key)
