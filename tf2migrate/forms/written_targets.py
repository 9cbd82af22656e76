"""What is differentiated gets a name and a statement of its own, which a tape can record.

``slope = tf.gradients(critic(x), x)[0]`` becomes ``output = critic(x)`` and ``slope = tf.gradients(output, x)[0]``: an
equivalent TensorFlow 1 program.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst

from tf2migrate.forms.extraction import DELAYED
from tf2migrate.forms.hoisting import variable_names
from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.arguments import argument
from tf2migrate.graph.staging import Staging
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk

WANTED = "output"


def written_targets(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with names for all that it takes gradients of; None when all has one."""
    calls = {id(n.expression): n.expression for n in staging.nodes if n.op == "tf.gradients" and n.expression}
    made = {id(n.expression) for n in staging.nodes}
    made |= {id(call) for called in staging.calls.values() for call, _, _ in called}

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        naming = _Naming(module, staging, builder, {k: cast(cst.Call, c) for k, c in calls.items()}, made)
        return naming if naming.found else None

    return edited(modules, builder, edit)


class _Naming(Traced):
    def __init__(
        self,
        module: Module,
        staging: Staging,
        builder: cst.FunctionDef | None,
        calls: dict[int, cst.Call],
        made: set[int],
    ) -> None:
        super().__init__(module, builder)
        self.names: dict[int, str] = {}
        self.found: dict[int, list[cst.BaseExpression]] = {}
        self.copies: dict[int, cst.CSTNode] = {}
        taken = {n.value for n in variable_names(module.tree)}
        state = {id(place.steps[-1].statement) for _, place in staging.touched}
        state |= {id(step.statement) for _, place in staging.touched for step in place.steps}
        for statement in walk(module.tree):
            if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
                continue
            for target in _targets(statement.body[0], calls, made):
                # Variables have to be made in the same order, which is plain where nothing stands beside the call.
                if id(statement) in state and not _is_alone(statement.body[0], target):
                    continue
                self.found.setdefault(id(statement), []).append(target)
                self.names[id(target)] = take_name(WANTED, taken)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.names:
            self.copies[id(original)] = made
            return cst.Name(self.names[id(original)])
        if id(original) in self.found:
            statements: list[cst.SimpleStatementLine] = []
            for target in self.found[id(original)]:
                value = cast(cst.BaseExpression, self.copies[id(target)])
                to = cst.AssignTarget(cst.Name(self.names[id(target)]))
                line = cst.SimpleStatementLine([cst.Assign([to], value)])
                statements.append(line)
            return self.preceded(statements, original, made)
        return made


def _targets(node: cst.CSTNode, calls: dict[int, cst.Call], made: set[int]) -> Iterator[cst.BaseExpression]:
    """What gradients are taken of where it is computed, inner ones first."""
    if isinstance(node, DELAYED):
        return
    for child in children(node):
        yield from _targets(child, calls, made)
    if id(node) in calls:
        target = argument(calls[id(node)], 0, "ys")
        if target is not None and any(id(part) in made for part in walk(target)):
            yield target


def _is_alone(statement: cst.CSTNode, target: cst.BaseExpression) -> bool:
    """Whether nothing but the gradient itself is computed beside what it is of."""
    inside = {id(node) for node in walk(target)}
    calls = [node for node in walk(statement) if isinstance(node, cst.Call) and id(node) not in inside]
    return len(calls) == 1
