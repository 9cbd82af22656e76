"""The use case: source files in, migrated programs out. Also the public Python API."""

from __future__ import annotations

import dataclasses
import enum
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, SourceProblem, source_from_bytes
from tf2migrate.files.imports import ImportGraph
from tf2migrate.findings import Finding

if TYPE_CHECKING:
    from tf2migrate.graph.staging import Staging
    from tf2migrate.lint.symbols import Judged
    from tf2migrate.names.project import Module
    from tf2migrate.plan.model import Plan
    from tf2migrate.plan.refusal import Refusal
    from tf2migrate.rewrite.partial import Partial

OnCrash = Callable[[tuple[str, ...], Exception], None]


class Level(enum.StrEnum):
    """How far a program came."""

    CLEAN = "clean"
    NATIVE = "native"
    COMPAT = "compat"
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
    """An entry file and the project files that it imports; migrated together or not at all.

    ``reasons`` are those of its findings that stand in the way of a rewrite.
    """

    entry: Path
    files: tuple[FileMigration, ...]
    level: Level
    sites: tuple[Site, ...]
    reasons: tuple[Finding, ...] = ()


def migrate(
    sources: Sequence[SourceFile],
    settings: Settings,
    *,
    asked: Collection[Path] | None = None,
    problems: Sequence[SourceProblem] = (),
    on_crash: OnCrash | None = None,
) -> list[Program]:
    """Migrates every program among ``sources``; every source is in at least one program.

    Pure: nothing is read or written. A file that mentions no TensorFlow, and that no program that does imports, is a
    clean program of its own and is not parsed.

    With ``asked``, only the programs that hold one of these files are given back, and those that have to be migrated
    together with one of them because they share a file that changes; the other sources only say what imports what.
    A program that cannot become native stays as it is, unless the settings ask for another level.
    ``problems`` are files that could not be read: a program that imports one is left as it is. ``on_crash``
    is called with the paths of a program and the bug that it brought to light; without it the exception is raised.
    """
    work = _Work(sources, problems, marks=False, on_crash=on_crash, fallback=Level(settings.fallback))
    wanted = None if asked is None else {os.path.abspath(path) for path in asked}
    return [*work.programs(wanted), *work.untouched(wanted)]


def migrate_text(text: str, path: str = "<stdin>") -> FileMigration:
    """Migrates one program given as text."""
    source = source_from_bytes(Path(path), text.encode())
    program = migrate([source], Settings())[0]
    return program.files[0]


def instrument(sources: Sequence[SourceFile], settings: Settings) -> list[tuple[str, str, str]]:
    """For each file of a native program its path, and original and rewrite with every run wrapped in a record call.

    Where several programs hold a file, the first one numbers its runs.
    """
    from tf2migrate.rewrite.marks import marked_original

    work = _Work(sources, (), marks=True, on_crash=None)
    out: dict[str, tuple[str, str, str]] = {}
    for entry in work.entries:
        outcome = work.outcome(entry)
        if not outcome.native or outcome.staging is None or not outcome.texts:
            continue
        for path in outcome.paths:
            module = work.module(path)
            original = marked_original(module, outcome.staging)
            out.setdefault(path, (module.key, original, outcome.texts.get(path, module.source.text)))
    return list(out.values())


@dataclass(slots=True)
class _Outcome:
    """What one program came to. ``texts`` holds the files that change, by absolute path.

    ``respelt`` are those of a program that is not native, with what was asked for instead: the ``lesser`` level.
    """

    entry: str
    paths: list[str]
    uses_tf1: bool = False
    staging: Staging | None = None
    texts: dict[str, str] = field(default_factory=dict)
    respelt: dict[str, Partial] = field(default_factory=dict)
    lesser: Level = Level.UNCHANGED
    refusals: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    sites: tuple[Site, ...] = ()
    crashed: bool = False

    @property
    def native(self) -> bool:
        return self.uses_tf1 and not self.refusals and not self.crashed

    @property
    def level(self) -> Level:
        if not self.uses_tf1:
            return Level.CLEAN
        return Level.NATIVE if self.native else self.lesser if self.respelt else Level.UNCHANGED

    @property
    def bound(self) -> Collection[str]:
        """The files that change only together with the others of the program."""
        if self.native:
            return self.texts
        return self.respelt if self.lesser is Level.COMPAT else ()


