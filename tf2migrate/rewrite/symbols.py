"""TF1 symbols in code that stays or moves: their native spelling, by the tables of ``api``."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.api.calls import rewrite_call, rewrite_reference
from tf2migrate.api.calls_model import Argument, Call, Definition, Kept, Refused
from tf2migrate.api.collections import collection_name
from tf2migrate.api.flags import absl_name, is_flags
from tf2migrate.api.initializers import initializer_reference
from tf2migrate.api.layers import Flag, Layer, is_layer, layer
from tf2migrate.api.literals import grouped
from tf2migrate.api.mnist import is_mnist_reader, read_data_sets
from tf2migrate.api.regularizers import is_regularizer, regularizer
from tf2migrate.api.schedules import is_schedule, schedule
from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.api.vocabularies import vocabulary, vocabulary_name
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import DYNAMIC, Const, Host, Node, Symbol, nodes_in
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.contract import ancestors
from tf2migrate.plan.facts import dtype_of, rank_of
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.chosen_cells import chosen_arguments, chosen_cell
from tf2migrate.rewrite.flags import absl_call
from tf2migrate.rewrite.seeded_draws import needs_own_stream
from tf2migrate.rewrite.seeding import host_numbers_stay

# Losses of TensorFlow 1 that send no gradient into their labels, and what they call these.
STOPPED_LABELS = {
    "tf.nn.softmax_cross_entropy_with_logits": "labels",
    "tf.losses.softmax_cross_entropy": "onehot_labels",
}
# Functions whose result had the static shape that an argument gives, where TensorFlow 2 asks the input for the batch.
SIZED_BY = {"tf.nn.conv2d_transpose": "output_shape"}
# Functions that ask their table for its device, which a variable of Keras does not tell: they get what it holds.
ASKING_TABLES = frozenset(
    f"tf.{room}.{name}"
    for room in ("nn", "contrib.layers")
    for name in ("embedding_lookup_sparse", "safe_embedding_lookup_sparse")
)
INITIALIZERS = frozenset({"tf.zeros_initializer", "tf.ones_initializer"})


@dataclass(slots=True)
class Symbols:
    """Rewrites calls and references of TensorFlow symbols in one module."""

    module: Module
    staging: Staging
    aliases: Aliases
    definitions: dict[str, Definition] = field(default_factory=dict)
    nowhere: set[str] = field(default_factory=set)
    """Names that no TensorFlow has, in code that nothing reaches."""

    @property
    def tf(self) -> str:
        return self.aliases.tensorflow or "tf"

    def canonical(self, node: cst.BaseExpression) -> str | None:
        """The TF1 symbol that ``node`` is, by what was observed, else by the module's imports."""
        seen = self.staging.values_of(node)
        if seen:
            names = {value.name for value in seen if isinstance(value, Symbol)}
            return names.pop() if len(names) == 1 and all(isinstance(v, Symbol) for v in seen) else None
        if isinstance(node, cst.Name | cst.Attribute):
            return self.aliases.canonical(node)
        return None

    def call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        """The native form of one call; the arguments of ``updated`` are native already."""
        name = self.canonical(original.func)
        if name is None:
            arguments_of_all = chosen_arguments(self, original, updated)
            if arguments_of_all is not None:
                return self.expression(self.code(updated.func) + arguments_of_all)
            return self.penalty(original, updated)
        if is_flags(name):
            return absl_call(absl_name(name) or "", updated)
        if name.startswith("tf.summary."):
            reason = "a summary that is made in this function is not rewritten yet"
            raise self.refused(Refused(reason, "make it where the graph is put together", "TFM804"), original)
        if name in ASKING_TABLES and updated.args:
            table = self.held_by_keras(original.args[0], updated.args[0])
            updated = updated.with_changes(args=[table, *updated.args[1:]])
        arguments = self.arguments(updated)
        if is_mnist_reader(name):
            made = read_data_sets(
                arguments, tf=self.tf, graph_seed=self.graph_seed(original), asks_for_fakes=self.asks_for_fakes()
            )
            return self.settle(made, original, updated)
        if vocabulary_name(name) is not None:
            return self.settle(vocabulary(name, arguments, tf=self.tf), original, updated)
        if is_schedule(name):
            return self.decay(name, arguments, original)
        if is_initializer(name):
            made = initializer_reference(name, arguments, tf=self.tf, shared=not self.used_once(original))
            return self.settle(made, original, updated)
        if is_layer(name):
            return self.settle(layer(name, arguments, tf=self.tf, flag=self.flag(original)), original, updated)
        if is_regularizer(name):
            return self.settle(regularizer(name, arguments, tf=self.tf), original, updated)
        if name == "tf.Variable" and not self.staging.values_of(original.func) and is_plain_variable(original):
            # In a function that nothing calls: TensorFlow 2 means the same by it.
            return updated
        if name == "tf.set_random_seed":
            return updated.with_changes(func=self.expression(self.seeding(original)))
        untrained = self.untrained(name, original)
        ranks, dtypes = self.known_of(name, original)
        sizes = self.given_sizes(name, original)
        native = rewrite_call(
            name, arguments, self.tf, ranks=ranks, dtypes=dtypes, no_gradient=untrained, sizes=sizes
        )
        spelt = self.settle(native, original, updated)
        if needs_own_stream(self.staging, original):
            return self.expression(f"{self.tf}.function(lambda: {self.code(spelt)})()")
        return spelt

    def asks_for_fakes(self) -> bool:
        """Whether the program gives more than a size, or `shuffle`, where it takes a batch of a data set."""
        return any(
            len([arg for arg in node.args if not (arg.keyword and arg.keyword.value == "shuffle")]) > 1
            for key in self.staging.module_frames
            for node in walk(self.staging.modules[key].tree)
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute)
            if node.func.attr.value == "next_batch"
        )

    def held_by_keras(self, table: cst.Arg, native: cst.Arg) -> cst.Arg:
        """A table as what asks for its device may be given it: a tensor, or the variable that Keras holds."""
        seen = self.staging.values_of(table.value)
        kinds = {value.kind if isinstance(value, Node) else "" for value in seen}
        if kinds == {"variable"}:
            return native.with_changes(value=self.expression(f"{grouped(self.code(native.value))}.value"))
        if kinds - {"tensor", "placeholder"}:
            reason = "a list of tables, or one that may be a variable or not, is looked up by sparse rows"
            raise self.refused(Refused(reason, "Use one table", "TFM102"), table)
        return native

    def given_sizes(self, name: str, call: cst.Call) -> tuple[str, ...]:
        """The argument from which alone TensorFlow 1 knew the batch of a result, if it is one of the host."""
        parameter = SIZED_BY.get(name)
        made = [v for v in self.staging.values_of(call) if isinstance(v, Node)] if parameter else []
        if parameter is None or not made or not all(v.shape and v.shape[0] is not DYNAMIC for v in made):
            return ()
        batches = [v.inputs[0].shape[0] if v.inputs and v.inputs[0].shape else DYNAMIC for v in made]
        return (parameter,) if any(batch is DYNAMIC for batch in batches) else ()

    def known_of(self, name: str, call: cst.Call) -> tuple[dict[str, int | None], dict[str, str | None]]:
        """Rank and dtype of the arguments of a call, by parameter, where all that they ever were agrees."""
        symbol = tf1_symbol(name)
        places = list(symbol.positional()) if symbol is not None else []
        ranks: dict[str, int | None] = {}
        dtypes: dict[str, str | None] = {}
        for arg in call.args:
            if arg.star:
                break
            parameter = arg.keyword.value if arg.keyword is not None else places.pop(0) if places else ""
            seen = self.staging.values_of(arg.value)
            nodes = [value for value in seen if isinstance(value, Node)]
            if nodes and len(nodes) == len(seen):
                found, kinds = {rank_of(node) for node in nodes}, {dtype_of(node) for node in nodes}
                ranks[parameter] = found.pop() if len(found) == 1 else None
                dtypes[parameter] = kinds.pop() if len(kinds) == 1 else None
        return ranks, dtypes

    def untrained(self, name: str, call: cst.Call) -> tuple[str, ...]:
        """The labels of a cross entropy, if no gradient that the program takes can reach them."""
        keyword = STOPPED_LABELS.get(name)
        if keyword is None:
            return ()
        given = next((a for a in call.args if a.keyword is not None and a.keyword.value == keyword), None)
        if given is None:
            given = next((a for a in call.args[:1] if a.keyword is None and not a.star), None)
        seen = self.staging.values_of(given.value) if given is not None else []
        by = [n.details.get("variable") for n in self.staging.nodes if n.op == "tf.gradients"]
        if not seen or any(not isinstance(v, Node) or v.kind not in ("variable", "layer") for v in by):
            return ()
        behind = ancestors([node for value in seen for node in nodes_in(value)])
        trained = any(n.number in behind and n.kind not in ("tensor", "placeholder") for n in self.staging.nodes)
        known = all(isinstance(value, Node | Host | Const) for value in seen)
        return (keyword,) if known and not trained else ()

    def penalty(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        """``tf.contrib.layers.l2_regularizer(scale)(w)`` is ``scale * tf.nn.l2_loss(w)``."""
        match original, updated:
            case (
                cst.Call(func=cst.Call(func=maker), args=[cst.Arg(keyword=None)]),
                cst.Call(func=cst.Call(args=[cst.Arg(value=cst.BinaryOperation(left=scale))]), args=[cst.Arg(value=w)]),
            ) if self.canonical(maker) == "tf.contrib.layers.l2_regularizer":
                return self.expression(f"({self.code(scale)} * {self.tf}.nn.l2_loss({self.code(w)}))")
        return updated

    def graph_seed(self, before: cst.Call) -> str | None:
        """The text of the graph's seed, if it was set in this module before a call."""
        seed = None
        stack: list[cst.CSTNode] = [self.module.tree]
        while stack:
            node = stack.pop()
            if (
                isinstance(node, cst.Call)
                and self.canonical(node.func) == "tf.set_random_seed"
                and node.args
                and self.module.line(node) < self.module.line(before)
            ):
                seed = self.code(node.args[0].value)
            stack.extend(children(node))
        return seed

    def decay(self, name: str, arguments: list[Argument], where: cst.Call) -> cst.BaseExpression:
        """A learning-rate decay is a schedule called with the step."""
        made = schedule(name, arguments, tf=self.tf)
        if isinstance(made, Refused):
            raise self.refused(made, where)
        self.define(made.definitions)
        return self.expression(f"{made.constructor}({made.step_argument})")

    def reference(self, original: cst.Attribute | cst.Name, updated: cst.BaseExpression) -> cst.BaseExpression:
        """The native form of a symbol that is not called."""
        name = self.canonical(original)
        if name is None or name == "tf" or name.count(".") == 0 or is_flags(name):
            return updated
        if (key := collection_name(name)) is not None:
            return cst.SimpleString(f'"{key}"')
        if name in INITIALIZERS:
            return self.expression(f"{self.tf}.keras.initializers.{'Zeros' if 'zeros' in name else 'Ones'}()")
        made = chosen_cell(self, name) or rewrite_reference(name, self.tf)
        if isinstance(made, str):
            return self.expression(made) if made != self.code(updated) else updated
        return self.settle(made, original, updated)

    def seeding(self, call: cst.Call) -> str:
        """The function that makes a run repeatable, as the seed of the graph did; that of Keras takes ints alone."""
        seen = self.staging.values_of(call.args[0].value) if call.args else []
        whole = bool(call.args) and all(isinstance(v.value, int) for v in seen if isinstance(v, Const))
        modules = [self.staging.modules[key] for key in self.staging.module_frames]
        if whole and host_numbers_stay(call, self.module, modules, self.is_tensorflow):
            return f"{self.tf}.keras.utils.set_random_seed"
        return f"{self.tf}.random.set_seed"

    def is_tensorflow(self, called: str) -> bool:
        """Whether a function of this dotted name is TensorFlow's."""
        return called.split(".")[0] in self.aliases.names

    def used_once(self, initializer: cst.Call) -> bool:
        """Whether an initializer is written as the argument of the call that makes its one variable."""
        makers = ("tf.get_variable", "tf.layers.", "tf.contrib.layers.", "tf.nn.rnn_cell.LSTMCell")
        for node in self.staging.nodes:
            if (
                node.kind in ("variable", "layer")
                and node.op.startswith(makers)
                and isinstance(node.expression, cst.Call)
                and any(arg.value is initializer for arg in node.expression.args)
            ):
                # A cell with peepholes or a projection has several variables.
                return not ({"use_peepholes", "num_proj"} & node.details.keys())
        return False

    def flag(self, call: cst.Call) -> Flag:
        """What the ``training`` argument of a layer is: a Python value, or a tensor of the graph."""
        for position, arg in enumerate(call.args):
            if arg.keyword is None and position == 0:
                continue
            if (arg.keyword is None or arg.keyword.value in ("training", "is_training")) and any(
                True for v in self.staging.values_of(arg.value) for _ in nodes_in(v)
            ):
                return Flag.TENSOR
        return Flag.HOST

    def settle(
        self, made: Call | Kept | Refused | Layer, original: cst.BaseExpression, updated: cst.BaseExpression
    ) -> cst.BaseExpression:
        match made:
            case Kept():
                return self.respelled(original, updated)
            case Refused(unknown=True) if not self.staging.values_of(original) and (name := self.spelled(original)):
                # Nothing comes here, and no TensorFlow ever had it: it stays as it was.
                self.nowhere.add(name)
                return updated
            case Refused():
                raise self.refused(made, original)
            case Layer():
                raise self.refused(Refused("a layer is made here", "make it in the model", "TFM701"), original)
            case Call(text=text, definitions=definitions):
                self.define(definitions)
                return self.expression(text)

    def spelled(self, original: cst.BaseExpression) -> str | None:
        """The dotted name of a symbol, or of what a call calls."""
        return self.aliases.canonical(original.func if isinstance(original, cst.Call) else original)

    def respelled(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        """A symbol that kept its name, under a name that this module will still import."""
        named = original.func if isinstance(original, cst.Call) else original
        name = self.canonical(named)
        if name is None or dotted_name(named).partition(".")[0] not in self.aliases.private:
            return updated
        public = self.expression(self.tf + name.removeprefix("tf"))
        return updated.with_changes(func=public) if isinstance(updated, cst.Call) else public

    def refused(self, made: Refused, where: cst.CSTNode) -> NotPlanned:
        return NotPlanned(Refusal(made.code, self.module.key, where, made.reason, made.advice))

    def define(self, definitions: tuple[Definition, ...]) -> None:
        for definition in definitions:
            self.definitions[definition.name] = definition

    # ------------------------------------------------------------------ text
    def code(self, node: cst.CSTNode) -> str:
        return self.module.tree.code_for_node(node)

    def expression(self, text: str) -> cst.BaseExpression:
        return cst.parse_expression(text, self.module.tree.config_for_parsing)

    def arguments(self, call: cst.Call) -> list[Argument]:
        return [
            Argument(self.code(arg.value), arg.keyword.value if arg.keyword else None, arg.star) for arg in call.args
        ]


def is_plain_variable(call: cst.Call) -> bool:
    """Whether the arguments of ``tf.Variable`` are such as TensorFlow 2 has as well."""
    kept = ("initial_value", "trainable", "validate_shape", "name", "dtype", "shape")
    positional = [arg for arg in call.args if arg.keyword is None]
    named = [arg.keyword.value for arg in call.args if arg.keyword is not None]
    return len(positional) < 3 and all(name in kept for name in named) and not any(arg.star for arg in call.args)


def is_initializer(name: str) -> bool:
    last = name.rsplit(".", 1)[-1]
    return (last.endswith("_initializer") and not last.startswith(("global_", "local_", "variables_", "tables_"))) or (
        name.startswith(("tf.initializers.", "tf.keras.initializers.", "tf.init_ops."))
    )
