"""What one run executes, and whether the order of its updates was defined.

TensorFlow 1 runs whatever is ready. Two nodes of a run have an order only where one needs the other: as an
input, by a control dependency, or because a gradient needs its value. A node that reads a variable and an update
that writes it, without such a way from one to the other, race; so do two updates of one variable.
Where nothing races, every order that keeps the ways gives the same numbers, that of the source among them.
"""

from __future__ import annotations

from collections.abc import Iterable

from tf2migrate.graph.control import branches
from tf2migrate.graph.parts import PART, layer_of
from tf2migrate.graph.values import Node, Optimizer, Sequence, Value, is_moving_average, nodes_in, optimizers_of
from tf2migrate.plan.dropped_gates import late_factors
from tf2migrate.plan.gradients import Backward, backward, behind

# Ops whose result may be the memory of the variable itself: what is read through them is read when it is used.
ALIASES = frozenset(
    [
        "tf.identity",
        "tf.Print",
        "tf.stop_gradient",
        "tf.convert_to_tensor",
        "tf.reshape",
        "tf.squeeze",
        "tf.expand_dims",
        "tf.transpose",
        "tf.cast",
        "tf.to_float",
        "tf.to_double",
        "tf.to_int32",
        "tf.to_int64",
        "tf.split",
        "tf.unstack",
        "tf.tuple",
        "method.read_value",
        "method.value",
        "operator.getitem",
    ]
)
STATE = ("variable", "layer")
UNGATED = "`tf.gradients` does not wait: a variable may change while another gradient still goes back through it"
DROPPED = (
    "TensorFlow 1.15 may update one variable of this product before the gradient by the other, and the order is not"
    " defined"
)


