"""``global`` statements whose names have gone with the session or the graph."""

from __future__ import annotations

import libcst as cst

from tf2migrate.names.tree import walk


class OuterNames(cst.CSTTransformer):
    """Takes a name out of the ``global`` statements of each function that used it and does no longer."""

    def __init__(self, original: cst.Module) -> None:
        super().__init__()
        self.used: set[tuple[str, str]] = set()
        for node in walk(original):
            if isinstance(node, cst.FunctionDef):
                self.used |= {(node.name.value, name) for name in _mentioned(node)}

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        here = updated_node.name.value
        now = _mentioned(updated_node)
        gone = {name for function, name in self.used if function == here} - now
        return updated_node.with_changes(body=updated_node.body.visit(_Without(gone))) if gone else updated_node


class _Without(cst.CSTTransformer):
    def __init__(self, gone: set[str]) -> None:
        super().__init__()
        self.gone = gone

    def leave_Global(self, original_node: cst.Global, updated_node: cst.Global) -> cst.Global | cst.RemovalSentinel:
        kept = [item for item in updated_node.names if item.name.value not in self.gone]
        if len(kept) == len(updated_node.names):
            return updated_node
        if not kept:
            return cst.RemoveFromParent()
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(names=kept)

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        if updated_node.body:
            return updated_node
        return updated_node.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])


def _mentioned(function: cst.FunctionDef) -> set[str]:
    """Names that a function mentions outside of its ``global`` statements."""
    listed = {
        id(item.name) for node in walk(function) if isinstance(node, cst.Global | cst.Nonlocal) for item in node.names
    }
    return {node.value for node in walk(function) if isinstance(node, cst.Name) and id(node) not in listed}
