"""Puts a program together whose graph an object holds: the class keeps its place and gets methods for the runs."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.values import Graph, Optimizer, Session, Setting, Value
from tf2migrate.names.tree import children, is_docstring
from tf2migrate.plan.chosen_optimizers import called_as
from tf2migrate.plan.flow import Role
from tf2migrate.plan.held import GONE, Held, is_none, plain, walk
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import is_idle
from tf2migrate.rewrite.getters import given_by
from tf2migrate.rewrite.outside_lists import outside_lists
from tf2migrate.rewrite.program import Rewriter
from tf2migrate.rewrite.savers import first_saver

OPENED = (Role.STAGED, Role.PLACEHOLDER)


class HeldRewriter(Rewriter):
    """Rewrites a program of which an object holds the graph."""

    def __init__(self, plan: Plan, marks: bool = False) -> None:
        super().__init__(plan, marks)
        assert plan.held is not None
        self.held: Held = plan.held
        self.together: list[HeldRewriter] = [self]
        self.methods: list[cst.BaseStatement] = []
        self.built: list[str] = []

    def refused(self, code: str, where: cst.CSTNode, reason: str) -> NotPlanned:
        return NotPlanned(Refusal(code, self.module.key, where, reason))

    def host_names(self) -> None:
        """The class stands where it stood: nothing has to be handed to it."""

    # ------------------------------------------------------------------ what goes
    def remove_graph(self) -> None:
        super().remove_graph()
        self.gone = {plain(n) for a in self.region.atoms if self.flow.role(a) in GONE for n in a.binds if "." in n}
        kept = {plain(n) for a in self.region.atoms if self.flow.role(a) is Role.VARIABLE for n in a.binds}
        for symbols in self.all_symbols.values():
            for node in walk(symbols.module.tree):
                if isinstance(node, cst.Assign):
                    self.gone |= {name for name in _targets(node) if self.is_session(node.value)}
        self.gone -= kept
        for symbols in self.all_symbols.values():
            for node in walk(symbols.module.tree):
                if isinstance(node, cst.SimpleStatementLine) and is_none(node):
                    names = _targets(node.body[0])
                    if names and names <= self.gone and not self.is_foreign(node.body[0]):
                        self.edits.removed.add(id(node))

    def is_foreign(self, node: cst.CSTNode) -> bool:
        """Whether an assignment sets attributes of other objects only."""
        bases = [t.target.value for t in getattr(node, "targets", ()) if isinstance(t.target, cst.Attribute)]
        known = [value for base in bases for value in self.staging.values_of(base)]
        return bool(known) and not any(value is self.region.held for value in known)

    def is_session(self, expression: cst.BaseExpression) -> bool:
        values: list[Value] = self.staging.values_of(expression)
        return bool(values) and all(isinstance(v, Session | Graph | Setting) for v in values)

    # ------------------------------------------------------------------ what comes
    def place_model(self) -> None:
        self.composer.building = True
        drawn: set[int] = set()
        for atom in self.region.atoms:
            made: list[cst.BaseStatement] = []
            for item in self.plan.objects:
                if self.region.atom_at(item.calls[0].place) is atom:
                    text = f"{self.plan.model}.{item.name} = {self.composer.object_constructor(item)}\n"
                    made.extend(self.templates.statements(text, {}))
            if self.flow.role(atom) is Role.VARIABLE:
                made.extend(self.functions.initial_statements(atom, drawn))
                made.extend(self.functions.variable_statement(atom))
                self.edits.removed.discard(id(atom.statement))
                self.edits.replaced[id(atom.statement)] = made
                continue
            if self.flow.role(atom) is Role.STAGED:
                for node in atom.nodes:
                    if node.number in self.composer.inner:
                        made.extend(self.functions.inner_statement(node, atom))
            self.insert(atom, made)
        self.composer.building = False
        forward = self.functions.forward_definition()
        if forward:
            self.methods += forward
            self.generated.add(self.functions.forward_method())

    def place_steps(self) -> None:
        self.place_optimizers()
        steps = [s for s in self.plan.steps if not self.runs.is_inline(s)]
        loss_made = False
        for step in steps:
            if self.plan.loss is not None and not loss_made and self.uses_loss(step):
                self.methods += self.functions.loss_function(self.plan.steps)
                self.generated.add(self.functions.loss_name)
                loss_made = True
            if self.plan.loss is not None and self.functions.is_loss(step):
                self.generated.add(step.name)
                continue
            self.methods += self.functions.step_function(step)
            self.generated |= {step.name, f"_{step.name}"}
        self.finish_class()

    def place_optimizers(self) -> None:
        used = {
            maker.number
            for step in self.plan.steps
            for update in step.updates
            if isinstance(used_one := update.node.details.get("optimizer"), Optimizer)
            for maker in (used_one, *used_one.options)
        }
        self.composer.building = True
        options = {option for maker in self.staging.optimizers for option in maker.options if maker.number in used}
        for maker in self.staging.optimizers:
            atom = self.region.atom_at(maker.place)
            assert atom is not None
            if maker in options:
                continue
            if maker.number not in used:
                if self.flow.role(atom) is Role.OPTIMIZER:
                    self.without_optimizer(atom)
                continue
            build = self.functions.optimizer_build(maker)
            if build:
                self.built.append(build)
            if maker.options:
                self.keep_chosen(maker)
                continue
            text = f"{self.plan.optimizers[maker.number]} = {self.functions.optimizer_text(maker)}\n"
            made = self.templates.statements(text, {})
            if self.flow.role(atom) is not Role.OPTIMIZER:
                self.insert(atom, made)
                continue
            match atom.statement:
                case cst.SimpleStatementLine(body=[cst.Assign(targets=[_], value=value)]) if value is maker.call:
                    made[0] = made[0].with_changes(leading_lines=atom.statement.leading_lines)
                    self.edits.replaced[id(atom.statement)] = made
                case _:
                    raise self.refused(
                        "TFM410", maker.call, "this optimizer is made in a way that is not rewritten yet"
                    )
        self.composer.building = False

    def keep_chosen(self, chosen: Optimizer) -> None:
        """What the host chooses from stands where it did; a local name of it becomes an attribute."""
        self.chosen_optimizers(chosen)
        updates = [n for n in self.staging.nodes if n.details.get("optimizer") is chosen]
        (own,) = called_as(updates[0])
        name = self.plan.optimizers[chosen.number]
        atom = self.region.atom_at(updates[0].place)
        if own != name and atom is not None:
            self.insert(atom, self.templates.statements(f"{name} = {own}\n", {}))

    def finish_class(self) -> None:
        """The constructor call of the base, saved names, wrapped steps, and the new methods behind the builder."""
        held, builder = self.held, self.held.builder
        statements = list(builder.body.body)
        docstring = is_docstring(statements[0])
        first = statements[1] if docstring and len(statements) > 1 else statements[0]
        last = statements[-1]
        saved: list[str] = []
        read = {
            node.attr.value
            for method in self.methods
            for node in walk(method)
            if isinstance(node, cst.Attribute)
            and isinstance(node.value, cst.Name)
            and node.value.value == held.receiver
        }
        for name, attribute, atom in held.added:
            if attribute not in read:
                continue
            text = f"{held.receiver}.{attribute} = {name}\n"
            if atom is None:
                saved.append(text)
            else:
                self.edits.after.setdefault(id(atom.statement), []).extend(self.templates.statements(text, {}))
        begin: list[str] = []
        if held.keras:
            text = f"super().__init__({self.functions._policy()})\n"
            if builder.name.value == "__init__":
                begin.append(text)
            else:
                self.in_constructor(text)
        begin += saved
        made = self.templates.statements("".join(begin), {}) if begin else []
        if docstring and len(statements) == 1:
            self.edits.after.setdefault(id(first), []).extend(made)
        else:
            self.edits.before[id(first)] = [*made, *self.edits.before.get(id(first), [])]
        end = self.functions.trainable_list() + self.built + self.functions.wrapped
        ends = [s for text in end for s in self.templates.statements(text, {})]
        traced = dict.fromkeys(maker.name for _, makers in self.plan.prebuilt for maker in makers)
        if len(self.together) == 1:
            traced.update(dict.fromkeys(maker.name for maker in outside_lists(self)))
        ends += self.tracing([f"{held.receiver}.{name}" for name in traced])
        saver = first_saver(self.staging, self.region)
        if saver is not None:
            # What it saves is made by functions, which have to be there.
            self.edits.before.setdefault(id(saver), []).extend(ends)
            ends = []
        if _returns(last):
            self.edits.before.setdefault(id(last), []).extend(ends)
        else:
            self.edits.after.setdefault(id(last), []).extend(ends)
        self.edits.after.setdefault(id(builder), []).extend(self.methods)

    def in_constructor(self, text: str) -> None:
        for node in self.held.definition.body.body:
            if isinstance(node, cst.FunctionDef) and node.name.value == "__init__":
                statements = list(node.body.body)
                index = 1 if is_docstring(statements[0]) and len(statements) > 1 else 0
                made = self.templates.statements(text, {})
                self.edits.before.setdefault(id(statements[index]), [])[:0] = made

    def header(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        """The class becomes a Keras model where it may."""
        part = next((p for p in self.together if p.held.definition is original), None)
        if part is None or not part.held.keras or not isinstance(updated, cst.ClassDef):
            return super().header(original, updated)
        base = self.symbols.expression(f"{self.symbols.tf}.keras.Model")
        return updated.with_changes(
            bases=[cst.Arg(base)],
            lpar=cst.LeftParen(),
            rpar=cst.RightParen(),
            whitespace_after_name=cst.SimpleWhitespace(""),
        )

    # ------------------------------------------------------------------ what is left
    def host_statements(self) -> None:
        self.composer.building = True
        super().host_statements()
        self.composer.building = False

    def check_left(self) -> None:
        """Attributes that are gone may not be read by anything that is left."""
        moved = {id(a.statement) for p in self.together for a in p.region.atoms if p.flow.role(a) in OPENED}
        others = {id(p.held.builder) for p in self.together if p is not self}
        kept = {plain(n) for a in self.region.atoms if self.flow.role(a) is Role.VARIABLE for n in a.binds if "." in n}
        building = {
            id(f.owner)
            for f in self.staging.frames
            if f.called_from is not None and self.region.atom_at(f.called_from) is not self.region.after
        }
        getters = {m.name.value: m for m in self.methods_of_class() if given_by(m, self.gone)}
        read: set[str] = set()
        for symbols in self.all_symbols.values():
            stack: list[tuple[cst.CSTNode, bool]] = [(symbols.module.tree, False)]
            while stack:
                node, inside = stack.pop()
                key = id(node)
                if any(node is getter for getter in getters.values()):
                    continue
                if key in self.edits.removed or key in self.whole or key in moved or key in others:
                    continue
                if is_idle(node, self.staging):
                    continue
                inside = inside or key in building or node is self.held.builder
                if key in self.edits.replaced:
                    sites = [s.expression for s in self.staging.runs]
                    if not any(n in sites for n in walk(node)):
                        continue
                    self.check_replaced(node)
                    continue
                if isinstance(node, cst.With) and self.dissolved(node):
                    stack.extend((child, inside) for child in children(node.body))
                    continue
                if isinstance(node, cst.Call) and (gone := self.dropped_arguments(node)):
                    stack.append((node.func, inside))
                    stack.extend((arg, inside) for index, arg in enumerate(node.args) if index not in gone)
                    continue
                if isinstance(node, cst.Attribute):
                    self.check_attribute(node, node.attr.value, inside, kept)
                    read |= {node.attr.value} & getters.keys()
                if (
                    isinstance(node, cst.Name)
                    and "." in node.value
                    and key not in self.names
                    and plain(node.value) in self.gone
                ):
                    raise self.left(node, plain(node.value))
                stack.extend((child, inside) for child in children(node))
        for name, getter in getters.items():
            if name in read:
                raise self.left(getter, given_by(getter, self.gone))
            self.edits.removed.add(id(getter))

    def methods_of_class(self) -> list[cst.FunctionDef]:
        return [node for node in self.held.definition.body.body if isinstance(node, cst.FunctionDef)]

    def check_replaced(self, node: cst.CSTNode) -> None:
        """Of a replaced run, what it feeds stays: that may not be made of what is gone."""
        sites = [s for s in self.staging.runs if any(n is s.expression for n in walk(node))]
        for site in sites:
            feed = site.feed_expression
            if not isinstance(feed, cst.Dict):
                continue
            for element in feed.elements:
                for inner in walk(element.value):
                    if isinstance(inner, cst.Attribute) and id(inner) not in self.whole:
                        self.check_attribute(inner, inner.attr.value, False, set())

    def check_attribute(self, node: cst.Attribute, name: str, inside: bool, kept: set[str]) -> None:
        if name not in self.gone and not (name in kept and not inside):
            return
        values = self.staging.values_of(node.value)
        if values and not any(v is self.region.held for v in values):
            return
        raise self.left(node, name)

    def left(self, node: cst.CSTNode, name: str) -> NotPlanned:
        module = next((k for k, s in self.all_symbols.items() if node in s.module.positions), self.module.key)
        reason = f"`{name}` is read here, and only exists inside the graph"
        return NotPlanned(Refusal("TFM402", module, node, reason))


def _targets(node: cst.CSTNode) -> set[str]:
    """Attributes that an assignment sets."""
    out: set[str] = set()
    if isinstance(node, cst.Assign):
        for target in node.targets:
            match target.target:
                case cst.Attribute(attr=attr):
                    out.add(attr.value)
                case cst.Name(value=value) if "." in value:
                    out.add(plain(value))
    return out



def _returns(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and any(isinstance(s, cst.Return) for s in statement.body)
