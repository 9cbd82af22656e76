"""Calls that find a variable by its name become the name that the program has for it.

``tf.get_variable("w")`` in a function, in a scope that reuses, gives what a statement of the file has made. The
statement's own name says the same, unless the file binds that to something else later: then the variable gets a name
after its scopes. The result is an equivalent TensorFlow 1 program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from tf2migrate.forms.step_counter import visible_names
from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Node, Symbol
from tf2migrate.names.bindings import bindings, bound_in, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import straight, walk

FINDS = "tf.get_variable"


@dataclass(frozen=True, slots=True)
class _Making:
    """A statement that makes a variable, and a name of its own for it; ``passed_on`` to the old one if that is read."""

    line: cst.SimpleStatementLine
    name: str
    passed_on: bool


def found_variables(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such variables called by their names; None where each call makes its own."""

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        found = list(_finders(staging, module))
        names = {id(call): name for call, variable in found if (name := _name(staging, call, variable))}
        taken = {node.value for node in walk(module.tree) if isinstance(node, cst.Name)}
        wanted = {variable for call, variable in found if id(call) not in names}
        making = [made for variable in sorted(wanted, key=_number) if (made := _making(module, variable, taken))]
        return _Naming(module, names, making, builder) if names or making else None

    return edited(modules, builder, edit)


def _number(variable: Node) -> int:
    return variable.number


def _finders(staging: Staging, module: Module) -> Iterator[tuple[cst.Call, Node]]:
    """The calls that always give one variable, which a statement of another function or of the file has made."""
    for call in walk(module.tree):
        if not isinstance(call, cst.Call):
            continue
        symbols = staging.values_of(call.func)
        seen = staging.observations.get(id(call), ())
        if not seen or not all(isinstance(v, Symbol) and v.name == FINDS for v in symbols):
            continue
        variable = seen[0].value
        if not isinstance(variable, Node) or any(each.value is not variable for each in seen):
            continue
        maker = variable.place.steps[-1].frame if variable.place.steps else None
        if variable.expression is not call and all(each.frame.owner is not (maker and maker.owner) for each in seen):
            yield call, variable


def _name(staging: Staging, call: cst.Call, variable: Node) -> str:
    """What the variable is called everywhere that this call is evaluated; empty where it has no such name."""
    names = [set(visible_names(call, each.frame, variable)) for each in staging.observations[id(call)]]
    return min(set.intersection(*names), key=lambda name: ("." in name, name), default="")


def _making(module: Module, variable: Node, taken: set[str]) -> _Making | None:
    """The statement of the file that makes a variable whose name becomes another's, with a name for it; else None."""
    statements = list(straight(module.tree.body))
    bound = [name for name, _ in bindings(module.tree)]
    for index, statement in enumerate(statements):
        match statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)]
            ) if value is variable.expression and bound.count(name) > 1:
                own = take_name(variable.name.replace("/", "_"), taken)
                return _Making(statement, own, _is_read(module, name, statements[index + 1 :]))
    return None


def _is_read(module: Module, name: str, behind: Sequence[cst.CSTNode]) -> bool:
    """Whether anything reads a name of the file before one of the statements behind binds it again."""
    for node in walk(module.tree):
        inner = node if isinstance(node, cst.FunctionDef) else None
        if inner is not None and name not in bound_in(inner) and any(n.value == name for n in names_read(inner.body)):
            return True
        if isinstance(node, cst.Global | cst.Lambda) and any(
            isinstance(n, cst.Name) and n.value == name for n in walk(node)
        ):
            return True
    for statement in behind:
        if any(read.value == name for read in names_read(statement)):
            return True
        if isinstance(statement, cst.SimpleStatementLine) and any(found == name for found, _ in bindings(statement)):
            return False
    return False


class _Naming(Traced):
    """Puts the names in."""

    def __init__(
        self, module: Module, names: dict[int, str], making: list[_Making], builder: cst.FunctionDef | None
    ) -> None:
        super().__init__(module, builder)
        self.names = names
        self.making = {id(made.line): made for made in making}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.names:
            return self.expression(self.names[id(original)], original)
        making = self.making.get(id(original))
        if making is None or not isinstance(made, cst.SimpleStatementLine):
            return made
        assign = made.body[0]
        assert isinstance(assign, cst.Assign)
        named = cst.Assign([cst.AssignTarget(cst.Name(making.name))], assign.value)
        first = made.with_changes(body=[named])
        self.trace(original, first)
        if not making.passed_on:
            return first
        second = cst.SimpleStatementLine([assign.with_changes(value=cst.Name(making.name))])
        self.trace(original, second)
        return cst.FlattenSentinel([first, second])
