"""One function for each distinct run, made of the statements that it needs."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from tf2migrate.names.returns import return_directly
from tf2migrate.plan.forward import fetch_reads, is_gradient, uses_forward
from tf2migrate.plan.held import plain
from tf2migrate.plan.model import Step, Update
from tf2migrate.plan.region import Atom
from tf2migrate.rewrite.effects import as_statements, with_comment_of_block
from tf2migrate.rewrite.metrics import metric_lines, metrics_of
from tf2migrate.rewrite.results import Results
from tf2migrate.rewrite.signatures import placeholder_argument
from tf2migrate.rewrite.tapes import Piece


@dataclass(slots=True)
class Functions(Results):
    """Builds the definitions of one plan as statements."""

    def step_function(self, step: Step) -> list[cst.BaseStatement]:
        """One function under ``@tf.function``; its parameters are what the run feeds."""
        body, holes = self.body(step)
        returned = self.returned(step)
        text = self.head(step, step.parts.parameters) + "".join(f"    {part}\n" for part in body)
        if body == ["__body__"] and returned.isidentifier():
            holes["__body__"] = return_directly(holes["__body__"], returned)
        elif returned:
            text += f"    return {returned}\n"
        if not body and not returned:
            text += "    pass\n"
        return self.templates.statements(text, holes)

    def body(self, step: Step) -> tuple[list[str], dict[str, list[cst.BaseStatement]]]:
        """The lines of a step, with holes for the user's statements."""
        holes: dict[str, list[cst.BaseStatement]] = {}
        lines: list[str] = []
        atoms = list(step.parts.atoms)
        before: list[cst.BaseStatement] = [s for atom in step.parts.defaults for s in self.default(atom)]
        shared = self.plan.loss
        use_loss = (
            shared is not None and uses_forward(self.plan.flow, self.plan, step) and all(a in atoms for a in shared[1])
        )
        forward = self.plan.forward
        rest = atoms
        if use_loss and shared is not None and self._only_loss(step, shared[1]):
            arguments = ", ".join(self.loss_parameters(next(s for s in self.plan.steps if s.updates)))
            prefix = f"{self.plan.model}." if self.plan.held is not None else ""
            output = self.plan.local_name(shared[2])
            before += self.templates.statements(f"{output} = {prefix}{self.loss_name}({arguments})\n", {})
            rest = [a for a in atoms if a not in shared[1] and (forward is None or a not in forward.atoms)]
        elif uses_forward(self.plan.flow, self.plan, step) and forward is not None:
            before += self.forward_call()
            rest = [a for a in atoms if a not in forward.atoms]
        gradient = [a for a in rest if is_gradient(self.plan.flow, a)]
        if not step.updates and not gradient:
            holes["__body__"] = before + self.moved(step, rest)
            if holes["__body__"]:
                lines.append("__body__")
            return lines, holes
        layers = self.layers(step, rest)
        extra = self.gradient_texts(layers)
        pieces = [Piece(-2, 0, before)] if before else []
        for index, (atom, stratum) in enumerate(zip(rest, layers.strata.of, strict=True)):
            if stratum < layers.strata.top:
                pieces.append(Piece(index, stratum, self.moved(step, [atom], extra)))
        lines += self.step_tapes(layers).blocks(pieces, holes)
        after = layers.at(layers.strata.top)
        for number, update in enumerate(sorted(step.updates, key=lambda u: u.atom.number)):
            made = self.apply(update, layers.updates.get(update.node.number, 1), holes, self.suffix(step, update))
            shown = self.shown_before(step, update, after)
            earlier = [a for a in after if a.number < update.atom.number or id(a) in shown]
            after = [a for a in after if a not in earlier]
            uses = (".learning_rate.assign(", ".apply_gradients(")
            position = next((i for i, u in enumerate(made) if any(use in u for use in uses)), len(made))
            name = f"__before_{number}__"
            holes[name] = self.moved(step, earlier, extra)
            lines += [*made[:position], *([name] if holes[name] else []), *made[position:]]
        holes["__after__"] = self.moved(step, after, extra)
        return [*lines, *(["__after__"] if holes["__after__"] else [])], holes

    def shown_before(self, step: Step, update: Update, among: list[Atom]) -> set[int]:
        """Summaries, and what leads to them, that are computed before the update: from the variables of the loss."""
        shown = {id(a) for a in among if any(n.kind == "summary" for n in a.nodes)}
        grown = bool(shown)
        while grown:
            found = {
                id(source)
                for a in among
                if id(a) in shown
                for read in self.plan.flow.reads(a)
                for source in self.plan.flow.reaching(read.name, a)
                if source in among
            }
            grown = not found <= shown
            shown |= found
        nodes = [n for a in among if id(a) in shown for n in a.nodes]
        late = any(n.kind == "assign" or update.node.number in step.execution.earlier(n) for n in nodes)
        return set() if late else shown

    def suffix(self, step: Step, update: Update) -> str:
        """What tells the names of one update from those of the others in a step."""
        if len(step.updates) == 1:
            return ""
        name = next(iter(update.atom.binds), "")
        return f"_of_{plain(name)}" if name and len(update.atom.binds) == 1 else f"_{step.updates.index(update) + 1}"

    def _only_loss(self, step: Step, atoms: list[Atom]) -> bool:
        """Whether nothing else in the step needs the prediction itself."""
        flow = self.plan.flow
        forward = self.plan.forward
        assert forward is not None
        inside = {id(a) for a in [*atoms, *forward.atoms]}
        readers = [(r.name, a) for a in step.parts.atoms if id(a) not in inside for r in flow.reads(a)]
        readers += fetch_reads(flow, step)
        output = self.plan.loss[2] if self.plan.loss else ""
        for name, reader in readers:
            for source in flow.reaching(name, reader):
                if id(source) in inside and name != output:
                    return False
        return True

    def default(self, atom: Atom) -> list[cst.BaseStatement]:
        """A placeholder with a default that this run does not feed."""
        out: list[cst.BaseStatement] = []
        for node in atom.nodes:
            if node.op == "tf.placeholder_with_default":
                given = placeholder_argument(node, 0, "input")
                text = self.composer.rendered(given.value, atom, self.plan.model) if given is not None else "None"
                name = self.plan.parameter_names[node.number]
                out += self.templates.statements(f"{name} = {self.tf}.convert_to_tensor({text})\n", {})
        return out

    def moved(self, step: Step, atoms: list[Atom], extra: dict[int, str] | None = None) -> list[cst.BaseStatement]:
        """The user's statements in a step, updates without the names that nothing reads."""
        out: list[cst.BaseStatement] = []
        for atom in atoms:
            if metrics_of(atom):
                lines = "".join(f"{line}\n" for line in metric_lines(self.composer, step, atom, self.plan.model))
                made = self.templates.statements(lines, {})
                above = [line for line in getattr(atom.statement, "leading_lines", ()) if line.comment is not None]
                out += [made[0].with_changes(leading_lines=above), *made[1:]] if above and made else made
                continue
            known = self.reached(step, atom, atom.reads)
            made = self.composer.moved(atom, self.plan.model, {**known, **extra} if extra else known)
            if self.is_only_effect(step, atom):
                made = [part for statement in made for part in as_statements(statement, self.is_group)]
            out += with_comment_of_block(atom, made)
        return out

    def is_group(self, called: cst.BaseExpression) -> bool:
        return self.composer.symbols.code(called) == f"{self.tf}.group"

    def is_only_effect(self, step: Step, atom: Atom) -> bool:
        """Whether a statement makes updates of a step, and nothing in the step reads what it binds."""
        if not any(n.kind == "assign" and n.number in step.execution.nodes for n in atom.nodes):
            return False
        flow = self.plan.flow
        reads = [(r.name, a) for a in step.parts.atoms for r in flow.reads(a)]
        reads += fetch_reads(flow, step)
        return not any(atom in flow.reaching(name, reader) for name, reader in reads if name in atom.binds)
