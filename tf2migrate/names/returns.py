"""Bodies that give back what their last statement computes."""

from __future__ import annotations

import libcst as cst


def return_directly(body: list[cst.BaseStatement], name: str) -> list[cst.BaseStatement]:
    """``y = f(x)`` followed by ``return y`` is ``return f(x)``."""
    last = body[-1] if body else None
    if isinstance(last, cst.SimpleStatementLine) and len(last.body) == 1:
        small = last.body[0]
        if isinstance(small, cst.Assign) and len(small.targets) == 1:
            target = small.targets[0].target
            if isinstance(target, cst.Name) and target.value == name:
                return [*body[:-1], last.with_changes(body=[cst.Return(small.value)])]
    return [*body, cst.SimpleStatementLine([cst.Return(cst.Name(name))])]
