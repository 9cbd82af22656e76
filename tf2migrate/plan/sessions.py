"""C3: the values of variables belong to a session, and an initializer makes them anew.

A native program makes its variables once. That is the same where every session and initializer comes before any use
of what it makes; where one comes later, the variables that are used on both sides have to be set again.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import Node, Optimizer, Sequence, Session, nodes_in
from tf2migrate.names.tree import children, ids_in, walk
from tf2migrate.plan.checkpoints import is_never_called, is_restored
from tf2migrate.plan.exclusion import exclude
from tf2migrate.plan.execution import Execution, is_initialization, written
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.gradients import behind
from tf2migrate.plan.graphs import are_several, worlds_of
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer


def find_resets(flow: Flow, slicer: Slicer) -> dict[int, RunSite]:
    """The runs of initializers that set variables again, by the identity of the expression.

    Raises ``NotPlanned`` where sessions are used in turns, or a run initializes and does something else.
    """
    sites = [site for site in flow.staging.runs if not is_never_called(flow.staging, site.place)]
    found: dict[int, RunSite] = {}
    for same in _by_graph(flow, sites):
        _in_turns(flow, slicer, same)
        for own in _by_object(flow, same):
            found |= _resets(flow, slicer, own)
    for site in found.values():
        if are_several(flow.staging) and not flow.staging.all_runs and initialized_by(site) is None:
            reason = "one of several graphs is initialized again, which is not rewritten yet"
            raise NotPlanned(slicer.refusal("TFM404", site.expression, reason))
    return found


def _by_graph(flow: Flow, sites: list[RunSite]) -> list[list[RunSite]]:
    """The runs of each graph: no session is of two, and no initializer reaches the variables of another."""
    if flow.staging.all_runs or not are_several(flow.staging):
        return [sites]
    groups: dict[int, list[RunSite]] = {}
    for site in sites:
        for number in worlds_of(flow.staging, site):
            groups.setdefault(number, []).append(site)
    return list(groups.values())


def _by_object(flow: Flow, sites: list[RunSite]) -> list[list[RunSite]]:
    """The runs of each object of a class, where each has a session of its own: no initializer reaches another's."""
    if not flow.staging.own_sessions:
        return [sites]
    sessions = {id(site.session): site.session for site in sites}
    return [[site for site in sites if site.session is one] for one in sessions.values()]


def _resets(flow: Flow, slicer: Slicer, sites: list[RunSite]) -> dict[int, RunSite]:
    uses = [_uses(site) for site in sites]
    changes = [_changes(site) for site in sites]
    found: dict[int, RunSite] = {}
    for index, site in enumerate(sites):
        if not is_initialization([site.fetches]):
            if initializers(site):
                reason = "this run initializes variables and does something else besides"
                advice = "initialize them in a run of its own"
                raise NotPlanned(slicer.refusal("TFM404", site.expression, reason, advice))
            continue
        loops = _loops(flow, site)
        _check_origins(flow, slicer, site, [*sites[:index], *(s for s in sites[index:] if loops & _loops(flow, s))])
        around = [number for number, other in enumerate(sites) if loops & _loops(flow, other)]
        beside = [not exclude(flow.staging, site.place, other.place) for other in sites]
        before = set().union(*(changes[n] for n in (*range(index), *around) if beside[n]))
        after = set().union(*(uses[n] for n in (*range(index + 1, len(sites)), *around) if beside[n]))
        again = before & after & set_by(site, before & after, flow)
        if again and any("listed" in node.details and not is_listed(node) for node in initializers(site)):
            reason = "which variables this run initializes again is not known"
            raise NotPlanned(slicer.refusal("TFM404", site.expression, reason))
        if again and (is_local(site) or not is_restored(flow.staging, site)):
            found[id(site.expression)] = site
    return found


def _check_origins(flow: Flow, slicer: Slicer, site: RunSite, earlier: list[RunSite]) -> None:
    """Refuses to initialize a variable from another one that has been changed: TensorFlow 1 reads what that has now."""
    effects = [Execution(nodes_in(other.fetches)) for other in earlier if not is_initialization([other.fetches])]
    changed = {n.number for run in effects for effect in (*run.trains, *run.assigns) for n in written(effect)}
    chosen = initialized_by(site)
    for node in flow.staging.nodes if chosen is None else chosen:
        origins = behind(node.inputs) if node.kind == "variable" and changed else ()
        if any(n.kind == "variable" and n is not node and n.number in changed for n in origins):
            reason = "a variable is initialized from another one that has been changed by then"
            raise NotPlanned(slicer.refusal("TFM404", site.expression, reason))


LOCAL = ("tf.local_variables_initializer", "tf.initialize_local_variables")


def is_local(site: RunSite) -> bool:
    """Whether a run initializes local variables and nothing else."""
    nodes = initializers(site)
    return bool(nodes) and all(node.op in LOCAL for node in nodes)


def initializers(site: RunSite) -> list[Node]:
    """The initializers that a run executes."""
    return [node for node in Execution(nodes_in(site.fetches)).nodes.values() if node.kind == "init"]


def set_by(site: RunSite, used: set[object], flow: Flow) -> set[object]:
    """Those of ``used`` that a run of initializers sets: local variables have an initializer of their own."""
    named = initialized_by(site)
    if named is not None:
        return used & {n.number for node in named for n in (node, layer_of(node)) if n is not None}
    local = {node.number for node in flow.staging.nodes if "local" in node.details}
    ops = {node.op in LOCAL for node in initializers(site)}
    if ops == {True}:
        return used & local
    return used - local if ops == {False} else used


