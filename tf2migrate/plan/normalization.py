"""Batch normalization: in which runs TensorFlow 1 updated the moving averages.

TensorFlow 1 updates them only where a run fetches the update ops; a Keras layer updates them in every call in
training mode. One layer can serve all runs when each run in training mode updates, or when none does.
"""

from __future__ import annotations

from tf2migrate.graph.values import Const, Mapping, Node, is_moving_average
from tf2migrate.plan.execution import Execution
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.model import Step
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer


def normalizing(flow: Flow, execution: Execution) -> list[Atom]:
    """The statements whose moving averages a run updates, be it that it needs nothing else of them.

    A step that waits for all update ops computes the passes through other networks, too.
    """
    found = [flow.region.atom_at(update.inputs[0].place) for update in execution.moving]
    return [atom for atom in dict.fromkeys(found) if atom is not None and flow.role(atom) is Role.STAGED]


def moving_averages(flow: Flow, slicer: Slicer, steps: list[Step]) -> dict[int, str]:
    """For each batch normalization, whether its calls in training mode update: ``"True"`` or ``"False"``.

    Raises ``NotPlanned`` when some runs in training mode do and others do not.
    """
    out: dict[int, str] = {}
    for update in flow.staging.nodes:
        if not is_moving_average(update):
            continue
        result = update.inputs[0]
        owner = result.details["owner"]
        assert isinstance(owner, Node)
        updating: list[Step] = []
        other: list[Step] = []
        for step in steps:
            inside = any(result in atom.nodes for atom in step.parts.atoms)
            runs = any(update in u.moving for u in step.updates)
            if runs and not inside:
                where = step.sites[0].expression
                reason = "moving averages are updated from a part of the graph that this run does not compute"
                raise NotPlanned(slicer.refusal("TFM405", where, reason))
            if runs:
                updating.append(step)
            elif inside and not _infers(flow, result, step):
                other.append(step)
        if updating and other:
            where = other[0].sites[0].expression
            reason = "batch normalization runs in training mode here without updating its moving averages"
            raise NotPlanned(slicer.refusal("TFM405", where, reason))
        answer = "False" if other else "True"
        if out.setdefault(owner.number, answer) != answer:
            at = owner.expression or flow.region.module.tree
            raise NotPlanned(slicer.refusal("TFM405", at, "calls of one batch normalization update differently"))
    return out


def _infers(flow: Flow, result: Node, step: Step) -> bool:
    """Whether a run uses a batch normalization in inference mode."""
    training = result.details.get("training")
    contrib = result.op.startswith("tf.contrib")
    if training is None:
        return not contrib
    if isinstance(training, Const):
        return not training.value
    if not isinstance(training, Node) or training.kind != "placeholder":
        return False
    for site in step.sites:
        value = site.feeds.items.get(training) if isinstance(site.feeds, Mapping) else None
        if value is None and training.op == "tf.placeholder_with_default":
            value = training.details.get("input")
        if not (isinstance(value, Const) and not value.value):
            return False
    return True
