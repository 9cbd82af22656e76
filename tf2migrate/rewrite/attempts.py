"""Plans and rewrites a program in the shape that it has, or else in an equivalent one that can be planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.forms.argument_scopes import without_argument_scopes
from tf2migrate.forms.attribute_locals import attributes_as_locals
from tf2migrate.forms.cell_sizes import cell_sizes
from tf2migrate.forms.collected import resolved
from tf2migrate.forms.compared_objects import compared_objects
from tf2migrate.forms.conveniences import written_out
from tf2migrate.forms.fed_by_branches import fed_by_branches
from tf2migrate.forms.fetched_locals import fetched_locals
from tf2migrate.forms.found_variables import found_variables
from tf2migrate.forms.iterators import iterated
from tf2migrate.forms.keeper_names import keeper_names
from tf2migrate.forms.kept_variables import without_kept_variables
from tf2migrate.forms.lazy_properties import without_lazy_properties
from tf2migrate.forms.lifted_methods import lifted_methods
from tf2migrate.forms.module_aliases import modules_as_imports
from tf2migrate.forms.moving_averages import written_averages
from tf2migrate.forms.named_fetches import named_fetches
from tf2migrate.forms.named_gradients import named_gradients
from tf2migrate.forms.named_lambdas import named_lambdas
from tf2migrate.forms.named_updates import named_updates
from tf2migrate.forms.outlined_loops import outlined_loops
from tf2migrate.forms.parted_loops import parted_loops
from tf2migrate.forms.parted_objects import parted_objects
from tf2migrate.forms.scope_defaults import written_defaults
from tf2migrate.forms.shapes import other_shapes
from tf2migrate.forms.sharing_flags import without_sharing_flags
from tf2migrate.forms.single_statements import single_statements
from tf2migrate.forms.step_counter import named_counter
from tf2migrate.forms.versions import versioned
from tf2migrate.forms.whole_states import whole_states
from tf2migrate.forms.wrapped_cells import cells_apart
from tf2migrate.forms.written_shapes import written_shapes
from tf2migrate.forms.written_targets import written_targets
from tf2migrate.forms.written_transitions import written_transitions
from tf2migrate.graph.program import analyse
from tf2migrate.graph.staging import Staging
from tf2migrate.names.project import Module, Project
from tf2migrate.names.tree import walk
from tf2migrate.plan.apart import own_graphs
from tf2migrate.plan.model import Plan
from tf2migrate.plan.program import plan_program
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.several import separate
from tf2migrate.rewrite.eager import rewrite_eager, runs_eagerly
from tf2migrate.rewrite.held import HeldRewriter
from tf2migrate.rewrite.plain import rewrite_plain
from tf2migrate.rewrite.program import OWN_ATTRIBUTES, Rewriter
from tf2migrate.rewrite.together import Together

# What a program is written out as before it is planned, one after the other.
STEPS = (
    single_statements,
    modules_as_imports,
    compared_objects,
    without_lazy_properties,
    named_lambdas,
    written_out,
    written_averages,
    without_argument_scopes,
    iterated,
    resolved,
    named_updates,
    named_gradients,
    named_fetches,
    named_counter,
    found_variables,
    fed_by_branches,
    cell_sizes,
    written_defaults,
    versioned,
    written_targets,
    keeper_names,
    whole_states,
    without_sharing_flags,
    without_kept_variables,
    lifted_methods,
)


@dataclass(slots=True)
class Attempt:
    """What one shape of a program, its ``modules``, came to; ``texts`` are their new texts by key."""

    staging: Staging
    modules: list[Module]
    builders: tuple[cst.FunctionDef, ...] = ()
    plans: list[Plan] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    notes: list[Refusal] = field(default_factory=list)
    """What the rewrite leaves out although the original showed it."""


def attempt(modules: list[Module], entry: str, marks: bool, seen: frozenset[str] = frozenset()) -> Attempt:
    """The first shape of a program that can be migrated, or the reasons why there is none.

    ``seen`` are the texts that led here: one form may undo what another has done, and what was tried is not again.
    """
    first = _attempt(modules, entry, marks, ())
    if not first.refusals or first.staging.obstacles:
        return first
    seen |= {_text(modules), _text(first.modules)}
    # The forms that were written out already are kept: the analysis is of those.
    modules = first.modules
    apart = written_transitions(first.staging, modules) or cells_apart(first.staging, modules)
    if apart is not None:
        other = _again(first, apart, entry, marks, seen)
        return first if other.refusals else other
    found = _shaped(first, entry, marks)
    parted = parted_objects(first.staging, first.modules) if found.refusals else None
    if parted is not None:
        return _again(found, parted, entry, marks, seen)
    written = fetched_locals(first.staging, modules) if found.refusals else None
    if written is not None:
        other = _again(found, written, entry, marks, seen)
        return found if other.refusals else other
    return found


def _again(known: Attempt, modules: list[Module], entry: str, marks: bool, seen: frozenset[str]) -> Attempt:
    """What another form of a program comes to, or what is ``known`` where that form was tried before."""
    settled = [module.settled() for module in modules]
    return known if _text(settled) in seen else attempt(settled, entry, marks, seen)


def _text(modules: list[Module]) -> str:
    return "\f".join(module.tree.code for module in modules)


def _shaped(first: Attempt, entry: str, marks: bool) -> Attempt:
    """The first shape of a program that can be migrated, or else why the best of them cannot."""
    for other in _forms(first, entry, marks):
        if not other.refusals:
            return other
    for shape in other_shapes(first.staging, first.modules, entry):
        other = _attempt(shape.modules, entry, marks, shape.builders)
        if not other.refusals:
            return other
        other = _with_cells_apart(other, entry, marks)
        if not other.refusals:
            return other
        if shape.builders:
            first = other
        for again in _forms(other, entry, marks):
            if not again.refusals:
                return again
    return first


def _with_cells_apart(known: Attempt, entry: str, marks: bool) -> Attempt:
    """The same shape with its cells apart from what runs decide, as far as they are not."""
    while known.refusals and (apart := cells_apart(known.staging, known.modules)) is not None:
        known = _attempt(apart, entry, marks, _all_again(known, apart))
    return known


def _forms(known: Attempt, entry: str, marks: bool) -> Iterator[Attempt]:
    """The same program with static shapes written out, with loops parted, and with loops as functions.

    First the shapes that decide a variable are written out, then those of arguments as well, which a layer may be told.
    """
    tried = [known]
    for parameters in (False, True):
        sized = written_shapes(known.staging, known.modules, parameters)
        if sized is not None:
            tried.append(_attempt(sized, entry, marks, _all_again(known, sized)))
            yield tried[-1]
    for other in tried:
        parted = parted_loops(other.staging, other.modules)
        if parted is not None:
            yield _attempt(parted, entry, marks, _all_again(known, parted))
    if len(known.builders) > 1:
        return
    outlined = outlined_loops(known.staging, known.modules)
    if outlined is not None:
        tried.append(_attempt(outlined, entry, marks, _all_again(known, outlined)))
        yield tried[-1]
        sized = written_shapes(tried[-1].staging, outlined, False)
        if sized is not None:
            yield _attempt(sized, entry, marks, _all_again(tried[-1], sized))


def _all_again(known: Attempt, modules: list[Module]) -> tuple[cst.FunctionDef, ...]:
    return tuple(_found_again(builder, known.modules, modules) for builder in known.builders)


def _found_again(builder: cst.FunctionDef, before: list[Module], after: list[Module]) -> cst.FunctionDef:
    """The method that builds the graph of an object, in another form of the program."""
    origin = next((m.origins[builder] for m in before if builder in m.origins), builder)
    for module in after:
        for node, source in module.origins.items():
            if source is origin and isinstance(node, cst.FunctionDef) and node in set(walk(module.tree)):
                return node
    return builder


def _attempt(modules: list[Module], entry: str, marks: bool, builders: tuple[cst.FunctionDef, ...]) -> Attempt:
    project = Project(modules)
    builder = builders[0] if len(builders) == 1 else None
    staging = analyse(project, project.modules[entry], builder, () if builder is not None else builders)
    made = Attempt(staging, modules, builders)
    try:
        if runs_eagerly(staging):
            made.texts = rewrite_eager(staging)
            return made
        named = None
        if not staging.obstacles:
            shapes = (step(staging, modules, builder) for step in STEPS)
            named = next((shape for shape in shapes if shape is not None), None)
        if named is not None:
            again: tuple[cst.FunctionDef, ...] = (named[1],) if named[1] is not None else ()
            if len(builders) > 1:
                again = tuple(_found_again(b, modules, named[0]) for b in builders)
            return _attempt(named[0], entry, marks, again)
        apart = sum(f.owner in builders and f.called_from is not None for f in staging.frames) > 1
        views = separate(staging, builders) if apart and not staging.obstacles else [staging]
        made.plans, made.refusals = _plans(views)
        parts = own_graphs(staging) if made.refusals and not builders and not staging.obstacles else None
        if parts is not None:
            made.plans, made.refusals = _plans(parts)
        if made.refusals:
            return made
        if made.plans:
            rewriter = _rewriter(made.plans, marks)
            made.texts = rewriter.rewrite()
            made.notes = rewriter.notes
        else:
            made.texts = rewrite_plain(staging)
    except NotPlanned as stop:
        made.refusals = [stop.refusal]
        if stop.refusal.reason == OWN_ATTRIBUTES and isinstance(stop.refusal.where, cst.FunctionDef):
            local = attributes_as_locals(staging, modules, stop.refusal.where)
            return _attempt(local, entry, marks, builders) if local is not None else made
    return made


def _plans(views: list[Staging]) -> tuple[list[Plan], list[Refusal]]:
    """A plan for each view of a program that builds a graph, or the reasons why one of them has none."""
    plans: list[Plan] = []
    for view in views:
        planned = plan_program(view, {plan.model_class for plan in plans})
        if isinstance(planned, list):
            return [], planned
        plans += [planned] if planned is not None else []
    return plans, []


def _rewriter(plans: list[Plan], marks: bool) -> Rewriter | Together:
    if len(plans) > 1:
        return Together(plans, marks)
    return HeldRewriter(plans[0], marks) if plans[0].held is not None else Rewriter(plans[0], marks)
