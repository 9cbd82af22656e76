"""Penalties that a function collects for a variable that it makes become the variable's regularizer.

``tf.add_to_collection("losses", tf.multiply(tf.nn.l2_loss(w), wd))`` is known to Keras as ``w.regularizer``: the
model lists the penalties of its variables itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Collected, Staging
from tf2migrate.graph.values import Node, Regularizer, Symbol, nodes_in
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.names.tree import walk
from tf2migrate.plan.contract import ancestors

PENALTIES = ("tf.multiply", "tf.mul", "tf.math.multiply")


@dataclass(frozen=True, slots=True)
class Penalty:
    """The penalty of ``variable``: its name where it is collected, the regularizer, and what it was computed by.

    ``maker`` is the call that makes the variable, where the regularizer has to be given to it.
    """

    variable: Node
    name: str
    regularizer: cst.BaseExpression
    computed: cst.SimpleStatementLine | None
    maker: cst.Call | None


def penalty(staging: Staging, member: Collected) -> Penalty | None:
    """A collected tensor as the penalty of one variable; None when it is not shown to be one."""
    frame = member.place.steps[-1].frame
    function = frame.owner
    if member.value is None or not isinstance(function, cst.FunctionDef):
        return None
    value: cst.BaseExpression = member.value
    computed = None
    if isinstance(value, cst.Name):
        computed = _binding(function, value.value)
        uses = sum(isinstance(n, cst.Name) and n.value == value.value for n in walk(function))
        if computed is None or uses != 2:
            return None
        value = _assigned(computed)
    found = _pattern(staging, frame, value)
    if found is None:
        return None
    name, regularizer = found
    variable = staging.value_in(name, frame)
    if not isinstance(variable, Node) or variable.kind != "variable" or not variable.trainable:
        return None
    if sum(bound == name.value for bound, _ in bindings(function.body)) != 1:
        return None
    if not _computes(staging, frame, member.node):
        return Penalty(variable, name.value, regularizer, computed, None)
    return _given(staging, member, Penalty(variable, name.value, regularizer, computed, None), function)


def _given(staging: Staging, member: Collected, found: Penalty, function: cst.FunctionDef) -> Penalty | None:
    """The penalty as an argument of ``tf.get_variable``, for functions that compute as well."""
    making = _binding(function, found.name)
    maker = _assigned(making) if making is not None else None
    if not isinstance(maker, cst.Call) or found.variable.expression is not maker:
        return None
    names = [v.name for v in staging.values_of(maker.func) if isinstance(v, Symbol)]
    if names != ["tf.get_variable"] * len(names) or any(_keyword(a) in ("regularizer", "**") for a in maker.args):
        return None
    if sum(a.keyword is None for a in maker.args) > 4 or any(a.star for a in maker.args):
        return None
    regularizer = found.regularizer
    frame = member.place.steps[-1].frame
    around = [s.statement for s in member.place.steps if s.frame is frame][:-1]
    tests: list[cst.BaseExpression] = []
    for statement in around:
        if isinstance(statement, cst.If) and statement.orelse is None:
            tests.append(statement.test)
        elif not isinstance(statement, cst.With):
            return None
    local = {name for name, _ in bindings(function.body)}
    if any(n.value in local for part in [regularizer, *tests] for n in names_read(part)):
        return None
    for test in reversed(tests):
        if not (isinstance(regularizer, cst.Name) and _asks_for_none(test, regularizer.value)):
            regularizer = cst.IfExp(test=test, body=regularizer, orelse=cst.Name("None"))
    return Penalty(found.variable, found.name, regularizer, found.computed, maker)


def _keyword(arg: cst.Arg) -> str:
    return arg.keyword.value if arg.keyword is not None else arg.star


def _asks_for_none(test: cst.BaseExpression, name: str) -> bool:
    """``name is not None`` and ``name != None``."""
    match test:
        case cst.Comparison(
            left=cst.Name(value=left),
            comparisons=[cst.ComparisonTarget(operator=cst.IsNot() | cst.NotEqual(), comparator=cst.Name("None"))],
        ):
            return left == name
    return False


def _binding(function: cst.FunctionDef, name: str) -> cst.SimpleStatementLine | None:
    """The one statement ``name = ...`` of a function."""
    found = [
        node
        for node in walk(function.body)
        if isinstance(node, cst.SimpleStatementLine) and any(bound == name for bound, _ in bindings(node))
    ]
    if len(found) != 1 or sum(bound == name for bound, _ in bindings(function.body)) != 1:
        return None
    match found[0].body:
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name())])]:
            return found[0]
    return None


def _assigned(statement: cst.SimpleStatementLine) -> cst.BaseExpression:
    small = statement.body[0]
    assert isinstance(small, cst.Assign)
    return small.value


def _pattern(
    staging: Staging, frame: Frame, value: cst.BaseExpression
) -> tuple[cst.Name, cst.BaseExpression] | None:
    """The variable's name and the regularizer, for the ways in which penalties are written."""
    match value:
        case cst.Call(func=func, args=[cst.Arg(value=cst.Name() as name, keyword=None)]) if isinstance(
            staging.value_in(func, frame), Regularizer
        ):
            return name, func
        case cst.Call(args=[cst.Arg(value=left), cst.Arg(value=right), *rest]) if _is(staging, value, *PENALTIES):
            if all(_keyword(arg) == "name" for arg in rest):
                return _scaled(staging, frame, left, right)
        case cst.BinaryOperation(left=left, operator=cst.Multiply(), right=right):
            return _scaled(staging, frame, left, right)
        case cst.Call(args=[cst.Arg(value=cst.Name() as name, keyword=None)]) if _is(staging, value, "tf.nn.l2_loss"):
            return name, _l2(value, cst.Float("1.0"))
    return None


def _scaled(
    staging: Staging, frame: Frame, left: cst.BaseExpression, right: cst.BaseExpression
) -> tuple[cst.Name, cst.BaseExpression] | None:
    for loss, scale in ((left, right), (right, left)):
        match loss:
            case cst.Call(args=[cst.Arg(value=cst.Name() as name, keyword=None)]) if _is(
                staging, loss, "tf.nn.l2_loss"
            ):
                value = staging.value_in(scale, frame)
                if value is not None and not any(True for _ in nodes_in(value)):
                    return name, _l2(loss, scale)
    return None


def _l2(loss: cst.Call, scale: cst.BaseExpression) -> cst.Call:
    """``tf.contrib.layers.l2_regularizer(scale)``, with TensorFlow as the call of ``tf.nn.l2_loss`` names it."""
    node: cst.CSTNode = loss.func
    while isinstance(node, cst.Attribute):
        node = node.value
    root = node.value if isinstance(node, cst.Name) else "tf"
    made = cst.parse_expression(f"{root}.contrib.layers.l2_regularizer()")
    assert isinstance(made, cst.Call)
    return made.with_changes(args=[cst.Arg(scale)])


def _is(staging: Staging, call: cst.BaseExpression, *names: str) -> bool:
    if not isinstance(call, cst.Call):
        return False
    found = [v.name for v in staging.values_of(call.func) if isinstance(v, Symbol)]
    return bool(found) and all(name in names for name in found)


def _computes(staging: Staging, frame: Frame, own: Node) -> bool:
    """Whether a function computes more than the penalty and initial values."""
    behind = ancestors([own])
    for node in staging.nodes:
        if node.kind != "tensor" or node.number in behind:
            continue
        if any(step.frame is frame for step in node.place.steps) and any(
            n.kind in ("placeholder", "variable", "layer") and n.number in ancestors([node]) for n in staging.nodes
        ):
            return True
    return False
