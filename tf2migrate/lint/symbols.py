"""The uses of TF1 symbols that TensorFlow 2 does not have, or means something else by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.api.verdicts import Verdict, private_use, verdict
from tf2migrate.findings import Finding
from tf2migrate.lint.uses import Use, uses
from tf2migrate.names.project import Module


@dataclass(frozen=True, slots=True)
class Judged:
    """A use with the verdict on it."""

    use: Use
    verdict: Verdict

    @property
    def is_tensorflow_1(self) -> bool:
        """Whether only a program of TensorFlow 1 has such a use; Keras is one whose versions people mix."""
        return self.verdict.certain and not self.use.name.startswith("tf.keras.")


def judged(module: Module) -> Iterator[Judged]:
    """Every use that may not stay as it is."""
    for use in uses(module):
        found = verdict(use.name, use.arguments)
        if found is None and use.private:
            found = private_use(use.name)
        if found is not None:
            yield Judged(use, found)


def finding(module: Module, one: Judged) -> Finding:
    """What to tell about it."""
    line, column = module.line(one.use.node), module.column(one.use.node)
    told = one.verdict
    return Finding(module.key, line, column, told.code, told.message, told.replacement.advice, lint=True)
