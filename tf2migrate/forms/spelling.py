"""What one call of a function read, written so that another place of the program can read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Mapping, Sequence, Symbol, Value, key_of
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.names.tree import walk

MAXIMUM_DEPTH = 8


@dataclass(slots=True)
class Spelling:
    """Writes expressions for frames; None where a value cannot be written there."""

    staging: Staging
    aliases: dict[str, Aliases] = field(default_factory=dict)

    def write(
        self, value: Value, expression: cst.BaseExpression | None, target: Frame, depth: int = 0
    ) -> cst.BaseExpression | None:
        """An expression that has ``value`` in ``target``; ``expression`` had it somewhere."""
        if expression is not None and depth < MAXIMUM_DEPTH:
            sources = [o.frame for o in self.staging.observations.get(id(expression), ()) if _equal(o.value, value)]
            if sources:
                copied = self.copy(expression, sources[-1], target, depth)
                if copied is not None:
                    return copied
        return self.literal(value, target) or self.parameter(value, target)

    # ------------------------------------------------------------------ values
    def literal(self, value: Value, target: Frame) -> cst.BaseExpression | None:
        """A literal, or the name of a symbol of TensorFlow."""
        match value:
            case Const(value=known) if known is None or isinstance(known, bool | int | float | str):
                return cst.parse_expression(repr(known))
            case Symbol(name=name):
                return self.symbol(name, target)
            case Sequence(items=items, kind="list" | "tuple" as kind, exact=True):
                found = [self.literal(item, target) for item in items]
                if None in found:
                    return None
                elements = [cst.Element(cast(cst.BaseExpression, item)) for item in found]
                return cst.List(elements) if kind == "list" else cst.Tuple(elements)
            case Mapping(items=pairs, exact=True) if all(isinstance(key, str) for key in pairs):
                values = [self.literal(item, target) for item in pairs.values()]
                if None in values:
                    return None
                return cst.Dict(
                    [
                        cst.DictElement(cst.SimpleString(f'"{key}"'), cast(cst.BaseExpression, item))
                        for key, item in zip(pairs, values, strict=True)
                    ]
                )
        return None

    def symbol(self, name: str, target: Frame) -> cst.BaseExpression | None:
        """A symbol of TensorFlow by a name that the module of ``target`` has for it."""
        known = self.aliases.get(target.module)
        if known is None:
            known = self.aliases[target.module] = Aliases(self.staging.modules[target.module].tree)
        if known.tensorflow is not None:
            return cst.parse_expression(known.tensorflow + name.removeprefix("tf"))
        for alias, symbol in known.names.items():
            if name == symbol or name.startswith(f"{symbol}."):
                return cst.parse_expression(alias + name.removeprefix(symbol))
        return None

    def parameter(self, value: Value, target: Frame) -> cst.BaseExpression | None:
        """The parameter by which ``target`` got the very same value."""
        rebound = {name for name, _ in bindings(cast(cst.FunctionDef, target.owner).body)} if target.entry else set()
        for name, given in target.entry.items():
            if given is value and name not in rebound:
                return cst.Name(name)
        return None

    # ------------------------------------------------------------------ expressions
    def copy(
        self, expression: cst.BaseExpression, source: Frame, target: Frame, depth: int
    ) -> cst.BaseExpression | None:
        """The expression with everything replaced that means something else in ``target``."""
        if not self.is_harmless(expression):
            return None
        replaced: dict[int, cst.BaseExpression] = {}
        for name in names_read(expression):
            if self.means_the_same(name, source, target):
                continue
            whole = self.chain(expression, name)
            value = self.staging.value_in(whole, source)
            if value is None:
                return None
            found = self.literal(value, target) or self.parameter(value, target)
            found = found or self.traced(name, source, target, depth)
            if found is None:
                return None
            replaced[id(whole)] = found if whole is expression else enclosed(found)
        return cast(cst.BaseExpression, expression.visit(_Replacing(replaced)))

    def chain(self, expression: cst.BaseExpression, name: cst.Name) -> cst.BaseExpression:
        """The longest chain of attributes that begins with a name and is a symbol: ``slim.batch_norm``."""
        for node in walk(expression):
            if isinstance(node, cst.Attribute) and any(isinstance(v, Symbol) for v in self.staging.values_of(node)):
                root: cst.BaseExpression = node
                while isinstance(root, cst.Attribute):
                    root = root.value
                if root is name:
                    return node
        return name

    def traced(self, name: cst.Name, source: Frame, target: Frame, depth: int) -> cst.BaseExpression | None:
        """What a name stands for: the argument that a call gave for it, or what it was bound to once."""
        call, place = source.call, source.called_from
        if name.value in source.entry and call is not None and place is not None:
            caller = place.steps[-1].frame
            for arg in call.args:
                value = source.entry[name.value]
                if not arg.star and any(o.value is value for o in self.staging.observations.get(id(arg.value), ())):
                    return self.write(value, arg.value, target, depth + 1) if caller is not source else None
        owner = source.owner
        body = getattr(owner, "body", None)
        if isinstance(body, cst.CSTNode):
            found = [node for bound, node in bindings(body) if bound == name.value]
            for node in walk(body) if len(found) == 1 else ():
                match node:
                    case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=bound))], value=given):
                        if bound == name.value and (seen := self.staging.value_in(given, source)) is not None:
                            return self.write(seen, given, target, depth + 1)
        return None

    def is_harmless(self, expression: cst.BaseExpression) -> bool:
        """Whether it may be evaluated elsewhere: it calls nothing but TensorFlow and is no comprehension."""
        for node in walk(expression):
            if isinstance(node, cst.BaseComp | cst.NamedExpr | cst.Await | cst.Yield):
                return False
            if isinstance(node, cst.Call) and not any(
                isinstance(v, Symbol) for v in self.staging.values_of(node.func)
            ):
                return False
        return True

    def means_the_same(self, name: cst.Name, source: Frame, target: Frame) -> bool:
        """Whether a name is that of the same scope for both, and is bound once there."""
        holder = source.holder(name.value)
        if holder is not target.holder(name.value):
            return False
        if holder is None:
            return True
        owner = holder.owner
        parts = owner.body if isinstance(owner, cst.Module) else [cast(cst.CSTNode, getattr(owner, "body", owner))]
        count = sum(bound == name.value for part in parts for bound, _ in bindings(part))
        return count + (name.value in holder.entry) == 1


def enclosed(expression: cst.BaseExpression) -> cst.BaseExpression:
    """An expression that can be a part of another one, or be called: in parentheses, if it is made of several."""
    single = (
        *(cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.SimpleString, cst.Integer, cst.Float),
        *(cst.List, cst.Dict, cst.Set, cst.Tuple),
    )
    if isinstance(expression, single) or expression.lpar:
        return expression
    return expression.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _equal(one: Value, other: Value) -> bool:
    return one is other or (isinstance(one, Const | Symbol) and key_of(one) == key_of(other))


class _Replacing(cst.CSTTransformer):
    def __init__(self, replaced: dict[int, cst.BaseExpression]) -> None:
        super().__init__()
        self.replaced = replaced

    def on_visit(self, node: cst.CSTNode) -> bool:
        return id(node) not in self.replaced

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        found = self.replaced.get(id(original))
        return found if found is not None else super().on_leave(original, updated)
