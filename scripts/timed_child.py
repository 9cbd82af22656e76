"""One program whose runs are timed; started by ``step_speed.py``, never imported. Runs on Python 3.7 too.

timed_child.py ROLE ENTRY OUT SECONDS STEPS: ROLE is ``tf1``, ``compat`` or ``tf2``. Each run of ENTRY stands as
``__tf2migrate_record__(N, lambda: <the run>)``. The third time that a run is reached it is repeated for SECONDS, and
STEPS times at least, and OUT gets, for each N, the processor seconds of one run, how often it was repeated, how many
functions were traced meanwhile, and by how many bytes the process grew in the second half of the repetitions.
"""

import builtins
import importlib.util
import json
import os
import statistics
import sys
import time
import types

WARM = 3  # the run at which it begins; TensorFlow 2 traces in the first
CHUNK = 10


def resident():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Clock:
    """What stands for the marks of a program."""

    def __init__(self, seconds, steps, traced):
        self.seconds = seconds
        self.chunks = max(3, steps // CHUNK)
        self.traced = traced
        self.reached = {}
        self.found = {}

    def record(self, number, run, *_):
        self.reached[number] = self.reached.get(number, 0) + 1
        if self.reached[number] == WARM:
            try:
                self.found[number] = self.repeat(run)
            except Exception as error:  # a run that takes from what ends cannot be repeated
                self.found[number] = {"fault": type(error).__name__ + ": " + str(error)[:80]}
        return run()

    def repeat(self, run):
        for _ in range(CHUNK):
            run()
        before, chunks, sizes = self.traced(), [], []
        end = time.process_time() + self.seconds
        while time.process_time() < end or len(chunks) < self.chunks:
            start = time.process_time()
            for _ in range(CHUNK):
                run()
            chunks.append((time.process_time() - start) / CHUNK)
            sizes.append(resident())
        return {
            "seconds": statistics.median(chunks),
            "best": min(chunks),
            "repeated": len(chunks) * CHUNK,
            "traced": self.traced() - before,
            "grown": sizes[-1] - sizes[len(sizes) // 2],
        }


def beside(name):
    """A module of `tf2migrate/verify` by its path: the package itself may not run on this Python."""
    spec = importlib.util.spec_from_file_location("_timed_" + name, os.path.join(os.environ["VERIFY"], name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def counted_traces():
    """A function that tells how many functions TensorFlow 2 has traced so far."""
    from tensorflow.python.framework import func_graph

    real, counted = func_graph.func_graph_from_py_func, [0]

    def counting(*args, **kwargs):
        counted[0] += 1
        return real(*args, **kwargs)

    func_graph.func_graph_from_py_func = counting
    return lambda: counted[0]


def main():
    role, entry, out, seconds, steps = sys.argv[1:6]
    traced = lambda: 0  # noqa: E731
    import tensorflow as tf

    beside("datasets").install(tf, reader=role != "tf2")
    if role == "compat":
        legacy = beside("legacy")
        legacy.answer_imports(legacy.turn_to_v1(tf), os.path.dirname(os.path.abspath(entry)))
    elif role == "tf2":
        traced = counted_traces()
    clock = Clock(float(seconds), int(steps), traced)
    builtins.__tf2migrate_record__ = clock.record
    main_module = types.ModuleType("__main__")
    main_module.__file__ = os.path.abspath(entry)
    sys.modules["__main__"] = main_module
    sys.path[0] = os.path.dirname(os.path.abspath(entry))
    sys.argv[:] = [entry]
    with open(entry, "rb") as stream:
        code = compile(stream.read(), entry, "exec", dont_inherit=True)
    try:
        exec(code, main_module.__dict__)
    except SystemExit:
        pass
    finally:
        with open(out, "w") as stream:
            json.dump(clock.found, stream)


if __name__ == "__main__":
    main()
