"""The programs under ``fixtures/``: where they are, what the tool makes of them, and whether that computes the same."""

from __future__ import annotations

import functools
import threading
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, encode, read_source, source_from_bytes
from tf2migrate.findings import Finding
from tf2migrate.migrate import Level, Program, instrument, migrate
from tf2migrate.verify.compare import compare_programs
from tf2migrate.verify.launch import Runner
from tf2migrate.verify.values import Comparison

ROOT = Path(__file__).resolve().parent.parent / "fixtures"
PENDING = Path(__file__).with_name("fixtures_pending.toml")
RTOL = 1e-4

# The ast module of CPython 3.11 counts its depth for the whole process: threads that parse together raise SystemError.
_parsing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Fixture:
    """One program: ``original.py`` with ``expected.py``, or the folders ``original`` and ``expected``."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def is_single(self) -> bool:
        return (self.folder / "original.py").exists()

    @property
    def original(self) -> Path:
        return self.folder / ("original.py" if self.is_single else "original")

    @property
    def expected(self) -> Path:
        return self.folder / ("expected.py" if self.is_single else "expected")

    @property
    def base(self) -> Path:
        """What the paths within the program are relative to."""
        return self.folder if self.is_single else self.original

    def sources(self) -> list[SourceFile]:
        return [read_source(path) for path in self.files()]

    def files(self) -> list[Path]:
        return [self.original] if self.is_single else sorted(self.original.rglob("*.py"))

    def golden(self, path: Path) -> Path:
        """Where the expected form of one file of the original stands."""
        return self.expected if self.is_single else self.expected / path.relative_to(self.original)

    def within(self, path: str | Path) -> str:
        return Path(path).relative_to(self.base).as_posix()

    def about(self) -> dict[str, object]:
        """``about.toml`` of a program that becomes native."""
        return tomllib.loads((self.folder / "about.toml").read_text("utf-8"))

    def told(self) -> dict[str, str]:
        """``reason.toml`` of a program that must be refused."""
        return tomllib.loads((self.folder / "reason.toml").read_text("utf-8"))


def migratable() -> list[Fixture]:
    """The programs that must become native, some of them one day."""
    return [Fixture(path) for path in sorted(ROOT.iterdir()) if path.is_dir() and path.name != "refused"]


def pending() -> dict[str, str]:
    """The names of those that the tool does not migrate yet, with the reason."""
    found: dict[str, str] = tomllib.loads(PENDING.read_text("utf-8"))
    return found


def refused() -> list[Fixture]:
    """The programs that must stay as they are."""
    return [Fixture(path) for path in sorted((ROOT / "refused").iterdir()) if path.is_dir()]


@functools.cache
def migrated(fixture: Fixture) -> Program:
    """What the tool makes of a fixture."""
    return one_program(fixture.sources())


def one_program(sources: Sequence[SourceFile]) -> Program:
    programs = migrate(sources, Settings())
    assert len(programs) == 1, f"{len(programs)} programs instead of one: {[str(p.entry) for p in programs]}"
    return programs[0]


def rewritten(fixture: Fixture) -> dict[Path, bytes]:
    """The bytes that each file of the original would be replaced by."""
    return {file.source.path: encode(file.source, file.code) for file in migrated(fixture).files}


def expected(fixture: Fixture) -> dict[Path, bytes]:
    """The golden bytes for each file of the original; nothing where there is no golden yet."""
    pairs = [(path, fixture.golden(path)) for path in fixture.files()]
    return {path: golden.read_bytes() for path, golden in pairs if golden.exists()}


def expected_sources(fixture: Fixture) -> list[SourceFile]:
    """The goldens as sources, under the paths of the originals."""
    return [source_from_bytes(path, raw) for path, raw in expected(fixture).items()]


def reasons(program: Program) -> list[Finding]:
    """Why a program is not native: the findings that the tool could not mend, but for the symbols themselves."""
    found = [finding for file in program.files for finding in file.findings if not finding.fixed]
    return [finding for finding in found if not finding.lint] or found


def is_native(program: Program) -> bool:
    return program.level is Level.NATIVE


def compare(fixture: Fixture, pool: Runner, oracle: str | None = None) -> Comparison:
    """Runs the original and a fresh rewrite to their end and compares every value of every run."""
    with _parsing:
        program = migrated(fixture)
        marked = instrument(fixture.sources(), Settings())
    return compare_programs(
        {fixture.within(path): before for path, before, _ in marked},
        {fixture.within(path): after for path, _, after in marked},
        fixture.within(program.entry),
        oracle=oracle,
        steps=0,  # to the end: most fixtures read their weights there
        rtol=RTOL,
        timeout=60.0,
        places={site.number: f"line {site.line}, column {site.column}" for site in program.sites},
        pool=pool,
    )
