"""Time the steps of native fixtures under TensorFlow 1.15, under ``tf.compat.v1`` and rewritten, side by side.

    python scripts/step_speed.py [--oracle PYTHON] [--seconds 1.0] [--steps 0] [--rounds 2]
        [--output docs/step_speed.md] [NAME ...]

A run is timed where a program reaches it three times or more: it is repeated there, with its feeds and what it hands
back as numpy arrays. The versions of a program run one after the other in each round, and the quickest round counts.
Times are microseconds of the processor for one run, on one thread: what else the machine does counts little. Fails
where a function was traced again after its first runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import fixture_programs as programs
from tests.fixture_programs import Fixture
from tf2migrate.config import Settings
from tf2migrate.migrate import instrument
from tf2migrate.verify import legacy
from tf2migrate.verify.launch import Role, environment
from tf2migrate.verify.oracle import find_oracle

CHILD = Path(__file__).with_name("timed_child.py")
HEAD = """# How long a step takes

Written by `scripts/step_speed.py`: microseconds of the processor for one run, with its feeds and results, on one thread
of a machine with {} cores.
The last column is by how much the process of the rewrite grew in the second half of the repetitions.
A call of a `tf.function` costs some 0.2 to 0.3 ms more than a call of `Session.run`, whatever it computes, and most of
these programs compute next to nothing: the ratios are those of the calls.
"""
ROLES: tuple[Role, ...] = ("tf1", "compat", "tf2")


class Delayed(cst.CSTTransformer):
    """Hands the runs to their marks as functions."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        if not (isinstance(original_node.func, cst.Name) and original_node.func.value == "__tf2migrate_record__"):
            return updated_node
        number, run, *_ = updated_node.args
        delayed = cst.Lambda(cst.Parameters(), run.value)
        return updated_node.with_changes(args=[number, cst.Arg(delayed)])


@dataclass(slots=True)
class Timed:
    """One run of a program: the best time of each version, and what else was seen."""

    program: str
    number: str
    seconds: dict[Role, float] = field(default_factory=dict)
    repeated: int = 0
    traced: int = 0
    grown: int = 0

    def ratio(self, role: Role) -> float | None:
        """How long the rewrite takes for one unit of time of another version."""
        return self.seconds["tf2"] / self.seconds[role] if role in self.seconds and "tf2" in self.seconds else None


def timed(fixture: Fixture, python: dict[Role, str], seconds: float, steps: int, rounds: int) -> Iterator[Timed]:
    """The runs of one program that at least one old version and the rewrite reach often enough."""
    found: dict[str, Timed] = {}
    with tempfile.TemporaryDirectory(prefix="tf2migrate-") as temporary:
        entries = _written(fixture, Path(temporary))
        for _ in range(rounds):
            for role in python:
                for number, facts in _play(role, python[role], entries[role == "tf2"], seconds, steps).items():
                    if "seconds" not in facts:
                        continue
                    row = found.setdefault(number, Timed(fixture.name, number))
                    row.seconds[role] = min(facts["seconds"], row.seconds.get(role, facts["seconds"]))
                    if role == "tf2":
                        row.repeated += int(facts["repeated"])
                        row.traced += int(facts["traced"])
                        row.grown = max(row.grown, int(facts["grown"]))
    for _, row in sorted(found.items(), key=lambda item: int(item[0])):
        if "tf2" in row.seconds and len(row.seconds) > 1:
            yield row


def _written(fixture: Fixture, folder: Path) -> tuple[Path, Path]:
    """Both versions of the program, with its data; the paths of their entries."""
    entries: list[Path] = []
    marked = instrument(fixture.sources(), Settings())
    for name, place in (("old", 1), ("new", 2)):
        for row in marked:
            target = folder / name / fixture.within(row[0])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(cst.parse_module(str(row[place])).visit(Delayed()).code, encoding="utf-8")
        entries.append(folder / name / fixture.within(programs.migrated(fixture).entry))
    return entries[0], entries[1]


def _play(role: Role, python: str, entry: Path, seconds: float, steps: int) -> dict[str, dict[str, float]]:
    out = entry.parent / f"{role}.json"
    out.unlink(missing_ok=True)
    surroundings = {**environment(role), "VERIFY": str(Path(str(legacy.__file__)).parent)}
    surroundings.pop("TF_ENABLE_ONEDNN_OPTS")  # users have it as it comes
    command = [python, str(CHILD), role, str(entry), str(out), str(seconds), str(steps)]
    done = subprocess.run(command, cwd=entry.parent, env=surroundings, capture_output=True, text=True, timeout=900)
    if done.returncode:
        print(f"  {role}: {(done.stderr.strip().splitlines() or ['it died'])[-1][:120]}", file=sys.stderr)
    return json.loads(out.read_text()) if out.exists() else {}


def table(rows: Sequence[Timed]) -> str:
    heads = ["program", "run", "1.15", "compat.v1", "rewrite", "to 1.15", "to compat.v1", "traced again", "grown, KiB"]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for row in rows:
        times = [f"{row.seconds[role] * 1e6:.0f}" if role in row.seconds else "-" for role in ROLES]
        ratios = [f"{ratio:.2f}" if (ratio := row.ratio(role)) else "-" for role in ("tf1", "compat")]
        seen = [str(row.traced), str(row.grown // 1024)]
        lines.append(f"| {' | '.join([row.program, row.number, *times, *ratios, *seen])} |")
    return "\n".join(lines) + "\n"


def summary(rows: Sequence[Timed]) -> str:
    said: list[str] = []
    for role, name in (("tf1", "TensorFlow 1.15"), ("compat", "`tf.compat.v1`")):
        ratios = sorted(ratio for row in rows if (ratio := row.ratio(role)))  # type: ignore[arg-type]
        if ratios:
            slower = sum(ratio > 1.1 for ratio in ratios)
            said.append(
                f"To {name}: median {statistics.median(ratios):.2f}, worst {ratios[-1]:.2f}, "
                f"{slower} of {len(ratios)} runs above 1.1."
            )
    return "\n".join(said) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures (default: every native one)")
    parser.add_argument("--oracle", help="a Python with TensorFlow 1.15, or auto; left out without it")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a run is repeated")
    parser.add_argument("--steps", type=int, default=0, help="how often a run is repeated at least")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--output", type=Path, help="where the table is written besides")
    options = parser.parse_args()
    python: dict[Role, str] = {"compat": sys.executable, "tf2": sys.executable}
    if options.oracle:
        python = {"tf1": find_oracle(options.oracle), **python}
    rows: list[Timed] = []
    for fixture in programs.migratable():
        if fixture.name in programs.pending() or (options.names and fixture.name not in options.names):
            continue
        for row in timed(fixture, python, options.seconds, options.steps, options.rounds):
            rows.append(row)
            print(table([row]).splitlines()[-1], flush=True)
    print(summary(rows))
    if options.output:
        head = HEAD.format(os.cpu_count())
        options.output.write_text(f"{head}\n{table(rows)}\n{summary(rows)}", encoding="utf-8")
    again = [dataclasses.asdict(row) for row in rows if row.traced]
    print("".join(f"traced again: {row['program']} run {row['number']}\n" for row in again), end="")
    return 1 if again else 0


if __name__ == "__main__":
    sys.exit(main())
