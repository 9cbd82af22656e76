"""The use case: source files in, migrated programs out. Also the public Python API."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, SourceProblem, source_from_bytes
from tf2migrate.findings import Finding

if TYPE_CHECKING:
    from tf2migrate.graph.staging import Staging
    from tf2migrate.names.project import Module, Project
    from tf2migrate.plan.model import Refusal


class Level(enum.StrEnum):
    """How far a program came."""

    CLEAN = "clean"
    NATIVE = "native"
    PARTIAL = "partial"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Site:
    """A ``Session.run`` of the original, and the function that replaced it."""

    number: int
    path: str
    line: int
    column: int
    function: str


@dataclass(frozen=True, slots=True)
class FileMigration:
    """What became of one file; ``code`` equals the source's text when nothing did."""

    source: SourceFile
    code: str
    findings: tuple[Finding, ...]
    level: Level


@dataclass(frozen=True, slots=True)
class Program:
    """An entry file and the project files that it imports; migrated together or not at all."""

    entry: Path
    files: tuple[FileMigration, ...]
    level: Level
    sites: tuple[Site, ...]


@dataclass(slots=True)
class _Outcome:
    """What one program came to, before programs that share a file are compared."""

    modules: list[Module]
    staging: Staging | None
    texts: dict[str, str]
    refusals: list[Refusal]
    sites: tuple[Site, ...]
    uses_tf1: bool


def migrate(sources: Sequence[SourceFile], settings: Settings) -> list[Program]:
    """Migrates every program among ``sources``; every source is in at least one program.

    Pure: nothing is read or written. Files that cannot be parsed by the lossless parser come back unchanged with
    a finding.
    """
    project, broken = _parse(sources)
    programs: list[Program] = [_unparsed(source, finding) for source, finding in broken]
    outcomes = [(entry, _plan(project, entry, marks=False)) for entry in _entries(project)]
    _settle_shared(outcomes)
    for entry, outcome in outcomes:
        programs.append(_program(entry, outcome))
    return programs


def migrate_text(text: str, path: str = "<stdin>") -> FileMigration:
    """Migrates one program given as text."""
    source = source_from_bytes(Path(path), text.encode())
    program = migrate([source], Settings())[0]
    return program.files[0]


def instrument(sources: Sequence[SourceFile], settings: Settings) -> list[tuple[str, str, str]]:
    """For each file of a native program its path, and original and rewrite with every run wrapped in a record call."""
    project, _ = _parse(sources)
    out: dict[str, tuple[str, str, str]] = {}
    outcomes = [(entry, _plan(project, entry, marks=True)) for entry in _entries(project)]
    for _, outcome in outcomes:
        if outcome.refusals or outcome.staging is None or not outcome.texts:
            continue
        for module in outcome.modules:
            original = _marked_original(module, outcome.staging)
            text = outcome.texts.get(module.key, module.source.text)
            out[module.key] = (module.key, original, text)
    return list(out.values())


def _parse(sources: Sequence[SourceFile]) -> tuple[Project, list[tuple[SourceFile, Finding]]]:
    import libcst as cst

    from tf2migrate.names.project import Project, parse

    modules: list[Module] = []
    broken: list[tuple[SourceFile, Finding]] = []
    for source in sources:
        try:
            modules.append(parse(source))
        except cst.ParserSyntaxError as error:
            finding = Finding(
                str(source.path), error.raw_line, error.raw_column + 1, "TFM001", error.message.split("\n")[0]
            )
            broken.append((source, finding))
        except ValueError as error:
            broken.append((source, Finding(str(source.path), 1, 1, "TFM001", str(error))))
    return Project(modules), broken


def _unparsed(source: SourceFile, finding: Finding) -> Program:
    file = FileMigration(source, source.text, (finding,), Level.UNCHANGED)
    return Program(source.path, (file,), Level.UNCHANGED, ())


def _entries(project: Project) -> list[Module]:
    """Modules that no other module imports; in a ring of imports, the first."""
    from tf2migrate.names.project import closure

    closures = {key: closure(project, module) for key, module in project.modules.items()}
    imported = {m.key for key, found in closures.items() for m in found if m.key != key}
    entries = [m for key, m in project.modules.items() if key not in imported or _has_main(m)]
    covered = {m.key for e in entries for m in closures[e.key]}
    for key, module in project.modules.items():
        if key not in covered:
            entries.append(module)
            covered |= {m.key for m in closures[key]}
    return entries


def _has_main(module: Module) -> bool:
    return "__main__" in module.source.text


