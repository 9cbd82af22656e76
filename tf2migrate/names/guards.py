"""``if __name__ == "__main__":``, the part of a file that only runs where the file is the entry of a program."""

from __future__ import annotations

import ast

import libcst as cst


def asks_for_entry(statement: cst.CSTNode) -> bool:
    """Whether a statement asks whether its file is the entry, and perhaps does something else where it is not."""
    match statement:
        case cst.If(test=cst.Comparison(left=cst.Name(value="__name__"))):
            return True
    return False


def is_main_guard(statement: cst.CSTNode) -> bool:
    """Whether a statement does something where its file is the entry, and nothing elsewhere."""
    return isinstance(statement, cst.If) and statement.orelse is None and asks_for_entry(statement)


def without_guarded(text: str) -> str:
    """The lines of a file that an import of it runs, or may run."""
    lines = text.splitlines()
    for node in ast.parse(text).body:
        match node:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__")), orelse=[]):
                last = node.end_lineno or node.lineno
                lines[node.lineno : last] = [""] * (last - node.lineno)
    return "\n".join(line for line in lines if line.strip())
