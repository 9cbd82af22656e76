"""What the rules find by themselves in programs of TensorFlow 2."""

from __future__ import annotations

from collections.abc import Iterator

from tf2migrate.findings import Finding
from tf2migrate.names.keras import keras_file
from tf2migrate.names.project import Module
from tf2migrate.rules import all_rules


def trapped(module: Module) -> Iterator[Finding]:
    """Every place of a file that Keras 3 does not understand as it was meant."""
    file = keras_file(module)
    if file is None:
        return
    for rule in all_rules().values():
        for trap in rule.find(file) if rule.find is not None else ():
            line, column = module.line(trap.node), module.column(trap.node)
            yield Finding(module.key, line, column, rule.code, trap.message, trap.advice, lint=True)
