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
from tf2migrate.names.tree import children, ids_in, walk

# An expression in one of these may be evaluated later, several times, or not at all.
DELAYED = (cst.Lambda, cst.BaseComp, cst.IfExp, cst.BooleanOperation, cst.NamedExpr)
WORDS = re.compile(r"^(get|make|create|init|new|build)_|_(variable|var)$")


def extract_variables(module: Module, staging: Staging, body: cst.CSTNode) -> Module:
    """``module`` with the calls, in the statements of ``body``, that make a variable inside of an expression."""
    edit = _Extraction(module, staging, [body], None)
    return edit.apply(module) if edit.found else module


def extract_calls(module: Module, staging: Staging, functions: Set[cst.CSTNode], bodies: list[cst.CSTNode]) -> Module:
    """``module`` with the only calls of ``functions`` taken out of the expressions of ``bodies``."""
    edit = _Extraction(module, staging, bodies, _called_once(staging, functions))
    return edit.apply(module) if edit.found else module


def extract_first(module: Module, staging: Staging, functions: Set[cst.CSTNode]) -> Module:
    """``module`` with such calls of ``functions`` taken out of its statements before which these call nothing else."""
    edit = _Extraction(module, staging, [module.tree], _called_once(staging, functions), first=True)
    return edit.apply(module) if edit.found else module


def _called_once(staging: Staging, functions: Set[cst.CSTNode]) -> Set[cst.CSTNode]:
    return {f for f in functions if len({id(call) for call, _, _ in staging.calls.get(id(f), ())}) == 1}


class _Extraction(Traced):
    """Takes calls out of expressions: of factories of variables, or of ``functions`` that are called once."""

    def __init__(
        self,
        module: Module,
        staging: Staging,
        bodies: list[cst.CSTNode],
        functions: Set[cst.CSTNode] | None,
        first: bool = False,
    ) -> None:
        super().__init__(module)
        self.first = first
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
        small = statement.body[0]
        alone = self.first and isinstance(small, cst.Expr)
        if len(statement.body) != 1 or not (alone or isinstance(small, cst.Assign | cst.AnnAssign | cst.Return)):
            return
        value = cast(cst.Expr, small).value
        makers = list(self.makers(value)) if value is not None else []
        whole = self.functions is not None and len(makers) == 1 and makers[0] is value
        if whole or any(self.is_variable(part) for part in _parts(value)) or not makers:
            return
        if self.first and (len(makers) > 1 or not _is_called_first(statement, makers[0])):
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
        base = self.returned(call) or base
        wanted = words[0] if words else WORDS.sub("", base.strip("_")) or "variable"
        return take_name(wanted, taken)

    def returned(self, call: cst.Call) -> str:
        """What the function of a call names the value that it gives back, where it does."""
        functions = [v.function if isinstance(v, Bound) else v for v in self.values(call.func)] if self.first else []
        last = [walk(f.definition.body) for f in functions if isinstance(f, Function)]
        given = [n.value for nodes in last for n in nodes if isinstance(n, cst.Return)]
        return given[0].value if len(given) == 1 and isinstance(given[0], cst.Name) else ""

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


def _is_called_first(statement: cst.CSTNode, call: cst.Call) -> bool:
    """Whether nothing else is called in a statement but with what the call gives."""
    inside = ids_in(call)
    others = [n for n in walk(statement) if isinstance(n, cst.Call) and id(n) not in inside]
    return all(id(call) in ids_in(other) for other in others)


def _parts(value: cst.BaseExpression | None) -> list[cst.BaseExpression]:
    """The elements of a tuple, or the expression itself."""
    if isinstance(value, cst.Tuple | cst.List):
        return [e.value for e in value.elements]
    return [value] if value is not None else []
