"""TensorFlow 2 in the role of TensorFlow 1, for the original program: ``tf.compat.v1`` under its old name.

Only imports made by the program's own files are answered so; TensorFlow's and Keras's see what is there.
Runs inside the child, under TensorFlow 2; imports nothing of the package.
"""

from __future__ import annotations

import builtins
import os
from typing import Any

NEEDS_TF1 = "needs TensorFlow 1"


class NeedsTF1Attribute(AttributeError):
    """The program uses what only TensorFlow 1 has."""


class NeedsTF1Module(ModuleNotFoundError):
    """The program imports what only TensorFlow 1 has."""


class _Contrib:
    """``tf.contrib``: asking for anything of it says where it can be had."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NeedsTF1Attribute(f"{NEEDS_TF1}: tf.contrib.{name}")


def turn_to_v1(tf: Any) -> Any:
    """Switches version 2 behaviour off and returns the module that stands for ``tensorflow``."""
    v1 = tf.compat.v1
    v1.disable_v2_behavior()
    v1.contrib = _Contrib()
    v1.examples = tf.examples  # the stand-in for the MNIST reader
    return v1


def answer_imports(v1: Any, root: str) -> None:
    """``import tensorflow`` in the files under ``root`` and in ``__main__`` gives ``v1``."""
    real = builtins.__import__
    root = os.path.join(os.path.realpath(root), "")

    def own(space: Any) -> bool:
        if not space:
            return False
        file = space.get("__file__") or ""
        return space.get("__name__") == "__main__" or os.path.realpath(file).startswith(root)

    def answer(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level or name.partition(".")[0] != "tensorflow" or not own(globals):
            return real(name, globals, locals, fromlist, level)
        parts = name.split(".")[1:]
        if parts[:1] == ["contrib"]:
            raise NeedsTF1Module(f"{NEEDS_TF1}: {name}")
        found = _walk(v1, parts)
        if not fromlist:
            if found is None:
                real(name, globals, locals, fromlist, level)  # raises, or makes the attribute known
                _show(v1, parts)
            return v1
        if found is None:
            return real(name, globals, locals, fromlist, level)
        return found

    vars(builtins)["__import__"] = answer


def _walk(module: Any, parts: list[str]) -> Any:
    for part in parts:
        module = getattr(module, part, None)
        if module is None:
            return None
    return module


def _show(v1: Any, parts: list[str]) -> None:
    """``import tensorflow.python.x as y`` reads ``y`` off the module that it was given."""
    import tensorflow

    if not hasattr(v1, parts[0]):
        setattr(v1, parts[0], getattr(tensorflow, parts[0]))
