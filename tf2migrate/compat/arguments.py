"""Arguments of layers and cells that what takes their place does not understand, however they reach it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from tf2migrate.api.compat import takes
from tf2migrate.api.symbols import Symbol, canonical, tf1_symbol
from tf2migrate.compat.naming import naming
from tf2migrate.compat.origins import Origin, Origins
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.refusal import Refusal

_NORMALIZER = "tf.contrib.layers.batch_norm"


def refused_arguments(modules: Sequence[Module]) -> Iterator[Refusal]:
    """Initializers and regularizers that may be the names of some, and parameters of normalizers that are not seen."""
    aliases = {module.key: naming(module.tree).aliases for module in modules}
    origins = Origins(modules, aliases)
    for module in modules:
        for node in walk(module.tree):
            if not isinstance(node, cst.Call):
                continue
            for name, value in _named(node, aliases[module.key]):
                if name.endswith(("initializer", "regularizer")) and not _is_called(origins.of(value, module), origins):
                    reason = f"`{name}` may be a text, by which only Keras 2 finds what is meant"
                    yield Refusal("TFM101", module.key, value, reason, "Give the initializer or regularizer itself")
                if name == "normalizer_params" and (why := _unfit(node, value, module, origins)):
                    yield Refusal("TFM101", module.key, value, f"`normalizer_params` {why}", "Write what is taken")


def _named(call: cst.Call, aliases: Aliases) -> Iterator[tuple[str, cst.BaseExpression]]:
    """The arguments of a call that reach a definition, by their names."""
    symbol = _definition(call.func, aliases)
    if symbol is None and not any(_definition(arg.value, aliases) for arg in call.args):
        return
    places = list(symbol.positional()) if symbol is not None else []
    for arg in call.args:
        if arg.keyword is not None:
            yield arg.keyword.value, arg.value
        elif places and not arg.star:
            yield places.pop(0), arg.value


def _definition(node: cst.BaseExpression, aliases: Aliases) -> Symbol | None:
    name = aliases.canonical(node) if isinstance(node, cst.Name | cst.Attribute) else None
    return takes(name) if name is not None else None


def _is_called(found: list[Origin] | None, origins: Origins) -> bool:
    """Whether something is a function, or made by a call of TensorFlow's, or nothing."""
    return found is not None and all(_is_callable(each, origins) for each in found)


def _is_callable(origin: Origin, origins: Origins) -> bool:
    match origin.node:
        case cst.Name(value="None") | cst.Lambda():
            return True
        case cst.Name() | cst.Attribute() as node:
            pass
        case cst.Call(func=cst.Name() | cst.Attribute() as node):
            pass
        case _:
            return False
    symbol = tf1_symbol(canonical(origins.aliases[origin.module.key].canonical(node) or ""))
    return symbol is not None and symbol.kind in ("function", "class")


def _unfit(call: cst.Call, value: cst.BaseExpression, module: Module, origins: Origins) -> str:
    """Why a normalizer would not take its parameters; empty if it does."""
    functions = [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "normalizer_fn"]
    if functions and origins.is_own_function(functions[0]):
        return ""
    symbol = _definition(functions[0], origins.aliases[module.key]) if functions else None
    symbol = symbol or takes(_NORMALIZER)
    assert symbol is not None
    origins.passed.clear()
    found = origins.of(value, module)
    keys = [_keys(each.node) for each in found or ()]
    if found is None or None in keys:
        return "come from a dict that is not seen"
    keys.append(_added(origins))
    if None in keys:
        return "come from a dict that changes"
    wrong = sorted({key for some in keys for key in some or () if symbol.parameter(key) is None})
    return f"have `{wrong[0]}`, which what takes the place of `{_NORMALIZER}` does not take" if wrong else ""


def _keys(node: cst.BaseExpression) -> set[str] | None:
    """The keys of a dict that is written out; None for anything else."""
    match node:
        case cst.Name(value="None"):
            return set()
        case cst.Dict(elements=elements):
            keys = [_text(each.key) if isinstance(each, cst.DictElement) else None for each in elements]
        case cst.Call(func=cst.Name(value="dict"), args=args):
            keys = [arg.keyword.value if arg.keyword is not None else None for arg in args]
        case _:
            return None
    known = {key for key in keys if key is not None}
    return None if None in keys else known


def _added(origins: Origins) -> set[str] | None:
    """The keys that are put into a dict under one of the names that lead to it."""
    found: set[str] = set()
    for module in origins.modules:
        for node in walk(module.tree):
            match node:
                case cst.AssignTarget(target=cst.Subscript(value=holder, slice=[place])) if _is_one(holder, origins):
                    key = _text(place.slice.value) if isinstance(place.slice, cst.Index) else None
                    if key is None:
                        return None
                    found.add(key)
                case cst.Call(func=cst.Attribute(value=holder, attr=cst.Name(value="update" | "setdefault"))):
                    if _is_one(holder, origins):
                        return None
    return found


def _is_one(node: cst.BaseExpression, origins: Origins) -> bool:
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name in origins.passed
    return False


def _text(node: cst.BaseExpression) -> str | None:
    value = node.evaluated_value if isinstance(node, cst.SimpleString) else None
    return value if isinstance(value, str) else None
