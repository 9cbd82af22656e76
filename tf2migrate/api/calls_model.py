"""The shapes in which a call of a TF1 symbol comes in and its native TF2 counterpart goes out.

Text in, text out: callers hold source text, not syntax trees, so this package depends on no parser library.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call: its source text, its keyword if any, and its star (`""`, `"*"` or `"**"`)."""

    text: str
    keyword: str | None = None
    star: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A top-level class or function that the module must contain for the new text to work."""

    name: str
    text: str
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """The new expression, and what must be defined in the module for it."""

    text: str
    definitions: tuple[Definition, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no justified rewrite, and what a person should do."""

    reason: str
    advice: str
    code: str = "TFM101"
    unknown: bool = False
    """Whether TensorFlow 1.15 has nothing under this name either."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The call may stay as it is: it means the same in both versions."""
