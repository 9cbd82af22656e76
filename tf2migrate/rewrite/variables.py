"""Variable constructors: ``tf.Variable`` and ``tf.get_variable`` as Keras variables."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.api.calls_model import Argument
from tf2migrate.api.initializers import weight_initializer
from tf2migrate.api.literals import string
from tf2migrate.graph.values import Const, Host, Node, Symbol, Value, is_cell, settled
from tf2migrate.names.tree import children
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.symbols import Symbols, is_initializer

VARIABLE = (
    "initial_value",
    "trainable",
    "collections",
    "validate_shape",
    "caching_device",
    "name",
    "variable_def",
    "dtype",
)
GET_VARIABLE = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "collections")


def bound(arguments: list[Argument], order: tuple[str, ...]) -> dict[str, str]:
    """The texts of a call's arguments by parameter."""
    out: dict[str, str] = {}
    for argument, name in zip([a for a in arguments if a.keyword is None], order, strict=False):
        out[name] = argument.text
    out.update({a.keyword: a.text for a in arguments if a.keyword is not None})
    return {name: text for name, text in out.items() if text.strip() != "None"}


def arguments_of(symbols: Symbols, node: Node, call: cst.Call) -> dict[str, str]:
    """The arguments of a variable's constructor, without a dtype that was given as the flag `trainable`."""
    given = bound(symbols.arguments(call), VARIABLE if node.op == "tf.Variable" else GET_VARIABLE)
    if isinstance(node.details.get("trainable"), Symbol):
        given.pop("trainable", None)
    return given


def in_model(
    symbols: Symbols,
    node: Node,
    original: cst.Call,
    updated: cst.Call,
    name: str,
    edit: cst.CSTTransformer | None = None,
) -> str:
    """The constructor of a variable that is an attribute ``name`` of the model: ``self.add_weight`` where possible.

    ``edit`` is what made ``updated`` of ``original``, where names of the function are called otherwise in the class.
    """
    if is_cell(node):
        return cell(symbols, original, updated)
    given = arguments_of(symbols, node, updated)
    if node.op == "tf.Variable":
        initial = original_argument(original, 0, "initial_value")
        call = initial.value if initial is not None else None
        symbol = symbols.canonical(call.func) if isinstance(call, cst.Call) else None
        if symbol is not None and isinstance(call, cst.Call):
            # The texts of the original call: its own native spelling is decided by the table.
            inner = call if edit is None else call.with_changes(args=[cast(cst.Arg, a.visit(edit)) for a in call.args])
            weight = weight_initializer(symbol, symbols.arguments(inner), tf=symbols.tf)
            shape = shape_of(symbols, call, weight.shape) if weight is not None else None
            if weight is not None and shape is not None and "dtype" not in given and simple(call, symbols):
                symbols.define(weight.definitions)
                parts = [f'name="{name}"', f"shape={shape}", f"initializer={weight.initializer}"]
                parts += [f"dtype={weight.dtype}"] if weight.dtype else []
                parts += [f"trainable={given['trainable']}"] if "trainable" in given else []
                return f"self.add_weight({', '.join(parts)})"
        return anywhere(symbols, node, original, updated)
    initializer = original_argument(original, 3, "initializer")
    tensor = initializer is not None and is_tensor(symbols, initializer.value)
    if "shape" in given and not tensor:
        parts = [f'name="{name}"', f"shape={listed(symbols, original, given['shape'])}"]
        parts += [f"initializer={given['initializer']}"] if "initializer" in given else ['initializer="glorot_uniform"']
        parts += [f"{key}={given[key]}" for key in ("dtype", "trainable") if key in given and plain(given[key]) is None]
        parts += [f"regularizer={given['regularizer']}"] if "regularizer" in given else []
        return f"self.add_weight({', '.join(parts)})"
    return anywhere(symbols, node, original, updated)


