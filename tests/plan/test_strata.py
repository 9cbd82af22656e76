"""The order of statements around tapes."""

import pytest

from tf2migrate.plan.strata import Taking, Tangled, find_strata


def taking(statement: int | None, *behind: int) -> Taking:
    return Taking(statement, frozenset(behind))


def test_one_gradient_is_taken_behind_its_tape():
    strata = find_strata(3, [taking(1, 0)])
    assert (strata.levels, strata.of, strata.top) == ((1,), (0, 1, 1), 1)


def test_a_gradient_of_a_gradient_has_a_tape_around_the_first():
    strata = find_strata(4, [taking(1, 0), taking(2, 0, 1)])
    assert (strata.levels, strata.of) == ((1, 2), (0, 1, 2, 2))


def test_gradients_of_one_level_come_together():
    # u; v; u_x; u_xx; v_x; v_xx
    strata = find_strata(6, [taking(2, 0), taking(3, 0, 2), taking(4, 1), taking(5, 1, 4)])
    assert strata.levels == (1, 2, 1, 2)
    assert strata.order() == [0, 1, 2, 4, 3, 5]


def test_what_no_gradient_needs_stays_where_it_is():
    assert find_strata(4, [taking(2, 1)]).of == (0, 0, 1, 1)


def test_what_no_gradient_needs_comes_late():
    assert find_strata(4, [taking(2, 1)], late=True).of == (1, 0, 1, 1)


def test_steady_statements_keep_their_order() -> None:
    assert find_strata(4, [taking(2, 1)], late=True, steady={0, 1}).of == (0, 0, 1, 1)
    assert find_strata(4, [taking(1, 0)], late=True, steady={1, 3}).of == (0, 1, 1, 1)


def test_a_train_op_is_no_statement():
    strata = find_strata(3, [taking(1, 0), taking(None, 0, 1, 2)], late=True)
    assert (strata.levels, strata.of) == ((1, 2), (0, 1, 1))


@pytest.mark.parametrize("takings", [[taking(0, 0)], [taking(0, 1), taking(1, 0)]], ids=["itself", "each other"])
def test_no_order(takings):
    with pytest.raises(Tangled):
        find_strata(2, takings)
