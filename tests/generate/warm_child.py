"""Plays program after program in one TensorFlow, without forks: what a program costs is its own time, warm.

    warm_child.py ROLE      answers a JSON line for each job on stdin: how the program ended

One program can leave traces for the next, so nothing is concluded from a bad end here: whoever asks runs such a
program once more in a process of its own. Runs on Python 3.7 too.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib.util
import json
import os
import sys
import time
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_VERIFY = os.path.join(_HERE, "..", "..", "tf2migrate", "verify")


class _Over(BaseException):
    """The program has ended, whatever way."""


def _load_child() -> Any:
    path = os.path.join(_VERIFY, "child.py")
    spec: Any = importlib.util.spec_from_file_location("_tf2migrate_child", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Theatre:
    """One stage, on which programs are played one after the other."""

    def __init__(self, role: str) -> None:
        self.child = _load_child()
        self.stage = self.child.Stage(role)
        self.status = -1
        self.child._finish = self._finish
        self.stage._set_up = self._set_up
        self.kept = self._host_randomness()
        self.paths = [path for path in sys.path if path != _HERE]
        self.imports = builtins.__import__
        self.is_set_up = False
        self.flags: set[str] | None = None  # those that are there before any program defines one

    def play(self, job: dict[str, Any]) -> int:
        self.status = -1
        before = set(sys.modules)
        if self.flags is None and "absl.flags" in sys.modules:
            self.flags = set(sys.modules["absl.flags"].FLAGS)
        for name, number in (("stdout", 1), ("stderr", 2)):
            handle = os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(handle, number)
            os.close(handle)
        os.environ.update(job["environment"])
        with contextlib.suppress(_Over):
            self.stage.play(job)
        os.chdir("/")
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(job["root"]):
                del sys.modules[name]
        self._clear()
        return self.status

    def _finish(self, recorder: Any, why: str, used: list[str], status: int, **facts: Any) -> None:
        if self.status < 0:
            self.status = status
            recorder.end(why, status=status, numpy_names=sorted(set(used)), **facts)
            sys.stdout.flush()
            sys.stderr.flush()
        raise _Over

    def _set_up(self, job: dict[str, Any], used: list[str]) -> None:
        """As the stage does it, but what replaces functions of modules is done once, or undone."""
        stage = self.stage
        if not self.is_set_up:
            stage.surroundings.cut_network()
            stage.surroundings.keep_old_numpy_names(used)
            self.is_set_up = True
        vars(builtins)["__import__"] = self.imports
        if stage.legacy:
            stage.legacy.answer_imports(stage.v1, job["root"])
        for module, names in self.kept:
            vars(module).update(names)
        stage.world.runs = 0
        stage.world.start(job["nudge"])
        stage.surroundings.steady_host_randomness()
        os.chdir(job["cwd"])
        folder = os.path.dirname(os.path.join(job["root"], job["entry"]))
        sys.path[:] = [folder, job["root"], *self.paths]
        sys.argv = [os.path.join(job["root"], job["entry"]), *job["argv"]]

    @staticmethod
    def _host_randomness() -> list[tuple[Any, dict[str, Any]]]:
        import random

        import numpy

        wanted = ("seed", "RandomState", "default_rng")
        return [
            (module, {name: vars(module)[name] for name in wanted if name in vars(module)})
            for module in (numpy.random, random)
        ]

    def _clear(self) -> None:
        """Graphs, sessions and names that the program leaves behind."""
        from tensorflow.python.framework import ops

        if self.stage.role == "tf2":
            import tensorflow as tf

            tf.keras.utils.clear_session()
        else:
            _session_stack(ops).reset()
            ops._default_graph_stack.reset()
        self._forget_flags()
        gc.collect()

    def _forget_flags(self) -> None:
        """Flags that the program defined would be defined twice by the next."""
        flags = sys.modules.get("absl.flags")
        for name in set(flags.FLAGS) - self.flags if flags and self.flags is not None else ():
            delattr(flags.FLAGS, name)


def _session_stack(ops: Any) -> Any:
    known = getattr(ops, "_default_session_stack", None)
    if known is None:  # where newer versions have it
        from tensorflow.python.framework import stack

        known = stack._default_session_stack
    return known


def main() -> None:
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    theatre = _Theatre(sys.argv[1])

    def answer(**facts: Any) -> None:
        answers.write(json.dumps(facts) + "\n")
        answers.flush()

    answer(version=theatre.stage.version)
    for line in requests:
        start = time.monotonic()
        status = theatre.play(json.loads(line))
        answer(status=status, seconds=time.monotonic() - start)
    os._exit(0)


if __name__ == "__main__":
    main()
