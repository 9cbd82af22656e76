"""Savers of a program in native form, behind what makes all that they save."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import CheckpointCall, Staging
from tf2migrate.graph.values import Choice, Const, Instance, Mapping, Node, Optimizer, Saver, Value, is_cell, nodes_in
from tf2migrate.names.tree import walk
from tf2migrate.plan.checkpoints import is_plain, needs_only_the_model, saves_everything
from tf2migrate.plan.flow import Role
from tf2migrate.plan.model import Step, Update
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom, Region
from tf2migrate.rewrite.checkpoints import (
    OTHER_FORMAT,
    checkpoint_call,
    dropped_arguments,
    is_plain_call,
    saver_text,
)
from tf2migrate.rewrite.comments import above

if TYPE_CHECKING:
    from tf2migrate.rewrite.side_outputs import SideOutputs

DEFINITIONS = (cst.FunctionDef, cst.ClassDef, cst.Lambda)
BUILDING = "# Makes the variables that a saver of TensorFlow 1 had from the start."


class Saving:
    """The edits for the savers of one program."""

    def __init__(self, rewriter: SideOutputs) -> None:
        self.rewriter = rewriter
        self.plan, self.flow = rewriter.plan, rewriter.flow
        self.staging, self.region = rewriter.staging, rewriter.region

    def edit(self) -> None:
        """Gives the savers, and the calls of them, their native form."""
        rewriter = self.rewriter
        for site in [*self.staging.checkpoints, *self.ruled_out()]:
            symbols = rewriter.all_symbols[site.place.module]
            rewriter.whole.update((id(value), "None") for value in dropped_arguments(site))
            rewriter.replacements[id(site.call)] = partial(checkpoint_call, symbols, site)
        for saver in self.staging.savers:
            self.place(saver)

    def ruled_out(self) -> Iterator[CheckpointCall]:
        """Calls in branches that a constant rules out, such as `RESTORE = False`: whoever changes it takes them."""
        frame = self.region.frame
        known = {id(site.call) for site in self.staging.checkpoints}
        others = [n for n in walk(frame.owner) if isinstance(n, DEFINITIONS) and n is not frame.owner]
        inside = {id(node) for other in others for node in walk(other)}
        for node in walk(frame.owner):
            match node:
                case cst.Call(
                    func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="save" | "restore" as kind))
                ) if not {id(node)} & (known | inside) and not self.staging.values_of(node):
                    saver = frame.lookup(name)
                    if isinstance(saver, Saver) and is_plain_call(node):
                        yield CheckpointCall(kind, node, frame, saver.place, 0, saver)

    def place(self, saver: Saver) -> None:
        rewriter, module = self.rewriter, saver.place.module
        symbols = rewriter.all_symbols[module]
        holder = self.holder(saver)
        models, optimizers = self.saved(saver, holder)
        only = self.only(saver, holder)
        # What optimizers remember is in no list of the program.
        text = saver_text(self.plan, symbols, saver, models, [] if only else optimizers, only)
        if rewriter.whole.get(id(saver.call), text) != text:
            raise self.refused(saver, "this saver is made in several ways")
        if id(saver.call) in rewriter.whole:
            return
        rewriter.whole[id(saver.call)] = text
        prefix = f"{holder}." if self.plan.held is not None else ""
        lines = "".join(f"{prefix}{name}.get_concrete_function()\n" for name in self.building(saver))
        if lines:
            made = rewriter.templates.statements(lines, {})
            made[0] = above(made[0], [cst.EmptyLine(comment=cst.Comment(BUILDING))])
            statement = self.statement(saver)
            rewriter.edits.before.setdefault(id(statement), []).extend(made)
        rewriter.notes.append(Refusal("TFM803", module, saver.call, OTHER_FORMAT))

    def statement(self, saver: Saver) -> cst.CSTNode:
        """The statement before which all that is saved has to be there."""
        atom = self.region.atom_at(saver.place)
        if atom is None or atom is self.region.after:
            return saver.place.steps[-1].statement
        return outermost(atom, self.region) if self.plan.held is not None else atom.statement

    # ------------------------------------------------------------------ what is saved
    def saved(self, saver: Saver, holder: str) -> tuple[list[str], list[str]]:
        """The models and the optimizers, as they are called where the saver is made."""
        plan = self.plan
        updates = [u for s in plan.steps if not s.is_external for u in s.updates if not _is_nothing(u, saver)]
        makers = [cast(Optimizer, update.node.details["optimizer"]) for update in updates]
        names = dict.fromkeys(plan.optimizers[maker.number] for maker in makers)
        if plan.held is None:
            models = [item.name for item in plan.objects] if plan.networks else [plan.model]
            return [name for name in models if name], list(names)
        optimizers = [self.renamed(name, holder) for name in names]
        return [holder] if plan.held.keras else self.one_by_one(holder), optimizers

    def one_by_one(self, holder: str) -> list[str]:
        """The variables and layers of an object that is no Keras model."""
        functions, plan = self.rewriter.functions, self.plan
        names = [f"{plan.model}.{item.name}" for item in plan.objects]
        inside = {number for item in plan.objects for number in item.owned}
        for name, leaves in self.rewriter.composer.stacks():
            if not leaves & inside:
                names.append(f"{plan.model}.{name}")
                inside |= leaves
        for node, _ in self.staging.touched:
            if node.number not in inside and node.kind in ("variable", "layer"):
                names.append(functions.variable_reference(node))
        return [self.renamed(name, holder) for name in dict.fromkeys(names)]

    def renamed(self, name: str, holder: str) -> str:
        return f"{holder}.{name.removeprefix(f'{self.plan.model}.')}"

    def only(self, saver: Saver, holder: str) -> str:
        """The list or dict of the variables that a saver is limited to; empty where it saves all."""
        if saves_everything(self.staging, saver):
            return ""
        functions = self.rewriter.functions
        if self.plan.held is not None and holder != self.plan.model:
            raise self.refused(saver, "a saver of some variables, made outside of their class, is not rewritten yet")
        if isinstance(saver.listed, Mapping):
            pairs = [(key, cast(Node, node)) for key, node in saver.listed.items.items()]
            return "{" + ", ".join(f'"{key}": {functions.variable_reference(node)}' for key, node in pairs) + "}"
        return functions.variables_text(list(nodes_in(saver.listed)))

    def holder(self, saver: Saver) -> str:
        """The object that holds the graph, as it is called where the saver is made."""
        held = self.region.held
        if held is None:
            return ""
        if self.region.atom_at(saver.place) is not self.region.after:
            if saver.place.steps[-1].frame is not self.region.frame:
                raise self.refused(saver, "a saver that is made by a method of its own is not rewritten yet")
            return self.plan.model
        found = next(_paths(saver.place.steps[-1].frame, (held, *self.staging.instead)), None)
        if found is None:
            raise self.refused(saver, "the object that holds the graph has no name where this saver is made")
        return found

    # ------------------------------------------------------------------ when it is there
    def building(self, saver: Saver) -> list[str]:
        """The steps whose first trace makes layers and slots, which have to be there when the saver is made."""
        if needs_only_the_model(self.region, saver):
            return []
        atom = self.region.atom_at(saver.place)
        assert atom is not None
        training = [s for s in self.plan.steps if any(not _is_nothing(u, saver) for u in s.updates)]
        if self.is_late(atom, training):
            reason = "what this saver saves is not complete where it is made, in the order of the rewrite"
            raise self.refused(saver, reason, "make it behind the model")
        out: list[str] = []
        built: set[int] = set()
        layers = {n.number for n in self.staging.nodes if self.is_made_lazily(n)}
        others = [s for s in self.plan.steps if s not in training and not self.rewriter.runs.is_inline(s)]
        for step in [*training, *others]:
            makes = {u.node.number for u in step.updates}
            makes |= {number for number in step.execution.nodes if number in layers}
            if makes - built and (step in training or (makes - built) & layers):
                if step in others and self.is_late(atom, [step]):
                    continue
                out.append(step.name)
                built |= makes
        if layers - built:
            raise self.refused(saver, "this saver saves layers that no run of the program uses")
        return out

    def is_made_lazily(self, node: Node) -> bool:
        """Whether a layer or variable is there only when something has called what holds it."""
        if node.kind != "variable":
            return node.kind == "layer"
        owners = {id(step.frame.owner) for step in node.place.steps}
        return is_cell(node) or any(key in owners and f.shapes for key, f in self.plan.layers.items())

    def is_late(self, saver: Atom, steps: list[Step]) -> bool:
        """Whether something that the saver needs stands behind it."""
        if saver is self.region.after:
            return False
        parts = [a for a in self.region.atoms if self.flow.role(a) is Role.VARIABLE]
        parts += self.plan.forward.atoms if self.plan.forward is not None else []
        parts += [a for a in self.region.atoms if any(n.number in self.rewriter.composer.inner for n in a.nodes)]
        # A layer is made where it is called first.
        calls = [[self.region.atom_at(c.place) for c in item.calls] for item in self.plan.objects]
        parts += [min(known, key=lambda a: a.number) for found in calls if (known := [a for a in found if a])]
        if self.plan.held is not None:
            parts += [atom for _, _, atom in self.plan.held.added if atom is not None]
        behind = any(a.number > saver.number for a in parts)
        return behind or any(self.rewriter.anchor(s).number >= saver.number for s in steps)

    def refused(self, saver: Saver, reason: str, advice: str = "") -> NotPlanned:
        return NotPlanned(Refusal("TFM803", saver.place.module, saver.call, reason, advice))


def _is_nothing(update: Update, saver: Saver) -> bool:
    """Whether the optimizer of an update is made after a saver, which misses nothing of it."""
    return update.node.number >= saver.count and is_plain(update.node)


def first_saver(staging: Staging, region: Region) -> cst.CSTNode | None:
    """The statement of the body that builds the graph before which the functions have to be there for a saver."""
    for saver in staging.savers:
        atom = region.atom_at(saver.place)
        if atom is not None and atom is not region.after:
            return outermost(atom, region)
    return None


def outermost(atom: Atom, region: Region) -> cst.CSTNode:
    """A statement, or the loop or branch of the host that it stands in."""
    return next((p for p in atom.parents if p not in region.dissolved), atom.statement)


def _paths(frame: Frame, wanted: tuple[Value, ...]) -> Iterator[str]:
    """Names by which one of several objects is known in a frame, or as an attribute of what is."""

    def stands_for_one(value: Value) -> bool:
        options = value.options if isinstance(value, Choice) else [value]
        return all(any(option is one for one in wanted) for option in options)

    scope: Frame | None = frame
    while scope is not None:
        known = [(n, v) for n, v in scope.env.items() if frame.lookup(n) is v and not isinstance(v, Const)]
        yield from (name for name, value in known if stands_for_one(value))
        for name, value in known:
            if isinstance(value, Instance):
                yield from (f"{name}.{key}" for key, inner in value.attributes.items() if stands_for_one(inner))
        scope = scope.parent
