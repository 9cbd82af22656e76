"""Programs of TensorFlow 1 that run eagerly: nothing moves, and what has another name or form gets it.

There is no graph to be known, but also nothing that tells what a name holds. So only what is listed here is
rewritten, and every other symbol is refused, as is what TensorFlow 2 takes in another way: tensors that are
compared, variables and layers whose type depends on the data, numbers that are drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import libcst as cst

from tf2migrate.api.calls import Effect, effects
from tf2migrate.api.calls_model import Refused
from tf2migrate.api.mnist import is_mnist_reader
from tf2migrate.api.optimizers import Rate, densify, optimizer
from tf2migrate.api.recipes import recipe
from tf2migrate.graph.datasets import SOURCES
from tf2migrate.graph.staging import Staging
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.reserved import RESERVED
from tf2migrate.rewrite.layout import Layout
from tf2migrate.rewrite.substitution import Substitution
from tf2migrate.rewrite.summaries import is_whole
from tf2migrate.rewrite.symbols import Symbols

EAGER = "tf.contrib.eager"
ENABLING = ("tf.enable_eager_execution", f"{EAGER}.enable_eager_execution")
IMPLICIT = {
    f"{EAGER}.implicit_gradients": "implicit_gradients",
    f"{EAGER}.implicit_value_and_gradients": "implicit_value_and_gradients",
}
# Layer objects, and the arguments that mean the same to Keras.
LAYERS = {
    "tf.layers.Dense": ("units", "activation", "use_bias", "name"),
    "tf.layers.Flatten": ("name",),
}
# What tensors, dimensions and datasets have no more.
OF_TENSORFLOW_1 = ("value", "output_types", "output_shapes", "output_classes", "eval")
# Packages whose arrays are of 64 bits, in which layers of TensorFlow 1 then made their variables.
WIDE = ("numpy", "pandas", "sklearn", "scipy")
GATHERING = (
    *("gather", "gather_nd", "embedding_lookup", "embedding_lookup_sparse", "safe_embedding_lookup_sparse"),
    *("nce_loss", "sampled_softmax_loss"),
)


def runs_eagerly(staging: Staging) -> bool:
    """Whether a program asks for eager execution."""
    return any(symbol in staging.symbols for symbol in ENABLING)


def rewrite_eager(staging: Staging) -> dict[str, str]:
    """The new text of each module. Raises ``NotPlanned``."""
    out: dict[str, str] = {}
    for key in staging.module_frames:
        module = staging.modules[key]
        aliases = Aliases(module.tree)
        for name, symbol in _second_names(module, aliases):
            aliases.names[name] = symbol
        symbols = Symbols(module, Staging({}), aliases)
        edits = _Edits(symbols)
        edits.plan()
        tree = module.tree.visit(_Eager(edits))
        out[key] = Layout(symbols, module, set()).finish(tree)
    return out


def _second_names(module: Module, aliases: Aliases) -> Iterator[tuple[str, str]]:
    """``tfe = tf.contrib.eager``, where the name is bound once."""
    bound = [dotted_name(n.target) for n in walk(module.tree) if isinstance(n, cst.AssignTarget)]
    for statement in module.tree.body:
        match statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)]
            ) if bound.count(name) == 1 and aliases.canonical(value) == EAGER:
                yield name, EAGER


class _Edits:
    """What becomes of the expressions and statements of one module."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.module = symbols.module
        self.nodes = list(walk(self.module.tree))
        self.gone: set[int] = set()
        self.iterators: set[str] = set()
        self.optimizers: set[str] = set()
        self.edit = Substitution(symbols, {}, {}, {})

    def refused(self, where: cst.CSTNode, reason: str, advice: str = "", code: str = "TFM410") -> NotPlanned:
        return NotPlanned(Refusal(code, self.module.key, where, reason, advice))

    def canonical(self, node: cst.CSTNode) -> str | None:
        return self.symbols.canonical(node) if isinstance(node, cst.Name | cst.Attribute) else None

    # ------------------------------------------------------------------ everything in turn
    def plan(self) -> None:
        modules = [*self.symbols.staging.modules.values()] or [self.module]
        everything = [node for module in modules for node in walk(module.tree)]
        self.wide = any(_imports(node, WIDE) for node in everything)
        self.gathers = any(isinstance(n, cst.Attribute) and n.attr.value in GATHERING for n in everything)
        self.appliers = [n for n in everything if isinstance(n, cst.Attribute) and n.attr.value == "apply_gradients"]
        self.collect()
        called: set[int] = set()
        self.comparisons(self.module.tree, self.module.tree)
        for node in self.nodes:
            match node:
                case cst.SimpleStatementLine(body=[small]) if self.goes(small):
                    self.gone.add(id(node))
                    called |= {id(inner) for inner in walk(node)}
                case cst.ClassDef(bases=bases):
                    self.class_of(node, bases)
                    called |= {id(inner) for base in bases for inner in walk(base)}
                case cst.Attribute(attr=cst.Name(value=attribute)) if attribute in OF_TENSORFLOW_1:
                    raise self.refused(node, f"`{attribute}` of what TensorFlow 1 gave is not there in TensorFlow 2")
        for node in self.nodes:
            if isinstance(node, cst.Call) and id(node) not in called:
                called |= _chain(node.func)
                self.call(node)
        for node in self.nodes:
            if isinstance(node, cst.Import | cst.ImportFrom):
                called |= {id(inner) for inner in walk(node)}
            name = self.canonical(node)
            if name is not None and id(node) not in called:
                called |= _chain(node)
                if effects(name) not in (Effect.PURE, Effect.RANDOM, Effect.HOST):
                    raise self.unknown(node, name)

    def collect(self) -> None:
        """Names of iterators and optimizers, which have methods of their own."""
        for node in self.nodes:
            match node:
                case cst.Assign(targets=[cst.AssignTarget(target=target)], value=cst.Call(func=func)):
                    name = self.canonical(func)
                    if name == f"{EAGER}.Iterator":
                        self.iterators.add(dotted_name(target))
                    if name is not None and name.startswith("tf.train.") and name.endswith("Optimizer"):
                        self.optimizers.add(dotted_name(target))

    def goes(self, small: cst.BaseSmallStatement) -> bool:
        """Whether a statement has nothing to do in TensorFlow 2."""
        match small:
            case cst.Expr(value=cst.Call(func=func, args=args)) if self.canonical(func) in ENABLING:
                if args:
                    raise self.refused(small, "these arguments of eager execution are not rewritten yet")
                return True
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value):
                return self.canonical(value) == EAGER
            case cst.Import(names=[alias]):
                return dotted_name(alias.name) == "tensorflow.contrib.eager"
        return False

    def unknown(self, node: cst.CSTNode, name: str) -> NotPlanned:
        return self.refused(node, f"`{name}` in a program that runs eagerly is not rewritten yet")

    def class_of(self, node: cst.ClassDef, bases: Sequence[cst.Arg]) -> None:
        for base in bases:
            name = self.canonical(base.value)
            if name is None:
                continue
            if name != f"{EAGER}.Network" or len(bases) > 1:
                raise self.unknown(base.value, name)
            self.narrow(base.value)
            attributes = {
                n.target.attr.value
                for n in walk(node)
                if isinstance(n, cst.AssignTarget) and isinstance(n.target, cst.Attribute)
            }
            methods = {n.name.value for n in node.body.body if isinstance(n, cst.FunctionDef)}
            if (attributes | methods - {"__init__", "call"}) & RESERVED:
                raise self.refused(node, "this class uses names that Keras models have themselves")
            self.edit.whole[id(base.value)] = f"{self.symbols.tf}.keras.Model"

    def narrow(self, where: cst.CSTNode) -> None:
        """A layer of TensorFlow 1 was of the type of its first input; one of Keras is of 32 bits."""
        if self.wide:
            raise self.refused(where, "layers are made in a program with arrays that may be of 64 bits")

    def comparisons(self, node: cst.CSTNode, body: cst.CSTNode) -> None:
        """All comparisons, each with the function or module that it stands in."""
        body = node if isinstance(node, cst.FunctionDef) else body
        if isinstance(node, cst.Comparison):
            self.comparison(node, body)
        for child in children(node):
            self.comparisons(child, body)

    def comparison(self, node: cst.Comparison, body: cst.CSTNode) -> None:
        """TensorFlow 1 compared tensors by identity, TensorFlow 2 compares their values."""
        sides = [node.left, *(target.comparator for target in node.comparisons)]
        operators = [target.operator for target in node.comparisons]
        if not any(isinstance(o, cst.Equal | cst.NotEqual | cst.In | cst.NotIn) for o in operators):
            return
        if any(isinstance(side, cst.SimpleString) for side in sides):
            return
        if not any(is_whole(side, body) and not isinstance(side, cst.Integer) for side in sides):
            raise self.refused(node, "what is compared here may be a tensor, of which TensorFlow 2 compares the values")

    # ------------------------------------------------------------------ calls
    def call(self, node: cst.Call) -> None:
        name, tf = self.canonical(node.func), self.symbols.tf
        if name is None:
            self.method(node)
        elif name == f"{EAGER}.Variable" or name == "tf.Variable":
            named = [a.keyword.value for a in node.args if a.keyword is not None]
            if len(node.args) - len(named) > 1 or not set(named) <= {"name", "dtype", "trainable", "initial_value"}:
                raise self.refused(node, "these arguments of a variable are not rewritten yet")
            self.edit.replacements[id(node)] = partial(self.renamed, f"{tf}.Variable")
        elif name == f"{EAGER}.Iterator" and len(node.args) == 1:
            self.edit.replacements[id(node)] = partial(self.renamed, "iter")
        elif name in IMPLICIT and len(node.args) == 1:
            self.symbols.define((recipe(IMPLICIT[name], tf=tf),))
            self.edit.replacements[id(node)] = partial(self.renamed, IMPLICIT[name])
        elif name in LAYERS:
            self.narrow(node)
            named = [a.keyword.value for a in node.args if a.keyword is not None]
            if not set(named) <= set(LAYERS[name]) or len(node.args) - len(named) > 2:
                raise self.refused(node, f"these arguments of `{name}` are not rewritten yet")
            self.edit.replacements[id(node)] = partial(self.renamed, f"{tf}.keras.layers.{name.rpartition('.')[2]}")
        elif name.startswith("tf.train.") and name.endswith("Optimizer"):
            if not all(self.is_number(arg.value) for arg in node.args):
                raise self.refused(node, "an argument of this optimizer may change while it is used")
            self.edit.replacements[id(node)] = partial(self.optimizer, name, node)
        elif name not in (*SOURCES, "tf.GradientTape") and not is_mnist_reader(name) and not _computes(name):
            raise self.unknown(node, name)

    def method(self, node: cst.Call) -> None:
        """Methods of what TensorFlow 1 made."""
        if not isinstance(node.func, cst.Attribute):
            return
        base, name = dotted_name(node.func.value), node.func.attr.value
        if base in self.iterators:
            if name != "next" or node.args:
                raise self.refused(node, f"`{name}` of an iterator is not rewritten yet")
            self.edit.replacements[id(node)] = lambda made: self.symbols.expression(
                f"next({self.symbols.code(cst.ensure_type(cast(cst.Call, made).func, cst.Attribute).value)})"
            )
        elif name == "track_layer" and len(node.args) == 1:
            self.edit.replacements[id(node)] = lambda made: cast(cst.Call, made).args[0].value
        elif base in self.optimizers or name in ("apply_gradients", "minimize", "compute_gradients"):
            if base not in self.optimizers or name != "apply_gradients" or len(node.args) != 1:
                raise self.refused(node, f"`{name}` of this optimizer is not rewritten yet")
            if sum(dotted_name(applier.value) == base for applier in self.appliers) > 1:
                # A Keras optimizer takes no variables that it has not been built for.
                raise self.refused(node, "one optimizer applies gradients in several places")
        elif name == "shuffle":
            raise self.refused(node, "whether this shuffles as TensorFlow 1 did is not known", code="TFM801")
        elif name in ("make_one_shot_iterator", "make_initializable_iterator", "track_layer"):
            raise self.refused(node, f"`{name}` in a program that runs eagerly is not rewritten yet", code="TFM801")

    def renamed(self, name: str, made: cst.BaseExpression) -> cst.BaseExpression:
        return cast(cst.Call, made).with_changes(func=self.symbols.expression(name))

    def is_number(self, value: cst.BaseExpression) -> bool:
        """Whether an argument is a number or word of the source: a variable could change while it is used."""
        if isinstance(value, cst.Name) and value.value in ("True", "False", "None"):
            return True
        assigned = [n for n in self.nodes if isinstance(n, cst.Assign | cst.AugAssign | cst.For)]
        bound = [n for n in assigned for t in _targets(n) if value.deep_equals(t)]
        known = [n.value for n in bound if isinstance(n, cst.Assign)] if isinstance(value, cst.Name) else [value]
        return len(known) == 1 and len(bound) < 2 and isinstance(known[0], cst.BaseNumber | cst.SimpleString)

    def optimizer(self, name: str, original: cst.Call, made: cst.BaseExpression) -> cst.BaseExpression:
        if densify(name, self.gathers):
            raise self.refused(original, "sparse gradients in a program that runs eagerly", code="TFM501")
        arguments = self.symbols.arguments(cast(cst.Call, made))
        found = optimizer(name, arguments, tf=self.symbols.tf, sparse=self.gathers, rate=Rate.CONSTANT)
        if isinstance(found, Refused):
            raise self.refused(original, found.reason, found.advice, "TFM501")
        self.symbols.define(found.definitions)
        return self.symbols.expression(found.text)


