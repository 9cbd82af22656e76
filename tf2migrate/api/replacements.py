"""What takes the place of a TF1 symbol: one of a closed set of kinds, from which every advice is worded."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """The ways in which the need for a symbol ends."""

    STAYS = "stays"  # TensorFlow 2 has it and means the same by it
    RENAMED = "renamed"  # the same arguments under another name
    WRITTEN = "written"  # another expression
    DEFINED = "defined"  # a function or class that `tf2migrate fix` writes into the program
    USE = "use"  # something else of TensorFlow 2, used in its own way
    PACKAGE = "package"  # something of another package
    ARGUMENT = "argument"  # an argument of the function that computes
    ATTRIBUTE = "attribute"  # an attribute of a model or layer
    FUNCTION = "function"  # a call of the function that computes
    LOOP = "loop"  # a loop of Python
    OWN = "own"  # a list, variable or attribute of the program
    DROPPED = "drop"  # nothing
    BECAME = "became"  # TensorFlow 1.15 itself has only what it was renamed to
    BY_HAND = "hand"  # nothing that can be named


@dataclass(frozen=True, slots=True)
class Replacement:
    """A kind, and what takes the place, as the sentence of the kind names it."""

    kind: Kind
    target: str = ""

    @property
    def advice(self) -> str:
        """What a person should do, in one sentence without a full stop."""
        target = self.target
        match self.kind:
            case Kind.STAYS:
                return f"Use {target}" if target else "Leave it as it is"
            case Kind.RENAMED | Kind.WRITTEN:
                return f"Write `{target}`"
            case Kind.DEFINED:
                return f"Write `{target}`, which `tf2migrate fix` defines"
            case Kind.USE | Kind.PACKAGE:
                return f"Use {target}"
            case Kind.ARGUMENT:
                return "Make it an argument of the function that computes"
            case Kind.ATTRIBUTE:
                return f"Make it once, as an attribute of a model or layer{f', by {target}' if target else ''}"
            case Kind.FUNCTION:
                return "Call the function that computes the value"
            case Kind.LOOP:
                return f"Write the loop {target or 'out'}"
            case Kind.OWN:
                return f"Keep {target} in a list, variable or attribute of your own"
            case Kind.DROPPED:
                return f"Use {target}, or leave it out" if target else "Leave it out"
            case Kind.BECAME:
                return f"It became {target}"
            case Kind.BY_HAND:
                return target or "Rewrite it by hand"
