"""What a run found out, gathered from all programs, and what follows from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tf2migrate.config import Settings
from tf2migrate.files import SourceProblem, encode
from tf2migrate.findings import Finding
from tf2migrate.migrate import FileMigration, Level, Program


@dataclass(frozen=True, slots=True)
class Crash:
    """A bug of tf2migrate that showed itself on these files."""

    paths: tuple[str, ...]
    error: str

    @property
    def text(self) -> str:
        """What to tell the user."""
        first, *others = self.paths
        more = f" (and {len(others)} other files)" if others else ""
        return f"{first}{more}: internal error: {self.error}; a bug in tf2migrate, the file is left as it is"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The programs of a run, what could not be read, and what broke."""

    programs: tuple[Program, ...]
    problems: tuple[SourceProblem, ...] = ()
    crashes: tuple[Crash, ...] = ()
    settings: Settings = dataclasses.field(default_factory=Settings)

    @property
    def files(self) -> list[FileMigration]:
        """Every file once; the programs that share a file agree on it, see ``settled``."""
        return list({file.source.path: file for program in self.programs for file in program.files}.values())

    @property
    def changed(self) -> list[FileMigration]:
        """The files whose text becomes another."""
        return [file for file in self.files if file.code != file.source.text]

    @property
    def findings(self) -> list[Finding]:
        """What is to be reported: every finding once, by place. What could not be read is always among it."""
        found = {finding for program in self.programs for file in program.files for finding in file.findings}
        problems = {problem.finding() for problem in self.problems}
        defects = {problem.finding() for problem in self.problems if problem.is_defect}
        return sorted(
            finding for finding in found | problems if finding in defects or self.settings.reports(finding.code)
        )

    @property
    def texts(self) -> dict[str, str]:
        """The text of each file by the path that findings give."""
        texts = {problem.path: problem.text for problem in self.problems}
        return texts | {str(file.source.path): file.source.text for file in self.files}

    def exit_code(self, *, linting: bool = False) -> int:
        """0 clean, 1 findings or (unless only linting) changes, 2 the tool could not do its work."""
        if self.crashes or any(problem.is_defect for problem in self.problems):
            return 2
        return 1 if self.findings or (self.changed and not linting) else 0

    def unwritten(self, batch: Sequence[FileMigration], problem: SourceProblem) -> Outcome:
        """The outcome when these files, and with them their programs, had to be left as they were."""
        paths = {file.source.path for file in batch}
        programs = (
            _unchanged(program, {}) if any(file.source.path in paths for file in program.files) else program
            for program in self.programs
        )
        return dataclasses.replace(self, programs=tuple(programs), problems=(*self.problems, problem))

    def batches(self) -> list[list[FileMigration]]:
        """The changed files; in one group are those of programs that share a file: all or none is written."""
        changed = {file.source.path: file for file in self.changed}
        groups = ([changed.pop(path) for path in group if path in changed] for group in _connected(self.programs))
        return [group for group in groups if group]


def settled(programs: Sequence[Program]) -> list[Program]:
    """The programs, but unchanged where a new text cannot be written.

    That is so where two programs want different texts for a file that they share, and where the
    encoding of a file cannot express its new text. Programs that share other files with these stay
    unchanged as well.
    """
    obstacles = _obstacles(programs)
    if not obstacles:
        return list(programs)
    spoiled = {path for group in _connected(programs) if obstacles.keys() & set(group) for path in group}
    return [
        _unchanged(program, obstacles) if program.files and program.files[0].source.path in spoiled else program
        for program in programs
    ]


def _obstacles(programs: Sequence[Program]) -> dict[Path, Finding]:
    obstacles: dict[Path, Finding] = {}
    texts: dict[Path, str] = {}
    for file in (file for program in programs for file in program.files):
        path = file.source.path
        if texts.setdefault(path, file.code) != file.code:
            message = "programs that share this file need different versions of it"
            advice = "migrate the other programs that import it too, or give each its own copy"
            obstacles[path] = Finding(str(path), 1, 1, "TFM410", message, advice)
        elif file.code != file.source.text:
            try:
                encode(file.source, file.code)
            except SourceProblem as problem:
                obstacles[path] = dataclasses.replace(problem.finding(), line=1)
    return obstacles


def _unchanged(program: Program, obstacles: Mapping[Path, Finding]) -> Program:
    files = []
    for file in program.files:
        findings = [dataclasses.replace(finding, fixed=False) for finding in file.findings]
        findings += [obstacles[file.source.path]] if file.source.path in obstacles else []
        level = _lowered(file.level)
        files.append(dataclasses.replace(file, code=file.source.text, findings=tuple(findings), level=level))
    return dataclasses.replace(program, files=tuple(files), level=_lowered(program.level), sites=())


def _lowered(level: Level) -> Level:
    return level if level is Level.CLEAN else Level.UNCHANGED


def _connected(programs: Iterable[Program]) -> list[list[Path]]:
    """The paths of the programs, those of programs that share a file (also by way of others) in one group."""
    group_of: dict[Path, dict[Path, None]] = {}
    for program in programs:
        merged: dict[Path, None] = {}
        for file in program.files:
            path = file.source.path
            group = group_of.get(path, {path: None})
            if group is not merged:
                smaller, merged = sorted((merged, group), key=len)
                merged.update(smaller)
                for member in (*smaller, path):
                    group_of[member] = merged
    return [list(group) for group in {id(group): group for group in group_of.values()}.values()]
