"""Statements on the move: the user's own code, with names and calls as they are at the new place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.api.calls_model import Argument
from tf2migrate.api.layer_model import Layer
from tf2migrate.graph.arguments import argument
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.tensorflow import ASSIGNS
from tf2migrate.graph.values import Cell, Mapping, Node, Value, is_cell, is_moving_average, nodes_in
from tf2migrate.graph.values import Sequence as Items
from tf2migrate.names.bindings import free_names, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.tree import children, container_name
from tf2migrate.plan.facts import has_open_rank
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.held import plain, walk
from tf2migrate.plan.layer_model import LayerCall, LayerObject, constructs
from tf2migrate.plan.lifting import home_of
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.plan.reserved import attribute
from tf2migrate.plan.slices import Slicer
from tf2migrate.plan.summaries import data_of, outer_summaries
from tf2migrate.plan.variable_lists import is_collected
from tf2migrate.rewrite.layer_calls import (
    by_parameter,
    call_arguments,
    constructor_arguments,
    unread_arguments,
    with_lifted,
)
from tf2migrate.rewrite.listing import Listing
from tf2migrate.rewrite.model_penalties import penalties
from tf2migrate.rewrite.native_layer import native_layer
from tf2migrate.rewrite.substitution import Replacement, Substitution
from tf2migrate.rewrite.summaries import display
from tf2migrate.rewrite.symbols import Symbols

# Methods of TensorFlow 1's variables that read the value.
READS = ("method.read_value", "method.value", "method.initialized_value")


@dataclass(slots=True)
class Composer:
    """Renders atoms of one plan for their new places.

    ``attributes`` are the model's attributes: for each ``(atom number, name)`` of a variable statement, and for
    each node of a layer or variable that is made inside an expression.
    """

    plan: Plan
    symbols: Symbols
    attributes: dict[tuple[int, str], str] = field(default_factory=dict)
    inner: dict[int, str] = field(default_factory=dict)
    host_attributes: set[str] = field(default_factory=set)
    variables: Callable[[list[Node]], str] | None = None
    variable: Callable[[Node], str] | None = None
    reference: Callable[[Node], str] | None = None
    listing: Listing | None = None
    building: bool = False
    """Whether what is rendered stays in the method that builds the graph of an object, among its locals."""

    @property
    def flow(self) -> Flow:
        return self.plan.flow

    @property
    def staging(self) -> Staging:
        return self.plan.flow.staging

    # ------------------------------------------------------------------ attributes
    def name_attributes(self) -> None:
        """Gives each variable and layer its attribute, in the order of their making."""
        taken: set[str] = set()
        if self.plan.held is not None:
            own = {plain(n) for a in self.flow.region.atoms if self.flow.role(a) is Role.VARIABLE for n in a.binds}
            taken |= self.plan.held.taken - own
        for atom in self.flow.region.atoms:
            if self.flow.role(atom) is Role.VARIABLE:
                for name in atom.binds:
                    if holds_variables(self.flow.bound_value(atom, name)) and not self.is_local(atom, name):
                        self.attributes[atom.number, name] = take_name(self.attribute(name), taken)
            elif self.flow.role(atom) is Role.STAGED:
                for node in atom.nodes:
                    if node.kind in ("layer", "variable") and self.direct(node):
                        base = node.name.rsplit("/", 1)[-1].lower() if node.name else node.kind
                        base = base if base.isidentifier() else node.op.rsplit(".", 1)[-1].lower()
                        self.inner[node.number] = take_name(attribute(base), taken)

    def attribute(self, name: str) -> str:
        """The attribute of a variable with this name."""
        held = self.plan.held
        return attribute(plain(name)) if held is None or held.keras else plain(name)

    def stacks(self) -> Iterator[tuple[str, set[int]]]:
        """The attributes that hold cells made of others, and those that these are made of; the largest first."""
        found: list[tuple[str, set[int]]] = []
        for (number, name), held in self.attributes.items():
            value = self.flow.bound_value(self.flow.region.atoms[number], name)
            if isinstance(value, Cell):
                found.append((held, {node.number for node in nodes_in(value) if is_cell(node)}))
        yield from sorted(found, key=lambda pair: -len(pair[1]))

    def is_local(self, atom: Atom, name: str) -> bool:
        """Whether a name only serves a loop or branch inside: what is made there is kept under another name."""
        return not isinstance(atom.statement, cst.SimpleStatementLine) and not any(
            read.name == name and atom in self.flow.reaching(name, other)
            for other in self.flow.region.atoms
            if other is not atom
            for read in self.flow.reads(other)
        )

    def direct(self, node: Node) -> bool:
        return node.place.steps[-1].frame is self.flow.region.frame

    # ------------------------------------------------------------------ moved statements
    def moved(self, atom: Atom, holder: str, extra: dict[int, str] | None = None) -> list[cst.BaseStatement]:
        """The atom's statement where variables are reached through ``holder``."""
        edit = self.substitution(atom, holder, extra)
        made = atom.statement.visit(edit)
        if isinstance(made, cst.BaseStatement):
            carried = self.carried(atom, holder)
            lines = [cast(cst.BaseStatement, cst.parse_statement(f"{name} = {text}")) for name, text in carried.items()]
            return [*lines, tidy(made)]
        return []

    def carried(self, atom: Atom, holder: str) -> dict[str, str]:
        """Names that a loop or branch reads from before it and binds again, with what they are called at the new place.

        A later pass, or what follows, reads what was bound last, so that these keep their names.
        """
        if isinstance(atom.statement, cst.SimpleStatementLine | cst.FunctionDef | cst.ClassDef):
            return {}
        found = {name: self.read(name, atom, holder) for name in atom.binds}
        return {name: text for name, text in found.items() if text is not None and text != name}

    def rendered(
        self, expression: cst.BaseExpression, atom: Atom, holder: str, extra: dict[int, str] | None = None
    ) -> str:
        """An expression that stands in ``atom``, as text for its new place."""
        edit = self.substitution(atom, holder, extra, expression)
        made = cast(cst.BaseExpression, expression.visit(edit))
        return self.symbols.code(made).strip()

    def substitution(
        self, atom: Atom, holder: str, extra: dict[int, str] | None, expression: cst.BaseExpression | None = None
    ) -> Substitution:
        names: dict[int, str] = {}
        reads = names_read(expression) if expression is not None else [*atom.reads, *self.reads_inside(atom)]
        carried = self.carried(atom, holder) if expression is None else {}
        for name in reads:
            if name.value in carried:
                continue
            text = self.read(name.value, atom, holder)
            if text is not None and text != name.value:
                names[id(name)] = text
        if self.plan.held is not None and not (self.building or holder == ""):
            for node2 in walk(expression if expression is not None else atom.statement):
                if isinstance(node2, cst.Name) and node2.value in self.plan.held.locals:
                    names.setdefault(id(node2), self.plan.held.locals[node2.value])
        replacements: dict[int, Replacement] = {}
        whole: dict[int, str] = dict(extra or {})
        for node in self._nodes_at(atom, expression):
            self.replace(node, atom, holder, replacements, whole)
        self.summaries(atom, holder, whole, expression)
        self.object_calls(atom, holder, replacements, whole)
        self.held_placeholders(atom, expression if expression is not None else atom.statement, whole)
        if self.staging.readings:
            for inner in walk(expression if expression is not None else atom.statement):
                for reading in self.staging.readings:
                    if reading.call is inner:
                        whole[id(inner)] = penalties(self.plan, self.symbols, reading, holder)
        self.lift_calls(atom, holder, replacements)
        if self.listing is not None:
            self.listing.edits(expression if expression is not None else atom.statement, replacements, whole)
        return Substitution(self.symbols, replacements, whole, names)

    def reads_inside(self, atom: Atom) -> list[cst.Name]:
        """What functions that are defined inside of a loop or branch, and that the graph calls, read from outside."""
        if isinstance(atom.statement, cst.FunctionDef | cst.SimpleStatementLine) or not self.staging.followed:
            return []
        inner = [n for n in walk(atom.statement) if isinstance(n, cst.FunctionDef) and id(n) in self.staging.followed]
        return [name for each in inner for name in free_names(each) if name.value not in atom.binds]

    def _nodes_at(self, atom: Atom, expression: cst.BaseExpression | None) -> list[Node]:
        if isinstance(atom.statement, cst.FunctionDef):
            return [n for n in self.staging.nodes if n.place.steps[-1].frame.owner is atom.statement]
        if expression is None:
            return [n for n in atom.nodes if self.direct(n)]
        inside: set[int] = set()
        stack: list[cst.CSTNode] = [expression]
        while stack:
            current = stack.pop()
            inside.add(id(current))
            stack.extend(children(current))
        return [n for n in atom.nodes if self.direct(n) and id(n.expression) in inside]

    def read(self, name: str, atom: Atom, holder: str) -> str | None:
        """What a name of the region is called at the new place."""
        sources = self.flow.reaching(name, atom)
        for source in sources:
            role = self.flow.role(source)
            if role is Role.VARIABLE and (source.number, name) in self.attributes:
                return f"{holder}.{self.attributes[source.number, name]}"
            if role is Role.PLACEHOLDER and name in source.binds:
                value = self.flow.bound_value(source, name)
                if isinstance(value, Node) and value.number in self.plan.parameter_names:
                    return self.plan.parameter_names[value.number]
            if role is Role.ALIAS and self.flow.role(atom) is Role.VARIABLE:
                return self.alias(source, name, holder)
            if role is Role.ALIAS and is_collected(source) and self.variables is not None:
                value = self.flow.bound_value(source, name)
                if isinstance(value, Node) and self.variable is not None:
                    return self.variable(value)
                text = self.variables(list(nodes_in(value)))
                return f"({text})" if " + " in text else text
            if role in (Role.HOST, Role.CONSTANT) and holder == "self" and name in self.host_attributes:
                return f"self.{attribute(name)}"
        if not sources and holder == "self" and name in self.host_attributes:
            return f"self.{attribute(name)}"
        if self.plan.held is not None and not self.building and holder and name in self.plan.held.saved:
            return f"{holder}.{self.plan.held.saved[name]}"
        return None

    def alias(self, source: Atom, name: str, holder: str) -> str:
        """What a name for variables stands for, where others are made: the name itself comes after the model."""
        match source.statement:
            case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=bound))])]):
                small = cast(cst.Assign, source.statement.body[0])
                if bound == name and not is_collected(source):
                    return self.rendered(small.value, source, holder)
        value = self.flow.bound_value(source, name)
        texts = [self.own(node, holder) for node in nodes_in(value)]
        if texts and isinstance(value, Items) and "" not in texts:
            return f"[{', '.join(texts)}]"
        reason = f"`{name}`, which stands for variables, is read where others are made"
        raise NotPlanned(Refusal("TFM404", self.symbols.module.key, source.statement, reason))

    def own(self, variable: Node, holder: str) -> str:
        """A variable that the model holds by a name of its own; empty for those of layers and lists."""
        for (number, name), held in self.attributes.items():
            if self.flow.bound_value(self.flow.region.atoms[number], name) is variable:
                return f"{holder}.{held}"
        return ""

    def held_placeholders(self, atom: Atom, where: cst.CSTNode, whole: dict[int, str]) -> None:
        """``inputs["x"]`` and ``self.x`` become parameters of their own.

        What a loop or branch binds or changes itself goes with it, and may be another thing in its next pass.
        """
        simple = isinstance(atom.statement, cst.SimpleStatementLine)
        own = set() if simple else set(atom.binds) | set(atom.changes)
        stack: list[cst.CSTNode] = [where]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.Subscript | cst.Attribute) and id(node) not in whole:
                value = self.staging.value_in(node, self.flow.region.frame)
                known = isinstance(value, Node) and value.number in self.plan.parameter_names
                if known and isinstance(node, cst.Subscript) and container_name(node) in own:
                    stack.extend(children(node))
                    continue
                if known and isinstance(value, Node) and (value.kind == "placeholder" or value.expression is not node):
                    whole[id(node)] = self.plan.parameter_names[value.number]
                    continue
            stack.extend(children(node))

    # ------------------------------------------------------------------ expressions that make nodes
    def replace(
        self, node: Node, atom: Atom, holder: str, replacements: dict[int, Replacement], whole: dict[int, str]
    ) -> None:
        expression = node.expression
        if expression is None:
            return
        match node.kind:
            case "layer":
                replacements[id(expression)] = self.layer_call(node, holder)
            case "variable" if self.flow.role(atom) is Role.STAGED:
                whole[id(expression)] = f"{holder}.{self.inner[node.number]}"
            case "placeholder" if node.number in self.plan.parameter_names and self.flow.role(atom) is Role.STAGED:
                if any(other is not node and other.expression is expression for other in atom.nodes):
                    reason = "placeholders are made in a loop or comprehension, which is not rewritten yet"
                    raise NotPlanned(Refusal("TFM410", self.symbols.module.key, expression, reason))
                whole[id(expression)] = self.plan.parameter_names[node.number]
            case "assign" if isinstance(expression, cst.Call) and not is_moving_average(node):
                replacements[id(expression)] = self.assignment(expression)
            case "tensor" if node.op in READS and isinstance(expression, cst.Call):
                if node.op == "method.initialized_value" and self.flow.role(atom) is not Role.VARIABLE:
                    reason = "what a variable started with is read where it may have been trained"
                    raise NotPlanned(Refusal("TFM404", self.symbols.module.key, expression, reason))
                replacements[id(expression)] = self.reading
        owner = node.details.get("owner")
        if isinstance(owner, Node) and owner.expression is not expression and isinstance(expression, cst.Call):
            replacements[id(expression)] = self.layer_call(owner, holder)

    def reading(self, updated: cst.BaseExpression) -> cst.BaseExpression:
        """``v.read_value()`` becomes ``tf.identity(v)``: Keras variables have no such methods."""
        assert isinstance(updated, cst.Call)
        assert isinstance(updated.func, cst.Attribute)
        return self.symbols.expression(f"{self.symbols.tf}.identity({self.symbols.code(updated.func.value)})")

    def summaries(
        self, atom: Atom, holder: str, whole: dict[int, str], expression: cst.BaseExpression | None
    ) -> None:
        """A summary op becomes a dict of the values that it summarises."""
        here = self._nodes_at(atom, expression)
        for node in (n for n in outer_summaries(self.flow, atom) if n in here):
            pairs: list[tuple[str, str]] = []
            for datum in data_of(self.flow, Slicer(self.flow), node, atom):
                data = datum.node.details.get("data")
                if datum.expression is not None:
                    text = self.rendered(datum.expression, datum.atom, holder)
                else:
                    assert self.reference is not None
                    text = self.reference(cast(Node, data))
                if isinstance(data, Node) and data.kind == "variable":
                    text = f"{self.symbols.tf}.convert_to_tensor({text})"
                pairs.append((datum.tag, text))
            whole[id(node.expression)] = display(pairs)

    def layer_call(self, node: Node, holder: str) -> Replacement:
        """``tf.layers.dense(x, 10)`` becomes ``self.dense(x)``."""

        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            made = self.layer(node, cast(cst.Call, updated))
            arguments = ", ".join([made.inputs or "", *made.call_arguments])
            return self.symbols.expression(f"{holder}.{self.inner[node.number]}({arguments})")

        return replace

    def layer(self, node: Node, updated: cst.Call) -> Layer:
        arguments = self.symbols.arguments(updated)
        original = cast(cst.Call, node.expression)
        return native_layer(self.plan, self.symbols, node, original, arguments)

    def assignment(self, call: cst.Call) -> Replacement:
        """``tf.assign(v, x)`` becomes ``v.assign(x)``; ``v.assign(x)`` stays."""

        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            assert isinstance(updated, cst.Call)
            name = self.symbols.canonical(call.func)
            arguments = self.symbols.arguments(updated)
            given = argument(call, 1 if name in ASSIGNS else 0, "value")
            values = self.staging.values_of(given) if given is not None else []
            open_rank = any(isinstance(v, Node) and has_open_rank(v) for v in values)
            if name not in ASSIGNS and not open_rank:
                return updated
            if name in ASSIGNS:
                target, value, way = named(arguments, 0, "ref"), named(arguments, 1, "value"), ASSIGNS[name]
            else:
                method = cst.ensure_type(updated.func, cst.Attribute)
                target, value, way = self.symbols.code(method.value), named(arguments, 0, "value"), method.attr.value
            if open_rank:
                # Keras asks a new value for its shape, which has to be that of the variable.
                value = f"{self.symbols.tf}.ensure_shape({value}, {target}.shape)"
            return self.symbols.expression(f"{target}.{way}({value})")

        return replace

    # ------------------------------------------------------------------ layer functions
    def object_calls(
        self, atom: Atom, holder: str, replacements: dict[int, Replacement], whole: dict[int, str]
    ) -> None:
        """Calls of functions that became layers."""
        for item in self.plan.objects:
            for call in item.calls:
                if self.flow.region.atom_at(call.place) is atom:
                    replacements[id(call.call)] = self.object_call(item, call, holder)
                    whole |= unread_arguments(item.function, call.call, self.symbols)

    def object_call(self, item: LayerObject, call: LayerCall, holder: str) -> Replacement:
        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            texts = by_parameter(item.function, call.call, cast(cst.Call, updated), self.symbols)
            atom = self.flow.region.atom_at(call.place)
            assert atom is not None
            reads = [(n, self.read(n, atom, holder) or n) for n in item.function.lifted]
            given = call_arguments(item.function, texts, item.function.frames)
            # Keras wants the first argument by position.
            lifted = [text if not given and n == item.function.lifted[0] else f"{n}={text}" for n, text in reads]
            arguments = with_lifted(given, lifted)
            name = item.name if self.plan.networks else f"{holder}.{item.name}"
            return self.symbols.expression(f"{name}({arguments})")

        return replace

    def object_constructor(self, item: LayerObject) -> str:
        """The expression that makes the object of a layer function."""
        call = item.calls[0]
        atom = self.flow.region.atom_at(call.place)
        assert atom is not None
        holder = "self" if not self.plan.networks else ""
        edit = self.substitution(atom, holder, {}, call.call)
        args = [
            cast(cst.Arg, arg.visit(edit)) if constructs(item.function, call.call, arg) else arg
            for arg in call.call.args
        ]
        texts = by_parameter(item.function, call.call, call.call.with_changes(args=args), self.symbols)
        prefix, dot, _ = self.symbols.code(call.call.func).rpartition(".")
        return f"{prefix}{dot}{item.function.name}({constructor_arguments(item.function, texts)})"

    # ------------------------------------------------------------------ lifted names
    def lift_calls(self, atom: Atom, holder: str, replacements: dict[int, Replacement]) -> None:
        """Calls of functions that got parameters for what they used to read from the region."""
        for definition, names in self.plan.lifted.items():
            for call, _, place in self.staging.calls.get(definition, ()):
                caller = place.steps[-1].frame
                whole = caller is self.flow.region.frame
                if (self.flow.region.atom_at(place) if whole else home_of(self.flow, caller)) is not atom:
                    continue
                texts = [f"{name}={self.read(name, atom, holder) or name}" for name in names]
                replacements[id(call)] = self.with_arguments(texts)

    def with_arguments(self, texts: Sequence[str]) -> Replacement:
        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            assert isinstance(updated, cst.Call)
            fake = cast(cst.Call, self.symbols.expression(f"f({', '.join(texts)})"))
            args = list(updated.args)
            if args and isinstance(args[-1].comma, cst.MaybeSentinel):
                args[-1] = args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
            return updated.with_changes(args=[*args, *fake.args])

        return replace


def named(arguments: list[Argument], position: int, name: str) -> str:
    """The text given for one parameter."""
    for each in arguments:
        if each.keyword == name:
            return each.text
    plain = [a for a in arguments if a.keyword is None]
    return plain[position].text if position < len(plain) else ""


def holds_variables(value: Value | None) -> bool:
    """Whether a name is bound to variables, or to a container that holds or will hold them."""
    if isinstance(value, Items | Mapping) and not value.items:
        return True
    return any(node.kind == "variable" for node in nodes_in(value))


def tidy(statement: cst.BaseStatement) -> cst.BaseStatement:
    """A moved statement keeps its comments, and of its blank lines at most one, without trailing blanks."""
    lines: list[cst.EmptyLine] = []
    for line in getattr(statement, "leading_lines", ()):
        if line.comment is not None:
            lines.append(line)
        elif lines and lines[-1].comment is None:
            continue
        else:
            lines.append(line.with_changes(indent=False, whitespace=cst.SimpleWhitespace("")))
    return statement.with_changes(leading_lines=lines)
