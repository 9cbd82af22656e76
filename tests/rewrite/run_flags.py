"""Runs programs with many arguments in one Python: ``run_flags.py JOBS``, a JSON list of ``[folder, argv]``.

Prints a JSON list of ``[what was printed, how it ended]``. Also runs under Python 3.7, with TensorFlow 1.15.
"""

from __future__ import annotations

import json
import os
import runpy
import sys


def ending_of(folder: str, argv: list[str]) -> str:
    entry = os.path.join(folder, "main.py")
    sys.argv = [entry, *argv]
    sys.path.insert(0, folder)
    try:
        runpy.run_path(entry, run_name="__main__")
    except SystemExit as leave:
        return str(leave.code or 0)
    except Exception as error:
        return type(error).__name__
    return "0"


def run(folder: str, argv: list[str]) -> list[object]:
    """Each run is a child of its own: flags can be defined only once."""
    printed, end = os.path.join(folder, "printed"), os.path.join(folder, "ending")
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            ending = ending_of(folder, argv)
            sys.stdout.flush()
            with open(end, "w") as stream:
                stream.write(ending)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    with open(printed) as out, open(end) as stream:
        return [out.read().splitlines(), stream.read()]


if __name__ == "__main__":
    import tensorflow

    with open(sys.argv[1]) as jobs:
        print(json.dumps([run(folder, argv) for folder, argv in json.load(jobs)]))
    assert tensorflow
