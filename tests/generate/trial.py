"""What becomes of one program: it is migrated, and where it is native, both versions run and are compared."""

from __future__ import annotations

import dataclasses
import enum
import os
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.generate.writer import ENTRY
from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, instrument, migrate
from tf2migrate.verify.compare import compare_programs
from tf2migrate.verify.launch import Job, Runner
from tf2migrate.verify.values import Verdict
from tf2migrate.verify.wording import describe

RTOL = 1e-3  # some optimizers double a rounding error every few steps
SECONDS = 600.0  # the machine may be busy with other things


class Outcome(enum.StrEnum):
    """What became of a program."""

    SAME = "same"
    WRONG = "WRONG"
    CRASHED = "CRASHED"  # the tool itself
    REFUSED = "refused"
    INVALID = "invalid"  # the original does not run, or not twice alike


@dataclass(frozen=True, slots=True)
class Trial:
    """One program, its outcome, and what is to be said of it."""

    files: Mapping[str, str]
    outcome: Outcome
    said: str = ""
    code: str = ""
    plain: Mapping[str, str] = field(default_factory=dict)  # the rewrite as users get it

    @property
    def text(self) -> str:
        """All files, one under the other."""
        return joined(self.files)


def joined(files: Mapping[str, str]) -> str:
    """The texts of files as one, each under its name if there are several."""
    if len(files) == 1:
        return next(iter(files.values()))
    return "\n".join(f"# ==== {name}\n{text}" for name, text in files.items())


def try_program(
    program: str | Mapping[str, str], runner: Runner | None, oracle: str | None = None, *, plain: bool = True
) -> Trial:
    """Migrates, runs and compares; with ``plain`` the rewrite is also run as users get it, without records."""
    trial = try_files({ENTRY: program} if isinstance(program, str) else program, runner, oracle)
    if plain and runner is not None and trial.outcome is Outcome.SAME:
        # What users get is written otherwise than what records its runs.
        fault = _runs_plain(trial.plain, runner)
        if fault:
            said = f"the rewrite without records fails: {fault}"
            return dataclasses.replace(trial, outcome=Outcome.WRONG, said=said)
    return trial


def try_files(files: Mapping[str, str], runner: Runner | None, oracle: str | None = None) -> Trial:
    """Migrates the program whose entry is ``program.py``, runs it and compares; without a runner it is not run."""
    sources = [source_from_bytes(Path(name), content.encode()) for name, content in files.items()]
    try:
        program = next(p for p in migrate(sources, Settings()) if p.entry == Path(ENTRY))
        found = [f for file in program.files for f in file.findings if not f.fixed and not f.lint]
        if program.level is not Level.NATIVE:
            return Trial(files, Outcome.REFUSED, "\n".join(f"{f.line}: {f.code} {f.message}" for f in found))
        plain = {**files, **{file.source.path.as_posix(): file.code for file in program.files}}
        if runner is None:
            return Trial(files, Outcome.SAME, plain=plain)
        marked = [(os.path.relpath(name), before, after) for name, before, after in instrument(sources, Settings())]
    except Exception:
        return Trial(files, Outcome.CRASHED, traceback.format_exc())
    comparison = compare_programs(
        {**files, **{name: before for name, before, _ in marked}},
        {**files, **{name: after for name, _, after in marked}},
        ENTRY,
        oracle=oracle,
        steps=0,
        rtol=RTOL,
        atol=1e-5,
        timeout=SECONDS,
        pool=runner,
    )
    outcome = {
        Verdict.SAME: Outcome.SAME,
        Verdict.DIFFERENT: Outcome.WRONG,
        Verdict.NOT_RUN: Outcome.INVALID,
    }[comparison.verdict]
    code = joined({name: after for name, _, after in marked})
    return Trial(files, outcome, "\n".join(describe(ENTRY, comparison, RTOL, 1e-5)), code, plain)


def _runs_plain(plain: Mapping[str, str], runner: Runner) -> str:
    """What goes wrong when the rewrite is run by itself; nothing if nothing does."""
    with tempfile.TemporaryDirectory(prefix="tf2migrate-") as folder:
        root = Path(folder, "program")
        root.mkdir()
        for name, text in plain.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text, "utf-8")
        job = Job(role="tf2", root=root, entry=ENTRY, cwd=root, scratch=Path(folder), steps=0, seconds=SECONDS)
        ended = runner.run(sys.executable, job)
        lines = job.stderr.read_text("utf-8", "replace").strip().splitlines() or ["it died"]
    return lines[-1] if ended.status or ended.late else ""
