"""Sizes of recurrent cells that the host asks for are what the cells were made with.

``print(cell.output_size, cell.state_size)`` of ``BasicLSTMCell(hidden)`` says ``hidden`` and
``LSTMStateTuple(hidden, hidden)``. The result is an equivalent TensorFlow 1 program, in which the host needs no cell.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.forms.spelling import Spelling
from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.cells import LSTM_CELLS, OWNERS
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.recurrent import STATE_TUPLE
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Cell, Node, Value, is_cell
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk

SIZES = ("output_size", "state_size")
STACK = "tf.nn.rnn_cell.MultiRNNCell"


def cell_sizes(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such sizes written out; None where the host asks for none that can be."""
    building = {id(step.statement) for node in staging.nodes for step in node.place.steps[-1:]}

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        lines = [n for n in walk(module.tree) if isinstance(n, cst.SimpleStatementLine) and id(n) not in building]
        asked = [n for line in lines for n in walk(line) if isinstance(n, cst.Attribute) and n.attr.value in SIZES]
        texts = {id(node): text for node in asked if (text := _text(staging, module, node))}
        return _Writing(module, texts, builder) if texts else None

    return edited(modules, builder, edit)


def _text(staging: Staging, module: Module, asked: cst.Attribute) -> str:
    """What a size comes to wherever it is asked for; empty where that is not known."""
    seen = staging.observations.get(id(asked.value), ())
    texts = {_Sizes(staging, module, each.frame).of(each.value, asked.attr.value) for each in seen}
    return texts.pop() if len(texts) == 1 else ""


class _Sizes:
    """Writes the sizes of cells so that they can be read in a frame; empty texts where one cannot be."""

    def __init__(self, staging: Staging, module: Module, frame: Frame) -> None:
        self.spelling = Spelling(staging)
        self.module = module
        self.frame = frame

    def of(self, cell: Value, size: str) -> str:
        match cell:
            case Cell(name=name, cells=cells) if name == STACK and cells.exact and cells.items:
                if size == "output_size":
                    return self.of(cells.items[-1], size)
                parts = [self.of(inner, size) for inner in cells.items]
                ending = "," if len(parts) == 1 else ""
                return f"({', '.join(parts)}{ending})" if all(parts) else ""
            case Cell(name=name, cells=cells) if name not in OWNERS and name != STACK:
                return self.of(cells.items[0], size)
            case Node() if is_cell(cell):
                return self.of_leaf(cell, size)
        return ""

    def of_leaf(self, cell: Node, size: str) -> str:
        units = self.argument(cell, "num_units")
        state = self.spelling.symbol(STATE_TUPLE, self.frame)
        if not units or "num_proj" in cell.details or state is None:
            return ""
        if size == "output_size" or cell.op not in LSTM_CELLS:
            return units
        return f"{self.module.tree.code_for_node(state)}({units}, {units})"

    def argument(self, cell: Node, parameter: str) -> str:
        """What a cell was given for a parameter."""
        value, symbol = cell.details.get(parameter), tf1_symbol(cell.op)
        if value is None or symbol is None or not isinstance(cell.expression, cst.Call):
            return ""
        places = symbol.positional()
        for index, arg in enumerate(cell.expression.args):
            name = arg.keyword.value if arg.keyword is not None else "".join(places[index : index + 1])
            if name == parameter and not arg.star:
                made = self.spelling.write(value, arg.value, self.frame)
                return self.module.tree.code_for_node(made) if made is not None else ""
        return ""


class _Writing(Traced):
    """Puts the sizes in."""

    def __init__(self, module: Module, texts: dict[int, str], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.texts = texts

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        text = self.texts.get(id(original))
        return self.expression(text, original) if text else made
