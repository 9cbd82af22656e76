"""Prints of tensors that were not run: they go with the graph where nothing else is printed."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import FileMigration, Level, migrate_text

PROGRAM = """\
import tensorflow as tf

level = 3
flow = tf.placeholder(tf.float32, [None, 2])
total = tf.reduce_sum(flow)
limit = tf.constant(4.0)


def show(what):
    doubled = tf.multiply(what, 2)
    {inner}
    return sess.run(doubled)


{outer}
with tf.Session() as sess:
    print(sess.run(total, {{flow: [[1, 2]]}}), show(level))
"""


def migrated(outer: str = "", inner: str = "pass") -> FileMigration:
    return migrate_text(PROGRAM.format(outer=outer, inner=inner))


@pytest.mark.parametrize(
    "line",
    [
        "print(flow)",
        "print(flow, total, sep='; ')",
        "print('flow and total are', flow, total.name)",
        "print('%s of %s' % (total, flow))",
        "print('{} {}'.format(total, limit))",
        "print(f'{total}')",
        "print([flow, total])",
        "print('total: ' + str(total))",
        "print(limit)",
        "print(type(total), total.op)",
    ],
)
def test_a_print_of_tensors_alone_goes_and_is_reported(line: str) -> None:
    file = migrated(line)
    assert file.level is Level.NATIVE
    assert line not in file.code
    assert [f.line for f in file.findings if f.code == "TFM402" and f.fixed] == [15]


def test_also_inside_of_a_function() -> None:
    file = migrated(inner="print('doubled', doubled)")
    assert file.level is Level.NATIVE
    assert "'doubled'" not in file.code


BRANCHED = """\
import sys
import tensorflow as tf

flow = tf.placeholder(tf.float32, [None, 2])
total = tf.reduce_sum(flow)
if len(sys.argv) > 1:
    print('doubled', total)
    total = total * 2.0
else:
    print(total)
with tf.Session() as sess:
    print(sess.run(total, {flow: [[1, 2]]}))
"""


def test_also_in_a_branch_that_is_moved() -> None:
    file = migrate_text(BRANCHED)
    assert file.level is Level.NATIVE
    assert file.code.count("print") == 1
    assert [f.line for f in file.findings if f.code == "TFM402" and f.fixed] == [7, 10]


@pytest.mark.parametrize(
    "line",
    [
        "print(level, flow)",
        "print(flow, file=open('log', 'w'))",
        "print(*[flow])",
        "print(input(), flow)",
        "print(3, flow)",
        "print(flow.name, flow.get_shape().as_list())",
    ],
    ids=["a value of the host", "another file", "stars", "an effect", "a number", "a shape"],
)
def test_what_prints_more_than_tensors_is_refused(line: str) -> None:
    file = migrated(line)
    assert file.level is Level.UNCHANGED
    assert [f.code for f in file.findings if f.line == 15] == ["TFM402"]


def test_host_values_are_printed_as_before() -> None:
    file = migrated("print(level, 'levels')")
    assert file.level is Level.NATIVE
    assert "print(level, 'levels')" in file.code
