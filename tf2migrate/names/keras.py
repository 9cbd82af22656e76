"""What a file that uses Keras shows of itself: its classes of models and layers, and what its names are bound to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.api.symbols import canonical2, tf2_exists
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.bindings import bound_names
from tf2migrate.names.import_lines import aliases_of, module_text
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tree import walk

_MODELS = frozenset({"tf.keras.Model", "tf.keras.Sequential", "tf.keras.models.Model", "tf.keras.models.Sequential"})
VARIABLE = "tf.keras.Variable"


@dataclass(frozen=True, slots=True)
class KerasClass:
    """A class of the file that is a model or a layer; ``methods`` by name."""

    node: cst.ClassDef
    is_model: bool
    methods: dict[str, cst.FunctionDef]


@dataclass(eq=False, slots=True)
class KerasFile:
    """A parsed file, with what Keras's names mean in it. ``bound`` holds what a name always is, by the name."""

    module: Module
    aliases: Aliases
    imported: dict[str, str]
    classes: dict[str, KerasClass] = field(default_factory=dict)
    bound: dict[str, cst.BaseExpression] = field(default_factory=dict)

    def symbol(self, node: cst.BaseExpression) -> str:
        """The symbol of TensorFlow or Keras that a name is; empty for any other."""
        found = self.aliases.canonical(node)
        if found is None:
            path = self.path(node)
            found = f"tf.{path}" if path.split(".")[0] == "keras" else ""
        return found

    def path(self, node: cst.BaseExpression) -> str:
        """The dotted path of what is imported (`numpy.float32`); empty for all else."""
        root, _, rest = dotted_name(node).partition(".")
        known = self.imported.get(root, "")
        return f"{known}.{rest}" if known and rest else known

    def called(self, node: cst.CSTNode) -> str:
        """The symbol that a call calls; empty for all else."""
        return self.symbol(node.func) if isinstance(node, cst.Call) else ""

    def value_of(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """What the expression is bound to: itself where it is no name, nothing where the file does not show it."""
        return self.bound.get(dotted_name(node)) if isinstance(node, cst.Name | cst.Attribute) else node

    def is_variable(self, node: cst.BaseExpression) -> bool:
        """Whether it is a variable of Keras 3."""
        value = self.value_of(node)
        if not isinstance(value, cst.Call):
            return False
        return self.called(value) == VARIABLE or dotted_name(value.func) == "self.add_weight"

    def is_optimizer(self, node: cst.BaseExpression) -> bool:
        """Whether it is an optimizer of Keras 3."""
        value = self.value_of(node)
        return value is not None and is_optimizer(self.called(value))

    def is_layer(self, node: cst.BaseExpression) -> bool:
        """Whether it is an instance of a model or of a layer of one's own."""
        value = self.value_of(node)
        if not isinstance(value, cst.Call):
            return False
        return self.called(value) in _MODELS or dotted_name(value.func) in self.classes

    def is_model(self, node: cst.BaseExpression) -> bool:
        """Whether it is an instance of a model."""
        value = self.value_of(node)
        if not isinstance(value, cst.Call):
            return False
        own = self.classes.get(dotted_name(value.func))
        return self.called(value) in _MODELS or (own is not None and own.is_model)


def keras_file(module: Module) -> KerasFile | None:
    """What a file shows of Keras; nothing where it does not name it."""
    if "keras" not in module.source.text:
        return None
    file = KerasFile(module, Aliases(module.tree), dict(_imports(module.tree)))
    for node in walk(module.tree):
        if isinstance(node, cst.ClassDef):
            _add_class(file, node)
    values: dict[str, list[cst.BaseExpression | None]] = {}
    for name, value in _bindings(module.tree):
        values.setdefault(name, []).append(value)
    file.bound = {name: found[0] for name, found in values.items() if len(found) == 1 and found[0] is not None}
    return file


def is_optimizer(symbol: str) -> bool:
    """Whether a symbol is a class of optimizers that Keras 3 made its own."""
    name = canonical2(symbol)
    last = name.rpartition(".")[2]
    return (
        name.startswith(("tf.keras.optimizers.", "tf.optimizers."))
        and ".legacy." not in name
        and ".schedules." not in name
        and last[:1].isupper()
        and tf2_exists(name)
    )


def assignments(node: cst.CSTNode) -> Iterator[tuple[str, cst.BaseExpression, cst.CSTNode]]:
    """The names, dotted or not, that statements below a node assign, with the value and the target."""
    for part in walk(node):
        match part:
            case cst.Assign(targets=targets, value=value):
                for target in targets:
                    name = dotted_name(target.target)
                    if name:
                        yield name, value, target.target
            case cst.AnnAssign(target=target, value=cst.BaseExpression() as value) if dotted_name(target):
                yield dotted_name(target), value, target


def literal_name(call: cst.Call) -> cst.SimpleString | None:
    """The text given as `name` in a call."""
    found = next((arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "name"), None)
    return found if isinstance(found, cst.SimpleString) else None


def _add_class(file: KerasFile, node: cst.ClassDef) -> None:
    for base in node.bases:
        symbol, own = file.symbol(base.value), file.classes.get(dotted_name(base.value))
        known = canonical2(symbol)
        is_layer = known == "tf.keras.Layer" or symbol.startswith("tf.keras.layers.")
        if symbol in _MODELS or is_layer or own is not None:
            body = node.body.body
            methods = {part.name.value: part for part in body if isinstance(part, cst.FunctionDef)}
            is_model = symbol in _MODELS or (own is not None and own.is_model)
            file.classes[node.name.value] = KerasClass(node, is_model, methods)


def _imports(tree: cst.Module) -> Iterator[tuple[str, str]]:
    """The names that imports bind, with the path that each stands for."""
    for node in walk(tree):
        match node:
            case cst.ImportFrom():
                yield from ((bound, f"{module_text(node)}.{original}") for bound, original in aliases_of(node))
            case cst.Import(names=names):
                for alias in names:
                    dotted = dotted_name(alias.name)
                    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                        yield alias.asname.name.value, dotted
                    else:
                        yield dotted.partition(".")[0], dotted.partition(".")[0]


def _bindings(tree: cst.Module) -> Iterator[tuple[str, cst.BaseExpression | None]]:
    """Every binding of a name, with its value where it is a plain assignment."""
    plain: set[int] = set()
    for name, value, target in assignments(tree):
        plain.add(id(target))
        yield name, value
    for node in walk(tree):
        match node:
            case (
                cst.AssignTarget(target=target)
                | cst.For(target=target)
                | cst.CompFor(target=target)
                | cst.AugAssign(target=target)
                | cst.NamedExpr(target=target)
                | cst.WithItem(asname=cst.AsName(name=target))
            ) if id(target) not in plain:
                yield from ((name, None) for name in bound_names(target))
            case cst.Param(name=own) | cst.FunctionDef(name=own) | cst.ClassDef(name=own):
                yield own.value, None
