"""Decides how one program is migrated, or why not."""

from __future__ import annotations

from collections.abc import Set
from typing import cast

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Mapping, Node, Sequence, Value, fed_node, is_moving_average, nodes_in
from tf2migrate.names.free import free_name
from tf2migrate.names.tree import children
from tf2migrate.plan.checkpoints import check_checkpoints
from tf2migrate.plan.choices import find_choices
from tf2migrate.plan.contract import check_dropped, check_program, check_step
from tf2migrate.plan.flow import Flow, Role, analyse_flow
from tf2migrate.plan.forward import choose_forward, choose_loss
from tf2migrate.plan.held import find_held, settle
from tf2migrate.plan.keepers import check_keepers
from tf2migrate.plan.layer_model import LayerCall
from tf2migrate.plan.layer_names import class_name, object_name
from tf2migrate.plan.layers import LOOPS, find_layers, is_repeated, objects, unread_arguments
from tf2migrate.plan.lifting import handed_steps, lifted_names
from tf2migrate.plan.model import Plan
from tf2migrate.plan.normalization import moving_averages
from tf2migrate.plan.optimizer_names import name_optimizers
from tf2migrate.plan.prebuilt import find_prebuilt
from tf2migrate.plan.recurrent import check_cells
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import find_region
from tf2migrate.plan.repeated import unite_repeated
from tf2migrate.plan.reserved import attribute
from tf2migrate.plan.run_steps import RunSteps
from tf2migrate.plan.sessions import find_resets
from tf2migrate.plan.sharing import check_sharing
from tf2migrate.plan.slices import Slicer
from tf2migrate.plan.step_names import OPS, name_steps
from tf2migrate.plan.summaries import check_summaries, find_summaries
from tf2migrate.plan.taped import find_taped


def plan_program(staging: Staging, others: Set[str] = frozenset()) -> Plan | list[Refusal] | None:
    """The plan of a program, the reasons why there is none, or None when it builds no graph.

    ``others`` are names that other plans for the same files give.
    """
    if staging.obstacles:
        return [Refusal(o.code, o.module, o.where, o.reason, o.advice) for o in staging.obstacles]
    region = find_region(staging)
    if region is None:
        return None
    try:
        return Planner(analyse_flow(staging, region)).plan(others)
    except NotPlanned as stop:
        return [stop.refusal]


