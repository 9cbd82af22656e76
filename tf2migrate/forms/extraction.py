"""What a function builds in the middle of an expression gets a statement and a name of its own: variables, parts of it.

``y = tf.matmul(x, weight([4, 2])) + bias([2])`` becomes ``weight_1 = weight([4, 2])``, ``bias_1 = bias([2])`` and
``y = tf.matmul(x, weight_1) + bias_1``: an equivalent TensorFlow 1 program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import cast

import libcst as cst

from tf2migrate.forms.hoisting import variable_names
from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Const, Function, Node, Value, nodes_in
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk

# An expression in one of these may be evaluated later, several times, or not at all.
DELAYED = (cst.Lambda, cst.BaseComp, cst.IfExp, cst.BooleanOperation, cst.NamedExpr)
WORDS = re.compile(r"^(get|make|create|init|new|build)_|_(variable|var)$")


def extract_variables(module: Module, staging: Staging, body: cst.CSTNode) -> Module:
    """``module`` with the calls, in the statements of ``body``, that make a variable inside of an expression."""
    edit = _Extraction(module, staging, [body], None)
    return edit.apply(module) if edit.found else module


def extract_calls(module: Module, staging: Staging, functions: Set[cst.CSTNode], bodies: list[cst.CSTNode]) -> Module:
    """``module`` with the only calls of ``functions`` taken out of the expressions of ``bodies``."""
    once = {f for f in functions if len({id(call) for call, _, _ in staging.calls.get(id(f), ())}) == 1}
    edit = _Extraction(module, staging, bodies, once)
    return edit.apply(module) if edit.found else module


class _Extraction(Traced):
    """Takes calls out of expressions: of factories of variables, or of ``functions`` that are called once."""

    def __init__(
        self, module: Module, staging: Staging, bodies: list[cst.CSTNode], functions: Set[cst.CSTNode] | None
    ) -> None:
        super().__init__(module)
        self.functions = functions
        self.module = module
        self.staging = staging
        self.found: dict[int, list[cst.Call]] = {}
        self.names: dict[int, str] = {}
        self.copies: dict[int, cst.CSTNode] = {}
        taken = {n.value for n in variable_names(module.tree)}
        for statement in (s for body in bodies for s in _statements(body)):
            calls = list(self.calls(statement))
            if calls:
                self.found[id(statement)] = calls
            for call in calls:
                self.names[id(call)] = self.name(call, taken)

    def calls(self, statement: cst.SimpleStatementLine) -> Iterator[cst.Call]:
        """The calls to take out, in the order of evaluation; none when their statement does nothing else."""
        if len(statement.body) != 1 or not isinstance(statement.body[0], cst.Assign | cst.AnnAssign | cst.Return):
            return
        value = statement.body[0].value
        makers = list(self.makers(value)) if value is not None else []
        whole = self.functions is not None and len(makers) == 1 and makers[0] is value
        if whole or any(self.is_variable(part) for part in _parts(value)) or not makers:
            return
        yield from makers

    def makers(self, node: cst.CSTNode) -> Iterator[cst.Call]:
        if isinstance(node, DELAYED):
            return
        if isinstance(node, cst.Call) and (self.makes(node) if self.functions is None else self.calls_once(node)):
            yield node
            return
        for child in children(node):
            yield from self.makers(child)

    def calls_once(self, call: cst.Call) -> bool:
        callees = [v.function if isinstance(v, Bound) else v for v in self.values(call.func)]
        return bool(callees) and all(
            isinstance(v, Function) and self.functions is not None and v.definition in self.functions for v in callees
        )

    def makes(self, call: cst.Call) -> bool:
        """Whether a call of a function of the project gives a new variable each time that it is made."""
        values = self.values(call)
        callees = [v.function if isinstance(v, Bound) else v for v in self.values(call.func)]
        functions = [v for v in callees if isinstance(v, Function)]
        made = [v for v in values if isinstance(v, Node) and v.kind == "variable" and v.expression is not None]
        if not values or len(made) != len(values) or len({id(v) for v in made}) != len(made):
            return False
        if not functions or len(functions) != len(callees):
            return False
        return all(any(v.expression is n for f in functions for n in walk(f.definition)) for v in made)

    def is_variable(self, node: cst.BaseExpression) -> bool:
        values = self.values(node)
        return bool(values) and all(
            any(True for _ in nodes_in(v)) and all(n.kind == "variable" for n in nodes_in(v)) for v in values
        )

    def values(self, node: cst.CSTNode) -> list[Value]:
        return list(self.staging.values_of(self.origins.get(node, node)))

    def name(self, call: cst.Call, taken: set[str]) -> str:
        """The name that the call gives to its variable, or else what its function is called."""
        given = [v.value for a in call.args for v in self.values(a.value) if isinstance(v, Const)]
        words = [g for g in given if isinstance(g, str) and g.isidentifier()]
        func = call.func
        base = func.attr.value if isinstance(func, cst.Attribute) else getattr(func, "value", "")
        wanted = words[0] if words else WORDS.sub("", base.strip("_")) or "variable"
        return take_name(wanted, taken)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.names:
            self.copies[id(original)] = made
            return cst.Name(self.names[id(original)])
        if id(original) in self.found:
            statements: list[cst.BaseStatement] = []
            for call in self.found[id(original)]:
                target = cst.AssignTarget(cst.Name(self.names[id(call)]))
                line = cst.SimpleStatementLine([cst.Assign([target], cast(cst.Call, self.copies[id(call)]))])
                self.trace(original, line)
                statements.append(line)
            return self.preceded(statements, original, made)
        return made


def _statements(body: cst.CSTNode) -> Iterator[cst.SimpleStatementLine]:
    """The statements that run once each, or not at all, when ``body`` does: none of a loop or of an inner function."""
    for child in children(body):
        if isinstance(child, cst.SimpleStatementLine):
            yield child
        elif isinstance(child, cst.IndentedBlock | cst.With | cst.If | cst.Else):
            yield from _statements(child)


def _parts(value: cst.BaseExpression | None) -> list[cst.BaseExpression]:
    """The elements of a tuple, or the expression itself."""
    if isinstance(value, cst.Tuple | cst.List):
        return [e.value for e in value.elements]
    return [value] if value is not None else []
