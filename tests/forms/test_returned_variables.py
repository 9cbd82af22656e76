"""Lists of variables that functions give back: which the callers read themselves, and which stay."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tf2migrate.files.source import source_from_bytes
from tf2migrate.forms.returned_variables import without_returned_variables
from tf2migrate.graph.program import analyse
from tf2migrate.names.project import Project, parse

HEAD = """\
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 2])
"""


def moved(text: str) -> str | None:
    source = source_from_bytes(Path("program.py"), (HEAD + dedent(text)).encode())
    module = parse(source)
    project = Project([module])
    made = without_returned_variables(analyse(project, module), [module])
    return made[0].tree.code.removeprefix(HEAD) if made is not None else None


def test_the_caller_reads_the_list() -> None:
    made = moved("""\
        def net(name):
            with tf.variable_scope(name):
                out = tf.layers.dense(x, 3)
            params = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=name)
            return out, params
        out, params = net("a")
    """)
    assert made == dedent("""\
        def net(name):
            with tf.variable_scope(name):
                out = tf.layers.dense(x, 3)
            return out
        out = net("a")
        params = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="a")
    """)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            """\
            def net(name):
                with tf.variable_scope(name):
                    out = tf.layers.dense(x, 3)
                params = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=name)
                with tf.variable_scope(name):
                    out = tf.layers.dense(out, 3, name="more")
                return out, params
            out, params = net("a")
            """,
            id="more is made behind the list",
        ),
        pytest.param(
            """\
            def net(name):
                with tf.variable_scope(name):
                    out = tf.layers.dense(x, 3)
                return out, tf.trainable_variables(name)
            both = net("a")
            """,
            id="a call that is not unpacked",
        ),
        pytest.param(
            """\
            def net(name):
                scope = name + "/in"
                with tf.variable_scope(scope):
                    out = tf.layers.dense(x, 3)
                return out, tf.trainable_variables(scope)
            out, params = net("a")
            """,
            id="chosen by a local name",
        ),
        pytest.param(
            """\
            def net(name):
                with tf.variable_scope(name):
                    out = tf.layers.dense(x, 3)
                return out, [x]
            out, inputs = net("a")
            """,
            id="a list of something else",
        ),
    ],
)
def test_what_stays(text: str) -> None:
    assert moved(text) is None
