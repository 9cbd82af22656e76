"""Optimizers outside of TensorFlow, which only ask it for a loss and its gradients."""

from __future__ import annotations

from tf2migrate.api.calls_model import Argument, Call, Refused
from tf2migrate.api.recipes import recipe

# The graph, and what restricts it: the rest is handed on to scipy.
GRAPH = ("loss", "var_list", "equalities", "inequalities", "var_to_bounds")


def scipy_optimizer(arguments: list[Argument], tf: str) -> Call | Refused:
    """What `tf.contrib.opt.ScipyOptimizerInterface` becomes, whose loss and variables are named where it is called."""
    settings: list[str] = []
    for argument in arguments:
        if argument.star:
            return Refused("starred arguments of an optimizer are not followed", "write them out", "TFM501")
        if argument.keyword is not None and argument.keyword not in GRAPH:
            settings.append(f"{argument.keyword}={argument.text}")
    made = recipe("scipy_optimizer", tf=tf, imports=("import scipy.optimize",))
    return Call(f"{made.name}({', '.join(settings)})", (made,))
