"""What a program meets besides TensorFlow: no network, no windows, numpy as it was, steady host randomness.

Runs on Python 3.7 too; imports nothing of the package.
"""

from __future__ import annotations

import importlib
import random
import sys
import types
from collections.abc import Iterator
from typing import Any

_HERE = (None, "localhost", "127.0.0.1", "::1")
NO_NETWORK = "there is no network while verifying"
# Names that numpy has dropped since TF1's days; the history of numpy is not what is verified.
_DROPPED_FROM_NUMPY = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "object": "object",
    "str": "str",
    "complex": "complex",
    "long": "int",
    "unicode": "str",
}
_RENAMED_IN_NUMPY = {
    "float_": "float64",
    "complex_": "complex128",
    "unicode_": "str_",
    "Inf": "inf",
    "Infinity": "inf",
    "infty": "inf",
    "NaN": "nan",
    "product": "prod",
    "cumproduct": "cumprod",
    "alltrue": "all",
    "sometrue": "any",
    "in1d": "isin",
    "row_stack": "vstack",
}


def cut_network() -> None:
    """Connections and name look-ups fail at once instead of waiting."""
    import socket

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise OSError(NO_NETWORK)

    real = socket.socket.connect

    def connect(self: Any, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else "localhost"
        return real(self, address) if host in _HERE or str(host).startswith("127.") else refuse()

    socket.socket.connect = connect  # type: ignore[method-assign]
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        return resolve(host, *args, **kwargs) if host in _HERE else refuse()

    socket.getaddrinfo = getaddrinfo


def quiet_plots() -> None:
    """Nothing is shown or saved; a matplotlib that is not installed is a module whose calls do nothing."""
    try:
        figure: Any = importlib.import_module("matplotlib.figure")
        pyplot: Any = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.cm", "matplotlib.animation"):
            sys.modules[name] = _Harmless(name)
        return

    def nothing(*args: Any, **kwargs: Any) -> None:
        return None

    for name in ("show", "pause", "draw", "ion", "waitforbuttonpress", "savefig"):
        setattr(pyplot, name, nothing)
    figure.Figure.show = figure.Figure.savefig = nothing


class _Harmless(types.ModuleType):
    """Any attribute, call, index and pair of itself."""

    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *args: Any) -> None:
        return None


def steady_host_randomness() -> None:
    """Generators that the program seeds from the clock get fixed seeds, in the order of their creation."""
    import numpy

    seeds = iter(range(1, 1 << 30))
    numpy_seed, python_seed = numpy.random.seed, random.seed

    def seed_numpy(seed: Any = None) -> None:
        if seed is not None:
            numpy_seed(seed)

    def seed_python(a: Any = None, version: int = 2) -> None:
        if a is not None:
            python_seed(a, version)

    numpy.random.seed = seed_numpy
    random.seed = seed_python
    real_state = numpy.random.RandomState

    class Kind(type):
        def __instancecheck__(cls, instance: Any) -> bool:  # the global generator is one of the real class
            return isinstance(instance, real_state)

    class RandomState(real_state, metaclass=Kind):  # type: ignore[misc, valid-type]
        def __init__(self, seed: Any = None) -> None:
            real_state.__init__(self, next(seeds) if seed is None else seed)

    numpy.random.RandomState = RandomState  # type: ignore[misc]
    if hasattr(numpy.random, "default_rng"):
        real_generator = numpy.random.default_rng

        def default_rng(seed: Any = None) -> Any:
            return real_generator(next(seeds) if seed is None else seed)

        numpy.random.default_rng = default_rng


def keep_old_numpy_names(used: list[str]) -> None:
    """``np.float`` and the like work as they did; those that the program asks for are added to ``used``."""
    import builtins

    import numpy

    ask = getattr(numpy, "__getattr__", None)

    def getattr_(name: str) -> Any:
        if name in _DROPPED_FROM_NUMPY:
            used.append(name)
            return getattr(builtins, _DROPPED_FROM_NUMPY[name])
        if name in _RENAMED_IN_NUMPY:
            used.append(name)
            return getattr(numpy, _RENAMED_IN_NUMPY[name])
        if ask is None:
            raise AttributeError(f"module 'numpy' has no attribute {name!r}")
        return ask(name)

    if ask is not None:
        vars(numpy)["__getattr__"] = getattr_
