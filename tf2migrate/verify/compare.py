"""Runs a program and its rewrite in one deterministic world and compares every value of every run."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from tf2migrate import migrate as use_case
from tf2migrate.config import Settings
from tf2migrate.files import SourceFile
from tf2migrate.verify.endings import cannot_run, rewrite_failed
from tf2migrate.verify.launch import Alone, CannotRun, Ended, Job, Role, Runner
from tf2migrate.verify.oracle import find_oracle
from tf2migrate.verify.pool import Pool
from tf2migrate.verify.scratch import copy_folder, package_of, write_files
from tf2migrate.verify.values import (
    Comparison,
    Ending,
    Records,
    SiteComparison,
    Verdict,
    compare_records,
    read_ending,
)
from tf2migrate.verify.wording import describe

_MARK = re.compile(r"__tf2migrate_record__\(\s*(\d+)")
NUDGE = 2.0**-22  # two units in the last place of float32


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two programs, in its scratch folder."""

    job: Job
    python: str

    def ending(self, ended: Ended, ending: Ending) -> Ending:
        """The record's own last word, unless the child was ended before it."""
        if ended.late:
            return Ending("killed", {"seconds": ended.seconds})
        if ending.why == "crashed":
            return Ending("crashed", {"status": ended.status})
        return ending

    def last_lines_of(self, ended: Ended) -> str:
        """How the program ended, if it did not end well."""
        _, ending = read_ending(self.job.record)
        return self.last_lines(ending).rpartition("\n")[2] if ended.status else ""

    def last_lines(self, ending: Ending) -> str:
        text = str(ending.facts.get("traceback", ""))
        if not text and self.job.stderr.exists():
            text = self.job.stderr.read_text("utf-8", "replace")[-6000:]
        return text.replace(f"{self.job.root}/", "").strip()


def verify_paths(
    sources: Sequence[SourceFile],
    settings: Settings,
    *,
    steps: int = 100,
    rtol: float = 1e-4,
    atol: float = 1e-6,
    oracle: str | None = None,
    timeout: float = 120.0,
    echo: Callable[[str], None] = print,
) -> int:
    """Verifies every program among ``sources`` that migrates to native TensorFlow 2.

    Says what was found through ``echo``. Returns 0 if all are the same, 1 if one differs, 2 if one
    could not be run (or none could be migrated) and none differs.
    """
    programs = use_case.migrate(sources, settings)
    native = [program for program in programs if program.level == use_case.Level.NATIVE]
    for program in programs:
        if program.level not in (use_case.Level.NATIVE, use_case.Level.CLEAN):
            echo(f"{program.entry}: not verified: its level is {program.level.value}")
    if not native:
        clean = bool(programs) and all(program.level == use_case.Level.CLEAN for program in programs)
        echo("nothing to verify: no program was migrated to native TensorFlow 2")
        return 0 if clean else 2
    verdicts: set[Verdict] = set()
    with contextlib.closing(runner()) as pool:
        compare = functools.partial(
            compare_programs, oracle=oracle, steps=steps, rtol=rtol, atol=atol, timeout=timeout, pool=pool
        )
        for program in native:
            comparison = _verify(program, settings, compare)
            verdicts.add(comparison.verdict)
            for line in describe(str(program.entry), comparison, rtol, atol):
                echo(line)
    return 1 if Verdict.DIFFERENT in verdicts else 2 if Verdict.NOT_RUN in verdicts else 0


def runner() -> Runner:
    # Elsewhere than on Linux, system libraries do not promise to survive a fork.
    return Pool() if sys.platform == "linux" else Alone()


