"""Layers whose variables a run reads without computing the layer: another function has to build them first.

TensorFlow 1 made the variables of a layer where the layer was written. A Keras layer makes them when it is called
first, which tracing a function that calls it does.
"""

from __future__ import annotations

from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.values import Node, is_cell, nodes_in
from tf2migrate.plan.model import Plan, Step
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.slices import Slicer


def find_prebuilt(slicer: Slicer, plan: Plan) -> list[tuple[Step, list[Step]]]:
    """For each step that reads variables of layers it does not call: the steps whose tracing makes these.

    Raises ``NotPlanned`` where no function computes such a layer.
    """
    called = {id(step): _called(slicer, plan, step) for step in plan.steps}
    missing = {id(step): _unbuilt(plan, step, called[id(step)]) for step in plan.steps}
    for step in plan.steps:
        others = {lazy for other in plan.steps if other is not step for lazy in called[id(other)]}
        beside = _applied(plan, step, called[id(step)])
        missing[id(step)] |= {lazy: node for lazy, node in beside.items() if lazy in others}
    out: list[tuple[Step, list[Step]]] = []
    for step in plan.steps:
        wanted = set(missing[id(step)])
        makers: list[Step] = []
        while wanted:
            able = [s for s in plan.steps if not missing[id(s)] and called[id(s)] & wanted]
            if not able:
                node = next(node for layer, node in missing[id(step)].items() if layer in wanted)
                where = node.expression or step.sites[0].expression
                reason = "a variable of a layer is read in a run that does not compute the layer"
                raise NotPlanned(slicer.refusal("TFM410", where, reason))
            makers.append(max(able, key=lambda s: len(called[id(s)] & wanted)))
            wanted -= called[id(makers[-1])]
        if makers:
            out.append((step, makers))
    return out


def _unbuilt(plan: Plan, step: Step, called: set[int]) -> dict[int, Node]:
    """Layers and lazy objects that a step reads variables of without calling them, with a node that reads."""
    made = [node for atom in step.parts.atoms for node in atom.nodes]
    if not made:
        return {}
    found: dict[int, Node] = {}
    for node in [*made, *(leaf.node for leaf in step.fetch.values() if leaf.node is not None)]:
        for part in [node, *node.inputs]:
            lazy = _lazy(plan, part)
            if lazy is not None and lazy not in called:
                found.setdefault(lazy, node)
    return found


def _applied(plan: Plan, step: Step, called: set[int]) -> dict[int, Node]:
    """Layers that a step does not call, with variables that an optimizer of several steps trains.

    Their gradients are ``None``, or another step takes them, but Keras holds an optimizer to the variables that it
    was built with.
    """
    found: dict[int, Node] = {}
    for update in step.updates:
        maker = update.node.details.get("optimizer")
        sharing = [u.node for s in plan.steps for u in s.updates if u.node.details.get("optimizer") is maker]
        if len(sharing) < 2:
            continue
        for node in (n for each in sharing for n in nodes_in(each.details["variables"])):
            lazy = node.number if node.kind == "layer" or is_cell(node) else _lazy(plan, node)
            lazy = next((id(item) for item in plan.objects if node.number in item.owned), lazy)
            if lazy is not None and lazy not in called:
                found.setdefault(lazy, node)
    return found


def _lazy(plan: Plan, node: Node) -> int | None:
    """What makes a variable only when it is called: the number of its layer, or the identity of an object."""
    layer = layer_of(node)
    if layer is not None:
        return layer.number
    owners = {id(step.frame.owner) for step in node.place.steps}
    if node.kind == "variable" and any(id(f.definition) in owners and f.shapes for f in plan.layers.values()):
        return next((id(item) for item in plan.objects if node.number in item.owned), None)
    return None


def _called(slicer: Slicer, plan: Plan, step: Step) -> set[int]:
    """The layers, cells and objects that a step calls."""
    atoms = step.parts.atoms
    nodes = [node for atom in atoms for node in atom.nodes]
    layers = {owner.number for node in nodes if isinstance(owner := node.details.get("owner"), Node)}
    computing = [node for node in nodes if node.kind == "tensor" and node.op != "tf.gradients"]
    cells = {source.number for node in computing for source in node.inputs if is_cell(source)}
    return layers | cells | {
        id(item) for item in plan.objects if any(slicer.region.atom_at(c.place) in atoms for c in item.calls)
    }
