"""Names and attributes that a piece of a program binds, nested functions excluded."""

from __future__ import annotations

from functools import lru_cache

import libcst as cst

from tf2migrate.names.project import dotted_name
from tf2migrate.names.tree import REMEMBERED, children


@lru_cache(maxsize=REMEMBERED)
def assigned_names(node: cst.CSTNode) -> frozenset[str]:
    """Names bound in ``node``, nested functions excluded."""
    found: set[str] = set()
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        match current:
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                found.add(name.value)
                continue
            case cst.Lambda():
                continue
            case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
                found |= target_names(target)
            case cst.For(target=target):
                found |= target_names(target)
            case cst.NamedExpr(target=target):
                found |= target_names(target)
            case cst.AsName(name=target):
                found |= target_names(target)
            case cst.ImportAlias(name=name2, asname=None):
                found.add(dotted_name(name2).split(".")[0])
            case cst.Del(target=target):
                found |= target_names(target)
        stack.extend(children(current))
    return frozenset(found)


def target_names(target: cst.CSTNode) -> set[str]:
    match target:
        case cst.Name(value=value):
            return {value}
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            return {name for e in elements for name in target_names(e.value)}
    return set()


@lru_cache(maxsize=REMEMBERED)
def assigned_attributes(node: cst.CSTNode) -> frozenset[tuple[str, str]]:
    """``(base, attribute)`` of every ``base.attribute = ...`` in ``node``."""
    found: set[tuple[str, str]] = set()
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.AssignTarget | cst.AugAssign):
            target = current.target
            if isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name):
                found.add((target.value.value, target.attr.value))
        stack.extend(children(current))
    return frozenset(found)
