"""What a run fetches of a function that it calls on the way gets a statement and a name of its own.

``sess.run(generator(z), ...)`` becomes ``generated = generator(z)`` and ``sess.run(generated, ...)``: an equivalent
TensorFlow 1 program, in which graph is built by one statement and run by another.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.forms.extraction import DELAYED
from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Bound, Function
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.flow import static_nodes
from tf2migrate.plan.layer_names import snake
from tf2migrate.plan.region import find_region


def named_fetches(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such statements before the runs; None when there are none."""
    region = find_region(staging)
    if region is None or builder is not None:
        return None
    # What is computed from values of the host alone is a plain expression, run or not.
    static = static_nodes(staging)
    made = [node for node in staging.nodes if node.kind == "tensor" and node.number not in static]
    building = {id(step.frame.call) for node in made for step in node.place.steps}
    found: dict[int, list[cst.Call]] = {}
    for site in staging.runs:
        statement = site.place.steps[-1].statement
        if site.frame is region.frame and _is_line(statement) and not _is_delayed(statement, site.expression):
            calls = found.setdefault(id(statement), [])
            calls += [call for call in _called(staging, site, building) if call not in calls]

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        lines = {id(node): found[id(node)] for node in walk(module.tree) if found.get(id(node))}
        return _Naming(module, lines, builder) if lines else None

    return edited(modules, builder, edit)


def _is_line(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1


def _is_delayed(statement: cst.CSTNode, expression: cst.CSTNode) -> bool:
    """Whether a part of a statement may be evaluated later, several times, or not at all."""
    return any(isinstance(node, DELAYED) and any(n is expression for n in walk(node)) for node in walk(statement))


def _called(staging: Staging, site: RunSite, building: set[int]) -> list[cst.Call]:
    """The calls of functions of the project, in what a run fetches, that build graph; the outermost alone."""
    found: list[cst.Call] = []
    stack: list[cst.CSTNode] = [site.fetch_expression]
    while stack:
        node = stack.pop()
        if isinstance(node, DELAYED):
            continue
        if isinstance(node, cst.Call) and id(node) in building:
            callees = [v.function if isinstance(v, Bound) else v for v in staging.values_of(node.func)]
            if callees and all(isinstance(callee, Function) for callee in callees):
                found.append(node)
                continue
        stack.extend(reversed(list(children(node))))
    return found


class _Naming(Traced):
    """Puts the statements before the runs."""

    def __init__(
        self, module: Module, lines: dict[int, list[cst.Call]], builder: cst.FunctionDef | None
    ) -> None:
        super().__init__(module, builder)
        self.lines = lines
        self.calls = {id(call) for calls in lines.values() for call in calls}
        self.moved: dict[int, tuple[str, cst.BaseExpression]] = {}
        self.taken = {node.value for node in walk(module.tree) if isinstance(node, cst.Name)}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.calls and isinstance(made, cst.Call):
            func = made.func.attr if isinstance(made.func, cst.Attribute) else made.func
            name = take_name(f"{snake(func.value)}_output" if isinstance(func, cst.Name) else "output", self.taken)
            self.moved[id(original)] = (name, made)
            return cst.Name(name)
        if id(original) in self.lines:
            lines = [self.statement(original, *self.moved[id(call)]) for call in self.lines[id(original)]]
            return self.preceded(lines, original, made)
        return made

    def statement(self, source: cst.CSTNode, name: str, value: cst.BaseExpression) -> cst.SimpleStatementLine:
        made = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], value)])
        self.trace(source, made)
        return made
