"""What takes the place of TensorFlow 1's symbols on `tf.compat.v1`."""

from __future__ import annotations

import ast

import pytest

from tf2migrate.api.calls_model import Argument, Refused
from tf2migrate.api.compat import (
    Counterpart,
    compat_symbol,
    counterpart,
    definition_names,
    definitions,
    is_compat_module,
    rows,
)
from tf2migrate.api.symbols import canonical, tf1_symbol


def test_rows_are_of_symbols_that_compat_has_not() -> None:
    for name, target in rows():
        assert canonical(name) == name
        assert tf1_symbol(name) is not None
        assert compat_symbol(name) is None
        assert target in definition_names() or compat_symbol(target) is not None, target


@pytest.mark.parametrize("name", sorted(definition_names()))
def test_definitions_compile_with_all_that_they_read(name: str) -> None:
    made = definitions([name], "T")
    assert made[-1].name == name
    text = "\n".join(line for each in made for line in each.imports) + "\n" + "\n\n".join(each.text for each in made)
    tree = ast.parse(text)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert defined == {each.name for each in made}
    assert "tf." not in text.replace("`tf.", "")
    for each in made:
        node = ast.parse(each.text).body
        assert len(node) == 1
        assert ast.get_docstring(node[0])  # type: ignore[arg-type]


def test_definitions_call_only_what_compat_has() -> None:
    for each in definitions(sorted(definition_names()), "tf"):
        for node in ast.walk(ast.parse(each.text)):
            if isinstance(node, ast.Attribute) and (name := ast.unparse(node)).startswith("tf.") and "(" not in name:
                assert isinstance(counterpart(name, None), Counterpart) or is_compat_module(name), name


def test_a_parameter_that_a_definition_lacks_is_refused() -> None:
    told = counterpart("tf.layers.dense", [Argument("x"), Argument("3"), Argument("f", "kernel_constraint")])
    assert isinstance(told, Refused)
    assert "kernel_constraint" in told.reason


def test_modules_and_members() -> None:
    assert counterpart("tf.GraphKeys.UPDATE_OPS", None) == Counterpart("tf.GraphKeys.UPDATE_OPS")
    assert isinstance(counterpart("tf.GraphKeys.NOTHING", None), Refused)
    assert is_compat_module("tf.nn")
    assert not is_compat_module("tf.contrib.slim")
