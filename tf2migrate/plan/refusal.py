"""A clause that could not be shown, and how it leaves the planner."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst


@dataclass(frozen=True, slots=True)
class Refusal:
    """A contract clause that could not be shown, at one place."""

    code: str
    module: str
    where: cst.CSTNode
    reason: str
    advice: str = ""


class NotPlanned(Exception):
    """Raised inside the planner; carries the refusal to the program boundary."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
