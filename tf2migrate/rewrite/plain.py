"""Programs that build no graph: their TensorFlow 1 symbols get their native spelling, and nothing moves.

What only prepares a graph, such as `tf.reset_default_graph()`, goes.
"""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.tree import code_of, ids_in, walk
from tf2migrate.plan.graph_statements import is_graph_statement
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.flag_parsing import parses
from tf2migrate.rewrite.layout import Layout
from tf2migrate.rewrite.substitution import Substitution
from tf2migrate.rewrite.symbols import Symbols


def rewrite_plain(staging: Staging) -> dict[str, str]:
    """The new text of each module.

    Raises ``NotPlanned`` when a symbol has no native form, or is one of a graph that nothing in the program builds.
    """
    out: dict[str, str] = {}
    before = parses(staging)
    for key in staging.module_frames:
        module = staging.modules[key]
        symbols = Symbols(module, staging, Aliases(module.tree))
        try:
            tree = module.tree.visit(_Plain(symbols, before))
        except NotPlanned as stop:
            raise NotPlanned(_unreached(staging, stop.refusal) or stop.refusal) from None
        out[key] = Layout(symbols, module, set()).finish(tree)
    return out


def _unreached(staging: Staging, refusal: Refusal) -> Refusal | None:
    """The reason behind a refusal in a function that nothing calls: what becomes of it depends on who would."""
    around = [
        node
        for node in walk(staging.modules[refusal.module].tree)
        if isinstance(node, cst.FunctionDef | cst.ClassDef) and id(refusal.where) in ids_in(node)
    ]
    functions = [node for node in around if isinstance(node, cst.FunctionDef)]
    if not functions or id(functions[0]) in staging.visited:
        return None
    name = ".".join(node.name.value for node in around[: around.index(functions[0]) + 1])
    reason = f"`{name}` builds graph with `{code_of(refusal.where).split('(')[0]}`, but no call of it was seen"
    advice = "migrate it together with a program that calls it: name the folder of both"
    return Refusal("TFM401", refusal.module, refusal.where, reason, advice)


class _Plain(Substitution):
    """New spellings, and statements that come before others."""

    def __init__(self, symbols: Symbols, before: dict[int, list[cst.BaseStatement]]) -> None:
        super().__init__(symbols, {}, {}, {})
        self.before = before

    def goes(self, node: cst.CSTNode) -> bool:
        return id(node) not in self.before and is_graph_statement(self.symbols.staging, node)

    def on_visit(self, node: cst.CSTNode) -> bool:
        return not self.goes(node) and super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if self.goes(original):
            return cst.RemoveFromParent()
        if isinstance(updated, cst.IndentedBlock) and not updated.body:
            updated = updated.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        made = super().on_leave(original, updated)
        if id(original) in self.before:
            return cst.FlattenSentinel([*self.before[id(original)], cast(cst.CSTNode, made)])
        return made
