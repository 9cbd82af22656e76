"""The last look at the names of the output."""

from __future__ import annotations

import pytest

from tf2migrate.rewrite.undefined import hidden_builtins, lost_names, unbound_locals

STAR = "from math import *\nrate = 1\nprint(pi)\n"


@pytest.mark.parametrize(
    ("text", "original", "expected"),
    [
        pytest.param("print(rate)", "print(rate)", set(), id="unbound all along"),
        pytest.param("print(rate, pi)", "rate = 1", {"rate", "pi"}, id="lost, and new"),
        pytest.param("from math import *\nprint(rate, pi)", STAR, {"rate"}, id="lost beside a star import"),
        pytest.param("from math import *\nprint(tau)", STAR, set(), id="what the star may bring"),
    ],
)
def test_lost_names(text: str, original: str, expected: set[str]) -> None:
    assert lost_names(text, original) == expected


@pytest.mark.parametrize(
    ("text", "original", "expected"),
    [
        pytest.param("f(zip(a, b))", "def zip(a): pass", {"zip"}, id="a function of the program"),
        pytest.param("f(float(a))", "float = int", {"float"}, id="a name of the module"),
        pytest.param("f(zip(a, b))", "def f(zip): pass", {"zip"}, id="a parameter"),
        pytest.param("f(zip(a, b))", "zip_ = 1", set(), id="another name"),
        pytest.param("f(input)\ng(input)", "input = 1\nf(input)", set(), id="read and not called"),
        pytest.param("zip(a)", "def zip(a): pass\nzip(a)", set(), id="called by the program itself"),
        pytest.param("zip(a, b)", "from six.moves import range, zip", set(), id="the builtin of two Pythons"),
        pytest.param("sum(a)", "class C:\n    def sum(self): pass", set(), id="a method"),
    ],
)
def test_builtins_that_the_program_hides(text: str, original: str, expected: set[str]) -> None:
    assert hidden_builtins(text, original) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("total = total + x", {"total"}, id="read in its own binding"),
        pytest.param("total += x", {"total"}, id="added to"),
        pytest.param("for i in x:\n        total = total * i", {"total"}, id="in a loop"),
        pytest.param("total = 0\n    for i in x:\n        total = total * i", set(), id="bound before"),
        pytest.param("global total\n    total = total + x", set(), id="of the module"),
        pytest.param("print(total)\n    def inner():\n        total = x", set(), id="bound by an inner function"),
        pytest.param("print(total)\n    y = [total for total in x]", set(), id="bound by a comprehension"),
    ],
)
def test_unbound_locals(body: str, expected: set[str]) -> None:
    text = f"total = 1\ndef f(x):\n    {body}\n"
    assert unbound_locals(text, "total = 1\ntotal = total + 1\n") == expected
    assert unbound_locals(text, text) == set()
