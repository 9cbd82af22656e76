"""The contract: clauses C1 to C8, checked for a program and for each of its steps."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.control import HOST_FUNCTIONS
from tf2migrate.graph.values import (
    Builtin,
    Function,
    Node,
    Symbol,
    Unknown,
    Value,
    nodes_in,
)
from tf2migrate.names.bindings import names_read
from tf2migrate.names.guards import is_main_guard
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.dropped_signs import loses_sign
from tf2migrate.plan.effects import moved_effect
from tf2migrate.plan.facts import has_seed
from tf2migrate.plan.flow import Flow, Role, handed_over
from tf2migrate.plan.gradient_order import check_order
from tf2migrate.plan.graphs import check_graphs
from tf2migrate.plan.model import Plan, Step
from tf2migrate.plan.prints import prints_graph
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.sessions import are_begun_again
from tf2migrate.plan.slices import Slicer
from tf2migrate.plan.stability import instability, stays
from tf2migrate.plan.uncalled import find_set_aside, uncalled_uses
from tf2migrate.plan.updates import check_heads, check_updates
from tf2migrate.plan.variable_lists import changed_later

DEFINITIONS = (cst.FunctionDef, cst.ClassDef)


def check_program(flow: Flow, slicer: Slicer) -> None:
    """What must hold of the whole region, whatever is run."""
    _unvisited(flow, slicer)
    check_graphs(flow, slicer)
    _fetches_last(flow, slicer)
    for each in flow.staging.inherited:
        reason = f"`variable_scope({each.keyword}=...)` changes the variables inside it"
        advice = f"give each of them its {each.keyword}"
        raise NotPlanned(slicer.refusal("TFM601", each.scope, reason, advice))
    check_heads(flow, slicer)
    _handed(flow, slicer)
    _kept_functions_are_stable(flow, slicer)
    _all_are_kept(flow, slicer)
    for atom, name in flow.conflicts:
        reason = f"`{name}`, made here, belongs to the model and to what it computes"
        raise NotPlanned(slicer.refusal("TFM410", atom.statement, reason))
    for atom in flow.region.atoms:
        role = flow.role(atom)
        if role in (Role.STAGED, Role.VARIABLE, Role.PLACEHOLDER, Role.OPTIMIZER):
            loops = [p for p in atom.parents if isinstance(p, cst.For | cst.While)]
            made = [n for n in atom.nodes if n.kind in ("variable", "layer", "placeholder", "train")]
            if made and loops:
                reason = "state of the graph is made inside a loop that also runs it"
                raise NotPlanned(slicer.refusal("TFM404", atom.statement, reason))
            if made and any(isinstance(p, cst.If | cst.Try) and not is_main_guard(p) for p in atom.parents):
                reason = "state of the graph is made in only one branch of host code"
                raise NotPlanned(slicer.refusal("TFM404", atom.statement, reason))
        if role is Role.VARIABLE:
            _carries_nothing(flow, slicer, atom)
    for atom in flow.region.atoms:
        role = flow.role(atom)
        if role is Role.HOST and not _makes_writer(flow, atom) and not isinstance(atom.statement, DEFINITIONS):
            _host_reads(flow, slicer, atom)
            _prints(flow, slicer, atom)
        if role is Role.RUN:
            _run_reads(flow, slicer, atom)
            _built_while_running(flow, slicer, atom)
            _caught(slicer, atom)


def _carries_nothing(flow: Flow, slicer: Slicer, atom: Atom) -> None:
    """C2: what a loop of variables changes of the host would be changed in the constructor only."""
    for name in atom.reads:
        if name.value in atom.binds and any(stays(flow, source) for source in flow.reaching(name.value, atom)):
            reason = f"`{name.value}` is of the host, and changed by a statement that makes variables"
            raise NotPlanned(slicer.refusal("TFM402", atom.binds[name.value], reason))


def _all_are_kept(flow: Flow, slicer: Slicer) -> None:
    """C3: the model holds each variable that a function makes: Keras does not see what only a list of the host has."""
    if flow.region.held is not None:
        return
    makers = [atom for atom in flow.region.atoms if flow.role(atom) is Role.VARIABLE]
    kept = {
        part.number
        for atom in makers
        for name in atom.binds
        for node in nodes_in(flow.bound_value(atom, name))
        for part in (node, *node.inputs)
    }
    for atom in makers:
        for node in atom.nodes:
            inside = node.kind == "variable" and node.place.steps[-1].frame is not flow.region.frame
            if inside and node.number not in kept:
                reason = "a variable that is made here is kept by a container of the host only"
                raise NotPlanned(slicer.refusal("TFM404", atom.statement, reason, "give it a name as well"))


def _handed(flow: Flow, slicer: Slicer) -> None:
    """C1, C2: what TensorFlow calls by itself, and the analysis has not followed, reads no graph."""
    for atom in flow.region.atoms:
        for handed in handed_over(flow, atom) if atom.nodes else ():
            values = [frame.lookup(name.value) for name, frame in handed.reads]
            values += [instance.attributes.get(node.attr.value) for node, instance in handed.attributes]
            if any(isinstance(v, Node) and v.number not in flow.static for v in values):
                reason = "this function reads the graph, and what becomes of it is not followed"
                raise NotPlanned(slicer.refusal("TFM401", handed.where, reason))
            if handed.changes:
                reason = "TensorFlow calls this function, which changes what outlives its call"
                raise NotPlanned(slicer.refusal("TFM402", handed.where, reason))


# What Session.run raises for a feed or fetch that does not fit; functions raise other exceptions for these.
RAISED_BY_RUN = ("ValueError", "TypeError", "RuntimeError")


def _caught(slicer: Slicer, atom: Atom) -> None:
    """C7: a program that catches what a run raises of its own accord would not catch what a function raises."""
    for parent in atom.parents:
        for handler in parent.handlers if isinstance(parent, cst.Try) else ():
            caught = names_read(handler.type) if handler.type is not None else []
            name = next((n for n in caught if n.value in RAISED_BY_RUN), None)
            if name is not None:
                reason = f"a `{name.value}` of the run is caught here; a function raises another exception"
                raise NotPlanned(slicer.refusal("TFM408", name, reason, "check the value before it is fed"))


def _fetches_last(flow: Flow, slicer: Slicer) -> None:
    """C7: a list or dict that is fetched holds, in all that follows, what the run was given."""
    for site in flow.staging.runs:
        if not site.is_lasting:
            where, reason = site.fetch_expression, "what is fetched here is changed after the run"
            raise NotPlanned(slicer.refusal("TFM403", where, reason, "give each list of fetches a name of its own"))


def _makes_writer(flow: Flow, atom: Atom) -> bool:
    """A writer is given the graph, which goes with its argument."""
    return any(call.func is writer.call.func for call in _calls(atom.statement) for writer in flow.staging.writers)


def _unvisited(flow: Flow, slicer: Slicer) -> None:
    """Functions that nothing calls may still use the graph, in ways that cannot be known."""
    aside = find_set_aside(flow)
    for uncalled in uncalled_uses(flow):
        if id(uncalled.function) in aside:
            continue
        reason = f"`{uncalled.function.name.value}` {uncalled.use}, but no call of it was seen"
        raise NotPlanned(slicer.refusal("TFM401", uncalled.function, reason, "delete the function if nothing needs it"))


def _host_reads(flow: Flow, slicer: Slicer, atom: Atom) -> None:
    calls = [saver.call for saver in flow.staging.savers] + [site.call for site in flow.staging.checkpoints]
    saved = {id(name) for call in calls for name in names_read(call)}
    for name in atom.reads:
        known = flow.staging.value_in(name, flow.region.frame)
        if id(name) in saved and not (isinstance(known, Node) and known.kind != "variable"):
            continue
        for source in flow.reaching(name.value, atom):
            looped = isinstance(atom.statement, cst.For) and flow.role(source) is Role.VARIABLE
            if flow.role(source) in (Role.STAGED, Role.PLACEHOLDER, Role.VARIABLE) and not looped:
                value = flow.staging.value_in(name, flow.region.frame)
                if isinstance(value, Unknown):
                    raise NotPlanned(slicer.refusal(value.code, name, value.reason))
                reason = f"host code reads `{name.value}`, which only exists inside the graph"
                raise NotPlanned(slicer.refusal("TFM402", name, reason))


def _prints(flow: Flow, slicer: Slicer, atom: Atom) -> None:
    """A tensor that is printed without a run shows its place in the graph, which a native program has not."""
    gone = {id(node) for line in walk(atom.statement) if prints_graph(flow.staging, line) for node in walk(line)}
    for call in _calls(atom.statement):
        callee = flow.staging.value_in(call.func, flow.region.frame)
        if not isinstance(callee, Builtin) or callee.name not in ("print", "str", "repr") or id(call) in gone:
            continue
        for arg in call.args:
            value = flow.staging.value_in(arg.value, flow.region.frame)
            if isinstance(value, Node):
                reason = "host code prints a tensor, not its value"
                raise NotPlanned(slicer.refusal("TFM402", arg.value, reason, "print the result of a run"))


def _run_reads(flow: Flow, slicer: Slicer, atom: Atom) -> None:
    """Around its runs, a statement may not read graph values."""
    inside: set[int] = set()
    for site in [*atom.runs, *atom.later]:
        stack: list[cst.CSTNode] = [site.expression]
        while stack:
            node = stack.pop()
            inside.add(id(node))
            stack.extend(children(node))
    running = {id(site.frame.owner) for site in flow.staging.runs}
    for call in _calls(atom.statement):
        callees = flow.staging.values_of(call.func)
        if any(isinstance(c, Function) and id(c.definition) in running for c in callees):
            # Tensors handed to a function that runs them are known to the functions that replace the runs.
            inside |= {id(arg.value) for arg in call.args}
            # The keys of a feed that is written in the call become names of parameters.
            displays = [arg.value for arg in call.args if isinstance(arg.value, cst.Dict)]
            inside |= {id(e.key) for d in displays for e in d.elements if isinstance(e, cst.DictElement)}
    for name in atom.reads:
        if id(name) in inside:
            continue
        value = flow.staging.value_in(name, flow.region.frame)
        if isinstance(value, Node) and value.number in flow.chosen:
            continue
        gone = any(flow.role(source) in (Role.STAGED, Role.PLACEHOLDER) for source in flow.reaching(name.value, atom))
        if gone and not any(True for _ in nodes_in(value)):
            reason = f"`{name.value}` is read beside a run, and only exists inside the graph"
            raise NotPlanned(slicer.refusal("TFM402", name, reason))
        if value is not None and any(n.kind != "init" for n in nodes_in(value)) and _is_graph_value(value):
            reason = f"`{name.value}` is used beside a run, where only its value exists"
            raise NotPlanned(slicer.refusal("TFM411", name, reason))


def _calls(node: cst.CSTNode) -> list[cst.Call]:
    found: list[cst.Call] = []
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.Call):
            found.append(current)
        stack.extend(children(current))
    return found


def _is_graph_value(value: Value) -> bool:
    return isinstance(value, Node)


def _built_while_running(flow: Flow, slicer: Slicer, atom: Atom) -> None:
    """What a run computes on the way is made where it is fetched, and nowhere else."""
    fetched = {(id(site.frame), id(part)) for site in atom.runs for part in walk(site.fetch_expression)}
    for node in atom.nodes:
        if node.kind == "init" or node.number in flow.static:
            continue
        inside = any(step.frame is flow.region.frame for step in node.place.steps)
        here = (id(node.place.steps[-1].frame), id(node.expression)) in fetched
        if node.expression is None or (inside and not here):
            where = node.expression or atom.statement
            reason = "graph is built by a statement that also runs it"
            raise NotPlanned(slicer.refusal("TFM410", where, reason))


def check_step(flow: Flow, slicer: Slicer, step: Step, plan: Plan) -> None:
    """C1 to C6 for one step."""
    for atom in step.parts.atoms:
        if atom.number in flow.spoiled:
            raise NotPlanned(slicer.refusal(*flow.spoiled[atom.number]))
        for node in atom.nodes:
            if node.unknown is not None:
                raise NotPlanned(
                    slicer.refusal(node.unknown.code, node.expression or atom.statement, node.unknown.reason)
                )
        _values_agree(flow, slicer, atom)
        _lists_are_final(flow, slicer, atom)
        effect = moved_effect(flow, atom)
        if effect is not None:
            raise NotPlanned(slicer.refusal("TFM402", effect[0], f"{effect[1]} while the graph is built"))
    # What is read where it stands needs no promise about later.
    moved = step.parts.atoms or step.parts.parameters or step.updates or step.parts.defaults
    for name, source in step.parts.host.items() if moved else ():
        _host_is_stable(flow, slicer, name, source, step)
    unstable = instability(flow, step) if moved else None
    if unstable is not None:
        raise NotPlanned(slicer.refusal("TFM403", unstable[0], unstable[1]))
    _penalties(slicer, step)
    _signs(slicer, step)
    check_updates(flow, slicer, step)
    check_order(slicer, step)
    _host_functions(slicer, step)
    _randomness(slicer, step, plan)


def _host_functions(slicer: Slicer, step: Step) -> None:
    """C2: functions of the host are called in the runs that need what they give; what they do besides is their own."""
    for atom in step.parts.atoms:
        for node in atom.nodes:
            if node.op in HOST_FUNCTIONS and node.number not in step.execution.nodes:
                reason = "a function of the host is called here whose results this run does not need"
                raise NotPlanned(slicer.refusal("TFM402", node.expression or atom.statement, reason))


def check_dropped(flow: Flow, slicer: Slicer, steps: list[Step]) -> None:
    """C2: statements of the graph that go, or that no run needs, do nothing to the host that would go with them."""
    moved = {atom.number for step in steps for atom in step.parts.atoms}
    for atom in flow.region.atoms:
        if flow.role(atom) in (Role.STAGED, Role.PLACEHOLDER) and atom.number not in moved:
            effect = moved_effect(flow, atom)
            if effect is not None:
                reason = f"{effect[1]} by a statement of the graph that goes"
                raise NotPlanned(slicer.refusal("TFM402", effect[0], reason))


def _penalties(slicer: Slicer, step: Step) -> None:
    """C1: Keras lists the penalties of the layers that are built, which are those that this run has called."""
    made = [n for a in step.parts.atoms for n in a.nodes]
    region = slicer.region
    for reading in slicer.flow.staging.readings:
        if region.atom_at(reading.place) not in step.parts.atoms:
            continue
        for owner in reading.regularized:
            if owner.kind == "variable" and owner.place.steps[-1].frame is region.frame:
                continue
            called = [o for o in made if o.op != "regularizer" and owner in o.inputs]
            if not any(owner.kind != "layer" or other.details.get("owner") is owner for other in called):
                reason = "a layer is regularized here that this run does not compute"
                raise NotPlanned(slicer.refusal("TFM410", reading.call, reason))


def _signs(slicer: Slicer, step: Step) -> None:
    """C8: what a run returned had the sign that the program gave it."""
    for node in step.sites[0].named:
        if loses_sign(node):
            reason = "TensorFlow 1.15 returned the opposite of this value: it takes the two minus signs for three"
            where = node.expression or step.sites[0].expression
            advice = "write it without the reduction, or reshaping, between the two signs"
            raise NotPlanned(slicer.refusal("TFM409", where, reason, advice))


def ancestors(roots: list[Node]) -> set[int]:
    """Numbers of all nodes that ``roots`` are computed from, themselves included."""
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.number not in seen:
            seen.add(node.number)
            stack.extend(node.inputs)
    return seen


def _lists_are_final(flow: Flow, slicer: Slicer, atom: Atom) -> None:
    """C2: a container of variables is complete when it is read: the constructor has made all changes to it."""
    for read in flow.reads(atom):
        if changed_later(flow, read.name, atom) is not None:
            reason = f"`{read.name}` is read here and changed later"
            raise NotPlanned(slicer.refusal("TFM403", read.node, reason, "give each list a name of its own"))
        sources = flow.reaching(read.name, atom)
        if not any(flow.role(source) is Role.VARIABLE for source in sources):
            continue
        for later in flow.region.atoms[atom.number + 1 :]:
            if read.name in later.binds:
                break
            if read.name in later.changes and flow.role(later) is Role.VARIABLE:
                reason = f"`{read.name}` is read here and changed later"
                raise NotPlanned(slicer.refusal("TFM403", read.node, reason))


def _values_agree(flow: Flow, slicer: Slicer, atom: Atom) -> None:
    """C1: each name means what the definition that reaches it bound."""
    for read in flow.reads(atom):
        sources = flow.reaching(read.name, atom)
        if isinstance(read.value, Unknown):
            raise NotPlanned(slicer.refusal(read.value.code, read.node, read.value.reason))
        carried = read.name in atom.binds and not isinstance(atom.statement, cst.SimpleStatementLine)
        known = read.value
        if read.node is atom.binds.get(read.name):
            # `loss += term` reads the name before it binds it.
            seen = flow.staging.observations.get(id(read.node), [])
            known = next((o.value for o in seen if o.frame is read.frame), known)
        if len(sources) == 1 and isinstance(known, Node) and not carried:
            bound = flow.bound_value(sources[0], read.name)
            if bound is not known:
                reason = f"`{read.name}` may have been bound elsewhere by the time that it is read"
                raise NotPlanned(slicer.refusal("TFM401", read.node, reason))


def _host_is_stable(flow: Flow, slicer: Slicer, name: str, source: Atom, step: Step) -> None:
    """C2: a host name has the same value when the function is traced as when the graph was built."""
    # A module may be imported again, but what it holds may be set: `os.environ["KEEP"] = "1"`.
    imported = isinstance(source.statement, cst.SimpleStatementLine) and all(
        isinstance(s, cst.Import | cst.ImportFrom) for s in source.statement.body
    )
    readers = [
        a
        for a in step.parts.atoms
        if any(r.name == name for r in flow.reads(a)) and any(stays(flow, s) for s in flow.reaching(name, a))
    ]
    first = min((a.number for a in readers), default=source.number)
    for other in flow.region.atoms:
        again = (name in other.binds and not imported) or name in other.changes
        loops = {id(p) for p in other.parents if isinstance(p, cst.For | cst.While)}
        if isinstance(other.statement, cst.For):
            loops.add(id(other.statement))
        around = any(id(p) in loops for a in readers for p in a.parents)
        if again and (other.number > first or around):
            reason = f"`{name}` was read while the graph was built and is changed later"
            raise NotPlanned(slicer.refusal("TFM403", other.binds.get(name, other.statement), reason))


def _kept_functions_are_stable(flow: Flow, slicer: Slicer) -> None:
    """C2: functions that the parts of the model keep read what stays as it was."""
    if flow.region.held is not None:
        return
    for atom in (a for a in flow.region.atoms if flow.role(a) is Role.VARIABLE):
        reads = [read for handed in handed_over(flow, atom) for read in handed.reads]
        called = {name.value for name, frame in reads if frame.holder(name.value) is flow.region.frame}
        for other in flow.region.atoms[atom.number + 1 :] if called else ():
            again = called & {*other.binds, *other.changes}
            if again and stays(flow, other):
                name = min(again)
                reason = f"`{name}` is read by a function that the model keeps, and is changed later"
                raise NotPlanned(slicer.refusal("TFM403", other.binds.get(name, other.statement), reason))


def _randomness(slicer: Slicer, step: Step, plan: Plan) -> None:
    """C5: an op with a seed has one stream, so only one function may draw from it.

    Under a graph seed alone, TensorFlow 1 took the op's seed from the number of ops made before it: samples that
    are the result of a run cannot be reproduced.
    """
    seeded = any(
        isinstance(value, Symbol) and value.name == "tf.set_random_seed"
        for seen in slicer.flow.staging.observations.values()
        for value in (seen[0].value,)
    )
    learned = any(node.kind in ("variable", "layer") for node in step.execution.nodes.values())
    if seeded and not learned and not step.updates:
        for atom in step.parts.atoms:
            for node in atom.nodes:
                if node.random and not has_seed(node) and not _is_initial(slicer.flow, node):
                    where = node.expression or atom.statement
                    reason = "these samples have a graph seed but no seed of their own"
                    raise NotPlanned(slicer.refusal("TFM406", where, reason, "give the op a `seed`"))
    for atom in step.parts.atoms:
        for node in atom.nodes:
            seed = has_seed(node)
            if node.random and seed and not _is_initial(slicer.flow, node):
                others = [s for s in plan.steps if s is not step and atom in s.parts.atoms]
                if others:
                    where = node.expression or atom.statement
                    reason = "a seeded op is drawn from by several runs, which share one stream in TensorFlow 1"
                    raise NotPlanned(slicer.refusal("TFM406", where, reason))
                if are_begun_again(slicer.flow, step.sites):
                    where = node.expression or atom.statement
                    reason = "a seeded op is drawn from in several sessions, each of which begins its stream again"
                    raise NotPlanned(slicer.refusal("TFM406", where, reason))


def _is_initial(flow: Flow, node: Node) -> bool:
    """Whether a tensor is only part of initial values, and so drawn once, by the initializer."""
    users = [other for other in flow.staging.nodes if node in other.inputs]
    return bool(users) and all(
        user.kind == "variable" or (user.kind == "tensor" and _is_initial(flow, user)) for user in users
    )
