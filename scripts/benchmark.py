"""Count what becomes of the TensorFlow 1 symbols in source distributions from PyPI, as tables in Markdown.

    python scripts/benchmark.py [--into FOLDER] [--output FILE] [--uses-only] [--seconds N] [NAME==VERSION ...]

The list is `sdists.txt`; pip fetches what FOLDER does not have yet. Nothing of the distributions is run. Every file is
read, every use of a symbol is judged, and every program is migrated, with the level `partial` for what is refused. That
takes hours for the largest: what is not done after N seconds of the processor is left out, and the table says so. The
same files are given to `tf_upgrade_v2`. What must be 0 and is not is listed, and fails the script.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from upgrade_script import upgraded

from tf2migrate.api.symbols import tf2_exists
from tf2migrate.api.verdicts import misfit, verdict
from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, SourceProblem, discover, read_sources, source_from_bytes
from tf2migrate.lint.uses import Use, uses
from tf2migrate.migrate import Level, migrate
from tf2migrate.names.project import parse
from tf2migrate.rewrite.partial import respell

LIST = Path(__file__).with_name("sdists.txt")


Place = tuple[str, int, int, str]


@dataclass
class Row:
    """What one distribution came to."""

    name: str
    files: int = 0
    unread: int = 0
    uses: int = 0
    valid: int = 0
    found: Counter[str] = field(default_factory=Counter)
    shared: int = 0
    """Found uses that have a spelling which TensorFlow 1.15 takes, too."""
    unclassified: list[str] = field(default_factory=list)
    levels: Counter[Level] = field(default_factory=Counter)
    fixed: dict[Level, set[Place]] = field(default_factory=lambda: {Level.NATIVE: set(), Level.PARTIAL: set()})
    refusals: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    migrated: bool = False
    script: Beside | None = None
    lacking: int = 0
    """Uses that cannot be right in a program of TensorFlow 2, not even by `tf.compat.v1`."""


@dataclass
class Beside:
    """What `tf_upgrade_v2` makes of the same files."""

    refused: int = 0
    raised: int = 0
    broken: int = 0
    by_compat: int = 0
    by_contrib: int = 0
    unmentioned: int = 0


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


def judged(row: Row, source: SourceFile) -> list[int]:
    """Counts the uses of a file: right in TensorFlow 2, found by which rule, or neither. The lines of those found."""
    module, lines = parse(source), []
    respelt = respell(module).respelt
    for use in uses(module):
        row.uses += 1
        told = verdict(use.name, use.arguments)
        if told is not None:
            row.found[told.code] += 1
            row.shared += id(use.node) in respelt
            is_private = told.code == "TFM103"  # much of that can still be imported
            lines += [module.line(use.node)] if told.certain and not use.by_compat and not is_private else []
        elif tf2_exists(use.name) or "__" in use.name:
            row.valid += 1
        else:
            row.unclassified.append(use.name)
    return lines


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

    for program in migrate(sources, Settings(fallback="partial"), on_crash=crashed):
        if program.level is Level.CLEAN:
            continue
        row.levels[program.level] += 1
        row.refusals.update({finding.code for finding in program.reasons})
        for file in program.files if program.level in row.fixed else ():
            fixed = (finding for finding in file.findings if finding.lint and finding.fixed)
            row.fixed[program.level] |= {(each.path, each.line, each.column, each.code) for each in fixed}
            try:
                compile(file.code, str(file.source.path), "exec", dont_inherit=True)
                if program.level is Level.NATIVE:
                    made = source_from_bytes(file.source.path, file.code.encode())
                    row.broken += [f"{file.source.path}: {use.name}" for use in odd_uses(made)]
            except (SyntaxError, SourceProblem) as error:
                row.broken.append(f"{file.source.path}: {error}")
    row.migrated = True


def beside(lines: dict[SourceFile, list[int]]) -> Beside:
    """The same files as the official script leaves them."""
    out = Beside()
    with tempfile.TemporaryDirectory() as folder:
        made = upgraded([source.path for source in lines], Path(folder))
    for source, places in lines.items():
        result = made[source.path]
        out.raised += bool(result.raised)
        out.refused += not result.text and bool(source.text)
        out.broken += bool(result.text) and not result.compiles
        text = result.text or ""
        out.by_compat += "compat.v1" in text and "compat.v1" not in source.text
        out.by_contrib += "tf.contrib" in text or "tensorflow.contrib" in text
        spans = statements(source.text)
        out.unmentioned += sum(result.told.isdisjoint(spans.get(line, (line,))) for line in places)
    return out


def statements(text: str) -> dict[int, range]:
    """The lines of the simple statement that each line is part of."""
    found: dict[int, range] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and node.end_lineno is not None:
            lines = range(node.lineno, node.end_lineno + 1)
            found.update(dict.fromkeys(lines, lines))
    return found


class OutOfTime(BaseException):
    """The seconds of a distribution are used up; no boundary for bugs catches this."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raises ``OutOfTime`` in what takes longer; without a limit for 0."""

    def stop(number: int, frame: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except OutOfTime:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def measured(name: str, folder: Path, uses_only: bool, seconds: int) -> Row:
    row, start = Row(name), time.monotonic()
    sources: list[SourceFile] = []
    lines: dict[SourceFile, list[int]] = {}
    for result in read_sources(discover([folder], Settings())):
        if isinstance(result, SourceProblem):
            row.unread += result.is_defect
        else:
            sources.append(result)
    for source in sources:
        if "tensorflow" in source.text:
            row.files += 1
            try:
                lines[source] = judged(row, source)
            except SourceProblem:
                row.unread += 1
    row.lacking = sum(map(len, lines.values()))
    row.script = beside(lines)
    if not uses_only:
        with limited(seconds):
            migrated(row, sources)
    row.seconds = time.monotonic() - start
    return row


def table(rows: list[Row]) -> str:
    """The uses and what becomes of them."""
    titles = ["distribution", "files", "not parsed", "uses", "valid in 2.21", "found", "neither", "valid or found"]
    titles += ["with a spelling for both"]
    titles += ["programs", "native", "partial", "fixed natively", "fixed in part", "tracebacks", "faults in outputs"]
    titles += ["refused by"]
    lines = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]
    for row in rows:
        refused = ", ".join(f"{code} {count}" for code, count in row.refusals.most_common(5))
        share = 100 * (row.valid + row.found.total()) / max(row.uses, 1)
        cells: list[object] = [row.name, row.files, row.unread, row.uses, row.valid, row.found.total()]
        cells += [len(row.unclassified), f"{share:.4g} %", row.shared, row.levels.total()]
        cells += [row.levels[Level.NATIVE], row.levels[Level.PARTIAL]]
        cells += [len(row.fixed[Level.NATIVE]), len(row.fixed[Level.PARTIAL])]
        cells += [len(row.crashes), len(row.broken), refused]
        cells = cells if row.migrated else [*cells[:9], *["-"] * 8]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def table_beside(rows: list[Row]) -> str:
    """What the official script makes of the same files."""
    titles = ["distribution", "files", "not written", "tracebacks", "do not compile", "new `compat.v1`"]
    titles += ["`contrib` left", "uses that TensorFlow 2.21 lacks", "not mentioned"]
    lines = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]
    for row in (row for row in rows if row.script is not None):
        made = row.script or Beside()
        cells = [row.name, row.files - row.unread, made.refused, made.raised, made.broken, made.by_compat]
        cells += [made.by_contrib, row.lacking, made.unmentioned]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


