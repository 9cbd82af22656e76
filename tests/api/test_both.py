"""Spellings that both TensorFlows take: TensorFlow 1.15 builds the very same graph of them."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import pytest

from tests.api.emitted import arguments
from tests.api.expressions import call_of, table
from tests.api.test_calls_equal import evaluate
from tf2migrate.api.both import TWINS, respelt, respelt_reference
from tf2migrate.api.calls import rewrite_call
from tf2migrate.api.calls_model import Call
from tf2migrate.api.symbols import all_tf1_names, canonical, tf1_exists, tf2_exists

# What has no ops, where the results are looked at: each call with the folder that it works in.
ON_FILES = [
    "tf.gfile.Copy('{}/a', '{}/b', overwrite=True)",
    "tf.gfile.DeleteRecursively('{}/folder')",
    "tf.gfile.Exists(filename='{}/a')",
    "tf.gfile.FastGFile('{}/a', 'rb').read()",
    "tf.gfile.GFile('{}/a', mode='r').read()",
    "tf.gfile.Glob('{}/*')",
    "tf.gfile.IsDirectory(dirname='{}/folder')",
    "sorted(tf.gfile.ListDirectory('{}'))",
    "tf.gfile.MakeDirs('{}/c/d')",
    "tf.gfile.MkDir(dirname='{}/c')",
    "tf.gfile.Open('{}/a').read()",
    "tf.gfile.Remove('{}/a')",
    "tf.gfile.Rename('{}/a', '{}/b')",
    "tf.gfile.Rename(oldname='{}/a', newname='{}/folder/a', overwrite=False)",
    "tf.gfile.Stat('{}/a').length",
    "[(a.split('/')[-1], b, c) for a, b, c in tf.gfile.Walk('{}')]",
    "[(a.split('/')[-1], b, c) for a, b, c in tf.gfile.Walk('{}', in_order=False)]",
]
MORE = [
    "tf.to_bfloat16(m)",
    "tf.to_complex64(m, 'c')",
    "tf.to_complex128(m)",
    "tf.to_float(sparse_ids)",
    "tf.to_float(tf.gradients(tf.gather(m, [0]), m)[0])",
    "tf.to_int32(ids, name='same')",
    "tf.nn.dropout(m, keep_prob=tf.placeholder_with_default(0.5, []))",
    "tf.nn.dropout(m, 0.9, noise_shape=[2, 1])",
    "tf.py_func(lambda a: a, [m], [tf.float32], True, 'p')",
    "tf.nn.l2_normalize(m, 1, 1e-6, 'n')",
    "tf.reduce_prod(m, reduction_indices=[0], keep_dims=True, name='p')",
    "tf.log(m, 'l') + tf.log(m)",
]


def spelt(call: str) -> str | None:
    """A call in its new spelling."""
    name, given = call_of(call)
    made = respelt(name, given)
    if made is None:
        return None
    parts = [f"{a.keyword}={a.text}" if a.keyword else a.star + a.text for _, a in made.arguments]
    return f"{made.function}({', '.join(parts)})"


def calls() -> list[str]:
    """The sample calls that have such a spelling."""
    whole = [call for call in table("sample_calls") if not call.startswith("tf.python.")]
    found = []
    for call in [*whole, *MORE]:
        node = ast.parse(call, mode="eval").body
        if isinstance(node, ast.Call) and ast.unparse(node.func).replace(".", "").isidentifier():
            found += [call] if spelt(call) else []
    return found


CALLS = calls()


def test_every_twin_is_measured() -> None:
    measured = {canonical(call_of(call)[0]) for call in CALLS}
    measured |= {canonical(f"tf.gfile.{call.partition('tf.gfile.')[2].partition('(')[0]}") for call in ON_FILES}
    assert measured >= TWINS


def test_every_name_is_in_both_tensorflows() -> None:
    """Of every symbol of TensorFlow 1.15, mentioned and called without arguments."""
    for name in all_tf1_names():
        made = [respelt_reference(name), *(each.function for each in [respelt(name, [])] if each)]
        for target in (each for each in made if each is not None and ".get_logger()." not in each):
            assert tf1_exists(target), (name, target)
            assert tf2_exists(target), (name, target)


@pytest.mark.parametrize("call", CALLS)
def test_the_call_is_that_of_native_programs(call: str) -> None:
    """So that what shows its values in TensorFlow 2 (test_calls_equal.py) holds here as well."""
    made, native = spelt(call), rewrite_call(*call_of(call))
    assert made is not None
    assert isinstance(native, Call)
    mine, other = (ast.parse(text, mode="eval").body for text in (made, native.text))
    assert isinstance(mine, ast.Call)
    if made.count("name=") > native.text.count("name="):  # that the op had by itself
        assert mine.keywords.pop().arg == "name"
    assert ast.dump(mine) == ast.dump(other)


@pytest.mark.parametrize("call", [call for call in CALLS if not call.startswith("tf.logging.")])
def test_a_second_time_nothing_changes(call: str) -> None:
    first = spelt(call)
    assert first is not None
    assert spelt(first) is None


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("tf.log", "*x, name=n"),
        ("tf.reduce_sum", "x, **options"),
        ("tf.argmax", "x, 1, *names"),
    ],
)
def test_stars_are_only_kept(name: str, given: str) -> None:
    made = respelt(name, arguments(given))
    assert made is None or [argument for _, argument in made.arguments] == arguments(given)


@pytest.fixture(scope="module")
def graphs(tf1_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any]]:
    """The graphs of each call before and after."""
    folder = tmp_path_factory.mktemp("graphs")
    before = evaluate(tf1_python, CALLS, folder / "before", "graphs")
    after = evaluate(tf1_python, [made for made in map(spelt, CALLS) if made], folder / "after", "graphs")
    return dict(zip(CALLS, zip(before, after, strict=True), strict=True))


@pytest.mark.slow
@pytest.mark.tf1
@pytest.mark.parametrize("call", CALLS)
def test_tensorflow_1_builds_the_same_graph(call: str, graphs: dict[str, tuple[Any, Any]]) -> None:
    (kind, before), (other, after) = graphs[call]
    assert kind == other == "value", (before, after)
    assert before == after


@pytest.mark.slow
@pytest.mark.tf1
def test_files_are_treated_the_same(tf1_python: str, tmp_path: Path) -> None:
    results = []
    for turn in ("before", "after"):
        expressions, folders = [], []
        for number, call in enumerate(ON_FILES):
            folder = tmp_path / turn / str(number)
            (folder / "folder").mkdir(parents=True)
            (folder / "a").write_text("some text")
            folders.append(folder)
            start = call.index("tf.")
            end = call.index(")", start) + 1
            made = spelt(call[start:end])
            assert made is not None, call
            text = call if turn == "before" else call[:start] + made + call[end:]
            expressions.append(text.replace("{}", str(folder)))
        values = evaluate(tf1_python, expressions, tmp_path / f"{turn}.pickle")
        assert {kind for kind, _ in values} == {"value"}, values
        found = [[os.path.relpath(path, folder) for path in sorted(folder.rglob("*"))] for folder in folders]
        results.append(repr((values, found)).replace(f"/{turn}/", "/"))
    assert results[0] == results[1]
