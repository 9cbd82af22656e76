"""Dicts and classes that only give names to parts of the graph: their entries become variables.

``g = {}; g["x"] = ...; run(g["loss"])`` is ``x = ...; run(loss)``, as long as nothing sees the dict as a whole. The
same holds of a class that is a body without methods and is never instantiated.
"""

from __future__ import annotations

import keyword
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Traced
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk


def dissolve_namespaces(module: Module, wanted: set[cst.CSTNode]) -> Module:
    """``module`` with the dicts and classes among ``wanted`` (origins of nodes that hold the graph) dissolved."""
    while True:
        edit = _next_dict(module, wanted) or _next_class(module, wanted)
        if edit is None:
            return module
        module = edit.apply(module)


def _identifiers(module: Module) -> dict[str, int]:
    out: dict[str, int] = {}
    for node in walk(module.tree):
        if isinstance(node, cst.Name):
            out[node.value] = out.get(node.value, 0) + 1
    return out


def _names(keys: list[str], prefix: str, taken: set[str]) -> dict[str, str]:
    """A free variable for each key: the key itself where it can be one."""
    out: dict[str, str] = {}
    for key in keys:
        name = (
            key
            if key.isidentifier() and not keyword.iskeyword(key)
            else "".join(c if c.isalnum() else "_" for c in key)
        )
        if name in taken or not name.isidentifier():
            name = f"{prefix}_{name}"
        out[key] = take_name(name, taken)
    return out


# ------------------------------------------------------------------ dicts
def _next_dict(module: Module, wanted: set[cst.CSTNode]) -> Traced | None:
    known = _identifiers(module)
    for node in walk(module.tree):
        match node:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)]
            ) if _is_empty(value) or isinstance(value, cst.Dict):
                keys = _literal_keys(module, name, node)
                if keys is None or not _holds_graph(module, name, value, wanted):
                    continue
                taken = set(known)
                if name in keys and known[name] == 1 + sum(1 for n in walk(module.tree) if _entry(n, name) is not None):
                    taken.discard(name)
                return _DictEntries(module, name, node, _names(keys, name, taken))
    return None


def _is_empty(value: cst.BaseExpression) -> bool:
    match value:
        case cst.Dict(elements=elements):
            return not elements
        case cst.Call(func=cst.Name(value="dict"), args=args):
            return not args
    return False


def _entry(node: cst.CSTNode, name: str) -> str | None:
    """The key of ``name["key"]``."""
    match node:
        case cst.Subscript(
            value=cst.Name(value=base),
            slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))],
        ) if base == name and isinstance(key.evaluated_value, str):
            return key.evaluated_value
    return None


def _literal_keys(module: Module, name: str, made: cst.SimpleStatementLine) -> list[str] | None:
    """The keys of a dict of which every mention is an entry, and that is made once; None for any other."""
    keys: list[str] = []
    value = cast(cst.Assign, made.body[0]).value
    for element in value.elements if isinstance(value, cst.Dict) else ():
        if not isinstance(element, cst.DictElement) or not isinstance(element.key, cst.SimpleString):
            return None
        keys.append(str(element.key.evaluated_value))
    entries = 0
    for node in walk(module.tree):
        key = _entry(node, name)
        if key is not None:
            entries += 1
            keys.append(key)
        if isinstance(node, cst.Global | cst.Nonlocal | cst.Del) and any(
            isinstance(n, cst.Name) and n.value == name for n in walk(node)
        ):
            return None
    mentions = _identifiers(module)[name]
    return list(dict.fromkeys(keys)) if mentions == entries + 1 else None


def _holds_graph(module: Module, name: str, value: cst.BaseExpression, wanted: set[cst.CSTNode]) -> bool:
    parts: list[cst.CSTNode] = [value]
    for node in walk(module.tree):
        if isinstance(node, cst.Assign) and any(_entry(t.target, name) is not None for t in node.targets):
            parts.append(node.value)
    return any(module.origins.get(n, n) in wanted for part in parts for n in walk(part))


