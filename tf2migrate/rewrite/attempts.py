"""Plans and rewrites a program in the shape that it has, or else in an equivalent one that can be planned."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.program import analyse
from tf2migrate.graph.staging import Staging
from tf2migrate.names.project import Module, Project
from tf2migrate.plan.model import NotPlanned, Plan, Refusal
from tf2migrate.plan.program import plan_program
from tf2migrate.rewrite.held import HeldRewriter
from tf2migrate.rewrite.plain import rewrite_plain
from tf2migrate.rewrite.program import Rewriter
from tf2migrate.rewrite.shapes import other_shapes


@dataclass(slots=True)
class Attempt:
    """What one shape of a program came to; ``texts`` are the new texts of its modules by key."""

    staging: Staging
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
    for shape in other_shapes(first.staging, modules):
        other = _attempt(shape.modules, entry, marks, shape.builder)
        if not other.refusals:
            return other
        if shape.builder is not None:
            first = other
    return first


def _attempt(modules: list[Module], entry: str, marks: bool, builder: cst.FunctionDef | None) -> Attempt:
    project = Project(modules)
    staging = analyse(project, project.modules[entry], builder)
    made = Attempt(staging)
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
