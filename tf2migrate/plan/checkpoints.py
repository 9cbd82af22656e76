"""Checkpoints: what a saver saves, and where variables may be restored.

TensorFlow 2 saves objects, and the paths stay as they were. What the rewrite saves it can restore; what TensorFlow 1
saved it cannot.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.graph.frames import Place
from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.staging import CheckpointCall, RunSite, Staging
from tf2migrate.graph.values import Foreign, Node, Optimizer, Saver, Symbol, is_cell, nodes_in
from tf2migrate.names.tree import code_of, walk
from tf2migrate.plan.exclusion import exclude
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Region
from tf2migrate.plan.slices import Slicer

STATE = ("variable", "layer", "cell", "train")
GLOBAL = ("tf.global_variables", "tf.all_variables", "tf.get_collection")


def check_checkpoints(flow: Flow, slicer: Slicer) -> None:
    """C3: a saver saves what is known, and nothing initializes variables after they were restored."""
    staging = flow.staging
    for saver in staging.savers:
        if staging.all_runs and not staging.instead:
            reason = "a saver beside several objects that hold graphs is not rewritten yet"
            raise NotPlanned(slicer.refusal("TFM803", saver.call, reason))
        if flow.region.held is None and not _knows_the_model(flow, saver):
            reason = "a saver that is made outside of the function that builds the graph is not rewritten yet"
            raise NotPlanned(slicer.refusal("TFM803", saver.call, reason))
        if _made_in_a_loop(flow) and any(call.kind == "restore" for call in staging.checkpoints):
            reason = "objects that are made in a loop have variables of other names each, and restore them"
            raise NotPlanned(slicer.refusal("TFM803", saver.call, reason))
        missed = (n.kind in STATE and n.number >= saver.count and not is_plain(n) for n in staging.nodes)
        if any(missed) and not needs_only_the_model(flow.region, saver):
            reason = "variables are made after the saver, which does not save them"
            raise NotPlanned(slicer.refusal("TFM803", saver.call, reason))
        if any(n.kind == "variable" and "local" in n.details for n in staging.nodes):
            reason = "this saver leaves out local variables, which the rewrite does not tell apart"
            raise NotPlanned(slicer.refusal("TFM803", saver.call, reason))
        if saver.listed is not None:
            _listed(staging, slicer, saver)
        for module in staging.modules.values():
            for node in walk(module.tree):
                if isinstance(node, cst.SimpleString) and ".meta" in node.value:
                    reason = "the program looks at the meta graph, which TensorFlow 2 does not save"
                    raise NotPlanned(slicer.refusal("TFM807", node, reason))
    for call in staging.checkpoints:
        if call.kind == "restore":
            _initialized_later(flow, slicer, call)


def is_plain(node: Node) -> bool:
    """Whether this is the train op of an optimizer that remembers nothing, and so makes no variables."""
    optimizer = node.details.get("optimizer")
    return isinstance(optimizer, Optimizer) and optimizer.name == "tf.train.GradientDescentOptimizer"


def needs_only_the_model(region: Region, saver: Saver) -> bool:
    """Whether all that a saver is limited to is there as soon as the model is: its constructor makes it itself."""
    listed = list(nodes_in(saver.listed))
    plain = all(n.kind == "variable" and layer_of(n) is None and not is_cell(n) for n in listed)
    return bool(listed) and plain and all(n.place.steps[-1].frame is region.frame for n in listed)


def _made_in_a_loop(flow: Flow) -> bool:
    """Whether the object that holds the graph is one of several, to which Keras gives other names."""
    start = flow.region.frame.called_from
    loops = [s for s in start.steps if isinstance(s.statement, cst.For | cst.While)] if start is not None else []
    return flow.region.held is not None and bool(loops)


def _knows_the_model(flow: Flow, saver: Saver) -> bool:
    """Whether a saver is made where the names of the model and its optimizers are known."""
    frame, region = saver.place.steps[-1].frame, flow.region
    own = frame is region.frame or (region.is_module and saver.place.module == region.module.key)
    return own and region.atom_at(saver.place) is not None


def saves_everything(staging: Staging, saver: Saver) -> bool:
    """Whether a saver saves all variables, with what the optimizers remember."""
    if saver.listed is None:
        return True
    listed = {n.number for n in nodes_in(saver.listed)}
    return not _remembers(staging) and listed >= {n.number for n in _variables(staging)}


def _variables(staging: Staging) -> Iterator[Node]:
    """All variables, those of a layer one by one where they are known."""
    for node in staging.nodes:
        if node.kind in ("variable", "layer") and layer_of(node) is None:
            yield from node.parts or [node]


def _remembers(staging: Staging) -> bool:
    """Whether an optimizer has variables of its own."""
    makers = [n.details.get("optimizer") for n in staging.nodes if n.kind == "train"]
    return any(isinstance(m, Optimizer) and not m.name.endswith(".GradientDescentOptimizer") for m in makers)


def _listed(staging: Staging, slicer: Slicer, saver: Saver) -> None:
    """What a saver of some variables is given must be known one by one."""
    for node in nodes_in(saver.listed):
        if node.kind == "layer" and not node.parts and not is_cell(node):
            reason = "this saver saves variables of a layer that are not known one by one"
            raise NotPlanned(slicer.refusal("TFM803", saver.call, reason))
    if not _remembers(staging):
        return
    for module in staging.modules.values():
        for call in walk(module.tree):
            if isinstance(call, cst.Call) and any(_is_global(staging, call)):
                reason = "this saver may save what an optimizer remembers, which is among the global variables"
                raise NotPlanned(slicer.refusal("TFM803", saver.call, reason, "list the variables it saves"))


def _is_global(staging: Staging, call: cst.Call) -> Iterator[bool]:
    for value in staging.values_of(call.func):
        if isinstance(value, Symbol) and value.name in GLOBAL:
            yield value.name != "tf.get_collection" or "GLOBAL_VARIABLES" in code_of(call)


def _initialized_later(flow: Flow, slicer: Slicer, call: CheckpointCall) -> None:
    staging = flow.staging
    for site in staging.runs[call.runs :]:
        if is_never_called(staging, site.place) or is_never_called(staging, call.place):
            continue
        alone = {n.kind for n in nodes_in(site.fetches)} == {"init"} and not exclude(staging, call.place, site.place)
        if alone and not is_restored(staging, site):
            reason = "variables are initialized after they were restored"
            raise NotPlanned(slicer.refusal("TFM404", site.expression, reason))


def is_never_called(staging: Staging, place: Place) -> bool:
    """Whether something stands in a method that the program has, and for certain calls nowhere."""
    method = place.steps[0].statement
    if not isinstance(method, cst.FunctionDef):
        return False
    for module in staging.modules.values():
        for node in walk(module.tree):
            if isinstance(node, cst.Attribute) and node.attr.value == method.name.value:
                values = staging.values_of(node)
                if not values or any(not isinstance(v, Symbol | Foreign | Node) for v in values):
                    return False
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "getattr":
                return False
    return True


def is_restored(staging: Staging, site: RunSite) -> bool:
    """Whether all that an initializer sets is restored before anything reads it: right after it, in any case."""
    number = staging.runs.index(site) + 1
    for call in staging.checkpoints:
        whole = call.kind == "restore" and call.saver is not None and saves_everything(staging, call.saver)
        if whole and call.runs == number and _follows(staging, site.place, call.place):
            return True
    return False


def _follows(staging: Staging, first: Place, then: Place) -> bool:
    """Whether a simple statement comes after another one of its block in any case."""
    if [s.statement for s in first.steps[:-1]] != [s.statement for s in then.steps[:-1]]:
        return False
    one, other = first.steps[-1].statement, then.steps[-1].statement
    for node in walk(staging.modules[first.module].tree):
        body = node.body if isinstance(node, cst.Module | cst.IndentedBlock) else ()
        if one in body and other in body:
            between = body[body.index(one) : body.index(other) + 1]
            return bool(between) and all(isinstance(s, cst.SimpleStatementLine) and not _leaves(s) for s in between)
    return False


def _leaves(line: cst.SimpleStatementLine) -> bool:
    return isinstance(line.body[-1], cst.Return | cst.Raise | cst.Break | cst.Continue)
