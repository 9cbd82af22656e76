"""Loops that make variables and compute with them, and sizes that are read from tensors."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import Level, migrate_text

PROGRAM = """import numpy as np
import tensorflow as tf

widths = [6, 4]
x = tf.placeholder(tf.float32, [None, 3])
{before}
h = x
for number, width in enumerate(widths):
    {body}
{after}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(h, {{x: np.ones([2, 3])}}))
"""
TABLE = "w = tf.Variable(tf.ones([{size}, width]))"


def program(*body: str, before: str = "pass", after: str = "pass") -> str:
    return PROGRAM.format(body="\n    ".join(body), before=before, after=after).replace("\npass\n", "\n")


def test_variables_and_computation_are_parted() -> None:
    text = program(TABLE.format(size="int(h.get_shape()[1])"), "h = tf.matmul(h, w)")
    made = migrate_text(text)
    assert made.level is Level.NATIVE
    assert "for number, (width, h_size) in enumerate(zip(widths, [3, 6])):" in made.code
    assert "for w in self.w_list:" in made.code or "for w in model.w_list:" in made.code


def test_a_name_for_the_size_is_a_column_of_the_loop() -> None:
    made = migrate_text(program("n = h.shape[-1].value", TABLE.format(size="n"), "h = tf.matmul(h, w)"))
    assert "for number, (width, n) in enumerate(zip(widths, [3, 6])):" in made.code


def test_sizes_that_the_program_has_in_a_list_are_a_part_of_it() -> None:
    text = program(TABLE.format(size="h.shape[1]"), "h = tf.matmul(h, w)")
    text = text.replace("enumerate(widths)", "enumerate(sizes[1:])").replace("widths = [6, 4]", "sizes = [3, 6, 4]")
    assert "zip(sizes[1:], sizes[:-1])" in migrate_text(text).code


def test_the_programs_own_list_serves_where_it_holds_just_these() -> None:
    body = (TABLE.format(size="h.shape[1]"), "kept.append(w)", "h = tf.matmul(h, w)")
    made = migrate_text(program(*body, before="kept, outputs = [], []"))
    assert made.level is Level.NATIVE
    assert "w_list" not in made.code
    assert "self.kept" in made.code


@pytest.mark.parametrize(
    ("body", "before", "after"),
    [
        pytest.param(
            ["w = tf.Variable(tf.reduce_mean(h, 0))", "h = h + w"], "pass", "pass", id="made from what is computed"
        ),
        pytest.param(
            [TABLE.format(size="h.shape[1]"), "h = tf.matmul(h, w)", "if np.random.rand() > 2: break"],
            "pass",
            "pass",
            id="left early",
        ),
        pytest.param(
            [TABLE.format(size="h.shape[1]"), "print(number)", "h = tf.matmul(h, w)"], "pass", "pass", id="prints"
        ),
    ],
)
def test_loops_that_cannot_be_parted_are_refused(body: list[str], before: str, after: str) -> None:
    assert migrate_text(program(*body, before=before, after=after)).level is Level.UNCHANGED


def test_variables_of_some_passes_are_those_of_these_passes() -> None:
    body = ("if number == 0:", "    w = tf.Variable(tf.ones([3, width]))", "    h = tf.matmul(h, w)")
    made = migrate_text(program(*body))
    assert made.level is Level.NATIVE
    assert "w = next(w_iterator)" in made.code


def test_a_list_that_is_changed_after_it_was_read_is_refused() -> None:
    text = program(
        TABLE.format(size="h.shape[1]"),
        "kept.append(w)",
        before="kept = []",
        after="h = tf.matmul(tf.matmul(x, tf.ones([3, 3])), kept[0])\nkept.reverse()",
    ).replace("h.shape[1]", "3")
    assert migrate_text(text).level is Level.UNCHANGED


def test_a_list_for_the_model_and_for_tensors_made_in_one_statement() -> None:
    text = program(
        TABLE.format(size="3"),
        "kept.append(w)",
        before="kept, sums = [], []",
        after="for w in kept:\n    sums.append(tf.matmul(x, w))\nh = tf.concat(sums, 1)",
    )
    made = migrate_text(text)
    assert made.level is Level.UNCHANGED or "kept = []" not in made.code.split("def call")[-1]


def test_a_loop_of_layers_becomes_a_layer() -> None:
    made = migrate_text(program("h = tf.layers.dense(h, width)"))
    assert made.level is Level.NATIVE
    assert "for width in widths:" in made.code or "for number, width in enumerate(widths):" in made.code


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(["h = tf.layers.dense(h, width)", "kept.append(h)"], id="fills a list"),
        pytest.param(["h = tf.layers.dense(h, width)", "count = count + 1"], id="counts"),
        pytest.param(["h = tf.layers.dense(h, width)", "if width < 5: break"], id="is left early"),
    ],
)
def test_loops_of_layers_with_other_effects_stay(body: list[str]) -> None:
    text = program(*body, before="kept = []\ncount = 0", after="print(len(kept), count)")
    assert migrate_text(text).level is Level.UNCHANGED
