"""Classes whose objects keep variables, as Keras layers: another base, and the constructor of that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from tf2migrate.forms.keeper_names import owned_members
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Class, Function, Node, Sequence, Value
from tf2migrate.names.tree import is_docstring, parameter_names, walk
from tf2migrate.plan.keepers import constructor, lineage, receiver_of
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.reserved import attribute
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.templates import Templates
from tf2migrate.rewrite.variables import in_model

if TYPE_CHECKING:
    from tf2migrate.rewrite.rewriting import Rewriting


def keepers_as_layers(rewriter: Rewriting) -> None:
    """Calls the constructor of the layer in that of each class. Raises ``NotPlanned`` where Keras owns a member."""
    owned = owned_members(rewriter.plan.keepers)
    keras = calls_by_keras(rewriter)
    for cls in rewriter.plan.keepers:
        if owned:
            reason = f"Keras owns `{min(owned)}`, which an object that keeps variables cannot be asked for"
            raise NotPlanned(Refusal("TFM410", cls.frame.module, cls.definition, reason))
        init = constructor(cls)
        if init is None or not is_root(cls):
            continue
        first, *rest = init.body.body
        text = f"super().__init__({rewriter.functions._policy() if keras else ''})\n"
        family = [each for each in rewriter.plan.keepers if cls in lineage(each)]
        if not keras or not any("__call__" in each.members for each in family):
            # Keras does not see the calls, by which it would tell that all variables are there.
            text += f"{init.params.params[0].name.value}.built = True\n"
        made = Templates(rewriter.all_symbols[cls.frame.module].module.tree).statements(text, {})
        if is_docstring(first) and rest:
            first = rest[0]
        rewriter.edits.before[id(first)] = [*made, *rewriter.edits.before.get(id(first), [])]


def layer_header(rewriter: Rewriting, original: cst.ClassDef, updated: cst.ClassDef) -> cst.ClassDef:
    """The first line of a class, which is a layer's where its objects keep variables."""
    cls = next((c for c in rewriter.plan.keepers if c.definition is original), None)
    if cls is None:
        return updated
    if calls_by_keras(rewriter):
        updated = updated.with_changes(body=updated.body.visit(_Called()))
    if not is_root(cls):
        return updated
    symbols = rewriter.all_symbols[cls.frame.module]
    return updated.with_changes(
        bases=[cst.Arg(symbols.expression(f"{symbols.tf}.keras.layers.Layer"))],
        lpar=cst.LeftParen(),
        rpar=cst.RightParen(),
        whitespace_after_name=cst.SimpleWhitespace(""),
    )


def calls_by_keras(rewriter: Rewriting) -> bool:
    return called_by_keras(rewriter.staging, rewriter.plan.keepers)


def called_by_keras(staging: Staging, classes: list[Class]) -> bool:
    """Whether the objects are called with tensors alone, so that Keras may call ``call`` for ``__call__``."""
    explicit = any(
        isinstance(node, cst.Attribute) and node.attr.value == "__call__"
        for module in staging.modules.values()
        for node in walk(module.tree)
    )
    if explicit or any("call" in cls.members for cls in classes):
        return False
    for cls in classes:
        method = cls.members.get("__call__")
        if not isinstance(method, Function) or not isinstance(method.definition, cst.FunctionDef):
            continue
        names = parameter_names(method.definition)
        for call, frame, _ in staging.calls.get(id(method.definition), ()):
            given = list(frame.entry.values())[1:]
            plain = not any(arg.star or arg.keyword for arg in call.args) and len(given) == len(call.args)
            if not plain or not given or not all(map(_is_tensors, given)):
                return False
        if names & {"training", "mask"} or method.definition.decorators:
            return False
    return True


def _is_tensors(value: Value) -> bool:
    if isinstance(value, Sequence):
        return value.exact and bool(value.items) and all(isinstance(item, Node) for item in value.items)
    return isinstance(value, Node)


class _Called(cst.CSTTransformer):
    """The method that makes the objects of a class functions is the one that Keras calls."""

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        if updated_node.name.value == "__call__":
            return updated_node.with_changes(name=cst.Name("call"))
        return updated_node


def is_root(cls: Class) -> bool:
    return not any(isinstance(base, Class) for base in cls.bases)


def own_weight(
    rewriter: Rewriting, symbols: Symbols, node: Node, call: cst.Call, updated: cst.Call
) -> cst.BaseExpression | None:
    """A variable that such a constructor makes, as a weight of the layer; None where it makes it otherwise."""
    frame, statement = node.place.steps[-1].frame, node.place.steps[-1].statement
    owners = {id(constructor(cls)) for cls in rewriter.plan.keepers}
    if id(frame.owner) not in owners or receiver_of(frame) is None or next(iter(frame.entry)) != "self":
        return None
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name() | cst.Attribute() as target)], value=value)]
        ) if value is call:
            name = target.value if isinstance(target, cst.Name) else target.attr.value
            return symbols.expression(in_model(symbols, node, call, updated, attribute(name.lstrip("_"))))
    return None
