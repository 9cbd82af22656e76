"""Functions that take gradients of what they compute: their bodies with tapes."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import cast

import libcst as cst

from tf2migrate.api.calls_model import Refused
from tf2migrate.api.gradients import by_name, tape_gradient
from tf2migrate.graph.arguments import argument
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.taped import TapedFunction
from tf2migrate.rewrite.edits import Remake
from tf2migrate.rewrite.substitution import Replacement
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.tapes import Piece, Tapes, first_elements, single, tape_name
from tf2migrate.rewrite.templates import Templates


def taped_calls(plan: Plan, symbols: Symbols, function: TapedFunction) -> dict[int, Replacement]:
    """What becomes of the calls that take gradients in a function, by the identity of the expression."""
    out: dict[int, Replacement] = {}
    for key, call in function.calls.items():
        listed = True
        given = argument(call, 1, "xs")
        if given is not None and single(given, symbols.staging) is not None:
            for statement in function.statements:
                for element in first_elements(statement, call):
                    out[id(element)] = _value
                    listed = False
        out[key] = partial(_taken, plan, symbols, call, function.levels[key], listed)
    return out


def _value(updated: cst.BaseExpression) -> cst.BaseExpression:
    return cst.ensure_type(updated, cst.Subscript).value


def _taken(
    plan: Plan, symbols: Symbols, original: cst.Call, level: int, listed: bool, updated: cst.BaseExpression
) -> cst.BaseExpression:
    given = by_name(symbols.arguments(cast(cst.Call, updated)))
    if isinstance(given, Refused):
        raise symbols.refused(given, original)
    xs = cast(cst.BaseExpression, argument(original, 1, "xs"))
    only = single(xs, symbols.staging)
    if only is xs and listed:
        given["xs"] = f"[{given['xs']}]"
    elif only is not None and only is not xs and not listed:
        new = cast(cst.List | cst.Tuple, argument(cast(cst.Call, updated), 1, "xs"))
        given["xs"] = symbols.code(new.elements[0].value)
    return symbols.expression(tape_gradient(tape_name(plan, level), given))


def taped_body(plan: Plan, symbols: Symbols, function: TapedFunction, templates: Templates) -> Remake:
    """Puts the edited statements of a function under its tapes."""

    def remake(updated: cst.CSTNode) -> list[cst.BaseStatement]:
        definition = cst.ensure_type(updated, cst.FunctionDef)
        body = [cast(cst.BaseStatement, s) for s in definition.body.body]
        if len(body) != len(function.statements):
            reason = "statements of this function, which takes gradients, go with the graph"
            raise NotPlanned(Refusal("TFM410", function.module, function.definition, reason))
        made = _placed(plan, symbols, function, templates, body)
        return [definition.with_changes(body=definition.body.with_changes(body=made))]

    return remake


def _placed(
    plan: Plan, symbols: Symbols, function: TapedFunction, templates: Templates, body: list[cst.BaseStatement]
) -> list[cst.BaseStatement]:
    strata = function.strata
    tapes = Tapes(symbols.tf, plan, templates, Counter(function.levels.values()), function.watches, function.start)
    pieces = [Piece(i, strata.of[i], [body[i]]) for i in range(function.first, len(body))]
    holes: dict[str, list[cst.BaseStatement]] = {}
    lines = tapes.blocks(pieces, holes)
    made = templates.statements("\n".join(lines) + "\n", holes)
    last = [s for piece in pieces if piece.stratum == strata.top for s in piece.statements]
    return [*body[: function.first], *made, *last]
