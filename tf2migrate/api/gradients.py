"""``tf.gradients`` as a call of a tape."""

from __future__ import annotations

from tf2migrate.api.calls_model import Argument, Refused

PARAMETERS = (
    *("ys", "xs", "grad_ys", "name", "colocate_gradients_with_ops", "gate_gradients", "aggregation_method"),
    *("stop_gradients", "unconnected_gradients"),
)
ADVICE = "Use `tf.GradientTape`"
# How the ops are named, placed and scheduled: the numbers do not depend on it.
IDLE = ("name", "colocate_gradients_with_ops", "gate_gradients", "aggregation_method")


def by_name(arguments: list[Argument]) -> dict[str, str] | Refused:
    """The texts of the arguments of ``tf.gradients`` that matter, by parameter."""
    given: dict[str, str] = {}
    for position, argument in enumerate(arguments):
        if argument.star:
            return Refused("starred arguments of `tf.gradients` are not followed", ADVICE, "TFM501")
        name = argument.keyword or PARAMETERS[position]
        if name not in IDLE and not (name != "xs" and argument.text == "None"):
            given[name] = argument.text
    extra = [name for name in given if name not in ("ys", "xs", "grad_ys")]
    if extra:
        return Refused(f"`tf.gradients({extra[0]}=...)` is not rewritten yet", ADVICE, "TFM501")
    return given


def tape_gradient(tape: str, given: dict[str, str]) -> str:
    """The gradients of ``ys`` by ``xs``, in the structure of ``xs``."""
    weights = f", output_gradients={given['grad_ys']}" if "grad_ys" in given else ""
    return f"{tape}.gradient({given['ys']}, {given['xs']}{weights})"
