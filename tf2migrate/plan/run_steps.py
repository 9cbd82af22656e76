"""What each run computes and changes: one step for all runs that do the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping as Table

import libcst as cst

from tf2migrate.graph.labels import slice_of
from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import Choice, Node, nodes_in
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.choices import Choosing
from tf2migrate.plan.execution import Execution, is_initialization
from tf2migrate.plan.fetch_names import FetchNames, name_whole
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.forward import rate_reads
from tf2migrate.plan.immediate import is_immediate
from tf2migrate.plan.model import Chosen, Fetch, Plan, Slice, Step, Update
from tf2migrate.plan.normalization import normalizing
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer, has_call, has_default, in_order
from tf2migrate.plan.summaries import check_summarised_layers
from tf2migrate.plan.updates import changing_atoms, find_updates


class RunSteps:
    """Plans the steps of a program; ``choices`` are the runs that may stand for one of several nodes."""

    def __init__(self, flow: Flow, slicer: Slicer, choices: Table[int, Choosing]) -> None:
        self.flow = flow
        self.staging = flow.staging
        self.region = flow.region
        self.slicer = slicer
        self.choices = choices
        self.named = FetchNames(flow, slicer)

    def add_to(self, plan: Plan) -> None:
        """Adds the step of every run to the plan."""
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
            shapes = {(step.fetch.shape(), signature(step)) for step in made}
            if len(shapes) != 1:
                reason = "this call runs different parts of the graph each time that its function is called"
                raise NotPlanned(self.slicer.refusal("TFM401", sites[0].expression, reason))
            step = made[0]
            if is_initialization(site.fetches for site in sites):
                continue
            step.fetch = as_read(sites[0], step.fetch)
            key = (step.fetch.shape(), signature(step))
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
            key = (step.fetch.shape(), signature(step))
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

    def step(self, site: RunSite, chosen: cst.BaseExpression | None = None) -> Step:
        """What one run does; ``chosen`` is the part of its fetch that stands for one of several nodes."""
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
                self.named.name_itself(leaf, site, atom)
            elif leaf.kind != "none" or site.form != "external":
                self.named.locate(leaf, site, atom)
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
        self.named.locate_structures(fetch, site)
        for update in updates:
            reads.extend(self.update_reads(update))
        changing = [*changing_atoms(self.flow, self.slicer, execution), *normalizing(self.flow, execution)]
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

    def update_reads(self, update: Update) -> list[tuple[str, Atom]]:
        """The names that a train op's arguments read, the optimizer's own included."""
        reads = [(name.value, update.atom) for arg in update.call.args[:1] for name in names_read(arg.value)]
        return [*reads, *rate_reads(self.flow, update)]


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


def signature(step: Step) -> tuple[int, ...]:
    """What the function of a step is given: two runs with the same one can share it."""
    return tuple(sorted(n.number for n in step.parts.parameters)) + tuple(-a.number - 1 for a in step.parts.defaults)
