"""Where a method that builds the graph of an object may build more of it: as late as every call of it comes."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.forms.traced import Traced
from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Function, Instance, Node, Symbol
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk, walk_own


def end_reached(builder: Frame, read: list[Node]) -> int | None:
    """How many statements of a method come before the place, where the nodes that are ``read`` have been made.

    What follows an early ``return`` is left out by some calls. None where there is no such place.
    """
    owner = builder.owner
    if not isinstance(owner, cst.FunctionDef) or not isinstance(owner.body, cst.IndentedBlock):
        return None
    body = owner.body.body
    leaving = [index for index, statement in enumerate(body) if _returns(statement)]
    end = min(leaving, default=len(body))
    order = {id(statement): index for index, statement in enumerate(body)}
    inside = [order.get(id(statement), end) for n in read if (statement := n.place.statement_in(builder)) is not None]
    return end if all(index < end for index in inside) else None


def taken_names(staging: Staging, modules: list[Module]) -> Iterator[str]:
    """Names that the program uses, but those of symbols."""
    for module in modules:
        symbols = [n.attr for n in walk(module.tree) if isinstance(n, cst.Attribute) and _is_symbol(staging, n)]
        skipped = {id(name) for name in symbols}
        yield from (n.value for n in walk(module.tree) if isinstance(n, cst.Name) and id(n) not in skipped)


def _is_symbol(staging: Staging, node: cst.Attribute) -> bool:
    return any(isinstance(value, Symbol) for value in staging.values_of(node))


def outermost(place: Place, held: Instance) -> Frame | None:
    """The outermost call of a method of an object that something happened in."""
    for step in place.steps:
        owner = step.frame.owner
        if isinstance(owner, cst.FunctionDef) and next(iter(step.frame.entry.values()), None) is held:
            member = held.cls.lookup(owner.name.value)
            if isinstance(member, Function) and member.definition is owner:
                return step.frame
    return None


def _returns(statement: cst.CSTNode) -> bool:
    return any(isinstance(node, cst.Return) for node in walk_own(statement))


def with_statements(
    function: cst.FunctionDef, end: int, added: list[cst.BaseStatement], owner: Traced
) -> cst.FunctionDef:
    """The method with statements at that place."""
    block = cst.ensure_type(function.body, cst.IndentedBlock)
    made = block.with_changes(body=[*block.body[:end], *added, *block.body[end:]])
    owner.trace(block, made)
    return function.with_changes(body=made)
