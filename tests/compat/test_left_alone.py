"""Programs whose cells and layers would not be what they were stay as they are; their neighbours do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.compat.program import compatible_program, surroundings
from tf2migrate.files import source_from_bytes
from tf2migrate.names.project import parse

TF = "import tensorflow as tf\n"
SLIM = "import tensorflow as tf\nslim = tf.contrib.slim\n"
CELL = (
    "import tensorflow as tf\n\n\nclass Slow(tf.nn.rnn_cell.RNNCell):\n"
    "    def __init__(self, units, **kwargs):\n        super(Slow, self).__init__(**kwargs)\n"
    "        self.units = units\n\n"
    "    @property\n    def state_size(self):\n        return self.units\n\n"
    "    output_size = state_size\n\n"
    "    def build(self, shape):\n        self.kernel = self.add_weight({})\n\n"
    "    def call(self, inputs, state):\n        {}\n        return state, state\n\n\n"
)


def reasons(**texts: str) -> list[str]:
    """Why a program has no form on `tf.compat.v1`; the first file is the entry."""
    modules = [parse(source_from_bytes(Path(f"{name}.py").absolute(), text.encode())) for name, text in texts.items()]
    made = compatible_program(modules, Path().absolute(), surroundings(modules))
    return [refusal.reason for one in made.values() for refusal in one.refusals]


@pytest.mark.parametrize(
    "asking",
    [
        "KINDS = (tf.nn.rnn_cell.LSTMStateTuple,)\n",
        "def last(s):\n    return s.h if type(s) is tf.nn.rnn_cell.LSTMStateTuple else s[0]\n",
        "def last(s):\n    return issubclass(type(s), tf.nn.rnn_cell.LSTMStateTuple)\n",
        "def last(s):\n    match s:\n        case tf.nn.rnn_cell.LSTMStateTuple(c=c):\n            return c\n",
        "import functools\nis_cell = functools.partial(check, tf.contrib.rnn.GRUCell)\n",
    ],
)
def test_classes_of_cells_are_asked_for_in_another_file(asking: str) -> None:
    cells = "import b\nimport tensorflow as tf\ncell = tf.nn.rnn_cell.LSTMCell(4)\n"
    assert any("of which other files would have their own" in each for each in reasons(a=cells, b=TF + asking))
    assert not any("would have their own" in each for each in reasons(a=TF + asking, b="x = 1\n"))


def test_classes_of_cells_are_called_and_derived_from_in_another_file() -> None:
    own = CELL.format('"k", [2, 2]', "pass") + "def start(n: tf.nn.rnn_cell.LSTMStateTuple):\n    return n\n"
    assert not reasons(a="import b\nimport tensorflow as tf\ncell = tf.nn.rnn_cell.LSTMCell(4)\n", b=own)


@pytest.mark.parametrize(
    ("made", "line", "after", "reason"),
    [
        ('"k", [2, 2], regularizer=tf.nn.l2_loss', "pass", "", "no argument `regularizer`"),
        ('"k", [2, 2], use_resource=True', "pass", "", "no argument `use_resource`"),
        ('"k", [2, 2], tf.float32, None, tf.nn.l2_loss', "pass", "", "`add_weight` of cells"),
        ('"k", [2, 2]', "self.add_loss(inputs)", "", "`add_loss` is an attribute"),
        ('"k", [2, 2]', "tf.summary.histogram(self.name, state)", "", "`name` is an attribute"),
        ('"k", [2, 2]', "state = state + self._losses[0]", "", "`_losses` is an attribute"),
        ('"k", [2, 2]', "super().get_config()", "", "`get_config` is an attribute"),
        ('"k", [2, 2]', "pass", "cell = Slow(3)\nprint(cell.name)\n", "`name` is an attribute"),
        ('"k", [2, 2]', "pass", "cells = [Slow(3)]\nfor c in cells:\n    print(c.losses)\n", "`losses` is an attr"),
        ('"k", [2, 2]', "pass", "print(any_of_them().count_params())\n", "`count_params` is an attribute"),
    ],
)
def test_cells_of_the_program_that_use_more_of_layers(made: str, line: str, after: str, reason: str) -> None:
    assert any(reason in each for each in reasons(a=CELL.format(made, line) + after))


def test_cells_of_the_program_that_use_what_there_is() -> None:
    own = CELL.format(
        '"k", shape=[2, 2], initializer=tf.ones_initializer(), trainable=False', "state += self.dtype.size"
    )
    own += "cell = Slow(3, name='slow')\nx = tf.ones([2])\nprint(x.name, x.graph, cell.trainable_variables)\n"
    own += "print(cell.state_size, [variable.name for variable in cell.variables])\n"
    assert not reasons(a=own)


def test_arguments_that_a_base_does_not_take() -> None:
    text = "import tensorflow as tf\nclass A(tf.nn.rnn_cell.GRUCell):\n    def __init__(self):\n"
    assert any(
        "no argument `trainable`" in each for each in reasons(a=text + "        super().__init__(3, trainable=0)\n")
    )
    assert not reasons(a=text + "        super().__init__(3, activation=tf.tanh)\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("slim.conv2d(x, 3, 3, normalizer_fn=slim.batch_norm, normalizer_params={'renorm': True})", "have `renorm`"),
        (
            "p = {'decay': 0.9, 'zero_debias_moving_mean': True}\nslim.conv2d(x, 3, 3, normalizer_params=p)",
            "have `zero",
        ),
        ("p = {}\np['data_format'] = 'NCHW'\nslim.conv2d(x, 3, 3, normalizer_params=p)", "have `data_format`"),
        ("p = {}\np.update(q)\nslim.conv2d(x, 3, 3, normalizer_params=p)", "a dict that changes"),
        ("p = dict(variables_collections=[])\nslim.fully_connected(x, 3, None, None, p)", "have `variables_coll"),
        ("with slim.arg_scope([slim.conv2d], normalizer_params=load()):\n    pass", "a dict that is not seen"),
        ("with slim.arg_scope([slim.conv2d], normalizer_params={'renorm': 1}):\n    pass", "have `renorm`"),
        ("for p in several:\n    slim.conv2d(x, 3, 3, normalizer_params=p)", "a dict that is not seen"),
    ],
)
def test_parameters_of_normalizers(text: str, reason: str) -> None:
    assert any(reason in each for each in reasons(a=f"{SLIM}{text}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "p = {'decay': 0.9}\np['is_training'] = True\nslim.conv2d(x, 3, 3, normalizer_params=p)",
        "def f(p=None):\n    return slim.conv2d(x, 3, 3, normalizer_params=p)\nf({'scale': True})",
        "def scale(x, by):\n    return x * by\nslim.conv2d(x, 3, 3, normalizer_fn=scale, normalizer_params={'by': 2})",
    ],
)
def test_parameters_of_normalizers_that_are_taken(text: str) -> None:
    assert not reasons(a=f"{SLIM}{text}\n")


@pytest.mark.parametrize(
    "text",
    [
        "init = 'he_normal'\ntf.layers.conv2d(x, 3, 3, kernel_initializer=init)",
        "def f(x, init='he_normal'):\n    return tf.layers.dense(x, 3, kernel_initializer=init)",
        "def f(x, init):\n    return tf.layers.dense(x, 3, kernel_initializer=init)\nf(1, 'zeros')",
        "def f(x, init):\n    return tf.layers.dense(x, 3, kernel_initializer=init)\nmap(f, xs, inits)",
        "class A:\n    def __init__(self, x, how):\n        self.how = how\n"
        "        tf.layers.dense(x, 3, None, True, self.how)\n"
        "class B(A):\n    pass\nB(1, 'zeros')",
        "tf.layers.dense(x, 3, kernel_initializer=tf.flags.FLAGS.init)",
        "tf.layers.dense(x, 3, kernel_initializer=tf.ones_initializer() if y else 'zeros')",
        "tf.nn.rnn_cell.LSTMCell(3, initializer=config['init'])",
        "def pick():\n    return 'zeros'\ntf.layers.dense(x, 3, kernel_initializer=pick())",
        "tf.layers.dense(x, 3, kernel_regularizer=args.penalty)",
        "with tf.contrib.slim.arg_scope([tf.contrib.slim.conv2d], weights_initializer=how):\n    pass",
    ],
)
def test_initializers_that_may_be_texts(text: str) -> None:
    assert any("may be a text" in each for each in reasons(a=f"{TF}{text}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "init = tf.glorot_uniform_initializer()\ntf.layers.conv2d(x, 3, 3, kernel_initializer=init)",
        "def f(x, init=None):\n    return tf.layers.dense(x, 3, kernel_initializer=init)\n"
        "f(1, init=tf.zeros_initializer())",
        "class A:\n    def __init__(self, x, how):\n        self.how = how\n"
        "        tf.layers.dense(x, 3, None, True, self.how)\n"
        "A(1, tf.ones_initializer)",
        "def ones(shape, dtype=None, partition_info=None):\n    return tf.ones(shape, dtype)\n"
        "tf.layers.dense(x, 3, kernel_initializer=ones, bias_initializer=lambda *given, **more: tf.ones(given[0]))",
        "def pick(std):\n    return tf.truncated_normal_initializer(0.0, std)\n"
        "tf.layers.dense(x, 3, kernel_initializer=pick(0.1), kernel_regularizer=tf.contrib.layers.l2_regularizer(0.1))",
    ],
)
def test_initializers_that_are_functions(text: str) -> None:
    assert not reasons(a=f"{TF}{text}\n")


def test_what_an_if_asks_for_is_the_version_of_python() -> None:
    old = "    text = unicode(1)\n"
    for head in ("import sys\nif sys.version_info[0] < 3:\n", "import six\nif six.PY2:\n"):
        assert not reasons(a=TF + head + old)
    assert reasons(a=f"{TF}if conversion_rate > 3:\n{old}") == ["`unicode` is a name of Python 2"]


def test_functions_of_the_program_that_are_called_as_a_definition() -> None:
    scoped = "@slim.add_arg_scope\ndef contrib_conv2d(x, rate):\n    return x * rate\n"
    modules = [parse(source_from_bytes(Path("a.py"), f"{SLIM}{scoped}slim.flatten(x)\n".encode()))]
    (made,) = compatible_program(modules, Path(), surroundings(modules)).values()
    assert '@functools.partial(contrib_add_arg_scope, key="contrib_flatten")\ndef contrib_flatten(' in made.text
    assert "@contrib_add_arg_scope\ndef contrib_conv2d(" in made.text
