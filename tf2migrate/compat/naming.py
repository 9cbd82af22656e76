"""The names of a file that stand for TensorFlow or a part of it, by imports and by plain assignments of modules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.bindings import bindings, bound_names
from tf2migrate.names.project import dotted_name
from tf2migrate.names.tensorflow import canonical_import, normalize
from tf2migrate.names.tree import parameter_names, walk


@dataclass(frozen=True, slots=True)
class Naming:
    """What a file calls TensorFlow and its parts.

    ``given`` are the assignments that give a module another name (``slim = tf.contrib.slim``), by their identity.
    ``unclear`` are names that an import binds to TensorFlow and something else binds too.
    """

    aliases: Aliases
    given: dict[int, str]
    unclear: frozenset[str]


def naming(tree: cst.Module) -> Naming:
    """The names of TensorFlow in a file."""
    aliases = Aliases(tree)
    imported = {bound for node in walk(tree) for bound in tensorflow_names(node)}
    given: dict[int, str] = {}
    counts = times_bound(tree)
    for node in walk(tree):
        match node:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Attribute() as value):
                symbol = tf1_symbol(aliases.canonical(value) or "")
                if symbol is not None and symbol.kind == "module" and counts.get(name) == 1:
                    given[id(node)] = name
                    aliases.names[name] = normalize(symbol.name)
    return Naming(aliases, given, frozenset(imported - aliases.names.keys()))


def tensorflow_names(node: cst.CSTNode) -> Iterator[str]:
    """The names that an import binds to TensorFlow or a part of it."""
    match node:
        case cst.Import(names=names):
            for alias in names:
                if canonical_import(dotted_name(alias.name)) is not None:
                    yield bound_by(alias)
        case cst.ImportFrom(module=module, names=names, relative=[]) if module is not None:
            if canonical_import(dotted_name(module)) is not None and not isinstance(names, cst.ImportStar):
                yield from map(bound_by, names)


def bound_by(alias: cst.ImportAlias) -> str:
    """The name that one part of an import binds."""
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    return dotted_name(alias.name).partition(".")[0]


def times_bound(tree: cst.Module) -> dict[str, int]:
    """How often each name is bound anywhere in a file, whatever the scope."""
    found: dict[str, int] = {}
    for node in walk(tree):
        match node:
            case cst.FunctionDef() | cst.Lambda():
                names = [*parameter_names(node), *([node.name.value] if isinstance(node, cst.FunctionDef) else ())]
            case cst.ClassDef(name=cst.Name(value=name)):
                names = [name]
            case cst.AssignTarget(target=target) | cst.AnnAssign(target=target) | cst.AugAssign(target=target):
                names = list(bound_names(target))
            case cst.For(target=target) | cst.CompFor(target=target) | cst.NamedExpr(target=target):
                names = list(bound_names(target))
            case cst.Import() | cst.ImportFrom():
                names = [name for name, _ in bindings(node)]
            case cst.WithItem(asname=cst.AsName(name=target)) | cst.ExceptHandler(name=cst.AsName(name=target)):
                names = list(bound_names(target))
            case _:
                continue
        for name in names:
            found[name] = found.get(name, 0) + 1
    return found
