"""What becomes of one program: it is migrated, and where it is native, both versions run and are compared."""

from __future__ import annotations

import enum
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

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

    text: str
    outcome: Outcome
    said: str = ""
    code: str = ""


def try_program(text: str, runner: Runner, oracle: str | None = None, *, plain: bool = True) -> Trial:
    """Migrates, runs and compares; with ``plain`` the rewrite is also run as users get it, without records."""
    source = source_from_bytes(Path("program.py"), text.encode())
    try:
        program = migrate([source], Settings())[0]
        if program.level is not Level.NATIVE:
            found = [f for f in program.files[0].findings if not f.fixed and not f.lint]
            return Trial(text, Outcome.REFUSED, "\n".join(f"{f.line}: {f.code} {f.message}" for f in found))
        ((_, before, after),) = instrument([source], Settings())
    except Exception:
        return Trial(text, Outcome.CRASHED, traceback.format_exc())
    comparison = compare_programs(
        {"program.py": before},
        {"program.py": after},
        "program.py",
        oracle=oracle,
        steps=0,
        rtol=RTOL,
        atol=1e-5,
        timeout=SECONDS,
        pool=runner,
    )
    said = "\n".join(describe("program.py", comparison, RTOL, 1e-5))
    if plain and comparison.verdict is Verdict.SAME:
        # What users get is written otherwise than what records its runs.
        fault = _runs_plain(program.files[0].code, runner)
        if fault:
            return Trial(text, Outcome.WRONG, f"the rewrite without records fails: {fault}", after)
    outcome = {
        Verdict.SAME: Outcome.SAME,
        Verdict.DIFFERENT: Outcome.WRONG,
        Verdict.NOT_RUN: Outcome.INVALID,
    }[comparison.verdict]
    return Trial(text, outcome, said, after)


def _runs_plain(plain: str, runner: Runner) -> str:
    """What goes wrong when the rewrite is run by itself; nothing if nothing does."""
    with tempfile.TemporaryDirectory(prefix="tf2migrate-") as folder:
        root = Path(folder, "program")
        root.mkdir()
        (root / "program.py").write_text(plain, "utf-8")
        job = Job(role="tf2", root=root, entry="program.py", cwd=root, scratch=Path(folder), steps=0, seconds=SECONDS)
        ended = runner.run(sys.executable, job)
        lines = job.stderr.read_text("utf-8", "replace").strip().splitlines() or ["it died"]
    return lines[-1] if ended.status or ended.late else ""
