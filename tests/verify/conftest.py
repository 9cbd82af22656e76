"""One pool of warm TensorFlows for all tests of this room."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Iterator

import pytest

from tf2migrate.verify.compare import compare_programs
from tf2migrate.verify.pool import Pool
from tf2migrate.verify.values import Comparison

Compare = Callable[..., Comparison]


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow 2 is not installed")
    with Pool() as pool:
        yield pool


@pytest.fixture(scope="session")
def compare(pool: Pool) -> Compare:
    """Compares two texts of a program, through ``tf.compat.v1`` unless an oracle is given."""

    def run(original: str, rewritten: str, **options: object) -> Comparison:
        return compare_programs({"train.py": original}, {"train.py": rewritten}, "train.py", **options)  # type: ignore[arg-type]

    return functools.partial(run, pool=pool, timeout=30.0)
