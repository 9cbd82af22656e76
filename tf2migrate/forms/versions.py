"""A name that a function binds to one variable after the other becomes a name for each.

``w = tf.get_variable(...)`` in one scope and again in the next is common in TensorFlow 1. A layer keeps its
variables by name, so each needs one of its own.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import nodes_in
from tf2migrate.names.bindings import bindings, exposed_reads, names_read, surely_bound
from tf2migrate.names.project import Module
from tf2migrate.names.tree import straight, walk


def versioned(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with a name for each variable of a function; None when all have one."""
    functions = _making(staging, builder)

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        renamed: dict[int, str] = {}
        for function in functions.get(module.key, ()):
            renamed |= _renamed(staging, function)
        return _Renaming(module, renamed, builder) if renamed else None

    return edited(modules, builder, edit)


def _making(staging: Staging, builder: cst.FunctionDef | None) -> dict[str, list[cst.FunctionDef]]:
    """The functions in which variables are made, by module; not the one in which an object holds the graph."""
    out: dict[str, list[cst.FunctionDef]] = {}
    running = {id(step.frame.owner) for site in staging.runs for step in site.place.steps}
    for _, place in staging.touched:
        for step in place.steps:
            owner = step.frame.owner
            if isinstance(owner, cst.FunctionDef) and owner is not builder and id(owner) not in running:
                known = out.setdefault(step.frame.module, [])
                if not any(owner is other for other in known):
                    known.append(owner)
    return out


def _renamed(staging: Staging, function: cst.FunctionDef) -> dict[int, str]:
    """New names for the name nodes of a function, by identity."""
    statements = list(straight(function.body.body))
    wanted = {
        name
        for statement in statements
        if isinstance(statement, cst.SimpleStatementLine | cst.For | cst.If) and _makes(staging, statement)
        for name, target in bindings(statement)
        if any(n.kind == "variable" for value in staging.values_of(target) for n in nodes_in(value))
    }
    taken = {node.value for node in walk(function) if isinstance(node, cst.Name)}
    parameters = {node.name.value for node in walk(function.params) if isinstance(node, cst.Param)}
    out: dict[int, str] = {}
    for name in sorted(wanted):
        if name not in parameters and _can_be_parted(function, statements, name):
            out |= _versions(statements, name, taken)
    return out


def _makes(staging: Staging, statement: cst.SimpleStatementLine | cst.For | cst.If) -> bool:
    return any(step.statement is statement for _, place in staging.touched for step in place.steps)


def _can_be_parted(function: cst.FunctionDef, statements: list[cst.CSTNode], name: str) -> bool:
    """Whether the order of the source tells which binding a read sees."""
    bound = 0
    for statement in statements:
        here = sum(found == name for found, _ in bindings(statement))
        whole = isinstance(statement, cst.If) and name in surely_bound(statement)
        if here and not whole and not isinstance(statement, cst.SimpleStatementLine | cst.WithItem | cst.For):
            return False
        # What a loop reads before it binds it may be of the pass before.
        if here and isinstance(statement, cst.For | cst.If) and any(n.value == name for n in exposed_reads(statement)):
            return False
        bound += 1 if whole else here
    for node in walk(function.body):
        match node:
            case cst.Lambda() | cst.FunctionDef() | cst.ClassDef():
                if any(isinstance(inner, cst.Name) and inner.value == name for inner in walk(node)):
                    return False
            case cst.AugAssign(target=cst.Name(value=value)) | cst.Del(target=cst.Name(value=value)) if value == name:
                return False
            case cst.Global() | cst.Nonlocal():
                return False
    return bound > 1


def _versions(statements: list[cst.CSTNode], name: str, taken: set[str]) -> dict[int, str]:
    out: dict[int, str] = {}
    current = ""
    for statement in statements:
        for read in names_read(statement):
            if read.value == name and current:
                out[id(read)] = current
        targets = [node for found, node in bindings(statement) if found == name]
        if not targets:
            continue
        inside = names_read(statement) if isinstance(statement, cst.For | cst.If) else []
        if current or any(id(node) in out for node in targets):
            number = 1
            while f"{name}_{number}" in taken:
                number += 1
            current = f"{name}_{number}"
            taken.add(current)
            out |= {id(node): current for node in (*targets, *(n for n in inside if n.value == name))}
        else:
            current = name
    return {key: new for key, new in out.items() if new != name}


class _Renaming(Traced):
    """Puts the names in."""

    def __init__(self, module: Module, renamed: dict[int, str], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.renamed = renamed

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(made, cst.Name) and id(original) in self.renamed:
            return made.with_changes(value=self.renamed[id(original)])
        return made
