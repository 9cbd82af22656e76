"""Calls inside of an ``arg_scope`` get their arguments written out, and a ``normalizer_fn`` becomes a call of it.

The result is an equivalent TensorFlow 1 program without scopes of arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.api.layer_tables import WEIGHTED
from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.forms.spelling import Spelling, enclosed
from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.argument_scopes import ADD_ARG_SCOPE
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Normalized, Staging
from tf2migrate.graph.values import ArgumentScope, Const, Default, Function, Node, Symbol
from tf2migrate.names.bindings import names_read
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import children, code_of, walk
from tf2migrate.plan.refusal import NotPlanned, Refusal

TIGHT = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
# The name of a normalizer's own scope inside that of the layer.
SCOPES = {"batch_norm": "BatchNorm", "layer_norm": "LayerNorm", "instance_norm": "InstanceNorm"}


def without_argument_scopes(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with the arguments of its scopes written out; None when it has none.

    Raises ``NotPlanned`` where an argument cannot be written at the call that gets it.
    """
    if not staging.scoped and not staging.normalized:
        return None
    edits = _Resolver(staging, Spelling(staging)).edits()
    out: list[Module] = []
    for module in modules:
        if not any(_is_work(staging, edits, node) for node in walk(module.tree)):
            out.append(module)
            continue
        edit = _Writing(module, staging, edits, builder)
        made, builder = edit.apply(module), edit.builder
        if edit.dropped:
            tidied = _Tidying(made, edit.dropped - _named_in(modules, module), builder)
            made, builder = tidied.apply(made), tidied.builder
        out.append(made.settled())
    return out, builder


def _named_in(modules: list[Module], own: Module) -> set[str]:
    """All names in the other files, which may mean something of this one."""
    others = [module.tree for module in modules if module is not own]
    return {node.value for tree in others for node in walk(tree) if isinstance(node, cst.Name)}


@dataclass(slots=True)
class _Wrapped:
    """The normalizer of a layer, with its arguments, and the activation behind it."""

    function: cst.BaseExpression
    arguments: dict[str, cst.BaseExpression]
    activation: cst.BaseExpression | None
    places: tuple[str, ...]


@dataclass(slots=True)
class _Edits:
    """Arguments to add to calls, and normalizers to put around them, by the identity of the call."""

    added: dict[int, dict[str, cst.BaseExpression]] = field(default_factory=dict)
    wrapped: dict[int, _Wrapped] = field(default_factory=dict)


