"""Objects whose constructors are given tensors: how making and computing come apart, and where they stay together."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tf2migrate.files.source import source_from_bytes
from tf2migrate.forms.parted_objects import parted_objects
from tf2migrate.graph.program import analyse
from tf2migrate.names.project import Project, parse

HEAD = """\
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 2])
"""
SCALE = """\
class Scale(object):
    def __init__(self, signal, size):
        self.signal = signal
        self.w = tf.Variable(tf.ones([size]))
        self.output = signal * self.w
"""


def parted(text: str, head: str = HEAD + SCALE) -> str | None:
    source = source_from_bytes(Path("program.py"), (head + dedent(text)).encode())
    module = parse(source)
    project = Project([module])
    made = parted_objects(analyse(project, module), [module])
    return made[0].tree.code.removeprefix(HEAD) if made is not None else None


def test_the_object_is_called_with_its_tensor() -> None:
    made = parted("""\
        first = Scale(x, 2)
        last = Scale(first.output, size=2)
        y = last.output + tf.reduce_sum(first.w)
    """)
    assert made == dedent("""\
        class Scale(object):
            def __init__(self, size):
                self.w = tf.Variable(tf.ones([size]))

            def __call__(self, signal):
                return signal * self.w
        first = Scale(2)
        first_output = first(x)
        last = Scale(size=2)
        last_output = last(first_output)
        y = last_output + tf.reduce_sum(first.w)
    """)


def test_what_was_given_is_computed_once() -> None:
    made = parted("""\
        first = Scale(tf.nn.dropout(x, 0.5), 2)
        y = first.output + first.signal
    """)
    assert made is not None
    assert made.endswith(
        "first_signal = tf.nn.dropout(x, 0.5)\nfirst_output = first(first_signal)\ny = first_output + first_signal\n"
    )


def test_a_list_of_objects_gets_a_list_of_outputs() -> None:
    made = parted("""\
        stack = []
        for i in range(3):
            stack.append(Scale(x if i == 0 else stack[-1].output, 2))
        y = stack[2].output
    """)
    assert made is not None
    assert made.endswith(dedent("""\
        stack = []
        stack_output = []
        for i in range(3):
            scale = Scale(2)
            scale_output = scale(x if i == 0 else stack_output[-1])
            stack.append(scale)
            stack_output.append(scale_output)
        y = stack_output[2]
    """))


def test_a_method_is_handed_what_it_reads() -> None:
    made = parted(
        """\
        first = Scale(x, 2)
        y = first.cost(2.0)
        """,
        HEAD + SCALE + "    def cost(self, by):\n        return tf.reduce_sum(self.output) * by\n",
    )
    assert made is not None
    assert "    def cost(self, output, by):\n        return tf.reduce_sum(output) * by\n" in made
    assert made.endswith("first_output = first(x)\ny = first.cost(first_output, 2.0)\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("first = Scale(x, 2)\nfor one in [first]:\n    y = one.output\n", id="loop-variable"),
        pytest.param("first = Scale(x, 2)\ny = [one.output for one in [first]]\n", id="comprehension"),
        pytest.param(
            "one = Scale(x, 2)\ny = [one.output for one in [Scale(one.output, 2)]]\n", id="name-of-a-comprehension"
        ),
        pytest.param("first = Scale(x, 2)\nfirst.output = x\ny = first.output\n", id="set-from-outside"),
        pytest.param("first = Scale(x, 2)\ny = getattr(first, 'output')\n", id="found-by-name"),
        pytest.param("def read(one):\n    return one.output\ny = read(Scale(x, 2))\n", id="parameter"),
        pytest.param(
            "def read(one=None):\n    if one is None:\n        one = Scale(x, 2)\n    return one.output\ny = read()\n",
            id="parameter-with-a-default",
        ),
        pytest.param(
            "def make():\n    global first\n    first = Scale(x, 2)\nmake()\ny = first.output\n", id="global-name"
        ),
        pytest.param(
            "stack = [Scale(x, 2)]\nstack.append(Scale(x, 2))\ny = stack[1].output\n", id="list-begins-with-one"
        ),
        pytest.param(
            "stack = []\nstack.append(Scale(x, 2))\nstack.insert(0, Scale(x, 2))\ny = stack[1].output\n",
            id="list-changed-otherwise",
        ),
        pytest.param("first = Scale(*[x, 2])\ny = first.output\n", id="starred-arguments"),
        pytest.param("first = Scale(x, 2)\nlast = Scale(1.0, 2)\ny = first.output\n", id="sometimes-a-number"),
    ],
)
def test_objects_that_stay_whole(text: str) -> None:
    assert parted(text) is None


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            "self.w = tf.Variable(tf.ones([size]))\nself.output = signal * self.w\nreturn None\n", id="return"
        ),
        pytest.param("self.output = signal * tf.Variable(tf.ones([size]))\n", id="one-statement"),
        pytest.param(
            "self.w = tf.Variable(tf.ones([int(signal.shape[1])]))\nself.output = signal * self.w\n", id="static-shape"
        ),
        pytest.param(
            "w = tf.Variable(tf.ones([size]))\nself.output = signal * w\nw = self.w = tf.Variable(tf.ones([size]))\n",
            id="bound-again",
        ),
    ],
)
def test_constructors_that_stay_whole(lines: str) -> None:
    body = "".join(f"        {line}\n" for line in lines.splitlines())
    head = HEAD + "class Scale(object):\n    def __init__(self, signal, size):\n" + body
    assert parted("first = Scale(x, 2)\ny = first.output\n", head) is None
