"""The first lines of functions: the parameters of a run, with the casts and defaults of what was fed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.graph.values import (
    Foreign,
    Node,
    Sequence,
    Symbol,
    nodes_in,
    optimizers_of,
)
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.facts import dtype_of, sizes_of
from tf2migrate.plan.flow import Role
from tf2migrate.plan.model import Plan, Step
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import has_default
from tf2migrate.rewrite.comments import described
from tf2migrate.rewrite.variable_texts import WIDTH, VariableTexts
from tf2migrate.rewrite.variables import original_argument


@dataclass(slots=True)
class Signatures(VariableTexts):
    """Renders decorators, parameters and their specifications."""

    def head(self, step: Step, nodes: list[Node]) -> str:
        """The decorator and the ``def`` line of a step."""
        names = [self.parameter(n) for n in nodes]
        specs = [self.specification(n) for n in nodes]
        line = f"@{self.tf}.function(input_signature=[{', '.join(specs)}])\n"
        comments = [self._comments(n) for n in nodes]
        if len(line) > WIDTH or any(above or behind for above, behind in comments):
            inner = "".join(
                "".join(f"    {text}\n" for text in above) + f"    {spec},{'  ' + behind if behind else ''}\n"
                for spec, (above, behind) in zip(specs, comments, strict=True)
            )
            line = f"@{self.tf}.function(input_signature=[\n{inner}])\n"
        if not specs:
            line = f"@{self.tf}.function\n"
        if self.plan.held is None:
            return f"{line}def {step.name}({', '.join(names)}):\n"
        names = [self.plan.model, *names]
        if all(self._is_early(n) for n in nodes):
            return f"{line}def {step.name}({', '.join(names)}):\n"
        holder = self.plan.model
        call = (
            f"{holder}.{step.name} = {self.tf}.function({holder}._{step.name}, input_signature=[{', '.join(specs)}])\n"
        )
        if len(call) > WIDTH:
            inner = "".join(f"    {spec},\n" for spec in specs)
            call = f"{holder}.{step.name} = {self.tf}.function({holder}._{step.name}, input_signature=[\n{inner}])\n"
        for node in nodes:
            given = placeholder_argument(node, 0, "input") if has_default(node) else None
            if given is not None and not _is_literal(given.value):
                where = node.expression or given.value
                reason = "the default of this placeholder is not known where the class is defined"
                raise NotPlanned(Refusal("TFM407", self.composer.symbols.module.key, where, reason))
        self.wrapped.append(call)
        return f"def _{step.name}({', '.join(names)}):\n"

    def _comments(self, node: Node) -> tuple[list[str], str]:
        """The comments of a placeholder's statement, for the first function that takes it."""
        atom = self.plan.flow.region.atom_at(node.place)
        if (
            self.plan.held is not None
            or atom is None
            or self.plan.flow.role(atom) is not Role.PLACEHOLDER
            or id(atom) in self.told
        ):
            return [], ""
        self.told.add(id(atom))
        return described(atom.statement)

    def _is_early(self, node: Node) -> bool:
        """Whether the specification of a parameter can be written where the class is defined: it needs only imports."""
        call = node.expression
        if "state" in node.details:
            return False
        if node.kind != "placeholder" or not isinstance(call, cst.Call):
            return True
        frame = self.plan.flow.region.frame
        for name in names_read(call):
            holder = frame.holder(name.value)
            if holder is None:
                continue
            if not isinstance(holder.owner, cst.Module) or not isinstance(holder.env[name.value], Symbol | Foreign):
                return False
        return True

    def parameter(self, node: Node) -> str:
        """A parameter, with the default of its placeholder."""
        name = self.plan.parameter_names[node.number]
        if not has_default(node):
            return name
        given = placeholder_argument(node, 0, "input")
        atom = self.plan.flow.region.atom_at(node.place)
        assert given is not None
        assert atom is not None
        return f"{name}={self.composer.rendered(given.value, atom, self.plan.model)}"

    def specification(self, node: Node) -> str:
        """The ``tf.TensorSpec`` that casts and checks a feed as the placeholder did."""
        symbols = self.composer.symbols
        atom = self.plan.flow.region.atom_at(node.place)
        assert atom is not None
        if "state" in node.details:
            return self.state_specification(node, atom)
        if node.kind != "placeholder":
            where = node.expression or atom.statement
            dtype_known, sizes = dtype_of(node), sizes_of(node)
            layers = bool(self.composer.inner or self.plan.objects)
            if dtype_known is None or (layers and not is_sized(self.plan, node)):
                reason = "a tensor that is not a placeholder is fed, and its dtype or shape is not known"
                raise NotPlanned(Refusal("TFM407", symbols.module.key, where, reason))
            return f"{self.tf}.TensorSpec({sizes}, {self.tf}.{dtype_known})"
        if not self.composer.direct(node):
            where = node.expression or atom.statement
            raise NotPlanned(
                Refusal(
                    "TFM410", symbols.module.key, where, "a placeholder made in another function is not rewritten yet"
                )
            )
        shape = placeholder_argument(node, 1, "shape")
        shape_text = self.composer.rendered(shape.value, atom, "") if shape is not None else "None"
        if shape is None and is_scalar(self.plan, node):
            shape_text = "[]"
        if node.op == "tf.placeholder_with_default":
            return f"{self.tf}.TensorSpec({shape_text}, {self._default_dtype(node, atom)})"
        dtype = placeholder_argument(node, 0, "dtype")
        dtype_text = self.composer.rendered(dtype.value, atom, "") if dtype is not None else f"{self.tf}.float32"
        if dtype_text.strip("'\"") in ("float", "float32"):
            dtype_text = f"{self.tf}.float32"
        element = shape_text.removesuffix(".shape")
        if ".element_spec" in element and f"{element}.dtype" == dtype_text:
            return element
        return f"{self.tf}.TensorSpec({shape_text}, {dtype_text})"

    def state_specification(self, node: Node, atom: Atom) -> str:
        """The specification of a state that is fed in place of a cell's zero state."""
        where = node.expression
        if not isinstance(where, cst.Call) or any(source.kind != "variable" for source in node.inputs):
            module = self.composer.symbols.module.key
            reason = "a state is fed whose size is a tensor"
            raise NotPlanned(Refusal("TFM407", module, where or atom.statement, reason))
        specify, made = f"{self.tf}.TensorSpec.from_tensor", self.composer.rendered(where, atom, self.plan.model)
        if isinstance(node.details["state"], Sequence):
            return f"{self.tf}.nest.map_structure({specify}, {made})"
        return f"{specify}({made})"

    def _default_dtype(self, node: Node, atom: Atom) -> str:
        given = placeholder_argument(node, 0, "input")
        if given is not None:
            text = self.composer.rendered(given.value, atom, "")
            if isinstance(given.value, cst.Float):
                return f"{self.tf}.float32"
            if isinstance(given.value, cst.Integer):
                return f"{self.tf}.int32"
            if text in ("True", "False"):
                return f"{self.tf}.bool"
            return f"{self.tf}.convert_to_tensor({text}).dtype"
        return f"{self.tf}.float32"


