"""Checkpoints of TensorFlow 1.15 go on in the rewrite: the same losses, step by step."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.verify.checkpoint_programs import PROGRAMS
from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import migrate_text
from tf2migrate.verify.conversion import CannotConvert, convert
from tf2migrate.verify.pool import Pool

pytestmark = [pytest.mark.slow, pytest.mark.tf1]

# Runs programs one after the other in one process, each in a folder of its own, and tells what they print.
RUN = """
import contextlib, io, json, os, sys, traceback
import tensorflow as tf
printed = {}
for name, (program, folder) in json.load(sys.stdin).items():
    os.environ["FOLDER"] = folder
    text = io.StringIO()
    tf.keras.backend.clear_session()
    try:
        with contextlib.redirect_stdout(text):
            with tf.Graph().as_default() if tf.__version__.startswith("1.") else contextlib.suppress():
                exec(compile(program, name, "exec"), {"__name__": "__main__"})
    except Exception:
        text.write("RAISED " + traceback.format_exc())
    printed[name] = text.getvalue()
sys.__stdout__.write("RESULT " + json.dumps(printed))
"""


def run(python: str, programs: dict[str, tuple[str, str]]) -> dict[str, str]:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [python, "-W", "ignore", "-c", RUN],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        env={**os.environ, **quiet},
        timeout=1200,
    )
    assert "RESULT " in done.stdout, done.stderr
    printed: dict[str, str] = json.loads(done.stdout.rpartition("RESULT ")[2])
    assert not any("RAISED" in text for text in printed.values()), printed
    return printed


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: tmp_path_factory.mktemp("program") for name in PROGRAMS}


@pytest.fixture(scope="module")
def continued(tf1_python: str, folders: dict[str, Path]) -> dict[str, str]:
    """Trains each program under TensorFlow 1.15, and says what it printed when it went on from there."""
    for folder in folders.values():
        (folder / "first").mkdir()
        (folder / "second").mkdir()
    run(tf1_python, {name: (text, str(folders[name] / "first")) for name, text in PROGRAMS.items()})
    for folder in folders.values():
        for file in (folder / "first").glob("end.*"):
            shutil.copy(file, folder / "second" / file.name.replace("end", "start", 1))
    return run(tf1_python, {name: (text, str(folders[name] / "second")) for name, text in PROGRAMS.items()})


@pytest.fixture(scope="module")
def rewritten(continued: dict[str, str], folders: dict[str, Path], pool: Pool) -> dict[str, str]:
    """What each rewrite printed when it went on from the converted checkpoint."""
    programs: dict[str, tuple[str, str]] = {}
    refused: dict[str, str] = {}
    for name, text in PROGRAMS.items():
        source = source_from_bytes(folders[name] / "program.py", text.encode())
        source.path.write_text(text)
        third = folders[name] / "third"
        try:
            convert([source], Settings(), str(folders[name] / "first" / "end"), str(third / "start"), runner=pool)
            programs[name] = (migrate_text(text).code, str(third))
        except CannotConvert as problem:
            refused[name] = str(problem)
    return run(sys.executable, programs) | refused


@pytest.mark.parametrize("name", PROGRAMS)
def test_training_goes_on_with_the_same_losses(
    name: str, continued: dict[str, str], rewritten: dict[str, str]
) -> None:
    assert rewritten[name][:1].isdigit(), rewritten[name]
    wanted, got = (np.array(text.split(), float) for text in (continued[name], rewritten[name]))
    assert len(wanted) == 12
    np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-6)


def test_a_checkpoint_of_another_program_is_refused(
    continued: dict[str, str], folders: dict[str, Path], pool: Pool, tmp_path: Path
) -> None:
    first, second, *_ = PROGRAMS
    path = tmp_path / "program.py"
    path.write_text(PROGRAMS[first])
    source = source_from_bytes(path, PROGRAMS[first].encode())
    with pytest.raises(CannotConvert, match="not one of this program"):
        convert([source], Settings(), str(folders[second] / "first" / "end"), str(tmp_path / "new"), runner=pool)
    assert not list(tmp_path.glob("new*"))
