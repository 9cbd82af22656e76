"""Edits of the statements that put cells into dropout which a run decides."""

from __future__ import annotations

import libcst as cst

from tf2migrate.forms.bared_cells import cell_argument, decided_by_runs
from tf2migrate.forms.traced import Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.names.bindings import names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk


class Edit(Traced):
    """An edit that may find nothing to do."""

    def __init__(self, module: Module, staging: Staging) -> None:
        super().__init__(module)
        self.staging = staging
        self.taken = {n.value for n in walk(module.tree) if isinstance(n, cst.Name)}
        self.done = False

    def apply(self, module: Module) -> Module:
        made = super().apply(module)
        return made if self.done else module

    def fresh(self, *wanted: str) -> str:
        return take_name(next((name for name in wanted if name not in self.taken), wanted[-1]), self.taken)

    def chain(self, node: cst.BaseExpression) -> tuple[list[cst.Call], cst.BaseExpression]:
        """The wrappers around a cell that runs decide, outermost first, and what is inside of them."""
        wrappers: list[cst.Call] = []
        while isinstance(node, cst.Call) and decided_by_runs(self.staging, node):
            argument = cell_argument(node)
            if argument is None:
                break
            wrappers.append(node)
            node = argument.value
        return wrappers, node

    def other_names(self, wrappers: list[cst.Call]) -> set[str]:
        """The names that wrappers read beside the cell."""
        found: set[str] = set()
        for wrapper in wrappers:
            argument = cell_argument(wrapper)
            found |= {n.value for n in names_read(wrapper.func)}
            found |= {n.value for arg in wrapper.args if arg is not argument for n in names_read(arg)}
        return found
