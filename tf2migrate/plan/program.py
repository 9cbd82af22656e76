"""Decides how one program is migrated, or why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Set
from typing import cast

import libcst as cst

from tf2migrate.graph.labels import slice_of
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Choice, Mapping, Node, Sequence, Value, fed_node, nodes_in
from tf2migrate.names.attributes import name_node
from tf2migrate.names.bindings import names_read
from tf2migrate.names.free import free_name
from tf2migrate.names.tree import children
from tf2migrate.plan.checkpoints import check_checkpoints
from tf2migrate.plan.choices import Choosing, find_choices
from tf2migrate.plan.chosen_optimizers import chosen_name, own_name
from tf2migrate.plan.contract import check_dropped, check_program, check_step
from tf2migrate.plan.execution import Execution, is_initialization
from tf2migrate.plan.facts import is_moving_average
from tf2migrate.plan.flow import Flow, Role, analyse_flow
from tf2migrate.plan.forward import choose_forward, choose_loss, rate_reads
from tf2migrate.plan.held import find_held, plain, settle
from tf2migrate.plan.held_names import region_expression
from tf2migrate.plan.immediate import is_immediate
from tf2migrate.plan.keepers import check_keepers
from tf2migrate.plan.layer_names import class_name, object_name
from tf2migrate.plan.layers import find_layers, is_repeated, objects, unread_arguments
from tf2migrate.plan.lifting import handed_steps, lifted_names
from tf2migrate.plan.model import Chosen, Fetch, Plan, Slice, Step, Update
from tf2migrate.plan.normalization import moving_averages
from tf2migrate.plan.prebuilt import find_prebuilt
from tf2migrate.plan.recurrent import check_cells
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom, find_region
from tf2migrate.plan.repeated import unite_repeated
from tf2migrate.plan.reserved import RESERVED, attribute
from tf2migrate.plan.sessions import find_resets
from tf2migrate.plan.sharing import check_sharing
from tf2migrate.plan.slices import Slicer, has_call, has_default, in_order
from tf2migrate.plan.summaries import check_summaries, check_summarised_layers, find_summaries
from tf2migrate.plan.taped import find_taped
from tf2migrate.plan.updates import changing_atoms, find_updates


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
        self.choices = find_choices(self.flow)
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
        self.steps(plan)
        plan.lifted = lifted_names(self.flow)
        self.lift_model(plan)
        for definition, function in plan.layers.items():
            function.lifted = plan.lifted.pop(definition, [])
            for name in function.lifted:
                if name in {p.name.value for p in function.parameters} or name in function.state:
                    where = function.definition
                    raise NotPlanned(self.slicer.refusal("TFM410", where, f"`{name}` means two things in this layer"))
        self.optimizers(plan)
        for step in plan.steps:
            check_step(self.flow, self.slicer, step, plan)
        check_dropped(self.flow, self.slicer, plan.steps)
        plan.prebuilt = find_prebuilt(self.slicer, plan)
        plan.moving = moving_averages(self.flow, self.slicer, plan.steps)
        plan.forward = choose_forward(self.flow, plan.steps) if plan.model_class else None
        plan.loss = choose_loss(self.flow, plan)
        if plan.held is not None:
            settle(self.flow, self.slicer, plan, plan.held)
        self.names(plan)
        for definition, names in handed_steps(self.flow, plan.steps).items():
            known = plan.lifted.setdefault(definition, [])
            known += [name for name in names if name not in known]
        return plan

    def lift_model(self, plan: Plan) -> None:
        """Functions that read what the model's regularizers collect are given the model."""
        for reading in self.staging.readings:
            frames = list(dict.fromkeys(step.frame for step in reading.place.steps))
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

    # ------------------------------------------------------------------ state
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
            if sum(other is call.call for other in (c.call for c in function.calls)) > 1:
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
            owners = owners[self.depth_of_region() :]
            if not owners or owners[0] not in plan.layers:
                reason = "state is made in a function that is not followed as a layer"
                raise NotPlanned(self.slicer.refusal("TFM410", node.expression or atom.statement, reason))
        for definition, function in plan.layers.items():
            for call, _, _ in self.staging.calls.get(definition, ()):
                if not any(c.call is call for c in function.calls):
                    reason = "this function makes layers in some of its calls only"
                    raise NotPlanned(self.slicer.refusal("TFM404", call, reason))

    def depth_of_region(self) -> int:
        return 0

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

    # ------------------------------------------------------------------ steps
    def steps(self, plan: Plan) -> None:
        groups: dict[int, list[RunSite]] = {}
        for site in self.staging.runs:
            groups.setdefault(id(site.expression), []).append(site)
        known: dict[tuple[str, tuple[int, ...]], Step] = {}
        for expression, sites in groups.items():
            if expression in self.choices:
                self.choose(plan, known, sites[0], self.choices[expression])
                continue
            sites = one_of_several(sites)
            made = [self.step(site) for site in sites]
            if all(step.immediate for step in made):
                plan.steps.append(dataclasses.replace(made[0], sites=sites))
                continue
            shapes = {(step.fetch.shape(), self.signature(step)) for step in made}
            if len(shapes) != 1:
                reason = "this call runs different parts of the graph each time that its function is called"
                raise NotPlanned(self.slicer.refusal("TFM401", sites[0].expression, reason))
            step = made[0]
            if is_initialization(site.fetches for site in sites):
                continue
            step.fetch = as_read(sites[0], step.fetch)
            key = (step.fetch.shape(), self.signature(step))
            if key in known:
                known[key].sites.append(sites[0])
            else:
                known[key] = step
                plan.steps.append(step)

    def choose(
        self, plan: Plan, known: dict[tuple[str, tuple[int, ...]], Step], site: RunSite, choosing: Choosing
    ) -> None:
        """One function for each node that a run can stand for, all with the same parameters."""
        made = {node.number: self.step(choosing.site_of(site, node), choosing.leaf) for node in choosing.nodes}
        parameters = in_order(list(dict.fromkeys(p for step in made.values() for p in step.parts.parameters)))
        for number, step in made.items():
            step.parts.parameters = list(parameters)
            leaf = next(leaf for leaf in step.fetch.leaves() if leaf.node and leaf.node.number == number)
            assert isinstance(leaf.expression, cst.Name)
            plan.own_names[number] = leaf.expression.value
            key = (step.fetch.shape(), self.signature(step))
            if key in known:
                known[key].sites.append(site)
                made[number] = known[key]
            else:
                known[key] = step
                plan.steps.append(step)
            others = [chosen.steps[number] for chosen in plan.chosen.values() if number in chosen.steps]
            if any(other is not made[number] for other in others):
                reason = f"`{leaf.expression.value}` is chosen here, and elsewhere together with other fetches"
                raise NotPlanned(self.slicer.refusal("TFM401", site.fetch_expression, reason))
        plan.chosen[id(site.expression)] = Chosen(choosing.leaf, made)

    def name_itself(self, leaf: Fetch, site: RunSite, atom: Atom) -> None:
        """Names a chosen node by its own name, where it was made."""
        for other in reversed(self.region.atoms[: atom.number]):
            for name in other.binds:
                if (
                    self.flow.bound_value(other, name) is leaf.node
                    and leaf.node in other.nodes
                    and self.flow.reaching(name, atom)[-1:] == [other]
                ):
                    leaf.expression, leaf.frame = name_node(name), self.region.frame
                    return
        reason = "one of those that this run chooses from has no name of its own"
        raise NotPlanned(self.slicer.refusal("TFM401", site.fetch_expression, reason, "give it a name"))

    def signature(self, step: Step) -> tuple[int, ...]:
        return tuple(sorted(n.number for n in step.parts.parameters)) + tuple(
            -a.number - 1 for a in step.parts.defaults
        )

    def step(self, site: RunSite, chosen: cst.BaseExpression | None = None) -> Step:
        fetch = self.slicer.fetch(site)
        fed = self.slicer.feeds(site)
        atom = self.region.atom_at(site.place)
        if atom is None:
            raise NotPlanned(self.slicer.refusal("TFM410", site.expression, "this run lies outside the graph's region"))
        parts = Slice()
        if is_immediate(self.flow, fetch, site):
            return Step("", parts, fetch, [], Execution([]), [site], immediate=True)
        reads: list[tuple[str, Atom]] = []
        for leaf in fetch.leaves():
            if chosen is not None and leaf.expression is chosen:
                self.name_itself(leaf, site, atom)
            elif leaf.kind != "none" or site.form != "external":
                self.locate(leaf, site, atom)
            if leaf.node is not None and leaf.node.kind == "summary" and not isinstance(leaf.expression, cst.Name):
                reason = "the summary op that is run here has no name of its own"
                raise NotPlanned(self.slicer.refusal("TFM804", leaf.expression or site.expression, reason))
            if leaf.kind == "leaf":
                assert leaf.expression is not None
                reads.extend((name.value, atom) for name in names_read(leaf.expression))
        name_whole(fetch)
        roots = [leaf.node for leaf in fetch.leaves() if leaf.node is not None and leaf.node.kind != "init"]
        execution = Execution(roots, fed)
        updates = find_updates(self.flow, self.slicer, fetch, execution)
        self.locate_structures(fetch, site)
        for update in updates:
            reads.extend(self.update_reads(update))
        changing = changing_atoms(self.flow, self.slicer, execution)
        self.slicer.backward(reads, fed, parts, changing)
        if unfed_in(parts, fed):
            # Perhaps the run only reads variables of what these statements compute.
            narrow = Slice(through=True)
            self.slicer.backward(reads, fed, narrow, changing)
            parts = narrow if narrow.atoms or narrow.variables else parts
        self.check_feeds(site, fed, parts)
        check_summarised_layers(self.flow, self.slicer, roots, parts.atoms)
        unfed = unfed_in(parts, fed)
        if unfed:
            where = unfed[0].expression or site.expression
            raise NotPlanned(self.slicer.refusal("TFM407", site.expression, self.missing(unfed[0], where)))
        for node in self.fed_by_calls(site, fed):
            if node not in parts.parameters and node not in {n for a in parts.defaults for n in a.nodes}:
                parts.parameters.append(node)
        parts.parameters = in_order(parts.parameters)
        return Step("", parts, fetch, updates, execution, [site])

    def check_feeds(self, site: RunSite, fed: list[Node], parts: Slice) -> None:
        """C6: what is fed takes the place of what is computed, which needs a name of its own there."""
        for node in slice_of(nodes_in(site.fetches), fed):
            if node in fed and node.kind == "tensor" and node not in parts.parameters:
                where = site.feed_expression or site.expression
                reason = "a tensor is fed that has no name of its own where it is used"
                raise NotPlanned(self.slicer.refusal("TFM407", where, reason))

    def fed_by_calls(self, site: RunSite, fed: list[Node]) -> list[Node]:
        """Fed placeholders whose value comes from a call: it is made in each run, whether the slice needs it or not."""
        expression = site.feed_expression
        out: list[Node] = []
        if isinstance(expression, cst.Dict):
            for element in expression.elements:
                if isinstance(element, cst.DictElement) and has_call(element.value):
                    key = self.staging.value_in(element.key, site.frame)
                    if isinstance(key, Node) and key in fed and key.kind == "placeholder":
                        out.append(key)
        return out

    def missing(self, node: Node, where: cst.CSTNode) -> str:
        line = self.staging.modules[node.place.module].line(where)
        return f"this run needs the placeholder of line {line}, which it does not feed"

    def locate(self, leaf: Fetch, site: RunSite, atom: Atom) -> None:
        """Makes sure that the fetched expression means the same in the region: names of a function do not."""
        expression = leaf.expression
        assert expression is not None
        if leaf.node is None:
            return
        if self.region.held is not None and site.frame is not self.region.frame:
            self.locate_held(leaf, site, atom)
            return
        frame = leaf.frame or site.frame
        local = [n for n in names_read(expression) if frame.holder(n.value) is not self.region.frame]
        local = [n for n in local if frame.holder(n.value) is not None]
        module_level = [n for n in local if self._is_module_name(n.value, site)]
        if len(local) == len(module_level):
            return
        for other in reversed(self.region.atoms[: atom.number + 1]):
            for name in other.binds:
                if self.flow.bound_value(other, name) is leaf.node:
                    leaf.expression = name_node(name)
                    leaf.frame = self.region.frame
                    return
        reason = "what this run fetches has no name where the graph is built"
        raise NotPlanned(self.slicer.refusal("TFM401", site.expression, reason))

    def locate_structures(self, fetch: Fetch, site: RunSite) -> None:
        """As `locate`, for structures that are fetched as a whole."""
        for item in fetch.items:
            self.locate_structures(item, site)
        if not fetch.whole or fetch.expression is None:
            return
        parts = [item.expression for item in fetch.items]
        bases = [part.value if isinstance(part, cst.Subscript) else None for part in parts]
        same = all(base is bases[0] or (base is not None and bases[0] is not None and base.deep_equals(bases[0]))
                   for base in bases)
        if not same or bases[0] is None:
            reason = "what this run fetches has no name where the graph is built"
            raise NotPlanned(self.slicer.refusal("TFM401", site.expression, reason))
        fetch.expression = bases[0]

    def locate_held(self, leaf: Fetch, site: RunSite, atom: Atom) -> None:
        """Names what is fetched through the object by the names of the method that builds the graph."""
        assert leaf.expression is not None
        made = region_expression(self.flow, leaf.expression, leaf.frame or site.frame)
        names = [name.value for name in names_read(made)]
        if names and all("." in name and self.flow.reaching(name, atom) for name in names):
            sources = self.flow.reaching(names[0], atom)
            if not isinstance(made, cst.Name) or self.flow.bound_value(sources[-1], made.value) is leaf.node:
                leaf.expression, leaf.frame = made, self.region.frame
                return
        for other in reversed(self.region.atoms):
            for name in other.binds:
                if self.flow.bound_value(other, name) is leaf.node and self.flow.reaching(name, atom)[-1:] == [other]:
                    leaf.expression, leaf.frame = name_node(name), self.region.frame
                    return
        if leaf.node is not None and leaf.node.kind == "init":
            return
        reason = "what this run fetches has no name where the graph is built"
        raise NotPlanned(self.slicer.refusal("TFM401", site.expression, reason))

    def _is_module_name(self, name: str, site: RunSite) -> bool:
        holder = site.frame.holder(name)
        return holder is not None and isinstance(holder.owner, cst.Module)

    # ------------------------------------------------------------------ updates
    def update_reads(self, update: Update) -> list[tuple[str, Atom]]:
        """The names that a train op's arguments read, the optimizer's own included."""
        reads = [(name.value, update.atom) for arg in update.call.args[:1] for name in names_read(arg.value)]
        return [*reads, *rate_reads(self.flow, update)]

    def optimizers(self, plan: Plan) -> None:
        """A name for each optimizer: the user's own where it has one."""
        options = {option for chosen in self.staging.optimizers for option in chosen.options}
        for optimizer in self.staging.optimizers:
            atom = self.region.atom_at(optimizer.place)
            if atom is None or optimizer.place.steps[-1].frame is not self.region.frame:
                raise NotPlanned(
                    self.slicer.refusal(
                        "TFM410", optimizer.call, "an optimizer made in another function is not rewritten yet"
                    )
                )
            if optimizer in options:
                continue
            own = [n for n in atom.binds if self.flow.bound_value(atom, n) is optimizer]
            if optimizer.options:
                own = [chosen_name(self.flow, self.slicer, optimizer)]
            if plan.held is not None:
                bound = [n for n in atom.binds if is_optimizer_name(plain(n)) and plain(n) not in plan.held.taken]
                train = [plain(n).lstrip("_") for n in atom.binds if len(self.staging.optimizers) > 1]
                name = plain((own or bound or [f"{n}_optimizer" for n in train] or ["optimizer"])[0])
                free = own and "." in own[0] and f"{plan.model}.{name}" not in plan.optimizers.values()
                plan.optimizers[optimizer.number] = f"{plan.model}.{name if free else plan.held.fresh(name)}"
                continue
            if own:
                plan.optimizers[optimizer.number] = own_name(self.flow, self.slicer, plan, atom, own[0])
                continue
            single = len(self.staging.optimizers) == 1
            bound = list(atom.binds)
            reused = (
                bool(bound) and "opt" in bound[0].lower() and sum(bound[0] in a.binds for a in self.region.atoms) == 1
            )
            if reused:
                plan.optimizers[optimizer.number] = bound[0]
            elif single or not bound:
                plan.optimizers[optimizer.number] = plan.fresh("optimizer")
            else:
                plan.optimizers[optimizer.number] = plan.fresh(f"{bound[0]}_optimizer")

    # ------------------------------------------------------------------ names
    def names(self, plan: Plan) -> None:
        training = [s for s in plan.steps if s.updates and not s.is_external]
        own = {id(s): plan.own_names[n] for c in plan.chosen.values() for n, s in c.steps.items() if is_op(s, n)}
        for step in plan.steps:
            if id(step) in own and sum(own[id(step)] in a.binds for a in self.region.atoms) == 1:
                # The function has the name of the op, and what hands the op on hands the function on.
                step.name = own[id(step)]
            elif step.is_external:
                step.name = plan.fresh("loss_and_gradients", "compute_loss_and_gradients")
            elif step.updates:
                if len(training) == 1:
                    keras = plan.held is not None and plan.held.keras
                    step.name = plan.fresh("training_step" if keras else "train_step")
                else:
                    name = self.op_name(step)
                    step.name = plan.fresh(*_step_names(name))
            elif step.execution.assigns and not any(v.node and v.node.kind == "tensor" for v in step.fetch.values()):
                step.name = plan.fresh(*_step_names(self.op_name(step) or "update", False))
            else:
                step.name = plan.fresh(*self.value_names(step))

        if plan.held is not None and plan.held.keras:
            for step in plan.steps:
                if step.name in RESERVED:
                    what = step.name.removeprefix("compute_") if step.name.startswith("compute_") else "values"
                    step.name = plan.fresh(f"{what}_of", f"compute_{what}_of")

    def value_names(self, step: Step) -> list[str]:
        """Names for the function of a run that trains nothing: after what it fetches, where that has names."""
        values = step.fetch.values()
        found = [plain(v.expression.value).lstrip("_") for v in values if isinstance(v.expression, cst.Name)]
        names = [name for name in dict.fromkeys(found) if name]
        if not values:
            op = self.op_name(step)
            return [op, f"run_{op}"] if op else ["run"]
        if len(names) != len(values) or len(names) > 2:
            return ["evaluate"]
        both = "_and_".join(names)
        return [f"compute_{both}", f"evaluate_{both}"]

    def op_name(self, step: Step) -> str:
        whole = [step.fetch] if step.fetch.kind in ("list", "tuple") else []
        if not step.updates and len(step.fetch.leaves()) > 1 and step.fetch.expression is None:
            return ""
        for leaf in [*whole, *step.fetch.leaves()]:
            op = leaf.node is None or leaf.node.kind in OPS
            if op and isinstance(leaf.expression, cst.Name):
                return plain(leaf.expression.value).lstrip("_")
        return ""


