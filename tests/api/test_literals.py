"""What argument texts show about themselves."""

from __future__ import annotations

import pytest

from tf2migrate.api.literals import (
    as_float,
    elements,
    entries,
    evidently_float,
    expression,
    grouped,
    is_literal,
    number,
    string,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-0.5", -0.5),
        ("1e-3", 1e-3),
        ("1 / 4", 0.25),
        ("2 * (3 + 1)", 8),
        ("1 / 0", None),
        ("2 ** 3", None),
        ("True", None),
        ("x", None),
        ("-x", None),
        ("", None),
        ("1 +", None),
    ],
)
def test_number(text: str, value: float | None) -> None:
    assert number(text) == value
    assert type(number(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", "0.1"),
        ("1", "1.0"),
        ("-1", "float(-1)"),
        ("0.1 * 3", "0.1 * 3"),
        ("1 / 10", "1 / 10"),
        ("float(x)", "float(x)"),
        ("math.exp(-3)", "math.exp(-3)"),
        ("0.1 * x", "float(0.1 * x)"),
        ("10 ** -3", "float(10 ** -3)"),
        ("lr", "float(lr)"),
        ("FLAGS.lr", "float(FLAGS.lr)"),
    ],
)
def test_as_float(text: str, expected: str) -> None:
    assert as_float(text) == expected
    assert evidently_float(as_float(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "x"),
        ("f(x)[0].y", "f(x)[0].y"),
        ("0.5", "0.5"),
        ("a + b", "(a + b)"),
        ("-a", "(-a)"),
        ("a if b else c", "(a if b else c)"),
        ("lambda: 0", "(lambda: 0)"),
        ('"a"\n"b"', '("a"\n"b")'),
    ],
)
def test_grouped(text: str, expected: str) -> None:
    assert grouped(text) == expected


def test_literals_keep_their_type() -> None:
    assert is_literal("True", True)
    assert not is_literal("1", True)
    assert not is_literal("0", False)
    assert not is_literal("0", 0.0)
    assert is_literal("None", False, None)
    assert not is_literal("", None)
    assert string("'SAME'") == "SAME"
    assert string("padding") is None


def test_texts_may_span_lines() -> None:
    assert expression("a +  # first\n b") is not None
    assert elements("[1,\n 2.5,  # two\n x + 1]") == ["1", "2.5", "x + 1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'beta': b, 'gamma': f(1)}", {"beta": "b", "gamma": "f(1)"}),
        ("dict(beta=b)", {"beta": "b"}),
        ("{}", {}),
        ("{key: b}", None),
        ("{**other}", None),
        ("dict(other)", None),
        ("dict(**other)", None),
        ("other", None),
    ],
)
def test_entries(text: str, expected: dict[str, str] | None) -> None:
    assert entries(text) == expected