def is_sized(plan: Plan, fed: Node) -> bool:
    """Whether layers behind a fed tensor can be built for what they are called with: all sizes but that of a batch."""
    told = any(function.shapes for function in plan.layers.values())
    reached: set[Node] = {fed}
    called: list[Node] = [fed] if told else []
    for node in plan.flow.staging.nodes:
        read = [source for source in node.inputs if source in reached]
        if read and "owner" in node.details:
            called += read
        elif read:
            reached.add(node)
    sizes = [sizes_of(node) for node in called]
    return all(known and None not in known[1:] for known in sizes)


def is_scalar(plan: Plan, node: Node) -> bool:
    """Whether a placeholder without a shape is used where TensorFlow 1 accepts nothing but a scalar."""
    if "probability" in node.details:
        return True
    for user in plan.flow.staging.nodes:
        call = user.expression
        if node not in user.inputs or not isinstance(call, cst.Call):
            continue
        if user.op in ("tf.cond", "tf.case") and node in nodes_in(user.details.get("tests")):
            return True
        position = {"tf.nn.dropout": 1, "tf.layers.dropout": 2, "tf.contrib.layers.dropout": 1}.get(user.op)
        for index, arg in enumerate(call.args):
            name = arg.keyword.value if arg.keyword is not None else ""
            scalar = name in ("keep_prob", "rate", "training", "is_training") or (not name and index == position)
            if scalar and plan.flow.staging.values_of(arg.value)[-1:] == [node]:
                return True
        if (
            user.kind == "train"
            and (makers := optimizers_of(user.details.get("optimizer")))
            and any(value is node for maker in makers for value in maker.arguments.values())
        ):
            return True
    return False


def placeholder_argument(node: Node, position: int, name: str) -> cst.Arg | None:
    found = original_argument(cast(cst.Call, node.expression), position, name)
    if found is None or (isinstance(found.value, cst.Name) and found.value.value == "None"):
        return None
    return found


def _is_literal(value: cst.BaseExpression) -> bool:
    """Whether a default is written as the number or flag that it is."""
    flag = isinstance(value, cst.Name) and value.value in ("True", "False")
    return flag or isinstance(value, cst.Integer | cst.Float)
