"""What optimizers are called: the functions that train find each by its name, whenever they are traced.

Of those that the host chooses, ``if config.method == "adam": optimizer = tf.train.AdamOptimizer(rate)``, each candidate
becomes a native optimizer where it stands, and the functions use whatever the name stands for.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.values import Node, Optimizer, optimizers_of
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer
from tf2migrate.plan.stability import stays

ADVICE = "bind one name in each branch, and call it once they have met"


def chosen_name(flow: Flow, slicer: Slicer, chosen: Optimizer) -> str:
    """The one name by which all updates call the optimizer that was chosen.

    Raises ``NotPlanned`` where it may be unbound, or be another one by the time that the functions read it.
    """
    others = [o for o in flow.staging.optimizers if o is not chosen and o.options and {*o.options} & {*chosen.options}]
    direct = any(node.details.get("optimizer") in (*chosen.options, *others) for node in flow.staging.nodes)
    if others or direct:
        reason = "an optimizer that the host chooses from others is used beside that choice"
        raise NotPlanned(slicer.refusal("TFM410", chosen.call, reason))
    if len({id(option.call) for option in chosen.options}) < len(chosen.options):
        reason = "one call makes an optimizer of one of several classes, or several of them"
        raise NotPlanned(slicer.refusal("TFM410", chosen.call, reason, "call each class where it is named"))
    if any(optimizers_of(table.get(key)) == chosen.options for table, key in flow.staging.maybe):
        reason = "a branch of host code leaves this optimizer without a value"
        raise NotPlanned(slicer.refusal("TFM410", chosen.call, reason, "raise an error in that branch"))
    updates = [node for node in flow.staging.nodes if node.details.get("optimizer") is chosen]
    names = {_called(flow, slicer, chosen, node) for node in updates}
    if len(names) > 1:
        reason = "an optimizer that the host chooses has several names"
        raise NotPlanned(slicer.refusal("TFM410", chosen.call, reason, ADVICE))
    return names.pop() if names else ""


def own_name(flow: Flow, slicer: Slicer, plan: Plan, maker: Atom, name: str) -> str:
    """The user's name of an optimizer, or another one where that stands for something else later."""
    later = flow.region.atoms[maker.number + 1 :]
    staying = [a for a in later if flow.role(a) is Role.OPTIMIZER or stays(flow, a)]
    if not any(name in atom.binds for atom in staying if flow.role(atom) is not Role.GRAPH):
        return name
    reader = next((a for a in staying if maker in flow.reaching(name, a) and name in _names_of(flow, a)), None)
    if reader is not None:
        reason = f"`{name}`, an optimizer, is read by host code and bound again"
        raise NotPlanned(slicer.refusal("TFM410", reader.statement, reason, "give each optimizer a name of its own"))
    return plan.fresh(name)


def _names_of(flow: Flow, atom: Atom) -> set[str]:
    return {read.name for read in flow.reads(atom)}


def _called(flow: Flow, slicer: Slicer, chosen: Optimizer, update: Node) -> str:
    """The name by which an update calls the optimizer, which keeps its value from there on."""
    reason = "an optimizer that the host chooses has no name where it is used"
    refusal = slicer.refusal("TFM410", update.expression or chosen.call, reason, ADVICE)
    atom = flow.region.atom_at(update.place)
    names = called_as(update)
    if atom is None or len(names) != 1 or update.place.steps[-1].frame is not flow.region.frame:
        raise NotPlanned(refusal)
    sources = flow.reaching(names[0], atom)
    bound = [optimizers_of(flow.bound_value(source, names[0])) for source in sources]
    if not bound or any(not found or not {*found} <= {*chosen.options} for found in bound):
        raise NotPlanned(refusal)
    first = min(source.number for source in sources)
    later = [
        a for a in flow.region.atoms if a.number > first and a not in sources and names[0] in (*a.binds, *a.changes)
    ]
    if later:
        reason = f"`{names[0]}`, an optimizer that the host chooses, is bound again"
        raise NotPlanned(slicer.refusal("TFM410", later[0].statement, reason))
    return names[0]


def called_as(update: Node) -> list[str]:
    """The names in ``optimizer`` of ``optimizer.minimize(loss)``: one, where it is called by a name."""
    match update.expression:
        case cst.Call(func=cst.Attribute(value=cst.Name() | cst.Attribute() as base)):
            return [name.value for name in names_read(base)]
    return []
