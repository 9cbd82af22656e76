"""Where the new definitions stand: layer classes, the model, optimizers and the functions of the runs."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import (
    Function,
    Optimizer,
)
from tf2migrate.names.tree import children
from tf2migrate.plan.checkpoints import needs_only_the_model
from tf2migrate.plan.effects import host_effect, left_behind, prints
from tf2migrate.plan.flow import Role
from tf2migrate.plan.forward import uses_forward
from tf2migrate.plan.model import Step
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.plan.stability import changed_until
from tf2migrate.plan.variable_lists import begins_alone
from tf2migrate.rewrite.comments import above, with_comments
from tf2migrate.rewrite.early_models import brought_forward, needs_model
from tf2migrate.rewrite.layer_classes import LayerClass
from tf2migrate.rewrite.removal import Removal
from tf2migrate.rewrite.templates import Templates


class Placement(Removal):
    """Places definitions before their first use."""

    def layer_classes(self) -> None:
        """Layer functions are replaced by their classes, where they stand."""
        for function in self.plan.layers.values():
            frame = function.calls[0].frame
            symbols = self.all_symbols[frame.module]
            maker = LayerClass(function, self.plan, symbols, Templates(symbols.module.tree))
            top = self.plan.networks and any(o.function is function for o in self.plan.objects)
            made = maker.statement("keras.Model" if top else "keras.layers.Layer")
            self.functions.makers[id(function.definition)] = maker
            self.edits.replaced[id(function.definition)] = [made]
            self.classes[function.definition.name.value] = function.name
            self.generated.add(function.name)
        self.check_references()

    def inner_classes(self) -> list[Atom]:
        """Layer functions that the body itself defines: what uses their classes has to stand behind them."""
        definitions = {id(function.definition) for function in self.plan.layers.values()}
        return [atom for atom in self.region.atoms if id(atom.statement) in definitions]

    def check_references(self) -> None:
        """A layer function may only be called, at the calls that were seen."""
        seen = {id(c.call.func) for f in self.plan.layers.values() for c in f.calls} | self.elsewhere
        definitions = {id(f.definition) for f in self.plan.layers.values()}
        for symbols in self.all_symbols.values():
            stack: list[cst.CSTNode] = [symbols.module.tree]
            while stack:
                node = stack.pop()
                if isinstance(node, cst.Import | cst.ImportFrom):
                    continue
                if isinstance(node, cst.Name | cst.Attribute) and id(node) not in seen:
                    for value in self.staging.values_of(node):
                        if isinstance(value, Function) and id(value.definition) in definitions:
                            reason = "a function that makes layers is used as a value"
                            raise NotPlanned(Refusal("TFM410", symbols.module.key, node, reason))
                stack.extend(children(node))

    def place_model(self) -> None:
        if self.plan.networks:
            self.place_networks()
        if not self.plan.model_class:
            return
        self.generated.add(self.plan.model_class)
        atoms = [a for a in self.region.atoms if self.flow.role(a) is Role.VARIABLE]
        atoms += [a for a in self.region.atoms if any(n.number in self.composer.inner for n in a.nodes)]
        atoms += [a for o in self.plan.objects for c in o.calls if (a := self.region.atom_at(c.place))]
        makers = list(atoms)
        if self.plan.forward is not None:
            atoms += self.plan.forward.atoms
        anchor = max(atoms, key=lambda a: a.number)
        user = self.first_user(anchor)
        brought = brought_forward(self.flow, user, makers if self.region.is_module else atoms) if user else None
        if user is not None and brought is not None:
            anchor = user
            for atom in brought:
                self.edits.removed.add(id(atom.statement))
                self.insert(anchor, [cst.ensure_type(atom.statement, cst.SimpleStatementLine)])
        self.check_order(atoms, anchor)
        self.made_at = anchor.number
        early = next((s for step in self.plan.steps for s in step.sites if self.is_before(s, step, anchor)), None)
        if early is not None:
            reason = "variables are made after the graph has run"
            raise NotPlanned(Refusal("TFM404", self.module.key, early.expression, reason))
        self.model_anchor = anchor
        made = [self.functions.model_class(self.host)]
        instance = self.templates.statements(
            f"{self.plan.model} = {self.plan.model_class}({', '.join(self.host)})\n", {}
        )
        aliases: list[cst.BaseStatement] = []
        for atom in self.region.atoms:
            if id(atom.statement) in self.edits.removed:
                continue
            if self.flow.role(atom) is Role.ALIAS and atom.number < anchor.number and not begins_alone(atom):
                aliases += self.composer.moved(atom, self.plan.model)
                self.edits.removed.add(id(atom.statement))
        if self.region.is_module or self.inner_classes():
            self.insert(anchor, [*made, *instance, *aliases])
        else:
            owner = self.class_around(self.region.frame.owner)
            self.edits.before.setdefault(id(owner), []).extend(made)
            self.insert(anchor, [*instance, *aliases])

    def class_around(self, owner: cst.CSTNode) -> cst.CSTNode:
        """The class of the file that a method stands in, which sees no names of its class; else the function itself."""
        classes = [s for s in self.module.tree.body if isinstance(s, cst.ClassDef)]
        return next((cls for cls in classes if any(statement is owner for statement in cls.body.body)), owner)

    def first_user(self, anchor: Atom) -> Atom | None:
        """The first statement that needs the model, where it stands before the last that the model is made of."""
        runs = [
            atom
            for step in self.plan.steps
            for site in step.sites
            if self.is_before(site, step, anchor) and (atom := self.region.atom_at(site.place)) is not None
        ]
        readers = [a for a in self.region.atoms[: anchor.number] if needs_model(self.flow, a)]
        return min([*runs, *readers], key=lambda a: a.number, default=None)

    def is_before(self, site: RunSite, step: Step, anchor: Atom) -> bool:
        """Whether a run that uses the model stands before the statement where the model is made."""
        atom = self.region.atom_at(site.place)
        uses = any(n.kind in ("variable", "layer") for n in step.execution.nodes.values())
        return uses and atom is not None and atom.number < anchor.number

    def place_networks(self) -> None:
        """One statement for each model that a layer function became, before the first use of it."""
        for item in self.plan.objects:
            atoms = [a for c in item.calls if (a := self.region.atom_at(c.place))]
            first = min(atoms, key=lambda a: a.number)
            text = f"{item.name} = {self.composer.object_constructor(item)}\n"
            made = self.templates.statements(text, {})
            made[0] = made[0].with_changes(leading_lines=[cst.EmptyLine(indent=False)])
            self.generated.add(item.name)
            self.insert(first, made)

    def check_order(self, atoms: list[Atom], anchor: Atom) -> None:
        """C2: the constructor runs later than the statements that it is made of; nothing between may notice."""
        for atom in (a for a in atoms if self.flow.role(a) is Role.VARIABLE):
            changed = changed_until(self.flow, atom, anchor)
            if changed is not None:
                raise NotPlanned(Refusal("TFM403", self.module.key, *changed))
        frame = self.region.frame
        for maker in (a for a in atoms if self.flow.role(a) is Role.VARIABLE):
            left, printed = left_behind(self.flow, maker)
            for atom in self.region.atoms[maker.number + 1 : anchor.number] if left or printed else ():
                noticed = bool(left & {name.value for name in atom.reads})
                noticed = noticed or (printed and prints(self.flow, atom.statement, frame))
                if noticed and self.flow.role(atom) in (Role.HOST, Role.RUN, Role.CONSTANT):
                    reason = "host code shows whether the variables before it have been made"
                    raise NotPlanned(Refusal("TFM402", self.module.key, atom.statement, reason))
        first = next((a for a in sorted(atoms, key=lambda a: a.number) if host_effect(self.flow, a)), None)
        if first is None:
            return
        for atom in self.region.atoms[first.number + 1 : anchor.number]:
            if self.flow.role(atom) in (Role.HOST, Role.RUN, Role.CONSTANT) and host_effect(self.flow, atom):
                reason = "host code with effects stands between the variables and the rest of the model"
                raise NotPlanned(Refusal("TFM402", self.module.key, atom.statement, reason))

    def place_steps(self) -> None:
        made_optimizers: set[int] = set()
        told: set[int] = set()  # train ops whose comments have found a place
        steps = [s for s in self.plan.steps if not self.runs.is_inline(s)]
        loss_made = False
        for step in steps:
            new: list[cst.BaseStatement] = []
            anchor = self.anchor(step)
            if self.plan.loss is not None and not loss_made and self.uses_loss(step):
                first = min((self.anchor(s) for s in steps if self.uses_loss(s)), key=lambda a: a.number)
                loss = self.functions.loss_function(self.plan.steps)
                self.generated.add(self.functions.loss_name)
                self.insert(first, loss)
                loss_made = True
            if self.plan.loss is not None and self.functions.is_loss(step):
                self.generated.add(step.name)
                continue
            for update in step.updates:
                maker = cast(Optimizer, update.node.details["optimizer"])
                number = maker.number
                atom = self.region.atom_at(maker.place)
                assert atom is not None
                if number in made_optimizers:
                    continue
                made_optimizers |= {number, *(option.number for option in maker.options)}
                if maker.options:
                    self.chosen_optimizers(maker)
                elif self.flow.role(atom) is Role.OPTIMIZER:
                    self.whole[id(maker.call)] = self.functions.optimizer_text(maker)
                    self.rename(atom, self.plan.optimizers[number])
                else:
                    text = self.functions.optimizer_text(maker)
                    name = self.plan.optimizers[number]
                    self.generated.add(name)
                    new += self.templates.statements(f"{name} = {text}\n", {})
                    new[-1] = with_comments(new[-1], update.atom.statement)
                    told.add(id(update.atom))
                build = self.functions.optimizer_build(maker)
                if build:
                    new += self.templates.statements(build, {})
            function = self.functions.step_function(step)
            for update in step.updates:
                if id(update.atom) not in told:
                    told.add(id(update.atom))
                    function[0] = with_comments(function[0], update.atom.statement)
            new += function
            self.generated.add(step.name)
            self.insert(anchor, new)
        for atom in self.region.atoms:
            if self.flow.role(atom) is Role.OPTIMIZER:
                own = {o.number for o in self.staging.optimizers if self.region.atom_at(o.place) is atom}
                if not own & made_optimizers:
                    self.without_optimizer(atom)

        self.place_tracing()

    def rename(self, atom: Atom, name: str) -> None:
        """An optimizer whose name stands for something else later is bound to one of its own."""
        if len(atom.binds) == 1 and name not in atom.binds:
            self.names.update({id(target): name for target in atom.binds.values()})

    def chosen_optimizers(self, chosen: Optimizer) -> None:
        """The optimizers that the host chooses from are made where they were, in statements that stay."""
        for option in chosen.options:
            atom = self.region.atom_at(option.place)
            if atom is None or self.flow.role(atom) not in (Role.OPTIMIZER, Role.HOST):
                reason = "an optimizer that the host chooses is made in a statement that does not stay"
                raise NotPlanned(Refusal("TFM410", self.module.key, option.call, reason))
            self.whole[id(option.call)] = self.functions.optimizer_text(option)

    def without_optimizer(self, atom: Atom) -> None:
        """A statement goes whose optimizer no run uses."""
        if not isinstance(atom.statement, cst.SimpleStatementLine):
            reason = "an optimizer that no run uses is made in a branch of host code"
            raise NotPlanned(Refusal("TFM410", self.module.key, atom.statement, reason))
        self.edits.removed.add(id(atom.statement))

    def place_tracing(self) -> None:
        """Before the first run that reads variables of layers, the functions that build these are traced."""
        traced: set[str] = set()
        # What a saver has from the start is made by tracing the steps, before any of them runs.
        savers = [s for s in self.staging.savers if not needs_only_the_model(self.region, s)]
        for step, makers in self.plan.prebuilt:
            traced_for = [saver.place for saver in savers if step.updates]
            places = [site.place for site in step.sites] + traced_for
            first = min((a for p in places if (a := self.region.atom_at(p)) is not None), key=lambda a: a.number)
            if any(self.anchor(maker).number > first.number for maker in makers):
                reason = "a variable of a layer is read before a function that computes the layer is there"
                raise NotPlanned(Refusal("TFM404", self.module.key, first.statement, reason))
            names = [maker.name for maker in makers if maker.name not in traced]
            traced.update(names)
            self.traced.append((first.number, makers))
            self.insert(first, self.tracing(names))

    def build_before(self, atom: Atom, made: list[Atom]) -> bool:
        """Traces functions that compute what these statements make, before one that reads variables of it.

        False where there is no such function yet, or the statement belongs to an object's methods.
        """
        if self.plan.held is not None:
            return False
        there = [s for number, steps in self.traced if number <= atom.number for s in steps]
        missing = [a for a in made if not any(a in s.parts.atoms for s in there)]
        makers: list[Step] = []
        while missing:
            able = [s for s in self.plan.steps if s.name and any(a in s.parts.atoms for a in missing)]
            able = [s for s in able if self.anchor(s).number <= atom.number and not s.parts.defaults]
            if not able:
                return False
            makers.append(max(able, key=lambda s: (sum(a in s.parts.atoms for a in missing), not s.updates)))
            missing = [a for a in missing if a not in makers[-1].parts.atoms]
        self.traced.append((atom.number, makers))
        self.insert(atom, self.tracing([maker.name for maker in makers]))
        return True

    def tracing(self, names: list[str]) -> list[cst.BaseStatement]:
        """Statements that trace functions for the layers that this builds."""
        made = [s for name in names for s in self.templates.statements(f"{name}.get_concrete_function()\n", {})]
        if made:
            comment = "# Builds the layers, whose variables are read before these are called."
            made[0] = above(made[0], [cst.EmptyLine(comment=cst.Comment(comment))])
        return made

    def uses_loss(self, step: Step) -> bool:
        return (
            self.plan.loss is not None
            and uses_forward(self.flow, self.plan, step)
            and all(a in step.parts.atoms for a in self.plan.loss[1])
            and self.functions._only_loss(step, self.plan.loss[1])
        )

    def anchor(self, step: Step) -> Atom:
        """The last statement that the step is made of, or its first run."""
        atoms = [*step.parts.atoms, *(u.atom for u in step.updates)]
        site = self.region.atom_at(step.sites[0].place)
        assert site is not None
        if not atoms:
            return site
        last = max(atoms, key=lambda a: a.number)
        if self.model_anchor is not None and last.number < self.model_anchor.number <= site.number:
            return self.model_anchor  # the model comes before the functions that read it
        return last if last.number < site.number else site