def entries(value: Value | None) -> list[tuple[str, Value]]:
    """What a dict or named tuple holds, by the names that it has there."""
    match value:
        case Sequence(items=items, fields=fields) if fields:
            return list(zip(fields, items, strict=True))
        case Mapping(items=pairs):
            return [(key, item) for key, item in pairs.items() if isinstance(key, str)]
    return []


def unfed_in(parts: Slice, fed: list[Node]) -> list[Node]:
    """The placeholders that a run needs and does not feed."""
    return [n for n in parts.parameters if n.kind == "placeholder" and n not in fed and not has_default(n)]


def as_read(site: RunSite, fetch: Fetch) -> Fetch:
    """What a run gives, as far as it is read: `sess.run([step])` as a statement does what `sess.run(step)` does."""
    match site.place.steps[-1].statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=value)]) if value is site.expression:
            if fetch.kind in ("list", "tuple") and len(fetch.items) == 1 and fetch.items[0].kind == "none":
                return fetch.items[0]
    return fetch


def name_whole(fetch: Fetch) -> None:
    """A list that is fetched whole has the name that its elements were found by."""
    if fetch.kind not in ("list", "tuple") or fetch.expression is None:
        return
    bases: list[str] = []
    for index, item in enumerate(fetch.items):
        match item.expression:
            case cst.Subscript(
                value=cst.Name(value=name),
                slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value=number)))],
            ) if number == str(index):
                bases.append(name)
            case _:
                return
    if len(set(bases)) == 1:
        fetch.expression, fetch.frame = name_node(bases[0]), fetch.items[0].frame


