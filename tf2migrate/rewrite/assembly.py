"""The one pass over a module that makes all of its edits."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.names.project import Project, dotted_name
from tf2migrate.plan.region import is_idle, version_branch
from tf2migrate.rewrite.comments import above
from tf2migrate.rewrite.placement import Placement
from tf2migrate.rewrite.substitution import Substitution
from tf2migrate.rewrite.symbols import Symbols


class Assembly(Substitution):
    """The one pass over the module that makes all edits."""

    def __init__(self, rewriter: Placement, symbols: Symbols) -> None:
        super().__init__(symbols, rewriter.replacements, rewriter.whole, rewriter.names)
        self.rewriter = rewriter
        self.edits = rewriter.edits
        self.skipped: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if id(node) in self.edits.removed or id(node) in self.edits.replaced:
            return False
        if is_idle(node, self.symbols.staging):
            self.skipped.add(id(node))
            return False
        if isinstance(node, cst.With) and self.rewriter.dissolved(node):
            self.skipped.update(id(item) for item in node.items)
        if isinstance(node, cst.If) and (taken := version_branch(node, self.symbols.staging)) is not None:
            self.skipped.add(id(node.test))
            if taken is not node.body.body:
                self.skipped.add(id(node.body))
            elif node.orelse is not None:
                self.skipped.add(id(node.orelse))
        if id(node) in self.skipped:
            return False
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        key = id(original)
        if key in self.skipped:
            return updated
        before = self.edits.before.get(key, [])
        after = self.edits.after.get(key, [])
        lines = self.edits.lines.get(key, [])
        if lines and before:
            before = [above(before[0], lines), *before[1:]]
        elif lines:
            updated = above(updated, lines)
        if key in self.edits.removed:
            return cst.FlattenSentinel([*before, *after]) if before or after else cst.RemoveFromParent()
        if key in self.edits.replaced:
            made = self.edits.replaced[key]
            if lines and not before and made:
                made = [above(made[0], lines), *made[1:]]
            return cst.FlattenSentinel([*before, *made, *after])
        if isinstance(original, cst.With) and self.rewriter.dissolved(original):
            if self.emptied_block(original):
                return cst.FlattenSentinel([*before, *after]) if before or after else cst.RemoveFromParent()
            body = list(cast(cst.With, updated).body.body)
            if body:
                gone = all(id(statement) in self.edits.removed for statement in original.body.body)
                if not gone:
                    body[0] = above(body[0], cast(cst.With, updated).leading_lines)
            return cst.FlattenSentinel([*before, *body, *after])
        if isinstance(original, cst.If) and version_branch(original, self.symbols.staging) is not None:
            return cst.FlattenSentinel([*before, *self.taken_branch(original, cast(cst.If, updated)), *after])
        if isinstance(original, cst.IndentedBlock) and not cast(cst.IndentedBlock, updated).body:
            updated = cast(cst.IndentedBlock, updated).with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        if isinstance(original, cst.If):
            updated = _without_emptied_else(original, cast(cst.If, updated))
        if isinstance(original, cst.ImportFrom):
            updated = self.import_classes(original, cast(cst.ImportFrom, updated))
        if isinstance(original, cst.FunctionDef):
            updated = self.function(original, cast(cst.FunctionDef, updated))
        if isinstance(original, cst.Call) and key not in self.whole:
            updated = self.without_session(original, cast(cst.Call, updated))
        if isinstance(original, cst.ClassDef):
            updated = self.rewriter.header(original, updated)
        if key in self.edits.remade:
            return cst.FlattenSentinel([*before, *self.edits.remade[key](updated), *after])
        left = super().on_leave(original, updated)
        if before or after:
            return cst.FlattenSentinel([*before, cast(cst.CSTNode, left), *after])
        return left

    def taken_branch(self, original: cst.If, updated: cst.If) -> list[cst.CSTNode]:
        """What a test of the TensorFlow version chose: it would choose otherwise under TensorFlow 2."""
        taken = version_branch(original, self.symbols.staging)
        body: list[cst.CSTNode]
        if taken is original.body.body:
            body = list(updated.body.body)
        elif not taken:
            body = []
        elif isinstance(updated.orelse, cst.Else):
            body = list(updated.orelse.body.body)
        else:
            body = [updated.orelse] if updated.orelse is not None else []
        return [s for s in body if not (isinstance(s, cst.SimpleStatementLine) and isinstance(s.body[0], cst.Pass))]

    def emptied_block(self, block: cst.With) -> bool:
        """Whether nothing is left of a block: all of its statements went, and none came."""
        for statement in block.body.body:
            key = id(statement)
            if self.edits.before.get(key) or self.edits.after.get(key) or key in self.edits.replaced:
                return False
            if id(statement) in self.edits.removed:
                continue
            if isinstance(statement, cst.With) and self.rewriter.dissolved(statement) and self.emptied_block(statement):
                continue
            return False
        return True

    def function(self, original: cst.FunctionDef, updated: cst.FunctionDef) -> cst.FunctionDef:
        """Takes the session out of the parameters, and adds the lifted names."""
        params = [
            new
            for old, new in zip(original.params.params, updated.params.params, strict=True)
            if id(old) not in self.rewriter.session_parameters
        ]
        changed = len(params) != len(original.params.params)
        names = self.rewriter.plan.lifted.get(id(original), [])
        if not changed and not names:
            return updated
        text = f"def f({', '.join(names)}): pass\n"
        fresh = cast(cst.FunctionDef, cst.parse_statement(text)).params.params
        if params and isinstance(params[-1].comma, cst.MaybeSentinel) is False and not names:
            params[-1] = params[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        defaults = (
            any(p.default is not None for p in params) or updated.params.star_arg is not cst.MaybeSentinel.DEFAULT
        )
        if names and defaults:
            keyword = [*updated.params.kwonly_params, *fresh]
            star = updated.params.star_arg
            if isinstance(star, cst.MaybeSentinel):
                star = cst.ParamStar()
            made = updated.params.with_changes(params=params, kwonly_params=keyword, star_arg=star)
        else:
            made = updated.params.with_changes(params=[*params, *fresh])
        return updated.with_changes(params=made)

    def import_classes(self, original: cst.ImportFrom, updated: cst.ImportFrom) -> cst.ImportFrom:
        """Layer functions are imported under the names of their classes."""
        module = self.symbols.module
        project = Project(list(self.symbols.staging.modules.values()))
        dotted = dotted_name(original.module) if original.module is not None else ""
        if isinstance(updated.names, cst.ImportStar):
            return updated
        if project.find(module, dotted, len(original.relative), self.rewriter.root) is None:
            return updated
        names = []
        for alias in updated.names:
            new = self.rewriter.classes.get(dotted_name(alias.name))
            names.append(alias.with_changes(name=cst.Name(new)) if new is not None else alias)
        return updated.with_changes(names=names)

    def without_session(self, original: cst.Call, updated: cst.Call) -> cst.Call:
        """Leaves out the arguments of parameters that are gone."""
        gone = self.rewriter.dropped_arguments(original)
        kept = [arg for index, arg in enumerate(updated.args) if index not in gone]
        if len(kept) == len(updated.args):
            return updated
        if kept:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated.with_changes(args=kept)


def _without_emptied_else(original: cst.If, updated: cst.If) -> cst.If:
    """A test whose other branch only initialized variables has no other branch."""
    match original.orelse, updated.orelse:
        case (
            cst.Else(body=cst.IndentedBlock(body=before)),
            cst.Else(body=cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Pass()])])),
        ) if not (isinstance(before[0], cst.SimpleStatementLine) and isinstance(before[0].body[0], cst.Pass)):
            return updated.with_changes(orelse=None)
    return updated
