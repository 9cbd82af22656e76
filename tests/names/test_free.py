from __future__ import annotations

from tf2migrate.names.free import free_name, take_name


def test_a_free_name_stays_as_it_is() -> None:
    assert free_name("loss", {"cost"}) == "loss"


def test_a_taken_name_gets_the_first_free_number() -> None:
    assert free_name("loss", {"loss", "loss_1", "loss_3"}) == "loss_2"


def test_a_taken_name_is_not_given_again() -> None:
    taken = {"loss"}
    assert [take_name("loss", taken) for _ in range(2)] == ["loss_1", "loss_2"]
    assert taken == {"loss", "loss_1", "loss_2"}
