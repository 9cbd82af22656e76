"""The class of the model: its variables and layers in ``__init__``, and the prediction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.graph.values import (
    Node,
)
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.plan.flow import Role, path_to
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.plan.reserved import attribute
from tf2migrate.rewrite.composer import Composer, tidy
from tf2migrate.rewrite.forward import Forward
from tf2migrate.rewrite.metrics import metric_constructor
from tf2migrate.rewrite.signatures import placeholder_argument
from tf2migrate.rewrite.substitution import Replacement
from tf2migrate.rewrite.variables import anywhere, in_model


@dataclass(slots=True)
class ModelText(Forward):
    """Renders the model class, or the statements that its constructor is made of."""

    def model_class(self, host: list[str]) -> cst.BaseStatement:
        """``class Model(tf.keras.Model)`` with the variables in ``__init__`` and the prediction in ``call``."""
        parameters = "".join(f", {name}" for name in host)
        call_host = [name for name in host if name in self.composer.host_attributes]
        saved = "".join(f"        self.{attribute(name)} = {name}\n" for name in call_host)
        text = (
            f"class {self.plan.model_class}({self.tf}.keras.Model):\n"
            f"    def __init__(self{parameters}):\n"
            f"        super().__init__({self._policy()})\n{saved}        __variables__\n"
        )
        holes = {"__variables__": self.constructor()}
        made = cast(cst.ClassDef, self.templates.statements(text, holes)[0])
        forward = self.forward_definition()
        if forward:
            forward[0] = forward[0].with_changes(leading_lines=[cst.EmptyLine(indent=False)])
            made = made.with_changes(body=made.body.with_changes(body=[*made.body.body, *forward]))
        return made

    def _policy(self) -> str:
        """Keras casts floating inputs to float32 unless told not to."""
        for node in self.plan.flow.staging.nodes:
            if node.kind == "placeholder":
                dtype = placeholder_argument(node, 0, "dtype")
                text = self.composer.symbols.code(dtype.value) if dtype is not None else ""
                if any(word in text for word in ("float64", "float16", "double", "half", "bfloat16")):
                    return "autocast=False"
        return ""

    def constructor(self) -> list[cst.BaseStatement]:
        """The statements that make the variables and layers, in the order of the original."""
        out: list[cst.BaseStatement] = []
        made: set[int] = set()
        flow = self.plan.flow
        for atom in flow.region.atoms:
            for item in self.plan.objects:
                if flow.region.atom_at(item.calls[0].place) is atom:
                    text = f"self.{item.name} = {self.composer.object_constructor(item)}\n"
                    out.extend(self.templates.statements(text, {}))
            if flow.role(atom) is Role.VARIABLE:
                out.extend(self.initial_statements(atom, made))
                out.extend(self.variable_statement(atom))
            elif flow.role(atom) is Role.STAGED:
                for node in atom.nodes:
                    if node.number in self.composer.inner:
                        out.extend(self.inner_statement(node, atom))
        return out

    def initial_statements(self, atom: Atom, made: set[int]) -> list[cst.BaseStatement]:
        """Tensors with a name of their own that are the initial value of a variable: drawn where it is made."""
        flow = self.plan.flow
        out: list[cst.BaseStatement] = []
        for read in flow.reads(atom):
            for source in flow.reaching(read.name, atom):
                if flow.role(source) is not Role.STAGED or source.number in made:
                    continue
                made.add(source.number)
                if any(n.kind != "tensor" for n in source.nodes) or _is_fed(source.nodes):
                    module = self.composer.symbols.module.key
                    reason = "the initial value of this variable depends on what is fed or trained"
                    raise NotPlanned(Refusal("TFM404", module, atom.statement, reason))
                out += self.initial_statements(source, made)
                out += self.composer.moved(source, "self")
        return out

    def variable_statement(self, atom: Atom) -> list[cst.BaseStatement]:
        composer = self.composer
        extra: dict[int, str] = {}
        edit = composer.substitution(atom, self.plan.model if self.plan.held else "self", extra)
        for node in atom.nodes:
            if node.kind == "variable" and composer.direct(node) and isinstance(node.expression, cst.Call):
                label = self._label(node, atom)
                edit.replacements[id(node.expression)] = _constructor(composer, node, label)
        for name, target in atom.binds.items():
            if (atom.number, name) in composer.attributes:
                text = f"{self.plan.model if self.plan.held else 'self'}.{composer.attributes[atom.number, name]}"
                edit.names[id(target)] = text
                if isinstance(atom.statement, cst.BaseCompoundStatement):
                    inside = [n for n in names_read(atom.statement) if n.value == name and n not in atom.reads]
                    inside += [n for bound, n in bindings(atom.statement) if bound == name and isinstance(n, cst.Name)]
                    edit.names.update({id(n): text for n in inside})
        for read in atom.reads:
            for source in self.plan.flow.reaching(read.value, atom):
                key = (source.number, read.value)
                if key in composer.attributes:
                    edit.names[id(read)] = f"{self.plan.model if self.plan.held else 'self'}.{composer.attributes[key]}"
        made = atom.statement.visit(edit)
        return [tidy(made)] if isinstance(made, cst.BaseStatement) else []

    def _label(self, node: Node, atom: Atom) -> str:
        for name in atom.binds:
            if self.plan.flow.bound_value(atom, name) is node and (atom.number, name) in self.composer.attributes:
                return self.composer.attributes[atom.number, name]
        for name in atom.binds:
            path = path_to(self.plan.flow.bound_value(atom, name), node)
            if path is not None and (atom.number, name) in self.composer.attributes:
                words = re.findall(r"\w+", path)
                return "_".join([self.composer.attributes[atom.number, name], *words])
        given = node.name.rsplit("/", 1)[-1]
        if given.startswith("Variable"):
            local = (n for n in atom.binds if self.plan.flow.bound_value(atom, n) is node and n.isidentifier())
            return next(local, given)
        return given if given and "?" not in given else "weight"

    def inner_statement(self, node: Node, atom: Atom) -> list[cst.BaseStatement]:
        composer = self.composer
        name = composer.inner[node.number]
        call = cast(cst.Call, node.expression)
        holder = self.plan.model if self.plan.held else "self"
        if "metric" in node.details:
            text = f"{holder}.{name} = {metric_constructor(composer, node, atom)}"
        elif node.kind == "layer":
            edit = composer.substitution(atom, holder, {}, call)
            edit.replacements.pop(id(call), None)
            updated = inside(call, edit)
            made = composer.layer(node, updated)
            text = f"{holder}.{name} = {made.constructor}"
        else:
            edit = composer.substitution(atom, holder, {}, call)
            edit.whole.pop(id(call), None)
            updated = inside(call, edit)
            text = f"{holder}.{name} = {_made(composer, node, call, updated, name)}"
        return self.templates.statements(text + "\n", {})


def _is_fed(nodes: list[Node]) -> bool:
    """Whether a feed, a variable or an update is behind any of ``nodes``."""
    seen: set[int] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node.number in seen:
            continue
        seen.add(node.number)
        if node.kind != "tensor" or node.control:
            return True
        stack.extend(node.inputs)
    return False


def _constructor(composer: Composer, node: Node, label: str) -> Replacement:
    def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
        original = cast(cst.Call, node.expression)
        text = _made(composer, node, original, cast(cst.Call, updated), label)
        return composer.symbols.expression(text)

    return replace


def _made(composer: Composer, node: Node, original: cst.Call, updated: cst.Call, label: str) -> str:
    """The constructor of a variable: ``self.add_weight`` only in a Keras model."""
    held = composer.plan.held
    if held is None or (held.keras and held.receiver == "self"):
        return in_model(composer.symbols, node, original, updated, label)
    return anywhere(composer.symbols, node, original, updated)


def inside(call: cst.Call, edit: cst.CSTTransformer) -> cst.Call:
    """``call`` with its arguments edited, but not the call itself."""
    return call.with_changes(args=[cast(cst.Arg, arg.visit(edit)) for arg in call.args])
