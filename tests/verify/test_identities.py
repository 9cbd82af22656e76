"""Which variable is which, by the values that they had."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf2migrate.verify.identities import Identities, Source, identities


def found(
    originals: list[dict[str, Any]], rewrites: list[dict[str, Any]], trained: dict[str, Any] | None = None
) -> Identities:
    first = [{name: np.asarray(value) for name, value in moment.items()} for moment in originals]
    second = [{name: np.asarray(value) for name, value in moment.items()} for moment in rewrites]
    held = {name: np.asarray(value) for name, value in (trained or {}).items()}
    return identities(first, second, held or {name: np.asarray(i) for i, name in enumerate(first[0])})


def names(made: Identities) -> dict[str, str]:
    assert all(source.factor == 1.0 for source in made.sources.values())
    return {name: source.name for name, source in made.sources.items()}


def test_names_do_not_matter() -> None:
    made = found([{"a": [1.0, 2.0], "b": [3.0, 4.0]}], [{"b": [1.0, 2.0], "x": [3.00001, 4.0]}])
    assert made == Identities({"b": Source("a"), "x": Source("b")})


def test_one_moment_tells_what_another_does_not() -> None:
    made = found(
        [{"online": [1.0], "target": [1.0]}, {"online": [2.0], "target": [1.0]}],
        [{"p": [1.0], "q": [1.0]}, {"p": [1.0], "q": [2.0]}],
    )
    assert names(made) == {"p": "target", "q": "online"}


def test_small_values_are_told_apart_by_their_own_scale() -> None:
    made = found([{"m": [1e-9], "v": [2e-9]}], [{"p": [2e-9], "q": [1e-9]}])
    assert names(made) == {"p": "v", "q": "m"}


def test_shapes_and_kinds_differ() -> None:
    made = found([{"a": [0.0], "n": 0}], [{"p": [[0.0]], "q": 0.0}])
    assert made == Identities({}, ("p", "q"))


def test_what_is_left_over_when_the_others_are_certain() -> None:
    made = found([{"a": [1.0], "b": [1.00009]}], [{"p": [1.00018], "q": [1.00009]}])
    assert names(made) == {"p": "b", "q": "a"}


def test_several_that_had_the_same_values_are_unclear() -> None:
    made = found([{"a": [1.0], "b": [1.0]}], [{"p": [1.0], "q": [1.0]}])
    assert made.unclear == (("p", ("a", "b")), ("q", ("a", "b")))
    assert made.sources == {}


def test_several_that_the_checkpoint_holds_one_value_for_are_as_good_as_each_other() -> None:
    made = found([{"a": [1.0], "b": [1.0]}], [{"p": [1.0], "q": [1.0]}], {"a": [5.0], "b": [5.0]})
    assert made.unclear == ()
    assert set(made.sources) == {"p", "q"}


def test_weights_never_share_a_source() -> None:
    assert found([{"a": [1.0]}], [{"p": [1.0], "q": [1.0]}]).sources == {}


def test_a_counter_of_keras_may_share_its_source() -> None:
    made = found([{"step": 3}], [{"step": 3, "iteration": 3}])
    assert made.unclear == ()
    assert names(made) == {"step": "step", "iteration": "step"}


def test_slots_of_one_optimizer_may_be_in_another_unit() -> None:
    made = found(
        [{"a/slot": [1.0, 3.0], "b/slot": [2.0, -1.0], "a": [5.0, 5.0]}],
        [{"sgd/a": [-0.1, -0.3], "sgd/b": [-0.2, 0.1], "model/a": [5.0, 5.0]}],
    )
    assert {name: source.name for name, source in made.sources.items()} == {
        "sgd/a": "a/slot",
        "sgd/b": "b/slot",
        "model/a": "a",
    }
    assert made.sources["sgd/a"].factor == pytest.approx(-0.1)


def test_slots_with_factors_of_their_own_are_no_such() -> None:
    made = found([{"a": [1.0, 3.0], "b": [2.0, -1.0]}], [{"sgd/a": [-0.1, -0.3], "sgd/b": [-0.4, 0.2]}])
    assert made.missing == ("sgd/a", "sgd/b")


def test_rounding_errors_are_paired_as_their_neighbours_are() -> None:
    made = found(
        [{"net/a/kernel": [1.0, 2.0], "net/a/bias": [1e-9, -1e-9], "net/b/bias": [-2e-9, 1e-9]}],
        [{"model/a/kernel": [1.0, 2.0], "model/a/bias": [-3e-9, 1e-9]}],
    )
    assert made.sources["model/a/bias"] == Source("net/a/bias", inferred=True)
    assert made.missing == ()


def test_neighbours_that_disagree_tell_nothing() -> None:
    made = found(
        [{"p/k": [1.0], "q/k": [2.0], "p/b": [1e-9], "q/b": [3e-9]}],
        [{"x/k": [1.0], "y/k": [2.0], "x/b": [7e-9], "z/b": [5e-9]}],
    )
    assert made.sources["x/b"] == Source("p/b", inferred=True)
    assert made.missing == ("z/b",)
