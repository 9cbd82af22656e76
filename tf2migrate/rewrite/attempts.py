"""Plans and rewrites a program in the shape that it has, or else in an equivalent one that can be planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.program import analyse
from tf2migrate.graph.staging import Staging
from tf2migrate.names.project import Module, Project
from tf2migrate.plan.model import NotPlanned, Plan, Refusal
from tf2migrate.plan.program import plan_program
from tf2migrate.rewrite.collected import resolved
from tf2migrate.rewrite.held import HeldRewriter
from tf2migrate.rewrite.inlining import walk
from tf2migrate.rewrite.parted_loops import parted_loops
from tf2migrate.rewrite.plain import rewrite_plain
from tf2migrate.rewrite.program import Rewriter
from tf2migrate.rewrite.shapes import other_shapes
from tf2migrate.rewrite.versions import versioned
from tf2migrate.rewrite.written_shapes import written_shapes


@dataclass(slots=True)
class Attempt:
    """What one shape of a program, its ``modules``, came to; ``texts`` are their new texts by key."""

    staging: Staging
    modules: list[Module]
    builder: cst.FunctionDef | None = None
    plan: Plan | None = None
    refusals: list[Refusal] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    notes: list[Refusal] = field(default_factory=list)
    """What the rewrite leaves out although the original showed it."""


def attempt(modules: list[Module], entry: str, marks: bool) -> Attempt:
    """The first shape of a program that can be migrated, or the reasons why there is none."""
    first = _attempt(modules, entry, marks, None)
    if not first.refusals or first.staging.obstacles:
        return first
    for other in _forms(first, entry, marks):
        if not other.refusals:
            return other
    for shape in other_shapes(first.staging, first.modules, entry):
        other = _attempt(shape.modules, entry, marks, shape.builder)
        if not other.refusals:
            return other
        if shape.builder is not None:
            first = other
        for again in _forms(other, entry, marks):
            if not again.refusals:
                return again
    return first


def _forms(known: Attempt, entry: str, marks: bool) -> Iterator[Attempt]:
    """The same program with static shapes written out, with loops parted, and with both.

    First the shapes that decide a variable are written out, then those of arguments as well, which a layer may be told.
    """
    tried = [known]
    for parameters in (False, True):
        sized = written_shapes(known.staging, known.modules, parameters)
        if sized is not None:
            tried.append(_attempt(sized, entry, marks, _found_again(known.builder, known.modules, sized)))
            yield tried[-1]
    for other in tried:
        parted = parted_loops(other.staging, other.modules)
        if parted is not None:
            yield _attempt(parted, entry, marks, _found_again(other.builder, other.modules, parted))


def _found_again(
    builder: cst.FunctionDef | None, before: list[Module], after: list[Module]
) -> cst.FunctionDef | None:
    """The method that builds the graph of an object, in another form of the program."""
    if builder is None:
        return None
    origin = next((m.origins[builder] for m in before if builder in m.origins), builder)
    for module in after:
        for node, source in module.origins.items():
            if source is origin and isinstance(node, cst.FunctionDef) and node in set(walk(module.tree)):
                return node
    return builder


def _attempt(modules: list[Module], entry: str, marks: bool, builder: cst.FunctionDef | None) -> Attempt:
    project = Project(modules)
    staging = analyse(project, project.modules[entry], builder)
    made = Attempt(staging, modules, builder)
    try:
        named = None
        if not staging.obstacles:
            named = resolved(staging, modules, builder) or versioned(staging, modules, builder)
    except NotPlanned as stop:
        made.refusals = [stop.refusal]
        return made
    if named is not None:
        return _attempt(named[0], entry, marks, named[1])
    planned = plan_program(staging)
    if isinstance(planned, list):
        made.refusals = planned
        return made
    try:
        if isinstance(planned, Plan):
            made.plan = planned
            rewriter = HeldRewriter(planned, marks) if planned.held is not None else Rewriter(planned, marks)
            made.texts = rewriter.rewrite()
            made.notes = rewriter.notes
        else:
            made.texts = rewrite_plain(staging)
    except NotPlanned as stop:
        made.refusals = [stop.refusal]
    return made
