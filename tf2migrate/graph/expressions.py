"""The abstract interpreter: expressions."""

from __future__ import annotations

import ast
from functools import partial
from typing import cast

import libcst as cst

from tf2migrate.graph.access import Access
from tf2migrate.graph.foreign import BUILTINS
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.paths import condition
from tf2migrate.graph.strings import interpolated
from tf2migrate.graph.values import (
    Builtin,
    Const,
    Function,
    Host,
    Mapping,
    Node,
    Sequence,
    Shape,
    Unknown,
    Value,
    is_one_of_nodes,
    join,
)


class Expressions(Access):
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

    def boolean(self, node: cst.BooleanOperation, frame: Frame) -> Value:
        left = self.evaluate(node.left, frame)
        truth = self.truth(left)
        conjunction = isinstance(node.operator, cst.And)
        if truth is not None:
            return self.evaluate(node.right, frame) if truth is conjunction else left
        return join([left, self.evaluate(node.right, frame)])

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

    def call(self, node: cst.Call, frame: Frame) -> Value:
        raise NotImplementedError
