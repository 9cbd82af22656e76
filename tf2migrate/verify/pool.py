"""Children forked from servers that have imported TensorFlow once: a program costs its own time only.

One server per interpreter and role (``tf2``, ``compat``, ``tf1``), started when first asked for. A server
runs no TensorFlow op itself, so it has one thread and may fork; every program has a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tf2migrate.verify.launch import CHILD, CannotRun, Ended, Job, Role, end_group, environment


class Pool:
    """Runs jobs in forks of warm servers; a context manager. Threads may share it.

    >>> with Pool() as pool:
    ...     compare_programs(before, after, "train.py", pool=pool)
    """

    def __init__(self) -> None:
        self._servers: dict[tuple[str, Role], _Server] = {}
        self._lock = threading.Lock()

    def run(self, python: str, job: Job) -> Ended:
        """Runs one job; jobs for the same interpreter and role wait for each other."""
        return self._server(python, job.role).run(job)

    def warm(self, python: str, role: Role) -> None:
        """Starts the server for these jobs, if it does not run yet, without waiting for it."""
        self._server(python, role).start()

    def _server(self, python: str, role: Role) -> _Server:
        with self._lock:
            return self._servers.setdefault((python, role), _Server(python, role))

    def close(self) -> None:
        """Ends the servers."""
        with self._lock:
            for server in self._servers.values():
                server.close()
            self._servers.clear()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server:
    def __init__(self, python: str, role: Role) -> None:
        self._python = python
        self._role = role
        self._starting = threading.Lock()
        self._running = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._greeted = False

    def run(self, job: Job) -> Ended:
        with self._running:
            process = self.start()
            assert process.stdin is not None
            if not self._greeted:
                greeting = self._answer(process)
                if "error" in greeting:
                    self.close()
                    raise CannotRun(f"{self._python}: {greeting['error']}")
                self._greeted = True
            try:
                process.stdin.write(job.to_json().encode() + b"\n")
                process.stdin.flush()
            except (OSError, ValueError) as error:
                raise CannotRun(f"the TensorFlow server has ended: {self._last_words()}") from error
            answer = self._answer(process)
        return Ended(int(answer["status"]), bool(answer["late"]), float(answer["seconds"]))

    def start(self) -> subprocess.Popen[bytes]:
        with self._starting:
            if self._process is not None:
                return self._process
            self._greeted = False
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the server
            try:
                self._process = subprocess.Popen(
                    [self._python, str(CHILD), "--serve", self._role],
                    cwd=Path(tempfile.gettempdir()),
                    env=environment(self._role),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    start_new_session=True,
                )
            except OSError as error:
                raise CannotRun(f"cannot start {self._python}: {error.strerror}") from error
            return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
        except ValueError:  # closed meanwhile
            line = b""
        if not line:
            end_group(process)
            self._process = None
            raise CannotRun(f"{self._python} did not start TensorFlow: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        if self._errors is None or self._errors.closed:
            return "it was ended"
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            # Without waiting for a running job: the server sees the end of its requests and ends the child.
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                end_group(process)
        if self._errors is not None:
            self._errors.close()
            self._errors = None
