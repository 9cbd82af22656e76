"""Where the model is made although statements that it is made of stand further down."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from tf2migrate.graph.values import Class, Const, Foreign, Function, ProjectModule, Symbol
from tf2migrate.names.tree import walk
from tf2migrate.plan.effects import host_effect
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.region import Atom
from tf2migrate.rewrite.listing import is_collection

# What is the same wherever it is read, once it is bound.
LASTING = (Const, Symbol, Foreign, ProjectModule, Function, Class)
SEEDS = ("tf.set_random_seed", "tf.random.set_random_seed")
INSIDE = (Role.VARIABLE, Role.STAGED, Role.PLACEHOLDER, Role.ALIAS)


def brought_forward(flow: Flow, user: Atom, makers: Iterable[Atom]) -> list[Atom] | None:
    """The statements that come along where the constructor runs before ``user``: names of plain numbers and strings.

    All else that it reads of the host has to be there by then, and the same; a statement that draws or calls
    something of the host keeps its place among the others that do. None where that does not hold.
    """
    out: list[Atom] = []
    later = [maker for maker in makers if maker.number >= user.number]
    last = max((maker.number for maker in later), default=0)
    if any(_seeds(flow, atom) for atom in flow.region.atoms[user.number : last]):
        return None
    for maker in later:
        if host_effect(flow, maker) is not None:
            return None
        for read in flow.reads(maker):
            sources = flow.reaching(read.name, maker)
            if all(flow.role(source) in INSIDE for source in sources):
                continue
            if sources == flow.reaching(read.name, user):
                lasting = isinstance(read.value, LASTING) or _is_left_alone(flow, read.name, user, maker)
            else:
                lasting = all(_is_literal(flow, source) for source in sources)
                out += [source for source in sources if source not in out]
            if not lasting:
                return None
    return sorted(out, key=lambda atom: atom.number)


def _seeds(flow: Flow, atom: Atom) -> bool:
    """Whether a statement gives the graph a seed, which what is made after it draws from."""
    calls = [node for node in walk(atom.statement) if isinstance(node, cst.Call)]
    values = [value for call in calls for value in flow.staging.values_of(call.func)]
    return any(isinstance(value, Symbol) and value.name in SEEDS for value in values)


def _is_left_alone(flow: Flow, name: str, user: Atom, maker: Atom) -> bool:
    """Whether nothing that the host does from ``user`` on can change what a name stands for, before it is read."""
    between = flow.region.atoms[user.number : maker.number]
    staying = [a for a in between if flow.role(a) not in (*INSIDE, Role.GRAPH, Role.SCOPE, Role.OPTIMIZER)]
    return not any(read.name == name for atom in staying for read in flow.reads(atom))


def _is_literal(flow: Flow, atom: Atom) -> bool:
    """Whether a statement gives its one name a number or string that is written out, and nothing else ever does."""
    match atom.statement:
        case cst.SimpleStatementLine(
            body=[
                cst.Assign(
                    targets=[cst.AssignTarget(target=cst.Name(value=name))],
                    value=cst.Integer() | cst.Float() | cst.SimpleString(),
                )
            ]
        ):
            alone = all(a is atom or not (name in a.binds or name in a.changes) for a in flow.region.atoms)
            early = any(read.name == name for a in flow.region.atoms[: atom.number] for read in flow.reads(a))
            return alone and not early and all(parent in flow.region.dissolved for parent in atom.parents)
    return False


def needs_model(flow: Flow, atom: Atom) -> bool:
    """Whether host code reads variables, or a list of them."""
    if flow.role(atom) not in (Role.HOST, Role.RUN) or isinstance(atom.statement, cst.FunctionDef | cst.ClassDef):
        return False
    calls = [node for node in walk(atom.statement) if isinstance(node, cst.Call)]
    if isinstance(atom.statement, cst.SimpleStatementLine) and any(is_collection(flow.staging, c) for c in calls):
        return True
    sources = [source for read in flow.reads(atom) for source in flow.reaching(read.name, atom)]
    return any(flow.role(source) in (Role.VARIABLE, Role.ALIAS) for source in sources)
