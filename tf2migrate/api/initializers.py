"""Initializers and initial values of TensorFlow 1 and the Keras initializers with the same distribution.

Keras draws other numbers than TensorFlow 1 whatever the seed. With an op seed, the same numbers come out of
the same random op in a graph of its own, which is what the recipe `seeded_initializer` makes; without an op
seed, TensorFlow 1 takes the number of ops in its graph for one, which no rewrite can know.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tf2migrate.api.binding import called, optional
from tf2migrate.api.call_site import CallSite
from tf2migrate.api.calls_model import Argument, Call, Definition, Refused
from tf2migrate.api.literals import grouped, is_literal, number, string
from tf2migrate.api.recipes import recipe
from tf2migrate.api.symbols import canonical


class Drawn(enum.Enum):
    """How the rewritten initial values compare with those of TensorFlow 1."""

    VALUES = enum.auto()  # the same numbers
    DISTRIBUTION = enum.auto()  # other numbers from the same distribution


@dataclass(frozen=True, slots=True)
class WeightValue:
    """An initial value as the arguments of `add_weight`; `dtype` is empty for float32."""

    shape: str
    initializer: str
    dtype: str = ""
    definitions: tuple[Definition, ...] = ()


@dataclass(frozen=True, slots=True)
class _Random:
    """A random initializer: the Keras class, its options as TF1 has them, and what draws the same numbers."""

    keras: str
    options: Mapping[str, str]
    sampler: str  # a function in `tf.random`, or the recipe `variance_scaled`

    @property
    def named_for_options(self) -> bool:
        """Does the name of the Keras class say what the options are, as with HeNormal?"""
        return self.sampler == "variance_scaled" and self.keras != "VarianceScaling"


_NORMAL = {"mean": "0.0", "stddev": "1.0"}
_KERAS_NORMAL = {"mean": "0.0", "stddev": "0.05"}
_UNIFORM = {"minval": "0.0", "maxval": "1.0"}
_KERAS_UNIFORM = {"minval": "-0.05", "maxval": "0.05"}
# With these, a function in `tf.random` needs no arguments.
_SAMPLER_DEFAULTS = _NORMAL | _UNIFORM


def _scaled(keras: str, scale: str, mode: str, distribution: str) -> _Random:
    options = {"scale": scale, "mode": f'"{mode}"', "distribution": f'"{distribution}"'}
    return _Random(keras, options, "variance_scaled")


_RANDOM: Mapping[str, _Random] = {
    "tf.random_normal_initializer": _Random("RandomNormal", _NORMAL, "normal"),
    "tf.truncated_normal_initializer": _Random("TruncatedNormal", _NORMAL, "truncated_normal"),
    "tf.random_uniform_initializer": _Random("RandomUniform", _UNIFORM, "uniform"),
    "tf.keras.initializers.normal": _Random("RandomNormal", _KERAS_NORMAL, "normal"),
    "tf.keras.initializers.TruncatedNormal": _Random("TruncatedNormal", _KERAS_NORMAL, "truncated_normal"),
    "tf.keras.initializers.uniform": _Random("RandomUniform", _KERAS_UNIFORM, "uniform"),
    "tf.variance_scaling_initializer": _scaled("VarianceScaling", "1.0", "fan_in", "truncated_normal"),
    "tf.glorot_uniform_initializer": _scaled("GlorotUniform", "1.0", "fan_avg", "uniform"),
    "tf.glorot_normal_initializer": _scaled("GlorotNormal", "1.0", "fan_avg", "truncated_normal"),
    "tf.initializers.he_normal": _scaled("HeNormal", "2.0", "fan_in", "truncated_normal"),
    "tf.initializers.he_uniform": _scaled("HeUniform", "2.0", "fan_in", "uniform"),
    "tf.initializers.lecun_normal": _scaled("LecunNormal", "1.0", "fan_in", "truncated_normal"),
    "tf.initializers.lecun_uniform": _scaled("LecunUniform", "1.0", "fan_in", "uniform"),
}
_CONTRIB = {
    "tf.contrib.layers.xavier_initializer": ("1.0", "FAN_AVG", "True"),
    "tf.contrib.layers.variance_scaling_initializer": ("2.0", "FAN_IN", "False"),
}
_FIXED = {
    "tf.zeros_initializer": "Zeros",
    "tf.ones_initializer": "Ones",
    "tf.constant_initializer": "Constant",
    "tf.initializers.identity": "Identity",
}
_OTHERS = frozenset({"tf.orthogonal_initializer", "tf.uniform_unit_scaling_initializer"})
# Functions whose value a variable may start with, and the initializers that draw it.
_DRAWS = {
    "tf.random_normal": "tf.random_normal_initializer",
    "tf.truncated_normal": "tf.truncated_normal_initializer",
    "tf.random_uniform": "tf.random_uniform_initializer",
}
# Contrib draws a normal of variance 1.3 * factor / n and cuts it; VarianceScaling divides by the standard
# deviation that is left after the cut. This makes up for the difference.
_CONTRIB_NORMAL = 1.3 * 0.87962566103423978**2


def is_initializer(name: str) -> bool:
    """Is this a name of an initializer that `initializer_reference` knows?"""
    name = canonical(name)
    return name in _RANDOM or name in _CONTRIB or name in _FIXED or name in _OTHERS


def initializer_reference(
    name: str, arguments: Sequence[Argument], *, tf: str, shared: bool = False, rank: int | None = None
) -> Call | Refused:
    """An initializer for layers and `add_weight`.

    `shared`: the initializer may initialize several variables, each of which would get the same numbers from
    a Keras initializer without a generator. `rank`: that of the variable, if known.
    """
    if not is_initializer(name):
        return Refused(f"`{name}` has no counterpart in Keras", "Write a function of `shape` and `dtype`")
    site = called(name, arguments, tf)
    if isinstance(site, Refused):
        return site
    if site.name in _CONTRIB:
        return _contrib(site, shared)
    if site.name in _RANDOM:
        return _random(site, _RANDOM[site.name], shared)
    if site.name == "tf.uniform_unit_scaling_initializer":
        return _unit_scaling(site, rank, shared)
    if site.name == "tf.constant_initializer":
        return _constant(site.text("value", "0"), tf)
    keras = _FIXED.get(site.name, "Orthogonal")
    gain = [site.text("gain")] if "gain" in site.given else []
    generator = [f"seed={tf}.keras.random.SeedGenerator()"] if shared and keras == "Orthogonal" else []
    return Call(f"{tf}.keras.initializers.{keras}({', '.join(gain + generator)})")


def initial_values(name: str, arguments: Sequence[Argument]) -> Drawn:
    """Does the rewrite of this initializer or random op give TF1's numbers, or only their distribution?"""
    name = canonical(name)
    drawn = name in _RANDOM or name in _CONTRIB or name in _DRAWS
    if not drawn and name not in _OTHERS:
        return Drawn.VALUES
    site = called(name, arguments, "tf")
    seeded = drawn and not isinstance(site, Refused) and optional(site, "seed") is not None
    return Drawn.VALUES if seeded else Drawn.DISTRIBUTION


