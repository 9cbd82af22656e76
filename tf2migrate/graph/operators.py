"""The abstract interpreter: operators, comparisons and what is true."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container
from typing import Any, cast

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.interpreter import Statements
from tf2migrate.graph.shape_rules import result_shape
from tf2migrate.graph.sizes import shape_sources
from tf2migrate.graph.staging import ComparedObject
from tf2migrate.graph.strings import filled_in
from tf2migrate.graph.values import (
    Choice,
    Class,
    Const,
    Dimension,
    Function,
    Graph,
    Host,
    Instance,
    Mapping,
    Node,
    Optimizer,
    Regularizer,
    Scope,
    Sequence,
    Session,
    Shape,
    Symbol,
    Unknown,
    Value,
    are_single,
    key_of,
    nodes_in,
    settled,
)

FOLDED: dict[str, Callable[[object, object], object]] = {
    "Add": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "Divide": operator.truediv,
    "FloorDivide": operator.floordiv,
    "Modulo": operator.mod,
    "Power": operator.pow,
}
COMPARED: dict[str, Callable[[Any, Any], object]] = {
    "Equal": operator.eq,
    "NotEqual": operator.ne,
    "LessThan": operator.lt,
    "LessThanEqual": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEqual": operator.ge,
}
# Operators on numbers, which work on arrays element by element.
ARITHMETIC = frozenset({"Add", "Subtract", "Multiply", "Divide", "Power", "Minus", "Plus"})
# What `tf.__version__` was to the program: branches on it are taken as under the last TensorFlow 1.
ORACLE_VERSION = "1.15.5"


class Operators(Statements):
    """Applies operators to values; what a new tensor is, is in the subclass."""

    def binary(self, operator: str, left: Value, right: Value, node: cst.CSTNode) -> Value:
        if any(isinstance(v, Instance) for v in (left, right)):
            return Unknown("operators of this project's own objects are not followed", self.place())
        dimension = next((v for v in (left, right) if isinstance(v, Dimension)), None)
        if dimension is not None:
            size = self.binary(operator, settled(left), settled(right), node)
            # TensorFlow 1 counts with dimensions: the result is one again.
            return Dimension(dimension.of, size) if isinstance(size, Const | Host) else size
        left, right = (self.listed(v) if isinstance(v, Shape) else v for v in (left, right))
        if isinstance(left, Const) and isinstance(left.value, str) and operator == "Modulo":
            right = filled_in(right)
        if isinstance(left, Const) and isinstance(right, Const) and operator in FOLDED:
            try:
                return Const(FOLDED[operator](left.value, right.value))
            except (ArithmeticError, TypeError, ValueError):
                return Host()
        if isinstance(left, Sequence) and isinstance(right, Sequence) and operator in ("Add", "AddAssign"):
            return Sequence(left.items + right.items, left.kind, left.exact and right.exact)
        if (
            isinstance(left, Sequence)
            and isinstance(right, Const)
            and operator == "Multiply"
            and isinstance(right.value, int)
            and right.value * len(left.items) <= 256
        ):
            return Sequence(left.items * right.value, left.kind, left.exact)
        if isinstance(left, Sequence) and operator == "Multiply" and not any(True for _ in nodes_in(right)):
            return Sequence(list(left.items), left.kind, False)
        return self.combine(operator, [left, right], node)

    def listed(self, shape: Shape) -> Sequence:
        """A static shape as the sequence of its dimensions."""
        return Sequence([Dimension(shape.of, size) for size in shape.sizes], "list")

    def combine(self, operator: str, operands: list[Value], node: cst.CSTNode) -> Value:
        """An operator on values of which some may be graph nodes."""
        for operand in operands:
            if isinstance(operand, Unknown):
                return operand
        inputs = [n for operand in operands for n in nodes_in(operand)]
        if inputs:
            return self.sized(self.tensor(f"operator.{operator}", operands, node), f"operator.{operator}", operands)
        key = (operator, *(key_of(o) for o in operands))
        single = operator.removesuffix("Assign") in ARITHMETIC and are_single(operands)
        return Host(shape_sources(*operands), key=key, single=single)

    def sized(
        self, made: Value, op: str, positional: list[Value], keywords: dict[str, Value] | None = None
    ) -> Value:
        """Adds what is known of the static shape of a new tensor."""
        if isinstance(made, Node) and not self.repeated:
            made.shape = result_shape(op, positional, keywords or {})
        return made

    def unary(self, operator: str, value: Value, node: cst.CSTNode) -> Value:
        value = settled(value)
        if isinstance(value, Const):
            try:
                match operator:
                    case "Minus":
                        return Const(-cast(int, value.value))
                    case "Plus":
                        return value
                    case "Not":
                        return Const(not value.value)
            except TypeError:
                return Host()
        if operator == "Not":
            truth = self.truth(value)
            return Host(key=("Not", key_of(value))) if truth is None else Const(not truth)
        return self.combine(operator, [value], node)

    def compare(self, kind: str, left: Value, right: Value) -> bool | None:
        left, right = (Const(ORACLE_VERSION) if _is_version(v) else v for v in (left, right))
        if isinstance(left, Dimension | Shape) or isinstance(right, Dimension | Shape):
            if kind in ("Is", "IsNot", "In", "NotIn"):
                return None
            left, right = settled(left), settled(right)
            if any(isinstance(v, Const) and v.value is None for v in (left, right)):
                return None
        if isinstance(left, Const) and isinstance(right, Const):
            try:
                match kind:
                    case "Is":
                        return left.value is right.value
                    case "IsNot":
                        return left.value is not right.value
                    case "In":
                        return left.value in cast(Container[object], right.value)
                    case "NotIn":
                        return left.value not in cast(Container[object], right.value)
                return bool(COMPARED[kind](left.value, right.value))
            except (TypeError, KeyError):
                return None
        if isinstance(right, Const) and right.value is None and not isinstance(left, Host | Choice | Unknown):
            return {"Is": False, "Equal": False, "IsNot": True, "NotEqual": True}.get(kind)
        if (
            kind in ("In", "NotIn")
            and isinstance(left, Const)
            and isinstance(right, Sequence)
            and right.exact
            and all(isinstance(item, Const) for item in right.items)
        ):
            found = any(cast(Const, item).value == left.value for item in right.items)
            return found if kind == "In" else not found
        if kind in ("In", "NotIn") and isinstance(left, Const) and isinstance(right, Mapping) and right.exact:
            return (left.value in right.items) is (kind == "In")
        if isinstance(left, Symbol) and isinstance(right, Symbol) and kind in ("Is", "Equal", "IsNot", "NotEqual"):
            return (left.name == right.name) is (kind in ("Is", "Equal"))
        return None

    def comparison(self, node: cst.Comparison, frame: Frame) -> Value:
        left = self.evaluate(node.left, frame)
        right = [self.evaluate(target.comparator, frame) for target in node.comparisons]
        kind = type(node.comparisons[0].operator).__name__
        if len(right) == 1:
            if kind in ("Equal", "NotEqual") and self.compares_objects(left, right[0], node, frame):
                return Const(kind == "NotEqual")
            answer = self.compare(kind, left, right[0])
            if answer is not None:
                return Const(answer)
        if kind in ("Equal", "NotEqual") and any(isinstance(v, Node) for v in (left, *right)):
            sign = "==" if kind == "Equal" else "!="
            reason = f"`{sign}` of a tensor compares objects in TensorFlow 1 and values in TensorFlow 2"
            return self.refuse("TFM301", node, reason, "write `is`, or `tf.equal` if the values are meant")
        if kind in ("Is", "IsNot", "In", "NotIn", "Equal", "NotEqual"):
            # What is in a container may be another thing the next time that it is asked.
            again = len(right) == 1 and kind not in ("In", "NotIn")
            key = (kind, key_of(left), key_of(right[0])) if again else None
            return Host(shape_sources(left, *right), key=key)
        return self.combine(kind, [left, *right], node)

    def compares_objects(self, left: Value, right: Value, node: cst.Comparison, frame: Frame) -> bool:
        """Whether a tensor is compared with a value of the host; what may be a tensor, with None, is noted as well."""
        constant = next((v for v in (left, right) if isinstance(v, Const)), None)
        other = right if constant is left else left
        if constant is None:
            return False
        with_none = constant.value is None
        options = other.options if isinstance(other, Choice) and with_none else (other,)
        if any(isinstance(option, Node) for option in options):
            self.staging.compared.append(ComparedObject(frame.module, node, with_none))
        return isinstance(other, Node)

    def truth(self, value: Value) -> bool | None:
        match value:
            case Const(value=known):
                return bool(known)
            case Sequence(items=items, exact=True):
                return bool(items)
            case Mapping(items=pairs, exact=True):
                return bool(pairs)
            case Instance() if defines(value, "__bool__", "__len__"):
                return None
            case Function() | Class() | Instance() | Symbol() | Session() | Scope() | Optimizer() | Graph():
                return True
            case Regularizer():
                return True
        return None

    # ------------------------------------------------------------------ implemented by the subclasses
    def tensor(self, op: str, operands: list[Value], node: cst.CSTNode) -> Value:
        raise NotImplementedError


def defines(value: Value, *names: str) -> bool:
    """Whether an object's class, or a base of it in the project, has one of these special methods."""
    return isinstance(value, Instance) and any(value.cls.lookup(name) is not None for name in names)


def _is_version(value: Value) -> bool:
    return isinstance(value, Symbol) and value.name == "tf.__version__"
