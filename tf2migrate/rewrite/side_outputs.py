"""What a program writes beside its results: checkpoints and summaries."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.graph.staging import WriteSite
from tf2migrate.graph.summaries import WRITER
from tf2migrate.names.tree import walk
from tf2migrate.plan.refusal import Refusal
from tf2migrate.plan.summaries import is_tagged
from tf2migrate.rewrite.edits import Remake
from tf2migrate.rewrite.run_edits import RunEdits
from tf2migrate.rewrite.savers import Saving
from tf2migrate.rewrite.substitution import Replacement
from tf2migrate.rewrite.summaries import Writing, graph_arguments, writer_text
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.tagged import tagged_calls

TENSORBOARD = "`tf.summary` needs the package tensorboard, which TensorFlow 2 does not install"


class SideOutputs(RunEdits):
    """Replaces savers and writers."""

    def checkpoints(self) -> None:
        """Savers, behind what makes all that they save, and their calls."""
        Saving(self).edit()

    def summaries(self) -> None:
        """Writers, and the statements that write."""
        for writer in self.staging.writers:
            key = next(k for k, s in self.all_symbols.items() if writer.call in s.module.positions)
            self.replacements[id(writer.call)] = self.writer(self.all_symbols[key], writer.call)
            # The graph that it was given goes.
            self.whole.update((id(arg.value), "None") for arg in graph_arguments(writer.call))
        self.unseen_writers()
        if self.staging.writes:
            where = self.staging.writes[0]
            self.notes.append(Refusal("TFM804", where.place.module, where.call, TENSORBOARD, "pip install tensorboard"))
        writing = Writing(self.plan, self.all_symbols, self.module.key)
        for name, text in writing.settle(self.module.key):
            self.generated.add(name)
            self.place_function(self.templates.statements(text, {}))
        self.replacements.update(tagged_calls(self.staging, self.all_symbols, writing))
        for site in self.staging.writes:
            if is_tagged(site.summary):
                continue
            statement = site.place.steps[-1].statement
            self.replacements[id(site.call)] = self.handed_over(writing, site)
            match statement:
                case cst.SimpleStatementLine(body=[cst.Expr(value=value)]) if value is site.call:
                    self.edits.remade[id(statement)] = self.written(writing, site)

    def unseen_writers(self) -> None:
        """Writers in branches that are never taken, which nothing uses but to write the graph."""
        for symbols in self.all_symbols.values():
            for node in walk(symbols.module.tree):
                match node:
                    case cst.Expr(value=cst.Call() as call) if (
                        not self.staging.values_of(call.func) and symbols.canonical(call.func) == WRITER
                    ):
                        self.replacements[id(call)] = self.writer(symbols, call)
                        self.whole.update((id(arg.value), "None") for arg in graph_arguments(call))

    def place_function(self, made: list[cst.BaseStatement]) -> None:
        """Puts a function of the module before what uses it."""
        if self.plan.held is not None or not self.region.is_module:
            owner = self.plan.held.definition if self.plan.held is not None else self.region.frame.owner
            self.edits.before.setdefault(id(self.class_around(owner)), []).extend(made)
        else:
            first = min(a.number for a in self.region.atoms if a.runs)
            self.insert(self.region.atoms[first], made)

    def handed_over(self, writing: Writing, site: WriteSite) -> Replacement:
        def replace(updated: cst.BaseExpression) -> cst.BaseExpression:
            called = writing.called(site, updated)
            if called is None and not writing.is_line(site):
                raise writing.refused(site, "`add_summary` has to stand on a line of its own")
            return called or updated

        return replace

    def writer(self, symbols: Symbols, call: cst.Call) -> Replacement:
        return lambda updated: symbols.expression(writer_text(symbols, call, cast(cst.Call, updated)))

    def written(self, writing: Writing, site: WriteSite) -> Remake:
        def remake(updated: cst.CSTNode) -> list[cst.BaseStatement]:
            line = cst.ensure_type(updated, cst.SimpleStatementLine)
            if writing.called_by_name(site):
                return [line]
            made = writing.replaced(site, cst.ensure_type(line.body[0], cst.Expr).value)
            made[0] = made[0].with_changes(leading_lines=line.leading_lines)
            if line.trailing_whitespace.comment is not None:
                block = cst.ensure_type(made[-1], cst.With)
                made[-1] = block.with_deep_changes(block.body, header=line.trailing_whitespace)
            return made

        return remake
