"""The abstract interpreter: functions of contrib and slim that stand for several statements."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.symbols import canonical, tf1_symbol
from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.calls import Calls
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Convenience
from tf2migrate.graph.values import Bound, Function, Symbol, Value, nodes_in

CREATE_TRAIN_OP = ("tf.contrib.slim.learning.create_train_op", "tf.contrib.training.create_train_op")
OPTIMIZE_LOSS = "tf.contrib.layers.optimize_loss"
REPEAT = "tf.contrib.layers.repeat"
STACK = "tf.contrib.layers.stack"
PENALTY = "tf.contrib.layers.apply_regularization"
CONVENIENCES = frozenset({*CREATE_TRAIN_OP, OPTIMIZE_LOSS, REPEAT, STACK, PENALTY})
# With a function of the program for the loss of each step, which is called by name.
STEP_LOSSES = "tf.contrib.legacy_seq2seq.sequence_loss_by_example"
STEP_LOSS = (4, "softmax_loss_function")


class Conveniences(Calls):
    """Remembers the calls, which are written out before the program is planned."""

    collections: dict[str, list[Value]]

    def is_convenience(self, name: str, args: Arguments) -> bool:
        """Whether a call is written out before the program is planned."""
        given = args.get(*STEP_LOSS) if canonical(name) == STEP_LOSSES else None
        return name in CONVENIENCES or isinstance(given, Function | Bound | Symbol)

    def convenience(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        symbol = tf1_symbol(name)
        if symbol is None or not args.exact:
            return self.refuse("TFM410", node, f"the arguments of `{name}` are not known")
        named = {**dict(zip(symbol.positional(), args.positional, strict=False)), **args.keywords}
        updates = bool(self.collections.get("update_ops"))
        self.staging.conveniences.append(Convenience(name, node, frame, self.place(), named, updates))
        operands = [value for value in args.all() if any(True for _ in nodes_in(value))]
        return self.tensor(name, operands, node)
