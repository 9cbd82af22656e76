"""Which part of the graph becomes the model's ``call``, and which the shared loss.

Any cut is right: the pieces are the user's own statements in their own order. The choice is for the reader.
"""

from __future__ import annotations

from tf2migrate.graph.values import Node, is_moving_average, nodes_in, optimizers_of
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.contract import ancestors
from tf2migrate.plan.facts import rank_of
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.model import Forward, Plan, Slice, Step, Update
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer

REDUCTIONS = ("tf.reduce_", "tf.losses.", "tf.nn.l2_loss", "tf.add_n", "tf.contrib.losses.")
MAXIMUM_OUTPUTS = 3
# Further ones that only summaries show.
MAXIMUM_SHOWN = 7


def reads_variables(flow: Flow, atom: Atom) -> bool:
    if any(node.kind in ("layer", "variable") and node.trainable for node in atom.nodes):
        return True
    return any(
        flow.role(other) in (Role.VARIABLE, Role.ALIAS)
        and (read.value is None or any(n.trainable for n in nodes_in(read.value)))
        for read in flow.reads(atom)
        for other in flow.reaching(read.name, atom)
    ) or any(
        i.kind in ("layer", "variable") and i.trainable for n in atom.nodes for i in n.inputs if n.kind == "tensor"
    )


def reads_inputs(flow: Flow, atom: Atom) -> bool:
    """Whether what a statement computes depends on something fed: a penalty for large weights does not."""
    behind = ancestors([node for node in atom.nodes if node.kind == "tensor"])
    return any(node.kind == "placeholder" and node.number in behind for node in flow.staging.nodes)


def is_scalar_like(atom: Atom) -> bool:
    """Whether the statement ends in a reduction: a loss or a penalty rather than a prediction."""
    tensors = [n for n in atom.nodes if n.kind == "tensor"]
    if any(n.op in ("tf.gradients", "regularizer") for n in tensors):
        return True
    return bool(tensors) and tensors[-1].op.startswith(REDUCTIONS)


def choose_forward(flow: Flow, steps: list[Step]) -> Forward | None:
    """The statements that lead from the inputs to the last use of the variables, if they make one prediction."""
    training = [s for s in steps if s.updates] or steps[:1]
    if not training:
        return None
    common = [a for a in training[0].parts.atoms if all(a in s.parts.atoms for s in training)]
    heads = [a for a in common if reads_variables(flow, a) and not is_scalar_like(a)]
    heads = [a for a in heads if not _trains(a) and not _summarises(a)]
    heads = [a for a in heads if reads_inputs(flow, a)]
    if not heads:
        return None
    slicer = Slicer(flow)
    parts = Slice(atoms=list(heads))
    fed = [n for s in training for n in s.parts.parameters]
    for head in heads:
        slicer.backward([(read.name, head) for read in flow.reads(head)], fed, parts)
    atoms = list(parts.atoms)
    for head in heads:
        for node in head.nodes:
            if node.kind == "placeholder" and node in fed and node not in parts.parameters:
                parts.parameters.append(node)
    if any(a not in common for a in atoms) or any(_trains(a) or is_gradient(flow, a) for a in atoms):
        return None
    if not parts.parameters or parts.defaults:
        return None
    if any(_is_ordered(node) for a in atoms for node in a.nodes):
        return None
    outputs = _outputs(flow, atoms, steps)
    shown = [name for name in outputs if name not in _outputs(flow, atoms, steps, summaries=False)]
    if not outputs or len(outputs) > MAXIMUM_OUTPUTS + min(len(shown), MAXIMUM_SHOWN):
        return None
    # Keras takes the first argument for the inputs: flags and rates go last.
    ordered = sorted(parts.parameters, key=lambda n: ((rank_of(n) in (0, None) and n.details.get("shape") is None)
                     or rank_of(n) == 0, n.number))
    forward = Forward(atoms, ordered, outputs)
    users = [step for step in steps if _usable(flow, forward, step)]
    forward.outputs = _outputs(flow, atoms, users) or outputs
    if not all(_usable(flow, forward, step) for step in training):
        return None
    return forward


def _is_ordered(node: Node) -> bool:
    """Whether a node is an update, or waits for one: it has its place among the statements of a step."""
    if is_moving_average(node):
        return False
    return node.kind == "assign" or any(not is_moving_average(n) for n in node.control)


def _trains(atom: Atom) -> bool:
    return any(node.kind == "train" for node in atom.nodes)


def _summarises(atom: Atom) -> bool:
    return any(node.kind == "summary" for node in atom.nodes)


def is_gradient(flow: Flow, atom: Atom) -> bool:
    """Whether gradients are taken in a statement itself, rather than in a function that has tapes of its own."""
    return any(node.op == "tf.gradients" and node.number not in flow.inner_gradients for node in atom.nodes)


