"""What tests of several rooms share."""

from __future__ import annotations

import pytest

from tf2migrate.verify.launch import CannotRun
from tf2migrate.verify.oracle import find_oracle


@pytest.fixture(scope="session")
def tf1_python() -> str:
    """A Python that has TensorFlow 1.15; tests that need one are marked ``tf1`` and skipped without it."""
    try:
        return find_oracle("auto")
    except CannotRun as reason:
        pytest.skip(str(reason))
