"""What the names of one module mean when nothing has been interpreted: its imports of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.project import dotted_name
from tf2migrate.names.tensorflow import canonical_import, normalize
from tf2migrate.names.tree import walk


class Aliases:
    """Names that a module binds to TensorFlow and to nothing else, anywhere in it."""

    def __init__(self, tree: cst.Module) -> None:
        self.names: dict[str, str] = {}
        other: set[str] = set()
        for name, symbol in _bindings(tree):
            if symbol is None or self.names.get(name, symbol) != symbol:
                other.add(name)
            else:
                self.names[name] = symbol
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


def _bindings(tree: cst.Module) -> Iterator[tuple[str, str | None]]:
    """Every binding of a name, with the symbol of TensorFlow that an import binds it to."""
    for node in walk(tree):
        match node:
            case cst.Import():
                yield from _imported(node)
            case cst.ImportFrom():
                yield from _imported_from(node)
            case cst.FunctionDef(name=cst.Name(value=name)) | cst.ClassDef(name=cst.Name(value=name)):
                yield name, None
            case cst.Param(name=cst.Name(value=name)):
                yield name, None
            case cst.AssignTarget(target=cst.Name(value=name)) | cst.For(target=cst.Name(value=name)):
                yield name, None
            case cst.CompFor(target=cst.Name(value=name)):
                yield name, None


def _imported(node: cst.Import) -> Iterator[tuple[str, str | None]]:
    for alias in node.names:
        dotted = dotted_name(alias.name)
        symbol = canonical_import(dotted)
        bound = _bound(alias)
        if bound:
            yield bound, symbol
        else:
            yield dotted.split(".")[0], "tf" if symbol else None


def _imported_from(node: cst.ImportFrom) -> Iterator[tuple[str, str | None]]:
    base = canonical_import(dotted_name(node.module)) if node.module is not None and not node.relative else None
    for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
        name = dotted_name(alias.name)
        yield _bound(alias) or name, normalize(f"{base}.{name}") if base else None


def _bound(alias: cst.ImportAlias) -> str:
    """The name after ``as``, if any."""
    name = alias.asname.name if alias.asname else None
    return name.value if isinstance(name, cst.Name) else ""
