"""Conditions that are decided leave what is done then.

Where a function that is called once is opened, what its parameters decide is known: ``if cell == "lstm":`` with the
string that the call gives, ``if targets is not None:`` with a tensor. A test that asks for an option by its name
stays.
"""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Node
from tf2migrate.names.bindings import names_read
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk

TRUTHS = {"True": True, "False": False}
CONSTANTS = {*TRUTHS, "None"}


def without_decided(module: Module, staging: Staging, opened: set[cst.CSTNode]) -> Module:
    """``module`` with what the parameters of ``opened`` functions decided; these are origins that are gone."""
    known = {id(node): truth for function in opened for node, truth in _decided(staging, function)}
    answers: dict[int, bool | None] = {}
    for node in walk(module.tree):
        if isinstance(node, cst.If | cst.IfExp):
            origin = module.origins.get(node.test, node.test)
            if id(origin) in known and all(_is_graph(module, staging, name) for name in names_read(node.test)):
                answers[id(node.test)] = known[id(origin)]
    return Answering(module, answers, None).apply(module) if answers else module


def _is_graph(module: Module, staging: Staging, name: cst.Name) -> bool:
    """Whether a name that is read in a test is no option of the host."""
    values = staging.values_of(module.origins.get(name, name))
    return name.value in CONSTANTS or (bool(values) and all(isinstance(value, Node) for value in values))


def _decided(staging: Staging, function: cst.CSTNode) -> list[tuple[cst.CSTNode, bool]]:
    """The tests in a function that read nothing but its parameters, and had one answer."""
    if not isinstance(function, cst.FunctionDef):
        return []
    params = function.params
    names = {p.name.value for p in (*params.posonly_params, *params.params, *params.kwonly_params)}
    names |= CONSTANTS
    out: list[tuple[cst.CSTNode, bool]] = []
    for node in walk(function.body):
        if not isinstance(node, cst.If | cst.IfExp) or any(isinstance(n, cst.Call) for n in walk(node.test)):
            continue
        values = staging.values_of(node.test)
        answers = {bool(value.value) for value in values if isinstance(value, Const)}
        known = len(answers) == 1 and all(isinstance(v, Const) for v in values)
        if known and {n.value for n in names_read(node.test)} <= names:
            out.append((node.test, answers.pop()))
    return out


def _by_identity(comparison: cst.Comparison) -> cst.Comparison:
    """``x is None`` for ``x == None``, which is the same of all that is no array."""
    target = comparison.comparisons[0]
    operator = cst.Is() if isinstance(target.operator, cst.Equal) else cst.IsNot()
    return comparison.with_changes(comparisons=[target.with_changes(operator=operator)])


class Answering(Traced):
    """Puts answers in place of conditions, and leaves of what they decide what is then done.

    An answer of None is of a comparison by ``==`` with None.
    """

    def __init__(self, module: Module, answers: dict[int, bool | None], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.answers = answers
        self.further: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.If) and isinstance(node.orelse, cst.If):
            self.further.add(id(node.orelse))
        return super().on_visit(node)

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.answers:
            answer = self.answers[id(original)]
            return _by_identity(cast(cst.Comparison, made)) if answer is None else cst.Name(str(answer))
        match original, made:
            case cst.UnaryOperation(operator=cst.Not()), cst.UnaryOperation(expression=expression):
                truth = self.decided(original.expression, expression)
                return made if truth is None else cst.Name(str(not truth))
            case cst.BooleanOperation(), cst.BooleanOperation():
                return self.joined(original, made)
            case cst.IfExp(), cst.IfExp(test=test):
                truth = self.decided(original.test, test)
                return made if truth is None else made.body if truth else made.orelse
            case cst.If(), cst.If(test=test):
                truth = self.decided(original.test, test)
                return made if truth is None else self.left(original, made, truth)
        return made

    def decided(self, original: cst.BaseExpression, made: cst.BaseExpression) -> bool | None:
        """What a condition came to, None where it is not one of those that are decided here."""
        if self.answers.get(id(original)) is not None:
            return self.answers[id(original)]
        if made is original or not isinstance(made, cst.Name) or isinstance(original, cst.Name):
            return None
        return TRUTHS.get(made.value)

    def joined(self, original: cst.BooleanOperation, made: cst.BooleanOperation) -> cst.BaseExpression:
        """``and`` or ``or``, without a side that says nothing, or as the side that says all."""
        conjunction = isinstance(made.operator, cst.And)
        left, right = self.decided(original.left, made.left), self.decided(original.right, made.right)
        if left is not None:
            return made.right if left is conjunction else cst.Name(str(left))
        if right is conjunction and isinstance(made.left, cst.Comparison):
            return made.left
        return made

    def left(self, original: cst.If, made: cst.If, truth: bool) -> Left:
        """The statements that a decided branch leaves."""
        if id(original) in self.further:
            kept = cst.Else(made.body, made.leading_lines) if truth else made.orelse
            return kept if kept is not None else cst.RemoveFromParent()
        chosen: cst.CSTNode | None = made.body if truth else made.orelse
        if isinstance(chosen, cst.If):
            return chosen.with_changes(leading_lines=made.leading_lines)
        if chosen is None:
            return cst.RemoveFromParent()
        body = chosen.body if isinstance(chosen, cst.Else) else chosen
        lines: list[cst.BaseStatement]
        if isinstance(body, cst.SimpleStatementSuite):
            lines = [cst.SimpleStatementLine(body.body, trailing_whitespace=body.trailing_whitespace)]
        else:
            lines = list(cast("list[cst.BaseStatement]", cast(cst.IndentedBlock, body).body))
        first = lines[0]
        comment = body.header.comment if isinstance(body, cst.IndentedBlock) and truth else None
        said = [cst.EmptyLine(comment=comment)] if comment is not None else []
        above = (*made.leading_lines, *said, *getattr(first, "leading_lines", ()))
        return cst.FlattenSentinel([first.with_changes(leading_lines=above), *lines[1:]])
