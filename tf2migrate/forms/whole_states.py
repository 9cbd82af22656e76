"""Loops that feed the state of a stack of cells part by part feed it as one value.

    for i, (c, h) in enumerate(model.initial_state):
        feed[c] = state[i].c
        feed[h] = state[i].h

does what ``feed[model.initial_state] = state`` does: ``feed_dict`` takes a nested key for all of its parts. The result
is an equivalent TensorFlow 1 program, for stacks of whatever height.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Builtin, Sequence, fed_node
from tf2migrate.names.bindings import bound_names, names_read
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import ids_in, walk

FIELDS = ("c", "h")


@dataclass(frozen=True, slots=True)
class _Loop:
    """A loop over the parts of a state, with the dict that it fills and what it fills it from."""

    node: cst.For
    feed: str
    state: cst.BaseExpression
    value: str


def whole_states(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with states fed as one value; None where no loop feeds one."""

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        loops = {id(loop.node): loop for loop in _loops(staging, module)}
        return _Whole(module, loops, builder) if loops else None

    return edited(modules, builder, edit)


def _loops(staging: Staging, module: Module) -> Iterator[_Loop]:
    for owner in walk(module.tree):
        if isinstance(owner, cst.Module | cst.FunctionDef):
            for node in walk(owner):
                found = _loop(staging, node) if isinstance(node, cst.For) else None
                if found is not None and not _outlives(found.node, owner):
                    yield found


def _loop(staging: Staging, node: cst.For) -> _Loop | None:
    match node:
        case cst.For(
            target=cst.Tuple(elements=[cst.Element(value=cst.Name(value=index)), cst.Element(value=parts)]),
            iter=cst.Call(func=func, args=[cst.Arg(value=state, keyword=None, star="")]),
            body=cst.IndentedBlock(body=body),
            orelse=None,
        ):
            pass
        case _:
            return None
    names = list(bound_names(parts))
    counted = all(isinstance(v, Builtin) and v.name == "enumerate" for v in staging.values_of(func))
    if not counted or len(names) not in (1, 2) or not _are_states(staging, state) or len(body) != len(names):
        return None
    filled = [_filled(line, index) for line in body]
    wanted = [(name, place) for place, name in enumerate(names)] if len(names) == 2 else [(names[0], None)]
    if any(one is None for one in filled) or [(one[1], one[3]) for one in filled if one is not None] != wanted:
        return None
    found = {(one[0], one[2]) for one in filled if one is not None}
    if len(found) != 1:
        return None
    feed, value = found.pop()
    return _Loop(node, feed, state, value) if not {feed, value.partition(".")[0]} & {index, *names} else None


def _are_states(staging: Staging, expression: cst.BaseExpression) -> bool:
    """Whether this is always all of a state that a cell began with, part by part."""
    values = staging.values_of(expression)
    return bool(values) and all(
        isinstance(value, Sequence) and (whole := fed_node(value)) is not None and whole.details.get("state") is value
        for value in values
    )


def _filled(line: cst.CSTNode, index: str) -> tuple[str, str, str, int | None] | None:
    """``feed[key] = value[index].field`` as its names and the place of the field; None in place of no field."""
    match line:
        case cst.SimpleStatementLine(
            body=[
                cst.Assign(
                    targets=[
                        cst.AssignTarget(
                            target=cst.Subscript(
                                value=cst.Name(value=feed),
                                slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Name(value=key)))],
                            )
                        )
                    ],
                    value=value,
                )
            ]
        ):
            pass
        case _:
            return None
    place: int | None = None
    match value:
        case cst.Attribute(value=inner, attr=cst.Name(value=field)) if field in FIELDS:
            value, place = inner, FIELDS.index(field)
        case cst.Subscript(value=cst.Subscript() as inner, slice=[cst.SubscriptElement(slice=cst.Index(value=at))]):
            if not isinstance(at, cst.Integer) or at.value not in ("0", "1"):
                return None
            value, place = inner, int(at.value)
    match value:
        case cst.Subscript(
            value=(cst.Name() | cst.Attribute()) as whole,
            slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Name(value=name)))],
        ) if name == index and (text := dotted_name(whole)):
            return feed, key, text, place
    return None


def _outlives(loop: cst.For, owner: cst.CSTNode) -> bool:
    """Whether something outside of a loop reads what it binds, and no other loop that binds the name is around that."""
    names = set(bound_names(loop.target))
    allowed = ids_in(loop)
    for node in walk(owner):
        if isinstance(node, cst.For):
            names_here = set(bound_names(node.target))
            allowed |= {id(n) for n in walk(node.body) if isinstance(n, cst.Name) and n.value in names_here}
    return any(name.value in names and id(name) not in allowed for name in names_read(owner))


class _Whole(Traced):
    """Writes the loops as one statement each."""

    def __init__(self, module: Module, loops: dict[int, _Loop], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.loops = loops
        self.tree = module.tree

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        loop = self.loops.get(id(original))
        if loop is None:
            return made
        line = f"{loop.feed}[{self.tree.code_for_node(loop.state)}] = {loop.value}\n"
        (statement,) = self.statements(line, original)
        return statement.with_changes(leading_lines=cst.ensure_type(made, cst.For).leading_lines)