class _DictEntries(Traced):
    """The entries of one dict as variables."""

    def __init__(self, module: Module, name: str, made: cst.SimpleStatementLine, names: dict[str, str]) -> None:
        super().__init__(module)
        self.name = name
        self.made = made
        self.names = names

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if original is self.made:
            return self.entries(cast(cst.SimpleStatementLine, updated))
        made = super().on_leave(original, updated)
        key = _entry(original, self.name)
        if key is not None:
            named = cst.Name(self.names[key], lpar=getattr(original, "lpar", ()), rpar=getattr(original, "rpar", ()))
            self.trace(original, named)
            return named
        return made

    def entries(
        self, updated: cst.SimpleStatementLine
    ) -> cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        value = cast(cst.Assign, updated.body[0]).value
        out: list[cst.CSTNode] = []
        for element in value.elements if isinstance(value, cst.Dict) else ():
            assert isinstance(element, cst.DictElement)
            assert isinstance(element.key, cst.SimpleString)
            target = cst.AssignTarget(cst.Name(self.names[str(element.key.evaluated_value)]))
            line = cst.SimpleStatementLine([cst.Assign([target], element.value)])
            self.trace(self.made, line)
            out.append(line)
        if out:
            out[0] = cast(cst.SimpleStatementLine, out[0]).with_changes(leading_lines=updated.leading_lines)
            self.trace(self.made, out[0])
        return cst.FlattenSentinel(out) if out else cst.RemoveFromParent()


# ------------------------------------------------------------------ classes
def _next_class(module: Module, wanted: set[cst.CSTNode]) -> Traced | None:
    known = _identifiers(module)
    for node in module.tree.body:
        if (
            not isinstance(node, cst.ClassDef)
            or node.decorators
            or node.keywords
            or not isinstance(node.body, cst.IndentedBlock)
        ):
            continue
        if any(not (isinstance(b.value, cst.Name) and b.value.value == "object") for b in node.bases):
            continue
        keys = _class_names(node)
        name = node.name.value
        if keys is None or not any(module.origins.get(n, n) in wanted for n in walk(node)):
            continue
        reads = [n for n in walk(module.tree) if _member(n, name) is not None]
        if known[name] != 1 + len(reads) or any(_member(n, name) not in keys for n in reads):
            continue
        inside: dict[str, int] = {}
        for inner in walk(node):
            if isinstance(inner, cst.Name):
                inside[inner.value] = inside.get(inner.value, 0) + 1
        taken = {n for n, count in known.items() if n not in keys or _outside(module, node, n, name)}
        return _ClassBody(module, node, _names(keys, name.lower(), taken))
    return None


def _outside(module: Module, cls: cst.ClassDef, name: str, owner: str) -> bool:
    """Whether a name is used outside of the class other than as its member."""
    inside = {id(n) for n in walk(cls)}
    members = {id(cast(cst.Attribute, n).attr) for n in walk(module.tree) if _member(n, owner) is not None}
    return any(
        isinstance(n, cst.Name) and n.value == name and id(n) not in inside and id(n) not in members
        for n in walk(module.tree)
    )


def _member(node: cst.CSTNode, name: str) -> str | None:
    match node:
        case cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value=attr)) if base == name:
            return attr
    return None


def _class_names(node: cst.ClassDef) -> list[str] | None:
    """The names that a class body binds by plain assignments; None when it holds anything else."""
    keys: list[str] = []
    for statement in node.body.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            return None
        for small in statement.body:
            match small:
                case cst.Assign(targets=targets) if all(isinstance(t.target, cst.Name) for t in targets):
                    keys += [cast(cst.Name, t.target).value for t in targets]
                case cst.Expr(value=cst.SimpleString()) | cst.Pass():
                    pass
                case _:
                    return None
    if any(
        isinstance(n, cst.Lambda | cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp) for n in walk(node)
    ):
        return None
    return list(dict.fromkeys(keys))


class _ClassBody(Traced):
    """The statements of a class body in the place of the class."""

    def __init__(self, module: Module, cls: cst.ClassDef, names: dict[str, str]) -> None:
        super().__init__(module)
        self.cls = cls
        self.names = names
        self.inside = False
        self.skipped: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if node is self.cls:
            self.inside = True
        if isinstance(node, cst.Attribute):
            self.skipped.add(id(node.attr))
        if isinstance(node, cst.Arg) and node.keyword is not None:
            self.skipped.add(id(node.keyword))
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        made = super().on_leave(original, updated)
        if original is self.cls:
            self.inside = False
            body = [s for s in cast(cst.ClassDef, updated).body.body if not _is_idle(s)]
            lines = self.cls.leading_lines
            if body:
                first = cast(cst.SimpleStatementLine, body[0])
                body[0] = first.with_changes(leading_lines=[*lines, *first.leading_lines])
                self.trace(first, body[0])
            return cst.FlattenSentinel(body) if body else cst.RemoveFromParent()
        member = _member(original, self.cls.name.value)
        named: cst.Name | None = None
        if member is not None:
            named = cst.Name(self.names[member])
        elif (
            self.inside
            and isinstance(original, cst.Name)
            and id(original) not in self.skipped
            and original.value in self.names
        ):
            named = cst.Name(self.names[original.value], lpar=original.lpar, rpar=original.rpar)
        if named is not None:
            self.trace(original, named)
            return named
        return made


def _is_idle(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString()) | cst.Pass()]):
            return True
    return False
