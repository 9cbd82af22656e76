"""Imports of TensorFlow as imports of `tensorflow.compat.v1`, each followed by what turns TensorFlow 2 off."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.compat.naming import bound_by
from tf2migrate.names.project import dotted_name
from tf2migrate.names.tensorflow import canonical_import
from tf2migrate.names.tree import ids_in, is_docstring

_PATH = "tensorflow.compat.v1"


@dataclass(frozen=True, slots=True)
class _Import:
    """What an import becomes: its new form if anything is left of it, and what TensorFlow is called after it."""

    left: cst.Import | cst.ImportFrom | None
    tensorflow: str


class Respelling(cst.CSTTransformer):
    """The one pass over a file: expressions that are ``replaced``, assignments that are ``gone``, and the imports.

    A file that is ``switched`` turns TensorFlow 2 off by itself.
    """

    def __init__(self, replaced: Mapping[int, str], gone: Set[int], switched: bool) -> None:
        super().__init__()
        self.replaced = replaced
        self.gone = gone
        self.switched = switched
        self.found = False
        """Whether TensorFlow is imported as itself anywhere in the file."""

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        text = self.replaced.get(id(original_node))
        if text is None or not isinstance(updated_node, cst.BaseExpression):
            return cast(cst.CSTNode, super().on_leave(original_node, updated_node))
        return cst.parse_expression(text).with_changes(lpar=updated_node.lpar, rpar=updated_node.rpar)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        body: list[cst.BaseSmallStatement] = []
        called: list[str] = []
        for before, small in zip(original_node.body, updated_node.body, strict=True):
            if id(before) in self.gone:
                continue
            if not isinstance(small, cst.Import | cst.ImportFrom) or not of_tensorflow(small):
                body.append(small)
                continue
            made = _converted(small)
            if made.left is not None:
                body.append(made.left)
            if made.tensorflow:
                called.append(made.tensorflow)
        if len(body) == len(original_node.body) and not called:
            return updated_node
        if not body:
            return cst.RemoveFromParent()
        body[-1] = body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        line = updated_node.with_changes(body=body)
        if not called:
            return line
        self.found = True
        return line if self.switched else cst.FlattenSentinel([line, *(switch(name) for name in called)])

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        if updated_node.body:
            return updated_node
        return updated_node.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])


def of_tensorflow(node: cst.Import | cst.ImportFrom) -> bool:
    """Whether an import names TensorFlow or a part of it."""
    if isinstance(node, cst.Import):
        return any(canonical_import(dotted_name(alias.name)) is not None for alias in node.names)
    return not node.relative and node.module is not None and canonical_import(dotted_name(node.module)) is not None


def switch(tf: str) -> cst.SimpleStatementLine:
    """The statement that makes TensorFlow 2 behave like TensorFlow 1."""
    return cst.ensure_type(cst.parse_statement(f"{tf}.disable_v2_behavior()\n"), cst.SimpleStatementLine)


def with_import(tree: cst.Module, tf: str, switched: bool) -> cst.Module:
    """A file with an import of TensorFlow at its top."""
    body = list(tree.body)
    place = 0
    while place < len(body) and (is_docstring(body[place]) or _is_from_future(body[place])):
        place += 1
    line = cst.ensure_type(cst.parse_statement(f"import {_PATH} as {tf}\n"), cst.SimpleStatementLine)
    body[place:place] = [line] if switched else [line, switch(tf)]
    return tree.with_changes(body=body)


def with_early_import(tree: cst.Module, tf: str, replaced: Set[int]) -> cst.Module:
    """A file that imports TensorFlow before it uses it: other imports, which go, may have stood further up."""
    body = list(tree.body)
    used = next((i for i, statement in enumerate(body) if not replaced.isdisjoint(ids_in(statement))), len(body))
    parts = (i for i, statement in enumerate(body) if any(of_tensorflow(each) for each in imports_in(statement)))
    bound = next((i for i, statement in enumerate(body) if _binds_tensorflow(statement, tf)), len(body))
    if used <= bound and used < len(body):
        place = min(next(parts, used), used)
        line = cst.ensure_type(cst.parse_statement(f"import tensorflow as {tf}\n"), cst.SimpleStatementLine)
        if bound < len(body) and _is_bare_import(body[bound]):
            del body[bound]
        body.insert(place, line.with_changes(leading_lines=getattr(body[place], "leading_lines", ())))
        if not any(of_tensorflow(each) for each in imports_in(body[place + 1])):
            body[place + 1] = body[place + 1].with_changes(leading_lines=())
    return tree.with_changes(body=body)


def imports_in(statement: cst.CSTNode) -> list[cst.Import | cst.ImportFrom]:
    """The imports that a line holds."""
    small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
    return [each for each in small if isinstance(each, cst.Import | cst.ImportFrom)]


def _is_bare_import(statement: cst.CSTNode) -> bool:
    """Whether a line is one import of one module, without a comment."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Import(names=[_])], leading_lines=lines):
            return not any(line.comment for line in lines)
    return False


def _binds_tensorflow(statement: cst.CSTNode, tf: str) -> bool:
    return any(made.tensorflow == tf for made in map(_converted, filter(of_tensorflow, imports_in(statement))))


def is_switch(statement: cst.CSTNode) -> bool:
    """Whether a statement is one that `switch` makes."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call(func=cst.Attribute(attr=cst.Name(value=name))))]):
            return name == "disable_v2_behavior"
    return False


def _is_from_future(statement: cst.BaseStatement) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.ImportFrom(module=cst.Name(value="__future__"))]):
            return True
    return False


def _converted(node: cst.Import | cst.ImportFrom) -> _Import:
    if isinstance(node, cst.ImportFrom):
        base = canonical_import(dotted_name(node.module)) if node.module is not None else None
        for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
            if base == "tf.compat" and dotted_name(alias.name) == "v1":
                return _Import(_plain(bound_by(alias)), bound_by(alias))
        return _Import(None, "")
    kept: list[cst.ImportAlias] = []
    tensorflow = ""
    for alias in node.names:
        symbol = canonical_import(dotted_name(alias.name))
        if symbol is None:
            kept.append(alias)
        elif symbol == "tf" or alias.asname is None:
            name = bound_by(alias)
            if name != tensorflow:
                kept.append(_plain(name).names[0])
            tensorflow = name
    if not kept:
        return _Import(None, "")
    commas = [alias.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))) for alias in kept[:-1]]
    last = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return _Import(node.with_changes(names=[*commas, last]), tensorflow)


def _plain(name: str) -> cst.Import:
    line = cst.ensure_type(cst.parse_statement(f"import {_PATH} as {name}"), cst.SimpleStatementLine)
    return cst.ensure_type(line.body[0], cst.Import)
