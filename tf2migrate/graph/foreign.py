"""Symbols from outside of the project: builtins, and those of packages that are not TensorFlow."""

from __future__ import annotations

from tf2migrate.graph.values import Builtin, Foreign, Value
from tf2migrate.names.portable import portable_builtin

# The builtins that the interpreter knows.
BUILTINS = frozenset({
    "abs", "all", "any", "bool", "bytes", "callable", "dict", "divmod", "enumerate", "eval", "filter", "float",
    "format", "frozenset", "getattr", "hasattr", "int", "isinstance", "issubclass", "iter", "len", "list", "map",
    "max", "min", "next", "object", "open", "print", "property", "range", "repr", "reversed", "round", "set",
    "setattr", "sorted", "staticmethod", "classmethod", "str", "sum", "super", "tuple", "type", "vars", "zip",
    "xrange", "input", "id", "Exception", "ValueError", "TypeError", "KeyError", "RuntimeError",
    "NotImplementedError", "AssertionError", "IndexError", "StopIteration", "OSError", "IOError", "AttributeError",
    "KeyboardInterrupt", "NotImplemented",
})  # fmt: skip


def foreign(dotted: str) -> Value:
    """A symbol of a package, which may only give the name of a builtin."""
    builtin = portable_builtin(dotted)
    return Builtin(builtin) if builtin in BUILTINS else Foreign(dotted)
