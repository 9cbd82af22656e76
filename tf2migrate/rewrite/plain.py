"""Programs that build no graph: their TensorFlow 1 symbols get their native spelling, and nothing moves."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.names.aliases import Aliases
from tf2migrate.rewrite.flag_parsing import parses
from tf2migrate.rewrite.layout import Layout
from tf2migrate.rewrite.substitution import Substitution
from tf2migrate.rewrite.symbols import Symbols


def rewrite_plain(staging: Staging) -> dict[str, str]:
    """The new text of each module. Raises ``NotPlanned`` when a symbol has no native form."""
    out: dict[str, str] = {}
    before = parses(staging)
    for key in staging.module_frames:
        module = staging.modules[key]
        symbols = Symbols(module, staging, Aliases(module.tree))
        tree = module.tree.visit(_Plain(symbols, before))
        out[key] = Layout(symbols, module, set()).finish(tree)
    return out


class _Plain(Substitution):
    """New spellings, and statements that come before others."""

    def __init__(self, symbols: Symbols, before: dict[int, list[cst.BaseStatement]]) -> None:
        super().__init__(symbols, {}, {}, {})
        self.before = before

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        made = super().on_leave(original, updated)
        if id(original) in self.before:
            return cst.FlattenSentinel([*self.before[id(original)], cast(cst.CSTNode, made)])
        return made