def compare_programs(
    original_files: Mapping[str, str],
    rewritten_files: Mapping[str, str],
    entry: str,
    *,
    oracle: str | None = None,
    steps: int = 100,
    rtol: float = 1e-4,
    atol: float = 1e-6,
    timeout: float = 120.0,
    grace: float = 30.0,
    argv: Sequence[str] = (),
    folder: Path | None = None,
    places: Mapping[int, str] | None = None,
    pool: Runner | None = None,
) -> Comparison:
    """Compares two versions of a program in which each run is ``__tf2migrate_record__(N, <the run>)``.

    A site of the original that the rewrite has nothing in place of (an initialiser) may return nothing.

    ``original_files`` and ``rewritten_files`` map paths, relative to the program's folder and with
    ``/``, to texts. ``folder``, if given, is copied beneath them for the data and modules that the
    program needs. ``places`` names the sites for people. A program is stopped at its first run
    after ``timeout`` seconds, and killed ``grace`` seconds later. ``oracle`` is a Python with TensorFlow
    1.15 for the original, or ``auto``; by default it runs through ``tf.compat.v1``. ``pool`` saves
    the import of TensorFlow when many programs are compared.
    """
    if importlib.util.find_spec("tensorflow") is None:
        return Comparison(Verdict.NOT_RUN, problem="TensorFlow 2 is not installed in this Python")
    runner = pool if pool is not None else Alone()
    places = places or {}
    name = folder.resolve().name if folder else "program"
    plan = _Plan(entry, name or "program", tuple(argv), steps, timeout, grace, folder)
    with tempfile.TemporaryDirectory(prefix="tf2migrate-") as temporary:
        scratch = Path(temporary).resolve()
        try:
            python = find_oracle(oracle) if oracle else sys.executable
            role: Role = "tf1" if oracle else "compat"
            original = plan.prepare(scratch / "original", original_files, role, python)
            rewritten = plan.prepare(scratch / "rewritten", rewritten_files, "tf2", sys.executable)
            dropped = tuple(sorted(_sites_in(original_files) - _sites_in(rewritten_files)))
            original = replace(original, job=replace(original.job, dropped=dropped))
            comparison = _compare(runner, original, rewritten, rtol, atol, places)
        except CannotRun as error:
            return Comparison(Verdict.NOT_RUN, problem=str(error))
    notes = [*comparison.notes, *_unreached(comparison, places, dropped)]
    notes += [f"too large to copy, and missing for the program: {name}" for name in plan.left_out]
    return replace(comparison, notes=tuple(notes))


@dataclass(slots=True)
class _Plan:
    """What both sides of a comparison share."""

    entry: str
    name: str
    argv: tuple[str, ...]
    steps: int
    timeout: float
    grace: float
    folder: Path | None
    left_out: list[str] = field(default_factory=list)

    def prepare(self, scratch: Path, files: Mapping[str, str], role: Role, python: str) -> _Side:
        root = scratch / self.name
        root.mkdir(parents=True)
        if self.folder is not None:
            self.left_out = copy_folder(self.folder, root)
        write_files(root, files)
        job = Job(
            role=role,
            root=root,
            entry=self.entry,
            cwd=(root / PurePosixPath(self.entry)).parent,
            scratch=scratch,
            argv=self.argv,
            package=package_of(self.name, self.entry, files.get(self.entry, "")),
            plots=any("matplotlib" in text or "pylab" in text or "seaborn" in text for text in files.values()),
            steps=self.steps,
            seconds=self.timeout,
            grace=self.grace,
        )
        return _Side(job, python)


def _compare(
    runner: Runner, original: _Side, rewritten: _Side, rtol: float, atol: float, places: Mapping[int, str]
) -> Comparison:
    """Runs the original, the rewrite for as many runs, and where only numbers differ a control run."""
    runner.warm(original.python, original.job.role)
    runner.warm(rewritten.python, rewritten.job.role)
    first = runner.run(original.python, original.job)
    runs, ending = read_ending(original.job.record)
    if original.ending(first, ending).whole:
        if not runs:
            return Comparison(Verdict.NOT_RUN, problem="the original ended before its first run")
        # One run more than the original's own end shows that there are more.
        total = runs + 1 if ending.why == "ok" else max(runs, 1)
        rewritten = replace(rewritten, job=replace(rewritten.job, steps=0, total=total))
        second = runner.run(rewritten.python, rewritten.job)
    else:
        second = Ended(0, False, 0.0)
    found = compare_records(original.job.record, rewritten.job.record, rtol, atol, places)
    found = replace(
        found,
        original=original.ending(first, found.original),
        rewritten=rewritten.ending(second, found.rewritten),
    )
    comparison = _judge(found, original, rewritten)
    if comparison.verdict is Verdict.DIFFERENT and _only_numbers(comparison):
        sites = _with_sensitivity(runner, original, rewritten, comparison.runs, rtol, atol, places)
        comparison = _judge(replace(found, sites=sites), original, rewritten)
    return comparison


def _only_numbers(comparison: Comparison) -> bool:
    """Is a numerical difference all that was found?"""
    faults = [site.fault for site in comparison.sites]
    faults += [value.fault for site in comparison.sites for value in site.values]
    return not comparison.problem and not any(faults)


def _with_sensitivity(
    runner: Runner,
    original: _Side,
    rewritten: _Side,
    runs: int,
    rtol: float,
    atol: float,
    places: Mapping[int, str],
) -> tuple[SiteComparison, ...]:
    """The sites again, judged by how far the original strays when its random values change in the last digit.

    Networks with relu and RMSProp, for one, double a rounding error every few steps, and then no two
    versions of TensorFlow agree for long.
    """
    job = replace(original.job, nudge=NUDGE, steps=0, total=runs)
    runner.run(original.python, job)
    found = compare_records(original.job.record, rewritten.job.record, rtol, atol, places, nudged=job.record)
    return found.sites


