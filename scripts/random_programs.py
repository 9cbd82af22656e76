"""Migrates random TensorFlow 1 programs and compares each native one with its original, value by value.

    python scripts/random_programs.py --count 1000 --seed 0 --keep FOLDER

Program N of a run with seed S is ``random_program(S + N)``, with ``--several-files`` ``random_project(S + N)``.
Programs share a process, which makes them quick; one that does not come out right there is tried once more in a process
of its own. Those that are wrong, or bring the tool down, are shrunk and kept in the folder, as they were and small.
Exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.generate.programs import random_program
from tests.generate.projects import random_project
from tests.generate.shrinking import shrink_files
from tests.generate.trial import Outcome, Trial, joined, try_program
from tests.generate.warm import Warm
from tests.generate.writer import ENTRY
from tf2migrate.verify.pool import Pool

BAD = (Outcome.WRONG, Outcome.CRASHED)
EVERY = 100  # programs after which the numbers so far are shown


def main() -> int:
    options = _options()
    tally = Tally()
    with Warm() as warm, Pool() as pool:
        for seed in range(options.seed, options.seed + options.count):
            files = random_project(seed) if options.several_files else {ENTRY: random_program(seed)}
            trial = try_program(files, warm, options.oracle, plain=seed % options.plain == 0)
            if trial.outcome not in (Outcome.SAME, Outcome.REFUSED):
                trial = try_program(files, pool, options.oracle)
            tally.add(trial)
            if sys.stderr.isatty() or options.progress:
                print(f"{seed}: {trial.outcome.value}", file=sys.stderr, flush=True)
            if trial.outcome not in (Outcome.SAME, Outcome.REFUSED):
                print(f"seed {seed}: {trial.outcome.value}: {_last(trial)}", flush=True)
                _keep(options, seed, trial, pool)
            if (seed + 1 - options.seed) % EVERY == 0:
                print(f"from seed {options.seed}: {tally}", flush=True)
    for reason, count in tally.reasons.most_common(options.reasons):
        print(f"{count:5} {reason}")
    print(f"from seed {options.seed}: {tally}")
    return 1 if any(tally.counts[outcome] for outcome in BAD) else 0


@dataclass(slots=True)
class Tally:
    """How many programs came to what, and why those that were refused were."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    start: float = field(default_factory=time.monotonic)

    def add(self, trial: Trial) -> None:
        self.counts[trial.outcome] += 1
        if trial.outcome is Outcome.REFUSED:
            self.reasons[trial.said.split("\n")[0].partition(": ")[2]] += 1

    def __str__(self) -> str:
        counts = self.counts
        ran = counts.total() - counts[Outcome.INVALID]
        native = counts[Outcome.SAME] + counts[Outcome.WRONG]
        numbers = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome)
        share = f"{100 * native / max(ran, 1):.0f} % native"
        return f"{counts.total()} programs: {numbers}; {share}; {time.monotonic() - self.start:.0f} s"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the programs that come out wrong")
    parser.add_argument("--oracle", help="a Python with TensorFlow 1.15; tf.compat.v1 without it")
    parser.add_argument("--reasons", type=int, default=10, help="how many reasons of refusal are shown")
    parser.add_argument("--progress", action="store_true", help="a line for each program on stderr")
    parser.add_argument("--plain", type=int, default=1, metavar="N", help="run one in N as users get it, too")
    parser.add_argument("--several-files", action="store_true", help="programs of several files")
    parser.add_argument("--no-shrink", action="store_true", help="keep wrong programs as they are")
    return parser.parse_args()


def _keep(options: argparse.Namespace, seed: int, trial: Trial, pool: Pool) -> None:
    if not options.keep:
        return
    options.keep.mkdir(parents=True, exist_ok=True)
    if trial.outcome not in BAD:
        (options.keep / f"{seed}.invalid.py").write_text(f"{trial.text}\n'''\n{trial.said}\n'''\n")
        return
    (options.keep / f"{seed}.py").write_text(trial.text)
    (options.keep / f"{seed}.txt").write_text(f"{trial.said}\n\n{trial.code}")
    if options.no_shrink:
        return
    kind = _kind(trial)

    def fails(files: Mapping[str, str]) -> bool:
        return _kind(try_program(files, pool, options.oracle)) == kind

    small = shrink_files(dict(trial.files), fails)
    last = try_program(small, pool, options.oracle)
    (options.keep / f"{seed}.small.py").write_text(joined(small))
    (options.keep / f"{seed}.small.txt").write_text(f"{last.said}\n\n{last.code}")


def _kind(trial: Trial) -> tuple[Outcome, str]:
    """What has to stay the same while a program is shrunk."""
    last = _last(trial)
    return trial.outcome, last.split(":")[0] if trial.outcome is Outcome.CRASHED else last.split("(")[0][:30]


def _last(trial: Trial) -> str:
    lines = [line for line in trial.said.splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[-1 if trial.outcome is Outcome.CRASHED else 0]


if __name__ == "__main__":
    sys.exit(main())
