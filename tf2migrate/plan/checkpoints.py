"""Checkpoints: what a saver saves, and where variables may be restored.

TensorFlow 2 saves objects, and the paths stay as they were. What the rewrite saves it can restore; what TensorFlow 1
saved it cannot.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.frames import Place
from tf2migrate.graph.staging import CheckpointCall
from tf2migrate.graph.values import nodes_in
from tf2migrate.names.tree import walk
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.model import NotPlanned
from tf2migrate.plan.slices import Slicer

STATE = ("variable", "layer", "cell", "train")


def check_checkpoints(flow: Flow, slicer: Slicer) -> None:
    """C3: a saver saves all variables, and nothing initializes them after they were restored."""
    staging = flow.staging
    for saver in staging.savers:
        if flow.region.held is not None or saver.place.steps[-1].frame is not flow.region.frame:
            reason = "a saver that is made in a class, or elsewhere than the graph, is not rewritten yet"
            raise NotPlanned(slicer.refusal("TFM803", saver.call, reason))
        if any(n.kind in STATE and n.number >= saver.count for n in staging.nodes):
            reason = "variables are made after the saver, which does not save them"
            raise NotPlanned(slicer.refusal("TFM803", saver.call, reason))
        for module in staging.modules.values():
            for node in walk(module.tree):
                if isinstance(node, cst.SimpleString) and ".meta" in node.value:
                    reason = "the program looks at the meta graph, which TensorFlow 2 does not save"
                    raise NotPlanned(slicer.refusal("TFM807", node, reason))
    for call in staging.checkpoints:
        if call.kind == "restore":
            _initialized_later(flow, slicer, call)


def _initialized_later(flow: Flow, slicer: Slicer, call: CheckpointCall) -> None:
    for site in flow.staging.runs[call.runs :]:
        if {n.kind for n in nodes_in(site.fetches)} == {"init"} and not _exclude(call.place, site.place):
            reason = "variables are initialized after they were restored"
            raise NotPlanned(slicer.refusal("TFM404", site.expression, reason))


def _exclude(first: Place, second: Place) -> bool:
    """Whether two places are in different branches of one test."""
    for number, (one, other) in enumerate(zip(first.steps, second.steps, strict=False)):
        if one.statement is not other.statement or one.frame is not other.frame:
            before = first.steps[number - 1].statement if number else None
            if not isinstance(before, cst.If):
                return False
            body = list(before.body.body)
            return (one.statement in body) != (other.statement in body)
    return False
