"""Names that loops of unknown length make up: another call shares what the same passes made, or nothing is known."""

from __future__ import annotations

import pytest

from tests.graph.staged import stage

HEAD = """\
import argparse
import tensorflow as tf
options = argparse.ArgumentParser().parse_args()
x = tf.placeholder(tf.float32, [None, 4])
def net(v, first=0, reuse=False, count=options.count):
    with tf.variable_scope("net", reuse=reuse):
        for i in range(count):
            v = v * tf.get_variable(NAME, [4])
    return v
"""


def variables(name: str, calls: str) -> int | str:
    """How many variables there are, or why that is not known."""
    staging = stage(calls, head=HEAD.replace("NAME", name))
    found = [obstacle.reason for obstacle in staging.obstacles]
    return found[0] if found else sum(node.kind == "variable" for node in staging.nodes)


@pytest.mark.parametrize("name", ["'w_%d' % i", "'w_' + str(i)", "'w_{}'.format(i)", "f'w_{i}'", "'%s_%d' % ('w', i)"])
def test_a_second_call_shares_what_the_same_passes_made(name: str) -> None:
    assert variables(name, "net(net(x), reuse=True)") == 1


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        pytest.param("'w_%d' % i", "net(net(x), reuse=True, count=options.other)", id="another range"),
        pytest.param("'w_%d' % (i + first)", "net(net(x), reuse=True, first=1)", id="other names"),
        pytest.param("'w_%d' % i", "net(x, reuse=tf.AUTO_REUSE)", id="whatever there is"),
        pytest.param("f'w_{i:02d}' if first else f'w_{i}'", "net(net(x), first=1, reuse=True)", id="another format"),
        pytest.param("'w_%d' % options.number", "net(net(x), reuse=True)", id="not of a pass"),
    ],
)
def test_what_may_be_something_else_is_not_known(name: str, calls: str) -> None:
    assert variables(name, calls) == "whether this variable is shared depends on a value that is not known"


def test_names_made_twice_are_those_of_one_variable() -> None:
    assert variables("'w_%d' % i", "net(net(x))") == "the variable `net/?=1` is made twice without reuse"
