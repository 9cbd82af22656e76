"""The functions that a rewritten module must hold where TF2 has no single call with TF1's meaning."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tf2migrate.api.calls_model import Definition

_DEFINITIONS = Path(__file__).parent / "data" / "definitions"


def defined(name: str, tf: str) -> Definition:
    """The definition of that name for a module that calls TensorFlow `tf`."""
    return Definition(name, re.sub(r"\btf\.", f"{tf}.", _text(name)))


def definition_names() -> tuple[str, ...]:
    """All names that a rewritten call may need."""
    return tuple(sorted(path.name.removesuffix(".py.txt") for path in _DEFINITIONS.iterdir()))


@cache
def _text(name: str) -> str:
    return (_DEFINITIONS / f"{name}.py.txt").read_text(encoding="utf-8")
