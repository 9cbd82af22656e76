"""Recurrent cells: what must hold where a program runs them."""

from __future__ import annotations

from tf2migrate.graph.values import Node, is_cell
from tf2migrate.plan.facts import dtype_of
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.slices import Slicer

OTHER_FLOATS = ("float16", "float64", "bfloat16", "half", "double")


def check_cells(flow: Flow, slicer: Slicer) -> None:
    """C3 and C8: cells are made by a constructor, and take the dtype of their inputs, as no Keras layer does."""
    _check_made(flow, slicer)
    for node in flow.staging.nodes:
        if not any(is_cell(source) for source in node.inputs):
            continue
        for source in node.inputs:
            if not is_cell(source) and _is_other(source):
                where = node.expression or flow.region.module.tree
                reason = "recurrent networks of other types than `float32` are not rewritten yet"
                raise NotPlanned(slicer.refusal("TFM702", where, reason))


def _check_made(flow: Flow, slicer: Slicer) -> None:
    """A constructor cannot know what a run feeds."""
    for atom in flow.region.atoms:
        if flow.role(atom) is Role.VARIABLE and any(is_cell(node) for node in atom.nodes):
            for read in flow.reads(atom):
                if isinstance(read.value, Node) and read.value.kind in ("placeholder", "tensor"):
                    reason = "cells and their dropout, which a run decides, are made by one function"
                    advice = "let the function make the cell only, and put `DropoutWrapper` around it afterwards"
                    raise NotPlanned(slicer.refusal("TFM702", read.node, reason, advice))


def _is_other(source: Node) -> bool:
    return dtype_of(source) in OTHER_FLOATS
