"""``sequence_loss_by_example`` with a function of the program for the loss of one step."""

from __future__ import annotations

import libcst as cst

from tf2migrate.forms.convenience import Writing
from tf2migrate.graph.values import Const

SMALL = "1e-12"
"""What TensorFlow adds to the weights that it divides by."""


def weighted_losses(writing: Writing) -> list[str]:
    """The loss of each step times its weight, over all steps; divided by the weights unless that is not wanted."""
    steps = [_elements(writing, name) for name in ("logits", "targets", "weights")]
    if len({len(each) for each in steps}) != 1:
        raise writing.refused("the lists of this loss have not one length")
    average = writing.value("average_across_timesteps")
    if average is not None and not isinstance(average, Const):
        raise writing.refused("whether this loss is an average is not known")
    loss, made, lines = writing.called("softmax_loss_function"), writing.result("losses"), []
    weights: list[str] = []
    for weight in steps[2]:
        if not weight.isidentifier():
            name = writing.fresh("weight")
            lines.append(f"{name} = {weight}")
            weight = name
        weights.append(weight)
    products = [
        f"{loss}(labels={target}, logits={logit}) * {weight}"
        for logit, target, weight in zip(steps[0], steps[1], weights, strict=True)
    ]
    total, size = _sum(writing.tf, products), _sum(writing.tf, weights)
    divided = f"{total} / ({size} + {SMALL})" if average is None or average.value else total
    return [*lines, f"{made} = {divided}"]


def _sum(tf: str, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{tf}.add_n([{', '.join(parts)}])"


def _elements(writing: Writing, parameter: str) -> list[str]:
    given = writing.expression(parameter)
    if not isinstance(given, cst.List | cst.Tuple) or not given.elements:
        raise writing.refused(f"`{parameter}` of this loss is not written as a list")
    if any(isinstance(each, cst.StarredElement) for each in given.elements):
        raise writing.refused(f"`{parameter}` of this loss is not written as a list")
    return [writing.module.tree.code_for_node(each.value) for each in given.elements]
