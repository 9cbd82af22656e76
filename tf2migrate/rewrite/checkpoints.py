"""Savers in native form: what they save, and their calls without the session."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.api.recipes import recipe
from tf2migrate.graph.staging import CheckpointCall
from tf2migrate.graph.values import Saver
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.symbols import Symbols

NAME = "Checkpoints"
OTHER_FORMAT = (
    "checkpoints that TensorFlow 1 wrote cannot be restored by the rewrite, but turned into its own by "
    "`tf2migrate convert-checkpoint`"
)
# The parameters that the calls of the rewrite still have.
KEPT = {"save": ("save_path", "global_step"), "write": ("save_path",), "restore": ("save_path",)}
# Arguments of a saver that keep their names.
CARRIED = ("max_to_keep",)
ORDER = ("sess", "save_path", "global_step")


def saver_text(
    plan: Plan, symbols: Symbols, saver: Saver, models: list[str], optimizers: list[str], only: str
) -> str:
    """``Checkpoints([model], [optimizer])`` for ``tf.train.Saver()``."""
    if NAME in plan.taken:
        reason = f"the program has a name `{NAME}` of its own"
        raise NotPlanned(Refusal("TFM803", symbols.module.key, saver.call, reason))
    symbols.define((recipe("checkpoints", tf=symbols.tf, imports=("import os",)),))
    more = f", only={only}" if only else ""
    for arg in saver.call.args:
        if arg.keyword is not None and arg.keyword.value in CARRIED:
            more += f", {arg.keyword.value}={symbols.code(arg.value).strip()}"
    return f"{NAME}([{', '.join(models)}], [{', '.join(optimizers)}]{more})"


def parameter(call: cst.Call, index: int) -> str:
    """The parameter of ``save`` or ``restore`` that an argument is for."""
    arg = call.args[index]
    return arg.keyword.value if arg.keyword is not None else ORDER[index]


def is_plain_call(call: cst.Call) -> bool:
    """Whether all arguments of a call of a saver are among those that are known here."""
    places = range(len(call.args))
    given = [parameter(call, i) if call.args[i].keyword is not None or i < len(ORDER) else "" for i in places]
    return set(given) <= set(ORDER) and not any(arg.star for arg in call.args)


def dropped_arguments(site: CheckpointCall) -> list[cst.BaseExpression]:
    """Arguments that a call of a saver loses: the session, and whether a meta graph is written."""
    if site.kind not in KEPT:
        return []
    kept = KEPT[site.kind]
    return [arg.value for i, arg in enumerate(site.call.args) if parameter(site.call, i) not in kept]


def checkpoint_call(symbols: Symbols, site: CheckpointCall, updated: cst.BaseExpression) -> cst.BaseExpression:
    """A call of a saver, or a question, in its native form."""
    call = cast(cst.Call, updated)
    if site.kind == "exists":
        path = symbols.code(call.args[0].value).strip()
        wrapped = path if isinstance(site.call.args[0].value, cst.Name | cst.Attribute | cst.Call) else f"({path})"
        return symbols.expression(f'{symbols.tf}.io.gfile.exists({wrapped} + ".index")')
    parts: list[str] = []
    for index, arg in enumerate(call.args):
        name = parameter(site.call, index)
        if name in KEPT[site.kind]:
            text = symbols.code(arg.value).strip()
            parts.append(text if name == "save_path" and not parts else f"global_step={text}")
    called = symbols.code(call.func)
    if site.kind == "write":
        called = f"{called.removesuffix('.save')}.checkpoint.write"
    return symbols.expression(f"{called}({', '.join(parts)})")