class Race(Exception):
    """Two nodes of one run have no order. ``node`` is the one that the user sees; ``reason`` says it in a line."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason


class Execution:
    """The nodes that one run executes: those that its fetches need, through inputs, gradients and controls."""

    def __init__(self, roots: Iterable[Node], fed: Iterable[Node] = ()) -> None:
        self.roots = list(roots)
        self.fed = {node.number for node in fed}
        self.backwards: dict[int, Backward] = {}
        self.nodes = self._closure(self.roots)
        ordered = sorted(self.nodes.values(), key=lambda node: node.number)
        self.trains = [node for node in ordered if node.kind == "train"]
        self.moving = [node for node in ordered if is_moving_average(node)]
        self.assigns = [node for node in ordered if node.kind == "assign" and not is_moving_average(node)]
        # What is more than a line in a log: a summary of a variable may race with the update, as it did.
        self.told = set(self._closure(node for node in self.roots if node.kind != "summary"))
        self.before: dict[int, set[int]] = {}
        self.users: dict[int, list[Node]] = {}
        for node in ordered:
            # A train op reads what its rate is, and what its gradients read is looked at on its own.
            read = self._rates(node) if node.kind == "train" else () if node.op == "tf.gradients" else node.inputs
            for source in read:
                self.users.setdefault(source.number, []).append(node)

    # ------------------------------------------------------------------ what is executed
    def needs(self, node: Node) -> list[Node]:
        """What has to be there before ``node`` is executed."""
        if node.number in self.fed or node.kind in (*STATE, "init"):
            return []
        gradient = self.backward(node)
        if gradient is not None:
            return [*gradient.needed, *self._rates(node), *node.control]
        inputs = node.inputs
        if node.kind == "train":
            inputs = tuple(nodes_in(node.details["gradients"]))
            return [*inputs, *self._rates(node), *node.control]
        if node.kind == "assign" and not is_moving_average(node):
            inputs = tuple(_value_inputs(node))
        # What a branch makes waits for the condition.
        return [*inputs, *node.control, *nodes_in(node.details.get("tests"))]

    def backward(self, node: Node) -> Backward | None:
        """What the gradients behind ``node`` need; None for a node that takes none."""
        if node.number not in self.backwards:
            if node.op == "tf.gradients" and node.inputs:
                by = node.details.get("variable")
                taken = list(nodes_in(node.details["ys"]))
                found = backward(taken, [by] if isinstance(by, Node) else [], "gated" in node.details)
                # The weights of the sum that is differentiated.
                found.needed.extend(i for i in node.inputs if i is not by and i not in taken)
                self.backwards[node.number] = found
            elif node.kind == "train" and "loss" in node.details:
                variables = list(nodes_in(node.details["variables"]))
                self.backwards[node.number] = backward(list(nodes_in(node.details["loss"])), variables, True)
        return self.backwards.get(node.number)

    def _rates(self, node: Node) -> list[Node]:
        maker = node.details.get("optimizer")
        return [n for made in optimizers_of(maker) for value in made.arguments.values() for n in nodes_in(value)]

    def _closure(self, roots: Iterable[Node]) -> dict[int, Node]:
        found: dict[int, Node] = {}
        stack = list(roots)
        while stack:
            node = stack.pop()
            if node.number not in found:
                found[node.number] = node
                stack.extend(self.needs(node))
        return found

    def earlier(self, node: Node) -> set[int]:
        """Numbers of all nodes that are certainly executed before ``node``."""
        if node.number not in self.before:
            self.before[node.number] = set(self._closure(self.needs(node)))
        return self.before[node.number]

    # ------------------------------------------------------------------ the order
    def check(self) -> None:
        """Raises ``Race`` where a result of this run could depend on an order that was not defined."""
        effects = [*self.trains, *self.assigns]
        for effect in effects:
            for variable in written(effect):
                for other in effects:
                    if other.number > effect.number and any(_overlap(variable, w) for w in written(other)):
                        self._one_after_the_other(effect, other)
                self._readers(effect, variable)
            self._gradients_beside(effect)
            self._gradients_within(effect)
            self._dropped_gates(effect)
        self._shared_optimizers()

    def _one_after_the_other(self, first: Node, second: Node) -> None:
        if are_alternatives(first, second):
            return
        if first.number not in self.earlier(second) and second.number not in self.earlier(first):
            raise Race(second, "two updates of one variable run at once, in an order that TensorFlow 1 did not define")
        if first in self.roots and first.kind == "assign":
            raise Race(first, "the value of an update is fetched, and another update of the variable follows it")

    def _readers(self, effect: Node, variable: Node) -> None:
        """Checks what reads ``variable``, directly or as the result of an assignment, beside ``effect``."""
        sources = [variable, *(a for a in self.assigns if a.details.get("variable") is variable)]
        layer = layer_of(variable)
        for source in [*sources, layer] if layer is not None else sources:
            for reader in self.users.get(source.number, []):
                # What reads a part names the layer as well.
                if source is layer and (reader.op == PART or any(layer_of(i) is layer for i in reader.inputs)):
                    continue
                target = reader.details.get("variable") if reader.kind == "assign" else None
                if target is variable and source not in _value_inputs(reader):
                    continue
                if reader is not effect and reader.kind != "group":
                    self._read(effect, reader, [])

    def _read(self, effect: Node, reader: Node, chain: list[Node]) -> None:
        """Checks that ``reader``, which gets the variable by way of ``chain``, has an order with ``effect``."""
        if reader.number not in self.told or are_alternatives(effect, reader):
            return
        first = chain[0] if chain else reader
        if effect.number in self.earlier(first):
            return
        if reader.op in ALIASES:
            if reader in self.roots:
                raise Race(reader, "a variable is read beside its update, in an order that TensorFlow 1 did not define")
            for user in self.users.get(reader.number, []):
                self._read(effect, user, [*chain, reader])
            return
        if reader.number in self.earlier(effect) or self._is_taken_along(effect, reader):
            return
        raise Race(reader, "a value beside an update reads its variables in an order that TensorFlow 1 did not define")

    def _is_taken_along(self, effect: Node, reader: Node) -> bool:
        """Whether the forward pass of the update's own gradients executes ``reader`` first."""
        gradient = self.backward(effect)
        gradients = [gradient] if gradient is not None else []
        if effect.kind == "train" and gradient is None:
            found = [self.backward(n) for n in nodes_in(effect.details["gradients"])]
            gradients = [g for g in found if g is not None]
        return any(reader.number in g.along for g in gradients)

    def _gradients_beside(self, effect: Node) -> None:
        """The way back through the graph reads variables as well."""
        changed = [n for variable in written(effect) for n in (variable, layer_of(variable))]
        for node in self.nodes.values():
            gradient = self.backward(node) if node is not effect else None
            if gradient is None or node.number in self.earlier(effect):
                continue
            if any(_memory(value) in changed for value in gradient.needed):
                raise Race(effect, "a gradient reads a variable that another update of this run changes")

    def _gradients_within(self, effect: Node) -> None:
        """What ``tf.gradients`` gives is applied as soon as it is there, while other gradients still read the variable.

        TensorFlow 1.15 was measured to apply the gradients of the last layers first, and to go back through the new
        weights from there. Gradients that are clipped by their common norm wait for each other.
        """
        gradients, variables = (effect.details.get(key) for key in ("gradients", "applied_to"))
        if not isinstance(gradients, Sequence) or not isinstance(variables, Sequence):
            return
        applied = [list(nodes_in(value)) for value in gradients.items]
        taken = {n.number: n for nodes in applied for n in behind(nodes) if n.op == "tf.gradients"}
        for nodes, variable in zip(applied, variables.items, strict=True):
            before = self._closure(nodes)
            changed = (variable, layer_of(variable) if isinstance(variable, Node) else None)
            for number, gradient in taken.items():
                read = self.backward(gradient)
                if number in before or read is None or "gated" in gradient.details:
                    continue
                if any(_memory(value) in changed for value in read.needed):
                    raise Race(effect, UNGATED)

    def _dropped_gates(self, effect: Node) -> None:
        """Gradients that wait for each other as they are written, but not as TensorFlow 1.15 executes them."""
        if effect.kind != "train":
            return
        changed = written(effect)
        if "loss" in effect.details:
            if any(late_factors(nodes_in(effect.details["loss"]), changed, ALIASES)):
                raise Race(effect, DROPPED)
            return
        applied = list(nodes_in(effect.details["gradients"]))
        taken = [node for node in behind(applied) if node.op == "tf.gradients"]
        for gradient in taken:
            for variable, by in late_factors(nodes_in(gradient.details["ys"]), changed, ALIASES):
                if by is gradient.details.get("variable") and not self._waits(effect, variable, gradient):
                    raise Race(effect, DROPPED)

    def _waits(self, effect: Node, variable: Node, gradient: Node) -> bool:
        """Whether the update of a variable needs a gradient, as where gradients are clipped by their common norm."""
        gradients, variables = effect.details["gradients"], effect.details.get("applied_to")
        if not isinstance(gradients, Sequence) or not isinstance(variables, Sequence):
            return False
        own = [v for v, target in zip(gradients.items, variables.items, strict=True) if target is variable]
        return bool(own) and gradient.number in self._closure(nodes_in(own[0]))

    def _shared_optimizers(self) -> None:
        seen: set[int] = set()
        for node in self.trains:
            maker = node.details.get("optimizer")
            if not isinstance(maker, Optimizer) or maker.name.endswith(".GradientDescentOptimizer"):
                continue
            if maker.number in seen:
                raise Race(node, "one optimizer with a memory makes several updates of this run")
            seen.add(maker.number)


