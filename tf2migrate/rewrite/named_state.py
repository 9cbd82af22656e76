"""Variables that a helper function makes in the middle of a computation get a name of their own.

``tf.matmul(x, weight([3, 4]))`` becomes ``h_weight = weight([3, 4])`` and ``tf.matmul(x, h_weight)``: an equivalent
TensorFlow 1 program in which what is made once and what is computed in each run are apart, see ``rewrite/shapes.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.graph.calls import PURE_BUILTINS
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Builtin, Const, Function, Node, Symbol, Value
from tf2migrate.names.project import Module
from tf2migrate.plan.region import find_region
from tf2migrate.rewrite.inlining import Traced, walk

# What may or may not be evaluated, or more than once.
CONDITIONAL = (cst.Lambda, cst.IfExp, cst.BooleanOperation, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


def named_state(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """The modules with such variables named, or None when there are none in the body that builds the graph."""
    region = find_region(staging)
    if region is None:
        return None
    taken = {n.value for module in modules for n in walk(module.tree) if isinstance(n, cst.Name)}
    found: dict[cst.SimpleStatementLine, list[cst.Call]] = {}
    for atom in region.atoms:
        if isinstance(atom.statement, cst.SimpleStatementLine) and not atom.runs:
            calls = _to_name(staging, region.frame, atom.statement)
            if calls:
                found[atom.statement] = calls
    if not found:
        return None
    return [
        _Namer(module, found, taken).apply(module) if module.key == region.module.key else module for module in modules
    ]


def _to_name(staging: Staging, frame: Frame, line: cst.SimpleStatementLine) -> list[cst.Call]:
    """The calls inside a statement that make a variable, in order, when nothing else in it minds the order."""
    if len(line.body) != 1 or not isinstance(line.body[0], cst.Assign | cst.AugAssign | cst.Expr):
        return []
    value = line.body[0].value
    out: list[cst.Call] = []
    for call in _evaluated(value):
        callee = staging.value_in(call.func, frame)
        if isinstance(callee, Function) and _is_variable(staging.value_in(call, frame)):
            if call is not value:
                out.append(call)
        elif not _is_computation(callee):
            return []
    return out


def _evaluated(value: cst.BaseExpression) -> Iterator[cst.Call]:
    """The calls of an expression in the order of evaluation, those inside the arguments of others first."""
    if any(isinstance(node, CONDITIONAL) and any(isinstance(n, cst.Call) for n in walk(node)) for node in walk(value)):
        return
    stack: list[tuple[cst.CSTNode, bool]] = [(value, False)]
    while stack:
        node, done = stack.pop()
        if done:
            assert isinstance(node, cst.Call)
            yield node
            continue
        if isinstance(node, cst.Call):
            stack.append((node, True))
        stack.extend((child, False) for child in reversed(node.children))


def _is_variable(value: Value | None) -> bool:
    return isinstance(value, Node) and value.kind == "variable"


def _is_computation(callee: Value | None) -> bool:
    """Whether a call only computes, so that it does not matter when variables are made."""
    match callee:
        case Symbol():
            return True
        case Builtin(name=name):
            return name in PURE_BUILTINS
        case Bound(receiver=Node() | Const()):
            return True
    return False


class _Namer(Traced):
    """Puts the new statements before the ones that they are taken from."""

    def __init__(
        self, module: Module, found: dict[cst.SimpleStatementLine, list[cst.Call]], taken: set[str]
    ) -> None:
        super().__init__(module)
        self.found = found
        self.taken = taken
        self.names: dict[int, str] = {}
        for line, calls in found.items():
            for call in calls:
                self.names[id(call)] = self.fresh(f"{_target(line)}{_function(call)}")
        self.made: dict[int, cst.SimpleStatementLine] = {}

    def fresh(self, base: str) -> str:
        name, number = base, 1
        while name in self.taken:
            number += 1
            name = f"{base}_{number}"
        self.taken.add(name)
        return name

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        made = super().on_leave(original, updated)
        if id(original) in self.names and isinstance(made, cst.Call):
            name = self.names[id(original)]
            value = made.with_changes(lpar=[], rpar=[])
            self.made[id(original)] = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], value)])
            read = cst.Name(name, lpar=made.lpar, rpar=made.rpar)
            self.trace(original, read)
            return read
        if isinstance(original, cst.SimpleStatementLine) and original in self.found:
            assert isinstance(made, cst.SimpleStatementLine)
            before = [self.made[id(call)] for call in self.found[original]]
            for line in before:
                for node in walk(line):
                    if node not in self.origins:
                        self.trace(original, node)
            return cst.FlattenSentinel([*before, made])
        return made


def _target(line: cst.SimpleStatementLine) -> str:
    """``conv1_`` for a statement that binds ``conv1``."""
    small = line.body[0]
    target = small.targets[0].target if isinstance(small, cst.Assign) else getattr(small, "target", None)
    if isinstance(target, cst.Attribute):
        target = target.attr
    return f"{target.value}_" if isinstance(target, cst.Name) and "." not in target.value else ""


def _function(call: cst.Call) -> str:
    func = call.func
    return func.attr.value if isinstance(func, cst.Attribute) else func.value if isinstance(func, cst.Name) else "state"
