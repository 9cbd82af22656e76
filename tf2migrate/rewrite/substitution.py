"""Edits inside statements: expressions that are replaced, and symbols that get their native spelling."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import libcst as cst

from tf2migrate.graph.values import Const, Dimension, Host, Node, Scope, Value
from tf2migrate.names.tree import children
from tf2migrate.plan.facts import has_open_rank
from tf2migrate.plan.prints import prints_graph
from tf2migrate.rewrite.symbols import Symbols

# Methods of a variable that read it; once it is made, its initialized value is its value.
READS = frozenset({"read_value", "value", "initialized_value"})
Replacement = Callable[[cst.BaseExpression], cst.BaseExpression]


class Substitution(cst.CSTTransformer):
    """Applies expression edits, keyed by the identity of the original node, and native spellings elsewhere.

    A replacement is a function from the node with its children already edited to the new expression. ``whole``
    replacements do not look inside at all: what they replace is dropped, whatever it holds.
    """

    def __init__(
        self,
        symbols: Symbols,
        replacements: dict[int, Replacement],
        whole: dict[int, str],
        names: dict[int, str],
    ) -> None:
        super().__init__()
        self.symbols = symbols
        self.replacements = replacements
        self.whole = whole
        self.names = names

    def on_visit(self, node: cst.CSTNode) -> bool:
        if id(node) in self.whole or isinstance(node, cst.Import | cst.ImportFrom):
            return False
        if isinstance(node, cst.WithItem) and self._is_scope(node):
            return False
        if isinstance(node, cst.SimpleStatementLine | cst.If) and self._goes(node):
            return False
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if isinstance(original, cst.SimpleStatementLine | cst.If) and self._goes(original):
            return cst.RemoveFromParent()
        if isinstance(updated, cst.IndentedBlock) and not updated.body:
            return updated.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        if id(original) in self.whole:
            return self._like(original, self.symbols.expression(self.whole[id(original)]))
        if id(original) in self.replacements:
            made = self.replacements[id(original)](cast(cst.BaseExpression, updated))
            return self._like(original, made)
        if isinstance(original, cst.Name) and id(original) in self.names:
            return self._like(original, self.symbols.expression(self.names[id(original)]))
        if isinstance(original, cst.Attribute) and (scope := self._scope_name(original)) is not None:
            return self._like(original, cst.SimpleString(repr(scope).replace("'", '"')))
        static = self._static_shape(original, updated)
        if static is not None:
            return self._like(original, static)
        if isinstance(original, cst.With) and all(self._is_scope(item) for item in original.items):
            body = list(cast(cst.With, updated).body.body)
            if body and isinstance(body[0], cst.BaseStatement):
                lines = [*cast(cst.With, updated).leading_lines, *getattr(body[0], "leading_lines", ())]
                body[0] = body[0].with_changes(leading_lines=lines)
            return cst.FlattenSentinel(body)
        if isinstance(original, cst.Arg):
            return self._argument(original, cast(cst.Arg, updated))
        if isinstance(original, cst.BinaryOperation):
            return self._numpy_left(original, cast(cst.BinaryOperation, updated))
        if isinstance(original, cst.Call):
            return self._like(original, self.symbols.call(original, cast(cst.Call, updated)))
        if isinstance(original, cst.Attribute) and self._is_reference(original):
            return self._like(original, self.symbols.reference(original, cast(cst.Attribute, updated)))
        return super().on_leave(original, updated)

    def _goes(self, node: cst.CSTNode) -> bool:
        """``if t > 0: scope.reuse_variables()``: a native program says by its objects which variables it means.

        A print of tensors that no run computed goes, too.
        """
        if prints_graph(self.symbols.staging, node):
            return True
        match node:
            case cst.SimpleStatementLine(body=[cst.Expr(value=call)]) | cst.SimpleStatementSuite(
                body=[cst.Expr(value=call)]
            ):
                return self._is_reuse(call)
            case cst.If(test=test, body=cst.SimpleStatementSuite() as body, orelse=None):
                return self._goes(body) and not _calls(test)
            case cst.If(test=test, body=cst.IndentedBlock(body=body), orelse=None):
                return all(map(self._goes, body)) and not _calls(test)
        return False

    def _is_reuse(self, node: cst.CSTNode) -> bool:
        match node:
            case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value="reuse_variables")), args=[]):
                values = self.symbols.staging.values_of(base)
                return bool(values) and all(isinstance(v, Scope) for v in values)
        return False

    def _scope_name(self, node: cst.Attribute) -> str | None:
        """``scope.name`` of a scope that is gone: the text that it was, if it was the same in all calls."""
        if node.attr.value != "name":
            return None
        values = self.symbols.staging.values_of
        names = {v.value for v in values(node) if isinstance(v, Const)}
        if not values(node.value) or not all(isinstance(v, Scope) for v in values(node.value)) or len(names) != 1:
            return None
        name = names.pop()
        return name if isinstance(name, str) and name else None

    def _is_scope(self, item: cst.WithItem) -> bool:
        """Whether an item of a block only opens a scope, whose names a native program does not need."""
        values = self.symbols.staging.values_of(item.item)
        return item.asname is None and bool(values) and all(isinstance(v, Scope) for v in values)

    def _static_shape(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.BaseExpression | None:
        """``x.get_shape()`` is ``x.shape``; a dimension is a plain number and has no ``.value``.

        Variables of Keras have no ``read_value()``.
        """
        values = self.symbols.staging.values_of
        match original, updated:
            case (
                cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value="get_shape")), args=[]),
                cst.Call(func=cst.Attribute() as func),
            ):
                if values(base) and all(isinstance(v, Node) for v in values(base)):
                    return func.with_changes(attr=cst.Name("shape"))
            case (
                cst.Attribute(value=cst.Subscript() | cst.Name() as base, attr=cst.Name(value="value")),
                cst.Attribute() as new,
            ):
                if values(base) and all(_of_shape(v) for v in values(base)):
                    return new.value
            case (
                cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=name)), args=[]),
                cst.Call(func=cst.Attribute(value=read)),
            ) if name in READS:
                if values(base) and all(isinstance(v, Node) and v.kind == "variable" for v in values(base)):
                    return self.symbols.expression(f"{self.symbols.tf}.convert_to_tensor({self.symbols.code(read)})")
        return None

    def _argument(self, original: cst.Arg, updated: cst.Arg) -> cst.Arg:
        """What takes the place of a whole argument needs no parentheses."""
        made = updated.value
        replaced = id(original.value) in self.whole or id(original.value) in self.names
        if replaced and isinstance(made, cst.BinaryOperation) and not original.value.lpar:
            return updated.with_changes(value=made.with_changes(lpar=(), rpar=()))
        return updated

    def _numpy_left(self, original: cst.BinaryOperation, updated: cst.BinaryOperation) -> cst.BinaryOperation:
        """numpy on the left of a Keras variable takes the variable for an array: the variable's tensor is meant.

        It is as well where a variable stands on the left of what has no static shape.
        """
        values = self.symbols.staging.values_of
        left, right = values(original.left), values(original.right)
        if isinstance(original.operator, cst.Add) and _is_variable(left) and _has_open_rank(right):
            # Keras asks what it adds to a variable for its shape.
            text = f"{self.symbols.tf}.convert_to_tensor({self.symbols.code(updated.left)})"
            return updated.with_changes(left=self.symbols.expression(text))
        if not any(isinstance(v, Host) for v in left) or not any(
            isinstance(v, Node) and v.kind == "variable" for v in right
        ):
            return updated
        text = f"{self.symbols.tf}.convert_to_tensor({self.symbols.code(updated.right)})"
        return updated.with_changes(right=self.symbols.expression(text))

    def _is_reference(self, node: cst.Attribute) -> bool:
        return id(node) not in self._callees and self.symbols.canonical(node) is not None

    _callees: frozenset[int] = frozenset()

    def visit_Call(self, node: cst.Call) -> None:
        self._callees = self._callees | {id(node.func), *_prefixes(node.func)}

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self._callees = self._callees | set(_prefixes(node))

    def _like(self, original: cst.CSTNode, made: cst.BaseExpression) -> cst.BaseExpression:
        """Keeps parentheses that stood around the original."""
        lpar = getattr(original, "lpar", ())
        if lpar and not getattr(made, "lpar", ()):
            return made.with_changes(lpar=lpar, rpar=getattr(original, "rpar", ()))
        return made


def _is_variable(values: list[Value]) -> bool:
    return any(isinstance(v, Node) and v.kind == "variable" for v in values)


def _has_open_rank(values: list[Value]) -> bool:
    return any(isinstance(v, Node) and has_open_rank(v) for v in values)


def _of_shape(value: Value) -> bool:
    return isinstance(value, Dimension) or (isinstance(value, Host) and bool(value.shape_of))


def _prefixes(node: cst.CSTNode) -> list[int]:
    out: list[int] = []
    while isinstance(node, cst.Attribute):
        node = node.value
        out.append(id(node))
    return out


def _calls(node: cst.CSTNode) -> bool:
    """Whether evaluating an expression may do more than to give a value."""
    return isinstance(node, cst.Call) or any(_calls(child) for child in children(node))
