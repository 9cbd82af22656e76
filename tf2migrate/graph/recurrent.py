"""The abstract interpreter: recurrent cells, the functions that run them, and the states between.

A cell that owns variables is a node of its own. TensorFlow 1 makes the variables when the cell is called first, in
the scopes that are open then; that gives them their names and their place among the other variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst

from tf2migrate.api.symbols import canonical, tf1_symbol
from tf2migrate.graph.calls import Arguments
from tf2migrate.graph.flags import Flags
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import (
    Bound,
    Cell,
    Choice,
    Const,
    Host,
    Mapping,
    Node,
    Scope,
    Sequence,
    Symbol,
    Unknown,
    Value,
    fed_node,
    is_cell,
    nodes_in,
    unknown_in,
)
from tf2migrate.graph.variables import ScopeEntry

# Cells that own variables, with the name that TF1 gives to an unnamed one.
CELLS = {
    "tf.nn.rnn_cell.BasicLSTMCell": "basic_lstm_cell",
    "tf.nn.rnn_cell.BasicRNNCell": "basic_rnn_cell",
    "tf.nn.rnn_cell.GRUCell": "gru_cell",
    "tf.nn.rnn_cell.LSTMCell": "lstm_cell",
    "tf.contrib.rnn.LSTMBlockCell": "lstm_cell",
    "tf.contrib.rnn.LayerNormBasicLSTMCell": "layer_norm_basic_lstm_cell",
}
LSTM_CELLS = tuple(name for name in CELLS if "LSTM" in name)
STATE_TUPLE = "tf.nn.rnn_cell.LSTMStateTuple"
LSTM_FIELDS = ("c", "h")
# The packages that offer these under a name of their own.
PACKAGES = (
    "tf.nn.",
    "tf.contrib.rnn.",
    "tf.python.ops.rnn",
    "tf.contrib.grid_rnn.",
    "tf.contrib.legacy_seq2seq.",
    "tf.contrib.crf.",
)
KNOWN_ATTRIBUTES = frozenset({"zero_state", "output_size"})


class Recurrent(Flags):
    """``tf.nn.rnn_cell``, ``tf.contrib.rnn``, and the functions of ``tf.nn`` that run cells."""

    def recurrent(self, name: str, args: Arguments, node: cst.Call) -> Value | None:
        """What a function of recurrent networks gives; None for other functions."""
        if not name.startswith(PACKAGES):
            return None
        name = canonical(name)
        if name in CELLS:
            return self.leaf_cell(name, self.named(name, args), node)
        named = self.named(name, args)
        match name:
            case "tf.contrib.crf.crf_log_likelihood":
                return self.likelihood(name, named, node)
            case "tf.nn.rnn_cell.MultiRNNCell":
                return self.stacked(name, named, node)
            case "tf.nn.rnn_cell.DropoutWrapper" | "tf.nn.rnn_cell.ResidualWrapper":
                return self.wrapped(name, named, node)
            case "tf.nn.rnn_cell.LSTMStateTuple":
                if len(named) != 2:
                    return Unknown("the parts of this state are not known", self.place())
                return Sequence([named["c"], named["h"]], "tuple", True, LSTM_FIELDS)
            case "tf.nn.dynamic_rnn":
                return self.dynamic(name, named, node)
            case "tf.nn.static_rnn":
                return self.static(name, named, node)
            case "tf.contrib.legacy_seq2seq.rnn_decoder":
                return self.decoder(name, named, node)
            case "tf.nn.bidirectional_dynamic_rnn" | "tf.nn.static_bidirectional_rnn":
                return self.bidirectional(name, named, node)
        return None

    def named(self, name: str, args: Arguments) -> dict[str, Value]:
        """The arguments by parameter."""
        symbol = tf1_symbol(name)
        names = ("c", "h") if name == STATE_TUPLE else symbol.positional() if symbol is not None else ()
        return {**dict(zip(names, args.positional, strict=False)), **args.keywords}

    # ------------------------------------------------------------------ cells
    def leaf_cell(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        """A cell with variables, which do not exist before it is called."""
        for value in named.values():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        if any(True for _ in nodes_in(named.get("num_units"))):
            return self.refuse("TFM702", node, "the size of this cell is a tensor")
        made = self.make("variable", name, [], node)
        made.trainable = False
        made.details.update(named)
        made.details["cell"] = Const(name)
        self.staging.touched.append((made, self.place()))
        return made

    def stacked(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        cells = named.get("cells")
        if not isinstance(cells, Sequence) or not all(is_cell(cell) for cell in cells.items):
            return self.not_a_cell(cells, node)
        return Cell(name, cells, (), any(is_random(cell) for cell in cells.items))

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

    def not_a_cell(self, value: Value | None, node: cst.Call) -> Value:
        if value is not None and (unknown := unknown_in(value)) is not None:
            return unknown
        reason = "which cell this is cannot be followed"
        return self.refuse("TFM702", node, reason, "make the cell by one of the classes of `tf.nn.rnn_cell`")

    # ------------------------------------------------------------------ making the variables
    @contextmanager
    def inside(self, scope: Value | None, default: str) -> Iterator[None]:
        """The variable scope ``scope or default``."""
        outer = self.scopes[-1]
        path, reuse = f"{outer.path}/{default}" if outer.path else default, outer.reuse
        match scope:
            case Const(value=str() as name):
                path = f"{outer.path}/{name}" if outer.path else name
            case Scope(path=given, reuse=own):
                path, reuse = given, own or reuse
            case None | Const(value=None):
                pass
            case _:
                path = f"{outer.path}/?{len(self.staging.nodes)}"
        self.scopes.append(ScopeEntry(path, reuse))
        try:
            yield
        finally:
            self.scopes.pop()

    def build(self, cell: Value, node: cst.Call) -> Unknown | None:
        """The first call of a cell makes its variables; gives the reason why that cannot be followed."""
        match cell:
            case Cell(name="tf.nn.rnn_cell.MultiRNNCell", cells=cells):
                if all("built" in leaf.details for leaf in leaves(cell)):
                    return None
                with self.inside(None, self.scopes[-1].unique("multi_rnn_cell")):
                    for index, inner in enumerate(cells.items):
                        with self.inside(None, f"cell_{index}"):
                            if (unknown := self.build(inner, node)) is not None:
                                return unknown
            case Cell(cells=cells):
                return self.build(cells.items[0], node)
            case Choice(options=options):
                return self.build_one_of(options, node)
            case Node():
                return self.build_leaf(cell, node)
        return None

    def build_one_of(self, options: tuple[Value, ...], node: cst.Call) -> Unknown | None:
        """Only one of the cells is there when the program runs: their variables may have the same names."""
        before = dict(self.by_name)
        after: dict[str, Node] = {}
        for option in options:
            self.by_name.clear()
            self.by_name.update(before)
            if (unknown := self.build(option, node)) is not None:
                return unknown
            after |= self.by_name
        self.by_name.update(after)
        return None

    def build_leaf(self, cell: Node, node: cst.Call) -> Unknown | None:
        if "built" in cell.details:
            return None
        path = self.full_name(cell.details.get("name"), CELLS[cell.op], node)
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
        known = self.by_name.get(f"cell {path}")
        if reuse == "maybe" or (reuse and "?" in path):
            return self.refuse("TFM404", node, "whether this cell shares its variables depends on what is not known")
        if known is not None and reuse:
            reason = f"two cells share the variables of `{path}` by their name"
            return self.refuse("TFM702", node, reason, "make one cell, and use it twice")
        if known is not None:
            return self.refuse("TFM404", node, f"the cell `{path}` is made twice without reuse")
        if reuse is True:
            reason = f"`{path}` is reused here, but no cell of this name was made before"
            return self.refuse("TFM404", node, reason)
        cell.name, cell.trainable = path, True
        cell.details["built"] = Const(True)
        self.by_name[f"cell {path}"] = cell
        self.collections.setdefault("variables", []).append(cell)
        return None

    # ------------------------------------------------------------------ running
    def dynamic(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        problem = self.problem(named, node, "cell")
        if problem is not None:
            return problem
        cell = named["cell"]
        with self.inside(named.get("scope"), "rnn"):
            problem = self.build(cell, node)
        if problem is not None:
            return problem
        outputs = self.run_node(name, [cell], named, node)
        return Sequence([outputs, self.state_of(cell, outputs, node)], "tuple")

    def static(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        problem = self.problem(named, node, "cell")
        if problem is not None:
            return problem
        cell = named["cell"]
        with self.inside(named.get("scope"), "rnn"):
            problem = self.build(cell, node)
        if problem is not None:
            return problem
        made = self.run_node(name, [cell], named, node)
        return Sequence([self.steps_of(made, named["inputs"], node), self.state_of(cell, made, node)], "tuple")

    def decoder(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        """``rnn_decoder``: a cell that may read what a function makes of its last output."""
        given = {**named, "inputs": named.get("decoder_inputs", Const(None))}
        problem = self.problem(given, node, "cell")
        if problem is not None:
            return problem
        cell = named["cell"]
        with self.inside(named.get("scope"), "rnn_decoder"):
            problem = self.build(cell, node)
            if problem is None:
                problem = self.loop_function(named.get("loop_function"), node)
        if problem is not None:
            return problem
        operands = {key: value for key, value in named.items() if key != "loop_function"}
        made = self.run_node(name, [cell], operands, node)
        return Sequence([self.steps_of(made, given["inputs"], node), self.state_of(cell, made, node)], "tuple")

    def loop_function(self, function: Value | None, node: cst.Call) -> Unknown | None:
        """What a decoder calls between its steps: nothing as yet."""
        if function is None or (isinstance(function, Const) and function.value is None):
            return None
        return self.refuse("TFM702", node, "a decoder that reads its own outputs is not rewritten yet")

    def likelihood(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        """The likelihoods of a conditional random field, and the transition scores that it was given."""
        transitions = named.get("transition_params", Const(None))
        if isinstance(transitions, Const):
            return Unknown(f"`{name}` makes a variable of its own, which is not rewritten yet", self.place(), "TFM410")
        made = self.tensor(name, list(named.values()), node)
        return made if isinstance(made, Unknown) else Sequence([made, transitions], "tuple")

    def bidirectional(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        problem = self.problem(named, node, "cell_fw", "cell_bw")
        if problem is not None:
            return problem
        cells = [named["cell_fw"], named["cell_bw"]]
        with self.inside(named.get("scope"), "bidirectional_rnn"):
            for direction, cell in zip(("fw", "bw"), cells, strict=True):
                with self.inside(None, direction):
                    problem = problem or self.build(cell, node)
        if problem is not None:
            return problem
        made = self.run_node(name, cells, named, node)
        states = [self.parts_of(cell, made, node) for cell in cells]
        if name == "tf.nn.static_bidirectional_rnn":
            return Sequence([self.steps_of(made, named["inputs"], node), *states], "tuple")
        outputs: list[Value] = [self.part(made, node) for _ in cells]
        return Sequence([Sequence(outputs, "tuple"), Sequence(states, "tuple")], "tuple")

    def problem(self, named: dict[str, Value], node: cst.Call, *cells: str) -> Value | None:
        """Why a function that runs cells cannot be followed."""
        for value in named.values():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        for key in cells:
            if not is_cell(named.get(key)):
                return self.not_a_cell(named.get(key), node)
        inputs = named.get("inputs")
        if inputs is None or not any(True for _ in nodes_in(inputs)):
            return self.refuse("TFM702", node, "what this recurrent network reads is not a tensor of this graph")
        dtype = named.get("dtype")
        match dtype:
            case None | Const(value=None | "float32" | "float") | Symbol(name="tf.float32"):
                return None
        return self.refuse("TFM702", node, "recurrent networks of other types than `float32` are not rewritten yet")

    def run_node(self, name: str, cells: list[Value], named: dict[str, Value], node: cst.Call) -> Node:
        operands = [value for key, value in named.items() if key != "scope"]
        made = self.make("tensor", name, operands, node)
        made.random = any(is_random(cell) for cell in cells)
        return made

    def part(self, whole: Node, node: cst.Call) -> Node:
        return self.make("tensor", "operator.getitem", [whole], node)

    def steps_of(self, made: Node, inputs: Value, node: cst.Call) -> Sequence:
        """One output for each step of the inputs."""
        if isinstance(inputs, Sequence) and inputs.exact:
            return Sequence([self.part(made, node) for _ in inputs.items])
        return Sequence([self.part(made, node)], "list", False)

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
            case Cell(cells=cells):
                return self.parts_of(cells.items[0], whole, node)
            case Choice(options=options) if len({form_of(option) for option in options}) == 1:
                return self.parts_of(options[0], whole, node)
            case Node(op=name) if name in LSTM_CELLS:
                parts: list[Value] = [self.part(whole, node) for _ in LSTM_FIELDS]
                return Sequence(parts, "tuple", True, LSTM_FIELDS)
        return self.part(whole, node)

    # ------------------------------------------------------------------ cells as objects
    def apply(self, callee: Value, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if is_cell(callee):
            return self.call_cell(callee, args, node)
        return super().apply(callee, args, node, frame)

    def call_cell(self, cell: Value, args: Arguments, node: cst.Call) -> Value:
        """``output, state = cell(inputs, state)``: one step."""
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        inputs, state = args.get(0, "inputs"), args.get(1, "state")
        if inputs is None or state is None or len(args.all()) > 2:
            return self.refuse("TFM702", node, "a cell is called with other arguments than its inputs and its state")
        problem = self.build(cell, node)
        if problem is not None:
            return problem
        made = self.run_node("cell.call", [cell], {"cell": cell, "inputs": inputs, "state": state}, node)
        return Sequence([made, self.state_of(cell, made, node)], "tuple")

    def attribute(self, base: Value, name: str, node: cst.Attribute) -> Value:
        if is_cell(base) and name == "output_size":
            return Host()
        if is_cell(base) and name not in KNOWN_ATTRIBUTES:
            return Unknown(f"`{name}` of a recurrent cell is not followed", self.place(), "TFM702")
        return super().attribute(base, name, node)

    def method(self, callee: Bound, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if not is_cell(callee.receiver):
            return super().method(callee, args, node, frame)
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        made = self.make("tensor", "cell.zero_state", [callee.receiver, *args.all()], node)
        return self.state_of(callee.receiver, made, node)

    # ------------------------------------------------------------------ states that are fed
    def put(self, target: Mapping, key: Value, value: Value, where: cst.CSTNode) -> None:
        super().put(target, fed_node(key) or key, value, where)

    def set_item(self, base: Value, key: Value, value: Value, where: cst.CSTNode) -> None:
        super().set_item(base, fed_node(key) or key, value, where)


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


def form_of(cell: Value) -> object:
    """How the state of a cell is put together: cells with equal forms have states of one form."""
    match cell:
        case Cell(name="tf.nn.rnn_cell.MultiRNNCell", cells=cells):
            return (cells.exact, *(form_of(inner) for inner in cells.items))
        case Cell(cells=cells):
            return form_of(cells.items[0])
        case Choice(options=options):
            forms = {form_of(option) for option in options}
            return forms.pop() if len(forms) == 1 else frozenset(forms)
        case Node(op=name) if name in LSTM_CELLS:
            return LSTM_FIELDS
    return ""


def is_state(value: Value) -> bool:
    """Whether a value is all that a function which runs cells, or ``zero_state``, gave as one state."""
    first = next(nodes_in(value), None)
    made = first.inputs[0].details if first is not None and first.inputs else {}
    return value in (made.get("state"), made.get("last"))


def is_random(cell: Value) -> bool:
    """Whether a cell drops anything."""
    if isinstance(cell, Choice):
        return any(is_random(option) for option in cell.options)
    return isinstance(cell, Cell) and cell.random
