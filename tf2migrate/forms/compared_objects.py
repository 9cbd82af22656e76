"""Comparisons of a tensor with a value of the host by ``==`` and ``!=`` become what TensorFlow 1 made of them.

It compared the objects, of which one is no tensor: ``drop != 0.0`` was true of every placeholder, whatever was fed.
TensorFlow 2 compares values, and gives a tensor.
"""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.forms.decided import Answering
from tf2migrate.forms.traced import edited
from tf2migrate.graph.staging import ComparedObject, Staging
from tf2migrate.graph.values import Const
from tf2migrate.names.project import Module
from tf2migrate.plan.refusal import NotPlanned, Refusal

COMPARES = "of a tensor compares objects in TensorFlow 1 and values in TensorFlow 2"


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
    return edited(modules, builder, lambda module, builder: Answering(module, answers, builder))


def _answer(staging: Staging, compared: ComparedObject) -> bool:
    values = staging.values_of(compared.node)
    answers = {bool(value.value) if isinstance(value, Const) else None for value in values}
    if len(answers) == 1 and None not in answers:
        return cast(bool, answers.pop())
    sign = "==" if isinstance(compared.node.comparisons[0].operator, cst.Equal) else "!="
    reason = f"`{sign}` {COMPARES}"
    raise NotPlanned(Refusal("TFM301", compared.module, compared.node, reason, "ask whether it is a tensor before"))
