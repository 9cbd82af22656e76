"""The file between child and parent, and what counts as a difference between two of them."""

from __future__ import annotations

import collections
import math
from pathlib import Path
from typing import Any

import pytest

numpy = pytest.importorskip("numpy")

from tf2migrate.verify.records import WHOLE, Recorder, leaves, read  # noqa: E402
from tf2migrate.verify.values import Records, compare_records  # noqa: E402

Pair = collections.namedtuple("Pair", "c h")


class Stopped(Exception):
    pass


def recorder(path: Path, steps: int = 100, total: int = 0, clock: float = 0.0) -> Recorder:
    made = Recorder(str(path), steps, total, (9,), 1.0, lambda: clock)

    def stop(why: str) -> None:
        made.end(why)
        raise Stopped(why)

    made.stop = stop
    return made


def written(path: Path, *runs: tuple[int, Any], end: str = "ok") -> Path:
    made = recorder(path)
    for number, value in runs:
        made.record(number, value)
    made.end(end)
    return path


def compared(tmp_path: Path, before: list[tuple[int, Any]], after: list[tuple[int, Any]]) -> Records:
    files = written(tmp_path / "a", *before), written(tmp_path / "b", *after)
    return compare_records(*files, 1e-4, 1e-6, {1: "train.py:3:5"})


@pytest.mark.parametrize(
    ("value", "flat"),
    [
        (None, []),
        (1.5, [1.5]),
        ([None, 1, [2, (3, None)]], [1, 2, 3]),
        ({"b": 1, "a": [2, None]}, [2, 1]),
        (Pair(c=1, h=(2, 3)), [1, 2, 3]),
        ({}, []),
    ],
)
def test_leaves(value: Any, flat: list[Any]) -> None:
    assert leaves(value) == flat


def test_round_trip(tmp_path: Path) -> None:
    values = [
        numpy.float32(1.5),
        numpy.arange(6, dtype=">i4").reshape(2, 3),
        numpy.array([True, False]),
        numpy.array(2 + 1j),
        numpy.zeros((0, 3)),
        b"bytes\0\0",
        "text",
        numpy.array([b"a", b"bc"], dtype=object),
        object(),
    ]
    (header, arrays), (end, _) = read(str(written(tmp_path / "a", (7, values))))
    assert header["site"] == 7
    assert [entry["shape"] for entry in header["values"]] == [[], [2, 3], [2], [], [0, 3], [], [], [2], []]
    assert [entry["kind"] for entry in header["values"]] == [*"fibcf", "text", "text", "text", "text"]
    assert arrays[1].tolist() == [0, 1, 2, 3, 4, 5]
    assert header["values"][7]["text"] == ["b:YQ==", "b:YmM="]
    assert end["end"] == "ok"


def test_cut_off_file_ends_at_the_last_whole_run(tmp_path: Path) -> None:
    path = written(tmp_path / "a", (1, numpy.ones(100)), (1, numpy.ones(100)))
    path.write_bytes(path.read_bytes()[:-200])
    assert len(list(read(str(path)))) == 1


def test_large_values_are_sampled(tmp_path: Path) -> None:
    large = numpy.arange(5 * WHOLE, dtype=numpy.float32)
    found = compared(tmp_path, [(1, large)], [(1, large)])
    assert found.sites[0].values[0].compared == WHOLE
    assert found.sites[0].ok
    assert "evenly spaced" in found.notes[0]


@pytest.mark.parametrize(
    ("steps", "total", "runs", "why"),
    [
        (3, 0, [(1, 1.0)] * 9, "enough"),
        (100, 4, [(1, 1.0)] * 9, "enough"),
        (2, 0, [(1, None)] * 99, "enough"),
    ],
)
def test_budget(tmp_path: Path, steps: int, total: int, runs: list[tuple[int, Any]], why: str) -> None:
    made = recorder(tmp_path / "a", steps, total)

    def record_all() -> None:
        for number, value in runs:
            made.record(number, value)

    with pytest.raises(Stopped, match=why):
        record_all()
    assert len(list(read(str(tmp_path / "a")))) - 1 == (3 if steps == 3 else 4 if total else 20)


def test_each_site_has_its_own_budget(tmp_path: Path) -> None:
    made = recorder(tmp_path / "a", steps=2)
    for _ in range(2):
        made.record(1, 1.0)
        made.record(2, 1.0)
    with pytest.raises(Stopped):
        made.record(2, 1.0)


def test_dropped_site_that_returns_nothing_is_no_run(tmp_path: Path) -> None:
    made = recorder(tmp_path / "a")
    assert not made.record(9, None)
    assert made.record(9, 1.0)
    assert made.record(8, None)
    made.end("ok")
    assert [header.get("site") for header, _ in read(str(tmp_path / "a"))] == [9, 8, None]


