"""Recurrent cells: what must hold where a program runs them."""

from __future__ import annotations

from tf2migrate.graph.values import Node, is_cell
from tf2migrate.plan.facts import dtype_of
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.model import NotPlanned
from tf2migrate.plan.slices import Slicer

OTHER_FLOATS = ("float16", "float64", "bfloat16", "half", "double")


def check_cells(flow: Flow, slicer: Slicer) -> None:
    """C8: a cell of TensorFlow 1 takes the dtype of its inputs, a Keras layer casts them to its own."""
    for node in flow.staging.nodes:
        if not any(is_cell(source) for source in node.inputs):
            continue
        for source in node.inputs:
            if not is_cell(source) and _is_other(source):
                where = node.expression or flow.region.module.tree
                reason = "recurrent networks of other types than `float32` are not rewritten yet"
                raise NotPlanned(slicer.refusal("TFM702", where, reason))


def _is_other(source: Node) -> bool:
    return dtype_of(source) in OTHER_FLOATS
