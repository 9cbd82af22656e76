"""Transformers that remember, for every node that they make, the node of the user's file that it came from."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.names.bindings import bound_in
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk


class Traced(cst.CSTTransformer):
    """A transformer that carries places and origins over to the nodes that it makes."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.positions = dict(module.positions)
        self.origins = dict(module.origins)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        made = super().on_leave(original, updated)
        if isinstance(made, cst.CSTNode):
            self.trace(original, made)
        return made

    def trace(self, original: cst.CSTNode, made: cst.CSTNode) -> None:
        found = self.positions.get(original)
        if found is not None:
            self.positions[made] = found
        self.origins[made] = self.origins.get(original, original)

    def apply(self, module: Module) -> Module:
        tree = module.tree.visit(self)
        return module.reshaped(tree, self.positions, self.origins)


class Renamed(cst.CSTTransformer):
    """Names of a function's scope become other names or expressions."""

    def __init__(self, names: dict[str, cst.BaseExpression], owner: Traced) -> None:
        super().__init__()
        self.names = names
        self.owner = owner
        self.shadows: list[set[str]] = []
        self.ended: cst.CSTNode | None = None
        self.end: list[cst.BaseStatement] = []
        self.skipped: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        match node:
            case cst.Attribute(attr=attr):
                self.skipped.add(id(attr))
            case cst.Arg(keyword=cst.Name() as keyword):
                self.skipped.add(id(keyword))
            case cst.FunctionDef():
                self.shadows.append(bound_in(node))
            case cst.Lambda(params=params):
                self.shadows.append({p.name.value for p in params.params})
                self.skipped |= {id(p.name) for p in params.params}
        if isinstance(node, cst.FunctionDef):
            self.skipped |= {id(p.name) for p in node.params.params}
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if original is self.ended:
            return cst.FlattenSentinel(self.end) if self.end else cst.RemoveFromParent()
        made: object = super().on_leave(original, updated)
        if isinstance(original, cst.FunctionDef | cst.Lambda):
            self.shadows.pop()
        if isinstance(made, cst.IndentedBlock) and not made.body:
            made = made.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        if (
            isinstance(original, cst.Name)
            and id(original) not in self.skipped
            and original.value in self.names
            and not any(original.value in s for s in self.shadows)
        ):
            made = fresh(self.names[original.value], self.owner)
            lpar = original.lpar
            if lpar and not getattr(made, "lpar", ()):
                made = cast(cst.Name, made).with_changes(lpar=lpar, rpar=original.rpar)
        if isinstance(made, cst.CSTNode):
            self.owner.trace(original, made)
        return cast(cst.CSTNode, made)


def fresh(node: cst.BaseExpression, owner: Traced) -> cst.BaseExpression:
    """A copy that is a node of its own."""
    made = node.deep_clone()
    for old, new in zip(walk(node), walk(made), strict=True):
        owner.trace(old, new)
    return made