class _Work:
    """The sources of one call, and what has been found out about them so far. Paths are absolute throughout."""

    def __init__(
        self,
        sources: Sequence[SourceFile],
        problems: Sequence[SourceProblem],
        *,
        marks: bool,
        on_crash: OnCrash | None,
        fallback: Level = Level.UNCHANGED,
    ) -> None:
        self.sources = {os.path.abspath(source.path): source for source in sources}
        self.unreadable = {os.path.abspath(problem.path): problem for problem in problems if problem.is_defect}
        self.unreadable = {path: problem for path, problem in self.unreadable.items() if path not in self.sources}
        self.marks = marks
        self.on_crash = on_crash
        self.fallback = fallback
        texts = {path: source.text for path, source in self.sources.items()}
        self.graph = ImportGraph(texts | dict.fromkeys(self.unreadable, ""))
        self.mentioning = {path for path, text in texts.items() if _mentions_tensorflow(text)}
        self.entries = self.graph.entries(self.graph.users(self.mentioning)) if self.mentioning else []
        self._modules: dict[str, Module] = {}
        self._judged: dict[str, tuple[Judged, ...]] = {}
        self._outcomes: dict[str, _Outcome] = {}

    # ------------------------------------------------------------------ programs
    def programs(self, wanted: Set[str] | None) -> Iterator[Program]:
        """The programs that may have to do with TensorFlow, as far as they are wanted."""
        chosen = [e for e in self.entries if wanted is None or not wanted.isdisjoint(self.graph.closure(e))]
        for entry in chosen:
            self.outcome(entry)
        if wanted is not None:
            self._plan_the_others()
        self._settle()
        self._fall_back()
        for entry in self._together(chosen):
            yield self._program(self._outcomes[entry])

    def untouched(self, wanted: Set[str] | None) -> Iterator[Program]:
        """A clean program for each source that no program of TensorFlow holds."""
        held = {path for entry in self.entries for path in self.graph.closure(entry)}
        for path, source in self.sources.items():
            if path not in held and (wanted is None or path in wanted):
                file = FileMigration(source, source.text, (), Level.CLEAN)
                yield Program(source.path, (file,), Level.CLEAN, ())

    def _plan_the_others(self) -> None:
        """Plans what shares a changed file with the programs that are planned already, and so on."""
        users: dict[str, list[str]] = {}
        for entry in self.entries:
            for path in self.graph.closure(entry):
                users.setdefault(path, []).append(entry)
        queue = list(self._outcomes.values())
        for outcome in queue:
            lesser = () if self.fallback is Level.UNCHANGED else self.mentioning.intersection(outcome.paths)
            for path in outcome.texts if outcome.native else lesser:
                for entry in users[path]:
                    if entry not in self._outcomes:
                        queue.append(self.outcome(entry))

    def _together(self, chosen: Sequence[str]) -> list[str]:
        """The chosen programs, and those that have to be written together with them."""
        changing: dict[str, list[str]] = {}
        for outcome in self._outcomes.values():
            for path in outcome.bound:
                changing.setdefault(path, []).append(outcome.entry)
        found = dict.fromkeys(chosen)
        queue = list(found)
        for entry in queue:
            outcome = self._outcomes[entry]
            for path in outcome.bound:
                fresh = [other for other in changing.pop(path, ()) if other not in found]
                found.update(dict.fromkeys(fresh))
                queue += fresh
        return queue

    # ------------------------------------------------------------------ one program
    def outcome(self, entry: str) -> _Outcome:
        """What the program of this entry file comes to, when it is looked at alone."""
        known = self._outcomes.get(entry)
        if known is None:
            known = _Outcome(entry, self.graph.closure(entry))
            self._outcomes[entry] = known
            try:
                self._fill(known)
            except Exception as error:
                # The boundary: whatever it is, the other programs are not at fault.
                known.uses_tf1 = known.crashed = True
                self._crashed(entry, error)
        return known

    def _fill(self, outcome: _Outcome) -> None:
        """Analyses, plans and rewrites one program."""
        outcome.uses_tf1 = any(self._uses_tf1(path) for path in outcome.paths)
        if not outcome.uses_tf1:
            return
        outcome.refusals = self._broken(outcome) or self._of_either_version(outcome)
        if outcome.refusals:
            return
        from tf2migrate.rewrite.attempts import attempt

        modules = {path: self.module(path) for path in outcome.paths}
        tried = attempt(list(modules.values()), modules[outcome.entry].key, self.marks)
        staging = outcome.staging = tried.staging
        outcome.refusals = [_refused(staging, refusal) for refusal in tried.refusals]
        outcome.refusals = outcome.refusals or list(self._unreached(outcome, modules))
        if outcome.refusals:
            return
        outcome.notes = [dataclasses.replace(_refused(staging, note), fixed=True) for note in tried.notes]
        texts = tried.texts
        if tried.plans:
            outcome.sites = tuple(_sites(tried.plans, staging))
        for path, module in modules.items():
            text = texts.get(module.key, module.source.text)
            if text != module.source.text:
                outcome.texts[path] = text

    def _broken(self, outcome: _Outcome) -> list[Finding]:
        """What to say about the files of a program that cannot be read or parsed."""
        found: list[Finding] = []
        for path in outcome.paths:
            try:
                if path in self.unreadable:
                    raise self.unreadable[path]
                self.module(path)
            except SourceProblem as problem:
                if path in self.sources:
                    found.append(problem.finding())
                if path != outcome.entry:
                    reason = f"`{os.path.basename(path)}`, to which this import leads, cannot be read"
                    advice = f"line {problem.line} of it: {problem.message}"
                    found.append(self._at_import(outcome.entry, path, "TFM401", reason, advice))
        return found

    def _of_either_version(self, outcome: _Outcome) -> list[Finding]:
        """Uses that mean one thing in TensorFlow 1 and another in 2, where nothing tells which is meant.

        A program that has what only TensorFlow 1 knows by `tf.compat.v1` alone may have been written for TensorFlow 2.
        """
        if self._names_tensorflow_1(outcome):
            return []
        unclear = [
            (path, one)
            for path in outcome.paths
            if path in self.mentioning
            for one in self._judged_of(path)
            if one.verdict.code == "TFM301" and not one.use.by_compat
        ]
        return [
            Finding(
                str(self.sources[path].path),
                self.module(path).line(one.use.node),
                self.module(path).column(one.use.node),
                "TFM301",
                f"`{one.use.name}` is not the same in TensorFlow 1 and 2, and which is meant is not known here",
                "name it by `tf.compat.v1` where TensorFlow 1 is meant, or pass its arguments by name",
            )
            for path, one in unclear
        ]

    def _unreached(self, outcome: _Outcome, modules: dict[str, Module]) -> Iterator[Finding]:
        """Modules that Python may import but that the analysis did not see: nothing is known of their part."""
        frames = outcome.staging.module_frames if outcome.staging else {}
        for path, module in modules.items():
            if module.key not in frames and self._uses_tf1(path):
                reason = f"`{module.path.name}` uses TensorFlow 1, and the analysis does not reach its import"
                yield self._at_import(outcome.entry, path, "TFM401", reason)

    def _at_import(self, entry: str, target: str, code: str, reason: str, advice: str = "") -> Finding:
        return Finding(str(self.sources[entry].path), self.graph.line(entry, target), 1, code, reason, advice)

    # ------------------------------------------------------------------ one file
    def module(self, path: str) -> Module:
        """The parsed file; ``SourceProblem`` if that is not possible."""
        known = self._modules.get(path)
        if known is None:
            from tf2migrate.names.project import parse

            known = self._modules[path] = parse(self.sources[path])
        return known

    def _uses_tf1(self, path: str) -> bool:
        """Whether a file uses anything that TensorFlow 2 does not have; one that cannot be parsed may."""
        if path not in self.mentioning:
            return False
        try:
            old = any(one.is_tensorflow_1 for one in self._judged_of(path))
            return old or "tensorflow.compat.v1" in self.sources[path].text
        except SourceProblem:
            return True

    def _judged_of(self, path: str) -> tuple[Judged, ...]:
        """The uses of symbols in a file that TensorFlow 2 would not understand, or not in the same way."""
        known = self._judged.get(path)
        if known is None:
            from tf2migrate.lint.symbols import judged

            known = self._judged[path] = tuple(judged(self.module(path)))
        return known

    # ------------------------------------------------------------------ programs that share files
    def _holders(self, outcomes: Iterable[_Outcome]) -> dict[str, list[_Outcome]]:
        """Those of the programs that have a file, for each file."""
        holders: dict[str, list[_Outcome]] = {}
        for outcome in outcomes:
            for path in outcome.paths:
                holders.setdefault(path, []).append(outcome)
        return holders

    def _settle(self) -> None:
        """A file that programs share is written once: all must be native and want the same text for it."""
        holders = self._holders(outcome for outcome in self._outcomes.values() if outcome.uses_tf1)
        queue = list(holders)
        for path in holders:
            self._adopt(path, holders[path])
            self._join(path, holders[path])
        for path in queue:
            texts = {id(o): o.texts.get(path, "") if o.native else "" for o in holders[path]}
            if len(set(texts.values())) < 2:
                continue
            for outcome in holders[path]:
                if outcome.native:
                    others = [o for o in holders[path] if texts[id(o)] != texts[id(outcome)]]
                    outcome.refusals.append(self._shared(outcome, path, others))
                    queue += [other for other in outcome.paths if other != path]

    def _adopt(self, path: str, holders: Sequence[_Outcome]) -> None:
        """What a file does as an entry, only its own program can tell: the others take that part as it is there."""
        own = next((o for o in holders if o.entry == path and o.native and path in o.texts), None)
        if own is None or len(holders) < 2:
            return
        from tf2migrate.names.guards import without_guarded

        for other in (o for o in holders if o is not own and o.native and path in o.texts):
            if without_guarded(other.texts[path]) == without_guarded(own.texts[path]):
                other.texts[path] = own.texts[path]

    def _join(self, path: str, holders: Sequence[_Outcome]) -> None:
        """Where each program uses other parts of a file, all of them may take the text that has these parts."""
        if len(holders) < 2 or not all(o.native for o in holders):
            return
        texts = list(dict.fromkeys(o.texts.get(path, self.sources[path].text) for o in holders))
        if len(texts) < 2:
            return
        from tf2migrate.rewrite.set_aside import NOTE
        from tf2migrate.rewrite.shared_files import builds_layers_apart, merged, set_aside_in

        saving = any(o.staging is not None and o.staging.savers for o in holders)
        made = {_optimizers_made(o.staging, self.module(path).key) for o in holders if o.staging is not None}
        whole: str | None = texts[0]
        for text in texts[1:]:
            whole = merged(whole, text, saving, len(made) == 1) if whole is not None else None
        if whole is None or (saving and builds_layers_apart(whole)):
            return
        gone = set().union(*map(set_aside_in, texts)) - set_aside_in(whole)
        told = {(str(self.sources[path].path), NOTE.format(name)) for name in gone}
        for outcome in holders:
            outcome.texts[path] = whole
            outcome.notes = [note for note in outcome.notes if (note.path, note.message) not in told]

    def _shared(self, outcome: _Outcome, path: str, others: Sequence[_Outcome]) -> Finding:
        """Why a program that could be migrated is not: one of the others that use the file stands in the way."""
        other = next((o for o in others if not o.native), others[0])
        name, theirs = os.path.basename(path), str(self.sources[other.entry].path)
        if other.crashed:
            why, advice = f"which `{theirs}` needs as it is", ""
        elif other.refusals:
            first = other.refusals[0]
            why = f"which `{theirs}` needs as it is, because that is not migrated"
            advice = f"{first.path}:{first.line}: {first.code} {first.message}"
        else:
            why, advice = f"of which `{theirs}` needs another version", "give each program its own copy"
        if path == outcome.entry:
            return Finding(str(self.sources[path].path), 1, 1, "TFM410", f"this is a file {why}", advice)
        return self._at_import(outcome.entry, path, "TFM410", f"this import leads to `{name}`, {why}", advice)

    # ------------------------------------------------------------------ programs that are not native
    def _fall_back(self) -> None:
        """What a native program holds is as that needs it; other files of refused programs may be mended in part."""
        if self.fallback is Level.COMPAT:
            self._run_on_compat()
        if self.fallback is not Level.PARTIAL:
            return
        from tf2migrate.rewrite.partial import respell

        for path, holders in self._holders(self._outcomes.values()).items():
            if path not in self.mentioning or not all(self._may_be_partial(outcome) for outcome in holders):
                continue
            try:
                made = respell(self.module(path))
            except SourceProblem:  # it is reported already
                continue
            except Exception as error:  # the boundary, as above
                if self.on_crash is None:
                    raise
                self.on_crash((str(self.sources[path].path),), error)
                continue
            for outcome in holders if made.text != self.sources[path].text else ():
                outcome.respelt[path], outcome.lesser = made, Level.PARTIAL

    def _run_on_compat(self) -> None:
        """Programs that are not native may run on `tf.compat.v1`, if all that have a file of theirs do."""
        from tf2migrate.compat.together import brought
        from tf2migrate.rewrite.partial import Partial

        refused = (o for o in self._outcomes.values() if o.uses_tf1 and not o.native and not o.crashed)
        programs = {outcome.entry: files for outcome in refused if (files := self._modules_of(outcome))}
        holders = {path: [o.entry for o in held] for path, held in self._holders(self._outcomes.values()).items()}
        for entry, made in brought(programs, holders, self._crashed).items():
            outcome = self._outcomes[entry]
            outcome.refusals += [_found(module, refusal) for module, refusal in made.refusals]
            if made.held_by is not None:
                path, other = made.held_by
                outcome.refusals.append(self._shared(outcome, path, [self._outcomes[other]]))
            outcome.lesser = Level.COMPAT
            for path, text in made.texts.items():
                outcome.respelt[path] = Partial(text, frozenset(id(one.use.node) for one in self._judged_of(path)))

    def _modules_of(self, outcome: _Outcome) -> dict[str, Module] | None:
        """The parsed files of a program; None where one cannot be read, which is reported already."""
        if not self.unreadable.keys().isdisjoint(outcome.paths):
            return None
        try:
            return {path: self.module(path) for path in outcome.paths}
        except SourceProblem:
            return None

    def _crashed(self, entry: str, error: Exception) -> None:
        """Tells of a bug that a program brought to light."""
        if self.on_crash is None:
            raise error
        paths = self._outcomes[entry].paths
        self.on_crash(tuple(str(self.sources[path].path) for path in paths if path in self.sources), error)

    def _may_be_partial(self, outcome: _Outcome) -> bool:
        """Whether a program is refused, and by what it names outside of `tf.compat.v1` can be of TensorFlow 1 alone."""
        if outcome.native or outcome.crashed or not outcome.uses_tf1:
            return False
        try:
            return self._names_tensorflow_1(outcome)
        except SourceProblem:
            return False

    def _names_tensorflow_1(self, outcome: _Outcome) -> bool:
        """Whether a program names something outside of `tf.compat.v1` that only TensorFlow 1 has."""
        paths = [path for path in outcome.paths if path in self.mentioning and path in self.sources]
        judged = (one for path in paths for one in self._judged_of(path))
        return any(one.is_tensorflow_1 and not one.use.by_compat for one in judged)

    # ------------------------------------------------------------------ results
    def _program(self, outcome: _Outcome) -> Program:
        entry = self.sources[outcome.entry].path
        changed = outcome.texts if outcome.native else {path: made.text for path, made in outcome.respelt.items()}
        refusals: dict[str, list[Finding]] = {}
        for finding in outcome.refusals or outcome.notes:
            refusals.setdefault(finding.path, []).append(finding)
        files = []
        for path in outcome.paths:
            source = self.sources.get(path)
            if source is None:
                continue
            findings = [*refusals.get(str(source.path), ()), *self._told(path, outcome)]
            code = changed.get(path, source.text)
            files.append(FileMigration(source, code, tuple(sorted(findings)), outcome.level))
        sites = outcome.sites if outcome.native else ()
        return Program(entry, tuple(files), outcome.level, sites, tuple(outcome.refusals))

    def _told(self, path: str, outcome: _Outcome) -> Iterator[Finding]:
        """What a file shows by itself; in a program of TensorFlow 2 only what cannot be right there."""
        if path not in self.mentioning:
            return
        from tf2migrate.lint.symbols import finding
        from tf2migrate.lint.traps import trapped

        try:
            module, judged = self.module(path), self._judged_of(path)
        except Exception:  # a file that cannot be parsed, or a bug: both are reported already
            return
        if not outcome.uses_tf1:
            yield from trapped(module)
        for one in judged:
            if outcome.uses_tf1 or one.verdict.certain:
                respelt = path in outcome.respelt and id(one.use.node) in outcome.respelt[path].respelt
                yield dataclasses.replace(finding(module, one), fixed=outcome.native or respelt)


def _mentions_tensorflow(text: str) -> bool:
    return "tensorflow" in text or "tf_slim" in text


def _refused(staging: Staging, refusal: Refusal) -> Finding:
    return _found(staging.modules[refusal.module], refusal)


def _found(module: Module, refusal: Refusal) -> Finding:
    line, column = module.line(refusal.where), module.column(refusal.where)
    return Finding(module.key, line, column, refusal.code, refusal.reason, refusal.advice)


def _optimizers_made(staging: Staging, key: str) -> tuple[int, ...]:
    """The lines of a file on which a program makes optimizers."""
    module = staging.modules.get(key)
    return tuple(module.line(o.call) for o in staging.optimizers if o.place.module == key) if module is not None else ()


def _sites(plans: Sequence[Plan], staging: Staging) -> Iterator[Site]:
    names = {id(site.expression): step.name for plan in plans for step in plan.steps for site in step.sites}
    for number, site in enumerate(staging.runs, 1):
        module = staging.modules[site.frame.module]
        line, column = module.line(site.expression), module.column(site.expression)
        yield Site(number, module.key, line, column, names.get(id(site.expression), ""))
