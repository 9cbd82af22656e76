"""The transformations themselves, and a sample of fixtures in other shapes; ``scripts/metamorphic.py`` takes all."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fixture_programs import migratable, pending
from tests.generate.rearranging import MAIN, OTHER, TRANSFORMATIONS, Files
from tests.generate.trial import Outcome, try_files
from tests.generate.warm import Warm

PROGRAM = '''\
"""Counts."""
import math

def area(radius):
    """Of a disc."""
    return math.pi * radius ** 2

def twice(x):
    return x * 2

def shown(x):
    return base + x

start = 4
base = abs(start)
width = 3
sizes = [area(width), shown(twice(2))]
print(sizes, base, width, start)
'''


def ran(files: Files, folder: Path) -> str:
    """What a program of these files prints."""
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    said = io.StringIO()
    sys.path.insert(0, str(folder))
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(files[MAIN], MAIN, "exec"), {"__name__": "__main__"})
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(OTHER.removesuffix(".py"), None)
    return said.getvalue()


@pytest.mark.parametrize("kind", [kind for kind in TRANSFORMATIONS if kind != "a function extracted"])
@pytest.mark.parametrize("seed", range(3))
def test_means_the_same(kind: str, seed: int, tmp_path: Path) -> None:
    files = TRANSFORMATIONS[kind](PROGRAM, Random(seed))
    assert files is not None
    assert files[MAIN] != PROGRAM
    assert ran(files, tmp_path) == ran({MAIN: PROGRAM}, tmp_path)


def test_extracts_what_computes_tensors() -> None:
    text = "import tensorflow as tf\na, b = 1, 2\nc = tf.add_n([tf.square(v) for v in (a, b)])\n"
    files = TRANSFORMATIONS["a function extracted"](text, Random(0))
    assert files is not None
    assert "def worked_out(a, b):\n    return tf.add_n([tf.square(v) for v in (a, b)])\n" in files[MAIN]
    assert "c = worked_out(a, b)" in files[MAIN]


def test_splits_off_only_what_stands_alone() -> None:
    files = TRANSFORMATIONS["split in two files"](PROGRAM, Random(0))
    assert files is not None
    assert "def area" in files[OTHER]
    assert "def shown" in files[MAIN]


def test_leaves_statements_in_order_that_depend_on_each_other() -> None:
    text = "a = 1\nb = a + 1\nprint(a, b)\na = 5\nb = f(a)\n"
    assert TRANSFORMATIONS["statements reordered"](text, Random(0)) is None


SAMPLE = ("auto_reuse_two_phases", "embedding_adam_repeated_ids", "lists_of_one", "weights_in_dicts")


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_other_shapes_come_out_the_same(name: str) -> None:
    if importlib.util.find_spec("tensorflow") is None or sys.platform != "linux":
        pytest.skip("TensorFlow 2 is not installed, or processes cannot be shared")
    (fixture,) = [f for f in migratable() if f.name == name and name not in pending()]
    text = fixture.original.read_text("utf-8")
    with Warm() as warm:
        found = {kind: f(text, Random(7)) for kind, f in TRANSFORMATIONS.items()}
        trials = {kind: try_files(files, warm) for kind, files in found.items() if files is not None}
    assert {kind: trial.said for kind, trial in trials.items() if trial.outcome is not Outcome.SAME} == {}
