"""The rewritten sample calls give the values, and the gradients, that TensorFlow 1.15 itself gives."""

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

from tests.api.expressions import rewritten, table

CHILD = Path(__file__).parent / "sample_values.py"
# TF1 gives an operation, which has no value, where TF2 has none or another thing.
WITHOUT_VALUE = ("tf.assert", "tf.Assert", "tf.logging.info")

Results = dict[str, tuple[str, Any]]


def evaluate(python: str, expressions: list[Any], target: Path, *words: str) -> list[tuple[str, Any]]:
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    subprocess.run(
        [python, str(CHILD), str(target), *words],
        input=json.dumps(expressions).encode(),
        env=environment,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    with target.open("rb") as file:
        return pickle.load(file)  # type: ignore[no-any-return]


def _after(calls: list[str]) -> list[Any]:
    pairs = [rewritten(call) for call in calls]
    return [(text, [definition.text for definition in definitions]) for text, definitions in pairs]


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Each sample call's value in TensorFlow 2, after rewriting."""
    calls = table("sample_calls")
    return dict(
        zip(calls, evaluate(sys.executable, _after(calls), tmp_path_factory.mktemp("r") / "r"), strict=True)
    )


@pytest.fixture(scope="module")
def before(tf1_python: str, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Each sample call's value in TensorFlow 1.15."""
    calls = table("sample_calls")
    return dict(zip(calls, evaluate(tf1_python, calls, tmp_path_factory.mktemp("r") / "r"), strict=True))


@pytest.fixture(scope="module")
def gradients(tf1_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any]]:
    """The gradients of the second table in both."""
    calls = table("sample_gradients")
    one = evaluate(tf1_python, calls, tmp_path_factory.mktemp("r") / "r", "gradients")
    other = evaluate(sys.executable, _after(calls), tmp_path_factory.mktemp("r") / "r", "gradients")
    return dict(zip(calls, zip(one, other, strict=True), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("call", table("sample_calls"))
def test_rewritten_call_runs(call: str, after: Results) -> None:
    kind, result = after[call]
    assert kind == "value", result


@pytest.mark.slow
@pytest.mark.tf1
@pytest.mark.parametrize("call", table("sample_calls"))
def test_same_value(call: str, before: Results, after: Results) -> None:
    assert before[call][0] == "value", before[call][1]
    assert after[call][0] == "value", after[call][1]
    if not call.startswith(WITHOUT_VALUE):
        _assert_same(before[call][1], after[call][1])


@pytest.mark.slow
@pytest.mark.tf1
@pytest.mark.parametrize("call", table("sample_gradients"))
def test_same_gradients(call: str, gradients: dict[str, tuple[Any, Any]]) -> None:
    one, other = gradients[call]
    assert one[0] == "value", one[1]
    assert other[0] == "value", other[1]
    for left, right in zip(one[1], other[1], strict=True):
        if right is None and left is not None:
            # Eagerly a branch that is not taken has no gradient; in a graph it has one of zeros.
            assert not left.any()
        else:
            _assert_same(left, right)


def _assert_same(one: Any, other: Any) -> None:
    if isinstance(one, list):
        assert isinstance(other, list)
        assert len(one) == len(other)
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
