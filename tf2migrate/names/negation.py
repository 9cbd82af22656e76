"""The opposite of a condition, as a person would write it."""

from __future__ import annotations

import libcst as cst

OPPOSITES: tuple[tuple[type[cst.BaseCompOp], type[cst.BaseCompOp]], ...] = (
    (cst.Equal, cst.NotEqual),
    (cst.Is, cst.IsNot),
    (cst.In, cst.NotIn),
)


def negated(test: cst.BaseExpression) -> cst.BaseExpression:
    """What is true where ``test`` is false; orders of numbers are not turned around, which NaN would tell apart."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            return inner
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=operator, comparator=right)]):
            for one, other in OPPOSITES:
                for before, after in ((one, other), (other, one)):
                    if isinstance(operator, before):
                        return cst.Comparison(left, [cst.ComparisonTarget(after(), right)])
    closed = isinstance(test, cst.Name | cst.Attribute | cst.Call | cst.Subscript) or bool(test.lpar)
    inner = test if closed else test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return cst.UnaryOperation(cst.Not(), inner)
