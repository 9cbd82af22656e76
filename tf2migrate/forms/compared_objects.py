"""Comparisons of a tensor with a value of the host by ``==`` and ``!=`` become what TensorFlow 1 made of them.

It compared the objects, of which one is no tensor: ``drop != 0.0`` was true of every placeholder, whatever was fed.
TensorFlow 2 compares values, and gives a tensor.
"""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import ComparedObject, Staging
from tf2migrate.graph.values import Const
from tf2migrate.names.project import Module
from tf2migrate.plan.refusal import NotPlanned, Refusal

COMPARES = "of a tensor compares objects in TensorFlow 1 and values in TensorFlow 2"
TRUTHS = {"True": True, "False": False}


def compared_objects(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with the answers in place of such comparisons; None when it has none.

    Raises ``NotPlanned`` for one that also compares values of the host, with another answer.
    """
    answers: dict[int, bool | None] = {}
    for each in staging.compared:
        with_none = all(other.with_none for other in staging.compared if other.node is each.node)
        answers[id(each.node)] = None if with_none else _answer(staging, each)
    if not answers:
        return None
    return edited(modules, builder, lambda module, builder: _Answering(module, answers, builder))


def _answer(staging: Staging, compared: ComparedObject) -> bool:
    values = staging.values_of(compared.node)
    answers = {bool(value.value) if isinstance(value, Const) else None for value in values}
    if len(answers) == 1 and None not in answers:
        return cast(bool, answers.pop())
    sign = "==" if isinstance(compared.node.comparisons[0].operator, cst.Equal) else "!="
    reason = f"`{sign}` {COMPARES}"
    raise NotPlanned(Refusal("TFM301", compared.module, compared.node, reason, "ask whether it is a tensor before"))


def _by_identity(comparison: cst.Comparison) -> cst.Comparison:
    """``x is None`` for ``x == None``, which is the same of all that is no array."""
    target = comparison.comparisons[0]
    operator = cst.Is() if isinstance(target.operator, cst.Equal) else cst.IsNot()
    return comparison.with_changes(comparisons=[target.with_changes(operator=operator)])


class _Answering(Traced):
    """Puts the answers in, and leaves of a condition that they decide what is then done."""

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
            return made
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
