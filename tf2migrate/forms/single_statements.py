"""Lines of several statements, some of them of the graph, are written as one statement each.

The planner moves and drops whole lines: with ``x = tf.placeholder(...); print("ready")`` it could do neither. What
stands behind the colon of a block gets a line of its own where it makes graph, for the same reason; a ``return`` behind
a condition, or a run, may stay. The result is an equivalent TensorFlow 1 program; lines of the host stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Averages, Iterator, Node, Optimizer, Saver, Session, Writer, nodes_in
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk

_OF_THE_GRAPH = (Averages, Iterator, Node, Optimizer, Saver, Session, Writer)


def single_statements(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with a line for each statement of the graph; None when it has no line of several."""

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        lines = {
            id(line)
            for block in walk(module.tree)
            for line in children(block)
            if isinstance(line, cst.SimpleStatementLine | cst.SimpleStatementSuite)
            and _is_crowded(line, block)
            and _is_of_the_graph(staging, line)
        }
        return _Parting(module, lines, builder) if lines else None

    return edited(modules, builder, edit)


def _is_crowded(line: cst.SimpleStatementLine | cst.SimpleStatementSuite, block: cst.CSTNode) -> bool:
    """Whether a line has several statements, or stands in that of the block that it belongs to."""
    if len(line.body) > 1:
        return True
    alone = isinstance(block, cst.If | cst.Else) and not isinstance(line.body[0], cst.Assign | cst.AugAssign)
    return isinstance(line, cst.SimpleStatementSuite) and not alone


def _is_of_the_graph(staging: Staging, line: cst.SimpleStatementLine | cst.SimpleStatementSuite) -> bool:
    """Whether a line makes, holds or, with others in one line, runs graph, as far as the analysis saw it."""
    kinds = (cst.Call, cst.Name, cst.Attribute) if len(line.body) > 1 else (cst.Call, cst.BinaryOperation)
    values = (value for node in walk(line) if isinstance(node, kinds) for value in staging.values_of(node))
    return any(isinstance(v, _OF_THE_GRAPH) or next(iter(nodes_in(v)), None) is not None for v in values)


class _Parting(Traced):
    """Gives each statement of these lines a line of its own."""

    def __init__(self, module: Module, lines: set[int], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.lines = lines

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) not in self.lines:
            return made
        if isinstance(made, cst.SimpleStatementSuite):
            parts = self.parted(original, made.body)
            parts[0] = self.kept(original, parts[0].with_changes(trailing_whitespace=made.trailing_whitespace))
            return cst.IndentedBlock(body=parts)
        assert isinstance(made, cst.SimpleStatementLine)
        parts = self.parted(original, made.body)
        parts[0] = self.kept(original, parts[0].with_changes(leading_lines=made.leading_lines))
        parts[-1] = self.kept(original, parts[-1].with_changes(trailing_whitespace=made.trailing_whitespace))
        return cst.FlattenSentinel(parts)

    def parted(
        self, original: cst.CSTNode, body: Sequence[cst.BaseSmallStatement]
    ) -> list[cst.SimpleStatementLine]:
        out: list[cst.SimpleStatementLine] = []
        for small in body:
            alone = small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            self.trace(small, alone)
            line = cst.SimpleStatementLine([alone])
            self.trace(small if small in self.positions else original, line)
            out.append(line)
        return out

    def kept(self, original: cst.CSTNode, line: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
        self.trace(original, line)
        return line
