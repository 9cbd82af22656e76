"""Optimizers outside of the graph: what they are made with."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.api.calls_model import Refused
from tf2migrate.api.external import GRAPH, scipy_optimizer
from tf2migrate.graph.values import Optimizer
from tf2migrate.plan.region import Atom
from tf2migrate.rewrite.composer import Composer


def external_text(composer: Composer, maker: Optimizer, atom: Atom) -> str:
    """The constructor, with the settings but without the graph. Raises ``NotPlanned``."""
    symbols = composer.symbols
    kept = [a for a in maker.call.args if a.star or (a.keyword is not None and a.keyword.value not in GRAPH)]
    edit = composer.substitution(atom, composer.plan.model, {}, maker.call)
    given = maker.call.with_changes(args=[cast(cst.Arg, arg.visit(edit)) for arg in kept])
    made = scipy_optimizer(symbols.arguments(given), symbols.tf)
    if isinstance(made, Refused):
        raise symbols.refused(made, maker.call)
    symbols.define(made.definitions)
    return made.text
