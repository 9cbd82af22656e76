"""``slim = tf.contrib.slim`` becomes ``import tensorflow.contrib.slim as slim``.

An import goes when nothing needs it any more; the assignment would need a module that TensorFlow 2 has not.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.flags import is_flags
from tf2migrate.api.symbols import tf1_symbol, tf2_exists
from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Symbol
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk


def modules_as_imports(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with imports for the modules of TensorFlow 1 that it gives names; None where it gives none."""

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        found = {id(node): name for node in walk(module.tree) if (name := _module_named(staging, node))}
        return _Importing(module, found, builder) if found else None

    return edited(modules, builder, edit)


def _module_named(staging: Staging, node: cst.CSTNode) -> str:
    """The module that an assignment gives another name, where TensorFlow 2 has none like it."""
    match node:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=cst.Attribute() as value):
            names = {v.name if isinstance(v, Symbol) else "" for v in staging.values_of(value)}
            name = names.pop() if len(names) == 1 else ""
            symbol = tf1_symbol(name) if name and not is_flags(name) else None
            return name if symbol is not None and symbol.kind == "module" and not tf2_exists(name) else ""
    return ""


class _Importing(Traced):
    def __init__(self, module: Module, found: dict[int, str], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.found = found

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(original, cst.Assign) and id(original) in self.found:
            target = original.targets[0].target
            assert isinstance(target, cst.Name)
            path = "tensorflow" + self.found[id(original)].removeprefix("tf")
            line = cst.ensure_type(
                cst.parse_statement(f"import {path} as {target.value}"), cst.SimpleStatementLine
            )
            return line.body[0]
        return made
