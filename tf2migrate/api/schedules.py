"""Learning-rate decays of TensorFlow 1 and the Keras schedules with the same values at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tf2migrate.api.binding import called
from tf2migrate.api.call_site import CallSite
from tf2migrate.api.calls_model import Argument, Definition, Refused
from tf2migrate.api.literals import elements, grouped, is_literal, number
from tf2migrate.api.recipes import recipe
from tf2migrate.api.symbols import canonical


@dataclass(frozen=True, slots=True)
class Schedule:
    """A Keras schedule, what must be defined for it, and the step at which the program evaluated it.

    The schedule stands for the decay only where the optimizer's `iterations` has the values of that step: the
    same variable is the `global_step` of this optimizer's `minimize`, and of nothing else. Elsewhere the
    learning rate is `lambda: schedule(step)`.
    """

    constructor: str
    step_argument: str
    definitions: tuple[Definition, ...] = ()


# The class in `tf.keras.optimizers.schedules`; in small letters a recipe.
_DECAYS: Mapping[str, str] = {
    "tf.train.exponential_decay": "ExponentialDecay",
    "tf.train.natural_exp_decay": "ExponentialDecay",
    "tf.train.inverse_time_decay": "InverseTimeDecay",
    "tf.train.polynomial_decay": "PolynomialDecay",
    "tf.train.piecewise_constant": "PiecewiseConstantDecay",
    "tf.train.cosine_decay": "CosineDecay",
    "tf.train.cosine_decay_restarts": "CosineDecayRestarts",
    "tf.train.linear_cosine_decay": "linear_cosine_decay",
}


def is_schedule(name: str) -> bool:
    """Is this a name of a learning-rate decay that `schedule` knows?"""
    return canonical(name) in _DECAYS


def schedule(name: str, arguments: Sequence[Argument], *, tf: str) -> Schedule | Refused:
    """The Keras schedule for a decay of TensorFlow 1, and its `global_step` argument on its own."""
    name = canonical(name)
    keras = _DECAYS.get(name)
    if keras is None:
        return Refused(
            f"`{name}` has no counterpart in Keras", "Write a `LearningRateSchedule` with its formula"
        )
    site = called(name, arguments, tf)
    if isinstance(site, Refused):
        return site
    mistake = _mistake(site)
    if mistake:
        return Refused(mistake, "Make the program run under TensorFlow 1.15 first")
    step = site.first("x", "global_step")
    options = {p: text for p, text in site.given.items() if p not in ("x", "global_step", "name")}
    if name == "tf.train.natural_exp_decay":
        # In float32, as TensorFlow 1 computes it; `math.exp` would round differently.
        options["decay_rate"] = f"{tf}.exp(-{grouped(options['decay_rate'])})"
    if keras.islower():
        definition = recipe(keras, tf=tf, imports=("import math",))
        return Schedule(_constructor(definition.name, options, site), step, (definition,))
    return Schedule(_constructor(f"{tf}.keras.optimizers.schedules.{keras}", options, site), step)


def _constructor(reference: str, options: Mapping[str, str], site: CallSite) -> str:
    """The call: by position what the program gave by position, because Keras has the same order."""
    parts = []
    for parameter, text in options.items():
        if parameter in site.by_place:
            parts.append(text)
        elif not is_literal(text, False):
            keyword = "initial_learning_rate" if parameter == "learning_rate" else parameter
            parts.append(f"{keyword}={text}")
    return f"{reference}({', '.join(parts)})"


def _mistake(site: CallSite) -> str:
    """Why TensorFlow 1 refuses the call, where it is plain from the text: Keras would compute something."""
    if isinstance(number(site.text("learning_rate")), int):
        return f"`{site.spelled}` with an integer learning rate raises in TensorFlow 1"
    if site.name == "tf.train.natural_exp_decay" and isinstance(number(site.text("decay_rate")), int):
        return f"`{site.spelled}` with an integer decay rate raises in TensorFlow 1"
    types = {type(number(value)) for value in elements(site.text("values"))} - {type(None)}
    if len(types) > 1:
        return f"`{site.spelled}` with integers and floats among its values raises in TensorFlow 1"
    return ""
