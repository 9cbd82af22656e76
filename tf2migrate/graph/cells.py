"""The abstract interpreter: recurrent cells, the variables that they make, and the form of their states.

A cell that owns variables is a node of its own. TensorFlow 1 makes the variables when the cell is called first, in
the scopes that are open then; that gives them their names and their place among the other variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst

from tf2migrate.graph.flags import Flags
from tf2migrate.graph.pass_names import is_unclear
from tf2migrate.graph.paths import choice
from tf2migrate.graph.values import (
    Cell,
    Choice,
    Const,
    Node,
    Scope,
    Sequence,
    Symbol,
    Unknown,
    Value,
    is_cell,
    join,
    key_of,
    nodes_in,
    unknown_in,
)
from tf2migrate.graph.worlds import ScopeEntry

# Cells that own variables, with the name that TF1 gives to an unnamed one; the abstract one raises when it is used.
CELLS = {
    "tf.nn.rnn_cell.RNNCell": "rnn_cell",
    "tf.nn.rnn_cell.BasicLSTMCell": "basic_lstm_cell",
    "tf.nn.rnn_cell.BasicRNNCell": "basic_rnn_cell",
    "tf.nn.rnn_cell.GRUCell": "gru_cell",
    "tf.nn.rnn_cell.LSTMCell": "lstm_cell",
    "tf.contrib.rnn.LSTMBlockCell": "lstm_cell",
    "tf.contrib.rnn.LayerNormBasicLSTMCell": "layer_norm_basic_lstm_cell",
    "tf.contrib.rnn.GRUBlockCell": "gru_cell",
    "tf.contrib.rnn.GRUBlockCellV2": "gru_cell",
    "tf.contrib.rnn.NASCell": "nas_cell",
}
LSTM_CELLS = ("tf.contrib.rnn.NASCell", *(name for name in CELLS if "LSTM" in name))
ATTENTION = "tf.contrib.rnn.AttentionCellWrapper"
EMBEDDING = "tf.contrib.rnn.EmbeddingWrapper"
# Wrappers that own variables beside those of the cell inside of them.
OWNERS = {
    ATTENTION: "attention_cell_wrapper",
    EMBEDDING: "embedding_wrapper",
    "tf.contrib.rnn.InputProjectionWrapper": "input_projection_wrapper",
    "tf.contrib.rnn.OutputProjectionWrapper": "output_projection_wrapper",
}
LSTM_FIELDS = ("c", "h")


# What is known of a cell beside its arguments.
OWN = {"cell", "built", "shared"}


class Cells(Flags):
    """Makes cells, and their variables where they are called first."""

    cells_made: dict[int, list[tuple[ScopeEntry, bool | str, list[Node]]]]
    """The cells that each expression made, by the scope that was open and whether it shared its variables."""

    # ------------------------------------------------------------------ cells
    def leaf_cell(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        """A cell with variables, which do not exist before it is called."""
        for value in named.values():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        if any(True for _ in nodes_in(named.get("num_units"))):
            return self.refuse("TFM702", node, "the size of this cell is a tensor")
        known = self.made_before(name, named, node)
        if known is not None:
            self.staging.touched.append((known, self.place()))
            return known
        made = self.make("variable", name, [], node)
        made.trainable = False
        made.details.update(named)
        made.details["cell"] = Const(name)
        self.staging.touched.append((made, self.place()))
        self.cells_here(node).append(made)
        return made

    def cells_here(self, node: cst.Call) -> list[Node]:
        """The cells that an expression has made since the innermost scope was entered, or began to share."""
        visits = self.cells_made.setdefault(id(node), [])
        scope = self.scopes[-1]
        if not visits or visits[-1][0] is not scope or visits[-1][1] != scope.reuse:
            visits.append((scope, scope.reuse, []))
        return visits[-1][2]

    def made_before(self, name: str, named: dict[str, Value], node: cst.Call) -> Node | None:
        """The cell that the same expression made in the same scope, where the scope shares its variables now.

        Whether the new cell is that one shows when it is called: see ``is_shared``.
        """
        scope, here = self.scopes[-1], self.cells_here(node)
        opened, shared, first = self.cells_made[id(node)][0]
        if first is here or opened.path != scope.path or shared is True:
            return None
        # Several models after the first one may find their cells in one block that makes none.
        index = len(here) % max(len(first), 1) if scope.reuse is True else len(here)
        if scope.reuse not in (True, "auto") or index >= len(first):
            return None
        known = first[index]
        if known.op != name or "built" not in known.details or set(known.details) - OWN != set(named):
            return None
        if any(key_of(known.details[key]) != key_of(value) for key, value in named.items()):
            return None
        here.append(known)
        known.details["shared"] = Const(True)
        return known

    def stacked(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        cells = named.get("cells")
        if not isinstance(cells, Sequence) or not all(is_cell(cell) for cell in cells.items):
            return self.not_a_cell(cells, node)
        return Cell(name, cells, (), any(is_random(cell) for cell in cells.items), tuple(cells.items))

    def wrapped(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        cell = named.get("cell")
        if cell is None or not is_cell(cell):
            return self.not_a_cell(cell, node)
        given = [named[key] for key in ("input_keep_prob", "output_keep_prob", "state_keep_prob") if key in named]
        for value in given:
            if (unknown := unknown_in(value)) is not None:
                return unknown
            if isinstance(value, Node):
                value.details["probability"] = Const(True)
        drops = any(not (isinstance(value, Const) and value.value == 1) for value in given)
        return Cell(name, Sequence([cell], "tuple"), tuple(given), drops or is_random(cell))

    def owning(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        """A wrapper with variables: the cell inside, and a node that stands for the variables."""
        cell = named.get("cell")
        if cell is None or not is_cell(cell):
            return self.not_a_cell(cell, node)
        own = self.leaf_cell(name, {key: value for key, value in named.items() if key != "cell"}, node)
        if not isinstance(own, Node):
            return own
        return Cell(name, Sequence([cell, own], "tuple"), (), is_random(cell))

    def not_a_cell(self, value: Value | None, node: cst.Call) -> Value:
        if value is not None and (unknown := unknown_in(value)) is not None:
            return unknown
        reason = "which cell this is cannot be followed"
        return self.refuse("TFM702", node, reason, "make the cell by one of the classes of `tf.nn.rnn_cell`")

    # ------------------------------------------------------------------ making the variables
    @contextmanager
    def inside(self, scope: Value | None, default: str, *, reuse: bool = False) -> Iterator[None]:
        """The variable scope ``scope or default``."""
        outer = self.scopes[-1]
        path = f"{outer.path}/{default}" if outer.path else default
        shared = reuse or outer.reuse
        match scope:
            case Const(value=str() as name):
                path = f"{outer.path}/{name}" if outer.path else name
            case Scope(path=given, reuse=own):
                path, shared = given, own or shared
            case None | Const(value=None):
                pass
            case _:
                path = f"{outer.path}/{self.pass_names.part(scope)}"
        self.scopes.append(ScopeEntry(path, shared, defaults=outer.defaults))
        try:
            yield
        finally:
            self.scopes.pop()

    def build(self, cell: Value, node: cst.Call) -> Unknown | None:
        """The first call of a cell makes its variables; gives the reason why that cannot be followed."""
        match cell:
            case Cell(name="tf.nn.rnn_cell.MultiRNNCell", cells=cells):
                if tuple(cells.items) != cell.given:
                    # TensorFlow 1 keeps the list itself; a native layer has a list of its own.
                    return self.refuse("TFM403", node, "the list of cells is changed after the stack was made of it")
                if all(is_settled(leaf) for leaf in leaves(cell)):
                    return None
                with self.inside(None, self.scopes[-1].unique("multi_rnn_cell")):
                    for index, inner in enumerate(cells.items):
                        with self.inside(None, f"cell_{index}"):
                            if (unknown := self.build(inner, node)) is not None:
                                return unknown
            case Cell(name=name, cells=cells) if name in OWNERS:
                return self.build_owner(name, cells, node)
            case Cell(cells=cells):
                return self.build(cells.items[0], node)
            case Choice():
                return self.build_one_of(cell, node)
            case Node():
                return self.build_leaf(cell, node)
        return None

    def build_one_of(self, cell: Choice, node: cst.Call) -> Unknown | None:
        """Only one of the cells is there when the program runs: their variables may have the same names."""
        fork = self.fork()
        for index, option in enumerate(cell.options):
            self.take(fork, choice(cell, index))
            unknown = self.build(option, node)
            self.leave(fork, "")
            if unknown is not None:
                return unknown
        self.meet(fork)
        return None

    def build_owner(self, name: str, cells: Sequence, node: cst.Call) -> Unknown | None:
        """The variables of a wrapper stand beside the scope of the cell inside of it."""
        inner, own = cells.items
        if not isinstance(own, Node) or all(is_settled(leaf) for leaf in (own, *leaves(inner))):
            return None
        with self.inside(None, self.scopes[-1].unique(OWNERS[name])):
            return self.build(inner, node) or self.settle_cell(own, self.scopes[-1].path, node)

    def build_leaf(self, cell: Node, node: cst.Call) -> Unknown | None:
        if is_settled(cell):
            return None
        return self.settle_cell(cell, self.full_name(cell.details.get("name"), CELLS[cell.op], node), node)

    def settle_cell(self, cell: Node, path: str, node: cst.Call) -> Unknown | None:
        """Gives a cell the name of its variables, unless others have it."""
        reuse: bool | str = self.scopes[-1].reuse
        match cell.details.get("reuse"):
            case None | Const(value=None | False):
                pass
            case Const():
                reuse = True
            case Symbol(name="tf.AUTO_REUSE"):
                reuse = reuse or "auto"
            case _:
                reuse = "maybe"
        known = self.known_as(f"cell {path}")
        if "shared" in cell.details:
            return self.confirm(cell, path, reuse, node)
        if reuse == "maybe" or (reuse and is_unclear(path, reuse, known)):
            return self.refuse("TFM404", node, "whether this cell shares its variables depends on what is not known")
        if known and reuse:
            reason = f"two cells share the variables of `{path}` by their name"
            return self.refuse("TFM702", node, reason, "make one cell, and use it twice")
        if known:
            return self.refuse("TFM404", node, f"the cell `{path}` is made twice without reuse")
        if reuse is True:
            reason = f"`{path}` is reused here, but no cell of this name was made before"
            return self.refuse("TFM404", node, reason)
        self.inherit(node, {}, {})
        cell.name, cell.trainable = path, True
        cell.details["built"] = Const(True)
        self.call_it(f"cell {path}", cell)
        self.collections.setdefault("variables", []).append(cell)
        return None

    def confirm(self, cell: Node, path: str, reuse: bool | str, node: cst.Call) -> Unknown | None:
        """Whether a cell that was made again has the variables of the first one."""
        if cell.name != path or not reuse or reuse == "maybe":
            reason = f"a cell that is made again has the variables of `{cell.name}` only where it is called there"
            return self.refuse("TFM404", node, reason)
        del cell.details["shared"]
        return None

    # ------------------------------------------------------------------ states
    def part(self, whole: Node, node: cst.Call) -> Node:
        return self.make("tensor", "operator.getitem", [whole], node)

    def state_of(self, cell: Value, whole: Node, node: cst.Call) -> Value:
        """The state of a cell that ``whole`` gives."""
        state = self.parts_of(cell, whole, node)
        whole.details["state" if whole.op == "cell.zero_state" else "last"] = state
        return state

    def parts_of(self, cell: Value, whole: Node, node: cst.Call) -> Value:
        """A state of a cell: a tensor, or a tuple of states."""
        match cell:
            case Cell(name="tf.nn.rnn_cell.MultiRNNCell", cells=cells):
                return Sequence([self.parts_of(inner, whole, node) for inner in cells.items], "tuple", cells.exact)
            case Cell(name=name, cells=cells) if name == ATTENTION:
                inner = self.parts_of(cells.items[0], whole, node)
                return Sequence([inner, self.part(whole, node), self.part(whole, node)], "tuple")
            case Cell(cells=cells):
                return self.parts_of(cells.items[0], whole, node)
            case Choice(options=options) if len({form_of(option) for option in options}) == 1:
                return self.parts_of(options[0], whole, node)
            case Node(op=name) if name in LSTM_CELLS:
                parts: list[Value] = [self.part(whole, node) for _ in LSTM_FIELDS]
                return Sequence(parts, "tuple", True, LSTM_FIELDS)
        return self.part(whole, node)


def some_cell(value: Value) -> Value:
    """A choice among cells and None as one among cells: TensorFlow 1 raises where it is handed None for a cell."""
    if isinstance(value, Choice):
        cells = [option for option in value.options if not (isinstance(option, Const) and option.value is None)]
        if len(cells) < len(value.options) and all(is_cell(cell) for cell in cells):
            return join(cells)
    return value


def leaves(cell: Value) -> list[Node]:
    """The cells with variables that a cell is made of."""
    match cell:
        case Cell(cells=cells):
            return [leaf for inner in cells.items for leaf in leaves(inner)]
        case Choice(options=options):
            return list(dict.fromkeys(leaf for option in options for leaf in leaves(option)))
        case Node():
            return [cell]
    return []


def is_settled(leaf: Node) -> bool:
    """Whether it is known which variables a cell has."""
    return "built" in leaf.details and "shared" not in leaf.details


def form_of(cell: Value) -> object:
    """How the state of a cell is put together: cells with equal forms have states of one form."""
    match cell:
        case Cell(name="tf.nn.rnn_cell.MultiRNNCell", cells=cells):
            return (cells.exact, *(form_of(inner) for inner in cells.items))
        case Cell(name=name, cells=cells) if name == ATTENTION:
            return (name, form_of(cells.items[0]))
        case Cell(cells=cells):
            return form_of(cells.items[0])
        case Choice(options=options):
            forms = {form_of(option) for option in options}
            return forms.pop() if len(forms) == 1 else frozenset(forms)
        case Node(op=name) if name in LSTM_CELLS:
            return LSTM_FIELDS
    return ""


def units_of(cell: Value) -> Value | None:
    """The size of what a cell gives at each step; None where it is not known."""
    match cell:
        case Cell(name="tf.nn.rnn_cell.MultiRNNCell", cells=cells):
            return units_of(cells.items[-1]) if cells.exact and cells.items else None
        case Cell(name=name, cells=cells) if name not in OWNERS:
            return units_of(cells.items[0])
        case Choice(options=[first, *others]):
            units = units_of(first)
            known = units is not None and all(same_size(units, units_of(other)) for other in others)
            return units if known else None
        case Node(op=name, details=details) if name in CELLS:
            projected = details.get("num_proj")
            absent = projected is None or (isinstance(projected, Const) and projected.value is None)
            return details.get("num_units") if absent else projected
    return None


def same_size(size: Value, other: Value | None) -> bool:
    return other is not None and key_of(size) == key_of(other)


def is_state(value: Value) -> bool:
    """Whether a value is all that a function which runs cells, or ``zero_state``, gave as one state."""
    first = next(nodes_in(value), None)
    made = first.inputs[0].details if first is not None and first.inputs else {}
    return value in (made.get("state"), made.get("last"))


def is_first_state(node: Node) -> bool:
    """Whether a tensor is a state of zeros that a cell gave, or a part of one."""
    made = node.inputs[0] if node.op == "operator.getitem" else node
    return made.op == "cell.zero_state"


def is_random(cell: Value) -> bool:
    """Whether a cell drops anything."""
    if isinstance(cell, Choice):
        return any(is_random(option) for option in cell.options)
    return isinstance(cell, Cell) and cell.random
