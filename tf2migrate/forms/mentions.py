"""How often a function or method of the project is mentioned, which tells whether one call is all of them."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.bindings import bindings, bound_in, parameters_of
from tf2migrate.names.families import Families
from tf2migrate.names.tree import children, root_name, walk, walk_own


def mentions(
    tree: cst.Module,
    name: str,
    cls: cst.ClassDef | None,
    families: Families,
    definition: cst.FunctionDef | None = None,
) -> int:
    """How often a file may mean a function or method by its name, its definition included."""
    if cls is not None:
        return method_mentions(tree, name, cls, families)
    imported = {n for node in walk(tree) if isinstance(node, cst.Import | cst.ImportFrom) for n, _ in bindings(node)}
    tensorflow = _tensorflow_names(tree)
    count = 0
    stack: list[tuple[cst.CSTNode, bool]] = [(tree, False)]
    while stack:
        node, hidden = stack.pop()
        match node:
            case cst.Name(value=value):
                count += value == name and not hidden
                continue
            case cst.Attribute(value=base, attr=attr):
                outer = not isinstance(base, cst.Name) or base.value in imported
                # `tf.train` is no function of the project.
                foreign = _is_self(base) or root_name(base) in tensorflow
                count += attr.value == name and outer and not foreign
                stack.append((base, hidden))
                continue
            case cst.Arg(value=value2):
                stack.append((value2, hidden))
                continue
            case cst.FunctionDef(name=own):
                count += own.value == name and not hidden
                other = name in bound_in(node) and not _is_global(node, name) and not _defines(node, definition)
                inner = hidden or other
                outside = [*node.decorators, *(p.default for p in parameters_of(node) if p.default is not None)]
                stack.extend((child, hidden) for child in outside)
                stack.append((node.body, inner))
                continue
            case cst.ImportAlias(name=imported_name):
                count += isinstance(imported_name, cst.Name) and imported_name.value == name
                continue
        stack.extend((child, hidden) for child in children(node))
    return count


def method_mentions(tree: cst.Module, name: str, cls: cst.ClassDef, families: Families) -> int:
    """Attributes of this name, methods that may stand for it, and what a class says outside of its methods.

    What a class that stands apart says of a method of its own is its own business.
    """
    count = 0
    tensorflow = _tensorflow_names(tree)
    stack: list[tuple[cst.CSTNode, str]] = [(tree, "")]
    while stack:
        node, inside = stack.pop()
        match node:
            case cst.Attribute(attr=attr):
                # `tf.contrib.rnn` is no method.
                count += attr.value == name and root_name(node) not in tensorflow
                stack.append((node.value, inside))
                continue
            case cst.FunctionDef(name=own):
                heir = inside == cls.name.value or families.inherits(inside, cls.name.value)
                count += heir and own.value == name
                stack.extend((child, "") for child in children(node) if child is not own)
                continue
            case cst.ClassDef() if _stands_apart(node, cls, name, families):
                stack.extend((part, "") for part in _not_own(node, name))
                continue
            case cst.ClassDef(name=own):
                inside = own.value
            case cst.Name(value=value):
                count += bool(inside) and value == name
            case cst.SimpleString():
                count += node.raw_value == name and bool(inside)
        stack.extend((child, inside) for child in children(node))
    return count


def _tensorflow_names(tree: cst.Module) -> set[str]:
    """The names that a file binds to TensorFlow and its packages, and to nothing else."""
    given: list[str] = []
    others: list[str] = []
    for node in walk(tree):
        names = [bound for bound, _ in bindings(node)] if isinstance(node, cst.BaseSmallStatement | cst.For) else []
        match node:
            case cst.Import(names=[cst.ImportAlias(name=package)]) if root_name(package) == "tensorflow":
                given += names
            case cst.Param(name=parameter):
                others.append(parameter.value)
            case _:
                others += names
    return set(given) - set(others)


def _stands_apart(other: cst.ClassDef, cls: cst.ClassDef, name: str, families: Families) -> bool:
    """Whether a class has the method itself, and no object is of that class and of ``cls``."""
    own = any(isinstance(n, cst.FunctionDef) and n.name.value == name for n in other.body.body)
    return own and not families.meet(other.name.value, cls.name.value)


def _not_own(cls: cst.ClassDef, name: str) -> Iterator[cst.CSTNode]:
    """The parts of a class that are not ``self.name`` in one of its methods, or the method itself."""
    for member in cls.body.body:
        if not isinstance(member, cst.FunctionDef) or not member.params.params:
            yield member
            continue
        receiver = member.params.params[0].name.value
        stack: list[cst.CSTNode] = [member.body, member.params, *member.decorators]
        while stack:
            node = stack.pop()
            match node:
                case cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=attr)):
                    if attr == name and base != receiver:
                        yield node
                case cst.Attribute(attr=cst.Name(value=attr)) if attr == name:
                    yield node
                case _:
                    stack.extend(children(node))


def _is_self(base: cst.BaseExpression) -> bool:
    """``self.a.b``: an attribute of an object."""
    while isinstance(base, cst.Attribute):
        base = base.value
    return isinstance(base, cst.Name) and base.value in ("self", "cls")


def _defines(function: cst.FunctionDef, definition: cst.FunctionDef | None) -> bool:
    """Whether a function is defined inside of another, in whose scope the name is its own."""
    return definition is not None and any(node is definition for node in walk_own(function.body))


def _is_global(function: cst.FunctionDef, name: str) -> bool:
    return any(
        isinstance(node, cst.Global | cst.Nonlocal) and any(item.name.value == name for item in node.names)
        for node in walk(function.body)
    )
