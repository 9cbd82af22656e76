"""Calls of optimizers outside of the graph."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.graph.external import CALLBACKS
from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import Mapping, Node
from tf2migrate.plan.model import Step
from tf2migrate.plan.slices import has_default
from tf2migrate.rewrite.runs import Runs


def external_call(runs: Runs, step: Step, site: RunSite) -> str:
    """``optimizer.minimize(loss_and_gradients, variables, inputs=feed)``. Raises ``NotPlanned``."""
    plan, call = runs.plan, site.expression
    held = plan.held is not None
    function = f"{runs.receiver(site)}.{step.name}" if held else step.name
    trained = runs.functions.trained_text(step.updates[0])
    if held and runs.receiver(site) != plan.model:
        names = _Receiver(plan.model, runs.composer.symbols.expression(runs.receiver(site)))
        trained = runs.composer.symbols.code(
            cast(cst.CSTNode, runs.composer.symbols.expression(trained).visit(names))
        )
    parts = [function, trained]
    feed = feed_text(runs, step, site)
    if feed:
        parts.append(f"inputs={feed}")
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value in CALLBACKS:
            parts.append(f"{arg.keyword.value}={runs.feed_text(arg.value, site)}")
    assert isinstance(call.func, cst.Attribute)
    return f"{runs.feed_text(call.func, site)}({', '.join(parts)})"


def feed_text(runs: Runs, step: Step, site: RunSite) -> str:
    """What is fed, by the names of the parameters: no more than the function takes."""
    expression, feeds = site.feed_expression, site.feeds
    wanted = {runs.plan.parameter_names[n.number]: n for n in step.parts.parameters}
    if expression is None or not isinstance(feeds, Mapping):
        return ""
    keys = {runs.plan.parameter_names.get(k.number, "") for k in feeds.items if isinstance(k, Node)}
    if not {name for name, node in wanted.items() if not has_default(node)} <= keys:
        raise runs.refused("TFM407", expression, "this run does not feed all that it needs")
    if not isinstance(expression, cst.Dict) and not feeds.displays:
        raise runs.refused("TFM407", expression, "where this feed dict is made cannot be followed")
    if not wanted:
        return ""
    text = runs.feed_text(expression, site)
    if keys <= set(wanted):
        return text
    if not isinstance(expression, cst.Name) or any(runs.composer.staging.is_maybe(feeds, k) for k in feeds.items):
        raise runs.refused("TFM407", expression, "this feed holds more than the run needs, and has no name")
    chosen = ", ".join(f'"{name}": {text}["{name}"]' for name in wanted if name in keys)
    return f"{{{chosen}}}"


class _Receiver(cst.CSTTransformer):
    """The object that holds the graph, as it is called where it is used."""

    def __init__(self, name: str, by: cst.BaseExpression) -> None:
        super().__init__()
        self.name = name
        self.by = by

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.by if original_node.value == self.name else updated_node
