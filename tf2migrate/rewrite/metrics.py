"""Metrics of TensorFlow 1 in the functions of the output: an update, and the value that comes of it."""

from __future__ import annotations

import libcst as cst

from tf2migrate.api.literals import grouped
from tf2migrate.api.metrics import PARAMETERS, Metric, metric
from tf2migrate.graph.metrics import OPERANDS, is_metric_value
from tf2migrate.graph.values import Node, nodes_in
from tf2migrate.plan.facts import dtype_of, rank_of
from tf2migrate.plan.model import Step
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom
from tf2migrate.rewrite.composer import Composer

REAL = ("float16", "float32", "float64", "bfloat16")


def metrics_of(atom: Atom) -> list[Node]:
    """The metrics that a statement makes."""
    return [node for node in atom.nodes if node.kind == "layer" and "metric" in node.details]


def metric_constructor(composer: Composer, node: Node, atom: Atom) -> str:
    """What makes the metric."""
    return _metric(composer, node, atom, "").constructor


def metric_lines(composer: Composer, step: Step, atom: Atom, holder: str) -> list[str]:
    """The statements of a step for one that makes a metric: only what the run executes."""
    (node,) = metrics_of(atom)
    name = f"{holder}.{composer.inner[node.number]}"
    lines: list[str] = []
    for part in (n for n in atom.nodes if node in n.inputs and n.number in step.execution.nodes):
        if part.kind == "assign":
            made = _metric(composer, node, atom, holder)
            lines.append(f"{name}.update_state({made.arguments})")
        target = _target(composer, atom, node, part)
        if target:
            lines.append(f"{target} = {name}.result()")
    return lines


def _target(composer: Composer, atom: Atom, node: Node, part: Node) -> str:
    """The name that the value of a metric, or its update, gets by a statement of a known form."""
    call = node.expression
    match atom.statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Tuple(elements=[first, second]))], value=value)]
        ) if value is call:
            target = first.value if is_metric_value(part) else second.value
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=cst.Subscript(value=value) as taken)]
        ) if value is call:
            if composer.staging.values_of(taken)[-1] is not part:
                return ""
        case _:
            where = call or atom.statement
            reason = "a metric that is not taken apart where it is made is not rewritten yet"
            raise NotPlanned(Refusal("TFM410", composer.symbols.module.key, where, reason, "name its value and update"))
    return composer.plan.local_name(target.value) if isinstance(target, cst.Name) else ""


def _metric(composer: Composer, node: Node, atom: Atom, holder: str) -> Metric:
    call = node.expression
    assert isinstance(call, cst.Call)
    given: dict[str, str] = {}
    dtypes: dict[str, str | None] = {}
    ranks: list[int | None] = []
    position = 0
    for arg in call.args:
        key = arg.keyword.value if arg.keyword is not None else PARAMETERS[node.op][position]
        position += arg.keyword is None
        text = composer.rendered(arg.value, atom, holder) if holder else ""
        given[key] = text if node.op.endswith(("accuracy", "mean")) else grouped(text)
        seen = [n for v in composer.staging.values_of(arg.value) for n in nodes_in(v)]
        dtypes[key] = dtype_of(seen[-1]) if seen else None
        ranks += [rank_of(seen[-1]) if seen else None] if key in OPERANDS else []
    if None in ranks:
        # Keras does not take a tensor of unknown rank.
        given = {key: f"{composer.symbols.tf}.reshape({text}, [-1])" for key, text in given.items()}
    if node.op.endswith("accuracy"):
        labels, predictions = dtypes.get("labels"), dtypes.get("predictions")
        if labels is None or predictions is None or ((labels in REAL) != (predictions in REAL)):
            # TensorFlow 1 casts the predictions to the dtype of the labels, Keras the other way round.
            reason = "the dtypes of what this accuracy compares are not known, or not alike"
            raise NotPlanned(Refusal("TFM409", composer.symbols.module.key, call, reason, "cast the predictions"))
    return metric(node.op, given, composer.symbols.tf)
