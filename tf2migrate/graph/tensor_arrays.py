"""The abstract interpreter: arrays that loops of the graph write and read.

Both TensorFlows have them with the same methods, each of which gives the array as it is from then on, or what it
holds. An array is a node like the tensors in it, but no run can fetch it, and it lives in one function.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.savers import Savers
from tf2migrate.graph.values import Node, Symbol, Unknown, Value

TENSOR_ARRAY = "tf.TensorArray"
WRITES = frozenset({"write", "unstack", "scatter", "split", "identity"})
READS = frozenset({"read", "stack", "gather", "concat"})
_INTERNAL = ("handle", "flow")


def is_array(value: Value | None) -> bool:
    """Whether a value is an array of tensors, or what a loop or branch made of one."""
    seen: set[int] = set()
    while isinstance(value, Node) and id(value) not in seen:
        if value.op == TENSOR_ARRAY:
            return True
        seen.add(id(value))
        value = value.details.get("like") if value.kind == "tensor" else None
    return False


class TensorArrays(Savers):
    """``tf.TensorArray``."""

    def tensor_array(self, args: Arguments, node: cst.Call) -> Value:
        if any(name in args.keywords for name in _INTERNAL) or len(args.positional) > 5:
            return self.refuse("TFM410", node, "an array that is made of the parts of another is not rewritten yet")
        made = self.tensor(TENSOR_ARRAY, args.all(), node)
        dtype = args.get(0, "dtype")
        if isinstance(made, Node) and dtype is not None:
            made.details["dtype"] = dtype
        return made

    def node_attribute(self, base: Node, name: str, node: cst.Attribute) -> Value:
        if is_array(base) and name not in (*WRITES, *READS, "size", "dtype"):
            return Unknown(f"`{name}` of an array of tensors is not rewritten yet", self.place(), "TFM410")
        return super().node_attribute(base, name, node)

    def array_method(self, receiver: Node, name: str, args: Arguments, node: cst.Call) -> Value:
        """An array with what was written, or what is read of it."""
        made = self.tensor(f"{TENSOR_ARRAY}.{name}", [receiver, *args.all()], node)
        if isinstance(made, Node) and name == "size":
            made.details["dtype"], made.shape = Symbol("tf.int32"), ()
        elif isinstance(made, Node) and name in WRITES:
            made.details["like"] = receiver
        elif isinstance(made, Node):
            made.details["element_of"] = receiver
        return made
