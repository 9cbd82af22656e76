"""The command line: commands, options, exit codes. What is slow to import is imported where it is used."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from tf2migrate import __version__
from tf2migrate.config import ConfigProblem, Settings, anchored, load_settings
from tf2migrate.options import color_option, discovery_options, paths_argument, run_options

if TYPE_CHECKING:
    from tf2migrate.files import SourceFile, SourceProblem
    from tf2migrate.files.companions import Companions
    from tf2migrate.findings import Finding
    from tf2migrate.migrate import Program
    from tf2migrate.report.outcome import Crash, Outcome
    from tf2migrate.report.progress import Progress
    from tf2migrate.report.style import Style

_DASH = Path("-")
_MESSAGE = 300  # characters of an internal error
_EPILOG = """\b
Exit codes: 0 clean, 1 findings or changes, 2 something could not be done.
A directory that is named like a command is reached as ./NAME."""


class _Commands(click.Group):
    """A group in which anything that is not a command is a path for the dry run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the name of the dry run in front of arguments that start with no command."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names, "--version"}:
            args = ["diff", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both ways to call it."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] PATH...")
        formatter.write_usage(ctx.command_path, "COMMAND [OPTIONS] ...", prefix="       ")


@click.group(cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Migrates TensorFlow 1 programs to native TensorFlow 2.

    With paths only: prints the patch on stdout, findings and a summary on stderr, and writes nothing.
    `tf2migrate diff --help` shows the options.
    """


def main() -> None:
    """The entry point of the script."""
    try:
        sys.exit(cli.main(prog_name="tf2migrate", standalone_mode=False))
    except ConfigProblem as problem:
        _fail(str(problem))
    except click.ClickException as problem:
        problem.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _err("interrupted\n")
        sys.exit(130)
    except Exception as error:
        _fail(f"{_described(error)}; this is a bug in tf2migrate, TF2MIGRATE_TRACEBACK=1 shows more")


@cli.command("diff", short_help="Show the patch and write nothing (the default).")
@run_options
def diff_command(paths: tuple[Path, ...], color: str, **options: Any) -> int:
    """Prints the patch on stdout (`git apply` takes it), findings and a summary on stderr. Writes nothing."""
    from tf2migrate.files import encode
    from tf2migrate.report.diff import Change, patch, patch_base

    outcome = _outcome(paths, options)
    changes = [Change(file.source.path, file.source.raw, encode(file.source, file.code)) for file in outcome.changed]
    here = Path.cwd()
    base = patch_base([change.path for change in changes], here) if changes else here
    _out(patch(changes, base, _style(color, sys.stdout)))
    _report_open(outcome, color)
    if changes and base != here.resolve():
        _err(f"the paths in the patch are relative to {base}\n")
    return outcome.exit_code()


@cli.command("check", short_help="Print the findings only.")
@run_options
def check_command(paths: tuple[Path, ...], color: str, **options: Any) -> int:
    """Prints findings on stdout. [*] marks what `fix` removes."""
    from tf2migrate.report.summary import tally

    outcome = _outcome(paths, options)
    _out(_findings(outcome, outcome.findings, _style(color, sys.stdout)))
    _report_crashes(outcome)
    _err(tally(outcome, _style(color, sys.stderr)))
    return outcome.exit_code(linting=True)


@cli.command("fix", short_help="Write the rewrite into the files.")
@run_options
def fix_command(paths: tuple[Path, ...], color: str, **options: Any) -> int:
    """Writes the rewrite; the files of a program together or not at all. `-` is written on stdout."""
    from tf2migrate.files import SourceProblem, encode, write_together

    stdin = _stdin() if paths == (_DASH,) else None
    outcome = _outcome(paths, options, stdin)
    if stdin is not None:
        _out(encode(outcome.files[0].source, outcome.files[0].code) if outcome.files else stdin)
    else:
        for batch in outcome.batches():
            try:
                write_together([(file.source, file.code) for file in batch])
            except SourceProblem as problem:
                outcome = outcome.unwritten(batch, problem)
                continue
            for file in batch:
                _err(f"rewrote {file.source.path}\n")
    _report_open(outcome, color)
    return outcome.exit_code()


@cli.command("verify", short_help="Run original and rewrite, and compare.")
@paths_argument
@click.option("--steps", type=click.IntRange(min=1), default=100, show_default=True, help="Compare so many runs.")
@click.option("--rtol", type=float, default=1e-4, show_default=True, help="Relative tolerance.")
@click.option("--atol", type=float, default=1e-6, show_default=True, help="Absolute tolerance.")
@click.option("--oracle", metavar="PYTHON|auto", help="A Python with TensorFlow 1.15 to run the original.")
@click.option("--timeout", type=float, default=120, show_default=True, help="Seconds for each program.")
@discovery_options
@color_option
def verify_command(
    paths: tuple[Path, ...],
    steps: int,
    rtol: float,
    atol: float,
    oracle: str | None,
    timeout: float,
    color: str,
    **options: Any,
) -> int:
    """Runs the original and the rewrite, and compares every value that a run returned."""
    import importlib.util

    if _DASH in paths:
        raise click.UsageError("verify needs files: it runs them")
    if importlib.util.find_spec("tensorflow") is None:
        raise click.ClickException("verify runs programs and needs TensorFlow 2: pip install 'tf2migrate[verify]'")
    from tf2migrate.verify.compare import verify_paths

    settings = _settings(paths, options)
    with _progress() as progress:
        sources, problems = _read(paths, settings, progress)
        besides = _companions(sources, paths, settings, progress, importers=False)
    _report_problems(problems, color)
    sources += besides.sources
    code = verify_paths(sources, settings, steps=steps, rtol=rtol, atol=atol, oracle=oracle, timeout=timeout, echo=_say)
    return max(code, *(2 for problem in problems if problem.is_defect), 0)


@cli.command("convert-checkpoint", short_help="Turn a checkpoint of the original into one of the rewrite.")
@click.argument("program", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("checkpoint")
@click.argument("output")
@click.option("--steps", type=click.IntRange(min=1), default=40, show_default=True, help="Watch so many runs.")
@click.option("--oracle", metavar="PYTHON|auto", help="A Python with TensorFlow 1.15 to run the original.")
@click.option("--timeout", type=float, default=120, show_default=True, help="Seconds for each program.")
def convert_command(program: Path, checkpoint: str, output: str, steps: int, oracle: str | None, timeout: float) -> int:
    """Writes to OUTPUT what the rewrite of PROGRAM restores, with the values of a CHECKPOINT of TensorFlow 1.

    Both are prefixes, as a saver has them. PROGRAM is the original, which is run and rewritten in scratch copies:
    which variable is which follows from the values that they have while it trains.
    """
    import importlib.util

    if importlib.util.find_spec("tensorflow") is None:
        raise click.ClickException("this runs programs and needs TensorFlow 2: pip install 'tf2migrate[verify]'")
    from tf2migrate.verify.compare import runner
    from tf2migrate.verify.conversion import CannotConvert, convert
    from tf2migrate.verify.launch import CannotRun

    settings = _settings([program], {})
    with _progress() as progress:
        sources, problems = _read([program], settings, progress)
        besides = _companions(sources, [program], settings, progress, importers=False)
    if problems:
        raise click.ClickException(problems[0].finding().message)
    with contextlib.closing(runner()) as pool:
        try:
            made = convert(
                [*sources, *besides.sources], settings, checkpoint, output,
                runner=pool, oracle=oracle, steps=steps, timeout=timeout,
            )  # fmt: skip
        except (CannotConvert, CannotRun) as problem:
            raise click.ClickException(str(problem)) from problem
    for name, source in sorted(made.sources.items()):
        _say(
            f"{name} <- {source.name}"
            + (f" * {source.factor:.6g}" if source.factor != 1.0 else "")
            + (", by the names of its neighbours" if source.inferred else "")
        )
    for name in made.fresh:
        _say(f"{name} starts anew: TensorFlow 1 had no such counter")
    return 0


@cli.command("rule", short_help="Explain a rule.")
@click.argument("code", required=False)
@click.option("--all", "everything", is_flag=True, help="All rules.")
def rule_command(code: str | None, everything: bool) -> int:
    """Explains the rule CODE, which may also be its name."""
    from tf2migrate.rules import all_rules, rule
    from tf2migrate.rules.page import page

    if (code is None) != everything:
        raise click.UsageError("name one rule, or use --all")
    found = list(all_rules().values()) if code is None else [rule(code)]
    pages = [page(one) for one in found if one is not None]
    if not pages:
        raise click.ClickException(f"there is no rule {code}; `tf2migrate rule --all` shows all of them")
    _out("\n".join(pages))
    return 0


@cli.command("graph", short_help="Show the graph that a program builds.")
@paths_argument
@click.option("--format", "form", type=click.Choice(["text", "dot"]), default="text", show_default=True)
@discovery_options
@color_option
def graph_command(paths: tuple[Path, ...], form: str, color: str, **options: Any) -> int:
    """Shows the variables, tensors and runs that the analysis sees; dot is for Graphviz."""
    from tf2migrate.graph.describe import describe

    settings = _settings(paths, options)
    with _progress() as progress:
        sources, problems = _read(paths, settings, progress)
        besides = _companions(sources, paths, settings, progress, importers=False)
    _report_problems(problems, color)
    if sources:
        asked = [source.path for source in sources]
        _out(describe([*sources, *besides.sources], form, asked).rstrip("\n") + "\n")
    return 2 if any(problem.is_defect for problem in problems) else 0


def _settings(paths: Sequence[Path], options: dict[str, Any]) -> Settings:
    """What the project's pyproject.toml says, overruled by the options."""
    here = Path.cwd()
    places = [here if path == _DASH else os.path.abspath(path) for path in paths]
    settings = load_settings(Path(os.path.commonpath(places)))
    names = {field.name for field in dataclasses.fields(Settings)}
    chosen = {key: value for key, value in options.items() if key in names and value not in (None, ())}
    for key in {"exclude", "extend_exclude"} & chosen.keys():
        chosen[key] = tuple(anchored(pattern, here) for pattern in chosen[key])
    if "extend_exclude" in chosen:
        chosen["extend_exclude"] += settings.extend_exclude
    settings = dataclasses.replace(settings, **chosen)
    _check_selectors((*settings.select, *settings.ignore))
    return settings


def _check_selectors(selectors: Sequence[str]) -> None:
    """A misspelt code must not look like a clean report."""
    if selectors:
        from tf2migrate.rules import all_rules

        for selector in selectors:
            if selector != "ALL" and not any(code.startswith(selector) for code in all_rules()):
                raise click.UsageError(f"no rule has a code that starts with {selector}")


def _outcome(paths: Sequence[Path], options: dict[str, Any], stdin: bytes | None = None) -> Outcome:
    """Reads and migrates what the paths lead to, or what came by stdin."""
    from tf2migrate.files.companions import Companions
    from tf2migrate.report.outcome import Outcome, settled

    if _DASH in paths and len(paths) > 1:
        raise click.UsageError("`-` stands alone: other paths cannot be named with it")
    settings = _settings(paths, options)
    with _progress() as progress:
        if _DASH in paths:
            name = options.get("stdin_filename") or Path("<stdin>")
            sources, problems = _read_stdin(name, _stdin() if stdin is None else stdin)
            besides = Companions()
        else:
            sources, problems = _read(paths, settings, progress)
            besides = _companions(sources, paths, settings, progress)
        progress.phase(f"migrating {len(sources)} files")
        programs, crashes = _migrated(sources, settings, problems, besides)
    for folder in besides.unsearched:
        _err(f"{folder} is large: not all of it was searched for other files that import what is migrated here\n")
    if not sources and not problems:
        _err(f"no Python files found in {', '.join(map(str, paths))}\n")
    outcome = Outcome(tuple(settled(programs)), tuple(problems), tuple(crashes), settings)
    asked = {source.path for source in sources}
    unasked = [str(file.source.path) for file in outcome.changed if file.source.path not in asked]
    if unasked:
        _err(f"migrated with what was named, since they are used together: {', '.join(unasked)}\n")
    return outcome


def _read(
    paths: Sequence[Path], settings: Settings, progress: Progress
) -> tuple[list[SourceFile], list[SourceProblem]]:
    from tf2migrate.files import SourceProblem, discover, read_sources

    sources: list[SourceFile] = []
    problems: list[SourceProblem] = []
    progress.phase("looking for files")
    found = discover(paths, settings)
    progress.phase("reading", len(found))
    for result in read_sources(found):
        progress.advance()
        if isinstance(result, SourceProblem):
            problems.append(result)
        else:
            sources.append(result)
    return sources, problems


def _read_stdin(name: Path, raw: bytes) -> tuple[list[SourceFile], list[SourceProblem]]:
    from tf2migrate.files import SourceProblem, source_from_bytes

    try:
        return [source_from_bytes(name, raw)], []
    except SourceProblem as problem:
        return [], [problem]


def _companions(
    sources: Sequence[SourceFile],
    paths: Sequence[Path],
    settings: Settings,
    progress: Progress,
    importers: bool = True,
) -> Companions:
    from tf2migrate.files.companions import companions

    progress.phase("looking for what belongs to them")
    return companions(sources, paths, settings, importers=importers)


def _migrated(
    sources: Sequence[SourceFile],
    settings: Settings,
    problems: Sequence[SourceProblem],
    besides: Companions,
) -> tuple[list[Program], list[Crash]]:
    """The programs; a bug that one program brings to light is reported with its files, and the others go on."""
    from tf2migrate.migrate import migrate
    from tf2migrate.report.outcome import Crash

    crashes: list[Crash] = []

    def on_crash(paths: tuple[str, ...], error: Exception) -> None:
        crashes.append(Crash(paths, _described(error)))

    if not sources:
        return [], []
    asked = [source.path for source in sources]
    unreadable = [*problems, *besides.problems]
    everything = [*sources, *besides.sources]
    try:
        programs = migrate(everything, settings, asked=asked, problems=unreadable, on_crash=on_crash)
    except Exception as error:  # the boundary, for bugs that belong to no program
        return [], [Crash(tuple(map(str, asked)), _described(error))]
    return programs, crashes


def _described(error: Exception) -> str:
    """The error and the place in tf2migrate where it arose, in one line."""
    trace, place = error.__traceback__, ""
    while trace:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "tf2migrate" in file.parts:
            place = f" at {file.parent.name}/{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    if os.environ.get("TF2MIGRATE_TRACEBACK"):
        import traceback

        return "".join(traceback.format_exception(error))
    # Messages that quote values of the analysis have no bound.
    said = str(error).replace("\n", " ")
    said = said if len(said) <= _MESSAGE else f"{said[:_MESSAGE]}..."
    return f"{type(error).__name__}: {said}{place}"


def _report_open(outcome: Outcome, color: str) -> None:
    """On stderr: what the rewrite does not remove, and how far the programs came."""
    from tf2migrate.report.summary import summary

    style = _style(color, sys.stderr)
    _err(_findings(outcome, [finding for finding in outcome.findings if not finding.fixed], style))
    _report_crashes(outcome)
    _err(summary(outcome, style))


def _report_crashes(outcome: Outcome) -> None:
    for crash in outcome.crashes:
        _err(f"{crash.text}\n")


def _report_problems(problems: Sequence[SourceProblem], color: str) -> None:
    from tf2migrate.report.text import full

    texts = {problem.path: problem.text for problem in problems}
    _err(full([problem.finding() for problem in problems], texts, _style(color, sys.stderr)))


def _findings(outcome: Outcome, findings: Sequence[Finding], style: Style) -> str:
    from tf2migrate.report.text import concise, full

    return (
        concise(findings, style)
        if outcome.settings.output_format == "concise"
        else full(findings, outcome.texts, style)
    )


def _style(color: str, stream: TextIO) -> Style:
    from tf2migrate.report.style import Style

    if color != "auto":
        return Style(color == "always")
    return Style(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    from tf2migrate.report.progress import Progress

    with Progress(_err if sys.stderr.isatty() else None) as progress:
        yield progress


def _stdin() -> bytes:
    return sys.stdin.buffer.read()


def _out(content: bytes | str) -> None:
    try:
        sys.stdout.buffer.write(content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has seen enough, as in `| head`; the rest of the work and the exit code stay the same.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    _out(f"{text}\n")


def _err(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # that nobody reads the messages must not stop the work
        sys.stderr.write(text)
        sys.stderr.flush()


def _fail(message: str) -> None:
    _err(f"Error: {message}\n")
    sys.exit(2)
