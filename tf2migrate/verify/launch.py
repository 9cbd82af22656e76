"""Starts children: what a job is, the environment that it runs in, and one child on its own."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

CHILD = Path(__file__).with_name("child.py")

Role = Literal["tf1", "compat", "tf2"]


class CannotRun(Exception):
    """A child could not be started, or TensorFlow is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Job:
    """One program to run in a scratch folder ``root``; its output goes to files in ``scratch``."""

    role: Role
    root: Path
    entry: str
    cwd: Path
    scratch: Path
    argv: tuple[str, ...] = ()
    package: str = ""
    plots: bool = False
    steps: int = 100  # runs with values per site; 0 for no bound
    total: int = 0  # runs in all; 0 for no bound
    dropped: tuple[int, ...] = ()  # sites that the rewrite has nothing in place of
    seconds: float = 120.0
    grace: float = 30.0  # beyond those seconds, for one run, and for the import of TensorFlow without a pool
    nudge: float = 0.0  # see World.start
    watching: bool = False  # whether what savers hold is written down

    @property
    def record(self) -> Path:
        return self.scratch / ("nudged-record" if self.nudge else "record")

    @property
    def watched(self) -> Path:
        """Where it is written down."""
        return self.scratch / "watched"

    @property
    def stderr(self) -> Path:
        return self.scratch / "stderr"

    @property
    def limit(self) -> float:
        """When the child is killed. Its own clock stops it at the first run after ``seconds``."""
        return self.seconds + self.grace

    def to_json(self) -> str:
        facts = {
            "role": self.role,
            "root": str(self.root),
            "entry": self.entry,
            "cwd": str(self.cwd),
            "argv": list(self.argv),
            "package": self.package,
            "plots": self.plots,
            "steps": self.steps,
            "total": self.total,
            "dropped": list(self.dropped),
            "seconds": self.seconds,
            "nudge": self.nudge,
            "limit": self.limit,
            "watched": str(self.watched) if self.watching else "",
            "record": str(self.record),
            "stdout": str(self.scratch / "stdout"),
            "stderr": str(self.stderr),
            "environment": own_environment(self),
        }
        return json.dumps(facts)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: exit status (negative for a signal), whether it was killed for its time."""

    status: int
    late: bool
    seconds: float


class Runner(Protocol):
    """Whatever can run a job: one child on its own, or a pool of forks."""

    def run(self, python: str, job: Job) -> Ended: ...

    def warm(self, python: str, role: Role) -> None:
        """Makes ready for jobs in this role."""

    def close(self) -> None:
        """Ends what is running."""


def own_environment(job: Job) -> dict[str, str]:
    """Variables of one child alone."""
    folder = job.scratch / "tmp"
    folder.mkdir(exist_ok=True)
    return {"TMPDIR": str(folder), "PWD": str(job.cwd)}


def environment(role: Role) -> dict[str, str]:
    """The environment of a TensorFlow in this role: one thread, no GPU, quiet, no hash randomisation."""
    dropped = (
        "TF_USE_LEGACY_KERAS",
        "PYTHONSTARTUP",
        "PYTHONINSPECT",
        "PYTHONWARNINGS",
        "XLA_FLAGS",
        "TF_XLA_FLAGS",
        "TF2_BEHAVIOR",  # TensorFlow 2 leaves it behind, and TensorFlow 1.15 would run eagerly
    )
    kept: Mapping[str, str] = {key: value for key, value in os.environ.items() if key not in dropped}
    if role == "tf1":  # another interpreter: no paths of this one
        kept = {key: value for key, value in kept.items() if not key.startswith("PYTHON")}
    result = {
        **kept,
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "MPLBACKEND": "Agg",
    }
    if role == "compat" and importlib.util.find_spec("tf_keras") is not None:
        # tf.layers and tf.nn.rnn_cell exist under Keras 2 only.
        result["TF_USE_LEGACY_KERAS"] = "1"
    return result


class Alone:
    """Runs each job in a fresh interpreter."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def warm(self, python: str, role: Role) -> None:
        """Nothing can be made ready."""

    def close(self) -> None:
        for process in list(self._running):
            end_group(process)

    def run(self, python: str, job: Job) -> Ended:
        description = job.scratch / "job.json"
        description.write_text(job.to_json(), encoding="utf-8")
        start = time.monotonic()
        with open(job.scratch / "stdout", "wb") as out, open(job.stderr, "wb") as err:
            try:
                process = subprocess.Popen(
                    [python, str(CHILD), "--job", str(description)],
                    cwd=job.cwd,
                    env={**environment(job.role), **own_environment(job)},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except OSError as error:
                raise CannotRun(f"cannot start {python}: {error.strerror}") from error
            late = False
            self._running.append(process)
            try:
                process.wait(job.limit)
            except subprocess.TimeoutExpired:
                late = True
            finally:
                self._running.remove(process)
                end_group(process)
        return Ended(process.returncode, late, time.monotonic() - start)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that was started in a session of its own, and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
