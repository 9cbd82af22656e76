"""What the second pass of a loop reads, where the number of its passes is not known and one of them is interpreted.

``layers.append(dense(layers[-1]))`` reads what was there before the loop in its first pass alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Observation, Staging
from tf2migrate.graph.values import Const, Host, Mapping, Sequence, Value, join
from tf2migrate.names.bindings import IN_PLACE
from tf2migrate.names.tree import walk

# Methods of lists that leave the places from the beginning as they are.
GROWING = frozenset({"append", "extend"})


@dataclass(slots=True)
class _Changed:
    """A list or dict that a body changes: at places that are known, only at its end, or anywhere."""

    value: Sequence | Mapping
    keys: set[object] = field(default_factory=set)
    anywhere: bool = False

    def is_steady(self, key: Value | None) -> bool:
        """Whether what stands at a place is the same in every pass."""
        if self.anywhere or not isinstance(key, Const):
            return False
        known = key.value
        counted = isinstance(self.value, Mapping) or (isinstance(known, int) and known >= 0)
        return counted and not any(type(known) is type(other) and known == other for other in self.keys)


def read_anew(
    staging: Staging, body: cst.CSTNode, since: int, before: Table[str, Value | None]
) -> Iterator[tuple[cst.Subscript, Frame, Value]]:
    """The items that ``body`` read since a time and changes, with all that they may be in one of its passes.

    ``before`` are the names that it binds again, with what they stood for before the loop.
    """
    nodes = list(walk(body))
    changed: dict[int, _Changed] = {}
    for node in nodes:
        for base, key in _changes(node):
            for seen in _seen(staging, base, since):
                if isinstance(seen.value, Sequence | Mapping):
                    known = changed.setdefault(id(seen.value), _Changed(seen.value))
                    value = staging.value_in(key, seen.frame) if key is not None else None
                    if isinstance(value, Const):
                        known.keys.add(value.value)
                    known.anywhere = known.anywhere or (key is not None and not isinstance(value, Const))
                    known.anywhere = known.anywhere or (key is None and not _only_grows(node))
    for node in nodes:
        match node:
            case cst.Subscript(value=base, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                for seen in _seen(staging, base, since):
                    first = staging.value_in(node, seen.frame)
                    found = changed.get(id(seen.value))
                    rebound = isinstance(base, cst.Name) and before.get(base.value) is seen.value
                    steady = found is None or found.is_steady(staging.value_in(key, seen.frame))
                    if first is None or (steady and not rebound):
                        continue
                    later = seen.frame.lookup(base.value) if rebound and isinstance(base, cst.Name) else seen.value
                    yield node, seen.frame, join([first, *_items(later), Host()])


def _items(value: Value | None) -> list[Value]:
    """What a list or dict holds."""
    if isinstance(value, Mapping):
        return list(value.items.values())
    return list(value.items) if isinstance(value, Sequence) else []


def _seen(staging: Staging, expression: cst.CSTNode, since: int) -> list[Observation]:
    return [seen for seen in staging.observations.get(id(expression), ()) if seen.time > since]


def _changes(node: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression | None]]:
    """The lists and dicts that a statement or call changes, each with the place in it, or None for any."""
    match node:
        case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
            pass
        case cst.For(target=target) | cst.Del(target=target):
            pass
        case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=method))) if method in IN_PLACE:
            yield base, None
            return
        case _:
            return
    if isinstance(node, cst.AugAssign) and not isinstance(target, cst.Subscript):
        yield target, None
    for part in walk(target):
        match part:
            case cst.Subscript(value=base, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                yield base, key
            case cst.Subscript(value=base):
                yield base, None


def _only_grows(node: cst.CSTNode) -> bool:
    """Whether a change of a list leaves its places from the beginning as they are."""
    match node:
        case cst.Call(func=cst.Attribute(attr=cst.Name(value=method))):
            return method in GROWING
        case cst.AugAssign(operator=cst.AddAssign(), target=target):
            return not isinstance(target, cst.Subscript)
    return False
