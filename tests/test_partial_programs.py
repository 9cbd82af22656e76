"""Refused programs with the fixes that both TensorFlows take: under TensorFlow 1.15 they compute what they computed."""

from __future__ import annotations

import os
import pickle
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import fixture_programs as programs
from tests.fixture_programs import Fixture
from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, encode, source_from_bytes
from tf2migrate.migrate import Level, migrate
from tf2migrate.names.project import parse
from tf2migrate.rewrite.partial import respell

CHILD = Path(__file__).with_name("run_recorded.py")
PARTIAL = Settings(fallback="partial")
GOLDEN = "partial.py"


@cache
def mended(fixture: Fixture) -> dict[SourceFile, str]:
    """The new texts of the files of a program that the other tests know to be refused; empty if none changes."""
    texts = again(fixture.sources())
    return texts if any(text != source.text for source, text in texts.items()) else {}


def again(sources: Sequence[SourceFile]) -> dict[SourceFile, str]:
    return {source: respell(parse(source)).text for source in sources}


GOLDENS = [fixture for fixture in programs.refused() if (fixture.folder / GOLDEN).exists()]
every = pytest.mark.parametrize("fixture", programs.refused(), ids=lambda fixture: fixture.name)


@every
def test_output(fixture: Fixture) -> None:
    """It compiles, keeps its lines, and a second run changes nothing."""
    made = mended(fixture)
    for source, text in made.items():
        compile(text, str(source.path), "exec", dont_inherit=True)
        assert len(source.text.splitlines()) == len(text.splitlines())
    once = [source_from_bytes(source.path, encode(source, text)) for source, text in made.items()]
    assert again(once) == {source: source.text for source in once}


@pytest.mark.parametrize("fixture", GOLDENS, ids=lambda fixture: fixture.name)
def test_golden(fixture: Fixture) -> None:
    (program,) = migrate(fixture.sources(), PARTIAL)
    assert program.level is Level.PARTIAL
    (file,) = program.files
    assert encode(file.source, file.code) == (fixture.folder / GOLDEN).read_bytes()
    assert {file.source: file.code} == mended(fixture)


@pytest.mark.slow
@pytest.mark.tf1
@every
def test_values_under_tensorflow_1(fixture: Fixture, tf1_python: str, tmp_path: Path) -> None:
    made = mended(fixture)
    if not made:
        pytest.skip("nothing of it has a spelling that both take")
    entry = fixture.within(programs.migrated(fixture).entry) if len(made) > 1 else fixture.within(fixture.original)
    before = {fixture.within(source.path): source.raw for source in made}
    after = {fixture.within(source.path): encode(source, text) for source, text in made.items()}
    one = recorded(tf1_python, tmp_path / "before", before, entry)
    other = recorded(tf1_python, tmp_path / "after", after, entry)
    assert one.problem == other.problem
    assert one.ops == other.ops, "other ops, or other names"
    assert one.values or one.problem, "nothing was run"
    if not same(one.values, other.values):
        again = recorded(tf1_python, tmp_path / "again", before, entry)
        if not same(one.values, again.values):
            pytest.skip("the original does not repeat itself")
    assert same(one.values, other.values)


@dataclass(frozen=True, slots=True)
class Record:
    """What a program did: values of its runs, kinds and names of the ops of its graphs, what it raised at its end."""

    values: list[Any]
    ops: list[list[tuple[str, str]]]
    problem: str


def recorded(python: str, folder: Path, files: dict[str, bytes], entry: str) -> Record:
    """Runs a program under another interpreter, in a folder of its own."""
    for name, raw in files.items():
        path = folder / "program" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF", "PYTHON"))}
    quiet = {"TMPDIR": str(folder), "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONHASHSEED": "0"}
    record = folder / "record.pickle"
    command = [python, "-W", "ignore", str(CHILD), str(folder / "program" / entry), str(record)]
    subprocess.run(command, cwd=folder / "program", env=kept | quiet, capture_output=True, check=True)
    with record.open("rb") as file:
        values, ops, problem = pickle.load(file)
    return Record(values, ops, problem.replace(str(folder).lstrip("/"), ""))


def same(one: Any, other: Any) -> bool:
    """Whether two results are equal to the bit, but for strings: they hold paths of temporary files."""
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if one is None or other is None:
        return one is other
    if one.dtype.kind in "SUO":
        return True
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
