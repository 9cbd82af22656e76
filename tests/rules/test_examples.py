"""The examples of the rules are programs that run, each in its own TensorFlow, and print the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tf2migrate.rules import all_rules

pytestmark = pytest.mark.slow

# Runs programs one after the other in one process, so that TensorFlow is imported once.
RUN = """
import contextlib, io, json, sys, traceback
import numpy as np
import tensorflow as tf
np.set_printoptions(precision=4, suppress=True)
printed = {}
for name, program in json.load(sys.stdin).items():
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            if tf.__version__.startswith("1."):
                with tf.Graph().as_default():
                    exec(compile(program, name, "exec"), {"__name__": "__main__"})
            else:
                exec(compile(program, name, "exec"), {"__name__": "__main__"})
        printed[name] = text.getvalue()
    except Exception:
        printed[name] = "RAISED " + traceback.format_exc()
sys.__stdout__.write("RESULT " + json.dumps(printed))
"""
NO_PROGRAM = {"TFM001", "TFM002", "TFM003", "TFM004"}  # their examples are files that cannot be parsed
NOT_DEFINED = {
    "TFM301",  # a dropout mask
    "TFM405",  # the very order that the rule is about
    "TFM406",  # random numbers
    "TFM408",  # prints the class of the result
}


# Traps of Keras 3: their examples are programs of TensorFlow 2, written for Keras 2.
TRAPS = [code for code, rule in all_rules().items() if rule.find is not None]
PROGRAMS = [code for code in all_rules() if code not in NO_PROGRAM and code not in TRAPS]
NEEDS = {"TFM804": "tensorboard"}  # not among what TensorFlow 2.21 installs


def run(python: str, programs: dict[str, str], directory: Path) -> dict[str, str]:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [python, "-W", "ignore", "-c", RUN],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        cwd=directory,
        env={**os.environ, **quiet},
        timeout=600,
    )
    assert "RESULT " in done.stdout, done.stderr
    printed: dict[str, str] = json.loads(done.stdout.rpartition("RESULT ")[2])
    return printed


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each `use_instead` prints under the TensorFlow 2 that is installed."""
    pytest.importorskip("tensorflow")
    programs = {code: rule.use_instead for code, rule in all_rules().items()}
    return run(sys.executable, programs, tmp_path_factory.mktemp("native"))


@pytest.mark.parametrize("code", all_rules())
def test_what_to_use_instead_runs(code: str, native: dict[str, str]) -> None:
    if code in NEEDS:
        pytest.importorskip(NEEDS[code])
    assert not native[code].startswith("RAISED"), native[code]


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the examples of the traps of Keras 3 print under the TensorFlow 2 that is installed."""
    pytest.importorskip("tensorflow")
    programs = {code: all_rules()[code].example for code in TRAPS}
    return run(sys.executable, programs, tmp_path_factory.mktemp("trapped"))


@pytest.mark.parametrize("code", TRAPS)
def test_trap_is_one(code: str, native: dict[str, str], trapped: dict[str, str]) -> None:
    assert trapped[code] != native[code]


@pytest.fixture(scope="module")
def original(tf1_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each `example` prints under TensorFlow 1.15."""
    programs = {code: all_rules()[code].example for code in PROGRAMS}
    return run(tf1_python, programs, tmp_path_factory.mktemp("original"))


@pytest.mark.tf1
@pytest.mark.parametrize("code", PROGRAMS)
def test_example_is_a_tensorflow_1_program(
    code: str, original: dict[str, str], native: dict[str, str]
) -> None:
    assert not original[code].startswith("RAISED"), original[code]
    if code not in NOT_DEFINED and not native[code].startswith("RAISED"):
        assert original[code] == native[code]
