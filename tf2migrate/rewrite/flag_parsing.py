"""Command-line flags: where a program parses the command line, which TensorFlow 1 did at the first access."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from tf2migrate.graph.frames import Place
from tf2migrate.graph.staging import FlagEvent, Staging
from tf2migrate.names.guards import is_main_guard
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.templates import Templates

# Stands for ``absl.flags`` until it is known under which name a module has it.
MARK = "__tf2migrate_flags__"
CONDITIONAL = (cst.If, cst.For, cst.While, cst.Try, cst.TryStar, cst.Match)


def parses(staging: Staging) -> dict[int, list[cst.BaseStatement]]:
    """What has to stand before a statement (by its id): TensorFlow 1 parsed at the first access, absl does not.

    Raises ``NotPlanned`` where no statement before the first access is as good as the access itself.
    """
    early = _unparsed(staging.flags)
    if not early:
        return {}
    first = early[0]
    if first.kind == "escape":
        raise _refused(first, "other code may read flags here, before the command line is parsed")
    before = staging.flags[: staging.flags.index(first)]
    module, statement = _before(staging, first, before)
    made = Templates(staging.modules[module].tree).statements(f"{MARK}.FLAGS(sys.argv)\n", {})
    return {id(statement): made}


def check_changes(staging: Staging, moves: Callable[[Place], bool]) -> None:
    """C2: a flag from which the graph is built has the same value when the functions are traced."""
    for number, read in enumerate(staging.flags):
        if read.kind != "read" or not moves(read.place):
            continue
        for other in staging.flags[number + 1 :]:
            same = other.kind == "parse" or read.flag == other.flag or not (read.flag and other.flag)
            if other.kind in ("set", "parse") and same:
                reason = f"the flag `{read.flag or other.flag}` is set here after the graph was built from it"
                raise NotPlanned(Refusal("TFM403", other.place.module, other.where, reason))


def _unparsed(events: Sequence[FlagEvent]) -> list[FlagEvent]:
    """Accesses at which nothing in the program is sure to have parsed the command line."""
    parsed: list[FlagEvent] = []
    found: list[FlagEvent] = []
    for event in events:
        if event.kind in ("parse", "run"):
            parsed.append(event)
        elif event.kind in ("read", "escape") and not any(_precedes(p, event) for p in parsed):
            found.append(event)
    return found


def _precedes(parse: FlagEvent, access: FlagEvent) -> bool:
    """Whether a parse has happened whenever an access that was seen later happens."""
    mine, theirs = parse.place.steps, access.place.steps
    length = 0
    while length < min(len(mine), len(theirs)) and mine[length] == theirs[length]:
        length += 1
    rest = mine[length:]
    return not any(isinstance(step.statement, CONDITIONAL) and not _is_block(step.statement) for step in rest)


def _before(staging: Staging, access: FlagEvent, before: Sequence[FlagEvent]) -> tuple[str, cst.CSTNode]:
    """The outermost statement before which to parse: nothing happens to the flags between it and the access."""
    steps = access.place.steps
    modules = [i for i, step in enumerate(steps) if isinstance(step.frame.owner, cst.Module)]
    innermost = steps[modules[-1]].frame
    start = next(i for i in modules if steps[i].frame is innermost)
    for step in steps[start:]:
        owner = step.frame.owner
        if isinstance(owner, cst.FunctionDef) and sum(f.owner is owner for f in staging.frames) > 1:
            break
        if not isinstance(owner, cst.Module | cst.FunctionDef):
            break
        if _is_block(step.statement):
            continue
        if not any(event.kind in ("define", "set") and step in event.place.steps for event in before):
            return step.frame.module, step.statement
        if isinstance(step.statement, CONDITIONAL):
            break
    raise _refused(access, "flags are defined or set in the statement that reads the first of them")


def _refused(event: FlagEvent, reason: str) -> NotPlanned:
    advice = "call `FLAGS(sys.argv)` before the first access"
    return NotPlanned(Refusal("TFM103", event.place.module, event.where, reason, advice))


def _is_block(statement: cst.CSTNode) -> bool:
    """Whether a statement is the guard of an entry that has room for further lines."""
    return is_main_guard(statement) and isinstance(cst.ensure_type(statement, cst.If).body, cst.IndentedBlock)
