"""One program, run in the deterministic world with its runs recorded. Started by path, never imported:

    child.py --job JOB.json      runs one program
    child.py --serve ROLE        imports TensorFlow once, then forks a child for each job on stdin

ROLE is what TensorFlow is to the program: ``tf2`` (as it is), ``compat`` (TensorFlow 2 as version 1) or
``tf1`` (a real 1.15). Runs on Python 3.7 too; the files beside it are loaded under private names so
that a program may have modules called ``world`` or ``records``.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
import types
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_PACKAGE = "_tf2migrate"
_POLL = 0.005


def _sibling(name: str) -> Any:
    """A module beside this one, in a private package without the ``__init__`` of the real one."""
    if _PACKAGE not in sys.modules:
        package: Any = types.ModuleType(_PACKAGE)
        package.__path__ = [_HERE]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.{name}")


class Stage:
    """TensorFlow in its role, with the world installed; no op has run yet, so that it may be forked."""

    def __init__(self, role: str) -> None:
        tf: Any = importlib.import_module("tensorflow")
        self.role = role
        self.version = str(tf.__version__)
        if role == "tf1" and not self.version.startswith("1."):
            raise RuntimeError(f"TensorFlow {self.version} is not TensorFlow 1")
        _load_keras(tf)
        _sibling("datasets").install(tf, reader=role != "tf2")
        self.legacy: Any = _sibling("legacy") if role == "compat" else None
        self.v1 = self.legacy.turn_to_v1(tf) if self.legacy else None
        self.world = _sibling("world").install(tf)
        self.records = _sibling("records")
        self.surroundings = _sibling("surroundings")
        self.tf = tf

    def play(self, job: dict[str, Any]) -> int:
        """Runs the job's program to its end, or to the end of its budget; returns the exit status."""
        used: list[str] = []
        deadline = time.monotonic() + job["seconds"]
        recorder = self.records.Recorder(
            job["record"], job["steps"], job["total"], job["dropped"], deadline, time.monotonic
        )

        def stop(why: str) -> None:
            # Not an exception: a program may catch it, or run on in a ``finally``.
            _finish(recorder, why, used, 0)

        recorder.stop = stop
        self._set_up(job, used)
        watched = job.get("watched")
        watch = _sibling("saved").Watch(self.tf, self.role == "tf2", watched) if watched else None

        def record(number: int, value: Any, compared: Any = None) -> Any:
            if recorder.record(number, compared(value) if compared else value):
                self.world.count_run()
                if watch is not None:
                    watch.note(self.world.runs)
            return value

        vars(builtins)["__tf2migrate_record__"] = record
        try:
            _run_main(job)
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
            _finish(recorder, "exit" if code else "ok", used, code)
        except BaseException as error:
            text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            sys.stderr.write(text)
            kinds = [kind.__name__ for kind in type(error).__mro__]
            facts = {"kinds": kinds, "message": str(error)[:2000], "traceback": text[-6000:]}
            _finish(recorder, "error", used, 1, **facts)
        _finish(recorder, "ok", used, 0)
        return 0

    def _set_up(self, job: dict[str, Any], used: list[str]) -> None:
        self.surroundings.cut_network()
        if job["plots"]:
            self.surroundings.quiet_plots()
        self.surroundings.keep_old_numpy_names(used)
        if self.legacy:
            self.legacy.answer_imports(self.v1, job["root"])
        self.world.start(job["nudge"])
        self.surroundings.steady_host_randomness()
        tempfile.tempdir = None  # asked for again, in the environment of this child
        os.chdir(job["cwd"])
        folder = os.path.dirname(os.path.join(job["root"], job["entry"]))
        others = [path for path in sys.path if path != _HERE]
        sys.path[:] = [folder, job["root"], os.path.dirname(job["root"]), *others]
        sys.argv = [os.path.join(job["root"], job["entry"]), *job["argv"]]


def _load_keras(tf: Any) -> None:
    """Lazy modules are loaded before the world looks through them."""
    for path in ("layers.Dense", "initializers.Initializer", "datasets.mnist", "backend"):
        thing = tf.keras
        for name in path.split("."):
            thing = getattr(thing, name, None)


def _run_main(job: dict[str, Any]) -> None:
    path = os.path.join(job["root"], job["entry"])
    main: Any = types.ModuleType("__main__")
    main.__file__ = path
    main.__builtins__ = builtins
    if job["package"]:
        main.__package__ = job["package"]
        importlib.import_module(job["package"])
    sys.modules["__main__"] = main
    with open(path, "rb") as stream:
        code = compile(stream.read(), path, "exec", dont_inherit=True)
    exec(code, main.__dict__)


def _finish(recorder: Any, why: str, used: list[str], status: int, **facts: Any) -> None:
    recorder.end(why, status=status, numpy_names=sorted(set(used)), **facts)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    # Threads of queue runners, prefetchers and servers must not keep the child.
    os._exit(status)


# The server


def _serve(role: str) -> None:
    """Answers one JSON line per JSON line: first whether the stage stands, then how each job ended."""
    requests, answers = os.dup(0), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

    def answer(**facts: Any) -> None:
        answers.write(json.dumps(facts) + "\n")
        answers.flush()

    try:
        stage = Stage(role)
    except Exception as error:
        answer(error=f"{type(error).__name__}: {error}")
        return
    answer(version=stage.version)
    with os.fdopen(requests) as lines:
        while True:
            line = lines.readline()
            if not line:
                os._exit(0)  # taking TensorFlow down takes seconds
            job = json.loads(line)
            pid = os.fork()
            if pid == 0:
                _become(job, stage)
            answer(**_watch(pid, job["limit"], lines))


def _become(job: dict[str, Any], stage: Stage) -> None:
    """The forked child: a process group and output files of its own, then the program."""
    status = 1
    try:
        os.setsid()
        for name, number in (("stdout", 1), ("stderr", 2)):
            os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.environ.update(job["environment"])
        status = stage.play(job)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _watch(pid: int, limit: float, lines: Any) -> dict[str, Any]:
    """Waits for the child; ends its group when its time is over or when nobody waits for it any more."""
    start = time.monotonic()
    late = False
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if not late and time.monotonic() - start > limit:
            late = True
            _end_group(pid)
        readable, _, _ = select.select([lines], [], [], _POLL)
        if readable:  # no request comes while one is answered: the other side is gone
            _end_group(pid)
            os.waitpid(pid, 0)
            os._exit(0)
    _end_group(pid)
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return {"status": code, "late": late, "seconds": time.monotonic() - start}


def _end_group(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def main() -> None:
    if sys.argv[1] == "--serve":
        _serve(sys.argv[2])
        return
    with open(sys.argv[2]) as stream:
        job = json.load(stream)
    Stage(job["role"]).play(job)


if __name__ == "__main__":
    main()
