"""The functions of the output: the model class, the shared loss, and one function for each distinct run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.api.calls_model import Refused
from tf2migrate.api.optimizers import Rate, densify, optimizer
from tf2migrate.graph.parts import grouped, layer_of
from tf2migrate.graph.values import (
    Const,
    Foreign,
    Mapping,
    Node,
    Optimizer,
    Sequence,
    Symbol,
    nodes_in,
    stands_for_several,
)
from tf2migrate.plan.contract import ancestors
from tf2migrate.plan.facts import dtype_of
from tf2migrate.plan.flow import Role
from tf2migrate.plan.forward import fetch_reads, is_gradient, uses_forward
from tf2migrate.plan.held import plain
from tf2migrate.plan.model import Fetch, NotPlanned, Plan, Refusal, Slice, Step, Update
from tf2migrate.plan.region import Atom, bindings, names_read
from tf2migrate.plan.reserved import RESERVED, attribute
from tf2migrate.plan.slices import Slicer, has_default, in_order
from tf2migrate.rewrite.comments import described
from tf2migrate.rewrite.composer import Composer, tidy
from tf2migrate.rewrite.effects import as_statements, with_comment_of_block
from tf2migrate.rewrite.layer_classes import LayerClass
from tf2migrate.rewrite.references import inside_object
from tf2migrate.rewrite.substitution import Replacement
from tf2migrate.rewrite.templates import Templates, return_directly
from tf2migrate.rewrite.variables import anywhere, in_model, original_argument

SPARSE_READERS = (
    "tf.nn.embedding_lookup",
    "tf.gather",
    "tf.nn.nce_loss",
    "tf.nn.sampled_softmax_loss",
    "tf.nn.embedding_lookup_sparse",
)
WIDTH = 100


@dataclass(slots=True)
class Functions:
    """Builds definitions of one plan as statements."""

    plan: Plan
    composer: Composer
    templates: Templates
    wrapped: list[str] = field(default_factory=list)
    trainable: str = ""
    listed: list[Node] = field(default_factory=list)
    # The classes of the layer functions, by definition.
    makers: dict[int, LayerClass] = field(default_factory=dict)
    # The name of the gradient tape of each step.
    tapes: dict[int, str] = field(default_factory=dict)
    # Statements of placeholders whose comments have found a place.
    told: set[int] = field(default_factory=set)

    @property
    def tf(self) -> str:
        return self.composer.symbols.tf

    # ------------------------------------------------------------------ the model
    def model_class(self, host: list[str]) -> cst.BaseStatement:
        """``class Model(tf.keras.Model)`` with the variables in ``__init__`` and the prediction in ``call``."""
        parameters = "".join(f", {name}" for name in host)
        call_host = [name for name in host if name in self.composer.host_attributes]
        saved = "".join(f"        self.{_attribute(name)} = {name}\n" for name in call_host)
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

    def forward_definition(self) -> list[cst.BaseStatement]:
        """The method that computes the prediction, if there is one."""
        forward = self.plan.forward
        if forward is None:
            return []
        holder = self.plan.model if self.plan.held is not None else "self"
        names = "".join(f", {self.plan.parameter_names[n.number]}" for n in forward.parameters)
        body = [s for atom in forward.atoms for s in self.composer.moved(atom, holder)]
        text = f"def {self.forward_method()}({holder}{names}):\n    __call__\n"
        outputs = [self.plan.local_name(name) for name in forward.outputs]
        if len(outputs) == 1:
            body = return_directly(body, outputs[0])
        else:
            text += f"    return {', '.join(outputs)}\n"
        return self.templates.statements(text, {"__call__": body})

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
            path = _path_to(self.plan.flow.bound_value(atom, name), node)
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
        if node.kind == "layer":
            edit = composer.substitution(atom, self.plan.model if self.plan.held else "self", {}, call)
            edit.replacements.pop(id(call), None)
            updated = _inside(call, edit)
            made = composer.layer(node, updated)
            text = f"{self.plan.model if self.plan.held else 'self'}.{name} = {made.constructor}"
        else:
            edit = composer.substitution(atom, self.plan.model if self.plan.held else "self", {}, call)
            edit.whole.pop(id(call), None)
            updated = _inside(call, edit)
            text = (
                f"{self.plan.model if self.plan.held else 'self'}.{name} = {_made(composer, node, call, updated, name)}"
            )
        return self.templates.statements(text + "\n", {})

    # ------------------------------------------------------------------ steps
    def loss_function(self, steps: list[Step]) -> list[cst.BaseStatement]:
        """``def compute_loss(...)``, shared by the steps that need the same loss."""
        assert self.plan.loss is not None
        _, atoms, output = self.plan.loss
        output = self.plan.local_name(output)
        step = next(s for s in steps if s.updates)
        parameters = self.loss_parameters(step)
        body = [*self.forward_call(), *(s for atom in atoms for s in self.composer.moved(atom, self.plan.model))]
        own = next((s for s in steps if self.is_loss(s)), None)
        if own is not None:
            self.loss_name = own.name
            nodes = own.parts.parameters
            head = self.head(own, nodes)
        else:
            self.loss_name = self.plan.fresh(*self._loss_names(output))
            if self.plan.held is not None:
                parameters = [self.plan.model, *parameters]
            head = f"def {self.loss_name}({', '.join(parameters)}):\n"
        return self.templates.statements(head + "    __body__\n", {"__body__": return_directly(body, output)})

    def is_loss(self, step: Step) -> bool:
        """Whether a run fetches just the shared loss: its function serves the training step as well."""
        shared = self.plan.loss
        if shared is None or step.updates or step.fetch.kind != "leaf" or step.parts.defaults:
            return False
        training = next(s for s in self.plan.steps if s.updates)
        names = [self.plan.parameter_names[n.number] for n in step.parts.parameters]
        same = step.fetch.node is training.updates[0].node.details.get("loss")
        return same and names == self.loss_parameters(training)

    def _loss_names(self, output: str) -> list[str]:
        if self.plan.held is not None:
            return [f"{output}_of", f"compute_{output}_of"]
        return ["compute_loss", f"compute_{output}"]

    loss_name: str = "compute_loss"

    def loss_parameters(self, step: Step) -> list[str]:
        assert self.plan.loss is not None
        name, _, _ = self.plan.loss
        parts = Slice()
        Slicer(self.plan.flow).backward([(name, step.updates[0].atom)], step.parts.parameters, parts)
        return [self.plan.parameter_names[n.number] for n in in_order(parts.parameters)]

    def forward_call(self) -> list[cst.BaseStatement]:
        forward = self.plan.forward
        assert forward is not None
        given = [self.plan.parameter_names[n.number] for n in forward.parameters]
        # Keras hands these two on by name, wherever they stand.
        first = next((i for i, name in enumerate(given) if name in ("training", "mask")), len(given))
        names = ", ".join(name if i < first else f"{name}={name}" for i, name in enumerate(given))
        method = self.forward_method()
        called = self.plan.model if method == "call" else f"{self.plan.model}.{method}"
        outputs = [self.plan.local_name(name) for name in forward.outputs]
        return self.templates.statements(f"{', '.join(outputs)} = {called}({names})\n", {})

    def forward_method(self) -> str:
        """``call``, but for inputs of unknown rank, which Keras does not let through."""
        forward = self.plan.forward
        assert forward is not None
        held = self.plan.held
        if held is not None and (not held.keras or not forward.parameters):
            self.forward_name = self.forward_name or held.fresh("forward")
            return self.forward_name
        unknown = [n for n in forward.parameters if self.specification(n).startswith(f"{self.tf}.TensorSpec(None")]
        if not unknown:
            return "call"
        if self.composer.inner or self.plan.objects:
            where = unknown[0].expression or self.plan.flow.region.module.tree
            reason = "the rank of this placeholder, which goes into Keras layers, is not known"
            raise NotPlanned(Refusal("TFM407", self.composer.symbols.module.key, where, reason))
        return self._forward_name()

    forward_name: str = ""

    def _forward_name(self) -> str:
        return next(n for n in ("forward", "compute", "outputs_of") if n not in RESERVED)

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
            if given is not None and not isinstance(given.value, cst.Integer | cst.Float):
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

    def specification(self, node: Node) -> str:
        """The ``tf.TensorSpec`` that casts and checks a feed as the placeholder did."""
        symbols = self.composer.symbols
        atom = self.plan.flow.region.atom_at(node.place)
        assert atom is not None
        if "state" in node.details:
            return self.state_specification(node, atom)
        if node.kind != "placeholder":
            where = node.expression or atom.statement
            dtype_known = dtype_of(node)
            if dtype_known is None or self.composer.inner or self.plan.objects:
                reason = "a tensor that is not a placeholder is fed, and its dtype or rank is not known"
                raise NotPlanned(Refusal("TFM407", symbols.module.key, where, reason))
            return f"{self.tf}.TensorSpec(None, {self.tf}.{dtype_known})"
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
        gradient = [a for a in rest if is_gradient(a)]
        if not step.updates and not gradient:
            holes["__body__"] = before + self.moved(step, rest)
            if holes["__body__"]:
                lines.append("__body__")
            return lines, holes
        taped, after = self.split(step, rest)
        tape = self.plan.local("tape")
        self.tapes[id(step)] = tape
        lines.append(f"with {self.tf}.GradientTape({self.persistence(step)}) as {tape}:")
        watched = self.watched(step)
        holes["__taped__"] = [*watched, *before, *self.moved(step, taped)]
        lines.append("    __taped__")
        extra = self.gradient_texts(step, tape)
        for number, update in enumerate(sorted(step.updates, key=lambda u: u.atom.number)):
            made = self.apply(update, tape, holes, self.suffix(step, update))
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
            made = self.composer.moved(atom, self.plan.model, extra)
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

    # ------------------------------------------------------------------ gradients
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

    def refused(self, step: Step, reason: str) -> NotPlanned:
        module = self.composer.symbols.module.key
        return NotPlanned(Refusal("TFM410", module, step.sites[0].expression, reason))

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

    def variables_text(self, nodes: list[Node]) -> str:
        """The variables of an update: all trainable ones of the model, or a list."""
        flow = self.plan.flow
        nodes = grouped(nodes)
        wanted = {n.number for n in nodes}
        made = {n.number for n, _ in flow.staging.touched if n.trainable}
        held = self.plan.held
        if wanted == made and not self.plan.networks:
            if held is None or held.keras:
                return f"{self.plan.model}.trainable_variables"
            if not self.composer.inner and not self.plan.objects and not any(map(stands_for_several, nodes)):
                self.trainable = self.trainable or held.fresh("trainable_variables")
                self.listed = nodes
                return f"{self.plan.model}.{self.trainable}"
        for atom in flow.region.atoms:
            if flow.role(atom) is Role.ALIAS and not self.composer.is_collected(atom):
                for name in atom.binds:
                    value = flow.bound_value(atom, name)
                    if isinstance(value, Sequence) and value.exact and value.items == nodes:
                        return name
        parts: list[str] = []
        lists: list[str] = []
        covered: set[int] = set()
        for item in self.plan.objects:
            trainable = item.owned & made
            if trainable and trainable <= wanted:
                holder = item.name if self.plan.networks else f"{self.plan.model}.{item.name}"
                lists.append(f"{holder}.trainable_variables")
                covered |= trainable
        for name, leaves in self.composer.stacks():
            if leaves <= wanted - covered:
                lists.append(f"{self.plan.model}.{name}.trainable_variables")
                covered |= leaves
        for node in nodes:
            if node.number in covered:
                continue
            if stands_for_several(node):
                lists.append(f"{self.variable_reference(node)}.trainable_variables")
            else:
                parts.append(self.variable_reference(node))
        joined = [f"[{', '.join(parts)}]"] if parts else []
        return " + ".join([*joined, *lists])

    def listed_text(self, nodes: list[Node], ordered: bool) -> str:
        """A list of variables; ``ordered`` where the order of TensorFlow 1 can be seen."""
        kept = not self.composer.inner and not self.plan.objects
        return self.variables_text(nodes) if kept or not ordered else self.explicit(nodes)

    def explicit(self, nodes: list[Node]) -> str:
        """A list of variables one by one, in their order."""
        for node in nodes:
            if stands_for_several(node):
                where = node.expression or self.plan.flow.region.module.tree
                reason = "the variables of this layer are not known one by one"
                raise NotPlanned(Refusal("TFM408", self.composer.symbols.module.key, where, reason))
        return f"[{', '.join(self.variable_reference(node) for node in nodes)}]"

    def trainable_list(self) -> list[str]:
        """The statement that lists the variables of an object that is no Keras model."""
        if not self.trainable:
            return []
        names = [self.variable_reference(n) for n in self.listed]
        line = f"{self.plan.model}.{self.trainable} = [{', '.join(names)}]\n"
        if len(line) > WIDTH:
            line = f"{self.plan.model}.{self.trainable} = [\n{''.join(f'    {name},{chr(10)}' for name in names)}]\n"
        return [line]

    def variable_reference(self, node: Node) -> str:
        flow = self.plan.flow
        layer = layer_of(node)
        if layer is not None:
            attribute = cast(Const, node.details["attribute"]).value
            return f"{self.variable_reference(layer)}.{attribute}"
        if node.number in self.composer.inner:
            return f"{self.plan.model}.{self.composer.inner[node.number]}"
        inside = inside_object(self.plan, self.makers, node)
        if inside is not None:
            return inside
        for atom in flow.region.atoms:
            if flow.role(atom) is not Role.VARIABLE:
                continue
            for name in atom.binds:
                value = flow.bound_value(atom, name)
                path = _path_to(value, node) if (atom.number, name) in self.composer.attributes else None
                if path is not None:
                    return f"{self.plan.model}.{self.composer.attributes[atom.number, name]}{path}"
        where = node.expression or flow.region.module.tree
        raise NotPlanned(
            Refusal("TFM404", self.composer.symbols.module.key, where, "this variable has no name where it is trained")
        )

    def apply(
        self, update: Update, tape: str, holes: dict[str, list[cst.BaseStatement]], suffix: str = ""
    ) -> list[str]:
        """The lines that take and apply the gradients of one train op."""
        node, call = update.node, update.call
        lines: list[str] = []
        maker = cast(Optimizer, node.details["optimizer"])
        name = self.plan.optimizers[maker.number]
        variables = list(nodes_in(node.details["variables"]))
        sparse = is_sparse(self.plan, variables)
        texts = self.arguments(call, update.atom)
        step_node = node.details.get("global_step")
        if node.op == "minimize":
            extra = {k for k in texts if k not in ("loss", "global_step", "var_list", "0", "1", "2")}
            if extra:
                where = self.composer.symbols.module.key
                raise NotPlanned(Refusal("TFM501", where, call, f"`minimize({extra.pop()}=...)` is not rewritten yet"))
            loss = texts.get("loss", texts.get("0", ""))
            if not loss.isidentifier():
                fresh = self.plan.local(f"loss{suffix}", f"objective{suffix}")
                holes["__taped__"] += self.templates.statements(f"{fresh} = {loss}\n", {})
                loss = fresh
            if any(not n.trainable for n in variables):
                raise self.refused(self.plan.steps[0], "variables that are not trainable are trained here")
            chosen = self.trained_text(update)
            gradients = self.plan.local(f"gradients{suffix}")
            lines.append(f"{gradients} = {tape}.gradient({loss}, {chosen})")
            if densify(maker.name, sparse):
                each = self.plan.local("gradient")
                lines.append(f"{gradients} = [{self.tf}.convert_to_tensor({each}) for {each} in {gradients}]")
            pairs = f"zip({gradients}, {chosen})"
        else:
            pairs = texts.get("grads_and_vars", texts.get("0", ""))
            if densify(maker.name, sparse):
                g, v = self.plan.local("gradient"), self.plan.local("variable")
                pairs = f"[({self.tf}.convert_to_tensor({g}), {v}) for {g}, {v} in {pairs}]"
        rate = self.changing_rate(maker)
        if rate is not None:
            lines.append(f"{name}.learning_rate.assign({rate})")
        lines.append(f"{name}.apply_gradients({pairs})")
        if isinstance(step_node, Node):
            lines.append(f"{self.variable_reference(step_node)}.assign_add(1)")
        return lines

    def trained_text(self, update: Update) -> str:
        """The variables that a ``minimize`` trains: those of its list that the loss depends on."""
        variables = list(nodes_in(update.node.details["variables"]))
        reached = ancestors(list(nodes_in(update.node.details["loss"])))
        return self.variables_text([n for n in variables if n.number in reached] or variables)

    def changing_rate(self, maker: Optimizer) -> str | None:
        """The text of a learning rate that is a tensor, for the step that assigns it."""
        region = self.plan.flow.region
        atom = region.atom_at(maker.place)
        assert atom is not None
        for key, value in maker.arguments.items():
            if not any(True for _ in nodes_in(value)):
                continue
            if key not in ("0", "learning_rate"):
                where = self.composer.symbols.module.key
                raise NotPlanned(
                    Refusal("TFM501", where, maker.call, "a hyperparameter that is a tensor is not rewritten yet")
                )
            arg = next(a for i, a in enumerate(maker.call.args) if (a.keyword.value if a.keyword else str(i)) == key)
            return self.composer.rendered(arg.value, atom, self.plan.model)
        return None

    def optimizer_build(self, maker: Optimizer) -> str:
        """Keras optimizers that serve several steps with different variables are told all of them first."""
        sets = {
            update.node.number: list(nodes_in(update.node.details["variables"]))
            for step in self.plan.steps
            for update in step.updates
            if update.node.details.get("optimizer") is maker
        }
        if len({frozenset(id(n) for n in nodes) for nodes in sets.values()}) < 2:
            return ""
        union = list(dict.fromkeys(n for nodes in sets.values() for n in nodes))
        if any(stands_for_several(n) for n in union) or self.plan.objects:
            where = self.composer.symbols.module.key
            reason = "one optimizer trains different layers in different runs, before they are built"
            raise NotPlanned(Refusal("TFM501", where, maker.call, reason))
        return f"{self.plan.optimizers[maker.number]}.build({self.variables_text(union)})\n"

    def optimizer_text(self, maker: Optimizer) -> str:
        """The constructor of the Keras optimizer."""
        symbols = self.composer.symbols
        atom = self.plan.flow.region.atom_at(maker.place)
        assert atom is not None
        edit = self.composer.substitution(atom, self.plan.model, {}, maker.call)
        rate = Rate.CHANGING if self.changing_rate(maker) is not None else Rate.CONSTANT
        updated = _inside(maker.call, edit)
        variables = [
            n
            for step in self.plan.steps
            for update in step.updates
            if update.node.details.get("optimizer") is maker
            for n in nodes_in(update.node.details["variables"])
        ]
        arguments = symbols.arguments(updated)
        made = optimizer(maker.name, arguments, tf=self.tf, sparse=is_sparse(self.plan, variables), rate=rate)
        if isinstance(made, Refused):
            raise NotPlanned(Refusal("TFM501", symbols.module.key, maker.call, made.reason, made.advice))
        symbols.define(made.definitions)
        return made.text

    # ------------------------------------------------------------------ results
    def returned(self, step: Step) -> str:
        if not step.fetch.values():
            return ""
        return self.structure(step.fetch, step, top=True)

    def structure(self, fetch: Fetch, step: Step, top: bool = False) -> str:
        match fetch.kind:
            case "none":
                return "None"
            case "leaf":
                return self.leaf(fetch, step)
            case "dict":
                pairs = zip(fetch.keys, fetch.items, strict=True)
                inner = [f"{self.composer.symbols.code(k)}: {self.structure(v, step)}" for k, v in pairs]
                return "{" + ", ".join(inner) + "}"
        items = fetch.items
        if (
            (isinstance(fetch.expression, cst.Name) or (fetch.whole and fetch.expression is not None))
            and all(leaf.kind == "leaf" for leaf in fetch.leaves())
            and not any(leaf.node is not None and leaf.node.kind == "variable" for leaf in fetch.leaves())
        ):
            return self.leaf(fetch, step)
        if top:
            items = [i for i in items if i.kind != "none"]
            parts = [self.structure(i, step) for i in items]
            return ", ".join(parts) if len(parts) > 1 else parts[0]
        parts = [self.structure(i, step) for i in items]
        if fetch.kind == "tuple":
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        return f"[{', '.join(parts)}]"

    def leaf(self, fetch: Fetch, step: Step) -> str:
        atom = self.plan.flow.region.atom_at(step.sites[0].place)
        assert atom is not None
        assert fetch.expression is not None
        text = self.collected_variable(fetch) or self.composer.rendered(fetch.expression, atom, self.plan.model)
        if fetch.node is not None and fetch.node.kind == "variable":
            return f"{self.tf}.convert_to_tensor({text})"
        return text


    def collected_variable(self, fetch: Fetch) -> str | None:
        """A variable that is fetched as an element of a collection, by its own name."""
        expression, node = fetch.expression, fetch.node
        if node is None or node.kind != "variable" or not isinstance(expression, cst.Subscript):
            return None
        if layer_of(node) is None and not isinstance(expression.value, cst.Call) and not self.is_chosen(fetch):
            return None
        return self.variable_reference(node)

    def is_chosen(self, fetch: Fetch) -> bool:
        """Whether what is fetched has the name of a list that is chosen from all variables."""
        expression = fetch.expression
        name = expression.value if isinstance(expression, cst.Subscript) else expression
        if not isinstance(name, cst.Name) or not (self.composer.inner or self.plan.objects):
            return False
        flow = self.plan.flow
        sources = flow.reaching(name.value, flow.region.atoms[-1])
        return any(flow.role(a) is Role.ALIAS and self.composer.is_collected(a) for a in sources)


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


def is_scalar(plan: Plan, node: Node) -> bool:
    """Whether a placeholder without a shape is used where TensorFlow 1 accepts nothing but a scalar."""
    if "probability" in node.details:
        return True
    for user in plan.flow.staging.nodes:
        call = user.expression
        if node not in user.inputs or not isinstance(call, cst.Call):
            continue
        position = {"tf.nn.dropout": 1, "tf.layers.dropout": 2, "tf.contrib.layers.dropout": 1}.get(user.op)
        for index, arg in enumerate(call.args):
            name = arg.keyword.value if arg.keyword is not None else ""
            scalar = name in ("keep_prob", "rate", "training", "is_training") or (not name and index == position)
            if scalar and plan.flow.staging.values_of(arg.value)[-1:] == [node]:
                return True
        if (
            user.kind == "train"
            and isinstance(maker := user.details.get("optimizer"), Optimizer)
            and any(value is node for value in maker.arguments.values())
        ):
            return True
    return False


def is_sparse(plan: Plan, variables: list[Node]) -> bool:
    """Whether a variable of these gets its gradient as IndexedSlices: something looks rows of it up."""
    for node in plan.flow.staging.nodes:
        if node.op not in SPARSE_READERS:
            continue
        stack = list(node.inputs)
        while stack:
            source = stack.pop()
            if source in variables:
                return True
            # An identity hands the rows on.
            if source.op in ("tf.identity", "method.read_value", "method.value", "tf.cast", "operator.getitem"):
                stack.extend(source.inputs)
    return False


def placeholder_argument(node: Node, position: int, name: str) -> cst.Arg | None:
    found = original_argument(cast(cst.Call, node.expression), position, name)
    if found is None or (isinstance(found.value, cst.Name) and found.value.value == "None"):
        return None
    return found


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


def _inside(call: cst.Call, edit: cst.CSTTransformer) -> cst.Call:
    """``call`` with its arguments edited, but not the call itself."""
    return call.with_changes(args=[cast(cst.Arg, arg.visit(edit)) for arg in call.args])


def _path_to(value: object, node: Node) -> str | None:
    if value is node:
        return ""
    if isinstance(value, Sequence) and value.exact:
        for i, item in enumerate(value.items):
            inner = _path_to(item, node)
            if inner is not None:
                return f"[{i}]{inner}"
    if isinstance(value, Mapping) and value.exact:
        for key, item in value.items.items():
            inner = _path_to(item, node)
            if inner is not None:
                return f"[{key!r}]{inner}"
    return None


def _attribute(name: str) -> str:
    return attribute(name)
