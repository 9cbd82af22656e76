"""Which places exclude each other: those of two runs that no run of the program both comes to."""

from __future__ import annotations

import pytest

from tests.graph.staged import stage
from tf2migrate.plan.exclusion import exclude

HEAD = """\
import argparse
import tensorflow as tf
v = tf.Variable(1.0)
sess = tf.Session()
options = argparse.ArgumentParser().parse_args()
"""


def excluding(text: str) -> bool:
    staging = stage(text, head=HEAD)
    first, second = staging.runs
    return exclude(staging, first.place, second.place)


def two(first: str, second: str, between: str = "") -> str:
    return f"if {first}:\n    sess.run(v)\n{between}\nif {second}:\n    sess.run(v + 1)\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("if options.n:\n    sess.run(v)\nelse:\n    sess.run(v + 1)\n", id="two branches"),
        pytest.param(two("options.mode == 'train'", "options.mode == 'test'"), id="one name, two texts"),
        pytest.param("mode = options.mode\n" + two("mode == 'a'", "mode == 'b'"), id="a plain name"),
        pytest.param("def main(mode):\n    if mode == 'a':\n        sess.run(v)\n    if mode == 'b':\n"
                     "        sess.run(v + 1)\nmain(options.mode)\n", id="a parameter"),
    ],
)  # fmt: skip
def test_excluding(text: str) -> None:
    assert excluding(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sess.run(v)\nsess.run(v + 1)\n", id="one after the other"),
        pytest.param(two("options.mode == 'train'", "options.mode == 'train'"), id="the same text"),
        pytest.param(two("options.mode == 'train'", "options.mode != 'test'"), id="unequal"),
        pytest.param(two("options.mode == 'train'", "options.other == 'test'"), id="another name"),
        pytest.param(two("options.mode == 'train'", "options.mode == other"), id="not a text"),
        pytest.param(two("options.mode == 'train'", "options.mode == 'test'", "options.mode = 'test'"), id="set"),
        pytest.param(two("options.mode == 'a'", "options.mode == 'b'", "setattr(options, 'mode', 'b')"), id="setattr"),
        pytest.param("mode = 'a'\n" + two("mode == 'a'", "mode == 'b'", "mode = options.mode"), id="bound again"),
        pytest.param("def change():\n    global mode\n    mode = 'b'\nmode = options.mode\n"
                     + two("mode == 'a'", "mode == 'b'", "change()"), id="global"),
        pytest.param("for mode in options.modes:\n    if mode == 'a':\n        sess.run(v)\n    if mode == 'b':\n"
                     "        sess.run(v + 1)\n", id="passes of a loop"),
        pytest.param("if options.mode == 'a':\n    pass\nelse:\n    sess.run(v)\nif options.mode == 'b':\n"
                     "    sess.run(v + 1)\n", id="the other branch"),
    ],
)  # fmt: skip
def test_not_excluding(text: str) -> None:
    assert not excluding(text)
