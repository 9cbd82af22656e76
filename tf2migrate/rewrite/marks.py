"""The original with its runs wrapped in record calls, so that they can be told apart where it is run."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.names.project import Module


def marked_original(module: Module, staging: Staging) -> str:
    """The text of a file, with a record call around each run that the analysis saw in it."""
    numbers: dict[int, int] = {}
    form = staging.modules.get(module.key, module)
    for number, site in enumerate(staging.runs, 1):
        # A run may have come from this file into another one, with a method of a base.
        home = staging.modules.get(site.place.module, form)
        numbers.setdefault(id(form.origin(home.origin(site.expression))), number)

    class Marker(cst.CSTTransformer):
        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
            number = numbers.get(id(original_node))
            if number is None:
                return updated_node
            args = [cst.Arg(cst.Integer(str(number))), cst.Arg(updated_node)]
            return cst.Call(cst.Name("__tf2migrate_record__"), args)

    return module.tree.visit(Marker()).code
