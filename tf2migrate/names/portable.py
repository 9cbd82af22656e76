"""Builtins that are imported from where Python 2 and 3 have them in common."""

from __future__ import annotations

import builtins

COMMON = ("six.moves", "builtins", "__builtin__", "future.builtins", "past.builtins")
# Those of Python 2 that go by another name in Python 3, or that `six.moves` gives the meaning of Python 3.
_OF_SIX = frozenset({"filter", "input", "map", "range", "xrange", "zip"})


def portable_builtin(dotted: str) -> str | None:
    """The builtin that ``six.moves.range`` or ``builtins.open`` is; ``past`` has those of Python 2, but for one."""
    package, _, name = dotted.rpartition(".")
    match package:
        case "six.moves":
            return name if name in _OF_SIX else None
        case "past.builtins":
            return name if name == "xrange" else None
        case "builtins" | "__builtin__" | "future.builtins":
            return name if hasattr(builtins, name) else None
    return None