def weight_initializer(
    call_name: str, arguments: Sequence[Argument], *, tf: str, shared: bool = False
) -> WeightValue | None:
    """The value of `tf.Variable(tf.zeros([3]))` or the like as arguments of `add_weight`, or None."""
    call_name = canonical(call_name)
    if call_name not in ("tf.zeros", "tf.ones", "tf.fill", "tf.constant", *_DRAWS):
        return None
    site = called(call_name, arguments, tf)
    if isinstance(site, Refused):
        return None
    if call_name in ("tf.fill", "tf.constant"):
        return _filled(site)
    if call_name not in _DRAWS:
        return WeightValue(_shape(site), f'"{call_name.removeprefix("tf.")}"', _dtype(site))
    if "int" in site.text("dtype"):
        return None
    call = _random(site, _RANDOM[_DRAWS[call_name]], shared)
    return WeightValue(_shape(site), call.text, _dtype(site), call.definitions)


def _filled(site: CallSite) -> WeightValue | None:
    """A number that is written out, for every element; `tf.constant` of a list is not of this form."""
    value = number(site.text("value"))
    if value is None:
        return None
    dtype = _dtype(site)
    if isinstance(value, int) and "dtype" not in site.given:
        dtype = f"{site.tf}.int32"
    initializer = f"{site.tf}.keras.initializers.Constant({site.text('value')})"
    return WeightValue(_shape(site), initializer, dtype)


def _shape(site: CallSite) -> str:
    """The shape as a list: TensorFlow takes a bare number for one; a constant may have none."""
    text = site.first("shape", "dims") or "()"
    return f"[{text}]" if number(text) is not None else text


def _dtype(site: CallSite) -> str:
    text = site.text("dtype")
    return "" if text.endswith(".float32") or string(text) == "float32" else text


