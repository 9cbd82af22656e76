"""What the names of one module mean when nothing has been interpreted: its imports of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.project import dotted_name
from tf2migrate.names.tensorflow import canonical_import, is_by_compat, is_private, normalize
from tf2migrate.names.tree import walk


class Aliases:
    """Names that a module binds to TensorFlow and to nothing else, anywhere in it."""

    def __init__(self, tree: cst.Module) -> None:
        self.names: dict[str, str] = {}
        self.private: set[str] = set()
        """Names that stand for parts of TensorFlow's own files, which no program of TensorFlow 2 imports."""
        self.by_compat: set[str] = set()
        """Names that stand for `tf.compat.v1` or parts of it, which TensorFlow 2 still has."""
        other: set[str] = set()
        for name, symbol, path in _bindings(tree):
            if symbol is None or self.names.get(name, symbol) != symbol:
                other.add(name)
            else:
                self.names[name] = symbol
            if symbol is not None and is_private(path):
                self.private.add(name)
            if symbol is not None and is_by_compat(path):
                self.by_compat.add(name)
        for name in other:
            self.names.pop(name, None)

    def canonical(self, node: cst.BaseExpression) -> str | None:
        """The canonical TF1 name of ``a.b.c``, or None when it is not TensorFlow's."""
        dotted = dotted_name(node)
        root, _, rest = dotted.partition(".")
        if root not in self.names:
            return None
        return normalize(f"{self.names[root]}.{rest}" if rest else self.names[root])

    @property
    def tensorflow(self) -> str | None:
        """The name under which the module knows TensorFlow itself."""
        return next((name for name, symbol in self.names.items() if symbol == "tf"), None)


def _bindings(tree: cst.Module) -> Iterator[tuple[str, str | None, str]]:
    """Every binding of a name, with the symbol of TensorFlow that an import binds it to, and by which path."""
    for node in walk(tree):
        match node:
            case cst.Import():
                yield from _imported(node)
            case cst.ImportFrom():
                yield from _imported_from(node)
            case cst.FunctionDef(name=cst.Name(value=name)) | cst.ClassDef(name=cst.Name(value=name)):
                yield name, None, ""
            case cst.Param(name=cst.Name(value=name)):
                yield name, None, ""
            case cst.AssignTarget(target=cst.Name(value=name)) | cst.For(target=cst.Name(value=name)):
                yield name, None, ""
            case cst.CompFor(target=cst.Name(value=name)):
                yield name, None, ""


def _imported(node: cst.Import) -> Iterator[tuple[str, str | None, str]]:
    for alias in node.names:
        dotted = dotted_name(alias.name)
        symbol = canonical_import(dotted)
        bound = _bound(alias)
        if bound:
            yield bound, symbol, dotted
        else:
            yield dotted.split(".")[0], "tf" if symbol else None, ""


def _imported_from(node: cst.ImportFrom) -> Iterator[tuple[str, str | None, str]]:
    dotted = dotted_name(node.module) if node.module is not None and not node.relative else ""
    base = canonical_import(dotted) if dotted else None
    for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
        name = dotted_name(alias.name)
        yield _bound(alias) or name, normalize(f"{base}.{name}") if base else None, f"{dotted}.{name}"


def _bound(alias: cst.ImportAlias) -> str:
    """The name after ``as``, if any."""
    name = alias.asname.name if alias.asname else None
    return name.value if isinstance(name, cst.Name) else ""
