"""What the paths of a program leave in a name, as one value."""

from __future__ import annotations

from tf2migrate.graph.values import Choice, Const, Host, Symbol, join


def test_equal_constants_are_one() -> None:
    assert join([Const(3), Const(3)]).value == 3  # type: ignore[attr-defined]


def test_a_flag_is_not_a_number() -> None:
    assert isinstance(join([Const(1), Const(True)]), Host)


def test_constants_without_a_hash_are_told_apart() -> None:
    assert isinstance(join([Const([1]), Const([2])]), Host)
    assert isinstance(join([Const([1]), Const([1])]), Const)


def test_functions_by_name_stay_a_choice() -> None:
    found = join([Symbol("tf.nn.relu"), Symbol("tf.nn.relu"), Symbol("tf.nn.tanh")])
    assert isinstance(found, Choice)
    assert len(found.options) == 2


def test_a_long_table_takes_no_longer_than_it_is() -> None:
    """The names of a thousand classes, met in each pass of a loop, once took minutes."""
    assert isinstance(join([Const(number) for number in range(200_000)]), Host)
