"""Dicts, named tuples and classes that only give names to parts of the graph: their entries become variables.

``g = {}; g["x"] = ...; run(g["loss"])`` is ``x = ...; run(loss)``, as long as nothing sees the dict as a whole. The
same holds of a named tuple, and of a class that is a body without methods and is never instantiated.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Class, Node, Record, Sequence
from tf2migrate.names.bindings import bindings
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk, walk_own


def dissolve_namespaces(module: Module, staging: Staging) -> Module:
    """``module`` with the dicts and classes that hold parts of the graph dissolved."""
    wanted: set[cst.CSTNode] = {node.expression for node in staging.nodes if node.expression is not None}
    while True:
        edit = _next_dict(module, staging) or _next_class(module, wanted)
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
def _next_dict(module: Module, staging: Staging) -> Traced | None:
    known = _identifiers(module)
    for node in walk(module.tree):
        match node:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)]
            ):
                pairs, holder = _display(value), _Holder(name)
                if pairs is None:
                    pairs, holder = _filled(module, staging, value), _Holder(name, is_record=True)
                keys = _literal_keys(module, holder, pairs) if pairs is not None else None
                if pairs is None or keys is None or not _holds_graph(module, staging, holder, pairs):
                    continue
                taken = set(known)
                entries = sum(1 for n in walk(module.tree) if _entry(n, holder) is not None)
                if name in keys and known[name] == 1 + entries:
                    taken.discard(name)
                lasting = _lasting(module, holder, node, pairs)
                names = _names([key for key in keys if key not in lasting], name, taken)
                return _DictEntries(module, holder, node, pairs, {**names, **lasting}, set(lasting))
    return None


@dataclass(frozen=True, slots=True)
class _Holder:
    """What holds the entries: a dict by this name, or a named tuple."""

    name: str
    is_record: bool = False


def _filled(module: Module, staging: Staging, value: cst.BaseExpression) -> list[tuple[str, cst.BaseExpression]] | None:
    """The fields and values of a named tuple that a call makes of its arguments; None for anything else."""
    values = list(staging.values_of(module.origins.get(value, value)))
    fields = {v.fields for v in values if isinstance(v, Sequence) and v.record is not None}
    if not isinstance(value, cst.Call) or len(values) != 1 or len(fields) != 1 or any(a.star for a in value.args):
        return None
    made = staging.values_of(module.origins.get(value.func, value.func))
    if not all(isinstance(v, Record | Class) for v in made):
        return None
    (names,) = fields
    pairs = [
        (arg.keyword.value if arg.keyword is not None else names[place], arg.value)
        for place, arg in enumerate(value.args[: len(names)])
    ]
    return pairs if sorted(key for key, _ in pairs) == sorted(names) else None


def _display(value: cst.BaseExpression) -> list[tuple[str, cst.BaseExpression]] | None:
    """The keys and values of a dict that is written with literal keys; None for anything else."""
    pairs: list[tuple[str, cst.BaseExpression]] = []
    match value:
        case cst.Dict(elements=elements):
            for element in elements:
                if not isinstance(element, cst.DictElement) or not isinstance(element.key, cst.SimpleString):
                    return None
                pairs.append((str(element.key.evaluated_value), element.value))
        case cst.Call(func=cst.Name(value="dict"), args=args):
            for arg in args:
                if arg.keyword is None:
                    return None
                pairs.append((arg.keyword.value, arg.value))
        case _:
            return None
    return pairs


def _entry(node: cst.CSTNode, holder: _Holder) -> str | None:
    """The key of ``name["key"]``, or of ``name.key`` where that is a named tuple."""
    match node:
        case cst.Subscript(
            value=cst.Name(value=base),
            slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))],
        ) if base == holder.name and not holder.is_record and isinstance(key.evaluated_value, str):
            return key.evaluated_value
        case cst.Attribute() if holder.is_record:
            return _member(node, holder.name)
    return None


def _stored(node: cst.CSTNode, name: _Holder) -> tuple[str, cst.BaseExpression] | None:
    """The key and the value of a statement that stores an entry and does nothing else."""
    match node:
        case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=value)]):
            key = _entry(target, name)
            return (key, value) if key is not None else None
    return None


def _literal_keys(module: Module, holder: _Holder, pairs: list[tuple[str, cst.BaseExpression]]) -> list[str] | None:
    """The keys of a dict of which every mention is an entry, and that is made once; None for any other."""
    keys = [key for key, _ in pairs]
    entries, name = 0, holder.name
    for node in walk(module.tree):
        key = _entry(node, holder)
        if key is not None:
            entries += 1
            keys.append(key)
        if isinstance(node, cst.Global | cst.Nonlocal | cst.Del) and any(
            isinstance(n, cst.Name) and n.value == name for n in walk(node)
        ):
            return None
    if holder.is_record and len(set(keys)) > len(pairs):
        return None
    mentions = _identifiers(module)[name]
    return list(dict.fromkeys(keys)) if mentions == entries + 1 else None


def _holds_graph(
    module: Module, staging: Staging, name: _Holder, pairs: list[tuple[str, cst.BaseExpression]]
) -> bool:
    parts: list[cst.CSTNode] = [value for _, value in pairs]
    for node in walk(module.tree):
        if isinstance(node, cst.Assign) and any(_entry(t.target, name) is not None for t in node.targets):
            parts.append(node.value)
    inner = (module.origins.get(n, n) for part in parts for n in walk(part))
    return any(isinstance(value, Node) for node in inner for value in staging.values_of(node))


def _lasting(
    module: Module, name: _Holder, made: cst.SimpleStatementLine, pairs: list[tuple[str, cst.BaseExpression]]
) -> dict[str, str]:
    """The entries that are set once, outside of loops, to what has a name that is bound once."""
    scope = _scope(module.tree, made)
    own = list(walk_own(scope.body)) if isinstance(scope, cst.FunctionDef) else list(walk_own(scope))
    if sum(_entry(n, name) is not None for n in own) != sum(_entry(n, name) is not None for n in walk(module.tree)):
        return {}
    loops = {id(n) for loop in own if isinstance(loop, cst.For | cst.While) for n in walk(loop)}
    stores = [(*pair, made) for pair in pairs] + [(*pair, n) for n in own if (pair := _stored(n, name)) is not None]
    bound = [found for found, _ in bindings(scope.body if isinstance(scope, cst.FunctionDef) else scope)]
    bound += [p.name.value for p in walk(scope.params) if isinstance(p, cst.Param)] if isinstance(
        scope, cst.FunctionDef
    ) else []
    declared = {n.name.value for g in walk(module.tree) if isinstance(g, cst.Global | cst.Nonlocal) for n in g.names}
    assigned = [_entry(t, name) for n in own if isinstance(n, cst.AssignTarget | cst.AugAssign) for t in walk(n.target)]
    out: dict[str, str] = {}
    for key, value, statement in stores:
        once = sum(other == key for other, _, _ in stores) == 1 and assigned.count(key) == (statement is not made)
        if not once or id(statement) in loops or not isinstance(value, cst.Name):
            continue
        if bound.count(value.value) == 1 and value.value not in declared:
            out[key] = value.value
    return out


def _scope(tree: cst.Module, statement: cst.CSTNode) -> cst.FunctionDef | cst.Module:
    """The innermost function that a statement stands in, or the file."""
    inner = [n for n in walk(tree) if isinstance(n, cst.FunctionDef) and any(m is statement for m in walk(n))]
    return inner[-1] if inner else tree


class _DictEntries(Traced):
    """The entries of one dict as variables; those of ``lasting`` have a name already."""

    def __init__(
        self,
        module: Module,
        name: _Holder,
        made: cst.SimpleStatementLine,
        pairs: list[tuple[str, cst.BaseExpression]],
        names: dict[str, str],
        lasting: set[str],
    ) -> None:
        super().__init__(module)
        self.name = name
        self.made = made
        self.keys = [key for key, _ in pairs]
        self.values = {id(value): key for key, value in pairs}
        self.parts: dict[str, cst.BaseExpression] = {}
        self.names = names
        self.lasting = lasting

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        if original is self.made:
            return self.entries(cast(cst.SimpleStatementLine, updated))
        stored = _stored(original, self.name)
        if stored is not None and stored[0] in self.lasting:
            self.gone.add(id(original))
        made = super().on_leave(original, updated)
        if id(original) in self.values and isinstance(made, cst.BaseExpression):
            self.parts[self.values[id(original)]] = made
        key = _entry(original, self.name)
        if key is not None:
            named = cst.Name(self.names[key], lpar=getattr(original, "lpar", ()), rpar=getattr(original, "rpar", ()))
            self.trace(original, named)
            return named
        return made

    def entries(
        self, updated: cst.SimpleStatementLine
    ) -> cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        out: list[cst.CSTNode] = []
        for key in self.keys:
            if key in self.lasting:
                continue
            target = cst.AssignTarget(cst.Name(self.names[key]))
            line = cst.SimpleStatementLine([cst.Assign([target], self.parts[key])])
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
