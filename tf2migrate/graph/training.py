"""The abstract interpreter: optimizers, gradients and updates."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.collections import Collections
from tf2migrate.graph.parts import grouped, layer_of
from tf2migrate.graph.values import (
    Choice,
    Const,
    Host,
    Node,
    Optimizer,
    Sequence,
    Unknown,
    Value,
    is_perhaps_trained,
    nodes_in,
    optimizers_of,
    stands_for_several,
    unknown_in,
)


class Training(Collections):
    """``tf.train`` optimizers and ``tf.gradients``."""

    def optimizer(self, name: str, args: Arguments, node: cst.Call) -> Value:
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        named: dict[str, Value] = {str(i): v for i, v in enumerate(args.positional)}
        named.update(args.keywords)
        made = Optimizer(name, named, node, self.place(), len(self.staging.optimizers))
        self.staging.optimizers.append(made)
        return made

    def chosen_optimizer(self, value: Choice) -> Optimizer | None:
        """What stands for the one optimizer of several that the host chooses; None where these are not all.

        The same choice is the same optimizer, by whatever name it is asked for an update.
        """
        options = optimizers_of(value)
        if not options or any(option.train is not None for option in options):
            return None
        for known in self.staging.optimizers:
            if known.options == options:
                return known
        first = options[0]
        made = Optimizer("", {}, first.call, first.place, len(self.staging.optimizers), options=options)
        self.staging.optimizers.append(made)
        return made

    def optimizer_method(self, target: Optimizer, name: str, args: Arguments, node: cst.Call) -> Value:
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        if name in ("minimize", "apply_gradients") and "name" in args.keywords:
            given = args.keywords["name"]
            self.op_names.call(name, given.value if isinstance(given, Const) else given, not self.perhaps)
        match name:
            case "minimize":
                loss = args.get(0, "loss")
                return self.train(target, loss, self.targets(args.get(2, "var_list")), args.get(1, "global_step"), node)
            case "compute_gradients":
                loss = args.get(0, "loss")
                variables = self.targets(args.get(1, "var_list"))
                pairs: list[Value] = []
                if loss is None or variables is None:
                    return Unknown("the variables of these gradients are not known", self.place())
                for variable in variables:
                    gradient = self.make("tensor", "tf.gradients", [loss, variable], node)
                    gradient.details["variable"] = variable
                    gradient.details["ys"] = loss
                    # Those of one op are kept together, which `tf.gradients` does not do.
                    gradient.details["gated"] = Const(True)
                    pairs.append(Sequence([gradient, variable], "tuple"))
                return Sequence(pairs, kind_of(variables))
            case "apply_gradients":
                return self.apply_gradients(target, args, node)
            case "get_name" | "variables" | "get_slot_names":
                return Host()
        return self.refuse("TFM501", node, f"`{name}` of an optimizer is not followed")

    def targets(self, given: Value | None) -> list[Node] | None:
        """The variables that are trained: those given, or all trainable ones made so far."""
        if given is None or (isinstance(given, Const) and given.value is None):
            members = self.collections.get("variables", [])
            return [m for m in members if isinstance(m, Node) and m.trainable]
        if not is_clear(given):
            return None
        return grouped(n for n in nodes_in(given) if n.kind in ("variable", "layer"))

    def train(
        self, target: Optimizer, loss: Value | None, variables: list[Node] | None, step: Value | None, node: cst.Call
    ) -> Value:
        if loss is None or not any(True for _ in nodes_in(loss)):
            return Unknown("the loss that is minimized is not a tensor of this graph", self.place())
        if variables is None:
            return Unknown("the variables that are trained are not known", self.place())
        made = self.make("train", "minimize", [loss], node)
        self.describe_update(made, target, variables, step)
        made.details["loss"] = loss
        return made

    def describe_update(self, made: Node, target: Optimizer, variables: list[Node], step: Value | None) -> None:
        made.details["optimizer"] = target
        made.details["variables"] = Sequence(list(variables))
        rate = [n for made in optimizers_of(target) for value in made.arguments.values() for n in nodes_in(value)]
        extra = list(nodes_in(step)) if step is not None else []
        made.inputs = tuple(dict.fromkeys([*made.inputs, *variables, *rate, *extra]))
        if isinstance(step, Node):
            made.details["global_step"] = step

    def apply_gradients(self, target: Optimizer, args: Arguments, node: cst.Call) -> Value:
        pairs = args.get(0, "grads_and_vars")
        if not isinstance(pairs, Sequence) or not pairs.exact:
            return Unknown("the gradients that are applied are not known", self.place())
        variables: list[Node] = []
        gradients: list[Value] = []
        for pair in pairs.items:
            if not isinstance(pair, Sequence) or len(pair.items) != 2 or not isinstance(pair.items[1], Node):
                return Unknown("the gradients that are applied are not known", self.place())
            gradients.append(pair.items[0])
            variables.append(pair.items[1])
        made = self.make("train", "apply_gradients", gradients, node)
        self.describe_update(made, target, grouped(variables), args.get(1, "global_step"))
        made.details["gradients"] = Sequence(gradients)
        made.details["applied_to"] = Sequence(list(variables))
        return made

    def gradients(self, args: Arguments, node: cst.Call) -> Value:
        """``tf.gradients(ys, xs)``: one tensor for each ``x``."""
        ys, xs, weights = args.get(0, "ys"), args.get(1, "xs"), args.get(2, "grad_ys")
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        if ys is None or xs is None:
            return Unknown("the arguments of these gradients are not known", self.place())
        if not is_clear(xs):
            return Unknown("the list of what to differentiate by is not known", self.place())
        out: list[Value] = []
        for x in nodes_in(xs):
            made = self.make("tensor", "tf.gradients", [ys, x, *([weights] if weights is not None else [])], node)
            made.details["variable"] = x
            made.details["ys"] = ys
            out.append(made)
        return Sequence(out, kind_of(list(nodes_in(xs))))


def is_clear(variables: Value) -> bool:
    """Whether a list of variables is known; what is trained by its name is trained whatever the host decides."""
    chosen = isinstance(variables, Sequence) and variables.kind == "collection"
    exact = not isinstance(variables, Sequence) or variables.exact
    return exact and (chosen or not any(map(is_perhaps_trained, nodes_in(variables))))


def kind_of(variables: list[Node]) -> str:
    """A list with one element for each variable, or one in which a layer stands for several."""
    whole = all(not stands_for_several(v) and layer_of(v) is None and not is_perhaps_trained(v) for v in variables)
    return "list" if whole else "collection"
