"""Turns a checkpoint that the original wrote under TensorFlow 1 into one that the rewrite restores."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tf2migrate import migrate as use_case
from tf2migrate.config import Settings
from tf2migrate.files import SourceFile
from tf2migrate.verify.compare import Sides, sides_of
from tf2migrate.verify.identities import Identities, Source, Values, identities
from tf2migrate.verify.launch import Runner
from tf2migrate.verify.saved import TEMPLATE

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class CannotConvert(Exception):
    """Why no checkpoint was written; the text is for people."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written: for each variable of the rewrite its name in TensorFlow 1, and those without one."""

    sources: Mapping[str, Source]
    fresh: tuple[str, ...]


def convert(
    sources: Sequence[SourceFile],
    settings: Settings,
    checkpoint: str,
    output: str,
    *,
    runner: Runner,
    oracle: str | None = None,
    steps: int = 40,
    timeout: float = 120.0,
) -> Converted:
    """Finds out which variable is which by running both programs, and writes the values under their new names."""
    native = [p for p in use_case.migrate(sources, settings) if p.level is use_case.Level.NATIVE and p.sites]
    if len(native) != 1:
        raise CannotConvert(f"{len(native)} programs that run a graph come out native; one is needed")
    trained = _read(checkpoint)
    with tempfile.TemporaryDirectory(prefix="tf2migrate-") as temporary:
        sides = sides_of(native[0], settings, Path(temporary).resolve(), oracle, steps, timeout)
        originals, rewrites = _watched(sides, runner)
        number = _saver(originals, trained)
        moments = sorted(set(originals[number]) & set(rewrites.get(number, ())))
        if not moments:
            raise CannotConvert("no run of both programs ended while their savers held the same variables")
        found = identities(
            [originals[number][moment] for moment in moments], [rewrites[number][moment] for moment in moments], trained
        )
        fresh = _without_source(found, sides.texts)
        template = _read(str(sides.rewritten.job.watched / f"{TEMPLATE}-{number}"))
        _write(output, template, {n: _in_unit(trained[s.name], s) for n, s in found.sources.items()})
    return Converted(found.sources, fresh)


def _watched(sides: Sides, runner: Runner) -> tuple[_Dumps, _Dumps]:
    """What the savers of both programs held, by their number and by the run."""
    dumps = []
    for side in (sides.original, sides.rewritten):
        ended = runner.run(side.python, side.job)
        found = _dumps(side.job.watched)
        if not found:
            why = side.last_lines_of(ended) or "no saver of it holds variables that have values after a run"
            raise CannotConvert(f"the {'original' if side is sides.original else 'rewrite'} shows no variables: {why}")
        dumps.append(found)
    return dumps[0], dumps[1]


_Dumps = dict[int, dict[int, Values]]


def _dumps(folder: Path) -> _Dumps:
    found: _Dumps = {}
    for path in folder.glob("*.npz"):
        number, moment = map(int, path.stem.split("-"))
        with np.load(path) as values:
            found.setdefault(number, {})[moment] = dict(values)
    return found


def _saver(originals: _Dumps, trained: Values) -> int:
    """The saver that wrote the checkpoint: it saves variables of the same names and shapes."""
    for number, moments in originals.items():
        held = next(iter(moments.values()))
        if held.keys() == trained.keys() and all(held[name].shape == trained[name].shape for name in held):
            return number
    held = next(iter(next(iter(originals.values())).values()))
    odd = sorted(held.keys() ^ trained.keys()) or [n for n in held if held[n].shape != trained[n].shape]
    raise CannotConvert(f"the checkpoint is not one of this program: they differ in {', '.join(odd[:5])}")


def _without_source(found: Identities, texts: Sequence[str]) -> tuple[str, ...]:
    """Counters of Keras that TensorFlow 1 did not have and that nothing reads; a reason to stop for all others."""
    if found.unclear:
        name, several = found.unclear[0]
        raise CannotConvert(f"`{name}` may be any of {', '.join(several)}: they had the same values in all runs")
    read = any(".iterations" in text for text in texts)
    for name in found.missing:
        if not name.endswith("iteration") or read:
            raise CannotConvert(f"`{name}` of the rewrite has no counterpart in the checkpoint")
    return found.missing


def _in_unit(value: Any, source: Source) -> Any:
    return value if source.factor == 1.0 else value * np.asarray(source.factor, value.dtype)


def _read(path: str) -> Values:
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(path)
    except (tf.errors.OpError, ValueError) as error:
        raise CannotConvert(f"{path} is no checkpoint that can be read") from error
    return {name: np.asarray(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()}


def _write(path: str, template: Values, values: Values) -> None:
    """The checkpoint of the rewrite with other values: same keys, same description of the objects."""
    import tensorflow as tf

    tensors: dict[str, Any] = {}
    for key, old in template.items():
        name = key.removeprefix("variables/").partition("/")[0]
        new = values.get(name.replace(".S", "/").replace("..", "."))
        tensors[key] = tf.constant(old if key == _GRAPH or new is None else new.astype(old.dtype))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=path, tensor_names=list(tensors), shape_and_slices=[""] * len(tensors), tensors=list(tensors.values())
    )
    state = Path(path).parent / "checkpoint"
    if not state.exists():
        name = Path(path).name
        state.write_text(f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n', "utf-8")
