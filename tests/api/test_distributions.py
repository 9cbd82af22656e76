"""Distributions: what calls of them become, and what is left alone."""

from __future__ import annotations

import math

import pytest

from tf2migrate.api.calls import rewrite_call
from tf2migrate.api.calls_model import Argument, Call, Refused


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param([Argument("mu"), Argument("sigma")], "Normal(mu, sigma)", id="by place"),
        pytest.param([Argument("0.0"), Argument("s", "scale")], "Normal(0.0, scale=s)", id="one by name"),
        pytest.param([Argument("m"), Argument("s"), Argument("'n'", "name")], "Normal(m, s)", id="a name for ops"),
    ],
)
def test_a_normal_is_a_class_of_the_module(arguments: list[Argument], text: str) -> None:
    made = rewrite_call("tf.distributions.Normal", arguments)
    assert isinstance(made, Call)
    assert made.text == text
    assert [definition.name for definition in made.definitions] == ["Normal"]


def test_checks_of_arguments_are_not_dropped() -> None:
    arguments = [Argument("m"), Argument("s"), Argument("True", "validate_args")]
    assert isinstance(rewrite_call("tf.distributions.Normal", arguments), Refused)


@pytest.mark.parametrize("name", ["Beta", "Gamma", "StudentT"])
def test_other_distributions_have_no_counterpart(name: str) -> None:
    assert isinstance(rewrite_call(f"tf.distributions.{name}", [Argument("a"), Argument("b")]), Refused)


def test_the_constants_are_those_of_the_density() -> None:
    made = rewrite_call("tf.distributions.Normal", [Argument("m"), Argument("s")])
    assert isinstance(made, Call)
    text = made.definitions[0].text
    assert repr(0.5 * math.log(2.0 * math.pi)) in text
    assert repr(0.5 * math.log(2.0 * math.pi * math.e)) in text
