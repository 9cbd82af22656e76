"""Programs that build no graph: what only prepares one goes, and the rest stays."""

from __future__ import annotations

from tf2migrate.migrate import Level, migrate_text

PROGRAM = """\
import os
import tensorflow as tf
from tensorflow.python.framework import ops

# Start from nothing.
ops.reset_default_graph()
if os.path.exists("rows"):
    tf.reset_default_graph()
print(tf.gfile.Exists("rows"))
"""
EXPECTED = """\
import os
import tensorflow as tf
if os.path.exists("rows"):
    pass
print(tf.io.gfile.exists("rows"))
"""


def test_graphs_that_are_only_reset_go() -> None:
    found = migrate_text(PROGRAM)
    assert found.level is Level.NATIVE
    assert found.code == EXPECTED


def test_graphs_that_are_looked_at_do_not() -> None:
    found = migrate_text(PROGRAM + "print(tf.get_default_graph().as_graph_def())\n")
    assert found.level is not Level.NATIVE
