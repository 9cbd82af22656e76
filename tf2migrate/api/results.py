"""Ops with several results: how many, and by which names; measured with TensorFlow 1.15.5 and 2.21."""

from __future__ import annotations

_SAMPLED = ("sampled_candidates", "true_expected_count", "sampled_expected_count")

# Results that come as a named tuple.
RESULT_NAMES: dict[str, tuple[str, ...]] = {
    "tf.nn.top_k": ("values", "indices"),
    "tf.math.top_k": ("values", "indices"),
    "tf.unique": ("y", "idx"),
    "tf.unique_with_counts": ("y", "idx", "count"),
    "tf.setdiff1d": ("out", "idx"),
    "tf.qr": ("q", "r"),
    "tf.linalg.qr": ("q", "r"),
    "tf.linalg.lu": ("lu", "p"),
    "tf.linalg.slogdet": ("sign", "log_abs_determinant"),
    "tf.nn.max_pool_with_argmax": ("output", "argmax"),
    "tf.nn.log_uniform_candidate_sampler": _SAMPLED,
    "tf.nn.uniform_candidate_sampler": _SAMPLED,
    "tf.nn.learned_unigram_candidate_sampler": _SAMPLED,
    "tf.nn.fixed_unigram_candidate_sampler": _SAMPLED,
    "tf.random.log_uniform_candidate_sampler": _SAMPLED,
    "tf.random.uniform_candidate_sampler": _SAMPLED,
    "tf.random.learned_unigram_candidate_sampler": _SAMPLED,
    "tf.random.fixed_unigram_candidate_sampler": _SAMPLED,
}

# Results that come as a plain tuple.
_TUPLES = {
    "tf.nn.moments": 2,
    "tf.nn.weighted_moments": 2,
    "tf.nn.normalize_moments": 2,
    "tf.nn.fused_batch_norm": 3,
    "tf.contrib.crf.crf_decode": 2,
    "tf.self_adjoint_eig": 2,
    "tf.linalg.eigh": 2,
    "tf.svd": 3,
    "tf.linalg.svd": 3,
}

# Results that come as a list, and the argument that tells how many: by position, and by name.
LISTS: dict[str, tuple[int, str]] = {
    "tf.split": (1, "num_or_size_splits"),
    "tf.unstack": (1, "num"),
    "tf.unpack": (1, "num"),
    "tf.dynamic_partition": (2, "num_partitions"),
}

# Results that come as a list with one tensor for each of the given ones.
EACH = frozenset({"tf.meshgrid"})

# Results that come as a list with one tensor for each of the defaults, the second argument.
COLUMNS = frozenset({"tf.decode_csv"})


def tuple_length(op: str) -> int | None:
    """How many results an op gives as a tuple; None for other ops."""
    names = RESULT_NAMES.get(op)
    return len(names) if names is not None else _TUPLES.get(op)
