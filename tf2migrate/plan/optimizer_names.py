"""A name for each optimizer: the user's own where it has one."""

from __future__ import annotations

from tf2migrate.plan.chosen_optimizers import chosen_name, own_name
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.held import Held, plain
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer

OPTIMIZERS = ("optimizer", "optimiser", "optim", "opt")


def name_optimizers(flow: Flow, slicer: Slicer, plan: Plan) -> None:
    """Names every optimizer of the program but those that another one is chosen from."""
    options = {option for chosen in flow.staging.optimizers for option in chosen.options}
    for optimizer in flow.staging.optimizers:
        atom = flow.region.atom_at(optimizer.place)
        if atom is None or optimizer.place.steps[-1].frame is not flow.region.frame:
            reason = "an optimizer made in another function is not rewritten yet"
            raise NotPlanned(slicer.refusal("TFM410", optimizer.call, reason))
        if optimizer in options:
            continue
        own = [n for n in atom.binds if flow.bound_value(atom, n) is optimizer]
        if optimizer.options:
            own = [chosen_name(flow, slicer, optimizer)]
        if plan.held is not None:
            name = _held_name(flow, plan, plan.held, atom, own)
        elif own:
            name = own_name(flow, slicer, plan, atom, own[0])
        else:
            name = _name_by_op(flow, plan, atom)
        plan.optimizers[optimizer.number] = name


def _held_name(flow: Flow, plan: Plan, held: Held, atom: Atom, own: list[str]) -> str:
    """The attribute of the object that holds the graph."""
    bound = [n for n in atom.binds if is_optimizer_name(plain(n)) and plain(n) not in held.taken]
    train = [plain(n).lstrip("_") for n in atom.binds if len(flow.staging.optimizers) > 1]
    name = plain((own or bound or [f"{n}_optimizer" for n in train] or ["optimizer"])[0])
    free = own and "." in own[0] and f"{plan.model}.{name}" not in plan.optimizers.values()
    return f"{plan.model}.{name if free else held.fresh(name)}"


def _name_by_op(flow: Flow, plan: Plan, atom: Atom) -> str:
    """A name for an optimizer without one, after the train op that it makes: that name where it sounds like one."""
    op = next(iter(atom.binds), None)
    if op is not None and "opt" in op.lower() and sum(op in a.binds for a in flow.region.atoms) == 1:
        return op
    if op is None or len(flow.staging.optimizers) == 1:
        return plan.fresh("optimizer")
    return plan.fresh(f"{op}_optimizer")


def is_optimizer_name(name: str) -> bool:
    """Whether a name that was a train op's can be the optimizer's."""
    words = name.lower().strip("_").split("_")
    return words[-1].endswith(OPTIMIZERS) or (words[0] in OPTIMIZERS and words[-1] not in ("op", "step", "update"))
