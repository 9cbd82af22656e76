"""Gradients that are taken inside of the call that applies them get a statement of their own.

``opt.apply_gradients(opt.compute_gradients(loss))`` takes gradients and applies them in one statement. A native step
takes them by a tape, whose call stands in a statement before the update. The result is an equivalent TensorFlow 1
program.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk

_INNER = cst.Lambda | cst.ListComp | cst.SetComp | cst.GeneratorExp | cst.DictComp


def named_gradients(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such gradients before their updates; None when there are none."""
    nodes = staging.nodes
    appliers = {n.expression for n in nodes if n.op == "apply_gradients" and n.expression is not None}
    takers = {n.expression for n in nodes if n.op == "tf.gradients" and n.expression is not None}

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        lines: dict[int, list[cst.Call]] = {}
        for line in walk(module.tree):
            if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1:
                calls = [c for c in _evaluated(line.body[0]) if c in appliers]
                found = [c for call in calls for arg in call.args for c in _evaluated(arg.value) if c in takers]
                if found:
                    lines[id(line)] = found
        return _Naming(module, lines, builder) if lines else None

    return edited(modules, builder, edit)


def _evaluated(node: cst.CSTNode) -> Iterator[cst.Call]:
    """The calls that a statement or expression evaluates once: also what a comprehension goes through."""
    if isinstance(node, cst.Call):
        yield node
    if isinstance(node, cst.Lambda | cst.DictComp):
        return
    if isinstance(node, _INNER):
        yield from _evaluated(node.for_in.iter)  # type: ignore[union-attr]
        return
    if isinstance(node, cst.IfExp | cst.BooleanOperation):
        return
    for child in children(node):
        yield from _evaluated(child)


class _Naming(Traced):
    """Puts the statements before the updates."""

    def __init__(self, module: Module, lines: dict[int, list[cst.Call]], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.lines = lines
        self.calls = {id(call) for calls in lines.values() for call in calls}
        self.moved: dict[int, tuple[str, cst.BaseExpression]] = {}
        attributes = {id(node.attr) for node in walk(module.tree) if isinstance(node, cst.Attribute)}
        self.taken = {n.value for n in walk(module.tree) if isinstance(n, cst.Name) and id(n) not in attributes}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.calls and isinstance(made, cst.Call):
            pairs = isinstance(made.func, cst.Attribute) and made.func.attr.value == "compute_gradients"
            name = take_name("grads_and_vars" if pairs else "gradients", self.taken)
            self.moved[id(original)] = (name, made)
            return cst.Name(name)
        if id(original) in self.lines and isinstance(made, cst.SimpleStatementLine):
            lines = [self.statement(*self.moved[id(call)]) for call in self.lines[id(original)]]
            return self.preceded(lines, original, made)
        return made

    def statement(self, name: str, value: cst.BaseExpression) -> cst.SimpleStatementLine:
        return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], value)])
