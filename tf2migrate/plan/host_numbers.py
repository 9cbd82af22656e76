"""Which values of the host are floats of Python, lists of these, or truths, by how they are written.

Of numpy's numbers and arrays nothing is said here: what they are fed to takes them for its own type.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Host, Sequence, Value
from tf2migrate.names.tree import children

ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Power)
# A value that another one is computed from is written before it, up to loops: two rounds find those as well.
ROUNDS = 2


def computed_floats(staging: Staging) -> set[int]:
    """The identities of values of the host that are floats of Python, or hold these."""
    found: set[int] = set()
    for _ in range(ROUNDS):
        stack: list[cst.CSTNode] = [module.tree for module in staging.modules.values()]
        while stack:
            node = stack.pop()
            if isinstance(node, cst.BinaryOperation | cst.Call | cst.ListComp) and _is_float(staging, node, found):
                found |= {id(value) for value in staging.values_of(node) if isinstance(value, Host | Sequence)}
            stack.extend(reversed(list(children(node))))
    return found


def computed_truths(staging: Staging) -> set[int]:
    """The identities of values of the host that comparisons and their like give."""
    found: set[int] = set()
    stack: list[cst.CSTNode] = [module.tree for module in staging.modules.values()]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Comparison | cst.UnaryOperation | cst.BooleanOperation | cst.Call) and is_truth(node):
            found |= {id(value) for value in staging.values_of(node) if isinstance(value, Host)}
        stack.extend(children(node))
    return found


def is_truth(node: cst.BaseExpression) -> bool:
    """Whether an expression gives a truth, or an array of truths, whatever it is made of."""
    match node:
        case cst.Comparison() | cst.UnaryOperation(operator=cst.Not()) | cst.Name(value="True" | "False"):
            return True
        case cst.BooleanOperation(left=left, right=right):
            return is_truth(left) and is_truth(right)
        case cst.Call(func=cst.Name(value="bool" | "isinstance" | "any" | "all")):
            return True
    return False


def _is_float(staging: Staging, node: cst.BaseExpression, found: set[int]) -> bool:
    match node:
        case cst.ListComp(elt=element) | cst.List(elements=[cst.Element(value=element), *_]):
            return _is_float(staging, element, found)
        case cst.Call(func=cst.Name(value="float")):
            return True
        case cst.BinaryOperation(left=left, operator=cst.Divide(), right=right):
            return _is_number(staging, left, found) and _is_number(staging, right, found)
        case cst.BinaryOperation(left=left, operator=operator, right=right) if isinstance(operator, ARITHMETIC):
            numbers = _is_number(staging, left, found) and _is_number(staging, right, found)
            return numbers and (_is_float(staging, left, found) or _is_float(staging, right, found))
    values = staging.values_of(node)
    return bool(values) and all(_is_known_float(value, found) for value in values)


def _is_known_float(value: Value, found: set[int]) -> bool:
    return id(value) in found or (isinstance(value, Const) and isinstance(value.value, float))


def _is_number(staging: Staging, node: cst.BaseExpression, found: set[int]) -> bool:
    """Whether an operand is a number of Python: a constant, the length of something, a counter, or made of these."""
    match node:
        case cst.Integer() | cst.Float() | cst.Call(func=cst.Name(value="len" | "int" | "float")):
            return True
        case cst.BinaryOperation(left=left, right=right):
            return _is_number(staging, left, found) and _is_number(staging, right, found)
    values = staging.values_of(node)
    return bool(values) and all(
        isinstance(value, Const) or id(value) in found or (isinstance(value, Host) and not value.origin)
        for value in values
    )
