"""Count what becomes of the TensorFlow 1 symbols in source distributions from PyPI, as a table in Markdown.

    python scripts/benchmark.py [--into FOLDER] [--output docs/benchmark.md] [--uses-only] [NAME==VERSION ...]

The list is `sdists.txt`; pip fetches what FOLDER does not have yet. Nothing of the distributions is run. Every file is
read, every use of a symbol is judged, and every program is migrated, which takes hours for the largest. What must be 0
and is not is listed, and fails the script.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tf2migrate.api.symbols import tf2_exists
from tf2migrate.api.verdicts import misfit, verdict
from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, SourceProblem, discover, read_sources, source_from_bytes
from tf2migrate.lint.uses import Use, uses
from tf2migrate.migrate import Level, migrate
from tf2migrate.names.project import parse

LIST = Path(__file__).with_name("sdists.txt")


@dataclass
class Row:
    """What one distribution came to."""

    name: str
    files: int = 0
    unread: int = 0
    uses: int = 0
    valid: int = 0
    found: Counter[str] = field(default_factory=Counter)
    unclassified: list[str] = field(default_factory=list)
    programs: int = 0
    native: int = 0
    fixed: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    migrated: bool = False


def fetched(folder: Path, chosen: list[str]) -> Iterator[tuple[str, Path]]:
    """The distributions of the list that are chosen, unpacked."""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or (chosen and line not in chosen):
            continue
        target = folder / line.replace("==", "-")
        if not target.exists():
            archives = folder / "archives" / target.name
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
            subprocess.run([*pip, "--no-build-isolation", "-d", str(archives), line], check=True)
            with tarfile.open(next(archives.glob("*.tar.gz"))) as archive:
                archive.extractall(target, filter="data")
        yield line, target


def judged(row: Row, source: SourceFile) -> None:
    """Counts the uses of a file: right in TensorFlow 2, found by which rule, or neither."""
    for use in uses(parse(source)):
        row.uses += 1
        told = verdict(use.name, use.arguments)
        if told is not None:
            row.found[told.code] += 1
        elif tf2_exists(use.name) or "__" in use.name:
            row.valid += 1
        else:
            row.unclassified.append(use.name)


def odd_uses(source: SourceFile) -> Iterator[Use]:
    """Uses in an output that TensorFlow 2 does not have, or whose arguments it does not take."""
    for use in uses(parse(source)):
        known = tf2_exists(use.name)
        if not known or (use.arguments is not None and misfit(use.name, use.arguments)):
            yield use


def migrated(row: Row, sources: list[SourceFile]) -> None:
    """Migrates all programs, and looks at what came out."""

    def crashed(paths: tuple[str, ...], error: Exception) -> None:
        row.crashes.append(f"{paths[0]}: {type(error).__name__}: {error}")

    row.migrated = True
    for program in migrate(sources, Settings(), on_crash=crashed):
        if program.level is Level.CLEAN:
            continue
        row.programs += 1
        row.refusals.update({finding.code for finding in program.reasons})
        if program.level is not Level.NATIVE:
            continue
        row.native += 1
        for file in program.files:
            row.fixed += sum(finding.lint and finding.fixed for finding in file.findings)
            try:
                compile(file.code, str(file.source.path), "exec")
                made = source_from_bytes(file.source.path, file.code.encode())
                row.broken += [f"{file.source.path}: {use.name}" for use in odd_uses(made)]
            except (SyntaxError, SourceProblem) as error:
                row.broken.append(f"{file.source.path}: {error}")


def measured(name: str, folder: Path, uses_only: bool) -> Row:
    row, start = Row(name), time.monotonic()
    sources: list[SourceFile] = []
    for result in read_sources(discover([folder], Settings())):
        if isinstance(result, SourceProblem):
            row.unread += result.is_defect
            continue
        sources.append(result)
        if "tensorflow" not in result.text:
            continue
        row.files += 1
        try:
            judged(row, result)
        except SourceProblem:
            row.unread += 1
    if not uses_only:
        migrated(row, sources)
    row.seconds = time.monotonic() - start
    return row


def table(rows: list[Row]) -> str:
    titles = ["distribution", "files", "not parsed", "uses", "valid in 2.21", "found", "neither", "programs", "native"]
    titles += ["findings fixed", "tracebacks", "faults in outputs", "refused by"]
    lines = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]
    for row in rows:
        refused = ", ".join(f"{code} {count}" for code, count in row.refusals.most_common(5))
        cells = [row.name, row.files, row.unread, row.uses, row.valid, row.found.total(), len(row.unclassified)]
        cells += [row.programs, row.native, row.fixed, len(row.crashes), len(row.broken), refused]
        cells = cells if row.migrated else [*cells[:7], *"------"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, help="where the distributions are kept (default: a temporary folder)")
    parser.add_argument("--output", type=Path, help="where the table is written besides")
    parser.add_argument("--uses-only", action="store_true", help="migrate no programs")
    parser.add_argument("chosen", nargs="*", metavar="NAME==VERSION", help="distributions of the list (default: all)")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name, folder in fetched(options.into or Path(temporary), options.chosen):
            rows.append(measured(name, folder, options.uses_only))
            print(table(rows[-1:]).splitlines()[-1], f"{rows[-1].seconds:.0f} s", flush=True)
    faults = [fault for row in rows for fault in (*row.unclassified, *row.crashes, *row.broken)]
    print("".join(f"{fault}\n" for fault in faults), end="")
    if options.output:
        codes = sorted({code for row in rows for code in row.found})
        found = ", ".join(f"{code} {sum(row.found[code] for row in rows)}" for code in codes)
        head = "# What becomes of TensorFlow 1 symbols in source distributions\n\nWritten by `scripts/benchmark.py`.\n"
        options.output.write_text(f"{head}\n{table(rows)}\nFound by rule: {found}.\n", encoding="utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
