"""The penalties that a model lists, written where the graph collected them."""

from __future__ import annotations

from tf2migrate.graph.staging import Reading
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.symbols import Symbols


def penalties(plan: Plan, symbols: Symbols, reading: Reading, holder: str) -> str:
    """What a call that reads the regularizers' collection becomes: the model's own list, or its sum.

    Raises ``NotPlanned`` when the model would list something else.
    """

    def refused(reason: str) -> NotPlanned:
        return NotPlanned(Refusal("TFM410", symbols.module.key, reading.call, reason, "add the penalties up by name"))

    everything = plan.flow.staging.regularized
    if len(reading.regularized) != len(everything):
        raise refused("only some of the regularized variables are made before this collection is read")
    if not everything:
        return "[]" if reading.form == "list" else f"{symbols.tf}.constant(0.0)"
    if plan.held is not None and not plan.held.keras:
        raise refused("an object that is no Keras model does not list its regularizers")
    if plan.networks:
        numbers = {node.number for node in everything}
        names = [item.name for item in plan.objects if item.owned & numbers]
        if len(names) != 1:
            raise refused("the regularizers of several models are read together")
        holder = names[0]
    listed = f"{holder}.losses"
    return listed if reading.form == "list" else f"{symbols.tf}.add_n({listed})"