def are_alternatives(one: Node, other: Node) -> bool:
    """Whether two nodes are in different branches of a conditional, of which a run executes one."""
    taken, found = dict(branches(one)), dict(branches(other))
    return any(found.get(conditional, branch) != branch for conditional, branch in taken.items())


def written(effect: Node) -> list[Node]:
    """The variables and layers that a train op or an assignment changes."""
    if effect.kind == "assign":
        target: Value | None = effect.details.get("variable")
        return [target] if isinstance(target, Node) else []
    out = list(nodes_in(effect.details.get("variables", Sequence([]))))
    if "loss" in effect.details:
        # What the loss does not depend on gets no gradient, and stays.
        reached = {node.number for node in behind(nodes_in(effect.details["loss"]))}
        out = [node for node in out if (layer_of(node) or node).number in reached]
    step = effect.details.get("global_step")
    return [*out, step] if isinstance(step, Node) else out


def _overlap(one: Node, other: Node) -> bool:
    """Whether two of what updates change are one variable, or a layer and a part of it."""
    return one is other or layer_of(one) is other or layer_of(other) is one


def is_initialization(fetches: Iterable[Value]) -> bool:
    """Whether a run executes initializers and nothing else."""
    nodes = Execution(node for value in fetches for node in nodes_in(value)).nodes.values()
    return any(node.kind == "init" for node in nodes) and all(node.kind in ("init", "group") for node in nodes)


def _memory(node: Node) -> Node:
    """The variable that a node is another name of, or the node itself."""
    while node.op in ALIASES and node.inputs:
        node = node.inputs[0]
    return node


def _value_inputs(assign: Node) -> list[Node]:
    """What is assigned, without the variable that it is assigned to."""
    value = assign.details.get("value")
    return list(nodes_in(value)) if value is not None else []

