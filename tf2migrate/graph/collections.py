"""The abstract interpreter: collections of the graph, of variables, of update ops and of losses."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.staging import Collected, Reading
from tf2migrate.graph.values import (
    Const,
    Node,
    Optimizer,
    Regularizer,
    Scope,
    Sequence,
    Unknown,
    Value,
    is_perhaps_trained,
    nodes_in,
    stands_for_several,
    unknown_in,
)
from tf2migrate.graph.variables import Variables, is_given

LOSSES = "losses"
REGULARIZATION = "regularization_losses"
VARIABLES = ("variables", "trainable_variables", "model_variables")
ADDING = ("tf.add_to_collection", "tf.losses.add_loss", "tf.contrib.losses.add_loss")
# Functions of `tf.losses` that collect nothing.
READING = {
    "get_losses": ("list", True, False),
    "get_regularization_losses": ("list", False, True),
    "get_regularization_loss": ("sum", False, True),
    "get_total_loss": ("sum", True, True),
}


class Collections(Variables):
    """``tf.add_to_collection``, ``tf.get_collection`` and what ``tf.losses`` does with them."""

    collected: dict[str, list[Collected]]
    penalties: dict[int, Node]

    # ------------------------------------------------------------------ adding
    def set_attribute(self, base: Value, name: str, value: Value, where: cst.CSTNode) -> None:
        # How a penalty that a function collects is put, for Keras: see `rewrite.penalties`.
        if isinstance(base, Node) and name == "regularizer" and isinstance(value, Regularizer):
            self.regularize(base, [value], where)
        super().set_attribute(base, name, value, where)

    def add_to_collection(self, key: Value | None, value: Value | None, node: cst.Call, position: int) -> Value:
        """``tf.add_to_collection(name, value)``; ``position`` is that of the value among the arguments."""
        name = self.collection_key(key)
        if name is None:
            return self.refuse("TFM401", node, "the name of this collection is not known")
        if value is not None and (unknown := unknown_in(value)) is not None:
            return unknown
        if not isinstance(value, Node):
            if any(True for _ in nodes_in(value)):
                return self.refuse("TFM410", node, "a list of tensors is put into a collection as one member")
            return Const(None)
        if name in ("update_ops", "summaries", *VARIABLES):
            if name in VARIABLES and value in self.collections.get("variables", ()):
                return Const(None)
            return self.refuse("TFM410", node, f"an addition to the collection `{name}` is not rewritten yet")
        if value.kind == "variable":
            self.collections.setdefault(name, []).append(value)
        given = argument_at(node, position)
        self.collected.setdefault(name, []).append(Collected(value, node, given, self.place()))
        return Const(None)

    def collect_loss(self, name: str, made: Node, args: Arguments, node: cst.Call) -> None:
        """``tf.losses.mean_squared_error(...)`` and the like put what they compute into a collection."""
        if len(args.positional) > (3 if name.endswith("compute_weighted_loss") else 4):
            self.refuse("TFM401", node, "the collection that this loss goes to is not known")
            return
        if "loss_collection" not in args.keywords:
            key: str | None = LOSSES
        elif not is_given(args.keywords["loss_collection"]):
            return
        else:
            key = self.collection_key(args.keywords["loss_collection"])
        if key is None:
            self.refuse("TFM401", node, "the collection that this loss goes to is not known")
            return
        self.collected.setdefault(key, []).append(Collected(made, node, None, self.place()))

    # ------------------------------------------------------------------ reading
    def get_collection(self, args: Arguments, node: cst.Call) -> Value:
        """``tf.get_collection(key, scope)``: variables, update ops, or collected tensors."""
        name = self.collection_key(args.get(0, "key", "name"))
        scope = args.get(1, "scope")
        if name is None:
            return Unknown("the name of this collection is not known", self.place())
        members = self.collected.get(name, [])
        variables = name not in (LOSSES, REGULARIZATION) and all(m.node.kind == "variable" for m in members)
        if name in VARIABLES or name == "update_ops" or variables:
            return self.collection(name, scope, node)
        return self.read("list", name, name == REGULARIZATION, scope, node)

    def read_losses(self, name: str, args: Arguments, node: cst.Call) -> Value:
        """``tf.losses.get_total_loss()`` and its kin."""
        form, losses, regularization = READING[name]
        if name == "get_total_loss":
            flag = args.get(0, "add_regularization_losses")
            if flag is not None and not isinstance(flag, Const):
                return self.refuse("TFM401", node, "which losses are added up here is not known")
            regularization = flag is None or bool(flag.value)
            scope = args.get(2, "scope")
        else:
            scope = args.get(0, "scope")
        key = LOSSES
        if name == "get_losses" and is_given(args.get(1, "loss_collection")):
            given = self.collection_key(args.get(1, "loss_collection"))
            if given is None:
                return self.refuse("TFM401", node, "the name of this collection is not known")
            key = given
        return self.read(form, key if losses else "", regularization, scope, node)

    def read(self, form: str, name: str, regularization: bool, scope: Value | None, node: cst.Call) -> Value:
        """The members of a collection of losses, as a list or added up."""
        if is_given(scope):
            return self.refuse("TFM410", node, "losses are chosen by their scope, which is not rewritten yet")
        losses = tuple(self.collected.get(name, ()))
        regularized = tuple(self.staging.regularized) if regularization else ()
        self.staging.readings.append(Reading(node, form, self.place(), losses, regularized))
        for owner in regularized:
            if owner.number not in self.penalties:
                self.penalties[owner.number] = self.make("tensor", "regularizer", [owner], node)
        terms = [self.penalties[owner.number] for owner in regularized]
        items = [*(member.node for member in losses), *terms]
        if form == "list":
            # Keras lists its losses in an order of its own.
            return Sequence(cast(list[Value], items), "collection" if len(terms) > 1 else "list")
        return self.make("tensor", "tf.add_n", list(items), node)

    def members(self, name: str) -> list[Value]:
        """What is in a collection, with the variables of layers one by one where they are known."""
        out: list[Value] = []
        for member in self.collections.get(name, []):
            out += member.parts if isinstance(member, Node) and member.parts else [member]
        return out

    def collection(self, name: str, scope: Value | None, node: cst.Call) -> Value:
        """The variables or update ops of a collection whose name starts with ``scope``."""
        prefix = ""
        if isinstance(scope, Scope):
            prefix = scope.path
        elif isinstance(scope, Const) and isinstance(scope.value, str):
            prefix = scope.value
        elif is_given(scope):
            return Unknown("the scope of this collection is not known", self.place())
        if name == "variables" and not prefix and any(map(makes_slots, self.staging.nodes)):
            self.staging.with_slots.add(id(node))
        members = self.members("variables" if name in VARIABLES else name)
        chosen: list[Value] = []
        for member in members:
            if isinstance(member, Node) and member.kind in ("variable", "layer"):
                if name == "trainable_variables" and not member.trainable:
                    continue
                if name == "variables" and "local" in member.details:
                    continue
                if prefix and ("unnamed" in member.details or "?" in member.name):
                    return Unknown("the names of these variables, by which they are chosen, are unknown", self.place())
                if prefix and not member.name.startswith(prefix):
                    continue
            elif isinstance(member, Node) and prefix and not member.scope.startswith(prefix):
                continue
            chosen.append(member)
        # Keras lists the variables of layers after a model's own.
        layers = any(isinstance(m, Node) and (stands_for_several(m) or layer_of(m) is not None) for m in chosen)
        unsure = any(isinstance(m, Node) and (is_perhaps_trained(m) or not self.is_certain(m)) for m in chosen)
        return Sequence(chosen, "collection" if layers or unsure else "list")


def argument_at(node: cst.Call, position: int) -> cst.BaseExpression | None:
    """The expression of the value that a call puts into a collection."""
    for arg in node.args:
        if arg.keyword is not None and arg.keyword.value in ("value", "loss"):
            return arg.value
    plain = [arg.value for arg in node.args if arg.keyword is None and not arg.star]
    return plain[position] if position < len(plain) else None


def makes_slots(node: Node) -> bool:
    """Whether a train op has made variables of its optimizer: momenta, mean squares, powers of betas."""
    optimizer = node.details.get("optimizer") if node.kind == "train" else None
    return isinstance(optimizer, Optimizer) and not optimizer.name.endswith("GradientDescentOptimizer")
