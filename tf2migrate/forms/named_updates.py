"""Updates that are made in the head of a ``with tf.control_dependencies(...)`` get a statement of their own.

``with tf.control_dependencies([tf.assign(v, x)]):`` says with one line what to do and that it comes first. Native
code says the latter with the order of its statements, so the former has to be one. The result is an equivalent
TensorFlow 1 program.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Bound, Function, Node, are_scopes
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.updates import is_control, updating


def named_updates(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with such updates before their blocks; None when there are none."""
    effects = updating(staging)

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        heads = {
            id(node): parts
            for node in walk(module.tree)
            if isinstance(node, cst.With) and (parts := _parts(staging, node, effects))
        }
        return _Naming(module, heads, builder) if heads else None

    return edited(modules, builder, edit)


def _parts(staging: Staging, block: cst.With, effects: set[int]) -> list[cst.BaseExpression]:
    """The parts of the head that get a statement: elements of a list that is written out, or else the whole list."""
    if not all(are_scopes(staging.values_of(item.item)) or item is block.items[-1] for item in block.items):
        return []
    head = block.items[-1].item
    if not isinstance(head, cst.Call) or not head.args or not is_control(staging, head):
        return []
    given = head.args[0].value
    parts = [e.value for e in given.elements] if isinstance(given, cst.List | cst.Tuple) else [given]
    found = [part for part in parts if any(id(node) in effects for node in walk(part))]
    # A scope in the same head is about the variables that are made behind it, and the statement stands before.
    return found if len(block.items) == 1 or not any(_may_make_state(staging, part) for part in found) else []


def _may_make_state(staging: Staging, part: cst.BaseExpression) -> bool:
    """Whether an update makes or finds variables, or calls what might."""
    calls = [node for node in walk(part) if isinstance(node, cst.Call)]
    made = (value for call in calls for value in staging.values_of(call))
    called = (value for call in calls for value in staging.values_of(call.func))
    return any(isinstance(value, Node) and value.kind in ("variable", "layer") for value in made) or any(
        isinstance(value, Function | Bound) for value in called
    )


class _Naming(Traced):
    """Puts the statements before the blocks."""

    def __init__(
        self, module: Module, heads: dict[int, list[cst.BaseExpression]], builder: cst.FunctionDef | None
    ) -> None:
        super().__init__(module, builder)
        self.heads = heads
        self.parts = {id(part) for parts in heads.values() for part in parts}
        self.moved: dict[int, tuple[str, cst.BaseExpression]] = {}
        self.taken = {node.value for node in walk(module.tree) if isinstance(node, cst.Name)}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.parts and isinstance(made, cst.BaseExpression):
            name = self.fresh(original)
            self.moved[id(original)] = (name, made)
            return cst.Name(name)
        if id(original) in self.heads and isinstance(made, cst.With):
            lines = [self.statement(*self.moved[id(part)]) for part in self.heads[id(original)]]
            return self.preceded(lines, original, made)
        return made

    def fresh(self, part: cst.CSTNode) -> str:
        """A name for an update, or for a list of them."""
        return take_name("update" if isinstance(part, cst.Call) else "updates", self.taken)

    def statement(self, name: str, value: cst.BaseExpression) -> cst.SimpleStatementLine:
        target = cst.AssignTarget(cst.Name(name))
        return cst.SimpleStatementLine([cst.Assign([target], value)])
