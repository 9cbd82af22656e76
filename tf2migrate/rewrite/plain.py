"""Programs that build no graph: their TensorFlow 1 symbols get their native spelling, and nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst

from tf2migrate.api.symbols import tf1_exists, tf2_exists
from tf2migrate.graph.staging import Staging
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children
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


def tf1_uses(module: Module) -> Iterator[tuple[cst.CSTNode, str]]:
    """Uses of symbols that TensorFlow 2 does not have under their TF1 name."""
    aliases = Aliases(module.tree)
    stack: list[cst.CSTNode] = [module.tree]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Import | cst.ImportFrom):
            continue
        if isinstance(node, cst.Attribute | cst.Name):
            name = aliases.canonical(node)
            if name is not None:
                if name != "tf" and not tf2_exists(name) and _is_symbol(name):
                    yield node, name
                continue
        stack.extend(reversed(children(node)))


# Parts of TensorFlow 1 that are more than its public symbols.
OUTSIDE = ("tf.contrib.", "tf.examples.")


def _is_symbol(name: str) -> bool:
    """Attributes of what a symbol is or returns (``tf.float32.name``) are not symbols of their own."""
    parts = name.split(".")
    if "__" in name or not (tf1_exists(name) or name.startswith(OUTSIDE)):
        return False
    return not any(tf2_exists(".".join(parts[:i])) and parts[i - 1][:1].isupper() for i in range(2, len(parts)))


def uses_tf1(module: Module) -> bool:
    return any(True for _ in tf1_uses(module)) or "tensorflow.compat.v1" in module.source.text
