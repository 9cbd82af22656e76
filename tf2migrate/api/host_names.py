"""Names of the host that TensorFlow 1 programs use and that are gone where TensorFlow 2 runs.

TensorFlow 2.16 and newer needs Python 3.9 or newer and is used with NumPy 2. Both removed names that were mere
synonyms; each stands here with what it was a synonym of. Compared with NumPy 1.18 and 2.4, and with the lists of
removals in the release notes of NumPy 1.24 and 2.0 and of Python 3.8.
"""

from __future__ import annotations

BUILTINS = {
    "numpy.float": "float",
    "numpy.int": "int",
    "numpy.bool": "bool",
    "numpy.object": "object",
    "numpy.str": "str",
    "numpy.complex": "complex",
    "numpy.long": "int",
    "numpy.unicode": "str",
}
"""Synonyms of Python's own types."""

SYNONYMS = {
    "numpy.float_": "numpy.float64",
    "numpy.complex_": "numpy.complex128",
    "numpy.unicode_": "numpy.str_",
    "numpy.string_": "numpy.bytes_",
    "numpy.bool8": "numpy.bool_",
    "numpy.Inf": "numpy.inf",
    "numpy.Infinity": "numpy.inf",
    "numpy.infty": "numpy.inf",
    "numpy.PINF": "numpy.inf",
    "numpy.NaN": "numpy.nan",
    "numpy.NAN": "numpy.nan",
    "numpy.product": "numpy.prod",
    "numpy.cumproduct": "numpy.cumprod",
    "numpy.sometrue": "numpy.any",
    "numpy.alltrue": "numpy.all",
    "numpy.round_": "numpy.round",
    "numpy.trapz": "numpy.trapezoid",
    "numpy.mat": "numpy.asmatrix",
    "time.clock": "time.process_time",
}
"""Other names of what is still there; ``time.clock`` measured the time of the process everywhere but on Windows."""

ITEM = "numpy.asscalar"
"""``numpy.asscalar(a)`` was ``a.item()``."""

METHODS = {"tostring": "tobytes"}
"""Methods of arrays that have another name: they take no arguments."""

FUNCTIONS = frozenset({"ptp"})
"""Methods of arrays that only the module has now, as a function of the array."""

MODULES = ("numpy", "time")


def successor(name: str) -> str | None:
    """What a dotted name of ``MODULES`` is called now, if it is gone: with its module, or a builtin."""
    return BUILTINS.get(name) or SYNONYMS.get(name)
