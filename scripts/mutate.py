"""Shows that the tests notice when the rewriter's semantics break: one deliberate fault at a time.

    python scripts/mutate.py [NAME...]      applies the faults of scripts/mutations.toml, each to a scratch copy

A fault is an exact text of one file and what replaces it; the tests named beside it must then fail. Whole
programs are only asked for their values and refusals, not for the golden text, which any change of the output
would break. A few faults only show beside a real TensorFlow 1.15 (TF1_PYTHON).

Exits with 1 if a fault survives, 2 if one no longer fits the code or has no test that passes without it.
"""

from __future__ import annotations

import argparse
import enum
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def nodes(self) -> list[str]:
        here = "tests/test_fixtures.py"
        values = [f"{here}::test_values_are_the_same[{name}]" for name in self.values]
        return [*values, *(f"{here}::test_is_refused[{name}]" for name in self.refused), *self.tests]

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
    usable = passing({node for fault in faults for node in fault.nodes()}, root)
    outcomes = []
    for fault in faults:
        start = time.monotonic()
        outcome = apply(fault, [node for node in fault.nodes() if node in usable], root)
        outcomes.append(outcome)
        print(f"{fault.name:40} {outcome.value:10} {time.monotonic() - start:5.1f} s  {fault.breaks}", flush=True)
    return outcomes


def apply(fault: Fault, nodes: Sequence[str], root: Path) -> Outcome:
    if not fault.fits(root):
        return Outcome.STALE
    if not nodes:
        return Outcome.UNTESTED
    path = root / fault.file
    whole = path.read_text("utf-8")
    path.write_text(whole.replace(fault.old, fault.new), "utf-8")
    try:
        status, _ = pytest(["-x", *nodes], root)
    finally:
        path.write_text(whole, "utf-8")
    # 1: a test failed; 2 to 4: the fault does not even let the tests be collected.
    return Outcome.SURVIVED if status == 0 else Outcome.CAUGHT


def passing(nodes: Iterable[str], root: Path) -> set[str]:
    """Those of the tests (or files of tests) that exist, and pass in the unchanged project."""
    known = set(nodes)
    _, listed = pytest(["--collect-only", *sorted({node.split("::")[0] for node in known})], root)
    existing = [node for node in sorted(known) if node in listed]
    _, said = pytest(["-rA", *existing], root)
    results = [
        line.split(" ", 2)[:2] for line in said.splitlines() if line.startswith(("PASSED ", "FAILED ", "ERROR "))
    ]
    bad = [test for result, test in results if result != "PASSED"]
    good = [test for result, test in results if result == "PASSED"]
    return {
        node
        for node in existing
        if any(test.startswith(node) for test in good) and not any(test.startswith(node) for test in bad)
    }


def pytest(arguments: Sequence[str], root: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return 1, ""
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main())
