"""New statements from text with holes: the generated frame is text, the user's statements stay syntax trees."""

from __future__ import annotations

from typing import cast

import libcst as cst


class Templates:
    """Parses generated text with the settings of the module that it goes into."""

    def __init__(self, module: cst.Module) -> None:
        self.config = module.config_for_parsing
        self.indent = module.default_indent

    def statements(self, text: str, holes: dict[str, list[cst.BaseStatement]]) -> list[cst.BaseStatement]:
        """The statements of ``text``; a line that is just the name of a hole becomes that hole's statements."""
        lines = []
        for line in text.splitlines():
            body = line.lstrip(" ")
            lines.append(self.indent * ((len(line) - len(body)) // 4) + body if body else "")
        source = "\n".join(lines) + "\n"
        tree = cst.parse_module(source, self.config)
        filled = tree.visit(_Holes(holes)) if holes else tree
        return [cast(cst.BaseStatement, s) for s in filled.body]


class _Holes(cst.CSTTransformer):
    def __init__(self, holes: dict[str, list[cst.BaseStatement]]) -> None:
        super().__init__()
        self.holes = holes

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        small = original_node.body[0] if original_node.body else None
        if isinstance(small, cst.Expr) and isinstance(small.value, cst.Name) and small.value.value in self.holes:
            statements = self.holes[small.value.value]
            return cst.FlattenSentinel(statements) if statements else cst.RemoveFromParent()
        return updated_node

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        """A block does not begin with blank lines."""
        if not updated_node.body:
            return updated_node.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        first = updated_node.body[0]
        lines = list(getattr(first, "leading_lines", ()))
        while lines and lines[0].comment is None:
            lines.pop(0)
        return updated_node.with_changes(body=[first.with_changes(leading_lines=lines), *updated_node.body[1:]])
