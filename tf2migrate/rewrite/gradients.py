"""The gradients of a step: what stands under its tape, and the calls that take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.graph.values import (
    Node,
    Sequence,
    nodes_in,
)
from tf2migrate.plan.forward import is_gradient
from tf2migrate.plan.model import Slice, Step
from tf2migrate.plan.region import Atom, names_read
from tf2migrate.plan.slices import Slicer
from tf2migrate.rewrite.model_text import ModelText


@dataclass(slots=True)
class Gradients(ModelText):
    """Parts a step at its gradients, and renders those."""

    def split(self, step: Step, atoms: list[Atom]) -> tuple[list[Atom], list[Atom]]:
        """Statements that the loss needs, and the others; whatever needs a gradient comes after the tape."""
        flow = self.plan.flow
        slicer = Slicer(flow)
        parts = Slice()
        reads: list[tuple[str, Atom]] = []
        for update in step.updates:
            if update.node.op == "minimize":
                reads += [(n.value, update.atom) for n in names_read(update.call.args[0].value)]
        for atom in atoms:
            if is_gradient(atom):
                reads += [(r.name, atom) for r in flow.reads(atom)]
        slicer.backward(reads, step.parts.parameters, parts)
        self.ordered(step, slicer, parts)
        late = {id(a) for a in atoms if is_gradient(a)}
        for atom in atoms:
            if any(id(s) in late for r in flow.reads(atom) for s in flow.reaching(r.name, atom)):
                late.add(id(atom))
        if any(a in parts.atoms and id(a) in late for a in atoms if not is_gradient(a)):
            raise self.refused(step, "gradients of gradients are not rewritten yet")
        if any(is_gradient(a) and a in parts.atoms for a in atoms):
            raise self.refused(step, "gradients of gradients are not rewritten yet")
        taped = [a for a in atoms if a in parts.atoms]
        after = [a for a in atoms if a not in parts.atoms]
        for atom in after:
            for other in taped:
                if other.number > atom.number and any(name in other.binds for r in [atom] for name in r.binds):
                    raise self.refused(step, "a name is bound again between the loss and its update")
        return taped, after

    def ordered(self, step: Step, slicer: Slicer, parts: Slice) -> None:
        """Adds the assignments that come before something in ``parts``."""
        region = self.plan.flow.region
        for node in reversed(step.execution.assigns):
            atom = region.atom_at(node.place)
            inside = [n for a in parts.atoms for n in a.nodes if n.number in step.execution.nodes]
            if atom in step.parts.atoms and any(node.number in step.execution.earlier(n) for n in inside):
                slicer.backward([], step.parts.parameters, parts, [atom])

    def gradient_calls(self, step: Step) -> list[Node]:
        seen: dict[int, Node] = {}
        for atom in step.parts.atoms:
            for node in atom.nodes:
                if node.op == "tf.gradients" and node.expression is not None:
                    if not self.composer.direct(node):
                        raise self.refused(step, "gradients taken in another function are not rewritten yet")
                    seen.setdefault(id(node.expression), node)
        return list(seen.values())

    def persistence(self, step: Step) -> str:
        count = len(self.gradient_calls(step)) + sum(u.node.op == "minimize" for u in step.updates)
        return "persistent=True" if count > 1 else ""

    def watched(self, step: Step) -> list[cst.BaseStatement]:
        """Inputs that gradients are taken by: a tape watches variables only."""
        out: list[cst.BaseStatement] = []
        names: list[str] = []
        for call in self.gradient_calls(step):
            for atom in step.parts.atoms:
                for node in atom.nodes:
                    if node.op != "tf.gradients" or node.expression is not call.expression:
                        continue
                    by = node.details.get("variable")
                    if isinstance(by, Node) and by.kind == "placeholder" and by in step.parts.parameters:
                        name = self.plan.parameter_names[by.number]
                        if name not in names:
                            names.append(name)
                    elif not isinstance(by, Node) or by.kind not in ("variable", "layer") or not by.trainable:
                        raise self.refused(step, "gradients by an intermediate tensor are not rewritten yet")
        for name in names:
            out += self.templates.statements(f"{self.tapes[id(step)]}.watch({name})\n", {})
        return out

    def gradient_texts(self, step: Step, tape: str) -> dict[int, str]:
        """``compute_gradients`` and ``tf.gradients`` as calls of the tape."""
        out: dict[int, str] = {}
        for node in self.gradient_calls(step):
            call = cast(cst.Call, node.expression)
            atom = self.plan.flow.region.atom_at(node.place)
            assert atom is not None
            texts = self.arguments(call, atom)
            if self.composer.symbols.canonical(call.func) == "tf.gradients":
                if len(texts) > 2 or ("ys" not in texts and "0" not in texts):
                    raise self.refused(step, "these arguments of `tf.gradients` are not rewritten yet")
                ys, xs = texts.get("ys", texts.get("0", "")), call.args[1] if len(call.args) > 1 else None
                assert xs is not None
                by = self.by_expression(xs.value, atom, step)
                value = self.plan.flow.staging.value_in(xs.value, self.plan.flow.region.frame)
                listed = isinstance(value, Sequence)
                out[id(call)] = f"{tape}.gradient({ys}, {by})" if listed else f"{tape}.gradient({ys}, [{by}])"
            else:
                loss = texts.get("loss", texts.get("0", ""))
                variables = self.variables_text(self._targets(node, step))
                extra = {k for k in texts if k not in ("loss", "0", "var_list", "1")}
                if extra:
                    raise self.refused(step, f"`compute_gradients({extra.pop()}=...)` is not rewritten yet")
                out[id(call)] = f"list(zip({tape}.gradient({loss}, {variables}), {variables}))"
        return out

    def arguments(self, call: cst.Call, atom: Atom) -> dict[str, str]:
        """The arguments of a call that takes gradients, by name or position; only what is computed has a text.

        Variables are written out from what they are, not from how they were listed.
        """
        out: dict[str, str] = {}
        position = 0
        for arg in call.args:
            if arg.keyword is not None:
                key = arg.keyword.value
            else:
                key, position = str(position), position + 1
            if key != "name":
                wanted = key in ("0", "loss", "ys", "grads_and_vars")
                out[key] = self.composer.rendered(arg.value, atom, self.plan.model) if wanted else ""
        return out

    def by_expression(self, expression: cst.BaseExpression, atom: Atom, step: Step) -> str:
        value = self.plan.flow.staging.value_in(expression, self.plan.flow.region.frame)
        nodes = list(nodes_in(value))
        if isinstance(value, Sequence) and all(n.kind in ("variable", "layer") for n in nodes):
            return self.variables_text(nodes)
        return self.composer.rendered(expression, atom, self.plan.model)

    def _targets(self, node: Node, step: Step) -> list[Node]:
        out: list[Node] = []
        for atom in step.parts.atoms:
            for other in atom.nodes:
                by = other.details.get("variable")
                if other.op == "tf.gradients" and other.expression is node.expression and isinstance(by, Node):
                    out.append(by)
        return out
