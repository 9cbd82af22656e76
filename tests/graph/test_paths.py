"""What the paths of a branch name, of which the program takes one."""

from __future__ import annotations

import pytest

from tests.graph.staged import fetched, is_certain, obstacles, stage, state

V = 'tf.get_variable("v", [])'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"if flag:\n    {V}\nelse:\n    {V}", id="either branch"),
        pytest.param(f"y = {V} if flag else {V}", id="expression"),
        pytest.param(f"if flag:\n    {V}\nif not flag:\n    {V}", id="opposite tests"),
        pytest.param(
            f"import os\nm = os.environ['M']\nif m == 'a':\n    {V}\nif m == 'b':\n    {V}", id="two words"
        ),
        pytest.param(f"def f(): {V}\ndef g(): {V}\n(f if flag else g)()", id="function that the host chooses"),
    ],
)
def test_paths_that_exclude_each_other_share_a_name(text: str) -> None:
    assert obstacles(text) == []
    assert state(text) == ["v", "v"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"if flag:\n    {V}\n{V}", id="one branch, and behind it"),
        pytest.param(f"if flag:\n    {V}\nelse:\n    {V}\n{V}", id="both branches, and behind them"),
        pytest.param(f"if flag:\n    {V}\nif flag:\n    {V}", id="one test twice"),
        pytest.param(f"{V}\nif flag:\n    {V}", id="before a branch"),
        pytest.param(
            f"import os\na = os.environ['A']\nb = os.environ['B']\nif a:\n    {V}\nif not b:\n    {V}",
            id="tests of different values",
        ),
    ],
)
def test_paths_that_meet_do_not(text: str) -> None:
    assert obstacles(text) == ["TFM404"]


def test_second_call_shares_on_the_same_path() -> None:
    text = (
        "def f(reuse):\n    with tf.variable_scope('s', reuse=reuse):\n"
        f"        if flag:\n            return x * {V}\n        else:\n            return x + {V}\n"
        "f(False)\nf(True)"
    )
    assert obstacles(text) == []
    assert state(text) == ["s/v", "s/v"]


def test_sharing_what_only_one_path_has_made_is_not_clear() -> None:
    text = f"with tf.variable_scope('s', reuse=tf.AUTO_REUSE):\n    if flag:\n        {V}\n    y = {V}"
    assert obstacles(text) == ["TFM404"]


@pytest.mark.parametrize(
    "check", ["if not flag:\n            raise ValueError", "assert flag"], ids=["raises", "asserts"]
)
def test_what_is_checked_decides_nothing(check: str) -> None:
    text = (
        f"def f():\n    with tf.variable_scope('s', reuse=tf.AUTO_REUSE):\n        {check}\n        return x * {V}\n"
        "f()\nf()"
    )
    assert obstacles(text) == []
    assert state(text) == ["s/v"]


def test_branch_beside_one_that_stops_the_program_is_taken() -> None:
    text = (
        f"with tf.variable_scope('s', reuse=tf.AUTO_REUSE):\n    if flag:\n        {V}\n"
        f"    else:\n        raise ValueError\n    {V}"
    )
    assert obstacles(text) == []
    assert state(text) == ["s/v"]


def test_default_names_are_counted_on_each_path() -> None:
    text = "if flag:\n    tf.layers.dense(x, 1)\nelse:\n    tf.layers.dense(x, 2)\ntf.layers.dense(x, 3)"
    assert state(text, kind="layer") == ["dense", "dense", "dense_1"]


def test_tensors_of_both_paths_are_one_where_they_meet() -> None:
    text = "if flag:\n    y = x * 2.0\nelse:\n    y = x + 2.0"
    assert is_certain(text)
    one = next(node for node in stage(text).nodes if node.op == "host.choice")
    assert [node.op for node in one.inputs] == ["operator.Multiply", "operator.Add"]


def test_tensors_of_which_the_host_only_chooses_stay_two() -> None:
    text = "a = x * 2.0\nb = x + 2.0\ny = a if flag else b"
    assert " or " in fetched(text) or not is_certain(text)
