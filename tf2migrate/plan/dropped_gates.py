"""Products whose gradients TensorFlow 1.15 does not keep apart.

The gradients of ``a * (2 * b)`` wait for each other before a variable changes. Where all shapes are known when the
graph is built, the graph optimizer writes ``2 * (g * a)``, the gradient by ``b``, as ``a * (2 * g)``, and the wait is
lost: measured, ``a`` has mostly changed when it is read. So it is for a factor that is a variable itself, beside one
whose gradient is next multiplied by a constant. Shapes that are only known in a run, and other factors, are safe.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tf2migrate.graph.values import Node
from tf2migrate.plan.gradients import behind, varies

TIMES = frozenset(["operator.Multiply", "tf.multiply", "tf.mul", "tf.scalar_mul"])
POWERS = frozenset(["operator.Power", "tf.pow"])
# Ops that hand on the gradient that they get.
PASSING = frozenset(
    [
        *("operator.Add", "operator.Subtract", "operator.Minus", "tf.add", "tf.add_n", "tf.subtract", "tf.negative"),
        *("tf.identity", "tf.convert_to_tensor", "tf.Print"),
    ]
)


def late_factors(ys: Iterable[Node], trained: Collection[Node], names: Collection[str]) -> Iterator[tuple[Node, Node]]:
    """Variables that gradients of ``ys`` may read after their update, each with a variable of such a gradient.

    ``names`` are ops whose result may be the memory of the variable that they are given.
    """
    for node in behind(ys):
        if node.op not in TIMES or len(node.inputs) != 2:
            continue
        for factor, other in (node.inputs, node.inputs[::-1]):
            memory = factor
            while memory.op in names and memory.inputs:
                memory = memory.inputs[0]
            if memory in trained and not varies(other):
                yield from ((memory, variable) for variable in _scaled(other, trained) if variable is not memory)


def _scaled(node: Node, trained: Collection[Node]) -> Iterator[Node]:
    """The trained variables that a gradient by ``node`` reaches through a product with a constant, as its next op."""
    if node.op in PASSING:
        for source in node.inputs:
            yield from _scaled(source, trained)
    elif node.op in TIMES | POWERS:
        changing = [source for source in node.inputs if not _is_constant(source)]
        if len(changing) == 1:
            yield from (found for found in behind(changing) if found in trained)


def _is_constant(node: Node) -> bool:
    return all(source.kind == "tensor" and "random" not in source.op for source in behind([node]))
