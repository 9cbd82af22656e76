"""Lambdas with a name of their own that make variables or dicts of feeds become functions.

``weight = lambda shape: tf.Variable(...)`` means the same as a function of this name, in TensorFlow 1 as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Mapping, Node
from tf2migrate.names.project import Module
from tf2migrate.names.tree import ids_in, walk


def named_lambdas(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such lambdas as functions; None where there is none."""
    making = {id(node.expression) for node, _ in staging.touched}
    making |= {id(step.frame.call) for _, place in staging.touched for step in place.steps}

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        found = {
            id(line)
            for line, value in _named(module)
            if ids_in(value.body) & making or _feeds(staging, value.body)
        }
        return _Defining(module, found, builder) if found else None

    return edited(modules, builder, edit)


def _feeds(staging: Staging, body: cst.BaseExpression) -> bool:
    """Whether an expression is always a dict with tensors as keys."""
    values = staging.values_of(body)
    return bool(values) and all(isinstance(v, Mapping) and any(isinstance(k, Node) for k in v.items) for v in values)


def _named(module: Module) -> Iterator[tuple[cst.SimpleStatementLine, cst.Lambda]]:
    """The statements that do nothing but give a lambda a name."""
    for node in walk(module.tree):
        match node:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=cst.Lambda() as value)]
            ):
                yield node, value


class _Defining(Traced):
    """Writes the statements as definitions."""

    def __init__(self, module: Module, found: set[int], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.found = found

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) not in self.found:
            return made
        line = cast(cst.SimpleStatementLine, made)
        small = cast(cst.Assign, line.body[0])
        function = cast(cst.Lambda, small.value)
        value = function.body
        if function.lpar and not value.lpar:
            # It may go over several lines.
            value = value.with_changes(lpar=function.lpar, rpar=function.rpar)
        result = cst.SimpleStatementLine([cst.Return(value)], trailing_whitespace=line.trailing_whitespace)
        whole = cst.FunctionDef(
            cast(cst.Name, small.targets[0].target),
            function.params,
            cst.IndentedBlock([result]),
            leading_lines=line.leading_lines,
        )
        for each in (result, result.body[0], whole.body, whole):
            self.trace(original, each)
        return whole