def _random(site: CallSite, initializer: _Random, shared: bool) -> Call:
    """The Keras initializer with the defaults of TensorFlow 1, or the seeded recipe."""
    tf, seed = site.tf, optional(site, "seed")
    given = {option: text for option, text in site.given.items() if option in initializer.options}
    if is_literal(given.get("maxval", ""), None):
        del given["maxval"]
    if string(given.get("distribution", "")) == "normal":  # the old name of the truncated one
        given["distribution"] = '"truncated_normal"'
    if seed is not None:
        return _seeded(initializer, given, seed, tf)
    parts = [text if option in site.by_place else f"{option}={text}" for option, text in given.items()]
    if initializer.sampler != "variance_scaled":  # Keras has other defaults
        missing = {option: text for option, text in initializer.options.items() if option not in given}
        parts += [f"{option}={text}" for option, text in missing.items() if option != "mean"]
    return Call(_keras(initializer.keras, parts, tf, shared))


def _keras(keras: str, parts: list[str], tf: str, shared: bool) -> str:
    generator = [f"seed={tf}.keras.random.SeedGenerator()"] if shared else []
    return f"{tf}.keras.initializers.{keras}({', '.join(parts + generator)})"


def _seeded(initializer: _Random, given: Mapping[str, str], seed: str, tf: str) -> Call:
    """The same random op with the same seed, in a function of its own so that its stream starts anew."""
    wrapper = recipe("seeded_initializer", tf=tf)
    if initializer.sampler == "variance_scaled":
        scaled = recipe("variance_scaled", tf=tf, imports=("import math",))
        definitions: tuple[Definition, ...] = (wrapper, scaled)
        sampler, usual = scaled.name, {}
    else:
        definitions, sampler, usual = (wrapper,), f"{tf}.random.{initializer.sampler}", _SAMPLER_DEFAULTS
    own = {option: text for option, text in initializer.options.items() if usual.get(option) != text}
    texts = [sampler, f"seed={seed}", *(f"{option}={text}" for option, text in {**own, **given}.items())]
    return Call(f"{wrapper.name}({', '.join(texts)})", definitions)


def _constant(value: str, tf: str) -> Call:
    """A number for all elements; anything else must fill the shape, whereas Keras would repeat it."""
    if number(value) is not None or is_literal(value, True, False):
        return Call(f"{tf}.keras.initializers.Constant({value})")
    return Call(f"lambda shape, dtype=None, value={value}: {tf}.constant(value, dtype=dtype, shape=shape)")


def _unit_scaling(site: CallSite, rank: int | None, shared: bool) -> Call | Refused:
    """Uniform with variance `factor**2 / fan_in`, except for vectors."""
    if optional(site, "seed") is not None:
        return site.refused_argument("seed")
    factor = site.text("factor", "1.0")
    if rank is None or rank < 2:
        definition = recipe("unit_scaling", tf=site.tf, imports=("import math",))
        return Call(f"{definition.name}({site.text('factor')})", (definition,))
    scale = factor if number(factor) == 1 else f"{grouped(factor)} ** 2"
    return Call(_keras("VarianceScaling", [scale, '"fan_in"', '"uniform"'], site.tf, shared))


def _contrib(site: CallSite, shared: bool) -> Call | Refused:
    """Contrib's initializers, which have options of their own."""
    default_factor, default_mode, default_uniform = _CONTRIB[site.name]
    uniform = site.text("uniform", default_uniform)
    mode = string(site.text("mode", f'"{default_mode}"'))
    if not is_literal(uniform, True, False):
        return site.refused_argument("uniform")
    if mode is None:
        return site.refused_argument("mode")
    factor = site.text("factor", default_factor)
    if is_literal(uniform, True):
        initializer = _scaled("VarianceScaling", factor, mode.lower(), "uniform")
        if number(factor) == 1 and mode == "FAN_AVG":
            initializer = _RANDOM["tf.glorot_uniform_initializer"]
    else:
        value = number(factor)
        scale = (
            f"{_CONTRIB_NORMAL:.10g} * {grouped(factor)}"
            if value is None
            else f"{_CONTRIB_NORMAL * value:.10g}"
        )
        initializer = _scaled("VarianceScaling", scale, mode.lower(), "truncated_normal")
    seed = optional(site, "seed")
    if seed is not None:
        return _seeded(initializer, {}, seed, site.tf)
    parts = [] if initializer.named_for_options else list(initializer.options.values())
    return Call(_keras(initializer.keras, parts, site.tf, shared))
