"""Lists of the graph's variables that code around an object reads: those of the object, by its name there.

``model = Net(); print(len(tf.trainable_variables()))`` counts what the object has made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.values import Node, stands_for_several
from tf2migrate.names.tree import ids_in, walk
from tf2migrate.plan.model import Step
from tf2migrate.rewrite.listing import Listing, is_collection

if TYPE_CHECKING:
    from tf2migrate.rewrite.held import HeldRewriter


def outside_lists(rewriter: HeldRewriter) -> list[Step]:
    """Edits such lists; the functions that have to be traced for the variables to be there.

    What has no name for the object, or reads variables that no function builds, stays and is refused later.
    """
    nodes: list[Node] = []
    for frame, statement in _statements(rewriter):
        name = _name(rewriter, frame)
        if name:
            listing = Listing(rewriter.staging, frame, partial(_text, rewriter, name))
            for found in listing.edits(statement, rewriter.replacements, rewriter.whole):
                nodes += found
    return _makers(rewriter, nodes)


def _text(rewriter: HeldRewriter, name: str, nodes: list[Node], ordered: bool) -> str:
    text = rewriter.functions.listed_text(nodes, ordered)
    return re.sub(rf"(?<![\w.]){re.escape(rewriter.plan.model)}\.", f"{name}.", text)


def _statements(rewriter: HeldRewriter) -> Iterator[tuple[Frame, cst.CSTNode]]:
    """The statements around the object that read such lists, each with the one frame in which it was seen."""
    staging = rewriter.staging
    # What a saver is given goes with its call.
    saved = set().union(*(ids_in(saver.call) for saver in staging.savers))
    for module in staging.modules.values():
        for statement in walk(module.tree):
            part = statement.iter if isinstance(statement, cst.For) else statement
            if not isinstance(statement, cst.For | cst.SimpleStatementLine):
                continue
            called = [n for n in walk(part) if isinstance(n, cst.Call) and id(n) not in saved]
            calls = [call for call in called if is_collection(staging, call)]
            seen = [o.frame for call in calls for o in staging.observations.get(id(call), ())]
            frames = {id(_home(frame)): _home(frame) for frame in seen}
            if len(frames) == 1:
                frame = next(iter(frames.values()))
                if not _is_inside(rewriter, frame):
                    yield frame, part


def _home(frame: Frame) -> Frame:
    """The function that a comprehension stands in."""
    while isinstance(frame.owner, cst.BaseComp) and frame.parent is not None:
        frame = frame.parent
    return frame


def _is_inside(rewriter: HeldRewriter, frame: Frame) -> bool:
    """Whether a frame is the method that builds the graph, or below it."""
    if frame is rewriter.region.frame:
        return True
    place = frame.called_from
    return place is not None and rewriter.region.atom_at(place) is not rewriter.region.after


def _name(rewriter: HeldRewriter, frame: Frame) -> str:
    """What the object is called in a frame."""
    around: Frame | None = frame
    while around is not None:
        for name, value in around.env.items():
            if value is rewriter.region.held and frame.holder(name) is around:
                return name
        around = around.parent
    return ""


def _makers(rewriter: HeldRewriter, nodes: list[Node]) -> list[Step]:
    """Functions that compute all layers of these variables which make them only when they are called."""
    plan, region = rewriter.plan, rewriter.region
    missing = []
    for node in nodes:
        maker = layer_of(node) or node
        owners = {id(step.frame.owner) for step in maker.place.steps}
        lazy = any(key in owners and function.shapes for key, function in plan.layers.items())
        atom = region.atom_at(maker.place)
        if (stands_for_several(maker) or lazy) and atom is not None:
            missing.append(atom)
    makers: list[Step] = []
    while missing:
        able = [s for s in plan.steps if s.name and any(atom in s.parts.atoms for atom in missing)]
        if not able:
            raise rewriter.refused("TFM404", region.frame.owner, "no run computes some of the layers that are listed")
        makers.append(max(able, key=lambda s: (sum(atom in s.parts.atoms for atom in missing), not s.updates)))
        missing = [atom for atom in missing if atom not in makers[-1].parts.atoms]
    return makers
