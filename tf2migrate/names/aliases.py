"""What the names of one module mean when nothing has been interpreted: its imports of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.project import dotted_name
from tf2migrate.names.tensorflow import canonical_import, normalize


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
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        match node:
            case cst.Import(names=names):
                for alias in names:
                    dotted = dotted_name(alias.name)
                    symbol = canonical_import(dotted)
                    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                        yield alias.asname.name.value, symbol
                    else:
                        yield dotted.split(".")[0], "tf" if symbol else None
                continue
            case cst.ImportFrom(module=module, names=names, relative=relative):
                base = canonical_import(dotted_name(module)) if module is not None and not relative else None
                for alias in names if not isinstance(names, cst.ImportStar) else ():
                    name = dotted_name(alias.name)
                    bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
                    yield bound, normalize(f"{base}.{name}") if base else None
                continue
            case cst.FunctionDef(name=name2) | cst.ClassDef(name=name2):
                yield name2.value, None
            case cst.Param(name=name2):
                yield name2.value, None
            case cst.AssignTarget(target=cst.Name(value=name3)) | cst.For(target=cst.Name(value=name3)):
                yield name3, None
            case cst.CompFor(target=cst.Name(value=name3)):
                yield name3, None
        stack.extend(node.children)
