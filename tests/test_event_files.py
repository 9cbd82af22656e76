"""What the rewrite writes for TensorBoard: the same tags, steps and values as the original under TensorFlow 1.15."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import fixture_programs as programs
from tests.fixture_programs import Fixture

READER = Path(__file__).with_name("event_files.py")
WRITING = [fixture for fixture in programs.migratable() if fixture.about().get("events")]


@pytest.mark.slow
@pytest.mark.tf1
@pytest.mark.parametrize("fixture", WRITING, ids=lambda fixture: fixture.name)
def test_event_files_are_the_same(fixture: Fixture, tf1_python: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    originals = {path: path.read_bytes() for path in fixture.files()}
    before = events(tf1_python, originals, tmp_path / "before")
    after = events(sys.executable, programs.rewritten(fixture), tmp_path / "after")
    assert before
    assert [each[:4] for each in after] == [each[:4] for each in before]
    for one, other in zip(before, after, strict=True):
        assert other[4] == pytest.approx(one[4], rel=1e-4, abs=1e-5), one[:3]


def events(python: str, files: Mapping[Path, bytes], folder: Path) -> list[list[Any]]:
    """The values that a program of one file writes under a Python."""
    folder.mkdir()
    (content,) = files.values()
    (folder / "program.py").write_bytes(content)
    run(python, folder, "program.py")
    return sorted(json.loads(run(python, folder, str(READER), ".")), key=lambda each: each[:4])


def run(python: str, folder: Path, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF", "PYTHON"))}
    quiet = {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [python, "-W", "ignore", *arguments]
    return subprocess.run(command, env=kept | quiet, cwd=folder, capture_output=True, text=True, check=True).stdout
