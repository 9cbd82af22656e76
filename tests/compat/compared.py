"""Runs a program and its form on `tf.compat.v1` in the deterministic world, and compares what each run returned."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from tf2migrate.verify.compare import compare_programs
from tf2migrate.verify.launch import Runner
from tf2migrate.verify.values import Comparison

# Where Keras 2 would be asked for, a program that claims to run without it must fail.
NO_KERAS_2 = {"tf_keras.py": "raise ImportError('there is no Keras 2 here')\n"}


def compared(
    before: Mapping[str, str],
    after: Mapping[str, str],
    entry: str,
    oracle: str | None = None,
    pool: Runner | None = None,
) -> Comparison:
    """Both run to their end; runs are told apart by their order in the text, which stays the same."""
    return compare_programs(
        marked(before), marked(after) | NO_KERAS_2, entry, oracle=oracle, steps=0, timeout=100.0, pool=pool
    )


def marked(files: Mapping[str, str]) -> dict[str, str]:
    """The files with every ``run`` and ``eval`` recorded under its number."""
    marker = _Marker()
    return {path: cst.parse_module(files[path]).visit(marker).code for path in sorted(files)}


class _Marker(cst.CSTTransformer):
    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        match updated_node.func:
            case cst.Attribute(attr=cst.Name(value="run" | "eval")):
                self.number += 1
                arguments = [cst.Arg(cst.Integer(str(self.number))), cst.Arg(updated_node)]
                return cst.Call(cst.Name("__tf2migrate_record__"), arguments)
        return updated_node
