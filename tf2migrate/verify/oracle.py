"""Finds a Python with TensorFlow 1.15, the exact oracle."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tf2migrate.verify.launch import CannotRun, environment

# Only TensorFlow 1.15 and 2.0 come as tensorflow_core; the question costs no import of either.
_QUESTION = """
import importlib.util
if importlib.util.find_spec("tensorflow_core"):
    import tensorflow
    print(tensorflow.__version__)
"""


def find_oracle(wanted: str) -> str:
    """The interpreter that ``--oracle`` names, or for ``auto`` the first one found with TensorFlow 1.15."""
    if wanted != "auto":
        path = shutil.which(wanted)
        if path is None:
            raise CannotRun(f"there is no Python `{wanted}`")
        return path
    for candidate in _candidates():
        if is_tf1(candidate):
            return candidate
    raise CannotRun("no Python with TensorFlow 1.15 was found: set TF1_PYTHON to one, or give its path with --oracle")


@functools.cache
def is_tf1(python: str) -> bool:
    """Does this interpreter have TensorFlow 1.15?"""
    try:
        done = subprocess.run(
            [python, "-W", "ignore", "-c", _QUESTION],
            env=environment("tf1"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip().startswith(b"1.15")


def _candidates() -> Iterator[str]:
    named = os.environ.get("TF1_PYTHON", "")
    if named:
        yield named
    for name in ("python3.7", "python3.6"):
        path = shutil.which(name)
        if path:
            yield path
    for version in sorted(_pyenv_versions()):
        yield str(version)


def _pyenv_versions() -> Iterator[Path]:
    pyenv = shutil.which("pyenv")
    root = os.environ.get("PYENV_ROOT", "")
    if not root and pyenv:
        done = subprocess.run([pyenv, "root"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        root = done.stdout.strip()
    if root:
        for pattern in ("3.7*", "3.6*"):
            yield from Path(root, "versions").glob(f"{pattern}/bin/python")
            yield from Path(root, "versions").glob(f"{pattern}/envs/*/bin/python")
