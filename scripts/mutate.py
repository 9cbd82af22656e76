"""Shows that the tests notice when the rewriter's semantics break: one deliberate fault at a time.

    python scripts/mutate.py [NAME...]      applies the faults of scripts/mutations.toml, each to a scratch copy

A fault is an exact text of one file and what replaces it. The programs named beside it must then come out otherwise:
not native or with other values, or no longer refused. They are only asked for their values and refusals, not for the
golden text, which any change of the output would break. Originals and rewrites share TensorFlow processes, and the
faulty code runs in a process of its own. Tests named beside a fault must fail. A few faults only show beside a real
TensorFlow 1.15 (TF1_PYTHON).

Exits with 1 if a fault survives, 2 if one no longer fits the code or has no test that passes without it.
"""

from __future__ import annotations

import argparse
import enum
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fixture_programs import ROOT as FIXTURES
from tests.fixture_programs import RTOL, Fixture, migrated
from tests.generate.warm import Warm
from tf2migrate.verify.compare import compare_programs
from tf2migrate.verify.launch import Runner
from tf2migrate.verify.values import Verdict

ROOT = Path(__file__).resolve().parent.parent
TABLE = Path(__file__).with_name("mutations.toml")
COPIED = ("tf2migrate", "tests", "fixtures", "scripts", "pyproject.toml")
LIMIT = 600.0


class Outcome(enum.StrEnum):
    """What became of a fault."""

    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    STALE = "STALE: its text is not in the file exactly once"
    UNTESTED = "UNTESTED: its tests fail without it, or are skipped"


@dataclass(frozen=True, slots=True)
class Fault:
    """One deliberate fault and the tests that must notice it."""

    name: str
    breaks: str
    file: str
    old: str
    new: str
    values: tuple[str, ...] = ()  # fixtures whose values must differ
    refused: tuple[str, ...] = ()  # fixtures that must no longer be refused with the right code
    tests: tuple[str, ...] = ()  # other tests, as pytest names them

    def items(self) -> list[tuple[str, str]]:
        """What must come out otherwise: kind and name."""
        return [(kind, name) for kind in ("values", "refused", "tests") for name in getattr(self, kind)]

    def fits(self, root: Path) -> bool:
        path = root / self.file
        return path.is_file() and path.read_text("utf-8").count(self.old) == 1 and self.old != self.new


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these faults")
    wanted = parser.parse_args().names
    faults = [fault for fault in read_table() if not wanted or fault.name in wanted]
    with tempfile.TemporaryDirectory(prefix="tf2migrate-mutate-") as folder:
        root = Path(folder) / "project"
        copy_project(root)
        outcomes = check(faults, root)
    counts = {outcome: outcomes.count(outcome) for outcome in Outcome}
    print(", ".join(f"{count} {outcome.value.split(':')[0].lower()}" for outcome, count in counts.items()))
    if counts[Outcome.STALE] or counts[Outcome.UNTESTED]:
        return 2
    return 1 if counts[Outcome.SURVIVED] else 0


def read_table() -> list[Fault]:
    table = tomllib.loads(TABLE.read_text("utf-8"))
    return [
        Fault(
            name=name,
            **{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()},
        )
        for name, row in table.items()
    ]


def copy_project(root: Path) -> None:
    root.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, root / name)


def check(faults: Sequence[Fault], root: Path) -> list[Outcome]:
    """One fault after the other; what fails in the unchanged project proves nothing."""
    outcomes = []
    with Warm() as warm:
        judge = Judge(root, warm, os.environ.get("TF1_PYTHON"))
        for fault in faults:
            start = time.monotonic()
            outcome = apply(fault, judge)
            outcomes.append(outcome)
            print(f"{fault.name:30} {outcome.value:10} {time.monotonic() - start:5.1f} s  {fault.breaks}", flush=True)
    return outcomes


def apply(fault: Fault, judge: Judge) -> Outcome:
    if not fault.fits(judge.root):
        return Outcome.STALE
    usable = [item for item in fault.items() if judge.passes_without(item)]
    if not usable:
        return Outcome.UNTESTED
    path = judge.root / fault.file
    whole = path.read_text("utf-8")
    path.write_text(whole.replace(fault.old, fault.new), "utf-8")
    try:
        return Outcome.SURVIVED if all(judge.passes(item) for item in usable) else Outcome.CAUGHT
    finally:
        path.write_text(whole, "utf-8")


@dataclass(slots=True)
class Judge:
    """Asks the project in a scratch folder, as it is at the time, for values, refusals and tests."""

    root: Path
    runner: Runner
    oracle: str | None
    known: dict[tuple[str, str], bool] = field(default_factory=dict)

    def passes_without(self, item: tuple[str, str]) -> bool:
        """Asked of the unchanged project, once."""
        if item not in self.known:
            self.known[item] = self.passes(item)
        return self.known[item]

    def passes(self, item: tuple[str, str]) -> bool:
        kind, name = item
        if kind == "tests":
            return pytest(["-x", name], self.root)[0] == 0
        fixture = Fixture(FIXTURES / ("refused" if kind == "refused" else "") / name)
        found = self.migrated(fixture)
        if found is None:
            return False
        if kind == "refused":
            return fixture.told()["code"] in found["codes"]
        return not found["codes"] and self.is_same(fixture, found["texts"])

    def migrated(self, fixture: Fixture) -> dict[str, Any] | None:
        """What the code in the folder makes of a program: texts with every run marked, or codes of refusals."""
        command = [sys.executable, str(Path(__file__).with_name("mutant.py")), str(self.root), str(fixture.folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
        except subprocess.SubprocessError:
            return None
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def is_same(self, fixture: Fixture, texts: dict[str, tuple[str, str]]) -> bool:
        before, after = ({path: pair[side] for path, pair in texts.items()} for side in (0, 1))
        entry = fixture.within(migrated(fixture).entry)
        oracles = [None] if fixture.about().get("oracle") != "tensorflow 1" else [self.oracle]
        oracles += [self.oracle] if self.oracle and oracles == [None] else []
        verdicts = [
            compare_programs(
                before, after, entry, oracle=oracle, steps=0, rtol=RTOL, timeout=LIMIT, pool=self.runner
            ).verdict
            for oracle in oracles
        ]
        return all(verdict is Verdict.SAME for verdict in verdicts)


def pytest(arguments: Sequence[str], root: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return 1, ""
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main())
