"""C4: what one run changes, and that its updates have an order."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Node, Sequence, is_moving_average
from tf2migrate.names.tree import walk
from tf2migrate.plan.execution import Execution, Race
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.model import Fetch, Step, Update
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer


def updating(staging: Staging) -> set[int]:
    """Expressions, by identity, that make updates: calls of TensorFlow, and of functions of the project that do."""
    out: set[int] = set()
    for node in staging.nodes:
        if node.kind in ("assign", "train") and not is_moving_average(node):
            out.add(id(node.expression))
            out |= {id(step.frame.call) for step in node.place.steps if step.frame.call is not None}
    return out


def is_control(staging: Staging, head: cst.BaseExpression) -> bool:
    """Whether an expression is ``tf.control_dependencies(...)``."""
    values = staging.values_of(head)
    return bool(values) and all(isinstance(value, Sequence) and value.kind == "controls" for value in values)


def check_heads(flow: Flow, slicer: Slicer) -> None:
    """Blocks dissolve with their heads: no update may be made there."""
    effects = updating(flow.staging)
    for module in flow.staging.modules.values() if effects else ():
        for block in walk(module.tree):
            for item in block.items if isinstance(block, cst.With) else ():
                if is_control(flow.staging, item.item) and any(id(node) in effects for node in walk(item.item)):
                    reason = "an update made in the head of a `with` block is not rewritten yet"
                    advice = "give the update a statement of its own"
                    raise NotPlanned(slicer.refusal("TFM405", item.item, reason, advice))


def find_updates(flow: Flow, slicer: Slicer, fetch: Fetch, execution: Execution) -> list[Update]:
    """The train ops that a run executes, in the order of the source."""
    out = [_update(flow, slicer, node) for node in execution.trains]
    if execution.moving and not out:
        shown = [leaf.expression for leaf in fetch.leaves() if leaf.expression is not None]
        where = shown[0] if shown else flow.region.module.tree
        raise NotPlanned(slicer.refusal("TFM405", where, "moving averages are updated without a train op"))
    for update in out[:1]:
        update.moving.extend(execution.moving)
    return out


def _update(flow: Flow, slicer: Slicer, node: Node) -> Update:
    region = flow.region
    atom = region.atom_at(node.place)
    direct = node.place.steps[-1].frame is region.frame
    if atom is None or not isinstance(node.expression, cst.Call) or not direct or flow.role(atom) is Role.RUN:
        where = node.expression or region.module.tree
        reason = "a train op made in another function is not rewritten yet"
        raise NotPlanned(slicer.refusal("TFM410", where, reason))
    takers = {n.expression for n in flow.staging.nodes if n.op == "tf.gradients" and n.expression is not None}
    if any(inner in takers for inner in walk(node.expression)):
        reason = "gradients taken inside of the call that applies them are not rewritten yet"
        raise NotPlanned(slicer.refusal("TFM410", node.expression, reason, "give them a statement of their own"))
    return Update(node, atom, node.expression)


def changing_atoms(flow: Flow, slicer: Slicer, execution: Execution) -> list[Atom]:
    """The statements whose assignments a run executes."""
    out: list[Atom] = []
    for node in execution.assigns:
        atom = flow.region.atom_at(node.place)
        role = flow.role(atom) if atom is not None else Role.HOST
        if atom is None or role not in (Role.STAGED, Role.RUN):
            where = node.expression or flow.region.module.tree
            reason = "an update made in the head of a `with` block is not rewritten yet"
            raise NotPlanned(slicer.refusal("TFM405", where, reason, "give the update a statement of its own"))
        if role is Role.STAGED and atom not in out:
            out.append(atom)
    return out


def check_updates(flow: Flow, slicer: Slicer, step: Step) -> None:
    """Raises ``NotPlanned`` where a run has no defined order, or a statement changes more than the run did."""
    site = step.sites[0]
    try:
        step.execution.check()
    except Race as race:
        shown = next((leaf.expression for leaf in step.fetch.values() if leaf.node is race.node), None)
        module = flow.staging.modules.get(race.node.place.module)
        at = f" (line {module.line(race.node.expression)})" if module and race.node.expression is not None else ""
        where = shown or site.expression
        advice = "run them one after the other, or order them with `tf.control_dependencies`"
        raise NotPlanned(slicer.refusal("TFM405", where, race.reason + at, advice)) from None
    for atom in step.parts.atoms:
        for node in atom.nodes:
            if node.kind == "train":
                reason = "what a run computes is kept together with this train op, which would train as well"
                raise NotPlanned(slicer.refusal("TFM405", node.expression or atom.statement, reason))
            if node.kind != "assign" or is_moving_average(node) or node.number in step.execution.nodes:
                continue
            if "metric" in node.details:
                continue
            at_node = node.expression or atom.statement
            reason = "this statement makes several updates, and a run takes only some of them"
            raise NotPlanned(slicer.refusal("TFM405", at_node, reason, "give each update a statement of its own"))
    _losses_after_updates(flow, slicer, step)


def _losses_after_updates(flow: Flow, slicer: Slicer, step: Step) -> None:
    """All losses of a function are computed under one tape, before its first update."""
    trains = {update.node.number for update in step.updates}
    for update in step.updates:
        gradient = step.execution.backward(update.node)
        needed = gradient.needed if gradient is not None else [n for n in update.node.inputs if n.op == "tf.gradients"]
        for node in needed:
            if step.execution.earlier(node) & trains:
                reason = "a loss that is computed after another update of the same run is not rewritten yet"
                raise NotPlanned(slicer.refusal("TFM405", update.call, reason))
