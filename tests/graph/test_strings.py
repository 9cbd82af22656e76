"""Strings that name things while the graph is built are known where their parts are."""

from __future__ import annotations

import libcst as cst
import pytest

from tf2migrate.graph.strings import filled_in, interpolated
from tf2migrate.graph.values import Const, Host, Sequence, Value

KNOWN: dict[str, Value] = {"i": Const(3), "rate": Const(0.25), "name": Const("conv"), "data": Host()}


def value_of(text: str) -> Value:
    node = cst.parse_expression(text)
    assert isinstance(node, cst.FormattedString)
    return interpolated(node, lambda part: KNOWN[cst.ensure_type(part, cst.Name).value])


@pytest.mark.parametrize(
    "text",
    [
        "f'conv_{i}'",
        "f'{name}{i:02d}/w'",
        "f'{name!r}'",
        "f'{{{i}}}'",
        "rf'\\d{i}'",
        "f'{rate:.1f}\\t'",
        'f"""{i}\n"""',
    ],
)
def test_known_parts_make_a_known_string(text: str) -> None:
    names = {name: value.value for name, value in KNOWN.items() if isinstance(value, Const)}
    known = value_of(text)
    assert isinstance(known, Const)
    assert known.value == eval(text, names)


@pytest.mark.parametrize("text", ["f'{data}'", "f'{i:{i}}'", "f'{i=}'", "f'{name:d}'"])
def test_what_is_not_known_keeps_the_string_unknown(text: str) -> None:
    assert isinstance(value_of(text), Host)


def test_a_tuple_of_known_values_fills_a_string_in() -> None:
    known = filled_in(Sequence([Const("a"), Const(2)], "tuple"))
    assert isinstance(known, Const)
    assert known.value == ("a", 2)
    unknown = Sequence([Const("a"), Host()], "tuple")
    assert filled_in(unknown) is unknown