class _Resolver:
    """Decides what is written where."""

    def __init__(self, staging: Staging, spelling: Spelling) -> None:
        self.staging = staging
        self.spelling = spelling
        self.made = _Edits()

    def edits(self) -> _Edits:
        groups: dict[int, list[tuple[cst.Call, Frame, Mapping[str, Default]]]] = {}
        for one in self.staging.completed:
            groups.setdefault(id(one.call), []).append((one.call, one.frame, one.defaults))
        for key, group in groups.items():
            self.made.added[key] = self.agreed(group)
        layers: dict[int, list[Normalized]] = {}
        for other in self.staging.normalized:
            layers.setdefault(id(other.call), []).append(other)
        for key, found in layers.items():
            self.made.wrapped[key] = self.wrapped(found)
        return self.made

    def agreed(
        self, group: list[tuple[cst.Call, Frame, Mapping[str, Default]]]
    ) -> dict[str, cst.BaseExpression]:
        """The arguments that a call gets, where it gets the same ones always."""
        call = group[0][0]
        frames = {id(seen.frame) for seen in self.staging.observations.get(id(call), ())}
        texts: list[dict[str, str]] = []
        found: dict[str, cst.BaseExpression] = {}
        for _, frame, defaults in group:
            found = {name: self.written(default, frame, call, name) for name, default in defaults.items()}
            texts.append({name: code_of(node) for name, node in found.items()})
        if any(text != texts[0] for text in texts) or frames - {id(frame) for _, frame, _ in group}:
            raise self.refused(call, "this call gets different arguments from the `arg_scope`s that it stands in")
        return found

    def written(self, default: Default, frame: Frame, call: cst.Call, name: str) -> cst.BaseExpression:
        found = self.spelling.write(default.value, default.expression, frame)
        if found is None:
            raise self.refused(call, f"what an `arg_scope` gives for `{name}` cannot be written at this call")
        return found

    def refused(self, call: cst.Call, reason: str) -> NotPlanned:
        modules = self.staging.modules
        key = next((key for key, module in modules.items() if call in set(walk(module.tree))), next(iter(modules)))
        return NotPlanned(Refusal("TFM701", key, call, reason, "write the arguments out"))

    # ------------------------------------------------------------------ normalizers
    def wrapped(self, found: list[Normalized]) -> _Wrapped:
        first = found[0]
        call = first.call
        names = {one.normalizer for one in found}
        if len(names) > 1:
            raise self.refused(call, "this layer is normalized in different ways")
        arguments = self.agreed([(call, one.frame, one.arguments) for one in found])
        function = self.argument(first, "normalizer_fn")
        reuse = self.given(call, first.layer, "reuse")
        if reuse is not None:
            arguments["reuse"] = reuse
        scope = self.scope(found)
        if scope is not None:
            arguments["scope"] = scope
        return _Wrapped(function, arguments, self.activation(found), _places(first.layer))

    def argument(self, one: Normalized, parameter: str) -> cst.BaseExpression:
        """The argument of a layer, as it stands in the call or comes from a scope."""
        found = self.given(one.call, one.layer, parameter)
        if found is None:
            raise self.refused(one.call, f"the `{parameter}` of this layer cannot be seen")
        return found

    def given(self, call: cst.Call, layer: str, parameter: str) -> cst.BaseExpression | None:
        for index, arg in enumerate(call.args):
            if (arg.keyword is not None and arg.keyword.value == parameter) or (
                arg.keyword is None and not arg.star and _places(layer)[index : index + 1] == (parameter,)
            ):
                return arg.value
        return self.made.added.get(id(call), {}).get(parameter)

    def activation(self, found: list[Normalized]) -> cst.BaseExpression | None:
        """The function behind the normalizer; None where there is none."""
        one = found[0]
        given = self.given(one.call, one.layer, "activation_fn")
        if given is None:
            default = WEIGHTED[one.layer].defaults.get("activation")
            made = self.spelling.symbol(default, one.frame) if default is not None else None
            if default is not None and made is None:
                raise self.refused(one.call, "the activation of this layer cannot be written here")
            return made
        if isinstance(given, cst.Name) and given.value == "None":
            return None
        values = self.staging.values_of(given)
        known = all(isinstance(v, Symbol | Function) for v in values) and not isinstance(given, cst.Lambda)
        if all(isinstance(v, Const) and v.value is None for v in values) and values:
            return None
        if not values:
            values = [o.value for o in self.scoped(one, "activation_fn")]
            known = bool(values) and all(isinstance(v, Symbol | Function) for v in values)
        if not known:
            raise self.refused(one.call, "whether this normalized layer has an activation is not known")
        return given

    def scoped(self, one: Normalized, parameter: str) -> list[Default]:
        return [
            each.defaults[parameter]
            for each in self.staging.completed
            if each.call is one.call and parameter in each.defaults
        ]

    def scope(self, found: list[Normalized]) -> cst.BaseExpression | None:
        """The name that the normalizer's variables have in the scope of the layer."""
        own = SCOPES[found[0].normalizer.rpartition(".")[2]]
        locals_ = {one.local for one in found}
        if len(locals_) == 1 and "?" not in found[0].local:
            return cst.SimpleString(f'"{found[0].local}/{own}"')
        given = self.given(found[0].call, found[0].layer, "scope")
        if given is not None and not (isinstance(given, cst.Name) and given.value == "None"):
            return cst.BinaryOperation(enclosed(given.deep_clone()), cst.Add(), cst.SimpleString(f'"/{own}"'))
        if self.names_matter():
            raise self.refused(found[0].call, "the names of the variables of this layer's normalizer matter")
        return None

    def names_matter(self) -> bool:
        """Whether the program looks at names of variables, or asks for those of a scope."""
        for module in self.staging.modules.values():
            for node in walk(module.tree):
                if isinstance(node, cst.Attribute) and node.attr.value in ("name", "op"):
                    values = self.staging.values_of(node.value)
                    if any(isinstance(v, Node) and v.kind in ("variable", "layer") for v in values):
                        return True
                if isinstance(node, cst.Call) and len(node.args) > _unfiltered(dotted_name(node.func)):
                    return True
        return False