class Planner:
    """Plans one region."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.staging = flow.staging
        self.region = flow.region
        self.slicer = Slicer(flow)

    def plan(self, others: Set[str]) -> Plan:
        unite_repeated(self.staging)
        taped = find_taped(self.staging, self.region.frame)
        self.flow.inner_gradients |= {
            n.number
            for n in self.staging.nodes
            if n.op == "tf.gradients" and id(n.place.steps[-1].frame.owner) in taped
        }
        choices = find_choices(self.flow)
        find_summaries(self.flow, self.slicer)
        check_program(self.flow, self.slicer)
        check_cells(self.flow, self.slicer)
        check_summaries(self.flow, self.slicer)
        check_checkpoints(self.flow, self.slicer)
        taken = {name for module in self.staging.modules.values() for name in _names(module.tree)}
        taken |= others
        plan = Plan(self.flow, [], None, "", "", [], {}, {}, {}, None, taken)
        plan.taped = taped
        plan.held = find_held(self.flow, self.slicer)
        if plan.held is not None:
            taken.update(plan.held.locals.values(), plan.held.taken)
        plan.taken -= self.freed()
        plan.resets = find_resets(self.flow, self.slicer)
        self.variables(plan)
        plan.keepers = check_keepers(self.staging, self.region)
        self.parameters(plan)
        RunSteps(self.flow, self.slicer, choices).add_to(plan)
        plan.lifted = lifted_names(self.flow)
        self.lift_model(plan)
        for definition, function in plan.layers.items():
            function.lifted = plan.lifted.pop(definition, [])
            for name in function.lifted:
                if name in {p.name.value for p in function.parameters} or name in function.state:
                    where = function.definition
                    raise NotPlanned(self.slicer.refusal("TFM410", where, f"`{name}` means two things in this layer"))
        name_optimizers(self.flow, self.slicer, plan)
        for step in plan.steps:
            check_step(self.flow, self.slicer, step, plan)
        check_dropped(self.flow, self.slicer, plan.steps)
        plan.prebuilt = find_prebuilt(self.slicer, plan)
        plan.moving = moving_averages(self.flow, self.slicer, plan.steps)
        plan.forward = choose_forward(self.flow, plan.steps) if plan.model_class else None
        plan.loss = choose_loss(self.flow, plan)
        if plan.held is not None:
            settle(self.flow, self.slicer, plan, plan.held)
        name_steps(plan)
        for definition, names in handed_steps(self.flow, plan.steps).items():
            known = plan.lifted.setdefault(definition, [])
            known += [name for name in names if name not in known]
        return plan

    def lift_model(self, plan: Plan) -> None:
        """Functions that read what the model's regularizers collect are given the model."""
        for reading in self.staging.readings:
            frames = reading.place.frames
            inner = frames[frames.index(self.region.frame) + 1 :] if self.region.frame in frames else frames
            if not reading.regularized or not inner:
                continue
            layers = any(id(f.owner) in plan.layers for f in inner)
            numbers = {node.number for node in reading.regularized}
            models = [plan.model] if plan.model else [o.name for o in plan.objects if o.owned & numbers]
            if layers or plan.held is not None or len(models) != 1:
                reason = "the penalties of the variables are read in a function that does not know the model"
                raise NotPlanned(self.slicer.refusal("TFM410", reading.call, reason))
            for frame in inner:
                names = plan.lifted.setdefault(id(frame.owner), [])
                if models[0] not in names:
                    names.append(models[0])

    def freed(self) -> set[str]:
        """Names of train ops, assignments and initializers: with their statements the names are free again."""
        gone: set[str] = set()
        kept: set[str] = set()
        for atom in self.region.atoms:
            ops = [n for n in atom.nodes if n.kind in OPS and not is_moving_average(n)]
            if self.flow.role(atom) is Role.GRAPH or ops:
                gone |= set(atom.binds)
            else:
                kept |= set(atom.binds)
        # A name that functions read as well, or that stands for an optimizer, stays taken.
        used = [n.value for a in self.region.atoms if not a.runs for n in a.reads]
        inner = {read.name for reads in self.flow.inner.values() for read in reads}
        return {n for n in gone - kept - inner if n not in used and self.count(n) <= self.local_count(n)}

    def count(self, name: str) -> int:
        """How often a name stands in the program, but as an attribute of something."""
        return sum(_names_list(m.tree, attributes=False).count(name) for m in self.staging.modules.values())

    def local_count(self, name: str) -> int:
        return sum(
            sum(n.value == name for n in a.reads) + (name in a.binds) for a in self.region.atoms
        )

    def variables(self, plan: Plan) -> None:
        atoms = self.region.atoms
        plan.variables = [a for a in atoms if self.flow.role(a) is Role.VARIABLE]
        inside = [
            a
            for a in atoms
            if self.flow.role(a) is Role.STAGED
            and any(n.kind in ("layer", "variable") and self.direct(n) for n in a.nodes)
        ]
        for atom in inside:
            if not isinstance(atom.statement, cst.SimpleStatementLine):
                reason = "layers or variables are made and used in one loop or branch, which is not rewritten yet"
                raise NotPlanned(self.slicer.refusal("TFM410", atom.statement, reason))
            for node in atom.nodes:
                made = node.kind in ("layer", "variable") and self.direct(node) and node.expression is not None
                if made and is_repeated(atom.statement, cast(cst.BaseExpression, node.expression)):
                    reason = "layers or variables are made in a comprehension and used in the same statement"
                    raise NotPlanned(self.slicer.refusal("TFM410", atom.statement, reason))
        plan.layers = find_layers(self.flow)
        self.flow.unread = unread_arguments(plan.layers.values())
        self.check_layers(plan)
        check_sharing(self.staging, self.region.frame, plan.layers)
        calls = [(f, c) for f in plan.layers.values() for c in f.calls if c.caller is self.region.frame]
        overlap = self.slicer.refusal(
            "TFM404",
            calls[0][1].call if calls else self.region.module.tree,
            "calls of a layer share only some of its variables",
        )
        for function, call in calls:
            several = sum(other is call.call for other in (c.call for c in function.calls)) > 1
            if several or self.makes_in_each_pass(call):
                reason = "a layer is made in a loop here, which is not rewritten yet"
                raise NotPlanned(self.slicer.refusal("TFM410", call.call, reason))
        calls.sort(key=lambda pair: self.order(pair[1].call))
        plan.objects = objects(calls, overlap)
        for function in plan.layers.values():
            function.name = class_name(function.definition.name.value, plan.taken)
        alone = bool(plan.objects) and not plan.variables and not inside and plan.held is None
        plan.networks = alone and self.are_networks(plan)
        if plan.held is not None:
            plan.model_class, plan.model = plan.held.definition.name.value, plan.held.receiver
        elif (plan.variables or inside or plan.objects) and not plan.networks:
            plan.model_class = plan.fresh("Model", "Network", "Net")
            plan.model = plan.fresh("model", "network", "net")
        self.object_names(plan)

    def makes_in_each_pass(self, call: LayerCall) -> bool:
        """Whether a layer is called in a loop of which each pass makes, or shares, one of its own."""
        atom = self.region.atom_at(call.place)
        if atom is None or not is_repeated(atom.statement, call.call, LOOPS):
            return False
        owned = (node for node in self.staging.nodes if node.number in call.owned)
        return any(self.region.atom_at(node.place) is atom or "?=" in node.name for node in owned)

    def direct(self, node: Node) -> bool:
        return node.place.steps[-1].frame is self.region.frame

    def order(self, call: cst.Call) -> int:
        return self.region.module.line(call)

    def are_networks(self, plan: Plan) -> bool:
        """Whether each object is a model of its own: there is one, or each is trained by itself."""
        if len(plan.objects) == 1:
            return True
        trained: list[set[int]] = []
        for node in self.staging.nodes:
            if node.kind == "train":
                variables = {n.number for n in nodes_in(node.details["variables"])}
                if not any(o.owned & variables == variables for o in plan.objects):
                    return False
                trained.append(variables)
        return len(trained) > 1

    def object_names(self, plan: Plan) -> None:
        """Top-level models take the function's own name, which is free now; others become attributes."""
        used: set[str] = set()
        for item in plan.objects:
            call = item.calls[0]
            base = object_name(self.staging, call.call, call.caller, item.function)
            if plan.networks and len(plan.objects) == 1:
                item.name = plan.fresh("model", "network", "net")
            elif plan.networks:
                alone = sum(o.function is item.function for o in plan.objects) == 1
                own = item.function.definition.name.value
                item.name = own if alone and own not in used else plan.fresh(base)
            else:
                item.name = free_name(attribute(base), used)
            used.add(item.name)

    def check_layers(self, plan: Plan) -> None:
        """Every variable of a computing statement is made directly, by a layer function, or by a factory it calls."""
        for node in self.staging.nodes:
            if node.kind not in ("variable", "layer") or self.direct(node):
                continue
            atom = self.region.atom_at(node.place)
            if atom is None or self.flow.role(atom) is not Role.STAGED:
                continue
            steps = node.place.steps
            begin = next((i for i, s in enumerate(steps) if s.frame is self.region.frame), 0)
            frames = [
                s.frame for s in steps[begin:] if s.frame.called_from is not None and s.frame is not self.region.frame
            ]
            owners = list(dict.fromkeys(id(f.owner) for f in frames if isinstance(f.owner, cst.FunctionDef)))
            if not owners or owners[0] not in plan.layers:
                reason = "state is made in a function that is not followed as a layer"
                raise NotPlanned(self.slicer.refusal("TFM410", node.expression or atom.statement, reason))
        for definition, function in plan.layers.items():
            for call, _, _ in self.staging.calls.get(definition, ()):
                if not any(c.call is call for c in function.calls):
                    reason = "this function makes layers in some of its calls only"
                    raise NotPlanned(self.slicer.refusal("TFM404", call, reason))

    def parameters(self, plan: Plan) -> None:
        """A parameter name for each placeholder, and for each other node that is fed."""
        names: dict[int, str] = {}
        labels: dict[int, str] = {}
        for atom in self.region.atoms:
            for name in atom.binds:
                value = fed_node(self.flow.bound_value(atom, name))
                if value is not None and value.number not in names and value in atom.nodes:
                    names[value.number] = plan.local_name(name)
                for key, held in entries(self.flow.bound_value(atom, name)):
                    if isinstance(held, Node) and held in atom.nodes:
                        labels.setdefault(held.number, key)
        used: set[str] = set()
        fed = {n for site in self.staging.runs if site.feeds is not None for n in self.slicer.feeds(site)}
        placeholders = [n for n in self.staging.nodes if n.kind == "placeholder" or n in fed]
        for node in placeholders:
            name = names.get(node.number, "")
            if not name or name in used:
                given = node.details.get("name")
                label = labels.get(node.number) or str(getattr(given, "value", "") or "x")
                label = label if label.isidentifier() else "x"
                # An attribute of the same name is in nobody's way.
                free = node.number in labels and not self.count(label) and label not in used
                name = label if free else plan.fresh(label)
                plan.taken.add(name)
            used.add(name)
            plan.parameter_names[node.number] = name


def entries(value: Value | None) -> list[tuple[str, Value]]:
    """What a dict or named tuple holds, by the names that it has there."""
    match value:
        case Sequence(items=items, fields=fields) if fields:
            return list(zip(fields, items, strict=True))
        case Mapping(items=pairs):
            return [(key, item) for key, item in pairs.items() if isinstance(key, str)]
    return []


def _names(tree: cst.Module) -> set[str]:
    """Every identifier of a module."""
    return set(_names_list(tree))


def _names_list(tree: cst.Module, attributes: bool = True) -> list[str]:
    out: list[str] = []
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Name):
            out.append(node.value)
        if isinstance(node, cst.Attribute) and not attributes:
            stack.append(node.value)
        else:
            stack.extend(children(node))
    return out
