"""The keys of a dict, where they are written out."""

from __future__ import annotations

import libcst as cst


def written_keys(node: cst.CSTNode) -> list[cst.BaseExpression]:
    """The keys of a display, of ``dict(zip([a, b], values))`` and of ``dict([(a, 1), (b, 2)])``."""
    match node:
        case cst.Dict(elements=elements):
            return [element.key for element in elements if isinstance(element, cst.DictElement)]
        case cst.Call(func=cst.Name(value="dict"), args=[cst.Arg(value=source, star="", keyword=None), *_]):
            return _keys_of_pairs(source)
    return []


def _keys_of_pairs(source: cst.BaseExpression) -> list[cst.BaseExpression]:
    match source:
        case cst.Call(
            func=cst.Name(value="zip"), args=[cst.Arg(value=(cst.List() | cst.Tuple()) as keys, star=""), cst.Arg()]
        ):
            return [element.value for element in keys.elements]
        case cst.List(elements=pairs) | cst.Tuple(elements=pairs):
            firsts = [pair.value.elements[0].value for pair in pairs if isinstance(pair.value, cst.Tuple | cst.List)]
            return firsts if len(firsts) == len(pairs) else []
    return []
