"""Runs jobs one after the other in processes that stay: quick, for programs that are expected to end well."""

from __future__ import annotations

import json
import select
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from tf2migrate.verify.launch import CannotRun, Ended, Job, Role, end_group, environment

CHILD = Path(__file__).with_name("warm_child.py")
PROGRAMS = 150  # in one process: what they leave behind adds up


class Warm:
    """A runner whose programs share a process: a context manager. A process that saw a program fail is ended."""

    def __init__(self) -> None:
        self._children: dict[tuple[str, Role], _Child] = {}

    def run(self, python: str, job: Job) -> Ended:
        key = python, job.role
        if key not in self._children:
            self._children[key] = _Child(python, job.role)
        child = self._children[key]
        ended = child.run(job)
        if ended.status or child.played >= PROGRAMS:
            self._children.pop(key).close()
        return ended

    def warm(self, python: str, role: Role) -> None:
        """Processes start when they are first needed."""

    def close(self) -> None:
        for child in self._children.values():
            child.close()
        self._children.clear()

    def __enter__(self) -> Warm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Child:
    def __init__(self, python: str, role: Role) -> None:
        self.played = 0
        self._process = subprocess.Popen(
            [python, str(CHILD), role],
            cwd=tempfile.gettempdir(),
            env=environment(role),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._answer(600.0) is None:
            self.close()
            raise CannotRun(f"{python} did not start TensorFlow")

    def run(self, job: Job) -> Ended:
        self.played += 1
        assert self._process.stdin is not None
        self._process.stdin.write(job.to_json().encode() + b"\n")
        self._process.stdin.flush()
        found = self._answer(job.limit)
        if found is None:
            return Ended(-9, True, job.limit)
        return Ended(int(found["status"]), False, float(found["seconds"]))

    def _answer(self, seconds: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], seconds)
        line = self._process.stdout.readline() if readable else b""
        found: dict[str, Any] | None = json.loads(line) if line else None
        return found

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        end_group(self._process)

