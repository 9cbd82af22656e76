"""Methods and properties of the object that holds the graph which only give a part of it: they go with that part.

``model.init``, a property that returns the initializer, is read by runs alone, and nothing of it is left.
"""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from tf2migrate.names.tree import is_docstring


def given_by(method: cst.CSTNode, gone: Collection[str]) -> str:
    """Which of the attributes that are gone a method does nothing but return; empty for other methods."""
    if not isinstance(method, cst.FunctionDef) or len(method.params.params) != 1:
        return ""
    if not all(isinstance(d.decorator, cst.Name) and d.decorator.value == "property" for d in method.decorators):
        return ""
    body = [line for line in method.body.body if not is_docstring(line)]
    receiver = method.params.params[0].name.value
    match body:
        case [
            cst.SimpleStatementLine(
                body=[cst.Return(value=cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=name)))]
            )
        ] if base == receiver and name in gone:
            return name
    return ""
