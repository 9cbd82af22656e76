"""Functions that nothing calls and that would build graph: set aside where nothing can reach them."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import Level, migrate_text

PROGRAM = '''
import tensorflow as tf

{before}
def unused(values, name="u"):
    """Not needed here."""
    with tf.variable_scope(name):
        return values * tf.get_variable("w", [2])

x = tf.placeholder(tf.float32, [2])
w = tf.Variable(tf.ones([2]))
y = x * w
{after}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(y, {{x: [1.0, 2.0]}}))
'''


def migrated(before: str = "", after: str = "") -> tuple[Level, str, list[str]]:
    file = migrate_text(PROGRAM.format(before=before, after=after))
    return file.level, file.code, [finding.message for finding in file.findings if finding.code == "TFM401"]


def test_code_is_kept_and_the_reader_is_told() -> None:
    level, code, told = migrated()
    assert level is Level.NATIVE
    assert '    # with tf.variable_scope(name):\n    #     return values * tf.get_variable("w", [2])\n' in code
    assert "    raise NotImplementedError(" in code
    assert '    """Not needed here."""\n' in code
    assert len(told) == 1
    assert "`unused` is set aside" in told[0]


def test_of_tensorflow_the_same_name_is_no_mention() -> None:
    assert migrated("from tensorflow import nn as unused_nn", "z = tf.nn.relu(y)")[0] is Level.NATIVE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "table = {'a': unused}", id="in a table"),
        pytest.param("import threading", "threading.Timer(1, unused)", id="handed to foreign code"),
        pytest.param("import sys", "getattr(sys.modules[__name__], sys.argv[-1], None)", id="looked up by a name"),
        pytest.param("", "chosen = 'unused'", id="name as a text"),
        pytest.param("import inspect", "print(inspect.getsource(tf))", id="a program that looks at itself"),
        pytest.param("import functools\n\n@functools.lru_cache()", "", id="registered by a decorator"),
        pytest.param("class Base:\n    unused = None\n", "Base.unused", id="attribute of the name"),
    ],
)
def test_what_may_be_reached_stays(before: str, after: str) -> None:
    level, code, _ = migrated(before, after)
    assert level is Level.UNCHANGED
    assert "NotImplementedError" not in code
