"""Imports of the body of a file, and each of their names as an import of its own."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.project import dotted_name


def module_imports(tree: cst.Module) -> Iterator[cst.Import | cst.ImportFrom]:
    """The imports that stand in the body of a file itself."""
    for statement in tree.body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from (s for s in statement.body if isinstance(s, cst.Import | cst.ImportFrom))


def aliases_of(node: cst.ImportFrom) -> Iterator[tuple[str, str]]:
    """What ``from module import original as bound`` binds: bound and original names; nothing for ``*``."""
    for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
        name = dotted_name(alias.name)
        yield (alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name), name


def module_text(node: cst.ImportFrom) -> str:
    """``..package.module`` as the statement says it."""
    return "." * len(node.relative) + (dotted_name(node.module) if node.module is not None else "")


def import_of(node: cst.Import | cst.ImportFrom, name: str) -> str:
    """The import of one name alone, as text; empty for another name, and for ``import a.b``, which binds ``a``."""
    if isinstance(node, cst.ImportFrom):
        for bound, original in aliases_of(node):
            if bound == name:
                return f"from {module_text(node)} import {original}" + (f" as {bound}" if bound != original else "")
        return ""
    for alias in node.names:
        dotted = dotted_name(alias.name)
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            if alias.asname.name.value == name:
                return f"import {dotted} as {name}"
        elif dotted == name:
            return f"import {dotted}"
    return ""