def test_time(tmp_path: Path) -> None:
    made = recorder(tmp_path / "a", clock=2.0)
    with pytest.raises(Stopped, match="time"):
        made.record(1, 1.0)
    assert [header.get("end") for header, _ in read(str(tmp_path / "a"))] == [None, "time"]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        pytest.param(1.0, 1.00005, True, id="within rtol"),
        pytest.param(1.0, 1.0002, False, id="beyond rtol"),
        pytest.param(0.0, 5e-7, True, id="within atol"),
        pytest.param(math.nan, math.nan, True, id="nan"),
        pytest.param(math.nan, 0.0, False, id="nan on one side"),
        pytest.param(math.inf, math.inf, True, id="inf"),
        pytest.param(math.inf, -math.inf, False, id="inf of another sign"),
        pytest.param(math.inf, 1e30, False, id="inf and a number"),
        pytest.param(3, numpy.int64(3), True, id="whole"),
        pytest.param(numpy.uint8(3), 3, True, id="unsigned"),
        pytest.param(3, 4, False, id="another whole number"),
        pytest.param(3, 3.0, False, id="another kind"),
        pytest.param(True, 1, False, id="boolean and number"),
        pytest.param(numpy.float32(1), 1.0, True, id="another width"),
        pytest.param(b"a", b"a", True, id="bytes"),
        pytest.param(b"a", "a", False, id="bytes and text"),
        pytest.param(b"a", b"b", False, id="other bytes"),
        pytest.param(numpy.ones((2, 1)), numpy.ones(2), False, id="shape"),
        pytest.param([1.0], 1.0, True, id="nesting"),
        pytest.param([None, 1.0], 1.0, True, id="an op beside a value"),
        pytest.param([None], 1.0, True, id="only an op"),
        pytest.param(1.0, None, False, id="nothing for a value"),
    ],
)
def test_same_or_not(tmp_path: Path, before: Any, after: Any, same: bool) -> None:
    found = compared(tmp_path, [(1, before)], [(1, after)])
    assert found.sites[0].ok is same


def test_first_and_worst(tmp_path: Path) -> None:
    before = [(1, [float(n), 1.0]) for n in range(1, 6)]
    after = [(1, [float(n) + (n > 2) * 0.5, 1.0]) for n in range(1, 6)]
    found = compared(tmp_path, before, after)
    first, second = found.sites[0].values
    assert (first.compared, first.first_beyond, first.worst_absolute) == (5, 3, 0.5)
    assert first.worst_relative == pytest.approx(0.5 / 3)
    assert second.ok
    assert found.sites[0].place == "train.py:3:5"


def test_order_of_sites(tmp_path: Path) -> None:
    found = compared(tmp_path, [(1, 1.0), (2, 1.0)], [(1, 1.0), (3, 1.0)])
    assert found.problem == "run 2: site 2 in the original, site 3 in the rewrite"
    assert found.sites[0].runs == 1


def test_number_of_runs(tmp_path: Path) -> None:
    assert compared(tmp_path, [(1, 1.0)] * 3, [(1, 1.0)] * 2).problem == "3 runs in the original, 2 in the rewrite"


def test_stopped_by_the_clock_is_compared_as_far_as_it_goes(tmp_path: Path) -> None:
    files = written(tmp_path / "a", *[(1, 1.0)] * 3, end="time"), written(tmp_path / "b", *[(1, 1.0)] * 2)
    assert not compare_records(*files, 1e-4, 1e-6, {}).problem


def test_missing_file_is_a_crash(tmp_path: Path) -> None:
    found = compare_records(written(tmp_path / "a", (1, 1.0)), tmp_path / "none", 1e-4, 1e-6, {})
    assert found.rewritten.why == "crashed"
    assert not found.sites


def test_sensitivity(tmp_path: Path) -> None:
    """A difference counts only beyond what the nudged original shows, at that run or before it."""
    before = [(1, 1.0), (1, 1.0), (1, 1.0)]
    after = [(1, 1.0), (1, 1.01), (1, 1.01)]
    nudged = written(tmp_path / "c", (1, 1.0), (1, 1.001), (1, 1.0))
    files = written(tmp_path / "a", *before), written(tmp_path / "b", *after)
    value = compare_records(*files, 1e-4, 1e-6, {}, nudged=nudged).sites[0].values[0]
    assert value.ok
    assert value.strays_from == 2
    too_far = written(tmp_path / "b", (1, 1.0), (1, 1.05), (1, 1.0))
    assert not compare_records(files[0], too_far, 1e-4, 1e-6, {}, nudged=nudged).sites[0].ok
    own_way = written(tmp_path / "c2", (1, 1.0), (1, 1.1), (1, 1.0))
    lost = compare_records(files[0], too_far, 1e-4, 1e-6, {}, nudged=own_way).sites[0].values[0]
    assert lost.ok
    assert (lost.compared, lost.lost_from) == (1, 2)
    too_early = written(tmp_path / "b", (1, 1.01), (1, 1.0), (1, 1.0))
    assert not compare_records(files[0], too_early, 1e-4, 1e-6, {}, nudged=nudged).sites[0].ok
