"""Functions of the program that read what will only exist inside other functions: it becomes a parameter."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import Mapping
from tf2migrate.names.bindings import names_read
from tf2migrate.names.dict_keys import written_keys
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.model import Step
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom

INSIDE = (Role.STAGED, Role.PLACEHOLDER, Role.VARIABLE)


def lifted_names(flow: Flow) -> dict[int, list[str]]:
    """For each function (by the id of its definition) the names of the region that must be passed to it."""
    lifted: dict[int, list[str]] = {}
    region = flow.region
    for frame in flow.staging.frames:
        definition = frame.owner
        if not isinstance(definition, cst.FunctionDef) or frame is region.frame or frame.called_from is None:
            continue
        atom = region.atom_at(frame.called_from)
        if atom is None or atom.runs or _moves(flow, definition):
            continue
        keys = _feed_keys(flow, definition.body)
        for name in names_read(definition.body):
            if frame.holder(name.value) is not region.frame or id(name) in keys:
                continue
            sources = flow.reaching(name.value, atom)
            if any(flow.role(a) in INSIDE for a in sources):
                receiver = _receiver(flow, frame)
                if id(receiver) in flow.staging.followed:
                    reason = f"a function that the graph calls reads `{name.value}`, which only exists inside others"
                    raise NotPlanned(Refusal("TFM410", frame.module, receiver, reason))
                names = lifted.setdefault(id(receiver), [])
                if name.value not in names:
                    names.append(name.value)
    changed = bool(lifted)
    while changed:
        changed = False
        for target, wanted in list(lifted.items()):
            for _, _, place in flow.staging.calls.get(target, ()):
                caller = place.steps[-1].frame
                owner = caller.owner
                inside = caller is region.frame or home_of(flow, caller) is not None
                if inside or not isinstance(owner, cst.FunctionDef):
                    continue
                if id(owner) in flow.staging.followed:
                    reason = f"a function that the graph calls needs `{wanted[0]}`, which only exists inside others"
                    raise NotPlanned(Refusal("TFM410", caller.module, owner, reason))
                mine = lifted.setdefault(id(owner), [])
                for missing in [name for name in wanted if name not in mine]:
                    mine.append(missing)
                    changed = True
    return lifted


def handed_steps(flow: Flow, steps: Iterable[Step]) -> dict[int, list[str]]:
    """For each function (by the id of its definition) the functions of runs that it has to be given.

    Where the graph is built inside a function, what replaces its runs is made there as well. Other functions that run
    the graph do not see it.
    """
    handed: dict[int, list[str]] = {}
    builder = flow.region.frame.owner
    if not isinstance(builder, cst.FunctionDef) or flow.region.held is not None:
        return handed
    inner = {id(node) for node in walk(builder)}
    for step in steps:
        for site in step.sites:
            frames = site.place.frames
            if flow.region.frame not in frames or id(site.frame.owner) in inner:
                continue
            for frame in frames[frames.index(flow.region.frame) + 1 :]:
                if isinstance(frame.owner, cst.FunctionDef) and id(frame.owner) not in inner:
                    names = handed.setdefault(id(frame.owner), [])
                    names += [step.name] if step.name not in names else []
    return handed


def home_of(flow: Flow, frame: Frame) -> Atom | None:
    """The statement of the region that a function which the graph calls moves with, and finds all names in.

    A function of another place is given what it reads by who calls it.
    """
    owner = frame.owner
    if id(owner) not in flow.staging.followed or frame is flow.region.frame:
        return None
    if isinstance(owner, cst.FunctionDef) and not _moves(flow, owner):
        return None
    atoms = (a for a in flow.region.atoms if flow.role(a) is Role.STAGED)
    return next((a for a in atoms if any(inner is owner for inner in walk(a.statement))), None)


def _moves(flow: Flow, definition: cst.FunctionDef) -> bool:
    """Whether a function moves into the functions that use it, where it finds all names."""
    if id(definition) not in flow.staging.followed:
        return False
    own = flow.given.get(id(definition))
    if own is not None:
        return flow.role(own) is Role.STAGED
    return any(
        flow.role(atom) is Role.STAGED and any(inner is definition for inner in walk(atom.statement))
        for atom in flow.region.atoms
    )


def _receiver(flow: Flow, frame: Frame) -> cst.CSTNode:
    """The function that gets what one reads: of one that the graph calls, the outermost one around it."""
    if id(frame.owner) in flow.staging.followed:
        while frame.parent not in (None, flow.region.frame) and isinstance(frame.parent.owner, cst.FunctionDef):
            frame = frame.parent
    return frame.owner


def _feed_keys(flow: Flow, body: cst.CSTNode) -> set[int]:
    """Names of placeholders that are keys of a feed: they become strings."""
    out: set[int] = set()
    stack: list[cst.CSTNode] = [body]
    while stack:
        node = stack.pop()
        match node:
            case cst.Dict() | cst.Call():
                out |= {id(key) for key in written_keys(node) if isinstance(key, cst.Name)}
            case cst.Subscript(value=base, slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Name() as key))]):
                if any(isinstance(v, Mapping) for v in flow.staging.values_of(base)):
                    out.add(id(key))
        stack.extend(children(node))
    return out
