"""The updates of a step: gradients that an optimizer applies, and the optimizer itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.api.calls_model import Refused
from tf2migrate.api.optimizers import Rate, counts_steps, densify, optimizer
from tf2migrate.graph.tensorflow import STEP_COUNTERS
from tf2migrate.graph.values import (
    Bound,
    Const,
    Function,
    Node,
    Optimizer,
    nodes_in,
    optimizers_of,
    stands_for_several,
)
from tf2migrate.plan.gradients import behind, differentiable
from tf2migrate.plan.model import Plan, Update
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.external import external_text
from tf2migrate.rewrite.gradients import Gradients
from tf2migrate.rewrite.model_text import inside
from tf2migrate.rewrite.tapes import hole, tape_name
from tf2migrate.rewrite.variable_texts import WIDTH

# A list of variables that is longer gets a name of its own, rather than to stand in two lines.
LONG = 48
INDENT = "    "
SPARSE_READERS = (
    "tf.nn.embedding_lookup",
    "tf.gather",
    "tf.gather_nd",
    "tf.nn.nce_loss",
    "tf.nn.sampled_softmax_loss",
    "tf.nn.embedding_lookup_sparse",
    "tf.nn.safe_embedding_lookup_sparse",
)


@dataclass(slots=True)
class Updates(Gradients):
    """Renders train ops and optimizers."""

    def apply(
        self, update: Update, level: int, holes: dict[str, list[cst.BaseStatement]], suffix: str = ""
    ) -> list[str]:
        """The lines that take, by the tape of a level, and apply the gradients of one train op."""
        tape = tape_name(self.plan, level)
        node, call = update.node, update.call
        lines: list[str] = []
        maker = cast(Optimizer, node.details["optimizer"])
        name = self.plan.optimizers[maker.number]
        variables = list(nodes_in(node.details["variables"]))
        dense = self.densified(maker, variables)
        texts = self.arguments(call, update.atom)
        step_node = node.details.get("global_step")
        if maker.train is not None:
            return self.external(update, tape, hole(level - 1), holes)
        if node.op == "minimize":
            extra = {k for k in texts if k not in ("loss", "global_step", "var_list", "0", "1", "2")}
            if extra:
                where = self.composer.symbols.module.key
                raise NotPlanned(Refusal("TFM501", where, call, f"`minimize({extra.pop()}=...)` is not rewritten yet"))
            loss = texts.get("loss", texts.get("0", ""))
            if not loss.isidentifier():
                fresh = self.plan.local(f"loss{suffix}", f"objective{suffix}")
                holes[hole(level - 1)] += self.templates.statements(f"{fresh} = {loss}\n", {})
                loss = fresh
            if any(not n.trainable for n in variables):
                raise self.refused(self.plan.steps[0], "variables that are not trainable are trained here")
            chosen = self.trained_text(update)
            if len(chosen) > LONG:
                trained = self.plan.local(f"variables{suffix}", f"trained{suffix}")
                lines += assigned(trained, chosen)
                chosen = trained
            gradients = self.plan.local(f"gradients{suffix}")
            lines.append(f"{gradients} = {tape}.gradient({loss}, {chosen})")
            if dense:
                each = self.plan.local("gradient")
                lines.append(f"{gradients} = [{self.tf}.convert_to_tensor({each}) for {each} in {gradients}]")
            pairs = f"zip({gradients}, {chosen})"
        else:
            pairs = texts.get("grads_and_vars", texts.get("0", ""))
            if dense:
                g, v = self.plan.local("gradient"), self.plan.local("variable")
                test = f" if {g} is not None" if _may_be_none(node) else ""
                pairs = f"[({self.tf}.convert_to_tensor({g}), {v}) for {g}, {v} in {pairs}{test}]"
        rate = self.changing_rate(maker)
        if rate is not None:
            lines.append(f"{name}.learning_rate.assign({rate})")
        every = self.trained_by(maker)
        if every and self.is_built_late(every):
            lines.append(self.building(maker, every))
        lines.append(f"{name}.apply_gradients({pairs})")
        if isinstance(step_node, Node):
            lines.append(f"{self.variable_reference(step_node)}.assign_add(1)")
        return lines

    def external(
        self, update: Update, tape: str, taped: str, holes: dict[str, list[cst.BaseStatement]]
    ) -> list[str]:
        """The gradients that an optimizer outside of the graph is told, with the loss."""
        given = update.call.args[0]
        if given.keyword is not None and given.keyword.value != "loss":
            raise self.refused(self.plan.steps[0], "the loss of this optimizer is not its first argument")
        loss = self.composer.rendered(given.value, update.atom, self.plan.model)
        if not loss.isidentifier():
            holes[taped] += self.templates.statements(f"{self.plan.local('loss', 'objective')} = {loss}\n", {})
            loss = self.plan.local("loss", "objective")
        gradients = self.plan.local("gradients")
        self.telling[update.node.number] = f"{loss}, {gradients}"
        return [f"{gradients} = {tape}.gradient({loss}, {self.trained_text(update)})"]

    def trained_text(self, update: Update) -> str:
        """The variables that a ``minimize`` trains."""
        return self.variables_text(_trained(update.node))

    def changing_rate(self, maker: Optimizer) -> str | None:
        """The text of a learning rate that is a tensor, for the step that assigns it."""
        if maker.options:
            return self.common_rate(maker)
        region = self.plan.flow.region
        atom = region.atom_at(maker.place)
        assert atom is not None
        for key, value in maker.arguments.items() if maker.train is None else ():
            if not any(True for _ in nodes_in(value)):
                continue
            if self.is_own_step(maker, key):
                continue
            if key not in ("0", "learning_rate"):
                where = self.composer.symbols.module.key
                raise NotPlanned(
                    Refusal("TFM501", where, maker.call, "a hyperparameter that is a tensor is not rewritten yet")
                )
            arg = next(a for i, a in enumerate(maker.call.args) if (a.keyword.value if a.keyword else str(i)) == key)
            return self.composer.rendered(arg.value, atom, self.plan.model)
        return None

    def common_rate(self, chosen: Optimizer) -> str | None:
        """The learning rate that whichever optimizer is chosen has, where it is a tensor."""
        rates = {self.changing_rate(option) for option in chosen.options}
        given: set[frozenset[Node]] = set()
        for option in chosen.options:
            values = [value for key, value in option.arguments.items() if not self.is_own_step(option, key)]
            given.add(frozenset(node for value in values for node in nodes_in(value)))
        if len(rates) > 1 or len(given) > 1:
            where = self.composer.symbols.module.key
            reason = "the optimizers that the host chooses from have different learning rates that are tensors"
            raise NotPlanned(Refusal("TFM501", where, chosen.call, reason))
        return rates.pop()

    def densified(self, maker: Optimizer, variables: list[Node]) -> bool:
        """Whether sparse gradients are made dense before they are applied, whichever optimizer is chosen."""
        sparse = is_sparse(self.plan, variables)
        # Of several, gradient descent has no say: it takes the same step from both.
        options = [o for o in maker.options if not o.name.endswith(".GradientDescentOptimizer")]
        found = {densify(option.name, sparse) for option in (options if maker.options else [maker])}
        if len(found) > 1:
            where = self.composer.symbols.module.key
            reason = "of the optimizers that the host chooses from, only some take sparse gradients as they are"
            raise NotPlanned(Refusal("TFM501", where, maker.call, reason))
        return found == {True}

    def is_own_step(self, maker: Optimizer, key: str) -> bool:
        """Whether an argument is a variable that begins at 0 and counts the updates of this optimizer alone.

        Keras optimizers count these themselves.
        """
        step = maker.arguments[key]
        if not counts_steps(maker.name, key) or not isinstance(step, Node) or not begins_at_zero(step):
            return False
        nodes = self.plan.flow.staging.nodes
        counted = [n for n in nodes if n.kind == "train" and n.details.get("global_step") is step]
        own = [n for n in nodes if n.kind == "train" and maker in serving(n)]
        return counted == own and not any(n.kind == "assign" and step in n.inputs for n in nodes)

    def optimizer_build(self, maker: Optimizer) -> str:
        """Keras optimizers that serve several steps with different variables are told all of them first."""
        every = self.trained_by(maker)
        return self.building(maker, every) + "\n" if every and not self.is_built_late(every) else ""

    def building(self, maker: Optimizer, every: list[Node]) -> str:
        return f"{self.plan.optimizers[maker.number]}.build({self.variables_text(every)})"

    def trained_by(self, maker: Optimizer) -> list[Node]:
        """The variables that an optimizer trains in all steps, where they differ from step to step."""
        sets = {
            update.node.number: _trained(update.node)
            for step in self.plan.steps
            for update in step.updates
            if update.node.details.get("optimizer") is maker
        }
        if len({frozenset(id(n) for n in nodes) for nodes in sets.values()}) < 2:
            return []
        return list(dict.fromkeys(n for nodes in sets.values() for n in nodes))

    def is_built_late(self, variables: list[Node]) -> bool:
        """Whether some of these are there only once a step has called the layers that make them."""
        return any(stands_for_several(n) for n in variables) or bool(self.plan.objects)

    def optimizer_text(self, maker: Optimizer) -> str:
        """The constructor of the Keras optimizer."""
        symbols = self.composer.symbols
        if maker.options:
            reason = "an optimizer that the host chooses is made again, which is not rewritten yet"
            raise NotPlanned(Refusal("TFM410", symbols.module.key, maker.call, reason))
        atom = self.plan.flow.region.atom_at(maker.place)
        assert atom is not None
        if any(isinstance(value, Function | Bound) for value in maker.arguments.values()):
            # TensorFlow 1 calls it for each update that is made.
            reason = "a hyperparameter that is a function is not rewritten yet"
            raise NotPlanned(Refusal("TFM501", symbols.module.key, maker.call, reason, "call it where it is given"))
        if maker.train is not None:
            return external_text(self.composer, maker, atom)
        edit = self.composer.substitution(atom, self.plan.model, {}, maker.call)
        rate = Rate.CHANGING if self.changing_rate(maker) is not None else Rate.CONSTANT
        updated = inside(maker.call, edit)
        variables = [
            n
            for step in self.plan.steps
            for update in step.updates
            if maker in serving(update.node)
            for n in nodes_in(update.node.details["variables"])
        ]
        arguments = symbols.arguments(updated)
        own = any(self.is_own_step(maker, key) for key in maker.arguments)
        sparse = is_sparse(self.plan, variables)
        made = optimizer(maker.name, arguments, tf=self.tf, sparse=sparse, rate=rate, own_step=own)
        if isinstance(made, Refused):
            raise NotPlanned(Refusal("TFM501", symbols.module.key, maker.call, made.reason, made.advice))
        symbols.define(made.definitions)
        return made.text


def serving(update: Node) -> tuple[Optimizer, ...]:
    """The optimizers of which one makes an update."""
    return optimizers_of(update.details.get("optimizer"))


def begins_at_zero(node: Node) -> bool:
    """Whether a variable is a counter that begins at 0."""
    initial = node.details.get("initial_value")
    return node.kind == "variable" and (
        node.op in STEP_COUNTERS or (isinstance(initial, Const) and type(initial.value) is int and initial.value == 0)
    )


def assigned(name: str, chosen: str) -> list[str]:
    """The lines that give a list of variables a name; ``chosen`` is one list, or a sum of lists."""
    line = f"{name} = {chosen}"
    if len(line) <= WIDTH - 2 * len(INDENT):
        return [line]
    first, *others = chosen.split(" + ")
    return [f"{name} = (", f"{INDENT}{first}", *(f"{INDENT}+ {other}" for other in others), ")"]


def _trained(node: Node) -> list[Node]:
    """The variables that an update of an optimizer trains: of a list, those that the loss depends on."""
    variables = list(nodes_in(node.details["variables"]))
    if "loss" not in node.details:
        return variables
    reached = differentiable(nodes_in(node.details["loss"]))
    return [n for n in variables if n.number in reached] or variables


def _may_be_none(node: Node) -> bool:
    """Whether gradients that are applied may be ``None``: some variable has no part in what they are gradients of."""
    taken = [n for n in behind(nodes_in(node.details["gradients"])) if n.op == "tf.gradients"]
    return any(n.inputs[-1].number not in differentiable(n.inputs[:-1]) for n in taken)


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
