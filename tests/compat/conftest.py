"""One pool of warm TensorFlows for all tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tf2migrate.verify.pool import Pool


@pytest.fixture(scope="package")
def pool() -> Iterator[Pool]:
    with pytest.MonkeyPatch.context() as patch, Pool() as pool:
        # TensorFlow 2 leaves it behind when it is imported, and TensorFlow 1 would run eagerly.
        patch.delenv("TF2_BEHAVIOR", raising=False)
        yield pool
