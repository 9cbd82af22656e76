"""Fixed functions in place of TensorFlow's random ops; what the values depend on stands in ``world``.

Only the generated op wrappers (``gen_random_ops`` and its kin) are replaced: initializers, layers,
dropout and ``tf.random`` of both versions all end there, with their own arithmetic and names intact.

Runs on Python 3.7 with TensorFlow 1.15 too; imports nothing of the package.
"""

from __future__ import annotations

import collections
import functools
import importlib
import math
from collections.abc import Callable
from typing import Any

_LOW32 = 0xFFFFFFFF
_KNOTS = 1024  # of the tables that turn uniform bits into normal deviates
_UNIFORM, _INTEGER, _NORMAL, _TRUNCATED, _CATEGORICAL, _SHUFFLE = range(1, 7)
_GAMMA, _POISSON, _BINOMIAL, _HIGH, _SAMPLER = range(7, 12)

_OLD, _NEW = "gen_stateless_random_ops", "gen_stateless_random_ops_v2"
_STATE = "gen_stateful_random_ops"

Sampled = collections.namedtuple("Sampled", "sampled_candidates true_expected_count sampled_expected_count")


class Draws:
    """Substitutes for the generated random ops, made of plain TensorFlow ops."""

    def __init__(self, tf: Any, run_number: Callable[[], Any]) -> None:
        self.tf = tf
        self.nudge = 0.0  # the fraction by which floating-point draws move, up or down
        self._run_number = run_number

    def _const(self, value: int) -> Any:
        return self.tf.constant(value, dtype=self.tf.int64)

    def _mix(self, x: Any) -> Any:
        """Scrambles 32-bit numbers held in int64: the same bits on every version, no rounding."""
        tf = self.tf
        for shift, factor in ((16, 0x7FEB352D), (15, 0x31848BAB)):
            x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, self._const(shift)))
            x = tf.bitwise.bitwise_and(x * self._const(factor), self._const(_LOW32))
        return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, self._const(16)))

    def bits(self, shape: Any, kind: int) -> Any:
        """An int64 tensor of this shape with values in [0, 2**32)."""
        from tensorflow.python.framework import tensor_util

        tf = self.tf
        run = self._run_number()
        shape = _as_shape(tf, shape)
        low = self._const(_LOW32)
        dims = tf.cast(shape, tf.int64)
        place = tf.range(1, tf.size(dims, out_type=tf.int64) + 1, dtype=tf.int64) * self._const(0x61C88647)
        key = tf.reduce_sum(self._mix(tf.bitwise.bitwise_and(dims + place, low)))
        key = key + self._const(kind * 0x3C6EF372) + tf.cast(run, tf.int64) * self._const(0x1B873593)
        key = self._mix(tf.bitwise.bitwise_and(key, low))
        index = tf.range(tf.reduce_prod(dims), dtype=tf.int64) * self._const(0x1E3779B1)
        out = tf.reshape(self._mix(tf.bitwise.bitwise_xor(tf.bitwise.bitwise_and(index, low), key)), shape)
        if not tf.executing_eagerly():
            out.set_shape(tensor_util.constant_value_as_shape(shape))
        return out

    def unit(self, shape: Any, kind: int, dtype: Any = None) -> Any:
        """Uniform on [0, 1); as many bits as the dtype holds exactly."""
        tf = self.tf
        dtype = tf.as_dtype(dtype or tf.float64)
        count = {"float16": 10, "bfloat16": 7}.get(dtype.name, 24)
        bits = self.bits(shape, kind)
        high = tf.bitwise.right_shift(bits, self._const(32 - count))
        return tf.cast(self._nudged(tf.cast(high, tf.float64) * 2.0**-count, bits), dtype)

    def _deviate(self, shape: Any, kind: int, table: list[float], dtype: Any) -> Any:
        tf = self.tf
        bits = self.bits(shape, kind)
        knot = tf.bitwise.right_shift(bits, self._const(22))
        within = tf.cast(tf.bitwise.bitwise_and(bits, self._const((1 << 22) - 1)), tf.float64) * 2.0**-22
        knots = tf.constant(table, dtype=tf.float64)
        left, right = tf.gather(knots, knot), tf.gather(knots, knot + 1)
        return tf.cast(self._nudged(left + within * (right - left), bits), dtype or tf.float32)

    def _nudged(self, value: Any, bits: Any) -> Any:
        if not self.nudge:
            return value
        up = self.tf.cast(self.tf.bitwise.bitwise_and(bits, self._const(1)), self.tf.float64)
        return value * (1.0 + self.nudge * (2.0 * up - 1.0))

    def uniform(self, shape: Any, dtype: Any = None) -> Any:
        return self.unit(shape, _UNIFORM, dtype or self.tf.float32)

    def normal(self, shape: Any, dtype: Any = None) -> Any:
        return self._deviate(shape, _NORMAL, _normal_table(), dtype)

    def truncated_normal(self, shape: Any, dtype: Any = None) -> Any:
        return self._deviate(shape, _TRUNCATED, _truncated_table(), dtype)

    def clipped_normal(self, shape: Any, means: Any, stddevs: Any, minvals: Any, maxvals: Any) -> Any:
        tf = self.tf
        means = tf.convert_to_tensor(means)
        value = means + stddevs * self.truncated_normal(shape, means.dtype)
        return tf.minimum(tf.maximum(value, minvals), maxvals)

    def integer(self, shape: Any, minval: Any, maxval: Any, dtype: Any = None) -> Any:
        tf = self.tf
        dtype = dtype or tf.convert_to_tensor(minval).dtype
        minval, maxval = tf.cast(minval, tf.int64), tf.cast(maxval, tf.int64)
        return tf.cast(minval + tf.math.floormod(self.bits(shape, _INTEGER), maxval - minval), dtype)

    def full_integer(self, shape: Any, dtype: Any = None) -> Any:
        tf = self.tf
        dtype = tf.as_dtype(dtype or tf.uint64)
        bits = self.bits(shape, _INTEGER)
        if dtype.size == 8:
            return tf.cast(bits * (1 << 31) + self.bits(shape, _HIGH) // 2, dtype)
        return tf.cast(bits - (1 << 31) if dtype == tf.int32 else bits, dtype)

    def categorical(self, logits: Any, num_samples: Any, output_dtype: Any = None) -> Any:
        tf = self.tf
        logits = tf.cast(tf.convert_to_tensor(logits), tf.float64)
        size = tf.shape(logits)
        drawn = self.unit(tf.stack([size[0], tf.cast(num_samples, tf.int32), size[1]]), _CATEGORICAL)
        noise = -tf.math.log(-tf.math.log(drawn + 2.0**-25))
        choice = tf.argmax(tf.expand_dims(logits, 1) + noise, axis=-1)
        if not tf.executing_eagerly():
            choice.set_shape([logits.shape[0], None])
        return tf.cast(choice, output_dtype or tf.int64)

    def shuffle(self, value: Any) -> Any:
        tf = self.tf
        value = tf.convert_to_tensor(value)
        count = tf.shape(value)[0]
        # The index in the low bits keeps the sort keys distinct.
        keys = self.bits(tf.reshape(count, [1]), _SHUFFLE) * (1 << 30) + tf.range(tf.cast(count, tf.int64))
        _, order = tf.math.top_k(keys, count)
        mixed = tf.gather(value, order)
        if not tf.executing_eagerly():
            mixed.set_shape(value.shape)
        return mixed

    def gamma(self, shape: Any, alpha: Any) -> Any:
        """Positive with mean ``alpha``; not the gamma distribution."""
        tf = self.tf
        alpha = tf.convert_to_tensor(alpha)
        full = tf.concat([_as_shape(tf, shape), tf.shape(alpha)], 0)
        return (0.5 + self.unit(full, _GAMMA, alpha.dtype)) * alpha

    def gamma_of_shape(self, shape: Any, alpha: Any) -> Any:
        return (0.5 + self.unit(shape, _GAMMA, alpha.dtype)) * alpha

    def poisson(self, shape: Any, rate: Any, dtype: Any = None) -> Any:
        """Whole numbers with mean about ``rate``; not the Poisson distribution."""
        tf = self.tf
        rate = tf.cast(rate, tf.float64)
        full = tf.concat([_as_shape(tf, shape), tf.shape(rate)], 0)
        return tf.cast(tf.floor(2.0 * rate * self.unit(full, _POISSON) + 0.5), dtype or tf.int64)

    def poisson_of_shape(self, shape: Any, lam: Any, dtype: Any = None) -> Any:
        tf = self.tf
        twice = 2.0 * tf.cast(lam, tf.float64) * self.unit(shape, _POISSON)
        return tf.cast(tf.floor(twice + 0.5), dtype or tf.int64)

    def binomial(self, shape: Any, counts: Any, probs: Any, dtype: Any = None) -> Any:
        """All of ``counts`` or none: exact for one trial, right in the mean for more."""
        tf = self.tf
        drawn = self.unit(shape, _BINOMIAL) < tf.cast(probs, tf.float64)
        return tf.cast(tf.cast(drawn, tf.float64) * tf.cast(counts, tf.float64), dtype or tf.int64)

    def candidates(self, chance: Callable[[Any, int], Any], true_classes: Any, num_sampled: int, range_max: int) -> Any:
        """Distinct negatives that walk through the classes; expected counts of the sampler's own law."""
        tf = self.tf
        stride = _coprime_stride(range_max)
        start = tf.reshape(self.bits([1], _SAMPLER), [])
        steps = tf.range(num_sampled, dtype=tf.int64) * self._const(stride)
        sampled = tf.math.floormod(start + steps, self._const(range_max))

        def expected(classes: Any) -> Any:
            return tf.cast(chance(tf.cast(classes, tf.float64), range_max) * float(num_sampled), tf.float32)

        return Sampled(sampled, expected(true_classes), expected(sampled))


def _as_shape(tf: Any, shape: Any) -> Any:
    if isinstance(shape, (list, tuple)) and not shape:
        return tf.constant([], dtype=tf.int32)
    return tf.convert_to_tensor(shape)


@functools.lru_cache(maxsize=None)  # noqa: UP033
def _normal_table() -> list[float]:
    ends = 0.25 / _KNOTS
    return [_quantile(min(max(i / _KNOTS, ends), 1.0 - ends)) for i in range(_KNOTS + 1)]


@functools.lru_cache(maxsize=None)  # noqa: UP033
def _truncated_table() -> list[float]:
    low = _cumulative(-2.0)
    return [_quantile(low + (1.0 - 2.0 * low) * i / _KNOTS) for i in range(_KNOTS + 1)]


def _cumulative(z: float) -> float:
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


def _quantile(p: float) -> float:
    low, high = -6.0, 6.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        if _cumulative(middle) < p:
            low = middle
        else:
            high = middle
    return round(0.5 * (low + high), 9)  # the last digits are the C library's


def _coprime_stride(count: int) -> int:
    stride = max(1, int(count * 0.618))
    while math.gcd(stride, count) != 1:
        stride += 1
    return stride


# Putting them in place


# module, op, method of Draws, signature of the op
_OPS = (
    ("gen_random_ops", "random_uniform", "uniform", "shape dtype seed seed2 name"),
    ("gen_random_ops", "random_standard_normal", "normal", "shape dtype seed seed2 name"),
    ("gen_random_ops", "truncated_normal", "truncated_normal", "shape dtype seed seed2 name"),
    ("gen_random_ops", "random_uniform_int", "integer", "shape minval maxval seed seed2 name"),
    (
        "gen_random_ops",
        "parameterized_truncated_normal",
        "clipped_normal",
        "shape means stddevs minvals maxvals seed seed2 name",
    ),
    ("gen_random_ops", "random_gamma", "gamma", "shape alpha seed seed2 name"),
    ("gen_random_ops", "random_poisson", "poisson", "shape rate seed seed2 name"),
    ("gen_random_ops", "random_poisson_v2", "poisson", "shape rate seed seed2 dtype name"),
    ("gen_random_ops", "random_shuffle", "shuffle", "value seed seed2 name"),
    ("gen_random_ops", "multinomial", "categorical", "logits num_samples seed seed2 output_dtype name"),
    (_OLD, "stateless_random_uniform", "uniform", "shape seed dtype name"),
    (_OLD, "stateless_random_normal", "normal", "shape seed dtype name"),
    (_OLD, "stateless_truncated_normal", "truncated_normal", "shape seed dtype name"),
    (_OLD, "stateless_random_uniform_int", "integer", "shape seed minval maxval name"),
    (_OLD, "stateless_random_uniform_full_int", "full_integer", "shape seed dtype name"),
    (_OLD, "stateless_multinomial", "categorical", "logits num_samples seed output_dtype name"),
    (
        _OLD,
        "stateless_parameterized_truncated_normal",
        "clipped_normal",
        "shape seed means stddevs minvals maxvals name",
    ),
    (_OLD, "stateless_random_gamma_v2", "gamma_of_shape", "shape seed alpha name"),
    (_OLD, "stateless_random_poisson", "poisson_of_shape", "shape seed lam dtype name"),
    (_OLD, "stateless_random_binomial", "binomial", "shape seed counts probs dtype name"),
    (_NEW, "stateless_random_uniform_v2", "uniform", "shape key counter alg dtype name"),
    (_NEW, "stateless_random_normal_v2", "normal", "shape key counter alg dtype name"),
    (_NEW, "stateless_truncated_normal_v2", "truncated_normal", "shape key counter alg dtype name"),
    (_NEW, "stateless_random_uniform_int_v2", "integer", "shape key counter alg minval maxval name"),
    (_NEW, "stateless_random_uniform_full_int_v2", "full_integer", "shape key counter alg dtype name"),
    (_NEW, "stateless_random_gamma_v3", "gamma_of_shape", "shape key counter alg alpha name"),
    (_NEW, "stateless_shuffle", "shuffle", "value key counter alg name"),
    (_STATE, "non_deterministic_ints", "full_integer", "shape dtype name"),
    (_STATE, "stateful_uniform", "uniform", "resource algorithm shape dtype name"),
    (_STATE, "stateful_standard_normal_v2", "normal", "resource algorithm shape dtype name"),
    (_STATE, "stateful_truncated_normal", "truncated_normal", "resource algorithm shape dtype name"),
    (_STATE, "stateful_uniform_int", "integer", "resource algorithm shape minval maxval name"),
    (_STATE, "stateful_uniform_full_int", "full_integer", "resource algorithm shape dtype name"),
    (_STATE, "stateful_random_binomial", "binomial", "resource algorithm shape counts probs dtype name"),
)
# Kernels whose randomness cannot be replaced from outside: they keep their streams, with fixed seeds.
_SEEDED = (
    ("gen_data_flow_ops", "random_shuffle_queue_v2"),
    ("gen_image_ops", "sample_distorted_bounding_box"),
    ("gen_image_ops", "sample_distorted_bounding_box_v2"),
)
_IGNORED = {"seed", "seed2", "key", "counter", "alg", "resource", "algorithm", "num_true", "unique", "name"}


def _bound(function: Callable[..., Any], signature: str) -> Callable[..., Any]:
    """``function`` under the signature of an op, given only the arguments on which values depend."""
    order = signature.split()
    kept = [name for name in order if name not in _IGNORED]

    def op(*args: Any, **kwargs: Any) -> Any:
        given = dict(zip(order, args))  # noqa: B905
        given.update(kwargs)
        result = function(**{key: given[key] for key in kept if key in given})
        if given.get("name") is None or isinstance(result, tuple):
            return result
        return _module("array_ops").identity(result, name=given["name"])

    return op


def _seeded(op: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(op)
    def fixed(*args: Any, **kwargs: Any) -> Any:
        kwargs.update(seed=1, seed2=2)
        return op(*args, **kwargs)

    return fixed


def replace_ops(draws: Draws) -> None:
    """Puts the substitutes in place of the generated ops, as far as this TensorFlow has them."""
    for module_name, op, method, signature in _OPS:
        module = _module(module_name)
        if hasattr(module, op):
            setattr(module, op, _bound(getattr(draws, method), signature))
    for module_name, op in _SEEDED:
        module = _module(module_name)
        if hasattr(module, op):
            setattr(module, op, _seeded(getattr(module, op)))
    _replace_samplers(draws)


def _replace_samplers(draws: Draws) -> None:
    def log_uniform(classes: Any, range_max: int) -> Any:
        return draws.tf.math.log((classes + 2.0) / (classes + 1.0)) / math.log(range_max + 1.0)

    def uniform(classes: Any, range_max: int) -> Any:
        return draws.tf.ones_like(classes) / float(range_max)

    module = _module("gen_candidate_sampling_ops")
    signature = "true_classes num_true num_sampled unique range_max"
    for name in ("log_uniform", "uniform", "learned_unigram", "thread_unsafe_unigram", "fixed_unigram"):
        chance = log_uniform if name == "log_uniform" else uniform
        sampler = functools.partial(draws.candidates, chance)
        setattr(module, name + "_candidate_sampler", _bound(sampler, signature))


def _module(name: str) -> Any:
    try:
        return importlib.import_module("tensorflow.python.ops." + name)
    except ImportError:
        return None
