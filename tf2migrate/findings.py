"""What every room may say about a user's code: one finding, at one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that a person should know about one place in their code.

    ``line`` and ``column`` count from 1. ``message`` says what is wrong in one line without a
    full stop; ``advice`` says what a person can do about it, and may be empty. ``fixed`` is true
    when the migration that carries this finding also removes its cause. ``lint`` is true for what a
    line shows by itself, whatever becomes of its program.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    advice: str = ""
    fixed: bool = False
    lint: bool = False