def _plan(project: Project, entry: Module, marks: bool) -> _Outcome:
    from tf2migrate.graph.program import analyse
    from tf2migrate.names.project import closure
    from tf2migrate.plan.model import NotPlanned, Plan
    from tf2migrate.plan.program import plan_program
    from tf2migrate.rewrite.program import Rewriter
    from tf2migrate.rewrite.plain import rewrite_plain

    modules = closure(project, entry)
    uses = any(_uses_tf1(m) for m in modules)
    if not uses:
        return _Outcome(modules, None, {}, [], (), False)
    staging = analyse(project, entry)
    planned = plan_program(staging)
    if isinstance(planned, list):
        return _Outcome(modules, staging, {}, planned, (), True)
    try:
        if isinstance(planned, Plan):
            rewriter = Rewriter(planned, marks)
            texts = rewriter.rewrite()
            sites = tuple(_sites(planned, staging))
        else:
            texts, sites = rewrite_plain(staging), ()
    except NotPlanned as stop:
        return _Outcome(modules, staging, {}, [stop.refusal], (), True)
    return _Outcome(modules, staging, texts, [], sites, True)


def _sites(plan: object, staging: Staging) -> Iterator[Site]:
    for number, site in enumerate(staging.runs, 1):
        module = staging.modules[site.frame.module]
        step = next((s for s in plan.steps if any(o.expression is site.expression for o in s.sites)), None)  # type: ignore[attr-defined]
        yield Site(
            number, module.key, module.line(site.expression), module.column(site.expression), step.name if step else ""
        )


def _uses_tf1(module: Module) -> bool:
    """Whether a module uses anything of TensorFlow that TensorFlow 2 does not have, or has changed."""
    from tf2migrate.rewrite.plain import uses_tf1

    return uses_tf1(module)


def _settle_shared(outcomes: list[tuple[Module, _Outcome]]) -> None:
    """A file that two programs share is written once: both must want the same text, and both must be native."""
    from tf2migrate.plan.model import Refusal

    changed = True
    while changed:
        changed = False
        wanted: dict[str, set[str]] = {}
        for _, outcome in outcomes:
            if not outcome.uses_tf1:
                continue
            for module in outcome.modules:
                text = module.source.text if outcome.refusals else outcome.texts.get(module.key, module.source.text)
                wanted.setdefault(module.key, set()).add(text)
        for entry, outcome in outcomes:
            if outcome.refusals or not outcome.uses_tf1:
                continue
            shared = [m for m in outcome.modules if len(wanted.get(m.key, ())) > 1]
            if shared:
                reason = f"`{shared[0].path.name}` is shared with a program that is not migrated in the same way"
                outcome.refusals.append(Refusal("TFM410", entry.key, entry.tree, reason))
                changed = True


def _program(entry: Module, outcome: _Outcome) -> Program:
    if not outcome.uses_tf1:
        files = tuple(FileMigration(m.source, m.source.text, (), Level.CLEAN) for m in outcome.modules)
        return Program(entry.path, files, Level.CLEAN, ())
    level = Level.UNCHANGED if outcome.refusals else Level.NATIVE
    findings: dict[str, list[Finding]] = {m.key: [] for m in outcome.modules}
    for refusal in outcome.refusals:
        module = outcome.staging.modules[refusal.module] if outcome.staging else entry
        finding = Finding(
            module.key, module.line(refusal.where), module.column(refusal.where), refusal.code, refusal.reason,
            refusal.advice,
        )  # fmt: skip
        findings.setdefault(module.key, []).append(finding)
    for module in outcome.modules:
        findings[module.key].extend(_idioms(module, fixed=not outcome.refusals))
    files = tuple(
        FileMigration(
            m.source,
            m.source.text if outcome.refusals else outcome.texts.get(m.key, m.source.text),
            tuple(sorted(findings[m.key])),
            level,
        )
        for m in outcome.modules
    )
    return Program(entry.path, files, level, () if outcome.refusals else outcome.sites)


def _idioms(module: Module, fixed: bool) -> list[Finding]:
    from tf2migrate.rewrite.plain import tf1_uses

    out: list[Finding] = []
    for node, name in tf1_uses(module):
        code, what = "TFM100", f"`{name}` is not part of TensorFlow 2"
        if name.startswith("tf.contrib"):
            code = "TFM102"
        out.append(Finding(module.key, module.line(node), module.column(node), code, what, "", fixed))
    return out


def _marked_original(module: Module, staging: Staging) -> str:
    import libcst as cst

    numbers: dict[int, int] = {}
    for number, site in enumerate(staging.runs, 1):
        numbers.setdefault(id(site.expression), number)

    class Marker(cst.CSTTransformer):
        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
            number = numbers.get(id(original_node))
            if number is None:
                return updated_node
            args = [cst.Arg(cst.Integer(str(number))), cst.Arg(updated_node)]
            return cst.Call(cst.Name("__tf2migrate_record__"), args)

    return module.tree.visit(Marker()).code
