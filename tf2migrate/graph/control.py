"""The abstract interpreter: conditionals and loops of the graph, and the functions that they take.

What a branch captures from outside is computed in any case; what it makes itself only where it is taken. For the
analysis both are inputs of the result: a run that fetches it executes them, as far as an order has to be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import libcst as cst

from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.collections import Collections
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.sizes import Sizes
from tf2migrate.graph.values import (
    DYNAMIC,
    Bound,
    Choice,
    Const,
    Foreign,
    Function,
    Host,
    Mapping,
    Node,
    Sequence,
    Symbol,
    Unknown,
    Value,
    is_moving_average,
    join,
    key_of,
    nodes_in,
    unknown_in,
)
from tf2migrate.graph.variables import is_given

HOST_FUNCTIONS = frozenset({"tf.py_func", "tf.numpy_function"})
CONTROL = frozenset(
    {"tf.cond", "tf.case", "tf.while_loop", "tf.map_fn", "tf.scan", "tf.foldl", "tf.foldr", *HOST_FUNCTIONS}
)
# What a body that runs any number of times may not make.
EFFECTS = frozenset({"variable", "layer", "placeholder", "train", "assign", "init", "summary"})


class Control(Collections):
    """``tf.cond``, ``tf.case``, ``tf.while_loop``, ``tf.map_fn``, ``tf.scan``, the folds, and ``tf.py_func``."""

    conditionals: int = 0

    def control(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        """The value of a conditional, a loop, or a function of the host."""
        if not args.exact:
            return self.refuse("TFM401", node, f"the arguments of `{name}` are not known")
        match name:
            case "tf.cond":
                return self.conditional_op(args, node, frame)
            case "tf.case":
                return self.case_op(args, node, frame)
            case "tf.while_loop":
                return self.while_op(args, node, frame)
            case "tf.map_fn":
                return self.map_op(args, node, frame)
            case "tf.py_func" | "tf.numpy_function":
                return self.host_op(name, args, node)
        return self.fold_op(name, args, node, frame)

    # ------------------------------------------------------------------ conditionals
    def conditional_op(self, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        test = args.get(0, "pred")
        taken, other = args.get(1, "true_fn", "fn1"), args.get(2, "false_fn", "fn2")
        if not isinstance(test, Node) or taken is None or other is None:
            return self.refuse("TFM410", node, "the condition of this `tf.cond` is not a tensor of this graph")
        results = self.branches_of([test], [taken, other], node, frame)
        return self.chosen_of("tf.cond", [test], results, is_true(args.get(3, "strict")), node)

    def case_op(self, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        pairs, default = args.get(0, "pred_fn_pairs"), args.get(1, "default")
        tests: list[Value] = []
        functions: list[Value] = []
        match pairs:
            case Mapping(items=items, exact=True):
                tests, functions = [key for key in items if isinstance(key, Node)], list(items.values())
            case Sequence(items=given, exact=True):
                for pair in given:
                    if isinstance(pair, Sequence) and len(pair.items) == 2:
                        tests.append(pair.items[0])
                        functions.append(pair.items[1])
        if not tests or len(tests) != len(functions) or not all(isinstance(test, Node) for test in tests):
            return self.refuse("TFM410", node, "the conditions of this `tf.case` are not tensors of this graph")
        functions += [default] if default is not None and is_given(default) else []
        results = self.branches_of(tests, functions, node, frame)
        return self.chosen_of("tf.case", tests, results, is_true(args.get(3, "strict")), node)

    def branches_of(self, tests: list[Value], functions: list[Value], node: cst.Call, frame: Frame) -> list[Value]:
        """What the branches give; their nodes know which branch they are in, and which conditions choose it."""
        self.conditionals += 1
        results: list[Value] = []
        for index, function in enumerate(functions):
            before = len(self.staging.nodes)
            results.append(self.followed(function, [], node, frame))
            for made in self.staging.nodes[before:]:
                made.details["branches"] = Const(((self.conditionals, index), *branches(made)))
                made.details["tests"] = Sequence([*tests, *nodes_in(made.details.get("tests"))])
        return results

    def chosen_of(self, op: str, tests: list[Value], results: list[Value], strict: bool, node: cst.Call) -> Value:
        """The result of a conditional: of the structure that all branches give."""
        for value in (*tests, *results):
            if (unknown := unknown_in(value)) is not None:
                return unknown
        forms = {form(value) for value in results}
        if len(forms) != 1 or None in forms:
            return self.refuse("TFM410", node, f"the branches of this `{op}` give values of different structure")
        if isinstance(results[0], Sequence) and len(results[0].items) == 1 and not strict:
            reason = f"`{op}` of TensorFlow 1 unpacks a list of one tensor, TensorFlow 2 returns the list"
            return self.refuse("TFM302", node, reason, "let the branches return the tensor itself")
        made = self.make("tensor", op, [*tests, *results], node)
        made.details["tests"] = Sequence(tests)
        return self.given_back(made, results, node)

    def given_back(self, made: Node, results: list[Value], node: cst.Call) -> Value:
        """The tensors that a conditional gives, in the structure of ``results``: alternatives for the same values."""
        first = results[0]
        if not isinstance(first, Sequence):
            describe(made, results)
            return made
        columns = [list(column) for column in zip(*(cast(Sequence, value).items for value in results), strict=True)]
        parts: list[Value] = []
        for column in columns:
            part = self.make("tensor", "operator.getitem", [made], node)
            parts.append(self.given_back(part, column, node))
        return Sequence(parts, first.kind, fields=first.fields, record=first.record)

    def met(self, value: Value, made: int | None) -> Value:
        """Where paths of the host meet: a tensor of which each of them computes its own is one tensor from here on.

        ``made`` nodes were there before the paths parted; among those the host only chooses.
        """
        if not isinstance(value, Choice) or made is None:
            return value
        nodes = [option for option in value.options if isinstance(option, Node)]
        tensors = all(node.kind == "tensor" and node.unknown is None for node in nodes)
        if len(nodes) == len(value.options) and tensors and any(node.number >= made for node in nodes):
            one = self.make("tensor", "host.choice", list(nodes), self.steps[-1].statement)
            describe(one, list(nodes))
            return one
        sequences = [option for option in value.options if isinstance(option, Sequence)]
        tuples = [each for each in sequences if each.kind == "tuple" and each.exact and not each.fields]
        if len(tuples) == len(value.options) and len({len(each.items) for each in tuples}) == 1:
            columns = zip(*(each.items for each in tuples), strict=True)
            return Sequence([self.met(join(list(column)), made) for column in columns], "tuple")
        return value

    # ------------------------------------------------------------------ loops
    def while_op(self, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        initial, invariants = args.get(2, "loop_vars"), args.get(3, "shape_invariants")
        test, body = args.get(0, "cond"), args.get(1, "body")
        if initial is None or test is None or body is None:
            return self.refuse("TFM401", node, "the arguments of `tf.while_loop` are not known")
        listed = initial if isinstance(initial, Sequence) else Sequence([initial])
        kept = not is_given(invariants)
        carried = self.carried(listed, node, lambda value: value.shape if kept else None)
        if isinstance(carried, Unknown):
            return carried
        given = list(cast(Sequence, carried).items)
        results = [self.followed(function, given, node, frame, repeated=True) for function in (test, body)]
        for value in results:
            if (unknown := unknown_in(value)) is not None:
                return unknown
        made = self.make("tensor", "tf.while_loop", [listed, *results], node)
        if len(listed.items) == 1 and not is_true(args.get(9, "return_same_structure")):
            return self.renewed(made, listed.items[0], node, kept)
        return self.renewed(made, initial, node, kept)

    def map_op(self, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        function, elems = args.get(0, "fn"), args.get(1, "elems")
        if function is None or elems is None:
            return self.refuse("TFM401", node, "the arguments of `tf.map_fn` are not known")
        element = self.carried(elems, node, without_first)
        result = self.followed(function, [element], node, frame, repeated=True)
        for value in (element, result):
            if (unknown := unknown_in(value)) is not None:
                return unknown
        made = self.make("tensor", "tf.map_fn", [elems, result], node)
        return self.piled(made, result, node, first_size(elems))

    def fold_op(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        """``tf.scan`` and the folds: the function takes what was accumulated, and an element."""
        function, elems, initial = args.get(0, "fn"), args.get(1, "elems"), args.get(2, "initializer")
        if function is None or elems is None:
            return self.refuse("TFM401", node, f"the arguments of `{name}` are not known")
        element = self.carried(elems, node, without_first)
        begun = self.carried(initial, node, shape_of_node) if initial is not None and is_given(initial) else element
        result = self.followed(function, [begun, element], node, frame, repeated=True)
        for value in (element, begun, result):
            if (unknown := unknown_in(value)) is not None:
                return unknown
        starts = [initial] if initial is not None else []
        made = self.make("tensor", name, [elems, *starts, result], node)
        if name == "tf.scan":
            return self.piled(made, begun, node, first_size(elems))
        return self.renewed(made, begun, node, True)

    def carried(self, value: Value, node: cst.Call, shape: Callable[[Node], Sizes | None]) -> Value:
        """What a body is given for ``value``: tensors of the same structure, of which only the dtype is known."""
        match value:
            case Unknown():
                return value
            case Sequence(items=items, exact=True):
                inner = [self.carried(item, node, shape) for item in items]
                unknown = next((item for item in inner if isinstance(item, Unknown)), None)
                return unknown or Sequence(inner, value.kind, fields=value.fields, record=value.record)
            case Node():
                made = self.make("tensor", "loop.variable", [value], node)
                describe(made, [value])
                made.shape = shape(value)
                return made
            case Const(value=int() | float() | bool()) | Host():
                made = self.make("tensor", "loop.variable", [], node)
                made.details["like"] = value
                return made
        return self.refuse("TFM410", node, "a loop over values of this kind is not rewritten yet")

    def renewed(self, made: Node, value: Value, node: cst.Call, kept: bool) -> Value:
        """What a loop gives for what it was given."""
        if isinstance(value, Sequence):
            return Sequence([self.renewed(made, item, node, kept) for item in value.items], value.kind)
        part = self.make("tensor", "operator.getitem", [made], node)
        describe(part, [value])
        if not kept:
            part.shape = None
        return part

    def piled(self, made: Node, value: Value, node: cst.Call, size: Value) -> Value:
        """The results of all passes, one behind the other."""
        if isinstance(value, Sequence):
            return Sequence([self.piled(made, item, node, size) for item in value.items], value.kind)
        part = self.make("tensor", "operator.getitem", [made], node)
        describe(part, [value])
        part.shape = (size, *part.shape) if part.shape is not None else None
        return part

    # ------------------------------------------------------------------ functions of the host
    def host_op(self, name: str, args: Arguments, node: cst.Call) -> Value:
        """What a function of the host gives, which each run calls that needs it, in either TensorFlow."""
        function, types = args.get(0, "func"), args.get(2, "Tout")
        known = isinstance(function, Function | Foreign) or (
            isinstance(function, Bound) and isinstance(function.function, Function)
        )
        if not known or types is None:
            return self.refuse("TFM410", node, f"the function that `{name}` is given here is not known")
        made = self.tensor(name, [value for value in args.all() if value is not function], node)
        if not isinstance(made, Node) or not isinstance(types, Sequence):
            if isinstance(made, Node):
                made.details["dtype"] = types
            return made
        if not types.exact:
            return self.refuse("TFM401", node, f"how many results `{name}` gives here is not known")
        parts: list[Value] = []
        for dtype in types.items:
            part = self.make("tensor", "operator.getitem", [made], node)
            part.details["dtype"] = dtype
            parts.append(part)
        return Sequence(parts)

    # ------------------------------------------------------------------ their functions
    def followed(
        self, function: Value, given: list[Value], node: cst.Call, frame: Frame, *, repeated: bool = False
    ) -> Value:
        """What a function gives that the graph calls: what it makes is made when the graph is built."""
        before, touched = len(self.staging.nodes), len(self.staging.touched)
        with self.op_names.opened(None, False):
            self.repeated += repeated
            try:
                match function:
                    case Function(definition=definition):
                        self.staging.followed.add(id(definition))
                        result = self.invoke(function, given, {}, node)
                    case Bound(receiver=receiver, function=Function(definition=definition) as method):
                        self.staging.followed.add(id(definition))
                        result = self.invoke(method, [receiver, *given], {}, node)
                    case Symbol(name=name):
                        result = self.symbol_call(name, Arguments(given, {}), node, frame)
                    case _:
                        return self.refuse("TFM410", node, "the function that is given here is not known")
            finally:
                self.repeated -= repeated
        made = self.staging.nodes[before:]
        if repeated and (len(self.staging.touched) > touched or any(each.kind in EFFECTS for each in made)):
            reason = "a loop of the graph makes or changes variables, which is not rewritten yet"
            return self.refuse("TFM410", node, reason)
        if any(each.kind == "train" or is_moving_average(each) for each in made):
            return self.refuse("TFM405", node, "a branch of the graph trains, which is not rewritten yet")
        named = isinstance(function, Bound) or (
            isinstance(function, Function) and isinstance(function.definition, cst.FunctionDef)
        )
        if any(each.kind in ("variable", "layer") for each in made) and named:
            reason = "variables are made in a function that a conditional takes, which is not rewritten yet"
            return self.refuse("TFM404", node, reason)
        return result

    def symbol_call(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        raise NotImplementedError


def branches(node: Node) -> tuple[tuple[int, int], ...]:
    """The branches that a node is made in, from the outermost: the number of the conditional, and of the branch."""
    found = node.details.get("branches")
    return cast(tuple[tuple[int, int], ...], found.value) if isinstance(found, Const) else ()


def describe(made: Node, alike: list[Value]) -> None:
    """What is known of a tensor that is one of several values: their dtype, and the shape that all of them have."""
    made.details["like"] = alike[0]
    shapes = [value.shape if isinstance(value, Node) else () for value in alike]
    keys = {None if shape is None else tuple(key_of(size) for size in shape) for shape in shapes}
    made.shape = shapes[0] if len(keys) == 1 else None


def is_true(value: Value | None) -> bool:
    """Whether a flag is known to be set."""
    return isinstance(value, Const) and bool(value.value)


def form(value: Value) -> object:
    """The structure of what a branch gives; None for something that is no tensor."""
    match value:
        case Sequence(items=items, exact=True, kind=kind):
            inner = [form(item) for item in items]
            return None if None in inner else (kind, *inner)
        case Node() | Const(value=int() | float() | bool()) | Host():
            return "tensor"
    return None


def shape_of_node(node: Node) -> Sizes | None:
    return node.shape


def without_first(node: Node) -> Sizes | None:
    """The static shape of the elements of a tensor."""
    return node.shape[1:] if node.shape else None


def first_size(value: Value) -> Value:
    """The number of elements."""
    first = next(nodes_in(value), None)
    return first.shape[0] if first is not None and first.shape else DYNAMIC