def _uses(site: RunSite) -> set[object]:
    """Variables, layers and optimizers that a run reads or changes."""
    execution = Execution(nodes_in(site.fetches))
    out: set[object] = {n.number for n in execution.nodes.values() if n.kind in ("variable", "layer")}
    if is_initialization([site.fetches]):
        return set()
    for effect in [*execution.trains, *execution.assigns]:
        out |= {n.number for n in written(effect)}
        maker = effect.details.get("optimizer")
        if isinstance(maker, Optimizer):
            out.add(("optimizer", maker.number))
    return out


def _changes(site: RunSite) -> set[object]:
    """Of what a run uses, what has other values after an initializer ran again."""
    if is_initialization([site.fetches]):
        return set()
    execution = Execution(nodes_in(site.fetches))
    effects = {n.number for effect in [*execution.trains, *execution.assigns] for n in written(effect)}
    fixed = {n.number for n in execution.nodes.values() if n.kind == "variable" and not _is_drawn(n)}
    return _uses(site) - (fixed - effects)


def _is_drawn(variable: Node) -> bool:
    """Whether an initial value may be drawn at random."""
    if variable.op != "tf.Variable":
        return True
    return any(n.kind != "tensor" or n.random for source in variable.inputs for n in behind([source]))


def _loops(flow: Flow, site: RunSite) -> set[int]:
    """The loops that a run stands in, in any frame on the way to it."""
    found: set[int] = set()
    outer = _around_new_objects(flow, site)
    atom: Atom | None = flow.region.atom_at(site.place)
    for parent in atom.parents if atom is not None else ():
        if isinstance(parent, cst.For | cst.While):
            found.add(id(parent))
    for step in site.place.steps:
        if isinstance(step.statement, cst.For | cst.While):
            found.add(id(step.statement))
    return found - outer


def _around_new_objects(flow: Flow, site: RunSite) -> set[int]:
    """The loops each pass of which makes the object that holds the graph anew, with a session of its own."""
    builder, start = flow.staging.builder, flow.region.frame.called_from
    if flow.region.held is None or builder is None or start is None or site.session is None:
        return set()
    if not any(node is site.session.call for node in walk(builder)):
        return set()
    return {id(step.statement) for step in start.steps}


def _in_turns(flow: Flow, slicer: Slicer, sites: list[RunSite]) -> None:
    """Each session has values of its own: one may follow another, but they may not take turns."""
    closed: set[int] = set()
    current: Session | None = None
    initialized = True
    for site in sites:
        session = site.session
        if session is None:
            continue
        init = is_initialization([site.fetches])
        if current is None or session.call is not current.call:
            reason = "two sessions are used in turns, each with values of its own"
            if id(session.call) in closed:
                raise NotPlanned(slicer.refusal("TFM411", site.expression, reason, "use one session"))
            for other in sites:
                if flow.staging.instead and exclude(flow.staging, site.place, other.place):
                    continue
                if other.session is not None and other.session.call is not session.call:
                    shared = _loops(flow, site) & _loops(flow, other)
                    if shared and not _made_inside(flow, shared, session, other.session):
                        raise NotPlanned(slicer.refusal("TFM411", site.expression, reason, "use one session"))
            if current is not None:
                closed.add(id(current.call))
                # What is restored from a checkpoint needs no initializer.
                initialized = bool(flow.staging.checkpoints)
            current = session
        if not init and not initialized and _uses(site):
            reason = "this session uses variables that it did not initialize"
            raise NotPlanned(slicer.refusal("TFM411", site.expression, reason))
        initialized = initialized or init


def _made_inside(flow: Flow, loops: set[int], *sessions: Session) -> bool:
    """Whether each pass of a loop makes these sessions anew."""
    for tree in (module.tree for module in flow.staging.modules.values()):
        stack: list[cst.CSTNode] = [tree]
        while stack:
            node = stack.pop()
            if id(node) in loops:
                inside = ids_in(node)
                return all(id(session.call) in inside for session in sessions)
            stack.extend(children(node))
    return False


def are_begun_again(flow: Flow, runs: list[RunSite]) -> bool:
    """Whether these runs happen in more than one session, in each of which streams of random numbers begin again."""
    expressions = {id(site.expression) for site in runs}
    sites = [site for site in flow.staging.runs if id(site.expression) in expressions]
    if len({id(site.session) for site in sites if site.session is not None}) > 1:
        return True
    return any(
        site.session is not None and (loops := _loops(flow, site)) and _made_inside(flow, loops, site.session)
        for site in sites
    )


def initialized_by(site: RunSite) -> list[Node] | None:
    """The variables that a run initializes, where they are named one by one; None for all of them."""
    chosen: list[Node] = []
    for node in initializers(site):
        if not node.op.endswith(".initializer") and not is_listed(node):
            return None
        chosen += [n for n in node.inputs if n.kind in ("variable", "layer") and n not in chosen]
    return sorted(chosen, key=lambda n: n.number)


def is_listed(node: Node) -> bool:
    """Whether an initializer was given the variables that it sets, and all of them are known."""
    listed = node.details.get("listed")
    return isinstance(listed, Sequence) and listed.exact
