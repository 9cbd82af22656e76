"""The abstract interpreter: what the functions of TensorFlow 1 do to the graph."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.calls import Effect, effects
from tf2migrate.api.distributions import DIVERGENCE
from tf2migrate.api.flags import is_flags
from tf2migrate.api.gone import given_by_place, gone_before
from tf2migrate.api.regularizers import is_regularizer
from tf2migrate.api.results import COLUMNS, EACH, LISTS, tuple_length
from tf2migrate.api.schedules import is_schedule
from tf2migrate.api.symbols import canonical, private_in_tf2
from tf2migrate.api.vocabularies import vocabulary_name
from tf2migrate.graph.argument_scopes import ARG_SCOPE
from tf2migrate.graph.arguments import Arguments, argument
from tf2migrate.graph.collections import LOSSES
from tf2migrate.graph.control import CONTROL
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.methods import GraphMethods
from tf2migrate.graph.op_names import OpNames
from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.pass_names import PassNames
from tf2migrate.graph.shape_rules import part_shape, unstacked
from tf2migrate.graph.sizes import shape_sources, sizes_given
from tf2migrate.graph.summaries import MESSAGE, MESSAGE_VALUE
from tf2migrate.graph.unfollowed import ELSEWHERE, unfollowed
from tf2migrate.graph.values import (
    Const,
    Dataset,
    Function,
    Graph,
    Host,
    Iterator,
    Mapping,
    Node,
    Regularizer,
    Scope,
    Sequence,
    Session,
    Setting,
    Tagged,
    Unknown,
    Value,
    nodes_in,
    unknown_in,
)
from tf2migrate.graph.variables import CONTEXTS, LAYER_NAMES, NAMING, is_given
from tf2migrate.graph.worlds import ScopeEntry
from tf2migrate.names.project import Module, Project
from tf2migrate.names.tree import ids_in, walk

INITIALIZERS = {
    "tf.global_variables_initializer",
    "tf.initialize_all_variables",
    "tf.local_variables_initializer",
    "tf.initialize_local_variables",
    "tf.variables_initializer",
    "tf.initialize_variables",
    "tf.tables_initializer",
}
# Those that set the variables that they are given.
LISTING_INITIALIZERS = frozenset({"tf.variables_initializer", "tf.initialize_variables"})
SETTINGS = {
    "tf.ConfigProto",
    "tf.GPUOptions",
    "tf.RunOptions",
    "tf.RunMetadata",
    "tf.OptimizerOptions",
    "tf.GraphOptions",
}
# What prints a table of the graph's variables, and gives how many numbers and bytes they are.
DESCRIBING = frozenset({"tf.contrib.slim.model_analyzer.analyze_vars"})
STEP_COUNTERS = frozenset(
    f"{package}.{name}"
    for package in ("tf.train", "tf.contrib.framework", "tf.contrib.slim")
    for name in ("get_global_step", "create_global_step", "get_or_create_global_step")
)
ASSIGNS = {"tf.assign": "assign", "tf.assign_add": "assign_add", "tf.assign_sub": "assign_sub"}


class TensorFlow(GraphMethods):
    """The whole interpreter."""

    def __init__(self, project: Project, entry: Module) -> None:
        super().__init__(project, entry)
        self.scopes = [ScopeEntry("")]
        self.by_name = {}
        self.pass_names = PassNames()
        self.returned = []
        self.cells_made = {}
        self.layer_arguments = {}
        self.controls = []
        self.callbacks = []
        self.decorated = []
        self.sessions = []
        self.made: Session | None = None
        self.collections = {}
        self.collected = {}
        self.penalties = {}
        self.worlds = {}
        self.argument_scopes = []
        self.scoped_functions = set()
        self.op_names = OpNames()

    # ------------------------------------------------------------------ nodes
    def attribute(self, base: Value, name: str, node: cst.Attribute) -> Value:
        if isinstance(base, Dataset) and name in ("output_types", "output_shapes", "element_spec"):
            return self.dataset_attribute(base, name)
        if isinstance(base, Tagged) and name == "value":
            return base
        if isinstance(base, Iterator) and name not in ("get_next", "make_initializer"):
            return self.iterator_attribute(base, name, node)
        return super().attribute(base, name, node)

    def make(self, kind: str, op: str, operands: list[Value], node: cst.CSTNode) -> Node:
        read = [n for operand in operands for n in nodes_in(operand)]
        # Who reads a variable of a layer reads the layer.
        inputs = tuple(dict.fromkeys(n for each in read for n in (each, layer_of(each)) if n is not None))
        control = tuple(dict.fromkeys(n for group in self.controls for n in group)) if kind != "variable" else ()
        expression = node if isinstance(node, cst.BaseExpression) else None
        made = Node(len(self.staging.nodes), kind, op, self.place(), inputs, control, expression)
        made.scope = self.scopes[-1].path
        for operand in operands:
            if (unknown := unknown_in(operand)) is not None:
                made.unknown = unknown
        self.staging.nodes.append(made)
        self.staging.conditions[made.number] = tuple(self.conditions)
        if self.world:
            self.staging.worlds[made.number] = self.world
        return made

    def tensor(self, op: str, operands: list[Value], node: cst.CSTNode) -> Value:
        for operand in operands:
            if (unknown := unknown_in(operand)) is not None:
                return unknown
        return self.make("tensor", op, operands, node)

    # ------------------------------------------------------------------ functions of tf
    def symbol_call(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        name = private_in_tf2(name) or canonical(name)
        self.name_op(name, args)
        self.staging.symbols.add(name)
        if name.startswith("tf.data.") and not name.startswith("tf.data.experimental."):
            return self.dataset_call(name, args, node)
        if name.startswith("tf.summary."):
            return self.summary_call(name, args, node)
        for value in args.all():
            if isinstance(value, Unknown):
                return value
        if name in ELSEWHERE:
            return self.refuse(ELSEWHERE[name][0], node, ELSEWHERE[name][1])
        if name == ARG_SCOPE:
            return self.argument_scope(args, node)
        if self.is_convenience(name, args):
            return self.convenience(name, args, node, frame)
        recurrent = self.recurrent(name, args, node, frame)
        if recurrent is not None:
            self.inherit(node, {}, {})
            return recurrent
        if name in LAYER_NAMES:
            return self.layer(name, args, node, frame)
        if name.startswith("tf.metrics."):
            return self.metric(name, args, node)
        if name in CONTROL:
            return self.control(name, args, node, frame)
        special = self.structure(name, args, node, frame)
        if special is not None:
            return special
        if vocabulary_name(name) is not None:
            return self.foreign(name, args, node)
        family = unfollowed(name)
        if family is not None:
            return self.refuse(family[0], node, family[1])
        return self.op(name, args, node)

    def structure(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value | None:
        """Functions that build graph structure; None for a plain op."""
        if is_flags(name):
            return self.flags_call(name, args, node, frame)
        if name in DESCRIBING:
            return Sequence([Host(), Host()], "tuple")
        if name in (MESSAGE, MESSAGE_VALUE):
            return self.message(name, args, node)
        match name:
            case "tf.placeholder":
                made = self.make("placeholder", name, [], node)
                made.details.update(self.details(args, ("dtype", "shape", "name")))
                made.shape = None if self.repeated else sizes_given(made.details.get("shape"))
                return made
            case "tf.placeholder_with_default":
                made = self.make("placeholder", name, args.all(), node)
                made.details.update(self.details(args, ("input", "shape", "name")))
                made.shape = None if self.repeated else sizes_given(made.details.get("shape"))
                return made
            case "tf.Variable":
                return self.variable(args, node)
            case "tf.get_variable" | "tf.contrib.framework.get_variable":
                return self.get_variable(args, node)
            case "tf.variable_scope" | "tf.variable_op_scope":
                return self.open_scope(args, node)
            case "tf.get_variable_scope":
                return Scope(name, self.scopes[-1].path)
            case "tf.Session":
                self.made = self.session(args, node)
                return self.made
            case "tf.InteractiveSession":
                self.sessions.append(self.session(args, node))
                return self.sessions[-1]
            case "tf.Graph":
                return Graph(self.new_world())
            case "tf.get_default_graph":
                return Graph(self.world)
            case "tf.reset_default_graph":
                self.begin_again()
                return Host()
            case "tf.set_random_seed":
                return Host()
            case "tf.get_default_session":
                return self.sessions[-1] if self.sessions else self.made or Session(node, self.world)
            case "tf.gradients":
                return self.gradients(args, node)
            case "tf.group" | "tf.tuple" if name == "tf.group":
                return self.make("group", name, args.all(), node)
            case "tf.no_op":
                return self.make("group", name, [], node)
            case "tf.assert_variables_initialized":
                # An initializer of nothing: what it asks is true of every variable of TensorFlow 2.
                if self.is_tried(node, frame):
                    return self.refuse("TFM410", node, "the program asks here which variables have a value")
                made = self.make("init", name, [], node)
                made.details["listed"] = Sequence([], "list")
                return made
            case "tf.control_dependencies":
                return Sequence(list(nodes_in(args.get(0, "control_inputs"))), "controls")
            case "tf.TensorArray":
                return self.tensor_array(args, node)
            case "tf.train.ExponentialMovingAverage":
                return self.moving_averages(args, node)
            case "tf.train.Saver":
                return self.saver(args, node)
            case "tf.train.latest_checkpoint" | "tf.train.get_checkpoint_state" | "tf.train.checkpoint_exists":
                return self.checkpoint_question(name, node, frame)
            case "tf.trainable_variables" | "tf.global_variables" | "tf.all_variables":
                kind = "trainable_variables" if "trainable" in name else "variables"
                return self.collection(kind, args.get(0, "scope"), node)
            case "tf.get_collection":
                return self.get_collection(args, node)
            case "tf.add_to_collection":
                return self.add_to_collection(args.get(0, "name"), args.get(1, "value"), node, 1)
            case "tf.losses.add_loss" | "tf.contrib.losses.add_loss":
                key = args.get(1, "loss_collection") or Const(LOSSES)
                return self.add_to_collection(key, args.get(0, "loss"), node, 0)
            case "tf.train.global_step":
                counter, where = args.get(1, "global_step_tensor"), argument(node, 1, "global_step_tensor")
                return self.run_site("global_step", counter, where, None, None, node, frame)
        if name in STEP_COUNTERS:
            return self.global_step(name, node)
        if is_regularizer(name):
            return Regularizer(name)
        if name == DIVERGENCE:
            return self.divergence(args, node)
        if name.startswith(("tf.losses.get_", "tf.contrib.losses.get_")):
            return self.read_losses(name.rsplit(".", 1)[-1], args, node)
        if name in INITIALIZERS:
            listed = args.get(0, "var_list") if name in LISTING_INITIALIZERS else None
            made = self.make("init", name, [listed] if listed is not None else [], node)
            if listed is not None:
                made.details["listed"] = listed
            return made
        if name in SETTINGS or name.startswith("tf.OptimizerOptions"):
            return Setting(name)
        if name in CONTEXTS:
            return Scope(name, title=name_scope(args) if name in NAMING else None)
        if name in ASSIGNS:
            return self.update(name, args.get(0, "ref"), args.get(1, "value"), node)
        if name.startswith(("tf.scatter_", "tf.assign")):
            return self.refuse("TFM405", node, f"`{name}` is not rewritten yet")
        if name == "tf.contrib.opt.ScipyOptimizerInterface":
            return self.external_optimizer(name, args, node)
        if name.endswith("Optimizer") and name.startswith(("tf.train.", "tf.contrib.opt.")):
            return self.optimizer(name, args, node)
        return None

    def is_tried(self, node: cst.Call, frame: Frame) -> bool:
        """Whether an exception that a call raises is caught around it."""
        tree = self.staging.modules[frame.module].tree
        tries = (part for part in walk(tree) if isinstance(part, cst.Try) and part.handlers)
        return any(id(node) in ids_in(part.body) for part in tries)

    def op(self, name: str, args: Arguments, node: cst.Call) -> Value:
        """A function that computes: a tensor, or a host value."""
        effect = Effect.PURE if is_schedule(name) else effects(name)
        if effect is Effect.HOST or name.startswith("tf.examples."):
            for value in args.all():
                if any(True for _ in nodes_in(value)):
                    return Unknown(f"a graph value is passed to `{name}`", self.place())
            return Host(shape_sources(*args.all()), name)
        gone = given_by_place(name) if args.positional else None
        gone = gone or gone_before(name)
        if gone is not None:
            return self.refuse(gone.code, node, gone.reason, gone.advice)
        if effect in (Effect.STATEFUL, Effect.GRAPH, Effect.VARIABLE):
            return self.refuse("TFM410", node, f"`{name}` is not rewritten yet")
        for value in args.all():
            if isinstance(value, Function):
                return self.refuse("TFM410", node, f"`{name}` takes a function, which is not followed yet")
            if isinstance(value, Mapping) and any(True for _ in nodes_in(value)):
                return self.refuse("TFM410", node, f"`{name}` takes a dict of tensors, which is not followed yet")
        made = self.tensor(name, args.all(), node)
        if isinstance(made, Node):
            made.random = effect is Effect.RANDOM
            made.details.update(self.op_details(name, args))
            self.sized(made, name, args.positional, args.keywords)
            if name.startswith(("tf.losses.", "tf.contrib.losses.")):
                self.collect_loss(name, made, args, node)
            if name == "tf.clip_by_global_norm":
                return self.clipped(made, args, node)
            several = self.several(made, args, node)
            if several is not None:
                return several
        return made

    def op_details(self, name: str, args: Arguments) -> dict[str, Value]:
        """Arguments that tell the dtype or the shape of a result."""
        positions = {
            "tf.cast": ("dtype", 1),
            "tf.reshape": ("shape", 1),
            "tf.zeros": ("dtype", 1),
            "tf.ones": ("dtype", 1),
        }
        told = ("dtype", "shape", "output_type", "out_type")
        out = {key: value for key, value in args.keywords.items() if key in told}
        if name in positions:
            key, position = positions[name]
            value = args.get(position, key)
            if value is not None:
                out[key] = value
        return out

    def clipped(self, made: Node, args: Arguments, node: cst.Call) -> Value:
        """``tf.clip_by_global_norm``: the list of clipped tensors, and the norm."""
        given = args.get(0, "t_list")
        norm = self.make("tensor", "operator.getitem", [made], node)
        norm.details["of_all"] = Const(True)
        if isinstance(given, Sequence) and given.exact:
            items: list[Value] = [self.make("tensor", "operator.getitem", [made], node) for _ in given.items]
            return Sequence([Sequence(items), norm], "tuple")
        return Sequence([Sequence([made], "list", False), norm], "tuple")

    def several(self, made: Node, args: Arguments, node: cst.Call) -> Value | None:
        """The results of an op that gives a tuple or list of them; None for one that gives a single tensor."""
        op = made.op
        count: Value | None
        if op in LISTS:
            count = args.get(*LISTS[op])
            if op in ("tf.unstack", "tf.unpack") and not is_given(count) and not self.repeated:
                count = unstacked(args.get(0, "value"), args.get(2, "axis"))
            if isinstance(count, Sequence) and count.exact:
                count = Const(len(count.items))
        elif op in EACH:
            count = Const(len(args.positional)) if args.exact else None
        elif op in COLUMNS:
            columns = args.get(1, "record_defaults")
            count = Const(len(columns.items)) if isinstance(columns, Sequence) and columns.exact else None
        else:
            length = tuple_length(op)
            pair = args.get(2, "compute_uv") if op in ("tf.svd", "tf.linalg.svd") else None
            if length is None or (isinstance(pair, Const) and not pair.value):
                return None
            if pair is not None and not isinstance(pair, Const):
                return Unknown("how many results this op gives is not known", self.place())
            count = Const(length)
        if isinstance(count, Const) and isinstance(count.value, int) and count.value <= 256:
            items: list[Value] = []
            for position in range(count.value):
                part = self.make("tensor", "operator.getitem", [made], node)
                part.details["index"] = Const(position)
                part.shape = None if self.repeated else part_shape(made.op, position, args.positional, args.keywords)
                items.append(part)
            return Sequence(items, "list" if op in LISTS or op in EACH or op in COLUMNS else "tuple")
        part = self.make("tensor", "operator.getitem", [made], node)
        return Sequence([part], "list", False)

    def global_step(self, name: str, node: cst.Call) -> Value:
        """The step counter of the graph: the variable of this name, or a new one."""
        for known in [*self.known_as("global_step"), *self.members("variables")]:
            if isinstance(known, Node) and known.name.rpartition("/")[2] == "global_step":
                if "unnamed" in known.details or known.name != "global_step":
                    return Unknown("whether this variable is the graph's step counter is not known", self.place())
                return known
        if name.endswith("get_global_step"):
            return Const(None)
        made = self.make("variable", "tf.train.get_or_create_global_step", [], node)
        made.name, made.trainable, made.shape = "global_step", False, ()
        self.call_it("global_step", made)
        self.staging.touched.append((made, self.place()))
        self.file(made, None, node)
        return made


def name_scope(args: Arguments) -> str | None:
    """What ``tf.name_scope(name, default_name, values)`` adds to the names of ops, None where it is not known."""
    for value in (args.get(0, "name"), args.get(1, "default_name")):
        if isinstance(value, Const) and isinstance(value.value, str):
            return value.value
        if value is not None and not isinstance(value, Const):
            return None
    return ""


