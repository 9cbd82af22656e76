"""How a variable is reached from the model: attributes of layers, and of layers in layers."""

from __future__ import annotations

from collections.abc import Mapping

from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.values import Node
from tf2migrate.plan.model import Plan
from tf2migrate.rewrite.layer_classes import LayerClass


def inside_object(plan: Plan, makers: Mapping[int, LayerClass], node: Node) -> str | None:
    """The path to a variable that a layer function makes; None where it has no attribute of its own."""
    owner = layer_of(node) or node
    for item in plan.objects:
        if owner.number not in item.owned:
            continue
        holder = item.name if plan.networks else f"{plan.model}.{item.name}"
        frames = owner.place.frames
        starts = [frames.index(call.frame) for call in item.calls if call.frame in frames]
        if not starts:
            return None
        path = [holder]
        maker = makers.get(id(item.function.definition))
        current = frames[starts[0]]
        for frame in frames[starts[0] + 1 :]:
            inner = makers.get(id(frame.owner))
            if inner is None or maker is None:
                break
            name = maker.attributes.get(id(frame.call))
            if name is None or name in maker.looped:
                return None
            path.append(name)
            maker, current = inner, frame
        if maker is None:
            return None
        state = [attr for name, attr in maker.function.state.items() if current.env.get(name) is owner]
        own = state[0] if state else maker.attributes.get(id(owner.expression))
        if own is None or own in maker.looped:
            return None
        return ".".join([*path, own])
    return None
