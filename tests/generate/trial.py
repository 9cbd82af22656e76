"""What becomes of one program: it is migrated, and where it is native, both versions run and are compared."""

from __future__ import annotations

import dataclasses
import enum
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tf2migrate.config import Settings
from tf2migrate.files import source_from_bytes
from tf2migrate.migrate import Level, instrument, migrate
from tf2migrate.verify.compare import compare_programs
from tf2migrate.verify.launch import Job, Runner
from tf2migrate.verify.values import Verdict
from tf2migrate.verify.wording import describe

ENTRY = "program.py"
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

    text: str
    outcome: Outcome
    said: str = ""
    code: str = ""
    plain: str = ""  # the rewrite as users get it


def try_program(text: str, runner: Runner | None, oracle: str | None = None, *, plain: bool = True) -> Trial:
    """Migrates, runs and compares; with ``plain`` the rewrite is also run as users get it, without records."""
    trial = try_files({ENTRY: text}, runner, oracle)
    if plain and runner is not None and trial.outcome is Outcome.SAME:
        # What users get is written otherwise than what records its runs.
        fault = _runs_plain(trial.plain, runner)
        if fault:
            said = f"the rewrite without records fails: {fault}"
            return dataclasses.replace(trial, outcome=Outcome.WRONG, said=said)
    return trial


def try_files(files: Mapping[str, str], runner: Runner | None, oracle: str | None = None) -> Trial:
    """Migrates the program whose entry is ``program.py``, runs it and compares; without a runner it is not run."""
    text = files[ENTRY]
    sources = [source_from_bytes(Path(name), content.encode()) for name, content in files.items()]
    try:
        program = next(p for p in migrate(sources, Settings()) if p.entry == Path(ENTRY))
        found = [f for file in program.files for f in file.findings if not f.fixed and not f.lint]
        if program.level is not Level.NATIVE:
            return Trial(text, Outcome.REFUSED, "\n".join(f"{f.line}: {f.code} {f.message}" for f in found))
        plain = next(file.code for file in program.files if file.source.path == Path(ENTRY))
        if runner is None:
            return Trial(text, Outcome.SAME, plain=plain)
        marked = [(Path(name).name, before, after) for name, before, after in instrument(sources, Settings())]
    except Exception:
        return Trial(text, Outcome.CRASHED, traceback.format_exc())
    comparison = compare_programs(
        {name: before for name, before, _ in marked},
        {name: after for name, _, after in marked},
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
    code = "\n".join(after for _, _, after in marked)
    return Trial(text, outcome, "\n".join(describe(ENTRY, comparison, RTOL, 1e-5)), code, plain)


def _runs_plain(plain: str, runner: Runner) -> str:
    """What goes wrong when the rewrite is run by itself; nothing if nothing does."""
    with tempfile.TemporaryDirectory(prefix="tf2migrate-") as folder:
        root = Path(folder, "program")
        root.mkdir()
        (root / ENTRY).write_text(plain, "utf-8")
        job = Job(role="tf2", root=root, entry=ENTRY, cwd=root, scratch=Path(folder), steps=0, seconds=SECONDS)
        ended = runner.run(sys.executable, job)
        lines = job.stderr.read_text("utf-8", "replace").strip().splitlines() or ["it died"]
    return lines[-1] if ended.status or ended.late else ""
