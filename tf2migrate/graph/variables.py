"""The abstract interpreter: scopes, variables and layers, with TF1's rules for names and sharing."""

from __future__ import annotations

from contextlib import ExitStack
from typing import cast

import libcst as cst

from tf2migrate.api.symbols import tf1_symbol
from tf2migrate.graph.arguments import Arguments, says_none
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.parts import PART, variables_of
from tf2migrate.graph.pass_names import PassNames, is_unclear
from tf2migrate.graph.sizes import Sizes, number, shape_of, sizes_given
from tf2migrate.graph.staging import Inherited
from tf2migrate.graph.values import (
    ArgumentScope,
    Bound,
    Const,
    Function,
    Graph,
    Host,
    Instance,
    Node,
    Regularizer,
    Scope,
    Sequence,
    Session,
    Symbol,
    Unknown,
    Value,
    Writer,
    is_perhaps_trained,
    key_of,
    nodes_in,
    unknown_in,
)
from tf2migrate.graph.worlds import ScopeEntry, Worlds

# Layers that own variables, with the base name that TF1 gives to an unnamed one.
LAYER_NAMES = {
    "tf.layers.dense": "dense",
    "tf.layers.conv1d": "conv1d",
    "tf.layers.conv2d": "conv2d",
    "tf.layers.conv3d": "conv3d",
    "tf.layers.conv2d_transpose": "conv2d_transpose",
    "tf.layers.conv3d_transpose": "conv3d_transpose",
    "tf.layers.separable_conv1d": "separable_conv1d",
    "tf.layers.separable_conv2d": "separable_conv2d",
    "tf.layers.batch_normalization": "batch_normalization",
    "tf.contrib.layers.fully_connected": "fully_connected",
    "tf.contrib.layers.linear": "fully_connected",
    "tf.contrib.layers.relu": "fully_connected",
    "tf.contrib.layers.relu6": "fully_connected",
    "tf.contrib.layers.elu": "fully_connected",
    "tf.contrib.layers.conv1d": "Conv",
    "tf.contrib.layers.conv2d": "Conv",
    "tf.contrib.layers.conv3d": "Conv",
    "tf.contrib.layers.conv2d_transpose": "Conv2d_transpose",
    "tf.contrib.layers.conv3d_transpose": "Conv3d_transpose",
    "tf.contrib.layers.separable_conv2d": "SeparableConv2d",
    "tf.contrib.layers.embed_sequence": "EmbedSequence",
    "tf.contrib.layers.batch_norm": "BatchNorm",
    "tf.contrib.layers.layer_norm": "LayerNorm",
    "tf.contrib.layers.instance_norm": "InstanceNorm",
    "tf.contrib.layers.bias_add": "BiasAdd",
}
# The parameters of `tf.variable_scope` from the fourth on, and which of them calls inside can be given instead.
SCOPE_DEFAULTS = (
    *("initializer", "regularizer", "caching_device", "partitioner", "custom_getter", "reuse", "dtype"),
    *("use_resource", "constraint"),
)
INHERITED = ("initializer", "regularizer")
# Layers all of whose variables have initializers of their own.
OWN_INITIALIZERS: dict[str, str] = {}
# A layer of `tf.contrib` that takes the initializer of its scope, as no other of them does.
EMBEDDING_LAYER = "tf.contrib.layers.embed_sequence"
LAYER_DEFAULTS = {
    "tf.layers.batch_normalization": OWN_INITIALIZERS,
}
LAYER_DEFAULTS |= {
    f"tf.layers.{name}": {"initializer": "kernel_initializer"}
    for name in ("dense", "conv1d", "conv2d", "conv3d", "conv2d_transpose", "conv3d_transpose")
}
SCOPES = ("tf.variable_scope", "tf.variable_op_scope", "tf.get_variable_scope")
NAMING = ("tf.name_scope", "tf.op_scope", "tf.keras.backend.name_scope")
CONTEXTS = ("tf.name_scope", "tf.device", "tf.op_scope", "tf.colocate_with", "tf.keras.backend.name_scope")


