"""What the end of a child means, in words."""

from __future__ import annotations

import re
import signal

from tf2migrate.verify.launch import Job
from tf2migrate.verify.legacy import NEEDS_TF1
from tf2migrate.verify.surroundings import NO_NETWORK
from tf2migrate.verify.values import Ending

_NO_KERAS_2 = "not available with Keras 3"
_GONE = re.compile(r"module 'tensorflow\S*' has no attribute|No module named 'tensorflow\.")
_FILE_ERRORS = {
    "FileNotFoundError",
    "NotFoundError",
    "NotADirectoryError",
    "IsADirectoryError",
    "PermissionError",
}


def cannot_run(ending: Ending, job: Job) -> str:
    """Why the original cannot be run here; empty if it ran."""
    if ending.whole:
        return ""
    if ending.why == "exit":
        status = int(ending.facts["status"])
        reason = "it probably needs arguments" if status == 2 else "it gave up"
        return f"the original ended with exit status {status}: {reason}"
    if ending.why != "error":
        return f"the original {_cut_short(ending, job)}"
    kinds, message = set(ending.facts["kinds"]), _first_line(ending)
    if NEEDS_TF1 in message or _NO_KERAS_2 in message or (job.role == "compat" and _GONE.search(message)):
        advice = "pass --oracle with a Python that has TensorFlow 1.15"
        if _NO_KERAS_2 in message:
            advice += ", or install tf_keras"
        return f"the original needs what TensorFlow 2 does not have ({message}): {advice}"
    if NO_NETWORK in message:
        return "the original wants to reach the network"
    if "ImportError" in kinds:
        return f"the original needs a package or module that is not here: {message}"
    if kinds & _FILE_ERRORS or ("OSError" in kinds and "not found" in message.lower()):
        return f"the original needs a file that is not here: {message}"
    if "EOFError" in kinds:
        return "the original reads from standard input"
    return f"the original fails: {ending.facts['kinds'][0]}: {message}"


def rewrite_failed(original: Ending, rewritten: Ending, job: Job) -> str:
    """Why the rewrite did not do what the original did, which ran; empty if it ran as well."""
    if rewritten.whole:
        return ""
    if rewritten.why == "exit":
        return f"the rewrite ended with exit status {rewritten.facts['status']}, the original with 0"
    if rewritten.why != "error":
        return f"the rewrite {_cut_short(rewritten, job)}"
    return f"the rewrite fails: {rewritten.facts['kinds'][0]}: {_first_line(rewritten)}"


def _cut_short(ending: Ending, job: Job) -> str:
    if ending.why == "killed":
        return f"did not end a run within {job.seconds:g} s"
    status = int(ending.facts.get("status", 0))
    if status < 0:
        return f"was ended by signal {signal.Signals(-status).name}"
    return f"ended without a word, exit status {status}"


def _first_line(ending: Ending) -> str:
    lines = str(ending.facts["message"]).strip().splitlines() or [""]
    # What a graph function raises begins with where, and ends with what.
    return lines[-1].strip() if lines[0] == "in user code:" else lines[0]
