"""Optimizers outside of the graph, such as scipy's: they run the graph themselves, as often as they like."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.arguments import Arguments, argument, parameters
from tf2migrate.graph.flags import Flags
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import Bound, Const, Function, Host, Node, Optimizer, Sequence, Value

CONSTRAINTS = ("equalities", "inequalities", "var_to_bounds")
# What such an optimizer calls on its way.
CALLBACKS = ("step_callback", "loss_callback")
KNOWN = frozenset({"session", "feed_dict", "fetches", *CALLBACKS})


class External(Flags):
    """``tf.contrib.opt.ScipyOptimizerInterface``."""

    def run_site(
        self,
        form: str,
        fetches: Value | None,
        expression: cst.BaseExpression | None,
        feeds: Value | None,
        feed_expression: cst.BaseExpression | None,
        node: cst.Call,
        frame: Frame,
        session: Value | None = None,
    ) -> Value:
        raise NotImplementedError

    def external_optimizer(self, name: str, args: Arguments, node: cst.Call) -> Value:
        """What it minimizes, and over which variables, is settled when it is made."""
        bounds = [args.get(position, given) for position, given in enumerate(CONSTRAINTS, 2)]
        if any(given is not None and not (isinstance(given, Const) and given.value is None) for given in bounds):
            reason = "the constraints and bounds of an external optimizer are not rewritten yet"
            return self.refuse("TFM501", node, reason)
        made = self.optimizer(name, args, node)
        if isinstance(made, Optimizer):
            update = self.train(made, args.get(0, "loss"), self.targets(args.get(1, "var_list")), None, node)
            if not isinstance(update, Node):
                return update
            made.train = update
        return made

    def external_method(
        self, target: Optimizer, name: str, args: Arguments, node: cst.Call, frame: Frame
    ) -> Value:
        """A call of such an optimizer: one run, which it repeats with other values of the variables."""
        if name != "minimize":
            return self.refuse("TFM501", node, f"`{name}` of an external optimizer is not followed")
        assert target.train is not None
        if not args.keywords.keys() <= KNOWN or len(args.positional) > 3 or not args.exact:
            return self.refuse("TFM501", node, "these arguments of an external optimizer are not rewritten yet")
        told, expression = args.get(2, "fetches"), argument(node, 2, "fetches")
        if told is None or expression is None or (isinstance(told, Const) and told.value is None):
            told, expression = Sequence([]), cst.List([])
        assert isinstance(node.func, cst.Attribute)
        feeds, feed = args.get(1, "feed_dict"), argument(node, 1, "feed_dict")
        fetched = cst.List([cst.Element(node.func.value), cst.Element(expression)])
        update, session = Sequence([target.train, told]), args.get(0, "session")
        results = self.run_site("external", update, fetched, feeds, feed, node, frame, session)
        values = results.items[1] if isinstance(results, Sequence) else None
        runs = len(self.staging.runs)
        for kind in [name for name in CALLBACKS if name in args.keywords]:
            callback = args.keywords[kind]
            function = callback.function if isinstance(callback, Bound) else callback
            bound = [callback.receiver] if isinstance(callback, Bound) else []
            if isinstance(function, Function):
                count = len(parameters(function)) - len(bound)
                known: list[Value] = []
                if kind == "loss_callback" and isinstance(values, Sequence) and values.exact:
                    known = values.items
                given = known if len(known) == count else [Host()] * count
                self.invoke(function, [*bound, *given], {}, node)
        if len(self.staging.runs) > runs:
            return self.refuse("TFM411", node, "a function that an external optimizer calls runs the graph")
        return Const(None)
