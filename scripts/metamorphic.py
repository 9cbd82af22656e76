"""Shows that programs of another shape come out the same: every native fixture of one file, transformed and migrated.

    python scripts/metamorphic.py                  whether each shape of each fixture becomes native
    python scripts/metamorphic.py --run [NAME...]  and whether rewrite and original of that shape give the same values

Prints a table for ``docs/metamorphic.md``, and each shape that is refused or wrong. Exits with 1 if one is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fixture_programs import Fixture, migratable, pending
from tests.generate.rearranging import TRANSFORMATIONS
from tests.generate.trial import Outcome, Trial, try_files
from tests.generate.warm import Warm
from tf2migrate.verify.pool import Pool


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these fixtures")
    parser.add_argument("--run", action="store_true", help="run original and rewrite of each shape")
    parser.add_argument("--oracle", help="a Python with TensorFlow 1.15; tf.compat.v1 without it")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts: dict[str, Counter[Outcome]] = {kind: Counter() for kind in TRANSFORMATIONS}
    with Warm() as warm, Pool() as pool:
        for fixture in fixtures(options.names):
            text = fixture.original.read_text("utf-8")
            for kind, transform in TRANSFORMATIONS.items():
                files = transform(text, Random(f"{options.seed} {fixture.name} {kind}"))
                if files is None:
                    continue
                trial = try_files(files, warm if options.run else None, options.oracle)
                if trial.outcome in (Outcome.WRONG, Outcome.INVALID):
                    trial = try_files(files, pool, options.oracle)
                counts[kind][trial.outcome] += 1
                if trial.outcome is not Outcome.SAME:
                    print(f"{fixture.name}, {kind}: {trial.outcome.value}: {_first(trial)}", flush=True)
    print(table(counts))
    bad = (Outcome.WRONG, Outcome.CRASHED)
    return 1 if any(count[outcome] for count in counts.values() for outcome in bad) else 0


def fixtures(names: list[str]) -> list[Fixture]:
    waiting = pending()
    found = [f for f in migratable() if f.is_single and f.name not in waiting]
    return [fixture for fixture in found if not names or fixture.name in names]


def table(counts: Mapping[str, Counter[Outcome]]) -> str:
    shown = (Outcome.SAME, Outcome.REFUSED, Outcome.WRONG, Outcome.CRASHED, Outcome.INVALID)
    lines = [f"| shape | programs | {' | '.join(outcome.value for outcome in shown)} |", "| --- |" + " --- |" * 6]
    for kind, count in counts.items():
        lines.append(f"| {kind} | {count.total()} | {' | '.join(str(count[outcome]) for outcome in shown)} |")
    return "\n".join(lines)


def _first(trial: Trial) -> str:
    lines = [line for line in trial.said.splitlines() if line.strip()]
    return lines[-1 if trial.outcome is Outcome.CRASHED else 0] if lines else ""


if __name__ == "__main__":
    sys.exit(main())
