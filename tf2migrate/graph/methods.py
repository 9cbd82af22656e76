"""The abstract interpreter: methods of sessions, tensors, graphs and what else TensorFlow 1 hands out."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.api.distributions import is_distribution
from tf2migrate.graph.arguments import Arguments, argument
from tf2migrate.graph.averages import MovingAverages
from tf2migrate.graph.control import Control
from tf2migrate.graph.conveniences import Conveniences
from tf2migrate.graph.datasets import Datasets
from tf2migrate.graph.decorators import Decorators
from tf2migrate.graph.distributions import Distributions
from tf2migrate.graph.external import External
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.records import Records
from tf2migrate.graph.recurrent import Recurrent
from tf2migrate.graph.sizes import merged, sizes_given
from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.tensor_arrays import TensorArrays, is_array
from tf2migrate.graph.values import (
    Averages,
    Bound,
    Builtin,
    Choice,
    Const,
    Dataset,
    Graph,
    Host,
    Iterator,
    Mapping,
    Node,
    Optimizer,
    Saver,
    Scope,
    Sequence,
    Session,
    Summary,
    Tagged,
    Value,
    Writer,
    nodes_in,
    unknown_in,
)


class GraphMethods(
    Recurrent,
    Distributions,
    TensorArrays,
    Datasets,
    Control,
    MovingAverages,
    Conveniences,
    External,
    Records,
    Decorators,
):
    """Calls of methods of graph values."""

    def graph_method(self, receiver: Value, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        match receiver:
            case Session():
                return self.session_method(receiver, name, args, node, frame)
            case Optimizer():
                if receiver.train is not None:
                    return self.external_method(receiver, name, args, node, frame)
                return self.optimizer_method(receiver, name, args, node)
            case Node():
                return self.node_method(receiver, name, args, node, frame)
            case Graph():
                return self.graph_call(receiver, name, args, node)
            case Scope():
                if name == "reuse_variables":
                    self.reuse_now(receiver)
                if name.startswith("set_"):
                    return self.refuse("TFM601", node, f"`{name}` of a scope changes the variables inside it")
                return Const(None)
            case Writer():
                return self.writer_method(receiver, name, args, node, frame)
            case Saver():
                return self.saver_method(receiver, name, args, node, frame)
            case Tagged():
                return self.message_method(receiver, name, args, node)
            case Averages():
                return self.average_method(receiver, name, args, node, frame)
            case Dataset():
                return self.dataset_method(receiver, name, args, node)
            case Iterator():
                return self.iterator_method(receiver, name, args, node)
        return Host()

    def graph_call(self, receiver: Graph, name: str, args: Arguments, node: cst.Call) -> Value:
        match name:
            case "as_default":
                return Bound(receiver, Builtin(name), name)
            case "finalize" | "seed":
                return Const(None)
            case "get_tensor_by_name" | "get_operation_by_name" | "as_graph_element":
                return self.refuse("TFM806", node, f"`{name}` looks a node up by its name")
            case "get_collection":
                return self.get_collection(args, node)
            case "add_to_collection":
                return self.add_to_collection(args.get(0, "name"), args.get(1, "value"), node, 1)
        return Host()

    def session(self, args: Arguments, node: cst.Call) -> Session:
        """A new session, of the graph that it is given or else of the default one."""
        given = args.get(1, "graph")
        return Session(node, given.world if isinstance(given, Graph) else self.world)

    def session_method(self, receiver: Session, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        match name:
            case "run":
                fetches, feeds = args.get(0, "fetches"), args.get(1, "feed_dict")
                expression = argument(node, 0, "fetches")
                return self.run_site(
                    "run", fetches, expression, feeds, argument(node, 1, "feed_dict"), node, frame, receiver
                )
            case "as_default":
                return Bound(receiver, Builtin(name), name)
            case "close" | "__enter__" | "__exit__":
                return Const(None)
        return self.refuse("TFM408", node, f"`Session.{name}` has no counterpart")

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
        if fetches is None or expression is None:
            return self.refuse("TFM408", node, "the fetches of this run are not given in the call")
        if isinstance(feeds, Const) and feeds.value is None:
            feeds, feed_expression = None, None
        if session is None and self.sessions:
            session = self.sessions[-1]
        by = session if isinstance(session, Session) else None
        named = tuple(nodes_in(fetches))
        place = self.place()
        site = RunSite(node, form, frame, place, fetches, expression, feeds, feed_expression, by, fetches, named)
        self.staging.runs.append(site)
        return fetched(fetches)

    def node_method(self, receiver: Node, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        target = node.func.value if isinstance(node.func, cst.Attribute) else None
        if is_distribution(receiver.op):
            return self.distribution_method(receiver, name, args, node)
        if is_array(receiver):
            return self.array_method(receiver, name, args, node)
        match name:
            case "eval":
                feeds, expression = args.get(0, "feed_dict"), argument(node, 0, "feed_dict")
                given = args.get(1, "session")
                return self.run_site("eval", receiver, target, feeds, expression, node, frame, given)
            case "run" if receiver.kind not in ("tensor", "variable", "placeholder"):
                feeds, expression = args.get(0, "feed_dict"), argument(node, 0, "feed_dict")
                given = args.get(1, "session")
                return self.run_site("op.run", receiver, target, feeds, expression, node, frame, given)
            case "get_shape":
                return self.static_shape(receiver)
            case "set_shape":
                told = sizes_given(args.get(0, "shape"))
                receiver.shape = None if self.store.branching else merged(receiver.shape, told)
                return Const(None)
            case "assign" | "assign_add" | "assign_sub" if receiver.kind == "variable":
                return self.update(f"tf.{name}", receiver, args.get(0, "value", "delta"), node)
            case "initialized_value" | "read_value" | "value":
                return self.sized(self.tensor(f"method.{name}", [receiver], node), "tf.identity", [receiver])
            case "consumers" | "__hash__":
                return Host()
        return self.refuse("TFM410", node, f"`{name}` of a tensor is not rewritten yet")

    def update(self, op: str, target: Value | None, value: Value | None, node: cst.Call) -> Value:
        if not isinstance(target, Node) or target.kind != "variable":
            return self.refuse("TFM405", node, "what is assigned here is not a single known variable")
        if value is not None and (unknown := unknown_in(value)) is not None:
            return unknown
        made = self.make("assign", op, [target, *([value] if value is not None else [])], node)
        made.details["variable"] = target
        if value is not None:
            made.details["value"] = value
        return made


def fetched(value: Value) -> Value:
    """The host value that running ``value`` gives: the same nesting, numpy inside."""
    match value:
        case Sequence(items=items, kind=kind, exact=exact):
            return Sequence([fetched(item) for item in items], kind, exact, value.fields, value.record)
        case Mapping(items=pairs, exact=exact):
            return Mapping({k: fetched(v) for k, v in pairs.items()}, exact)
        case Node(kind="tensor" | "variable" | "placeholder" | "assign"):
            sizes = value.shape or ()
            return Host(single=bool(sizes) and all(isinstance(size, Const) and size.value == 1 for size in sizes))
        case Node(kind="summary"):
            return Summary(value)
        case Node():
            return Const(None)
        case Choice(options=options):
            return cast(Value, Host()) if options else Host()
    return Host()
