"""The abstract interpreter: ``arg_scope`` of contrib and slim, which gives the calls inside it arguments."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.symbols import canonical
from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.calls import Calls
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Completed, Normalized
from tf2migrate.graph.values import (
    ArgumentScope,
    Const,
    Default,
    Function,
    Mapping,
    Sequence,
    Symbol,
    Value,
)

ARG_SCOPE = "tf.contrib.framework.arg_scope"
ADD_ARG_SCOPE = "tf.contrib.framework.add_arg_scope"
NORMALIZERS = ("tf.contrib.layers.batch_norm", "tf.contrib.layers.layer_norm", "tf.contrib.layers.instance_norm")

Defaults = dict[str, Default]


class ArgumentScopes(Calls):
    """Keeps the scopes that are open, and completes the calls of the functions that they name."""

    argument_scopes: list[dict[object, Defaults]]
    scoped_functions: set[int]

    def decorate(self, decorator: cst.BaseExpression, value: Value, frame: Frame) -> Value:
        if isinstance(value, Function) and isinstance(decorator, cst.Name | cst.Attribute):
            symbol = self.evaluate(decorator, frame)
            if isinstance(symbol, Symbol) and canonical(symbol.name) == ADD_ARG_SCOPE:
                self.scoped_functions.add(id(value.definition))
                self.staging.scoped.append(decorator)
                return value
        return super().decorate(decorator, value, frame)

    def argument_scope(self, args: Arguments, node: cst.Call) -> Value:
        """``arg_scope(list_ops_or_scope, **kwargs)``, before it is entered."""
        given = args.get(0, "list_ops_or_scope")
        self.staging.scoped.append(node)
        if isinstance(given, ArgumentScope):
            return ArgumentScope(given.defaults, True)
        if isinstance(given, Mapping) and given.exact and not given.items:
            return ArgumentScope({}, True)
        if not isinstance(given, Sequence) or not given.exact or not args.exact:
            return self.refuse("TFM701", node, "the functions or arguments of this `arg_scope` are not known")
        keys = [self.key_of_callee(item) for item in given.items]
        if None in keys:
            return self.refuse("TFM701", node, "the functions of this `arg_scope` are not known")
        defaults = {
            name: Default(value, self.expression_of(name, node))
            for name, value in args.keywords.items()
            if name != "list_ops_or_scope"
        }
        return ArgumentScope({key: dict(defaults) for key in keys}, False)

    def key_of_callee(self, callee: Value) -> object:
        """What identifies a function to ``arg_scope``; None for one that none can name."""
        match callee:
            case Symbol(name=name):
                return canonical(name)
            case Function(definition=definition) if id(definition) in self.scoped_functions:
                return id(definition)
        return None

    def expression_of(self, keyword: str, call: cst.Call) -> cst.BaseExpression | None:
        """The expression behind a keyword of a call, also one that stands in a dict behind ``**``."""
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value == keyword:
                return arg.value
        for arg in call.args:
            if arg.star == "**":
                for value in self.staging.values_of(arg.value):
                    if isinstance(value, Mapping) and (found := entry(value, keyword)) is not None:
                        return found
        return None

    def open_arguments(self, scope: ArgumentScope) -> ArgumentScope:
        """Enters a scope; gives back what ``as`` binds."""
        current = self.argument_scopes[-1] if self.argument_scopes else {}
        merged: dict[object, Defaults] = {} if scope.whole else dict(current)
        for key, defaults in scope.defaults.items():
            merged[key] = {**merged.get(key, {}), **defaults}
        self.argument_scopes.append(merged)
        return ArgumentScope(merged, True)

    def scoped_defaults(self, key: object) -> Defaults:
        """What the open scopes give to calls of a function."""
        return self.argument_scopes[-1].get(key, {}) if self.argument_scopes else {}

    def with_defaults(self, callee: Value, args: Arguments, node: cst.Call, frame: Frame) -> Arguments:
        if not self.argument_scopes:
            return args
        missing = {
            name: default
            for name, default in self.scoped_defaults(self.key_of_callee(callee)).items()
            if name not in args.keywords
        }
        if not missing:
            return args
        self.staging.completed.append(Completed(node, frame, self.place(), missing))
        values = {name: default.value for name, default in missing.items()}
        return Arguments(args.positional, {**values, **args.keywords}, args.exact)

    def note_normalizer(
        self, name: str, named: dict[str, Value], node: cst.Call, frame: Frame, local: str
    ) -> None:
        """Remembers that a layer has a ``normalizer_fn``, with what the scopes give to that."""
        given = named.get("normalizer_fn")
        if given is None or (isinstance(given, Const) and given.value is None):
            return
        if not isinstance(given, Symbol) or canonical(given.name) not in NORMALIZERS:
            self.refuse("TFM701", node, "the `normalizer_fn` of this layer is not one of `tf.contrib.layers`")
            return
        params = named.get("normalizer_params")
        known = params is None or (isinstance(params, Const) and params.value is None)
        if not known and not (isinstance(params, Mapping) and params.exact):
            self.refuse("TFM701", node, "the `normalizer_params` of this layer are not known")
            return
        inside = {str(key): value for key, value in params.items.items()} if isinstance(params, Mapping) else {}
        arguments = {
            key: Default(value, entry(params, key) if isinstance(params, Mapping) else None)
            for key, value in inside.items()
        }
        scoped = self.scoped_defaults(canonical(given.name))
        self.staging.normalized.append(
            Normalized(node, frame, self.place(), canonical(given.name), {**scoped, **arguments}, local, name)
        )


def entry(table: Mapping, key: str) -> cst.BaseExpression | None:
    """The expression that a dict display, the only one behind ``table``, has for a key."""
    if len(table.displays) != 1:
        return None
    found: cst.BaseExpression | None = None
    match table.displays[0]:
        case cst.Dict(elements=elements):
            for element in elements:
                if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
                    found = element.value if element.key.evaluated_value == key else found
        case cst.Call(args=args):
            for arg in args:
                if arg.keyword is not None and arg.keyword.value == key:
                    found = arg.value
    return found