def _unfiltered(function: str) -> int:
    """How many arguments a call may have that does not ask for the variables of a scope."""
    return 1 if function.endswith("get_collection") else 0 if function.endswith("_variables") else 256


def _places(layer: str) -> tuple[str, ...]:
    symbol = tf1_symbol(layer)
    return symbol.positional() if symbol is not None else ()


def _is_work(staging: Staging, edits: _Edits, node: cst.CSTNode) -> bool:
    """Whether something gets arguments, or opens, keeps or hands out a scope of them."""
    added = id(node) in edits.added or id(node) in edits.wrapped
    return added or _is_scope(staging, node) or (isinstance(node, cst.Decorator) and _takes_defaults(staging, node))


def _is_scope(staging: Staging, node: cst.CSTNode) -> bool:
    values = staging.values_of(node)
    return bool(values) and all(isinstance(value, ArgumentScope) for value in values)


def _takes_defaults(staging: Staging, node: cst.Decorator) -> bool:
    """Whether a decorator lets scopes give arguments to a function."""
    values = staging.values_of(node.decorator)
    return any(isinstance(v, Symbol) and v.name.endswith(ADD_ARG_SCOPE.rpartition(".")[2]) for v in values)


class _Writing(Traced):
    """Puts the arguments in and takes the scopes away."""

    def __init__(self, module: Module, staging: Staging, edits: _Edits, builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.staging = staging
        self.edits = edits
        self.dropped: set[str] = set()
        """Names that were read by what is no longer there."""

    def drop(self, *nodes: cst.CSTNode) -> None:
        self.dropped |= {name.value for node in nodes for name in names_read(node)}

    def is_scope(self, node: cst.CSTNode) -> bool:
        return _is_scope(self.staging, node)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        match original:
            case cst.Call() if isinstance(made, cst.Call):
                return self.call(original, made)
            case cst.With() if isinstance(made, cst.With):
                return self.opened(original, made)
            case cst.Decorator() if _takes_defaults(self.staging, original):
                return cst.RemoveFromParent()
            case cst.Assign(value=value) if self.is_scope(value):
                return cst.RemoveFromParent()
            case cst.FunctionDef() if self.gives_scope(original):
                return cst.RemoveFromParent()
        return made

    def gives_scope(self, function: cst.FunctionDef) -> bool:
        """Whether a function is there to make a scope."""
        returned = [node.value for node in walk(function.body) if isinstance(node, cst.Return)]
        return bool(returned) and all(value is not None and self.is_scope(value) for value in returned)

    def opened(self, original: cst.With, made: cst.With) -> cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]:
        """A ``with`` statement without its scopes of arguments: the body alone, where it had no others."""
        pairs = zip(original.items, made.items, strict=True)
        left = [new for old, new in pairs if not self.is_scope(old.item)]
        if len(left) == len(made.items):
            return made
        self.drop(*(item.item for item in original.items if self.is_scope(item.item)))
        if left:
            left[-1] = left[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            kept = made.with_changes(items=left)
            self.trace(original, kept)
            return kept
        body = [*made.body.body] if isinstance(made.body, cst.IndentedBlock) else [_line(made.body)]
        lines = list(made.leading_lines)
        if isinstance(made.body, cst.IndentedBlock) and made.body.header.comment is not None:
            lines.append(cst.EmptyLine(comment=made.body.header.comment))
        if not body:
            return cst.RemoveFromParent()  # type: ignore[return-value]
        first = body[0].with_changes(leading_lines=[*lines, *getattr(body[0], "leading_lines", ())])
        if body[0] in self.origins:
            self.origins[first] = self.origins[body[0]]
        if body[0] in self.positions:
            self.positions[first] = self.positions[body[0]]
        return cst.FlattenSentinel([first, *body[1:]])

    # ------------------------------------------------------------------ calls
    def call(self, original: cst.Call, made: cst.Call) -> cst.BaseExpression:
        added = self.edits.added.get(id(original), {})
        wrapped = self.edits.wrapped.get(id(original))
        if wrapped is None and not added:
            return made
        added = {name: value for name, value in added.items() if not _is_own_none(name, value)}
        if wrapped is None:
            out = made.with_changes(args=_joined(made.args, added))
            self.trace(original, out)
            return out
        gone = ("normalizer_fn", "normalizer_params", "activation_fn", "biases_initializer", "biases_regularizer")
        kept: list[cst.Arg] = []
        named = False
        for index, arg in enumerate(made.args):
            parameter = arg.keyword.value if arg.keyword is not None else wrapped.places[index]
            named = named or parameter in gone or arg.keyword is not None
            if parameter in gone:
                self.drop(arg.value)
            else:
                kept.append(_keyword(parameter, arg.value) if named and arg.keyword is None else arg)
        plain = {name: value for name, value in added.items() if name not in gone}
        none = {"activation_fn": cst.Name("None"), "biases_initializer": cst.Name("None")}
        out = made.with_changes(args=_joined(kept, {**plain, **none}))
        self.trace(original, out)
        out = cst.Call(enclosed(wrapped.function.deep_clone()), _joined([cst.Arg(out)], wrapped.arguments))
        self.trace(original, out)
        if wrapped.activation is not None:
            out = cst.Call(enclosed(wrapped.activation.deep_clone()), [cst.Arg(out)])
            self.trace(original, out)
        return out.with_changes(lpar=original.lpar, rpar=original.rpar) if original.lpar else out


class _Tidying(Traced):
    """Takes away tables of arguments that nothing reads any more."""

    def __init__(self, module: Module, dropped: set[str], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.unread = dropped - {name.value for name in _reads(module.tree)}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        match original:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Dict()):
                if name in self.unread:
                    return cst.RemoveFromParent()
        return made


def _reads(node: cst.CSTNode) -> Iterator[cst.Name]:
    """All names in a tree that are not just bound, or the names of arguments or attributes."""
    match node:
        case cst.Name():
            yield node
            return
        case cst.AssignTarget(target=cst.Name()) | cst.Param(default=None, annotation=None):
            return
        case cst.Attribute(value=value) | cst.Arg(value=value):
            yield from _reads(value)
            return
    for child in children(node):
        yield from _reads(child)


def _line(suite: cst.BaseSuite) -> cst.SimpleStatementLine:
    """What stands behind the colon of a statement, as a line of its own."""
    return cst.SimpleStatementLine(cast(cst.SimpleStatementSuite, suite).body)


def _is_own_none(name: str, value: cst.BaseExpression) -> bool:
    """``normalizer_fn=None`` says nothing."""
    return name in ("normalizer_fn", "normalizer_params") and isinstance(value, cst.Name) and value.value == "None"


def _keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    return cst.Arg(value, keyword=cst.Name(name), equal=TIGHT)


def _joined(args: list[cst.Arg] | tuple[cst.Arg, ...] | object, added: dict[str, cst.BaseExpression]) -> list[cst.Arg]:
    """Arguments with others by keyword behind them."""
    assert isinstance(args, list | tuple)
    spaced = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    out = [*args, *(_keyword(name, value.deep_clone()) for name, value in added.items())]
    for index, arg in enumerate(out):
        last = index == len(out) - 1
        if last:
            out[index] = arg.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        elif isinstance(arg.comma, cst.MaybeSentinel):
            out[index] = arg.with_changes(comma=spaced)
    return out
