"""The abstract interpreter: ``tf.train.ExponentialMovingAverage``, which keeps variables that follow others."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.metrics import Metrics
from tf2migrate.graph.staging import AverageCall
from tf2migrate.graph.values import Averages, Const, Node, Sequence, Unknown, Value
from tf2migrate.graph.variables import is_given

AVERAGE = "average of a tensor"
PARAMETERS = ("decay", "num_updates", "zero_debias", "name")


class MovingAverages(Metrics):
    """Remembers what is followed; the averages are written out as variables before the program is planned."""

    def moving_averages(self, args: Arguments, node: cst.Call) -> Value:
        given = {key: args.get(position, key) for position, key in enumerate(PARAMETERS)}
        debiased = given["zero_debias"]
        if not args.exact or set(args.keywords) - set(PARAMETERS):
            return self.refuse("TFM410", node, "the arguments of this moving average are not known")
        if debiased is not None and not (isinstance(debiased, Const) and not debiased.value):
            return self.refuse("TFM410", node, "moving averages without bias are not rewritten yet")
        made = Averages(node, self.place(), is_given(given["num_updates"]))
        self.staging.averages.append(made)
        return made

    def average_method(self, receiver: Averages, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        match name:
            case "apply":
                return self.follow(receiver, args.get(0, "var_list"), node, frame)
            case "average":
                return self.average_of(receiver, args.get(0, "var"), node, frame)
        return self.refuse("TFM410", node, f"`{name}` of moving averages is not rewritten yet")

    def follow(self, receiver: Averages, given: Value | None, node: cst.Call, frame: Frame) -> Value:
        if not is_given(given):
            given = self.collection("trainable_variables", None, node)
        if not isinstance(given, Sequence) or not given.exact or not all(isinstance(v, Node) for v in given.items):
            return self.refuse("TFM410", node, "what these averages follow is not known")
        nodes = [v for v in given.items if isinstance(v, Node)]
        for position, each in enumerate(nodes):
            receiver.kept.setdefault(each.number, (node, position))
        self.staging.average_calls.append(AverageCall(node, frame, self.place(), receiver, tuple(nodes)))
        return self.make("group", "tf.group", [*nodes], node)

    def average_of(self, receiver: Averages, given: Value | None, node: cst.Call, frame: Frame) -> Value:
        if not isinstance(given, Node) or given.number not in receiver.kept:
            return Unknown("no average is kept of this", self.place())
        self.staging.average_calls.append(AverageCall(node, frame, self.place(), receiver, (given,)))
        made = self.make("tensor", AVERAGE, [given], node)
        made.shape = given.shape
        return made


def is_apply(call: AverageCall) -> bool:
    """Whether a call is the update, and not the question for one average."""
    return isinstance(call.call.func, cst.Attribute) and call.call.func.attr.value == "apply"
