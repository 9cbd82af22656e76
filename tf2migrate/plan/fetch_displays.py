"""Fetches that have a name: what ``fetches`` was written as, where ``sess.run(fetches)`` runs it."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import Mapping, Sequence, Value
from tf2migrate.names.bindings import names_read
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.held_names import region_expression
from tf2migrate.plan.region import Atom


def written_as(
    flow: Flow, expression: cst.BaseExpression, value: Value, frame: Frame, reader: Atom
) -> cst.BaseExpression | None:
    """The list, tuple or dict that a name of the region was bound to, and still stands for in ``reader``.

    Its elements mean the same where the run reads them; None where that is not certain.
    """
    if not isinstance(value, Sequence | Mapping) or not value.exact:
        return None
    made = region_expression(flow, expression, frame) if flow.region.held is not None else expression
    name = made.value if isinstance(made, cst.Name) else None
    if name is None or (made is expression and frame.holder(name) is not flow.region.frame):
        return None
    touching = [a for a in flow.region.atoms if name in a.binds or name in a.changes]
    if len(touching) != 1 or flow.reaching(name, reader) != touching or touching[0].nodes:
        return None
    display = _display(touching[0])
    if display is None or not _makes(flow, display, value):
        return None
    inside = {read.value for read in names_read(display)}
    if any(flow.reaching(each, touching[0]) != flow.reaching(each, reader) for each in inside):
        return None
    return display


def _display(atom: Atom) -> cst.List | cst.Tuple | cst.Dict | None:
    """The display of a statement that does nothing but give it a name."""
    match atom.statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[_], value=(cst.List() | cst.Tuple() | cst.Dict()) as display)]
        ):
            return display
    return None


def _makes(flow: Flow, display: cst.List | cst.Tuple | cst.Dict, value: Sequence | Mapping) -> bool:
    """Whether the elements of a display are those of a value, one by one."""
    items = value.items if isinstance(value, Sequence) else list(value.items.values())
    if any(isinstance(e, cst.StarredElement | cst.StarredDictElement) for e in display.elements):
        return False
    made = [flow.staging.value_in(e.value, flow.region.frame) for e in display.elements]
    return len(made) == len(items) and all(a is b for a, b in zip(made, items, strict=True))
