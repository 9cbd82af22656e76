"""What the class of a layer is called, and its objects."""

from __future__ import annotations

import re

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const
from tf2migrate.plan.layer_model import LayerFunction, parameter_of


def class_name(function: str, taken: set[str]) -> str:
    """``conv_layer`` as the name of a class: ``ConvLayer``."""
    words = [w for w in re.split(r"_+", function) if w]
    name = "".join(w[:1].upper() + w[1:] for w in words) or "Layer"
    if name[0].isdigit() or name == function:
        name = f"{name}Layer"
    candidate, number = name, 1
    while candidate in taken:
        candidate = f"{name}Layer" if number == 1 else f"{name}Layer{number}"
        number += 1
    taken.add(candidate)
    return candidate


def snake(name: str) -> str:
    out = ""
    for index, letter in enumerate(name):
        if letter.isupper() and index and not (name[index - 1].isupper() or out.endswith("_")):
            out += "_"
        out += letter.lower()
    return out.strip("_") or "layer"


def object_name(staging: Staging, call: cst.Call, caller: Frame, function: LayerFunction) -> str:
    """A name for the object of a call: the scope that the program gave it, else the function's name."""
    for arg in call.args:
        given = _given_name(staging, arg.value, caller)
        if given.isidentifier():
            name = parameter_of(function, call, arg)
            if name in ("name", "scope", "scope_name", "layer_name", "var_scope", "name_scope"):
                return given if given.islower() else snake(given)
    return snake(function.definition.name.value)


def _given_name(staging: Staging, expression: cst.BaseExpression, caller: Frame) -> str:
    """The text that an argument is; where the passes of a loop differ, what all have in front of a number."""
    values = [seen.value for seen in staging.observations.get(id(expression), ()) if seen.frame is caller]
    texts = {v.value if isinstance(v, Const) else None for v in values}
    known = [text for text in texts if isinstance(text, str)]
    if len(known) != len(texts) or not known:
        return ""
    if len(known) == 1:
        return known[0]
    stems = {text.rstrip("0123456789").rstrip("_") for text in known}
    return stems.pop() if len(stems) == 1 else ""
