"""The abstract interpreter: distributions, which are objects around tensors."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.distributions import ATTRIBUTES, DIVERGENCE, METHODS, is_distribution
from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.savers import Savers
from tf2migrate.graph.values import Const, Host, Node, Value


class Distributions(Savers):
    """``tf.distributions``: an object is a node like the tensors that it is made of, but no run can fetch it."""

    def node_attribute(self, base: Node, name: str, node: cst.Attribute) -> Value:
        if name in ATTRIBUTES.get(base.op, ()):
            return self.tensor(f"distribution.{name}", [base], node)
        return super().node_attribute(base, name, node)

    def distribution_method(self, receiver: Node, name: str, args: Arguments, node: cst.Call) -> Value:
        """What a method of a distribution computes."""
        known = METHODS[receiver.op].get(name)
        if known is None or len(args.positional) > len(known) or any(key not in known for key in args.keywords):
            return self.refuse("TFM410", node, f"`{name}` of a distribution, called like this, is not rewritten yet")
        if name == "sample" and not all(isinstance(value, Host | Const) for value in args.all()):
            return self.refuse("TFM410", node, "the shape of these samples is a tensor, which is not rewritten yet")
        made = self.tensor(f"distribution.{name}", [receiver, *args.all()], node)
        if isinstance(made, Node):
            made.random = name == "sample"
        return made

    def divergence(self, args: Arguments, node: cst.Call) -> Value | None:
        """``tf.distributions.kl_divergence``, for the distributions whose formula is known."""
        if all(isinstance(value, Node) and is_distribution(value.op) for value in args.positional[:2]):
            return None
        return self.refuse("TFM410", node, f"`{DIVERGENCE}` of these distributions is not rewritten yet")
