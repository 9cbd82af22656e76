"""The edits by which graph around an object moves into the method in which the object builds the rest of it."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.forms.gathering import Gathering
from tf2migrate.forms.traced import Traced
from tf2migrate.names.bindings import bound_in
from tf2migrate.names.project import Module
from tf2migrate.names.tree import is_docstring, labels, walk
from tf2migrate.plan.region import Atom


def apply(module: Module, gathering: Gathering) -> Module:
    """``module`` with its part of a gathering done."""
    return _Mover(module, gathering).apply(module)


class _Mover(Traced):
    """Makes the edits of one gathering in one file."""

    def __init__(self, module: Module, gathering: Gathering) -> None:
        super().__init__(module)
        self.module = module
        self.gathering = gathering
        self.skipped: set[int] = set()
        self.shadows: list[set[str]] = []
        owner = gathering.region.frame.owner
        self.around = {id(n) for n in walk(owner)}
        self.owner = owner
        self.made: dict[int, cst.BaseStatement] = {}
        # The statements are rendered first: the builder may stand before them.
        for atom in gathering.moved:
            if id(atom.statement) not in gathering.gone:
                self.made[atom.number] = self.moved(atom)

    def moved(self, atom: Atom) -> cst.BaseStatement:
        made = cast(cst.SimpleStatementLine, atom.statement.visit(_Inside(self)))
        lines = [line for line in made.leading_lines if line.comment is not None]
        made = made.with_changes(leading_lines=lines)
        self.trace(atom.statement, made)
        return made

    def outside(self, name: str) -> cst.BaseExpression | None:
        """What a moved name is called where it is still read."""
        attribute = self.gathering.attributes.get(name) or self.gathering.aliases.get(name)
        return cst.Attribute(cst.Name(self.gathering.target), cst.Name(attribute)) if attribute else None

    def on_visit(self, node: cst.CSTNode) -> bool:
        if id(node) in self.gathering.statements:
            return False
        self.skipped |= labels(node)
        match node:
            case cst.Param(name=name):
                self.skipped.add(id(name))
            case cst.FunctionDef(name=name) if node is not self.owner and node is not self.gathering.builder:
                self.skipped.add(id(name))
                self.shadows.append(bound_in(node))
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                self.skipped.add(id(name))
            case cst.Lambda(params=params):
                self.shadows.append({p.name.value for p in params.params})
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        gathering = self.gathering
        if id(original) in gathering.statements or id(original) in gathering.kept_as:
            return cst.RemoveFromParent()
        made = cast(cst.CSTNode, super().on_leave(original, updated))
        match original:
            case cst.FunctionDef() if original is gathering.builder:
                made = self.rebuilt(cast(cst.FunctionDef, made))
            case cst.FunctionDef() if original is not self.owner and original is not gathering.builder:
                self.shadows.pop()
            case cst.Lambda():
                self.shadows.pop()
            case cst.Call() if original is gathering.call:
                made = self.call(cast(cst.Call, made))
            case cst.Name(value=value) if id(original) not in self.skipped and self.is_read(original, value):
                found = self.outside(value)
                if found is not None:
                    self.trace_all(original, found)
                    made = found
            case cst.With(body=cst.IndentedBlock(body=body)) if all(id(s) in gathering.statements for s in body):
                return cst.RemoveFromParent()
        if isinstance(made, cst.IndentedBlock) and not made.body:
            made = made.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        self.trace(original, made)
        return made

    def is_read(self, node: cst.Name, value: str) -> bool:
        return id(node) in self.around and not any(value in s for s in self.shadows)

    def trace_all(self, original: cst.CSTNode, made: cst.CSTNode) -> None:
        for node in walk(made):
            self.trace(original, node)

    def call(self, updated: cst.Call) -> cst.Call:
        """The constructor call without what is made inside, and with what the moved statements need."""
        gathering = self.gathering
        params = [p.name.value for p in gathering.builder.params.params][1:]
        args: list[cst.Arg] = []
        for index, arg in enumerate(updated.args):
            name = arg.keyword.value if arg.keyword is not None else params[index]
            if name not in gathering.dropped:
                args.append(arg)
        for name, chain in gathering.added.values():
            given = chain.deep_clone()
            self.trace_all(chain, given)
            args.append(cst.Arg(given, keyword=cst.Name(name), equal=_EQUAL))
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        args = [a if isinstance(a.comma, cst.Comma) else a.with_changes(comma=comma) for a in args]
        if args:
            args[-1] = args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated.with_changes(args=args)

    def rebuilt(self, updated: cst.FunctionDef) -> cst.FunctionDef:
        gathering = self.gathering
        if gathering.dropped:
            names = {p: self.inside_name(g) for p, g in gathering.dropped.items()}
            updated = cast(cst.FunctionDef, updated.visit(_Parameters(self, names)))
        params = [p for p in updated.params.params if p.name.value not in gathering.dropped]
        keywords = list(updated.params.kwonly_params)
        new = [cst.Param(cst.Name(name)) for name, _ in gathering.added.values()]
        star = updated.params.star_arg
        if any(p.default is not None for p in params) or keywords:
            keywords += new
            star = cst.ParamStar() if new and isinstance(star, cst.MaybeSentinel) else star
        else:
            params += new
        if params:
            params = [
                p if isinstance(p.comma, cst.Comma) else p.with_changes(comma=cst.MaybeSentinel.DEFAULT) for p in params
            ]
            if not keywords:
                params[-1] = params[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        body = list(updated.body.body)
        start = 1 if body and is_docstring(body[0]) else 0
        number = gathering.atom.number
        before = [s for n, s in sorted(self.made.items()) if n < number]
        after = [s for n, s in sorted(self.made.items()) if n > number]
        body = [*body[:start], *before, *body[start:], *after]
        body = [s for s in body if not _is_pass(s)] or [cst.SimpleStatementLine([cst.Pass()])]
        made = updated.params.with_changes(params=params, kwonly_params=keywords, star_arg=star)
        return updated.with_changes(params=made, body=updated.body.with_changes(body=body))

    def inside_name(self, name: str) -> cst.BaseExpression:
        gathering = self.gathering
        if name in gathering.attributes:
            return cst.Attribute(cst.Name(gathering.receiver), cst.Name(gathering.attributes[name]))
        return cst.Name(gathering.locals[name])


class _Inside(cst.CSTTransformer):
    """A moved statement with its names as they are inside of the builder."""

    def __init__(self, owner: _Mover) -> None:
        super().__init__()
        self.owner = owner
        self.gathering = owner.gathering

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode:
        made = cast(cst.CSTNode, super().on_leave(original, updated))
        found = self.gathering.inside.get(id(original))
        if found is not None:
            made = found.deep_clone()
            if isinstance(original, cst.Name | cst.Attribute) and original.lpar:
                made = made.with_changes(lpar=original.lpar, rpar=original.rpar)
            self.owner.trace_all(original, made)
        elif isinstance(original, cst.AssignTarget):
            made = cast(cst.AssignTarget, made).with_changes(target=self.target(original.target))
        self.owner.trace(original, made)
        return made

    def target(self, node: cst.BaseAssignTargetExpression) -> cst.BaseAssignTargetExpression:
        if isinstance(node, cst.Tuple):
            elements = [
                e.with_changes(value=self.target(cast(cst.BaseAssignTargetExpression, e.value))) for e in node.elements
            ]
            made: cst.BaseAssignTargetExpression = node.with_changes(elements=elements)
        elif isinstance(node, cst.Name):
            made = cast(cst.BaseAssignTargetExpression, self.owner.inside_name(node.value))
            self.owner.trace_all(node, made)
        else:
            made = node
        self.owner.trace(node, made)
        return made


class _Parameters(cst.CSTTransformer):
    """Arguments that are made inside now, in the body of the builder."""

    def __init__(self, owner: _Mover, names: dict[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.owner = owner
        self.names = names
        self.skipped: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.skipped |= labels(node)
        return not isinstance(node, cst.Param) and super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode:
        made = cast(cst.CSTNode, super().on_leave(original, updated))
        if isinstance(original, cst.Name) and id(original) not in self.skipped and original.value in self.names:
            made = self.names[original.value].deep_clone()
            self.owner.trace_all(original, made)
        self.owner.trace(original, made)
        return made


_EQUAL = cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace(""))



def _is_pass(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.Pass)
