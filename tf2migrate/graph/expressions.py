"""The abstract interpreter: expressions."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Container
from functools import partial
from typing import Any, cast

import libcst as cst

from tf2migrate.api.results import RESULT_NAMES
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.interpreter import BUILTINS, Statements
from tf2migrate.graph.paths import condition
from tf2migrate.graph.shape_rules import result_shape
from tf2migrate.graph.sizes import indexed
from tf2migrate.graph.staging import ComparedObject
from tf2migrate.graph.strings import filled_in, interpolated
from tf2migrate.graph.values import (
    Bound,
    Builtin,
    Choice,
    Class,
    Const,
    Dimension,
    Foreign,
    Function,
    Graph,
    Host,
    Instance,
    Mapping,
    Node,
    Optimizer,
    ProjectModule,
    Regularizer,
    Scope,
    Sequence,
    Session,
    Setting,
    Shape,
    Super,
    Symbol,
    Unknown,
    Value,
    are_single,
    is_one_of_nodes,
    join,
    key_of,
    nodes_in,
    settled,
    unknown_in,
)
from tf2migrate.names.tensorflow import normalize

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
# What `tf.__version__` was to the program: branches on it are taken as under the last TensorFlow 1.
# Operators on numbers, which work on arrays element by element.
ARITHMETIC = frozenset({"Add", "Subtract", "Multiply", "Divide", "Power", "Minus", "Plus"})
ORACLE_VERSION = "1.15.5"
SHAPE_METHODS = frozenset({"get_shape", "as_list", "num_elements", "value", "ndims", "rank", "shape", "dims"})

def defines(value: Value, *names: str) -> bool:
    """Whether an object's class, or a base of it in the project, has one of these special methods."""
    return isinstance(value, Instance) and any(value.cls.lookup(name) is not None for name in names)


def result_fields(value: Sequence) -> tuple[str, ...]:
    """The names of the items, where they are the results of an op that names them."""
    match value:
        case Sequence(items=[Node(op="operator.getitem", inputs=[Node(op=op)], expression=call), *_], kind="tuple"):
            same = all(isinstance(item, Node) and item.expression is call for item in value.items)
            return RESULT_NAMES.get(op, ()) if same else ()
    return ()


def shape_sources(*values: Value) -> frozenset[Node]:
    """The nodes whose static shape any of ``values`` depends on."""
    out: frozenset[Node] = frozenset()
    for value in values:
        match value:
            case Host(shape_of=nodes):
                out |= nodes
            case Shape(of=node) | Dimension(of=node):
                out |= {node}
            case Sequence(items=items):
                out |= shape_sources(*items)
            case Choice(options=options):
                out |= shape_sources(*options)
            case Mapping(items=pairs):
                out |= shape_sources(*pairs.values())
    return out