def _outputs(flow: Flow, atoms: list[Atom], steps: list[Step], summaries: bool = True) -> list[str]:
    """Names made by ``atoms`` that something outside them reads, in the order of their making."""
    used: list[tuple[int, str]] = []
    inside = {id(a) for a in atoms}
    readers: list[tuple[str, Atom]] = []
    for step in steps:
        for atom in step.parts.atoms:
            if id(atom) not in inside and (summaries or not _summarises(atom)):
                readers.extend((read.name, atom) for read in flow.reads(atom))
        readers.extend(fetch_reads(flow, step))
    for name, reader in readers:
        for source in flow.reaching(name, reader):
            if id(source) in inside and (source.number, name) not in used:
                used.append((source.number, name))
    names = [name for _, name in sorted(used)]
    # Two versions of one name cannot both leave the function under it.
    return names if len(names) == len(set(names)) else []


def fetch_reads(flow: Flow, step: Step) -> list[tuple[str, Atom]]:
    """Names that a step's results and train ops read."""
    out: list[tuple[str, Atom]] = []
    atom = flow.region.atom_at(step.sites[0].place)
    assert atom is not None
    for leaf in step.fetch.values():
        assert leaf.expression is not None
        out.extend((name.value, atom) for name in names_read(leaf.expression))
    for update in step.updates:
        out.extend((name.value, update.atom) for arg in update.call.args[:1] for name in names_read(arg.value))
        out.extend(rate_reads(flow, update))
    return out


def rate_reads(flow: Flow, update: Update) -> list[tuple[str, Atom]]:
    """The names that the arguments of a train op's optimizer read, where these are tensors."""
    out: list[tuple[str, Atom]] = []
    for maker in optimizers_of(update.node.details.get("optimizer")):
        made = flow.region.atom_at(maker.place)
        for arg in maker.call.args if made is not None else ():
            values = flow.staging.values_of(arg.value)
            if made is not None and values and any(True for _ in nodes_in(values[-1])):
                out.extend((name.value, made) for name in names_read(arg.value))
    return out


def _usable(flow: Flow, forward: Forward, step: Step) -> bool:
    """Whether the step may compute the prediction first: nothing before it reads a name that it rebinds."""
    if any(a not in step.parts.atoms for a in forward.atoms):
        return False
    if any(p not in step.parts.parameters for p in forward.parameters):
        return False
    inside = {id(a) for a in forward.atoms}
    if any(id(flow.region.atom_at(by.place)) in inside for by in _differentiated_by(flow, step)):
        # A tape has to be told of the tensor before the rest of the way is computed.
        return False
    last = {name: max(a.number for a in forward.atoms if name in a.binds) for name in forward.outputs}
    for atom in step.parts.atoms:
        if id(atom) in inside:
            continue
        for read in flow.reads(atom):
            sources = flow.reaching(read.name, atom)
            if read.name in last and any(id(s) not in inside and s.number < last[read.name] for s in sources):
                return False
            for source in sources:
                if id(source) in inside and last.get(read.name) != source.number:
                    return False
        if any(name in last and atom.number < last[name] for name in atom.binds):
            return False
    for name, reader in fetch_reads(flow, step):
        for source in flow.reaching(name, reader):
            if id(source) in inside and last.get(name) != source.number:
                return False
    return True


def _differentiated_by(flow: Flow, step: Step) -> list[Node]:
    """The tensors, rather than variables, that a step takes gradients by itself."""
    taken = [n for a in step.parts.atoms if is_gradient(flow, a) for n in a.nodes if n.op == "tf.gradients"]
    by = [n.details.get("variable") for n in taken]
    return [n for n in by if isinstance(n, Node) and n.kind == "tensor"]


def uses_forward(flow: Flow, plan: Plan, step: Step) -> bool:
    return plan.forward is not None and _usable(flow, plan.forward, step)


def choose_loss(flow: Flow, plan: Plan) -> tuple[str, list[Atom], str] | None:
    """The loss as a function of its own, when several steps compute it: ``(name, statements, output)``."""
    training = [s for s in plan.steps if s.updates]
    if len(training) != 1 or len(training[0].updates) != 1 or plan.forward is None:
        return None
    step = training[0]
    call = step.updates[0].call
    loss = step.updates[0].node.details.get("loss")
    name = next((read for read in [getattr(call.args[0].value, "value", "")] if call.args), "")
    if not isinstance(loss, Node) or not isinstance(name, str) or not name.replace(".", "_").isidentifier():
        return None
    source = list(flow.reaching(name, step.updates[0].atom))
    if not source or not all(flow.role(a) is Role.STAGED for a in source):
        return None
    parts = Slice()
    Slicer(flow).backward([(name, step.updates[0].atom)], step.parts.parameters, parts)
    atoms = [a for a in parts.atoms if a not in plan.forward.atoms]
    others = [s for s in plan.steps if s is not step and uses_forward(flow, plan, s)]
    sharing = [s for s in others if all(a in s.parts.atoms for a in atoms)]
    if not sharing or not atoms or any(_is_ordered(node) for a in atoms for node in a.nodes):
        return None
    if any(is_gradient(flow, a) for a in atoms):
        return None
    outputs = _outputs(flow, atoms, [step, *sharing])
    return (name, atoms, name) if outputs == [name] else None
