"""Names for the functions that take the place of runs: after the op, or after what they compute."""

from __future__ import annotations

import libcst as cst

from tf2migrate.plan.held import plain
from tf2migrate.plan.model import Plan, Step
from tf2migrate.plan.reserved import RESERVED

# Ops that are run for what they do.
OPS = ("train", "assign", "group")

def name_steps(plan: Plan) -> None:
    """Names every step of the plan."""
    atoms = plan.flow.region.atoms
    training = [s for s in plan.steps if s.updates and not s.is_external]
    own = {id(s): plan.own_names[n] for c in plan.chosen.values() for n, s in c.steps.items() if is_op(s, n)}
    for step in plan.steps:
        if id(step) in own and sum(own[id(step)] in a.binds for a in atoms) == 1:
            # The function has the name of the op, and what hands the op on hands the function on.
            step.name = own[id(step)]
        elif step.is_external:
            step.name = plan.fresh("loss_and_gradients", "compute_loss_and_gradients")
        elif step.updates:
            if len(training) == 1:
                keras = plan.held is not None and plan.held.keras
                step.name = plan.fresh("training_step" if keras else "train_step")
            else:
                step.name = plan.fresh(*_step_names(_op_name(step)))
        elif step.execution.assigns and not any(v.node and v.node.kind == "tensor" for v in step.fetch.values()):
            step.name = plan.fresh(*_step_names(_op_name(step) or "update", False))
        else:
            step.name = plan.fresh(*_value_names(step))
    if plan.held is not None and plan.held.keras:
        _avoid_names_of_keras(plan)


def _avoid_names_of_keras(plan: Plan) -> None:
    for step in plan.steps:
        if step.name in RESERVED:
            what = step.name.removeprefix("compute_") if step.name.startswith("compute_") else "values"
            step.name = plan.fresh(f"{what}_of", f"compute_{what}_of")


def _value_names(step: Step) -> list[str]:
    """Names for the function of a run that trains nothing: after what it fetches, where that has names."""
    values = step.fetch.values()
    found = [plain(v.expression.value).lstrip("_") for v in values if isinstance(v.expression, cst.Name)]
    names = [name for name in dict.fromkeys(found) if name]
    if not values:
        op = _op_name(step)
        return [op, f"run_{op}"] if op else ["run"]
    if len(names) != len(values) or len(names) > 2:
        return ["evaluate"]
    both = "_and_".join(names)
    return [f"compute_{both}", f"evaluate_{both}"]


def _op_name(step: Step) -> str:
    whole = [step.fetch] if step.fetch.kind in ("list", "tuple") else []
    if not step.updates and len(step.fetch.leaves()) > 1 and step.fetch.expression is None:
        return ""
    for leaf in [*whole, *step.fetch.leaves()]:
        op = leaf.node is None or leaf.node.kind in OPS
        if op and isinstance(leaf.expression, cst.Name):
            return plain(leaf.expression.value).lstrip("_")
    return ""


def is_op(step: Step, number: int) -> bool:
    """Whether a node of a step is fetched for what it does."""
    return any(leaf.kind == "none" and leaf.node and leaf.node.number == number for leaf in step.fetch.leaves())


def _step_names(op: str, trains: bool = True) -> list[str]:
    """Names for the function of an op: ``train_d_step`` for ``train_d``, but not ``train_step_step``."""
    if not op:
        return ["train_step"]
    if not trains:
        return [op, op.removesuffix("_op").removesuffix("_ops"), f"run_{op}"]
    last = op.lower().rsplit("_", 1)[-1]
    return [op, f"run_{op}"] if last in ("step", "update", "train") else [f"{op}_step"]
