"""Initializers that run again: the variables of the model, and the memory of its optimizers, are set as they began."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import Node, Optimizer, Symbol, is_cell, nodes_in
from tf2migrate.names.tree import children
from tf2migrate.plan.effects import host_effect
from tf2migrate.plan.flow import Role
from tf2migrate.plan.model import Plan, Update
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.plan.sessions import initialized_by, is_local
from tf2migrate.plan.stability import changed_anywhere
from tf2migrate.rewrite.steps import Functions

AGAIN = "variables are initialized again after the graph has run"


@dataclass(slots=True)
class Resets:
    """The functions that set variables again, one for each set of variables."""

    plan: Plan
    functions: Functions
    host: list[str]
    made: dict[tuple[int, ...] | None, str] = field(default_factory=dict)

    def function(self, site: RunSite) -> tuple[str, list[cst.BaseStatement]]:
        """The name of the function for a run, and its definition where it is new."""
        if is_local(site):
            return self.of_metrics(site)
        chosen = initialized_by(site)
        key = None if chosen is None else tuple(node.number for node in chosen)
        if key in self.made:
            return self.made[key], []
        self.check(site, chosen)
        plan = self.plan
        name = self.made[key] = plan.fresh("initialize" if chosen is None else "reset")
        fresh = plan.local("fresh", "again")
        lines = [f"def {name}():", f"    {fresh} = {plan.model_class}({', '.join(self.host)})"]
        if chosen is None:
            lines += self.copied(plan.model, fresh)
            for update in self.with_memory():
                lines += self.memory(update)
        else:
            for node in chosen:
                target = self.functions.variable_reference(node)
                lines.append(f"    {target}.assign({fresh}{target.removeprefix(plan.model)})")
        return name, self.functions.templates.statements("\n".join(lines) + "\n", {})

    def of_metrics(self, site: RunSite) -> tuple[str, list[cst.BaseStatement]]:
        """The function that sets all local variables again, which are those of metrics."""
        staging, composer = self.plan.flow.staging, self.functions.composer
        local = [node for node in staging.nodes if "local" in node.details]
        metrics = [node for node in local if "metric" in node.details]
        if len(metrics) < len(local) or self.plan.held is not None or not self.plan.model_class:
            raise self.refused(site.expression, "local variables are initialized again after the graph has run")
        key = tuple(node.number for node in metrics)
        if key in self.made:
            return self.made[key], []
        name = self.made[key] = self.plan.fresh("reset_metrics")
        lines = [f"    {self.plan.model}.{composer.inner[node.number]}.reset_state()\n" for node in metrics]
        return name, self.functions.templates.statements(f"def {name}():\n{''.join(lines)}", {})

    def copied(self, target: str, fresh: str) -> list[str]:
        variable, initial = self.plan.local("variable"), self.plan.local("initial")
        return [
            f"    for {variable}, {initial} in zip({target}.variables, {fresh}.variables):",
            f"        {variable}.assign({initial})",
        ]

    def with_memory(self) -> list[Update]:
        """One update of each optimizer that remembers more than its number of steps."""
        out: dict[int, Update] = {}
        for step in self.plan.steps:
            for update in step.updates:
                maker = cast(Optimizer, update.node.details["optimizer"])
                if not maker.name.endswith(".GradientDescentOptimizer"):
                    out.setdefault(maker.number, update)
        return list(out.values())

    def memory(self, update: Update) -> list[str]:
        maker = cast(Optimizer, update.node.details["optimizer"])
        trained = {
            tuple(nodes_in(other.node.details["variables"]))
            for step in self.plan.steps
            for other in step.updates
            if other.node.details["optimizer"] is maker
        }
        if update.node.op != "minimize" or len(trained) != 1:
            raise self.refused(update.call, f"{AGAIN}, and the memory of this optimizer with them")
        name = self.plan.optimizers[maker.number]
        fresh = self.plan.local(f"fresh_{name}")
        return [
            f"    {fresh} = {self.functions.optimizer_text(maker)}",
            f"    {fresh}.build({self.functions.trained_text(update)})",
            *self.copied(name, fresh),
        ]

    # ------------------------------------------------------------------ what it takes
    def check(self, site: RunSite, chosen: list[Node] | None) -> None:
        """The constructor may run again only if it does what it did the first time, but for what is drawn."""
        plan = self.plan
        flow = plan.flow
        if plan.held is not None or not plan.model_class:
            raise self.refused(site.expression, AGAIN)
        if flow.staging.checkpoints:
            raise self.refused(site.expression, f"{AGAIN}, and checkpoints are kept")
        built_late = any(function.shapes for function in plan.layers.values())
        if built_late or any(node.kind == "layer" or is_cell(node) for node in flow.staging.nodes):
            raise self.refused(site.expression, f"{AGAIN}, those of layers among them")
        seeded = any(
            isinstance(seen[0].value, Symbol) and seen[0].value.name == "tf.set_random_seed"
            for seen in flow.staging.observations.values()
        )
        atoms = [a for a in flow.region.atoms if flow.role(a) is Role.VARIABLE]
        atoms += [a for o in plan.objects for c in o.calls if (a := flow.region.atom_at(c.place))]
        makers = [flow.region.atom_at(cast(Optimizer, u.node.details["optimizer"]).place) for u in self.with_memory()]
        for atom in [*atoms, *(a for a in makers if a is not None and chosen is None)]:
            if seeded or _has_seed(atom):
                raise self.refused(site.expression, f"{AGAIN}, from a stream of random numbers with a seed")
            if atom in atoms and host_effect(flow, atom):
                raise self.refused(site.expression, f"{AGAIN}, and the host would compute their values again")
            changed = changed_anywhere(flow, atom)
            if changed is not None:
                raise self.refused(changed, f"{AGAIN}, and what they are made from may be changed here")
            for read in atom.reads:
                if self.changes(read.value, atom):
                    reason = f"{AGAIN}, and `{read.value}`, which they are made from, changes"
                    raise self.refused(site.expression, reason)

    def changes(self, name: str, atom: Atom) -> bool:
        """Whether a name of the host is bound or changed more than once."""
        flow = self.plan.flow
        sources = flow.reaching(name, atom)
        if not any(flow.role(s) in (Role.HOST, Role.CONSTANT, Role.RUN) for s in sources):
            return False
        others = [a for a in flow.region.atoms if name in a.binds or name in a.changes]
        return len(others) > 1 or any(isinstance(p, cst.For | cst.While) for a in others for p in a.parents)

    def refused(self, where: cst.CSTNode, reason: str) -> NotPlanned:
        return NotPlanned(Refusal("TFM404", self.plan.flow.region.module.key, where, reason))


def _has_seed(atom: Atom) -> bool:
    stack: list[cst.CSTNode] = [atom.statement]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == "seed":
            return True
        stack.extend(children(node))
    return False
