"""Where properties that are computed once are made, in a program that sets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.files import source_from_bytes
from tf2migrate.forms.lazy_properties import without_lazy_properties
from tf2migrate.graph.program import analyse
from tf2migrate.names.project import Project, parse
from tf2migrate.plan.refusal import NotPlanned

PROGRAM = """import functools
import numpy as np
import tensorflow as tf

def once(function):
    kept = "_once_" + function.__name__
    @property
    @functools.wraps(function)
    def read(self):
        if not hasattr(self, kept):
            setattr(self, kept, function(self))
        return getattr(self, kept)
    return read

class Net(object):
    def __init__(self, bent=False):
        self.x = tf.placeholder(tf.float32, [None, 2])
        {constructor}
    def step(self, sess):
        return sess.run(self.output, {{self.x: np.ones([1, 2])}})
    @once
    def weights(self):
        return tf.Variable(tf.ones([2, 1]))
    @once
    def output(self):
        return tf.matmul(self.x, self.weights)

net = Net()
{script}
"""


def formed(constructor: str, script: str) -> str:
    text = PROGRAM.format(constructor=constructor, script=script)
    modules = [parse(source_from_bytes(Path("main.py"), text.encode()))]
    staging = analyse(Project(modules), modules[0])
    assert not staging.obstacles
    made = without_lazy_properties(staging, modules, None)
    assert made is not None
    return made[0][0].tree.code


@pytest.mark.parametrize(
    ("constructor", "script"),
    [
        pytest.param("self.output", "", id="for its effect"),
        pytest.param("self.loss = tf.reduce_sum(self.output)", "", id="inside of an expression"),
        pytest.param("pass", "loss = tf.reduce_sum(net.output)", id="by the script"),
        pytest.param("pass", "with tf.Session() as sess:\n    net.step(sess)", id="by a method that may run again"),
    ],
)
def test_a_property_is_made_once_in_the_constructor(constructor: str, script: str) -> None:
    code = formed(constructor, script)
    start = code.partition("def __init__")[2].partition("def step")[0]
    assert start.count("self.output = self.make_output()") == 1
    made = code.partition("def make_output(self):")[2]
    assert made.lstrip().startswith("self.weights = self.make_weights()\n")
    assert "once" not in code
    assert "functools" not in code


@pytest.mark.parametrize(
    ("constructor", "script"),
    [
        pytest.param("self.output if bent else None", "net.output", id="in one case of two"),
        pytest.param("if bent: self.output", "net.output", id="under a condition"),
        pytest.param("pass", "tf.Variable(1.0)\nnet.output", id="behind another variable"),
        pytest.param("pass", "saver = tf.train.Saver([tf.Variable(1.0)])\nnet.output", id="beside a saver"),
        pytest.param("if bent: return", "net.output", id="constructor with a return"),
    ],
)
def test_one_that_is_made_at_another_time_is_refused(constructor: str, script: str) -> None:
    constructor = constructor.replace("bent", "np.random.rand() > 0.5")
    with pytest.raises(NotPlanned):
        formed(constructor, script)