class Expressions(Statements):
    """Evaluates expressions; what a call means is in the subclass."""

    def evaluate(self, node: cst.BaseExpression, frame: Frame) -> Value:
        self.budget -= 1
        value = self._evaluate(node, frame)
        return self.observe(node, frame, value)

    def _evaluate(self, node: cst.BaseExpression, frame: Frame) -> Value:
        match node:
            case cst.Name(value=name):
                return self.name(name, frame)
            case cst.Integer() | cst.Float() | cst.Imaginary() | cst.SimpleString() | cst.ConcatenatedString():
                return self.literal(node, frame)
            case cst.FormattedString():
                return interpolated(node, lambda part: self.evaluate(part, frame))
            case cst.Attribute(value=base, attr=attr):
                return self.attribute(self.evaluate(base, frame), attr.value, node)
            case cst.Call():
                return self.call(node, frame)
            case cst.Subscript():
                return self.subscript(self.evaluate(node.value, frame), self.index(node, frame), node)
            case cst.List() | cst.Tuple() | cst.Set():
                return self.display(node, frame)
            case cst.Dict():
                return self.dictionary(node, frame)
            case cst.BinaryOperation(left=left, operator=op, right=right):
                a, b = self.evaluate(left, frame), self.evaluate(right, frame)
                return self.binary(type(op).__name__, a, b, node)
            case cst.UnaryOperation(operator=op, expression=inner):
                return self.unary(type(op).__name__, self.evaluate(inner, frame), node)
            case cst.BooleanOperation():
                return self.boolean(node, frame)
            case cst.Comparison():
                return self.comparison(node, frame)
            case cst.IfExp():
                return self.either(node, frame)
            case cst.Lambda():
                return Function(node, frame, self.default_values(node.params, frame))
            case cst.ListComp() | cst.SetComp() | cst.GeneratorExp() | cst.DictComp():
                return self.comprehension(node, frame)
            case cst.NamedExpr(target=target, value=value):
                result = self.evaluate(value, frame)
                self.assign(target, result, frame)
                return result
            case cst.StarredElement(value=value):
                return self.evaluate(value, frame)
            case cst.Ellipsis():
                return Const(...)
            case cst.Yield() | cst.Await():
                if isinstance(node, cst.Yield) and isinstance(node.value, cst.BaseExpression):
                    self.evaluate(node.value, frame)
                return Host()
        return Unknown("this expression is not followed by the staging analysis", self.place())

    # ------------------------------------------------------------------ leaves
    def name(self, name: str, frame: Frame) -> Value:
        base, dot, attribute = name.partition(".")
        if dot:
            return self.attribute(self.name(base, frame), attribute, cst.Attribute(cst.Name(base), cst.Name(attribute)))
        found = frame.lookup(name)
        if name in frame.global_names:
            found = self.staging.module_frames[frame.module].env.get(name, found)
        if found is not None:
            return found
        if name in ("True", "False", "None"):
            return Const({"True": True, "False": False, "None": None}[name])
        if name in BUILTINS:
            return Builtin(name)
        return Unknown(f"the name `{name}` is not bound here", self.place())

    def literal(self, node: cst.BaseExpression, frame: Frame) -> Value:
        if isinstance(node, cst.ConcatenatedString):
            left, right = self.evaluate(node.left, frame), self.evaluate(node.right, frame)
            if isinstance(left, Const) and isinstance(right, Const):
                return Const(cast(str, left.value) + cast(str, right.value))
            return Host()
        text = cast(cst.Integer | cst.Float | cst.Imaginary | cst.SimpleString, node).value
        return Const(ast.literal_eval(text))

    # ------------------------------------------------------------------ displays
    def display(self, node: cst.List | cst.Tuple | cst.Set, frame: Frame) -> Value:
        kind = {"List": "list", "Tuple": "tuple", "Set": "set"}[type(node).__name__]
        items: list[Value] = []
        exact = kind != "set"
        for element in node.elements:
            value = self.evaluate(element.value, frame)
            if isinstance(element, cst.StarredElement):
                inner = self.elements(value)
                exact = exact and inner is not None
                items.extend(inner if inner is not None else [self.element_of(value)])
            else:
                items.append(value)
        made = Sequence(items, kind, exact)
        self.store.bear(made)
        return made

    def dictionary(self, node: cst.Dict, frame: Frame) -> Value:
        out = Mapping(displays=[node])
        self.store.bear(out.items)
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                key, value = self.evaluate(element.key, frame), self.evaluate(element.value, frame)
                self.put(out, key, value, element.key)
            else:
                value = self.evaluate(element.value, frame)
                if isinstance(value, Mapping) and value.exact:
                    out.items.update(value.items)
                else:
                    out.exact = False
        return out

    def put(self, target: Mapping, key: Value, value: Value, where: cst.CSTNode) -> None:
        if isinstance(key, Node) or is_one_of_nodes(key):
            target.items[key] = value
        elif isinstance(key, Const):
            target.items[key.value] = value
        elif isinstance(key, Sequence) and all(isinstance(i, Const) for i in key.items):
            target.items[tuple(cast(Const, i).value for i in key.items)] = value
        else:
            target.exact = False
            target.items["unknown", id(where)] = value

    def comprehension(self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp | cst.DictComp, frame: Frame) -> Value:
        inner = Frame(node, frame.module, frame, depth=frame.depth)
        items: list[Value] = []
        pairs = Mapping()
        exact = self.generate(node, node.for_in, inner, items, pairs)
        if isinstance(node, cst.DictComp):
            pairs.exact = pairs.exact and exact
            return pairs
        return Sequence(items, "set" if isinstance(node, cst.SetComp) else "list", exact)

    def generate(
        self, node: cst.BaseComp, clause: cst.CompFor, frame: Frame, items: list[Value], pairs: Mapping
    ) -> bool:
        iterable = self.evaluate(clause.iter, frame)
        known = self.elements(iterable)
        exact = known is not None and len(known) <= 256
        for item in cast(list[Value], known) if exact else [self.element_of(iterable)]:
            self.assign(clause.target, item, frame)
            tests = [self.truth(self.evaluate(test.test, frame)) for test in clause.ifs]
            if False in tests:
                continue
            exact = exact and None not in tests
            if clause.inner_for_in is not None:
                exact = self.generate(node, clause.inner_for_in, frame, items, pairs) and exact
            elif isinstance(node, cst.DictComp):
                self.put(pairs, self.evaluate(node.key, frame), self.evaluate(node.value, frame), node)
            else:
                items.append(self.evaluate(cast(cst.BaseSimpleComp, node).elt, frame))
        return exact

    # ------------------------------------------------------------------ operators
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

    def boolean(self, node: cst.BooleanOperation, frame: Frame) -> Value:
        left = self.evaluate(node.left, frame)
        truth = self.truth(left)
        conjunction = isinstance(node.operator, cst.And)
        if truth is not None:
            return self.evaluate(node.right, frame) if truth is conjunction else left
        return join([left, self.evaluate(node.right, frame)])

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

    def either(self, node: cst.IfExp, frame: Frame) -> Value:
        asked = self.evaluate(node.test, frame)
        test = self.truth(asked)
        if test is not None:
            return self.evaluate(node.body if test else node.orelse, frame)
        ways = [
            (condition(asked, outcome), partial(self.evaluate, part, frame))
            for part, outcome in ((node.body, True), (node.orelse, False))
        ]
        made = len(self.staging.nodes)
        return self.met(join(self.one_of(ways)), made)

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

    def elements(self, value: Value) -> list[Value] | None:
        """The items of an iterable, when all are known."""
        match value:
            case Sequence(items=items, exact=True):
                return list(items)
            case Mapping(items=pairs, exact=True):
                return [key if isinstance(key, Value) else Const(key) for key in pairs]
            case Shape():
                return self.listed(value).items
            case Const(value=known) if isinstance(known, str | tuple | list | range):
                return [Const(item) for item in known]
        return None

    # ------------------------------------------------------------------ attributes and items
    def attribute(self, base: Value, name: str, node: cst.Attribute) -> Value:
        match base:
            case Unknown():
                return base
            case Symbol(name="tf.__version__"):
                return self.attribute(Const(ORACLE_VERSION), name, node)
            case Symbol(name=symbol):
                return Symbol(normalize(f"{symbol}.{name}"))
            case Foreign(name=foreign):
                return Foreign(f"{foreign}.{name}")
            case ProjectModule(frame=inner):
                found = inner.env.get(name)
                return found if found is not None else Unknown(f"`{name}` is not defined in that module", self.place())
            case Instance():
                return self.instance_attribute(base, name, node)
            case Super(receiver=receiver):
                found = base.lookup(name)
                return self.member(receiver, found, name, node) if found is not None else Host()
            case Class() if name == "__name__":
                return Const(base.definition.name.value)
            case Function(definition=cst.FunctionDef(name=own)) if name == "__name__":
                return Const(own.value)
            case Class():
                found = base.lookup(name)
                if isinstance(found, Instance) and "function" in found.attributes:
                    return found.attributes["function"]
                return found if found is not None else Host()
            case Choice(options=options):
                chosen = self.chosen_optimizer(base)
                if chosen is not None:
                    return self.attribute(chosen, name, node)
                return join([self.attribute(option, name, node) for option in options])
            case Node():
                return self.node_attribute(base, name, node)
            case Dimension(size=size) if name == "value":
                return size
            case Shape(sizes=sizes) if name in ("ndims", "rank"):
                return Const(len(sizes))
            case Shape() if name == "dims":
                return self.listed(base)
            case Dimension() | Shape() if name not in ("as_list", "num_elements"):
                return self.attribute(Host(frozenset({base.of})), name, node)
            case Host(shape_of=sources):
                return Host(sources, f"{base.origin}.{name}" if base.origin else "", ("attribute", key_of(base), name))
            case Setting():
                return Setting(f"{base.name}.{name}")
            case Sequence() if name in (fields := result_fields(base)):
                return base.items[fields.index(name)]
            case Session():
                return Graph(base.world) if name == "graph" else Bound(base, Builtin(name), name)
            case Scope(name="tf.variable_scope" | "tf.get_variable_scope", path=path) if name == "name":
                return Const(path) if "?" not in path else Host()
        return Bound(base, Builtin(name), name)

    def instance_attribute(self, base: Instance, name: str, node: cst.Attribute) -> Value:
        if name in base.attributes:
            return base.attributes[name]
        if name == "__class__":
            return base.cls
        found = base.cls.lookup(name)
        if found is not None:
            return self.member(base, found, name, node)
        if any(not isinstance(b, Class | Builtin) for cls in base.cls.ancestry() for b in cls.bases):
            return Host()
        return Unknown(f"the attribute `{name}` is not known on this object", self.place())

    def member(self, base: Instance, found: Value, name: str, node: cst.Attribute) -> Value:
        """What a member of a class is when it is read from an object."""
        if isinstance(found, Function):
            return Bound(base, found, name)
        if isinstance(found, Instance) and "function" in found.attributes:
            inner = cast(Function, found.attributes["function"])
            kind = found.cls.definition.name.value
            if kind == "property":
                return self.invoke(inner, [base], {}, node)
            return inner if kind == "staticmethod" else Bound(base.cls, inner, name)
        return found

    def node_attribute(self, base: Node, name: str, node: cst.Attribute) -> Value:
        if name == "shape":
            return self.static_shape(base)
        if name == "name" and base.kind == "variable" and "unnamed" in base.details:
            return Host()
        if name == "name" and base.kind == "variable":
            of_op = isinstance(node.value, cst.Attribute) and node.value.attr.value == "op"
            known = base.name and "?" not in base.name
            return Const(base.name if of_op else f"{base.name}:0") if known else Host()
        if name in ("dtype", "name", "device", "graph"):
            return Graph(self.staging.world_of(base)) if name == "graph" else Host()
        if name == "op":
            return base
        if name == "initializer":
            return self.make("init", f"{base.op}.initializer", [base], node)
        return Bound(base, Builtin(name), name)

    def static_shape(self, node: Node) -> Value:
        """What ``x.get_shape()`` is while the graph is built."""
        if node.shape is None or self.repeated:
            return Host(frozenset({node}))
        return Shape(node, node.shape)

    def index(self, node: cst.Subscript, frame: Frame) -> Value:
        parts: list[Value] = []
        for element in node.slice:
            part = element.slice
            if isinstance(part, cst.Index):
                parts.append(self.evaluate(part.value, frame))
                continue
            bounds = cast(cst.Slice, part)
            inner = [
                self.evaluate(p, frame) if p is not None else Const(None)
                for p in (bounds.lower, bounds.upper, bounds.step)
            ]
            if all(isinstance(p, Const) for p in inner):
                parts.append(Const(slice(*(cast(Const, p).value for p in inner))))
            else:
                parts.append(Sequence(inner, "slice", False))
        return parts[0] if len(parts) == 1 else Sequence(parts, "tuple")

    def subscript(self, base: Value, key: Value, node: cst.Subscript) -> Value:
        match base:
            case Unknown():
                return base
            case Choice(options=options):
                return join([self.subscript(option, key, node) for option in options])
            case Instance():
                return Unknown("the items of this project's own objects are not followed", self.place())
            case Sequence():
                return self.item(base, settled(key))
            case Mapping():
                return self.stored(base, settled(key))
            case Shape():
                return self.dimension(base, settled(key))
            case Dimension():
                return Host(frozenset({base.of}))
            case Node():
                made = self.tensor("operator.getitem", [base, key], node)
                if isinstance(made, Node) and not self.repeated:
                    made.shape = indexed(base.shape, key)
                return made
            case Const(value=known) if isinstance(key, Const):
                try:
                    return Const(known[key.value])  # type: ignore[index]
                except (TypeError, LookupError):
                    return Host()
        if any(True for _ in nodes_in(key)):
            return Unknown("a host value is indexed with a graph node", self.place())
        return Host(shape_sources(base, key), key=("item", key_of(base), key_of(key)))

    def dimension(self, shape: Shape, key: Value) -> Value:
        """A dimension of a static shape, or the shape that a slice of it is."""
        try:
            found = shape.sizes[cast(Any, key.value)] if isinstance(key, Const) else None
        except (LookupError, TypeError):
            found = None
        if found is None:
            return Host(frozenset({shape.of}))
        return Shape(shape.of, found) if isinstance(found, tuple) else Dimension(shape.of, found)

    def item(self, base: Sequence, key: Value) -> Value:
        if base.kind == "collection":
            return Unknown("which variable stands at a place of this list is not known", self.place())
        if isinstance(key, Const) and base.exact:
            try:
                found = base.items[cast(Any, key.value)]
            except (LookupError, TypeError):
                return Unknown("this index is outside the list", self.place())
            return Sequence(found, base.kind) if isinstance(found, list) else found
        if not base.items:
            return Host()
        return join(base.items)

    def stored(self, base: Mapping, key: Value) -> Value:
        known: object = key.value if isinstance(key, Const) else key if isinstance(key, Node) else None
        if isinstance(key, Const | Node) and _hashable(known) and known in base.items:
            return base.items[known]
        if not base.items:
            return Host()
        return join(list(base.items.values()))

    # ------------------------------------------------------------------ implemented by the subclasses
    def call(self, node: cst.Call, frame: Frame) -> Value:
        raise NotImplementedError

    def invoke(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value], node: cst.CSTNode
    ) -> Value:
        raise NotImplementedError

    def tensor(self, op: str, operands: list[Value], node: cst.CSTNode) -> Value:
        raise NotImplementedError

    def make(self, kind: str, op: str, operands: list[Value], node: cst.CSTNode) -> Node:
        raise NotImplementedError

    def chosen_optimizer(self, value: Choice) -> Optimizer | None:
        raise NotImplementedError


def _is_version(value: Value) -> bool:
    return isinstance(value, Symbol) and value.name == "tf.__version__"


def _hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


__all__ = ["Expressions", "shape_sources", "unknown_in"]
