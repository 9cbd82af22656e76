"""Spellings of TensorFlow: every import path of a symbol to its canonical TF1 name."""

from __future__ import annotations

from tf2migrate.api.symbols import canonical

ROOTS = ("tensorflow", "tensorflow_core")
# Packages that once were part of TensorFlow 1, by the name under which a program imports them today.
SPLIT_OFF = {"tf_slim": "tf.contrib.slim"}

GRAPH_MODULE = "tf.python.framework.ops."


def canonical_import(dotted: str) -> str | None:
    """The canonical name of an imported path, or None when it is not TensorFlow's.

    ``tensorflow.compat.v1`` is TF1 itself, so it becomes plain ``tf``; ``tensorflow.contrib.slim`` becomes
    ``tf.contrib.slim``. Modules on private paths keep theirs (``tf.python.ops.rnn``).
    """
    parts = dotted.split(".")
    if parts[0] in SPLIT_OFF:
        return ".".join([SPLIT_OFF[parts[0]], *parts[1:]])
    if parts[0] not in ROOTS:
        return None
    return normalize(".".join(["tf", *parts[1:]]))


def is_private(dotted: str) -> bool:
    """Whether an imported path leads through TensorFlow's own files (``tensorflow.python.ops.array_ops``)."""
    return "python" in dotted.split(".")[1:]


def is_by_compat(dotted: str) -> bool:
    """Whether a path leads through ``tf.compat.v1``, where TensorFlow 2 still has what it names."""
    return "compat.v1" in dotted.partition(".")[2]


def normalize(name: str) -> str:
    """``tf.compat.v1.x`` is ``tf.x`` to a TF1 program; what a private path leads to has a public name too."""
    if name == "tf.compat.v1":
        return "tf"
    if name.startswith(GRAPH_MODULE) and name.count(".") == GRAPH_MODULE.count("."):
        # `from tensorflow.python.framework import ops` was the way to the functions of `tf.Graph`.
        return "tf." + name.removeprefix(GRAPH_MODULE)
    if name.startswith("tf.compat.v1."):
        return "tf." + name.removeprefix("tf.compat.v1.")
    return canonical(name) if is_private(name) else name