def shape_of(symbols: Symbols, call: cst.Call, text: str) -> str | None:
    """The shape of an initial value as ``add_weight`` takes it, which no number is; None where it may be either."""
    first = original_argument(call, 0, "shape") or original_argument(call, 0, "dims")
    if first is None or text.startswith("["):
        return text
    values = [settled(value) for value in symbols.staging.values_of(first.value)]
    if are_numbers(values):
        return f"[{text}]"
    return None if any(isinstance(v, Host) and not v.shape_of for v in values) else text


def listed(symbols: Symbols, call: cst.Call, text: str) -> str:
    """The shape that ``get_variable`` was given: Keras takes no number for one."""
    shape = original_argument(call, 1, "shape")
    values = [settled(value) for value in symbols.staging.values_of(shape.value)] if shape is not None else []
    return f"[{text}]" if are_numbers(values) else text


def are_numbers(values: list[Value]) -> bool:
    return bool(values) and all(isinstance(v, Const) and isinstance(v.value, int) for v in values)


def cell(symbols: Symbols, original: cst.Call, updated: cst.Call) -> str:
    """The constructor of a recurrent cell, a layer of its own."""
    return symbols.code(symbols.call(original, updated))


def plain(text: str) -> str | None:
    """The dtype that add_weight has anyway."""
    return text if text.endswith(".float32") or string(text) == "float32" else None


def anywhere(symbols: Symbols, node: Node, original: cst.Call, updated: cst.Call) -> str:
    """The constructor of a variable outside a model's constructor: ``tf.keras.Variable``."""
    if is_cell(node):
        return cell(symbols, original, updated)
    if node in symbols.staging.regularized and original_argument(original, 4, "regularizer") is not None:
        reason = "a variable with a regularizer is made outside of the model, which would not list its penalty"
        raise NotPlanned(Refusal("TFM601", symbols.module.key, original, reason))
    if node.op == "tf.Variable":
        given = arguments_of(symbols, node, updated)
        initial = given.get("initial_value", "")
        # Keras takes a plain string for the name of an initializer.
        parts = [initial if string(initial) is None else f"{symbols.tf}.constant({initial})"]
        parts += [f"{key}={given[key]}" for key in ("dtype", "trainable") if key in given]
    elif node.op == "tf.get_variable":
        given = arguments_of(symbols, node, updated)
        initializer = original_argument(original, 3, "initializer")
        tensor = initializer is not None and is_tensor(symbols, initializer.value)
        default = f"{symbols.tf}.keras.initializers.GlorotUniform()"
        parts = [given.get("initializer", default)]
        if "shape" in given and not tensor:
            parts.append(f"shape={listed(symbols, original, given['shape'])}")
        parts += [f"{key}={given[key]}" for key in ("dtype", "trainable") if key in given]
    else:
        given = {}
        parts = ["0", f"dtype={symbols.tf}.int64", "trainable=False"]
    label = string(given.get("name", "")) if given.get("name") else None
    if label and "/" not in label:
        parts.append(f"name={given['name']}")
    return f"{symbols.tf}.keras.Variable({', '.join(parts)})"


def is_tensor(symbols: Symbols, expression: cst.BaseExpression) -> bool:
    """Whether an initializer is a value rather than a function of the shape."""
    if isinstance(expression, cst.Call):
        name = symbols.canonical(expression.func)
        if name is not None:
            return not is_initializer(name)
    return any(isinstance(v, Node) for v in symbols.staging.values_of(expression))


def simple(call: cst.Call, symbols: Symbols) -> bool:
    """Whether the arguments hold no symbol of TensorFlow but dtypes: their text needs no other spelling."""
    stack: list[cst.CSTNode] = [arg.value for arg in call.args]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Call) and symbols.canonical(node.func) is not None:
            return False
        stack.extend(children(node))
    return True


def original_argument(call: cst.Call, position: int, name: str) -> cst.Arg | None:
    index = 0
    for arg in call.args:
        if arg.keyword is not None:
            if arg.keyword.value == name:
                return arg
        elif not arg.star:
            if index == position:
                return arg
            index += 1
    return None