def _chain(node: cst.CSTNode) -> set[int]:
    """A dotted name, and the beginnings of it."""
    out = {id(node)}
    while isinstance(node, cst.Attribute):
        node = node.value
        out.add(id(node))
    return out if isinstance(node, cst.Name) else set()


def _targets(node: cst.Assign | cst.AugAssign | cst.For) -> list[cst.BaseExpression]:
    return [t.target for t in node.targets] if isinstance(node, cst.Assign) else [node.target]


def _computes(name: str) -> bool:
    """Whether a function gives a value and does nothing else."""
    beside = name.startswith(
        ("tf.losses.", "tf.metrics.", "tf.data.", "tf.keras.", "tf.flags.", "tf.app.", "tf.set_random_seed")
    )
    return effects(name) in (Effect.PURE, Effect.RANDOM) and not beside


def _imports(node: cst.CSTNode, packages: tuple[str, ...]) -> bool:
    match node:
        case cst.Import(names=names):
            return any(dotted_name(alias.name).split(".")[0] in packages for alias in names)
        case cst.ImportFrom(module=module) if module is not None:
            return dotted_name(module).split(".")[0] in packages
    return False


class _Eager(Substitution):
    """Makes the edits."""

    def __init__(self, edits: _Edits) -> None:
        super().__init__(edits.symbols, edits.edit.replacements, edits.edit.whole, {})
        self.gone = edits.gone

    def on_visit(self, node: cst.CSTNode) -> bool:
        return id(node) not in self.gone and super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        return cst.RemoveFromParent() if id(original) in self.gone else super().on_leave(original, updated)
