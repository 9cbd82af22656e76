"""The arguments that the calls of a layer function give to the constructor, and to the object."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import Const, Mapping, nodes_in
from tf2migrate.plan.layer_model import OPTIONS, LayerFunction, parameter_of
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.symbols import Symbols


def by_parameter(function: LayerFunction, original: cst.Call, updated: cst.Call, symbols: Symbols) -> dict[str, str]:
    """The argument texts of a call by parameter."""
    out: dict[str, str] = {}
    for old, new in zip(original.args, updated.args, strict=True):
        if old.star and not (old.star == OPTIONS and _only_construct(function, original, old, symbols)):
            raise NotPlanned(
                Refusal("TFM410", symbols.module.key, original, "a layer is called with starred arguments")
            )
        out[parameter_of(function, original, old)] = symbols.code(new.value).strip()
    return out


def _only_construct(function: LayerFunction, call: cst.Call, options: cst.Arg, symbols: Symbols) -> bool:
    """Whether all that a dict of arguments can give goes to the constructor, and nothing of it to the object."""
    given: set[str] = set()
    for value in symbols.staging.values_of(options.value):
        if isinstance(value, Mapping) and value.exact:
            given |= {str(key) for key in value.items}
        elif isinstance(value, Const) and isinstance(value.value, dict):
            given |= {str(key) for key in value.value}
        else:
            given |= {param.name.value for param in function.parameters}
            given -= {parameter_of(function, call, arg) for arg in call.args}
    return given <= set(function.init) - set(function.call)


def constructor_arguments(function: LayerFunction, texts: dict[str, str]) -> str:
    """The arguments that a call gives to the constructor."""
    parts: list[str] = []
    gap = False
    for name in function.init:
        if name not in texts:
            gap = True
        else:
            parts.append(f"{name}={texts[name]}" if gap else texts[name])
    if OPTIONS in texts:
        parts.append(f"{OPTIONS}{texts[OPTIONS]}")
    return ", ".join(parts)


def call_arguments(function: LayerFunction, texts: dict[str, str], frames: list[Frame]) -> str:
    """The arguments that a call gives to the object: tensors by position, host values by keyword."""
    parts: list[str] = []
    gap = False
    for name in function.call:
        if name not in texts:
            gap = True
            continue
        tensor = all(any(True for _ in nodes_in(f.env_at_entry(name))) for f in frames)
        # Keras hands these two on by name, wherever they stand.
        gap = gap or not tensor or name in ("training", "mask")
        parts.append(f"{name}={texts[name]}" if gap else texts[name])
    return ", ".join(parts)


def unread_arguments(function: LayerFunction, call: cst.Call, symbols: Symbols) -> dict[int, str]:
    """The arguments of a call that the object is not given, by identity: they go as they are, whatever they name."""
    given = {OPTIONS, "*", *function.call}
    unread = (arg.value for arg in call.args if parameter_of(function, call, arg) not in given)
    return {id(value): symbols.code(value) for value in unread}


def with_lifted(arguments: str, lifted: list[str]) -> str:
    return ", ".join([*([arguments] if arguments else []), *lifted])