def is_op(step: Step, number: int) -> bool:
    """Whether a node of a step is fetched for what it does."""
    return any(leaf.kind == "none" and leaf.node and leaf.node.number == number for leaf in step.fetch.leaves())


# Ops that are run for what they do.
OPS = ("train", "assign", "group")


def _step_names(op: str, trains: bool = True) -> list[str]:
    """Names for the function of an op: ``train_d_step`` for ``train_d``, but not ``train_step_step``."""
    if not op:
        return ["train_step"]
    if not trains:
        return [op, op.removesuffix("_op").removesuffix("_ops"), f"run_{op}"]
    last = op.lower().rsplit("_", 1)[-1]
    return [op, f"run_{op}"] if last in ("step", "update", "train") else [f"{op}_step"]


def is_optimizer_name(name: str) -> bool:
    """Whether a name that was a train op's can be the optimizer's."""
    words = name.lower().strip("_").split("_")
    return words[-1].endswith(OPTIMIZERS) or (words[0] in OPTIMIZERS and words[-1] not in ("op", "step", "update"))


OPTIMIZERS = ("optimizer", "optimiser", "optim", "opt")


def one_of_several(sites: list[RunSite]) -> list[RunSite]:
    """``v.eval()`` in a loop over variables was seen once for each of them: it is one run of one of them."""
    nodes = [site.fetches for site in sites]
    if (
        len(sites) > 1
        and all(isinstance(n, Node) and n.kind == "variable" for n in nodes)
        and len({id(n) for n in nodes}) > 1
    ):
        return [dataclasses.replace(sites[0], fetches=Choice(tuple(nodes)))]
    return sites


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
