"""Host values that a fetched expression reads: what may change between two runs is refused, what cannot is moved."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import Level, migrate_text

PROGRAM = """\
import numpy as np
import tensorflow as tf

flow = tf.placeholder(tf.float32, [3])
scale = np.ones(3, np.float32)
factor = 2.0
sess = tf.Session()


class Gauge:
    def __init__(self):
        self.level = 1.0

    def rise(self):
        self.level += 1


gauge = Gauge()


def measure():
    return sess.run({fetch}, {{flow: np.ones(3)}})


{change}
"""


@pytest.mark.parametrize(
    ("fetch", "change"),
    [
        ("flow * factor", "def more():\n    global factor\n    factor += 1\nmore()\nprint(measure(), measure())"),
        ("flow * scale", "def more():\n    scale[0] += 1\nmore()\nprint(measure(), measure())"),
        ("flow * scale", "for i in range(3):\n    scale[0] = i\n    print(measure())"),
        ("flow * gauge.level", "for i in range(3):\n    gauge.rise()\n    print(measure())"),
        ("flow * factor", "print(measure())\nfactor = 3.0\nprint(measure())"),
    ],
    ids=["global", "array in a function", "array in a loop", "attribute", "bound again"],
)
def test_what_changes_is_refused(fetch: str, change: str) -> None:
    file = migrate_text(PROGRAM.format(fetch=fetch, change=change))
    assert file.level is Level.UNCHANGED
    assert "TFM403" in {finding.code for finding in file.findings}


def test_an_argument_of_the_function_is_refused() -> None:
    text = PROGRAM.format(fetch="flow * much", change="print(measure(2.0), measure(3.0))").replace(
        "def measure():", "def measure(much):"
    )
    assert migrate_text(text).level is Level.UNCHANGED


@pytest.mark.parametrize("fetch", ["flow * factor", "flow * scale", "[flow + scale, tf.reduce_max(flow)]"])
def test_what_stays_is_moved(fetch: str) -> None:
    change = "def other(scale):\n    scale[0] = 1\n    return scale\nprint(measure(), other(np.zeros(2)), measure())"
    file = migrate_text(PROGRAM.format(fetch=fetch, change=change))
    assert file.level is Level.NATIVE
    assert file.code.count("@tf.function") == 1
