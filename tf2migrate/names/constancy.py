"""What keeps the value that it was given first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from tf2migrate.names.bindings import bindings
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk


def is_never_set(modules: Iterable[Module], chain: cst.BaseExpression) -> bool:
    """Whether the parts of objects that a chain of attributes reads are set by their own constructors only."""
    read = {n.attr.value for n in walk(chain) if isinstance(n, cst.Attribute)}
    for module in modules:
        for node, function in _with_functions(module.tree, None):
            match node:
                case cst.Call(func=cst.Name(value="setattr" | "vars" | "delattr")) if read:
                    return False
                case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.AnnAssign(target=target):
                    own = function is not None and function.name.value == "__init__"
                    for part in walk(target):
                        if isinstance(part, cst.Attribute) and part.attr.value in read:
                            first = function.params.params[:1] if own and function is not None else ()
                            base = part.value.value if isinstance(part.value, cst.Name) else ""
                            if not first or first[0].name.value != base:
                                return False
    return True


def is_bound_once(modules: Iterable[Module], owner: cst.CSTNode, name: str) -> bool:
    """Whether a name of a module or function is bound once, and not by a loop."""
    body = owner.body if isinstance(owner, cst.FunctionDef) else owner
    params = owner.params.params if isinstance(owner, cst.FunctionDef) else ()
    count = [found for found, _ in bindings(body)].count(name) + [p.name.value for p in params].count(name)
    loops = [node for node in walk(body) if isinstance(node, cst.For | cst.While)]
    declared = (n for module in modules for n in walk(module.tree) if isinstance(n, cst.Global | cst.Nonlocal))
    return (
        count == 1
        and not any(found == name for loop in loops for found, _ in bindings(loop))
        and not any(item.name.value == name for node in declared for item in node.names)
    )


def _with_functions(
    node: cst.CSTNode, function: cst.FunctionDef | None
) -> Iterator[tuple[cst.CSTNode, cst.FunctionDef | None]]:
    """Every node with the function that it stands in."""
    yield node, function
    inner = node if isinstance(node, cst.FunctionDef) else function
    for child in children(node):
        yield from _with_functions(child, inner)