def _judge(found: Records, original: _Side, rewritten: _Side) -> Comparison:
    """One verdict from what both children did. What keeps the original from running is no difference."""
    problem = cannot_run(found.original, original.job)
    if problem:
        details = "" if found.original.why == "exit" else original.last_lines(found.original)
        return Comparison(Verdict.NOT_RUN, found.sites, problem, found.notes, details)
    notes = list(found.notes)
    for side, ending in (("original", found.original), ("rewrite", found.rewritten)):
        names = ", ".join(f"np.{name}" for name in ending.facts.get("numpy_names", ()))
        if names:
            notes.append(f"the {side} uses {names}, which newer versions of numpy do not have")
        if ending.why == "time":
            notes.append(f"the {side} was stopped after {original.job.seconds:g} s; the runs until then are compared")
    problem = rewrite_failed(found.original, found.rewritten, rewritten.job)
    if problem:
        details = rewritten.last_lines(found.rewritten)
        return Comparison(Verdict.DIFFERENT, found.sites, found.problem or problem, tuple(notes), details)
    if found.problem or not all(site.ok for site in found.sites):
        return Comparison(Verdict.DIFFERENT, found.sites, found.problem, tuple(notes))
    lost = [site for site in found.sites if any(value.lost_from == 1 for value in site.values)]
    if lost:
        place = lost[0].place or f"site {lost[0].number}"
        problem = f"the original does not repeat itself: at {place}, rounding or a race changes what it returns"
        return Comparison(Verdict.NOT_RUN, found.sites, problem, tuple(notes))
    if not any(site.values for site in found.sites):
        return Comparison(Verdict.NOT_RUN, found.sites, "no run returned a value: nothing to compare", tuple(notes))
    return Comparison(Verdict.SAME, found.sites, "", tuple(notes))


def _sites_in(files: Mapping[str, str]) -> set[int]:
    return {int(number) for text in files.values() for number in _MARK.findall(text)}


def _unreached(comparison: Comparison, places: Mapping[int, str], dropped: Sequence[int]) -> list[str]:
    reached = {site.number for site in comparison.sites} | set(dropped)
    if comparison.verdict is Verdict.NOT_RUN:
        return []
    # A place that several objects run at has several sites, and is dropped from the rewrite for all of them.
    gone = {places[number] for number in dropped if number in places}
    left = {number: place for number, place in places.items() if number not in reached and place not in gone}
    return [f"not reached: site {number} ({place})" for number, place in left.items()]


@dataclass(frozen=True, slots=True)
class Sides:
    """Both programs, ready to be watched; ``texts`` are those of the rewrite."""

    original: _Side
    rewritten: _Side
    texts: tuple[str, ...]


def sides_of(
    program: use_case.Program, settings: Settings, scratch: Path, oracle: str | None, steps: int, timeout: float
) -> Sides:
    """A program and its rewrite in scratch folders, with their runs marked and their savers watched."""
    texts, folder, within = _marked(program, settings)
    plan = _Plan(within(program.entry), folder.name or "program", (), steps, timeout, 30.0, folder)
    python = find_oracle(oracle) if oracle else sys.executable
    before, after = {within(p): b for p, b, _ in texts}, {within(p): a for p, _, a in texts}
    dropped = tuple(sorted(_sites_in(before) - _sites_in(after)))
    original = plan.prepare(scratch / "original", before, "tf1" if oracle else "compat", python)
    rewritten = plan.prepare(scratch / "rewritten", after, "tf2", sys.executable)
    sides = [replace(s, job=replace(s.job, watching=True, dropped=dropped)) for s in (original, rewritten)]
    for side in sides:
        side.job.watched.mkdir()
    return Sides(sides[0], sides[1], tuple(after.values()))


def _verify(program: use_case.Program, settings: Settings, compare: Callable[..., Comparison]) -> Comparison:
    texts, folder, within = _marked(program, settings)
    return compare(
        {within(path): before for path, before, _ in texts},
        {within(path): after for path, _, after in texts},
        within(program.entry),
        folder=folder,
        places={site.number: f"{site.path}:{site.line}:{site.column}" for site in program.sites},
    )


def _marked(
    program: use_case.Program, settings: Settings
) -> tuple[list[tuple[Path, str, str]], Path, Callable[[Path], str]]:
    """The files with every run marked, before and after; their folder, and the path of each within it."""
    sources = [file.source for file in program.files]
    texts = [(Path(path), before, after) for path, before, after in use_case.instrument(sources, settings)]
    folder = _common_folder([program.entry, *(path for path, _, _ in texts)])
    return texts, folder, lambda path: path.resolve().relative_to(folder).as_posix()


def _common_folder(paths: Iterable[Path]) -> Path:
    parents = [path.resolve().parent for path in paths]
    common = parents[0]
    while not all(parent.is_relative_to(common) for parent in parents):
        common = common.parent
    return common