HEAD = """\
# What becomes of TensorFlow 1 symbols in source distributions

Written by `scripts/benchmark.py`.
"""
BESIDE = """\
## The same files by `tf_upgrade_v2`

Each file that can be parsed was given to the script of the installed TensorFlow, alone, as its `--infile`.
A use counts as mentioned if the script says anything about the statement that it stands in, be it that it put
`tf.compat.v1` there. Uses by `tf.compat.v1` and of private modules are not counted, for those may still be there.
Where a name comes from an import (`slim.conv2d`), the script speaks at best of the import, which does not count here:
that is most of what it does not mention. `contrib` is also left where only a comment names it.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, help="where the distributions are kept (default: a temporary folder)")
    parser.add_argument("--output", type=Path, help="where the table is written besides")
    parser.add_argument("--uses-only", action="store_true", help="migrate no programs")
    parser.add_argument("--seconds", type=int, default=0, help="of the processor, for the programs of one distribution")
    parser.add_argument("chosen", nargs="*", metavar="NAME==VERSION", help="distributions of the list (default: all)")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name, folder in fetched(options.into or Path(temporary), options.chosen):
            rows.append(measured(name, folder, options.uses_only, options.seconds))
            print(table(rows[-1:]).splitlines()[-1], f"{rows[-1].seconds:.0f} s", flush=True)
    faults = [fault for row in rows for fault in (*row.unclassified, *row.crashes, *row.broken)]
    print("".join(f"{fault}\n" for fault in faults), end="")
    if options.output:
        codes = sorted({code for row in rows for code in row.found})
        found = ", ".join(f"{code} {sum(row.found[code] for row in rows)}" for code in codes)
        parts = [HEAD, table(rows), f"Found by rule: {found}.\n"]
        if not all(row.migrated for row in rows):
            limit = f" to their end within {options.seconds} seconds of the processor" if options.seconds else ""
            parts.append(f"A dash: the programs were not migrated{limit}.\n")
        options.output.write_text("\n".join([*parts, BESIDE, table_beside(rows)]), encoding="utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
