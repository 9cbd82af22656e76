"""Optimizers of TensorFlow 1 and the Keras optimizers that take the same steps.

Stock Keras classes where they were measured equal to TensorFlow 1.15, with each hyperparameter written out
whose default differs; a recipe class elsewhere. In TensorFlow 1 a sparse gradient changes only its own rows
of the variable and of the slots, except with Adam; in Keras it changes all rows, so it needs another form.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from tf2migrate.api.binding import called
from tf2migrate.api.calls_model import Argument, Call, Definition, Refused
from tf2migrate.api.literals import as_float, is_literal, number
from tf2migrate.api.recipes import definition, recipe, recipe_text
from tf2migrate.api.symbols import canonical


class Rate(enum.Enum):
    """What is known about the learning rate."""

    CONSTANT = enum.auto()  # a Python number of unknown type
    FLOAT = enum.auto()  # a Python float for certain
    CHANGING = enum.auto()  # fed or computed for each step, which assigns it to `optimizer.learning_rate`
    SCHEDULE = enum.auto()  # a Keras schedule, or a function without arguments


@dataclass(frozen=True, slots=True)
class _Optimizer:
    """The Keras forms of one optimizer of TensorFlow 1."""

    stock: str = ""  # the Keras class that takes the same dense steps
    defaults: Mapping[str, str] = field(
        default_factory=dict
    )  # TF1's default where the stock class has another
    recipe: str = ""  # the recipe with the dense rule, if no stock class has it
    rowwise: str = ""  # the recipe with the sparse rule, if the dense form does not serve for it
    refused_sparse: str = ""  # why sparse gradients are refused


_EPSILON = {"epsilon": "1e-8"}
# TensorFlow 1 takes `1 - beta2` of the float32 next to 0.999, Keras of 0.999 itself: 1.3e-5 apart, which the correction
# of the bias does not cancel. A relu network was 3.7e-2 off after 300 steps, and 1.2e-6 with this.
_ADAM = {"beta_2": "0.9990000128746033", **_EPSILON}
_RACE = (
    "TensorFlow 1 itself lets weight decay and sparse update race, so that its numbers change from run to run"
)
_OPTIMIZERS: Mapping[str, _Optimizer] = {
    "tf.train.GradientDescentOptimizer": _Optimizer("SGD"),
    "tf.train.MomentumOptimizer": _Optimizer("SGD", rowwise="momentum"),
    "tf.train.AdamOptimizer": _Optimizer(defaults=_EPSILON, recipe="exact_adam"),
    "tf.train.RMSPropOptimizer": _Optimizer(
        defaults={"epsilon": "1e-10"}, recipe="rms_prop_ones", rowwise="rms_prop"
    ),
    "tf.train.AdagradOptimizer": _Optimizer("Adagrad", {"epsilon": "0.0"}),
    "tf.train.AdadeltaOptimizer": _Optimizer("Adadelta", _EPSILON, rowwise="adadelta"),
    "tf.train.FtrlOptimizer": _Optimizer("Ftrl", rowwise="ftrl"),
    "tf.train.AdagradDAOptimizer": _Optimizer(
        recipe="adagrad_dual_averaging", rowwise="adagrad_dual_averaging"
    ),
    "tf.train.ProximalGradientDescentOptimizer": _Optimizer(
        recipe="proximal_gradient_descent", rowwise="proximal_gradient_descent"
    ),
    "tf.train.ProximalAdagradOptimizer": _Optimizer(recipe="proximal_adagrad", rowwise="proximal_adagrad"),
    "tf.contrib.opt.LazyAdamOptimizer": _Optimizer(defaults=_EPSILON, recipe="exact_adam", rowwise="adam"),
    "tf.contrib.opt.NadamOptimizer": _Optimizer(recipe="nesterov_adam", rowwise="nesterov_adam"),
    "tf.contrib.opt.AdaMaxOptimizer": _Optimizer("Adamax", _EPSILON, rowwise="adamax"),
    "tf.contrib.opt.AdamWOptimizer": _Optimizer(
        defaults=_ADAM, recipe="decayed_adam", refused_sparse=_RACE
    ),
    "tf.contrib.opt.MomentumWOptimizer": _Optimizer(recipe="decayed_momentum", refused_sparse=_RACE),
}

# Parameters that do not reach the numbers.
_DROPPED = frozenset({"use_locking", "name", "accum_name", "linear_name"})
_RENAMED = {
    "beta1": "beta_1",
    "beta2": "beta_2",
    "decay": "rho",
    "use_nesterov": "nesterov",
    "weight_decay": "decay",
}
# Options whose difference to 1 weighs the new against the old; TensorFlow 1 has both in float32.
_COMPLEMENTED = ("beta_1", "beta_2", "rho")
# Recipes that inherit the defaults of a stock class.
_SUBCLASSES = frozenset({"RMSPropOnes", "DecayedAdam", "ExactAdam"})
_DENSIFIED = frozenset({"tf.train.AdamOptimizer", "tf.train.AdagradOptimizer"})
_ADVICE = {
    "tf.train.SyncReplicasOptimizer": "On one worker use the optimizer inside it, on several `tf.distribute`",
    "tf.contrib.opt.ScipyOptimizerInterface": "Call `scipy.optimize.minimize` on a function of the weights",
    "tf.contrib.opt.MovingAverageOptimizer": "Compare the averages with those of the Keras option `use_ema`",
}


def is_optimizer(name: str) -> bool:
    """Is this a name of an optimizer that `optimizer` knows?"""
    return canonical(name) in _OPTIMIZERS


def optimizer(
    name: str,
    arguments: Sequence[Argument],
    *,
    tf: str,
    sparse: bool,
    rate: Rate,
    own_step: bool = False,
) -> Call | Refused:
    """The Keras optimizer that takes the same steps as this one of TensorFlow 1.

    `sparse`: some variable gets its gradient as IndexedSlices. With `Rate.CHANGING` the optimizer starts with
    a rate of 0.0, and the step function must assign the rate to `optimizer.learning_rate` before each apply.
    `own_step`: the `global_step` argument of AdagradDA counts the applies of this optimizer and nothing else.
    """
    name = canonical(name)
    kind = _OPTIMIZERS.get(name)
    if kind is None:
        advice = _ADVICE.get(name, "Write a subclass of `tf.keras.optimizers.Optimizer` with its rule")
        return Refused(f"`{name}` has no counterpart in Keras", advice)
    if sparse and kind.refused_sparse:
        reason = f"`{name}` with sparse gradients: {kind.refused_sparse}"
        return Refused(reason, "Use Adam or momentum without decay")
    site = called(name, arguments, tf)
    if isinstance(site, Refused):
        return site
    given = {parameter: text for parameter, text in site.given.items() if parameter not in _DROPPED}
    if own_step:
        given.pop("global_step", None)
    if _without_penalties(name, given):
        kind = _OPTIMIZERS["tf.train.GradientDescentOptimizer"]
        given = {"learning_rate": given["learning_rate"]}
    definitions = _definitions(name, kind, sparse, rate, tf)
    reference = definitions[-1].name if definitions else f"{tf}.keras.optimizers.{kind.stock}"
    options = [f"learning_rate={_rate(given.pop('learning_rate', '0.001'), rate)}"]
    options += _hyperparameters(given, kind, reference)
    return Call(f"{reference}({', '.join(options)})", definitions)


def counts_steps(name: str, key: str) -> bool:
    """Is this argument, by name or position, the step that the optimizer counts with?"""
    return canonical(name) == "tf.train.AdagradDAOptimizer" and key in ("1", "global_step")


def densify(name: str, sparse: bool) -> bool:
    """Must gradients go through `tf.convert_to_tensor` before they are applied, after any clipping?

    Keras squares the rows of a sparse gradient before it sums repeated ones; TensorFlow 1 sums first.
    """
    return sparse and canonical(name) in _DENSIFIED


def _without_penalties(name: str, given: Mapping[str, str]) -> bool:
    """Is it proximal gradient descent without penalties, which is gradient descent?"""
    if name != "tf.train.ProximalGradientDescentOptimizer":
        return False
    return all(number(text) == 0 for parameter, text in given.items() if parameter.endswith("_strength"))


def _definitions(name: str, kind: _Optimizer, sparse: bool, rate: Rate, tf: str) -> tuple[Definition, ...]:
    """The recipe that is needed, after those that it is built on; none for a stock class."""
    if sparse and kind.rowwise:
        return (_rowwise(kind.rowwise, tf),)
    if name == "tf.train.MomentumOptimizer" and rate in (Rate.CHANGING, Rate.SCHEDULE):
        return (_dense("momentum", tf),)
    match kind.recipe:
        case "":
            return ()
        case "rms_prop_ones" | "decayed_adam" | "exact_adam":
            return (recipe(kind.recipe, tf=tf),)
        case "decayed_momentum":
            return _dense("momentum", tf), recipe(kind.recipe, tf=tf)
        case _:
            return (_dense(kind.recipe, tf),)


def _dense(text_name: str, tf: str) -> Definition:
    return definition(f"{recipe_text(text_name)}\n{recipe_text('update_step_dense')}", tf=tf)


def _rowwise(text_name: str, tf: str) -> Definition:
    """The recipe with the branch for sparse gradients, under a name of its own."""
    step = "update_step_nesterov_adam" if text_name == "nesterov_adam" else "update_step_rowwise"
    text = f"{recipe_text(text_name)}\n{recipe_text(step)}"
    return definition(text.replace("class ", "class Rowwise", 1), tf=tf)


def _hyperparameters(given: Mapping[str, str], kind: _Optimizer, reference: str) -> list[str]:
    """The keyword arguments of the Keras call after the rate, in the order of the program."""
    options = {_RENAMED.get(parameter, parameter): text for parameter, text in given.items()}
    if reference.endswith(".SGD") and "momentum" in options:
        options["momentum"] = as_float(options["momentum"])  # Keras raises for anything but a Python float
    if is_literal(options.get("nesterov", ""), False):
        del options["nesterov"]
    if reference != "ExactAdam":
        options |= {key: _single(options[key]) for key in _COMPLEMENTED if key in options}
    if "." in reference or reference in _SUBCLASSES:
        options |= {key: text for key, text in kind.defaults.items() if key not in options}
    return [f"{key}={text}" for key, text in options.items()]


def _single(text: str) -> str:
    """The float32 next to a number near 1, where that shows in its difference to 1; other texts as they are."""
    value = number(text)
    if value is None or not 0 < value < 1:
        return text
    near = cast(float, struct.unpack("f", struct.pack("f", value))[0])
    return repr(near) if abs(near - value) > 1e-6 * (1 - value) else text


def _rate(text: str, rate: Rate) -> str:
    match rate:
        case Rate.CONSTANT:
            return as_float(text)
        case Rate.CHANGING:
            return "0.0"
        case Rate.FLOAT | Rate.SCHEDULE:
            return text
