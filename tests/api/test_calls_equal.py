"""The rewritten sample calls give the values that TensorFlow 1.15 itself gives."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api.expressions import rewritten, sample_calls

CHILD = Path(__file__).parent / "sample_values.py"
TF1_PYTHON = os.environ.get("TF2MIGRATE_TF1_PYTHON", "")
# Host functions whose result is text about the machine, or an op that TF2 does not return.
WITHOUT_VALUE = ("tf.assert", "tf.Assert", "tf.logging.info")


def _evaluate(python: str, expressions: list[Any], target: Path) -> list[tuple[str, Any]]:
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    subprocess.run(
        [python, str(CHILD), str(target)],
        input=json.dumps(expressions).encode(),
        env=environment,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    with target.open("rb") as file:
        return pickle.load(file)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Any]]:
    """Each sample call's value in TensorFlow 2, after rewriting."""
    calls = sample_calls()
    pairs = [rewritten(call) for call in calls]
    expressions = [(text, [definition.text for definition in definitions]) for text, definitions in pairs]
    results = _evaluate(sys.executable, expressions, tmp_path_factory.mktemp("second") / "results")
    return dict(zip(calls, results, strict=True))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Any]]:
    """Each sample call's value in TensorFlow 1.15."""
    calls = sample_calls()
    results = _evaluate(TF1_PYTHON, calls, tmp_path_factory.mktemp("first") / "results")
    return dict(zip(calls, results, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("call", sample_calls())
def test_rewritten_call_runs(call: str, second: dict[str, tuple[str, Any]]) -> None:
    kind, result = second[call]
    assert kind == "value", result


@pytest.mark.tf1
@pytest.mark.skipif(not TF1_PYTHON, reason="TF2MIGRATE_TF1_PYTHON names no Python with TensorFlow 1.15")
@pytest.mark.parametrize("call", sample_calls())
def test_same_value(call: str, first: dict[str, tuple[str, Any]], second: dict[str, tuple[str, Any]]) -> None:
    assert first[call][0] == "value", first[call][1]
    assert second[call][0] == "value", second[call][1]
    if not call.startswith(WITHOUT_VALUE):
        _assert_same(first[call][1], second[call][1])


def _assert_same(one: Any, other: Any) -> None:
    if isinstance(one, list):
        assert isinstance(other, list) and len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            _assert_same(left, right)
    elif isinstance(one, np.ndarray) and one.dtype.kind in "fc":
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)
    elif isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert one.dtype.kind == other.dtype.kind
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other
