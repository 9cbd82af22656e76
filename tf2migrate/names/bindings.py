"""Names that a part of a tree reads, binds and changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import libcst as cst

from tf2migrate.names.tree import REMEMBERED, children, parameter_names, walk


def names_read(node: cst.CSTNode) -> list[cst.Name]:
    """Names that ``node`` reads from its surroundings: not attributes, keywords, or names of inner scopes."""
    return list(_names_read(node))


@lru_cache(maxsize=REMEMBERED)
def _names_read(node: cst.CSTNode) -> tuple[cst.Name, ...]:
    found: list[cst.Name] = []
    _read(node, found, frozenset())
    return tuple(found)


def free_names(function: cst.FunctionDef) -> list[cst.Name]:
    """Names in the body of a function that are not its own."""
    own = {name for name, _ in bindings(function.body)} | parameter_names(function)
    return [name for name in names_read(function.body) if name.value not in own]


def all_reads(node: cst.CSTNode) -> list[cst.Name]:
    """Names that ``node`` reads from its surroundings, also when functions that it defines are called."""
    inner = [each for each in walk(node) if isinstance(each, cst.FunctionDef)]
    return [*names_read(node), *(name for each in inner for name in free_names(each))]


def exposed_reads(node: cst.CSTNode) -> list[cst.Name]:
    """Names that a statement reads before it has bound them itself."""
    found: list[cst.Name] = []
    _exposed(node, found, frozenset())
    return found


def surely_bound(node: cst.CSTNode) -> frozenset[str]:
    """Names that a statement has bound whichever branches it took."""
    return _exposed(node, [], frozenset())


def _exposed(node: cst.CSTNode, found: list[cst.Name], bound: frozenset[str]) -> frozenset[str]:
    """Adds the reads of ``node`` that are not of ``bound``; gives back what is bound for certain after it."""
    match node:
        case cst.SimpleStatementLine(body=body) | cst.SimpleStatementSuite(body=body) | cst.IndentedBlock(body=body):
            for inner in body:
                bound = _exposed(inner, found, bound)
            return bound
        case cst.For(target=target, iter=iterable, body=suite, orelse=orelse):
            found.extend(n for n in names_read(iterable) if n.value not in bound)
            targets: list[cst.Name] = []
            _read_target(target, targets, frozenset())
            found.extend(n for n in targets if n.value not in bound)
            _exposed(suite, found, bound | set(bound_names(target)))
            if orelse is not None:
                _exposed(orelse.body, found, bound)
            return bound
        case cst.If(test=test, body=suite, orelse=orelse):
            found.extend(n for n in names_read(test) if n.value not in bound)
            then = _exposed(suite, found, bound)
            if orelse is None:
                return bound
            return then & _exposed(orelse.body if isinstance(orelse, cst.Else) else orelse, found, bound)
        case cst.With(items=items, body=suite):
            for item in items:
                found.extend(n for n in names_read(item) if n.value not in bound)
                if item.asname is not None:
                    bound |= set(bound_names(item.asname.name))
            return _exposed(suite, found, bound)
        case cst.BaseSmallStatement():
            found.extend(n for n in names_read(node) if n.value not in bound)
            return bound | {name for name, _ in bindings(node)}
    found.extend(n for n in names_read(node) if n.value not in bound)
    return bound


def _read(node: cst.CSTNode, found: list[cst.Name], local: frozenset[str]) -> None:
    match node:
        case cst.Name(value=value):
            if value not in local:
                found.append(node)
            return
        case cst.Attribute(value=base):
            _read(base, found, local)
            return
        case cst.Arg(value=value):
            _read(value, found, local)
            return
        case cst.Lambda(params=params, body=body):
            for param in params.params:
                if param.default is not None:
                    _read(param.default, found, local)
            _read(body, found, local | {p.name.value for p in params.params})
            return
        case cst.ListComp() | cst.SetComp() | cst.GeneratorExp() | cst.DictComp():
            _read_comprehension(node, found, local)
            return
        case cst.FunctionDef() | cst.ClassDef() | cst.Import() | cst.ImportFrom() | cst.Global() | cst.Nonlocal():
            return
        case cst.AssignTarget(target=target) | cst.AnnAssign(target=target):
            _read_target(target, found, local)
            if isinstance(node, cst.AnnAssign) and node.value is not None:
                _read(node.value, found, local)
            return
        case cst.For(target=target, iter=iterable, body=body, orelse=orelse):
            _read(iterable, found, local)
            _read_target(target, found, local)
            _read(body, found, local)
            if orelse is not None:
                _read(orelse, found, local)
            return
        case cst.AsName(name=name):
            _read_target(name, found, local)
            return
        case cst.NamedExpr(value=value):
            _read(value, found, local)
            return
    for child in children(node):
        _read(child, found, local)


def _read_target(target: cst.CSTNode, found: list[cst.Name], local: frozenset[str]) -> None:
    match target:
        case cst.Name():
            return
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                _read_target(element.value, found, local)
        case _:
            _read(target, found, local)


def _read_comprehension(node: cst.CSTNode, found: list[cst.Name], local: frozenset[str]) -> None:
    clause: cst.CompFor | None = node.for_in  # type: ignore[attr-defined]
    while clause is not None:
        _read(clause.iter, found, local)
        local = local | set(bound_names(clause.target))
        for test in clause.ifs:
            _read(test.test, found, local)
        clause = clause.inner_for_in
    parts = [node.key, node.value] if isinstance(node, cst.DictComp) else [node.elt]  # type: ignore[attr-defined]
    for part in parts:
        _read(part, found, local)


def bound_names(target: cst.CSTNode) -> dict[str, cst.CSTNode]:
    match target:
        case cst.Name(value=value):
            return {value: target}
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            return {name: node for e in elements for name, node in bound_names(e.value).items()}
        case cst.StarredElement(value=value):
            return bound_names(value)
    return {}


def bindings(node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
    """Names that ``node`` binds in its own scope."""
    match node:
        case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
            yield name.value, node
            return
        case cst.Lambda() | cst.ListComp() | cst.SetComp() | cst.GeneratorExp() | cst.DictComp():
            return
        case cst.AssignTarget(target=target) | cst.AnnAssign(target=target) | cst.AugAssign(target=target):
            yield from bound_names(target).items()
        case cst.For(target=target) | cst.NamedExpr(target=target):
            yield from bound_names(target).items()
        case cst.AsName(name=target):
            yield from bound_names(target).items()
            return
        case cst.Import(names=names):
            for alias in names:
                bound = alias.asname.name if alias.asname else alias.name
                while isinstance(bound, cst.Attribute):
                    bound = bound.value  # type: ignore[assignment]
                yield from bound_names(bound).items()
            return
        case cst.ImportFrom(names=names):
            for alias in names if not isinstance(names, cst.ImportStar) else ():
                yield from bound_names(alias.asname.name if alias.asname else alias.name).items()
            return
    for child in children(node):
        yield from bindings(child)


IN_PLACE = frozenset(
    {"append", "extend", "insert", "update", "add", "setdefault", "pop", "remove", "clear", "reverse", "sort"}
)


def changed_names(node: cst.CSTNode, changes: Callable[[cst.BaseExpression], bool]) -> set[str]:
    """Names whose object ``node`` changes in place: ``a[k] = v``, ``a.b = v``, ``a.append(v)``."""
    found: set[str] = set()
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            continue
        target: cst.CSTNode | None = None
        match current:
            case cst.AssignTarget(target=target) | cst.AugAssign(target=target):
                if isinstance(target, cst.Subscript | cst.Attribute):
                    found |= _root(target)
            case cst.Call(func=cst.Attribute(value=base, attr=cst.Name(value=name))) if name in IN_PLACE:
                found |= _root(base) if changes(base) else set()
        stack.extend(children(current))
    return found


def _root(node: cst.CSTNode) -> set[str]:
    while isinstance(node, cst.Subscript | cst.Attribute | cst.Call):
        node = node.func if isinstance(node, cst.Call) else node.value
    return {node.value} if isinstance(node, cst.Name) else set()


def bound_by(node: cst.CSTNode) -> set[str]:
    """The names that ``node`` binds."""
    return {name for name, _ in bindings(node)}


def parameters_of(function: cst.FunctionDef) -> list[cst.Param]:
    params = function.params
    return [*params.posonly_params, *params.params, *params.kwonly_params]


def bound_in(function: cst.FunctionDef) -> set[str]:
    names = {name for name, _ in bindings(function.body)}
    names |= {
        p.name.value for p in (*function.params.posonly_params, *function.params.params, *function.params.kwonly_params)
    }
    return names
