"""Functions of contrib and slim that stand for several statements are written out.

The result is an equivalent TensorFlow 1 program: ``optimize_loss`` is an optimizer with its train op, ``repeat`` the
calls that it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libcst as cst

from tf2migrate.api.symbols import canonical
from tf2migrate.forms.convenience import Target, Writing
from tf2migrate.forms.repeated_layers import repeated, stacked
from tf2migrate.forms.step_losses import weighted_losses
from tf2migrate.forms.summed_penalty import summed_penalty
from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.forms.train_ops import created_train_op, optimized_loss
from tf2migrate.graph.conveniences import CREATE_TRAIN_OP, OPTIMIZE_LOSS, PENALTY, REPEAT, STACK, STEP_LOSSES
from tf2migrate.graph.staging import Convenience, Staging
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.refusal import NotPlanned, Refusal

WRITERS: Mapping[str, Callable[[Writing], list[str]]] = {
    **dict.fromkeys(CREATE_TRAIN_OP, created_train_op),
    OPTIMIZE_LOSS: optimized_loss,
    REPEAT: repeated,
    STACK: stacked,
    PENALTY: summed_penalty,
    STEP_LOSSES: weighted_losses,
}


def written_out(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with the statements that its conveniences stand for; None when it has none.

    Raises ``NotPlanned`` where one cannot be written out.
    """
    if not staging.conveniences:
        return None
    by_key = {module.key: module for module in modules}
    lines: dict[int, list[cst.BaseStatement]] = {}
    taken: dict[str, set[str]] = {}
    for each in staging.conveniences:
        module = by_key[each.place.module]
        statement = each.place.steps[-1].statement
        if id(statement) in lines:
            if sum(other.call is each.call for other in staging.conveniences) > 1:
                continue
            raise _refused(each, "several of these calls stand in one statement")
        names = taken.setdefault(module.key, {n.value for n in walk(module.tree) if isinstance(n, cst.Name)})
        lines[id(statement)] = _lines(staging, module, each, statement, names)
    return edited(modules, builder, lambda module, builder: _Replacing(module, lines, builder))


def _refused(each: Convenience, reason: str) -> NotPlanned:
    return NotPlanned(Refusal("TFM410", each.place.module, each.call, reason, "write out what the function does"))


def _lines(
    staging: Staging, module: Module, each: Convenience, statement: cst.CSTNode, names: set[str]
) -> list[cst.BaseStatement]:
    target = _target(each, statement, module)
    tf = Aliases(module.tree).tensorflow
    if tf is None:
        raise _refused(each, "this module has no name for TensorFlow itself")
    same = [other for other in staging.conveniences if other.call is each.call]
    writing = Writing(staging, module, each, tuple(same), target, tf, names)
    texts = WRITERS[canonical(each.name)](writing)
    if target.returns:
        texts.append(f"return {target.text}")
    config = module.tree.config_for_parsing
    made = [cst.parse_statement(text, config) for text in texts]
    assert isinstance(statement, cst.SimpleStatementLine)
    made[0] = made[0].with_changes(leading_lines=statement.leading_lines)
    last = made[-1]
    if isinstance(last, cst.SimpleStatementLine):
        made[-1] = last.with_changes(trailing_whitespace=statement.trailing_whitespace)
    return list(made)


def _target(each: Convenience, statement: cst.CSTNode, module: Module) -> Target:
    """Where the result of a call goes, which has to be all that its statement does."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=value)]):
            if value is each.call and isinstance(target, cst.Name | cst.Attribute):
                return Target(module.tree.code_for_node(target), False)
        case cst.SimpleStatementLine(body=[cst.Return(value=value)]) if value is each.call:
            return Target("", True)
        case cst.SimpleStatementLine(body=[cst.Expr(value=value)]) if value is each.call:
            return Target("", False)
    raise _refused(each, "this call is a part of a larger statement, and cannot be written out")


class _Replacing(Traced):
    """Puts the statements in."""

    def __init__(
        self, module: Module, lines: dict[int, list[cst.BaseStatement]], builder: cst.FunctionDef | None
    ) -> None:
        super().__init__(module, builder)
        self.lines = lines

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        found = self.lines.get(id(original))
        if found is not None:
            for line in found:
                for node in walk(line):
                    self.trace(original, node)
            return cst.FlattenSentinel(found)
        return made
