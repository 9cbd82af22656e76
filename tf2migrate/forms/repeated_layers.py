"""``slim.repeat`` and ``slim.stack``: the calls that they make, one below the other."""

from __future__ import annotations

import libcst as cst

from tf2migrate.forms.convenience import Writing
from tf2migrate.graph.conveniences import REPEAT
from tf2migrate.graph.values import Const, Function, Sequence, Symbol

MAXIMUM = 64
# The names of functions of contrib that are known by others.
OWN_NAMES = {
    "conv1d": "convolution1d",
    "conv2d": "convolution2d",
    "conv3d": "convolution3d",
    "conv2d_transpose": "convolution2d_transpose",
    "conv3d_transpose": "convolution3d_transpose",
    "separable_conv2d": "separable_convolution2d",
}


def repeated(writing: Writing) -> list[str]:
    """``slim.repeat(inputs, repetitions, layer, *args, **kwargs)``."""
    count = writing.value("repetitions")
    if not isinstance(count, Const) or not isinstance(count.value, int) or not 0 < count.value <= MAXIMUM:
        raise writing.refused("how often this layer is repeated is not known")
    return _calls(writing, [", ".join(_rest(writing))] * count.value, "Repeat")


def stacked(writing: Writing) -> list[str]:
    """``slim.stack(inputs, layer, stack_args, **kwargs)``."""
    given, value = writing.expression("stack_args"), writing.value("stack_args")
    code = writing.module.tree.code_for_node
    rest = _rest(writing)
    if isinstance(given, cst.List | cst.Tuple):
        elements = [element.value for element in given.elements if isinstance(element, cst.Element)]
        spread = [
            [code(inner.value) for inner in element.elements]
            if isinstance(element, cst.List | cst.Tuple)
            else [code(element)]
            for element in elements
        ]
        if len(elements) == len(given.elements) and isinstance(value, Sequence) and not _nested(value, given):
            return _calls(writing, [", ".join([*own, *rest]) for own in spread], "Stack")
    raise writing.refused("what the layers of this stack are made with is not known")


def _nested(value: Sequence, given: cst.List | cst.Tuple) -> bool:
    """Whether an element that is not written as a list is one all the same."""
    pairs = zip(given.elements, value.items, strict=True)
    return any(not isinstance(e.value, cst.List | cst.Tuple) and not isinstance(v, Const) for e, v in pairs)


def _rest(writing: Writing) -> list[str]:
    """The arguments that go to every layer."""
    own = ("inputs", "repetitions", "layer", "stack_args", "scope")
    out: list[str] = []
    for index, arg in enumerate(writing.each.call.args):
        if arg.star:
            raise writing.refused("the arguments of this call are starred")
        text = writing.module.tree.code_for_node(arg.value)
        if arg.keyword is None and index >= 3:
            out.append(text)
        elif arg.keyword is not None and arg.keyword.value not in own:
            out.append(f"{arg.keyword.value}={text}")
    return out


def _calls(writing: Writing, arguments: list[str], kind: str) -> list[str]:
    """A scope with the calls in it."""
    scope = writing.expression("scope")
    known = writing.value("scope")
    if scope is None or writing.is_none("scope"):
        base, opened = _own_name(writing), "None"
    elif isinstance(known, Const) and isinstance(known.value, str):
        base, opened = known.value, writing.text("scope")
    else:
        raise writing.refused("the scope of these layers is not known")
    layer, inputs = writing.called("layer"), writing.text("inputs")
    result = writing.result("outputs")
    lines = [f'with {writing.tf}.variable_scope({opened}, "{kind}", [{inputs}]):']
    for number, given in enumerate(arguments, 1):
        middle = f", {given}" if given else ""
        lines.append(f'    {result} = {layer}({inputs}{middle}, scope="{base}_{number}")')
        inputs = result
    return ["\n".join([*lines, ""])]


def _own_name(writing: Writing) -> str:
    """What Python calls the layer, which is its scope where none is given."""
    layer = writing.value("layer")
    if isinstance(layer, Symbol):
        last = layer.name.rpartition(".")[2]
        return OWN_NAMES.get(last, last)
    if isinstance(layer, Function) and isinstance(layer.definition, cst.FunctionDef):
        return layer.definition.name.value
    raise writing.refused(f"the layer that `{'repeat' if writing.each.name == REPEAT else 'stack'}` calls is not known")
