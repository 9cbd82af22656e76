"""C3: a variable that TensorFlow 1 made once is made once.

Scopes that reuse give one variable to several evaluations: to the passes of a loop, to two statements, to a function
and its caller. What becomes a constructor makes one for each evaluation, unless the plan knows that they are shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.frames import Frame, Step
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Node
from tf2migrate.graph.variables import LAYER_NAMES
from tf2migrate.plan.layer_model import LayerCall, LayerFunction
from tf2migrate.plan.refusal import NotPlanned, Refusal


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One time that a statement of a frame came to a variable: by the call of a layer, or in another way."""

    statement: cst.CSTNode
    instance: int
    layer: LayerCall | None


def check_sharing(staging: Staging, region: Frame, layers: dict[int, LayerFunction]) -> None:
    """Raises ``NotPlanned`` for a variable that several evaluations would each make."""
    calls = {id(call.frame): call for function in layers.values() for call in function.calls}
    for (frame, node), found in _evaluations(staging, {id(region), *calls}, calls).items():
        if len(found) > 1 and not _is_known(found, frame == id(region)):
            reason = f"`{node.name}` is one for several statements or passes of a loop, each of which would make it"
            where = node.expression or found[-1].statement
            raise NotPlanned(Refusal("TFM404", node.place.module, where, reason))


def _is_known(found: list[Evaluation], is_region: bool) -> bool:
    """Whether the plan shares what these come to: objects of layers, and names of the body that builds the graph."""
    objects = {(id(each.layer.frame.owner), each.layer.owned) for each in found if each.layer is not None}
    direct = [each for each in found if each.layer is None]
    if not direct:
        # The calls of the region are grouped into objects elsewhere, which refuses what overlaps in part.
        return is_region or len(objects) == 1
    return is_region and not objects and len({id(each.statement) for each in direct}) == len(direct)


def _evaluations(
    staging: Staging, frames: set[int], calls: dict[int, LayerCall]
) -> dict[tuple[int, Node], list[Evaluation]]:
    """What came to each variable in each of the frames, which are given by their identity."""
    out: dict[tuple[int, Node], list[Evaluation]] = {}
    for number, (node, place) in enumerate(staging.touched):
        if node.kind != "variable" and node.op not in LAYER_NAMES:
            continue
        for step, later in _innermost(place.steps):
            if id(step.frame) in frames:
                instance = id(later) if later is not None else -number - 1
                call = calls.get(id(later)) if later is not None else None
                known = out.setdefault((id(step.frame), node), [])
                if all(each.instance != instance for each in known):
                    known.append(Evaluation(step.statement, instance, call))
    return out


def _innermost(steps: tuple[Step, ...]) -> Iterator[tuple[Step, Frame | None]]:
    """The innermost statement of each frame on the way to a place, and the frame that it called there."""
    for index, step in enumerate(steps):
        following = steps[index + 1].frame if index + 1 < len(steps) else None
        if following is not step.frame:
            yield step, following
