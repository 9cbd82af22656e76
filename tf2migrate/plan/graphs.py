"""C1, C3: several graphs in one program, each with its variables, names and sessions.

A native program has none of them. What was made in different graphs stays apart by itself where no run and no op
needs two of them, and nothing is said of all variables of one.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Mapping, Node, Symbol, nodes_in
from tf2migrate.plan.facts import has_seed
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.slices import Slicer


def are_several(staging: Staging) -> bool:
    """Whether nodes were made in more than one graph."""
    return len({staging.world_of(node) for node in staging.nodes}) > 1


def worlds_of(staging: Staging, site: RunSite) -> set[int]:
    """The graphs, by number, whose nodes a run names."""
    keys = site.feeds.items if isinstance(site.feeds, Mapping) else {}
    named = [*nodes_in(site.fetches), *(key for key in keys if isinstance(key, Node))]
    return {staging.world_of(node) for node in named}


def check_graphs(flow: Flow, slicer: Slicer) -> None:
    """Raises ``NotPlanned`` where several graphs are not apart."""
    staging = flow.staging
    if staging.all_runs or not are_several(staging):
        return
    for node in staging.nodes:
        if any(staging.world_of(used) != staging.world_of(node) for used in (*node.inputs, *node.control)):
            where = node.expression or flow.region.module.tree
            _refuse(slicer, "TFM410", where, "this is made of what is in another graph")
    for site in staging.runs:
        if len(worlds_of(staging, site)) > 1:
            _refuse(slicer, "TFM410", site.expression, "one run uses several graphs")
    for saver in staging.savers:
        _refuse(slicer, "TFM803", saver.call, "checkpoints beside several graphs are not rewritten yet")
    summary = next((node for node in staging.nodes if node.kind == "summary"), None)
    if summary is not None:
        where = summary.expression or flow.region.module.tree
        _refuse(slicer, "TFM804", where, "summaries beside several graphs are not rewritten yet")
    for reading in (r for r in staging.readings if r.regularized):
        _refuse(slicer, "TFM410", reading.call, "penalties of variables beside several graphs are not rewritten yet")
    seeded = any(
        isinstance(seen[0].value, Symbol) and seen[0].value.name == "tf.set_random_seed"
        for seen in staging.observations.values()
    )
    drawn = next((node for node in staging.nodes if node.random and has_seed(node)), None)
    if seeded and drawn is not None:
        where = drawn.expression or flow.region.module.tree
        _refuse(slicer, "TFM406", where, "a seeded op stands beside a seed of one of several graphs")


def _refuse(slicer: Slicer, code: str, where: cst.CSTNode, reason: str) -> None:
    raise NotPlanned(slicer.refusal(code, where, reason))
