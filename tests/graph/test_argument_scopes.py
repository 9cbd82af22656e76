"""What calls get from the scopes of arguments that they stand in."""

from __future__ import annotations

import pytest

from tests.graph.staged import obstacles, stage
from tf2migrate.graph.values import Const, Symbol

SLIM = "slim = tf.contrib.slim\n"


def given(text: str) -> list[dict[str, object]]:
    """The arguments that scopes add, for each call that gets some."""
    found = stage(SLIM + text).completed
    return [{name: _plain(default.value) for name, default in each.defaults.items()} for each in found]


def _plain(value: object) -> object:
    return value.value if isinstance(value, Const) else value.name if isinstance(value, Symbol) else "?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "with slim.arg_scope([slim.conv2d], stride=2):\n    slim.conv2d(x, 3, 1)", [{"stride": 2}], id="a scope"
        ),
        pytest.param(
            "with slim.arg_scope([slim.conv2d], stride=2):\n    slim.conv2d(x, 3, 1, stride=1)", [], id="own argument"
        ),
        pytest.param(
            "with slim.arg_scope([slim.conv2d], stride=2):\n    slim.max_pool2d(x, 2)", [], id="another function"
        ),
        pytest.param(
            "with slim.arg_scope([slim.conv2d], stride=2):\n    tf.contrib.layers.convolution2d(x, 3, 1)",
            [{"stride": 2}],
            id="another name of it",
        ),
        pytest.param(
            "with slim.arg_scope([slim.conv2d], stride=2, padding='SAME'):\n"
            "    with slim.arg_scope([slim.conv2d], stride=3):\n        slim.conv2d(x, 3, 1)",
            [{"stride": 3, "padding": "SAME"}],
            id="inner before outer",
        ),
        pytest.param(
            "with slim.arg_scope([slim.conv2d], stride=2) as kept:\n    pass\n"
            "with slim.arg_scope([slim.conv2d], padding='SAME'):\n"
            "    with slim.arg_scope(kept):\n        slim.conv2d(x, 3, 1)",
            [{"stride": 2}],
            id="a kept scope takes the place of those around",
        ),
        pytest.param(
            "with slim.arg_scope([slim.conv2d], stride=2):\n    pass\nslim.conv2d(x, 3, 1)", [], id="after the scope"
        ),
        pytest.param(
            "table = {'stride': 2}\nwith slim.arg_scope([slim.conv2d], **table):\n    slim.conv2d(x, 3, 1)",
            [{"stride": 2}],
            id="from a dict",
        ),
        pytest.param(
            "@slim.add_arg_scope\ndef part(x, size=1):\n    return x\n"
            "with slim.arg_scope([part], size=4):\n    part(x)",
            [{"size": 4}],
            id="a function of the program",
        ),
        pytest.param(
            "def scope():\n    with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.elu) as made:\n"
            "        return made\nwith slim.arg_scope(scope()):\n    slim.conv2d(x, 3, 1)",
            [{"activation_fn": "tf.nn.elu"}],
            id="from a function that makes one",
        ),
    ],
)
def test_arguments(text: str, expected: list[dict[str, object]]) -> None:
    assert given(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("with slim.arg_scope(np.load('f'), rate=2):\n    slim.conv2d(x, 3, 1)", id="functions not known"),
        pytest.param("def own(x):\n    return x\nwith slim.arg_scope([own], size=2):\n    own(x)", id="not decorated"),
        pytest.param("slim.conv2d(x, 3, 1, normalizer_fn=np.tanh)", id="normalizer of another package"),
    ],
)
def test_what_is_not_known_is_refused(text: str) -> None:
    assert "TFM701" in obstacles(SLIM + text)