class Variables(Worlds):
    """Scopes, variables and the layers of ``tf.layers`` and ``tf.contrib.layers``."""

    layer_arguments: dict[int, dict[str, Value]]
    """What each layer was made with, by its number."""

    sessions: list[Session]
    part_count: int = 0
    pass_names: PassNames

    # ------------------------------------------------------------------ with blocks
    def with_block(self, node: cst.With, frame: Frame) -> None:
        opened = 0
        controlled = 0
        named = 0
        titles, worlds = ExitStack(), ExitStack()
        sessions = completing = 0
        for item in node.items:
            value = self.evaluate(item.item, frame)
            if isinstance(value, Scope) and value.name in CONTEXTS:
                named += 1
                self.name_scopes += 1
            if isinstance(value, Scope) and (
                value.name in NAMING or (value.name == "tf.variable_scope" and value.title != "")
            ):
                titles.enter_context(self.op_names.opened(value.title, not self.perhaps))
            session = value.receiver if isinstance(value, Bound) and value.name == "as_default" else value
            if isinstance(session, Session):
                sessions += 1
                self.sessions.append(session)
            if isinstance(value, Session):
                worlds.enter_context(self.world_of(Graph(value.world)))
            if isinstance(value, Writer):
                self.refuse("TFM804", item.item, "a writer in a `with` statement is not rewritten yet")
            if isinstance(value, Bound) and isinstance(value.receiver, Graph) and value.name == "as_default":
                worlds.enter_context(self.world_of(value.receiver))
            if isinstance(value, ArgumentScope):
                value = self.open_arguments(value)
                completing += 1
            entered = self.enter(value, item.item)
            opened += isinstance(entered, ScopeEntry)
            if isinstance(entered, tuple):
                self.controls.append(entered)
                controlled += 1
            if item.asname is not None:
                bound = Host() if isinstance(value, Bound) else value
                if isinstance(value, Bound) and isinstance(value.receiver, Graph | Session):
                    bound = value.receiver
                elif isinstance(value, Instance):
                    bound = Unknown("what `__enter__` of an object gives is not followed", self.place())
                self.assign(cast(cst.BaseExpression, item.asname.name), bound, frame)
        try:
            self.block(node.body.body, frame)
        finally:
            titles.close()
            self.name_scopes -= named
            for _ in range(sessions):
                self.sessions.pop()
            for _ in range(completing):
                self.argument_scopes.pop()
            for _ in range(opened):
                self.scopes.pop()
            for _ in range(controlled):
                self.controls.pop()
            worlds.close()

    def enter(self, value: Value, where: cst.CSTNode) -> ScopeEntry | tuple[Node, ...] | None:
        """Opens what a ``with`` item stands for; gives back what has to be closed."""
        if isinstance(value, Scope) and value.name == "tf.variable_scope":
            outer = self.scopes[-1]
            entry = ScopeEntry(value.path, value.reuse or outer.reuse, defaults=value.defaults)
            self.scopes.append(entry)
            return entry
        if isinstance(value, Sequence) and value.kind == "controls":
            return tuple(nodes_in(value))
        return None

    def open_scope(self, args: Arguments, node: cst.Call) -> Value:
        """``tf.variable_scope(name_or_scope, default_name, values, ..., reuse=)``."""
        name = args.get(0, "name_or_scope", "name")
        default = args.get(1, "default_name")
        reuse = args.get(8, "reuse")
        outer = self.scopes[-1]
        defaults = dict(name.defaults if isinstance(name, Scope) else outer.defaults)
        for position, keyword in enumerate(SCOPE_DEFAULTS, 3):
            if not is_given(args.get(position, keyword)):
                continue
            if keyword in INHERITED and keyword in args.keywords:
                defaults[keyword] = node
            elif keyword not in ("reuse", "caching_device", "use_resource"):
                self.refuse("TFM601", node, f"`variable_scope({keyword}=...)` changes the variables inside it")
        path: str
        if isinstance(name, Scope):
            path = name.path
        elif isinstance(name, Const) and isinstance(name.value, str):
            path = f"{outer.path}/{name.value}" if outer.path else name.value
        elif isinstance(name, Const) and name.value is None and isinstance(default, Const):
            unique = outer.unique(str(default.value))
            path = f"{outer.path}/{unique}" if outer.path else unique
        else:
            # Without reuse, TensorFlow 1 either makes new variables inside, whatever the name is, or raises.
            path = f"{outer.path}/{self.pass_names.part(name)}"
        entry: bool | str = False
        match reuse:
            case Const(value=known):
                entry = bool(known)
            case Symbol(name="tf.AUTO_REUSE"):
                entry = "auto"
            case None:
                entry = False
            case _:
                entry = "maybe"
        title: str | None = None
        if isinstance(name, Scope):
            title = name.path.rpartition("/")[2]
        elif isinstance(name, Const) and isinstance(name.value, str):
            title = name.value
        elif isinstance(name, Const) and isinstance(default, Const):
            title = str(default.value)
        return Scope("tf.variable_scope", path, cast(bool, entry), title, defaults)

    def inherit(self, call: cst.Call, parameters: dict[str, str], given: dict[str, Value | None]) -> None:
        """Notes what a call takes from the open scope, because it is not given it; by the name of its parameter."""
        for keyword, scope in self.scopes[-1].defaults.items():
            if keyword == "initializer" and parameters is OWN_INITIALIZERS:
                continue
            parameter = parameters.get(keyword, "")
            if not (parameter and is_given(given.get(parameter))):
                self.staging.inherited.append(Inherited(call, scope, keyword, parameter, self.place()))

    def reuse_now(self, scope: Value) -> None:
        """``scope.reuse_variables()``: the scopes around that one go on as they were."""
        for entry in reversed(self.scopes):
            if isinstance(scope, Scope) and entry.path == scope.path:
                entry.reuse = True
                return

    def full_name(self, name: Value | None, base: str, where: cst.CSTNode) -> str:
        scope = self.scopes[-1]
        if isinstance(name, Const) and isinstance(name.value, str):
            local = name.value
        elif name is None or (isinstance(name, Const) and name.value is None):
            local = scope.unique(base)
        else:
            local = self.pass_names.part(name)
        return f"{scope.path}/{local}" if scope.path else local

    # ------------------------------------------------------------------ variables
    def variable(self, args: Arguments, node: cst.Call) -> Value:
        """``tf.Variable(initial_value, trainable, collections, ..., name)``: always a new one."""
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        initial = args.get(0, "initial_value")
        trainable = args.get(1, "trainable")
        made = self.make("variable", "tf.Variable", [initial] if initial is not None else [], node)
        made.trainable = self.known_flag(trainable, made, "trainable", node)
        given = args.get(5, "name")
        # A plain variable is called like an op: by the name scopes, and with a number where the name is taken.
        made.name = self.op_name or self.full_name(given, "Variable", node)
        taken = any(o.kind == "variable" and o is not made and o.name == made.name for o in self.staging.nodes)
        scoped = self.name_scopes or len(self.scopes) > 1
        if self.op_name is None and (scoped or taken or not isinstance(given, Const)):
            made.details["unnamed"] = Const(True)
        made.details.update(self.details(args, ("initial_value", "trainable", "dtype")))
        made.shape = None if self.repeated else shape_of(initial)
        self.staging.touched.append((made, self.place()))
        self.file(made, args.get(2, "collections"), node)
        return made

    def get_variable(self, args: Arguments, node: cst.Call) -> Value:
        """``tf.get_variable(name, shape, dtype, initializer, regularizer, trainable, collections, ...)``."""
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        name = self.full_name(args.get(0, "name"), "variable", node)
        reuse = self.scopes[-1].reuse
        before = self.known_as(name)
        if (reuse and is_unclear(name, reuse, before)) or reuse == "maybe":
            return self.refuse("TFM404", node, "whether this variable is shared depends on a value that is not known")
        if before and not reuse:
            return self.refuse("TFM404", node, f"the variable `{name}` is made twice without reuse")
        if before:
            if not self.is_clear(before, reuse):
                return self.refuse("TFM404", node, f"which variable `{name}` is depends on a condition of the host")
            self.staging.touched.append((before[0], self.place()))
            return before[0]
        if reuse is True:
            return self.refuse("TFM404", node, f"`{name}` is reused here, but no variable of this name was made before")
        initializer = args.get(3, "initializer")
        own = {"initializer": initializer, "regularizer": args.get(4, "regularizer")}
        self.inherit(node, {"initializer": "initializer", "regularizer": "regularizer"}, own)
        made = self.make("variable", "tf.get_variable", [initializer] if initializer is not None else [], node)
        made.name = name
        made.trainable = self.known_flag(args.get(5, "trainable"), made, "trainable", node)
        made.details.update(self.details(args, ("name", "shape", "dtype", "initializer", "regularizer")))
        made.shape = None if self.repeated else get_variable_shape(made.details.get("shape"), initializer)
        self.regularize(made, [args.get(4, "regularizer")], node)
        self.call_it(name, made)
        self.op_names.take(name, certain=not self.perhaps, absolute=True)
        self.staging.touched.append((made, self.place()))
        self.file(made, args.get(6, "collections"), node)
        return made

    def regularize(self, owner: Node, given: list[Value | None], node: cst.CSTNode) -> None:
        """The penalties that a variable, or a layer's variables, add to the graph's collection of them."""
        wanted = [value for value in given if is_given(value)]
        if not all(isinstance(value, Regularizer) for value in wanted):
            self.refuse("TFM601", node, "the regularizer of this variable is not one of TensorFlow's own")
        elif wanted and (not owner.trainable or is_perhaps_trained(owner)):
            self.refuse("TFM601", node, "a variable that is not trained is regularized, which Keras leaves out")
        elif wanted and owner not in self.staging.regularized:
            self.staging.regularized.append(owner)

    def details(self, args: Arguments, order: tuple[str, ...]) -> dict[str, Value]:
        out = dict(zip(order, args.positional, strict=False))
        out.update(args.keywords)
        return out

    def known_flag(self, value: Value | None, made: Node, what: str, node: cst.CSTNode) -> bool:
        if value is None:
            return True
        if isinstance(value, Const):
            if value.value is None and not says_none(node, what):
                reason = f"`{what}` is None here, which TensorFlow 1 takes for True, and Keras for False"
                self.refuse("TFM404", node, reason)
            return value.value is None or bool(value.value)
        if isinstance(value, Symbol):
            # `tf.Variable(0.3, tf.float32)`, where a dtype was meant: it counts as true.
            return True
        if isinstance(value, Host):
            made.details["perhaps_trained"] = value
            return True
        self.refuse("TFM404", node, f"`{what}` of this variable is not known")
        return True

    def file(self, made: Node, collections: Value | None, node: cst.CSTNode) -> None:
        """Puts a variable into its collections; one that is trainable is always in that of the trainable ones."""
        self.collections.setdefault("variables", []).append(made)
        if not is_given(collections):
            return
        items = collections.items if isinstance(collections, Sequence) and collections.exact else [Const(None)]
        keys = [self.collection_key(item) for item in items]
        if None in keys:
            self.refuse("TFM404", node, "the collections of this variable are not known")
        for key in keys:
            if key is not None and key not in ("variables", "trainable_variables"):
                self.collections.setdefault(key, []).append(made)
        if "variables" not in keys:
            made.details["local"] = Const(True)

    def collection_key(self, value: Value | None) -> str | None:
        """The string behind a key of a collection; None when it is not known."""
        if isinstance(value, Symbol) and ".GraphKeys." in value.name:
            name = value.name.rsplit(".", 1)[-1]
            return KEYS.get(name, name.lower())
        return value.value if isinstance(value, Const) and isinstance(value.value, str) else None

    # ------------------------------------------------------------------ layers
    def layer(self, name: str, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        """A functional layer: a node that owns the variables, and the tensor that it computes."""
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
        contrib = name.startswith("tf.contrib")
        named = by_parameter(name, args)
        given = named.get("scope" if contrib else "name")
        base = LAYER_NAMES[name]
        if isinstance(given, Scope):
            path = given.path
        elif isinstance(given, Const) and isinstance(given.value, str):
            path = self.full_name(given, base, node)
        elif given is not None and not isinstance(given, Const):
            path = f"{self.scopes[-1].path}/{self.pass_names.part(given)}"
        else:
            path = self.full_name(None, base, node)
        reuse = self.layer_reuse(named.get("reuse"))
        if reuse is None:
            return Unknown("whether this layer shares its variables is not known", self.place(), "TFM404")
        before = self.known_as(f"layer {path}")
        if before and not reuse:
            return self.refuse("TFM404", node, f"the layer `{path}` is made twice without reuse")
        if reuse and (is_unclear(path, reuse, before) or (before and not self.is_clear(before, reuse))):
            return self.refuse("TFM404", node, f"which layer `{path}` is depends on a value that is not known")
        owner = before[0] if before else None
        self.note_normalizer(name, named, node, frame, path.removeprefix(f"{self.scopes[-1].path}/"))
        if owner is None:
            if reuse is True:
                return self.refuse(
                    "TFM404", node, f"`{path}` is reused here, but no layer of this name was made before"
                )
            owner = self.make("layer", name, [], node)
            owner.name = path
            owner.trainable = self.known_flag(named.get("trainable"), owner, "trainable", node)
            self.layer_arguments[owner.number] = named
            self.call_it(f"layer {path}", owner)
            self.add_parts(owner, args)
            if not contrib:
                by_place = len(args.positional) > (4 if name.endswith("dense") else 9)
                self.inherit(node, {} if by_place else LAYER_DEFAULTS.get(name, {}), dict(args.keywords))
            else:
                own = is_given(named.get("weights_initializer", HOST)) and name != EMBEDDING_LAYER
                self.inherit(node, OWN_INITIALIZERS if own else {}, {})
            self.collections.setdefault("variables", []).append(owner)
        elif owner.expression is not node and owner.op != name:
            return self.refuse("TFM404", node, f"`{path}` is reused by another kind of layer")
        elif (other := self.computed_otherwise(owner, named, node)) is not None:
            return self.refuse("TFM404", node, f"`{path}` is reused with another `{other}` than it was made with")
        self.staging.touched.append((owner, self.place()))
        result = self.make("tensor", name, [owner, *args.all()], node)
        result.details["owner"] = owner
        self.sized(result, name, args.positional, args.keywords)
        training = named.get("training", named.get("is_training"))
        if training is not None:
            result.details["training"] = training
        in_place = named.get("updates_collections", HOST)
        known = training if training is not None else Const(contrib)
        infers = isinstance(known, Const) and known.value is not None and not known.value
        if name.endswith(("batch_normalization", "batch_norm")) and is_given(in_place) and not infers:
            update = self.make("assign", f"{name}.update", [result], node)
            self.collections.setdefault("update_ops", []).append(update)
        self.regularize(owner, [v for name, v in named.items() if name.endswith("_regularizer")], node)
        return result

    def computed_otherwise(self, owner: Node, named: dict[str, Value], node: cst.Call) -> str | None:
        """An argument by which a call that shares the variables of a layer computes something else with them."""
        if owner.expression is node:
            return None
        made = self.layer_arguments[owner.number]
        nothing = Const(None)
        for name in sorted({*made, *named} - set(OF_EACH_CALL)):
            first, again = made.get(name, nothing), named.get(name, nothing)
            if name.endswith(OF_VARIABLES) or key_of(first) == key_of(again):
                continue
            followed = not (isinstance(first, Host | Function) and isinstance(again, Host | Function))
            if followed or not same_spelling(name, owner.expression, node):
                return name
        return None

    def add_parts(self, layer: Node, args: Arguments) -> None:
        """The variables of a layer as nodes of their own; they are no statements' doing and in no list of nodes."""
        if is_perhaps_trained(layer):
            return
        given = args.get(0, "inputs")
        rank = len(given.shape) if isinstance(given, Node) and given.shape is not None else None
        found = variables_of(layer, len(args.positional), args.keywords, rank) if args.exact else None
        for name, attribute, trainable in found or ():
            self.part_count += 1
            part = Node(PART_NUMBERS + self.part_count, "variable", PART, layer.place, (layer,))
            part.name = f"{layer.name}/{name}"
            part.trainable = trainable and layer.trainable
            part.details["attribute"] = Const(attribute)
            layer.parts.append(part)

    def is_clear(self, before: list[Node], reuse: bool | str) -> bool:
        """Whether what is shared here is known: one node, made in any case if it would otherwise be made now."""
        return len(before) == 1 and (reuse is True or self.is_certain(before[0]))

    def layer_reuse(self, given: Value | None) -> bool | str | None:
        scope = self.scopes[-1].reuse
        if scope == "maybe":
            return None
        match given:
            case None:
                return scope
            case Const(value=known):
                return bool(known) or scope
            case Symbol(name="tf.AUTO_REUSE"):
                return "auto"
        return None


# Arguments of a layer that each call may give otherwise, and endings of those that only its variables are made from.
OF_EACH_CALL = ("inputs", "training", "is_training", "name", "scope", "reuse", "trainable")
OF_VARIABLES = ("_initializer", "_regularizer", "_constraint", "_collections")
# The variables of layers have numbers beyond those of all other nodes.
PART_NUMBERS = 1_000_000
# What the constants of `tf.GraphKeys` stand for, where it is not their name in small letters.
KEYS = {"GLOBAL_VARIABLES": "variables"}
HOST = Host()


def by_parameter(name: str, args: Arguments) -> dict[str, Value]:
    """The arguments of a layer function by the names of its parameters."""
    symbol = tf1_symbol(name)
    places = symbol.positional() if symbol is not None else ()
    return {**dict(zip(places, args.positional, strict=False)), **args.keywords}


def same_spelling(name: str, first: cst.CSTNode | None, again: cst.Call) -> bool:
    """Whether two calls give a parameter by its name, in the same words: what is not known is taken to be the same."""
    found = [
        [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == name]
        for call in (first, again)
        if isinstance(call, cst.Call)
    ]
    return len(found) == 2 and all(found) and found[0][0].deep_equals(found[1][0])


def get_variable_shape(shape: Value | None, initializer: Value | None) -> Sizes | None:
    """The static shape of ``tf.get_variable``: the one that is given, else that of the initial value."""
    if not is_given(shape):
        return shape_of(initializer)
    single = number(shape)
    return (Const(single),) if single is not None else sizes_given(shape)


def is_given(value: Value | None) -> bool:
    """Whether an argument is there and not ``None``."""
    return value is not None and not (isinstance(value, Const) and value.value is None)
