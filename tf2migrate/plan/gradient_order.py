"""C7: Keras lists variables in another order than TensorFlow 1, so no result may show the order of gradients."""

from __future__ import annotations

from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.values import Node, Value, stands_for_several
from tf2migrate.plan.model import Step
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.slices import Slicer

# Ops that give what they are given one behind the other.
JOINS = frozenset(["tf.stack", "tf.pack", "tf.parallel_stack", "tf.concat", "tf.tuple", "tf.convert_to_tensor"])


def check_order(slicer: Slicer, step: Step) -> None:
    """Raises ``NotPlanned`` where a run gives some of the gradients by several variables that Keras may reorder."""
    nodes = [n for a in step.parts.atoms for n in a.nodes if n.op == "tf.gradients" and n.expression is not None]
    for node in {id(n.expression): n for n in nodes}.values():
        by = [n.details.get("variable") for n in nodes if n.expression is node.expression]
        if (
            len(by) > 1
            and any(_may_move(slicer, variable) for variable in by)
            and any(leaf.node is not None and _shows_one(leaf.node, node, len(by)) for leaf in step.fetch.values())
        ):
            where = step.sites[0].expression
            raise NotPlanned(slicer.refusal("TFM408", where, "the order of these gradients is that of TensorFlow 1"))


def _may_move(slicer: Slicer, variable: Value | None) -> bool:
    """Whether a variable belongs to a layer, as those that functions make do: Keras lists them behind the others."""
    if not isinstance(variable, Node):
        return False
    inside = variable.place.steps[-1].frame is not slicer.region.frame
    return inside or stands_for_several(variable) or layer_of(variable) is not None


def _shows_one(fetched: Node, gradient: Node, count: int) -> bool:
    """Whether a value is that of one of the gradients of a call, or made of some of them: not of all alike."""
    if fetched.kind != "tensor":
        return False
    found: set[int] = set()
    joined = False
    seen = {fetched.number}
    stack = [fetched]
    while stack:
        node = stack.pop()
        if node.op == "tf.gradients" and node.expression is gradient.expression:
            found.add(node.number)
            continue
        joined = joined or node.op in JOINS
        for source in node.inputs if "of_all" not in node.details else ():
            if source.op == "tf.clip_by_global_norm" and gradient in source.inputs:
                return True
            if source.number not in seen:
                seen.add(source.number)
                stack.append(source)
    return bool(found) and (joined or len(found) < count)
