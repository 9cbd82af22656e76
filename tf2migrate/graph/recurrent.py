"""The abstract interpreter: the functions that run recurrent cells, and the states between."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.symbols import canonical, tf1_symbol
from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.cells import (
    CELLS,
    EMBEDDING,
    LSTM_FIELDS,
    OWNERS,
    Cells,
    is_random,
    leaves,
    some_cell,
    units_of,
)
from tf2migrate.graph.control import Control
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import (
    Bound,
    Choice,
    Const,
    Host,
    Mapping,
    Node,
    Sequence,
    Symbol,
    Unknown,
    Value,
    fed_node,
    is_cell,
    nodes_in,
    settled,
    unknown_in,
)
from tf2migrate.graph.variables import is_given

STATE_TUPLE = "tf.nn.rnn_cell.LSTMStateTuple"
# The packages that offer these under a name of their own.
PACKAGES = (
    "tf.nn.",
    "tf.contrib.rnn.",
    "tf.python.ops.rnn",
    "tf.contrib.grid_rnn.",
    "tf.contrib.legacy_seq2seq.",
    "tf.contrib.crf.",
)
# The scopes of the two directions.
WAYS = ("fw", "bw")
KNOWN_ATTRIBUTES = frozenset({"zero_state", "output_size"})


class Recurrent(Control, Cells):
    """``tf.nn.rnn_cell``, ``tf.contrib.rnn``, and the functions of ``tf.nn`` that run cells."""

    def recurrent(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value | None:
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
            case name if name in OWNERS:
                return self.owning(name, named, node)
            case "tf.nn.rnn_cell.LSTMStateTuple":
                if len(named) != 2:
                    return Unknown("the parts of this state are not known", self.place())
                return Sequence([named["c"], named["h"]], "tuple", True, LSTM_FIELDS)
            case "tf.nn.dynamic_rnn":
                return self.dynamic(name, named, node)
            case "tf.nn.static_rnn":
                return self.static(name, named, node)
            case "tf.contrib.legacy_seq2seq.rnn_decoder":
                return self.decoder(name, named, node, frame)
            case "tf.nn.bidirectional_dynamic_rnn" | "tf.nn.static_bidirectional_rnn":
                return self.bidirectional(name, named, node)
            case "tf.contrib.rnn.stack_bidirectional_dynamic_rnn":
                return self.layers_of_both(name, named, node)
        return None

    def named(self, name: str, args: Arguments) -> dict[str, Value]:
        """The arguments by parameter."""
        symbol = tf1_symbol(name)
        names = ("c", "h") if name == STATE_TUPLE else symbol.positional() if symbol is not None else ()
        given = {**dict(zip(names, args.positional, strict=False)), **args.keywords}
        return {key: some_cell(value) for key, value in given.items()}

    # ------------------------------------------------------------------ running
    def dynamic(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        # The recipe transposes the inputs, which makes a tensor of them.
        problem = self.problem(named, node, "cell", constant=not is_given(named.get("time_major")))
        if problem is not None:
            return problem
        cell = named["cell"]
        if any(leaf.op == EMBEDDING for leaf in leaves(cell)):
            return self.refuse("TFM702", node, "a cell that reads numbers of words is run step by step only")
        with self.inside(named.get("scope"), "rnn"):
            problem = self.build(cell, node)
        if problem is not None:
            return problem
        outputs = self.run_node(name, [cell], named, node)
        self.shape_outputs(outputs, cell, named["inputs"])
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

    def decoder(self, name: str, named: dict[str, Value], node: cst.Call, frame: Frame) -> Value:
        """``rnn_decoder``: a cell that may read what a function makes of its last output."""
        given = {**named, "inputs": named.get("decoder_inputs", Const(None))}
        problem = self.problem(given, node, "cell")
        if problem is not None:
            return problem
        cell = named["cell"]
        operands = {key: value for key, value in named.items() if key != "loop_function"}
        function = named.get("loop_function")
        with self.inside(named.get("scope"), "rnn_decoder"):
            problem = self.build(cell, node)
            if problem is None and function is not None and is_given(function):
                with self.inside(None, "loop_function", reuse=True):
                    operands["next"] = self.next_inputs(function, cell, given["inputs"], node, frame)
                problem = unknown_in(operands["next"])
        if problem is not None:
            return problem
        made = self.run_node(name, [cell], operands, node)
        return Sequence([self.steps_of(made, given["inputs"], node), self.state_of(cell, made, node)], "tuple")

    def next_inputs(self, function: Value, cell: Value, inputs: Value, node: cst.Call, frame: Frame) -> Value:
        """What a decoder reads at its next step: a function makes it of the output of the last one."""
        output = self.make("tensor", "loop.variable", [cell], node)
        first = next(nodes_in(inputs), None)
        if first is not None:
            output.details["like"] = first
        options = function.options if isinstance(function, Choice) else (function,)
        made: list[Value] = []
        for option in options:
            if is_given(option):
                made.append(self.followed(option, [output, Host()], node, frame, repeated=True))
                if isinstance(made[-1], Unknown):
                    return made[-1]
        if not all(isinstance(each, Node) for each in made):
            reason = "what this decoder reads at its next step is not a tensor of this graph"
            return self.refuse("TFM702", node, reason)
        return Sequence(made)

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
            for direction, cell in zip(WAYS, cells, strict=True):
                with self.inside(None, direction):
                    problem = problem or self.build(cell, node)
        if problem is not None:
            return problem
        made = self.run_node(name, cells, named, node)
        states = [self.parts_of(cell, made, node) for cell in cells]
        if name == "tf.nn.static_bidirectional_rnn":
            return Sequence([self.steps_of(made, named["inputs"], node), *states], "tuple")
        outputs = [self.part(made, node) for _ in cells]
        for output, cell in zip(outputs, cells, strict=True):
            self.shape_outputs(output, cell, named["inputs"])
        return Sequence([Sequence([*outputs], "tuple"), Sequence(states, "tuple")], "tuple")

    def layers_of_both(self, name: str, named: dict[str, Value], node: cst.Call) -> Value:
        """Layers of cells in both directions, each of which reads what both of the layer below give."""
        pairs: list[tuple[Value, Value]] = []
        match named.get("cells_fw"), named.get("cells_bw"):
            case Sequence(items=forward, exact=True), Sequence(items=backward, exact=True):
                pairs = list(zip(forward, backward, strict=False))
        if not pairs:
            return self.not_a_cell(named.get("cells_fw"), node)
        layers = {f"cell_{i}{way}": cell for i, pair in enumerate(pairs) for way, cell in zip(WAYS, pair, strict=True)}
        problem = self.problem({**named, **layers}, node, *layers)
        with self.inside(named.get("scope"), "stack_bidirectional_rnn"):
            for index, pair in enumerate(pairs):
                for way, cell in zip(WAYS, pair, strict=True):
                    with self.inside(None, f"cell_{index}/bidirectional_rnn/{way}"):
                        problem = problem or self.build(cell, node)
        if problem is not None:
            return problem
        made = self.run_node(name, list(layers.values()), named, node)
        states = [
            Sequence([self.parts_of(pair[way], made, node) for pair in pairs], "tuple") for way in range(len(WAYS))
        ]
        return Sequence([self.part(made, node), *states], "tuple")

    def problem(
        self, named: dict[str, Value], node: cst.Call, *cells: str, constant: bool = False
    ) -> Value | None:
        """Why a function that runs cells cannot be followed; it may read a ``constant`` of the host."""
        for value in named.values():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        for key in cells:
            if not is_cell(named.get(key)):
                return self.not_a_cell(named.get(key), node)
        inputs = named.get("inputs")
        if inputs is None or not ((constant and isinstance(inputs, Host)) or any(True for _ in nodes_in(inputs))):
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

    def shape_outputs(self, made: Node, cell: Value, inputs: Value) -> None:
        """What cells give has the shape of what they read, but for its last dimension."""
        units = units_of(cell)
        if units is not None and isinstance(inputs, Node) and inputs.shape and not self.repeated:
            made.shape = (*inputs.shape[:-1], settled(units))

    def steps_of(self, made: Node, inputs: Value, node: cst.Call) -> Sequence:
        """One output for each step of the inputs."""
        if isinstance(inputs, Sequence) and inputs.exact:
            return Sequence([self.part(made, node) for _ in inputs.items])
        return Sequence([self.part(made, node)], "list", False)

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
        self.shape_outputs(made, cell, inputs)
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

