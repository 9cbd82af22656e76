"""The gradients of a step: what stands under its tapes, and the calls that take them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.api.calls_model import Argument, Refused
from tf2migrate.api.gradients import by_name, tape_gradient
from tf2migrate.graph.arguments import argument
from tf2migrate.graph.values import (
    Node,
)
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.model import Slice, Step
from tf2migrate.plan.normalization import normalizing
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer
from tf2migrate.plan.strata import Strata, Taking, Tangled, Watch, find_strata
from tf2migrate.plan.taped import way
from tf2migrate.rewrite.model_text import ModelText
from tf2migrate.rewrite.tapes import Tapes, first_elements, single, tape_name


@dataclass(slots=True)
class Layers:
    """How a step is parted at its gradients: a level for each call and update, and a stratum for each statement."""

    step: Step
    atoms: list[Atom]
    strata: Strata
    calls: dict[int, int] = field(default_factory=dict)
    updates: dict[int, int] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    start: int = -1

    def at(self, stratum: int) -> list[Atom]:
        return [a for a, number in zip(self.atoms, self.strata.of, strict=True) if number == stratum]


@dataclass(slots=True)
class Gradients(ModelText):
    """Parts a step at its gradients, and renders those."""

    def layers(self, step: Step, atoms: list[Atom]) -> Layers:
        """The strata of a step's own statements; what the model and the loss function compute is in the lowest."""
        numbers = {id(atom): number for number, atom in enumerate(atoms)}
        calls, updates = self.gradient_calls(step), [u for u in step.updates if u.node.op == "minimize"]
        takings: list[Taking] = []
        for node in calls:
            atom = self.plan.flow.region.atom_at(node.place)
            target = argument(cast(cst.Call, node.expression), 0, "ys") or argument(
                cast(cst.Call, node.expression), 0, "loss"
            )
            if atom is None or target is None:
                raise self.refused(step, "these arguments of `tf.gradients` are not rewritten yet")
            takings.append(Taking(numbers[id(atom)], self.behind(step, target, atom, numbers)))
        for update in updates:
            target = update.call.args[0].value
            takings.append(Taking(None, self.behind(step, target, update.atom, numbers)))
        try:
            strata = find_strata(len(atoms), takings, late=True, steady=self.passes(step, numbers))
        except Tangled:
            raise self.refused(step, "what this gradient is of is computed in the same statement") from None
        made = Layers(step, atoms, strata)
        made.calls = {id(n.expression): level for n, level in zip(calls, strata.levels, strict=False)}
        made.updates = {u.node.number: level for u, level in zip(updates, strata.levels[len(calls) :], strict=True)}
        self.check_order(made)
        self.watch(made, numbers)
        return made

    def behind(
        self, step: Step, target: cst.BaseExpression, atom: Atom, numbers: dict[int, int]
    ) -> frozenset[int]:
        """The statements of a step that lead to what is differentiated."""
        slicer, parts = Slicer(self.plan.flow), Slice()
        slicer.backward([(n.value, atom) for n in names_read(target)], step.parts.parameters, parts)
        self.ordered(step, slicer, parts)
        return frozenset(numbers[id(a)] for a in parts.atoms if id(a) in numbers)

    def passes(self, step: Step, numbers: dict[int, int]) -> frozenset[int]:
        """The statements that lead to moving averages: those of one layer are updated in the order of the source."""
        slicer, parts = Slicer(self.plan.flow), Slice()
        slicer.backward([], step.parts.parameters, parts, normalizing(self.plan.flow, step.execution))
        return frozenset(numbers[id(a)] for a in parts.atoms if id(a) in numbers)

    def check_order(self, made: Layers) -> None:
        """Statements that change places may not bind what the other one binds or reads."""
        order = [made.atoms[i] for i in made.strata.order()]
        for position, atom in enumerate(order):
            for other in order[position + 1 :]:
                if other.number > atom.number:
                    continue
                read = {r.name for r in self.plan.flow.reads(other)}
                if set(atom.binds) & (set(other.binds) | read):
                    raise self.refused(made.step, "a name is bound again between the loss and its update")

    def watch(self, made: Layers, numbers: dict[int, int]) -> None:
        """What tapes have to be told of, because it is no variable; and that they see all ways back to it."""
        variables = any(level == 1 for level in made.updates.values())
        for node in self.gradients(made.step):
            level = made.calls[id(node.expression)]
            by = node.details.get("variable")
            if not isinstance(by, Node):
                raise self.refused(made.step, "what these gradients are taken by is not known")
            if by.kind in ("variable", "layer") and by.trainable:
                variables |= level == 1
                start = None
            else:
                start = self.name(made, by, level, numbers)
            region = self.plan.flow.region
            taken = region.atom_at(node.place)
            for other in way(node):
                atom = region.atom_at(other.place)
                number = numbers.get(id(atom), -1)
                late = number >= 0 and made.strata.of[number] >= level
                if late or atom is taken or (start is not None and number <= start >= 0):
                    raise self.refused(made.step, "a tape would not see all of what this gradient goes back through")
        made.start = -1 if variables else min((w.statement for w in made.watches if w.level == 1), default=-1)

    def name(self, made: Layers, by: Node, level: int, numbers: dict[int, int]) -> int:
        """Adds the watch of a tensor, by the name that it has behind the statement with the number that is given."""
        flow = self.plan.flow
        atom = flow.region.atom_at(by.place)
        if by in made.step.parts.parameters:
            watch = Watch(level, -1, self.plan.parameter_names[by.number])
        elif atom is not None and id(atom) in numbers and isinstance(atom.statement, cst.SimpleStatementLine):
            names = [name for name in atom.binds if flow.bound_value(atom, name) is by]
            if not names:
                raise self.refused(made.step, "what this gradient is taken by has no name")
            watch = Watch(level, numbers[id(atom)], self.plan.local_name(names[0]))
        else:
            raise self.refused(made.step, "gradients by this tensor are not rewritten yet")
        if watch not in made.watches:
            made.watches.append(watch)
        return watch.statement

    def ordered(self, step: Step, slicer: Slicer, parts: Slice) -> None:
        """Adds the assignments that come before something in ``parts``."""
        region = self.plan.flow.region
        for node in reversed(step.execution.assigns):
            atom = region.atom_at(node.place)
            inside = [n for a in parts.atoms for n in a.nodes if n.number in step.execution.nodes]
            if atom in step.parts.atoms and any(node.number in step.execution.earlier(n) for n in inside):
                slicer.backward([], step.parts.parameters, parts, [atom])

    def gradients(self, step: Step) -> list[Node]:
        """The gradients that a step takes in its own statements."""
        inner = self.plan.flow.inner_gradients
        return [
            node
            for atom in step.parts.atoms
            for node in atom.nodes
            if node.op == "tf.gradients" and node.expression is not None and node.number not in inner
        ]

    def gradient_calls(self, step: Step) -> list[Node]:
        """One gradient of each call that takes some."""
        seen: dict[int, Node] = {}
        for node in self.gradients(step):
            if not self.composer.direct(node):
                raise self.refused(step, "gradients taken in another function are not rewritten yet")
            seen.setdefault(id(node.expression), node)
        return list(seen.values())

    def step_tapes(self, made: Layers) -> Tapes:
        counts = Counter([*made.calls.values(), *made.updates.values()])
        return Tapes(self.tf, self.plan, self.templates, counts, made.watches, made.start)

    def gradient_texts(self, made: Layers) -> dict[int, str]:
        """``compute_gradients`` and ``tf.gradients`` as calls of the tape."""
        out: dict[int, str] = {}
        step = made.step
        for node in self.gradient_calls(step):
            call = cast(cst.Call, node.expression)
            atom = self.plan.flow.region.atom_at(node.place)
            assert atom is not None
            tape = tape_name(self.plan, made.calls[id(call)])
            if self.composer.symbols.canonical(call.func) == "tf.gradients":
                self.taken(call, atom, tape, out)
                continue
            texts = self.arguments(call, atom)
            loss = texts.get("loss", texts.get("0", ""))
            variables = self.variables_text(self._targets(node, step), as_listed=True)
            extra = {k for k in texts if k not in ("loss", "0", "var_list", "1")}
            if extra:
                raise self.refused(step, f"`compute_gradients({extra.pop()}=...)` is not rewritten yet")
            out[id(call)] = f"list(zip({tape}.gradient({loss}, {variables}), {variables}))"
        return out

    def taken(self, call: cst.Call, atom: Atom, tape: str, out: dict[int, str]) -> None:
        """The text of one call of ``tf.gradients``, or of the one element of its list that is read."""
        symbols = self.composer.symbols
        given = [
            Argument(self.rendered(arg.value, atom, out), arg.keyword.value if arg.keyword else None, arg.star)
            for arg in call.args
        ]
        texts = by_name(given)
        if isinstance(texts, Refused):
            raise symbols.refused(texts, call)
        xs = cast(cst.BaseExpression, argument(call, 1, "xs"))
        texts["xs"] = self.by_expression(xs, atom)
        only = single(xs, self.plan.flow.staging)
        elements = list(first_elements(atom.statement, call)) if only is not None else []
        if elements and only is not None:
            texts["xs"] = self.by_expression(only, atom)
            out.update((id(element), tape_gradient(tape, texts)) for element in elements)
        elif only is xs:
            texts["xs"] = f"[{texts['xs']}]"
        out[id(call)] = tape_gradient(tape, texts)

    def rendered(self, expression: cst.BaseExpression, atom: Atom, done: dict[int, str]) -> str:
        edit = self.composer.substitution(atom, self.plan.model, dict(done), expression)
        return self.composer.symbols.code(cast(cst.BaseExpression, expression.visit(edit))).strip()

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

    def by_expression(self, expression: cst.BaseExpression, atom: Atom) -> str:
        """What gradients are taken by, in the order of the user: they are paired with it again."""
        text = self.composer.rendered(expression, atom, self.plan.model)
        # The name of a sum of lists is written out in parentheses, which an argument does not need.
        return text[1:-1] if isinstance(expression, cst.Name) and text.startswith("(") else text

    def _targets(self, node: Node, step: Step) -> list[Node]:
        out: list[Node] = []
        for atom in step.parts.atoms:
            for other in atom.nodes:
                by = other.details.get("variable")
                if other.op == "tf.gradients" and other.expression is node.expression and isinstance(by, Node):
                    out.append(by)
        return out
