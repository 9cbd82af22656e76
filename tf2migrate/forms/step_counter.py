"""Calls that find the graph's step counter become the name of the variable.

``tf.train.get_global_step()`` looks a variable up that the program has made under the name ``global_step``, most often
a few lines above. Where that one has a name or attribute that is visible, it says the same. The result is an equivalent
TensorFlow 1 program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.tensorflow import STEP_COUNTERS
from tf2migrate.graph.values import Instance, Node, Symbol
from tf2migrate.names.bindings import bindings
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk


def named_counter(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with the counter called by its name; None when all calls of these functions make it."""

    def edit(module: Module, builder: cst.FunctionDef | None) -> Traced | None:
        names = {id(call): name for call in _lookups(staging, module) if (name := _name(staging, call))}
        return _Naming(module, names, builder) if names else None

    return edited(modules, builder, edit)


def _lookups(staging: Staging, module: Module) -> Iterator[cst.Call]:
    """The calls that give a counter that something else has made."""
    for node in walk(module.tree):
        if not isinstance(node, cst.Call):
            continue
        symbols = [v.name for v in staging.values_of(node.func) if isinstance(v, Symbol)]
        if symbols and all(name in STEP_COUNTERS for name in symbols):
            found = staging.values_of(node)
            if all(isinstance(value, Node) and value.expression is not node for value in found):
                yield node


def _name(staging: Staging, call: cst.Call) -> str:
    """What the counter is called everywhere that this call is evaluated; empty where it has no such name."""
    seen = staging.observations.get(id(call), [])
    names = [set(visible_names(call, each.frame, each.value)) for each in seen if isinstance(each.value, Node)]
    common = set.intersection(*names) if names else set()
    return min(common, key=lambda name: ("." in name, name), default="")


def visible_names(call: cst.Call, frame: Frame, variable: Node) -> Iterator[str]:
    """The names and attributes that stand for a variable at a call in a frame, and for nothing else."""
    holder: Frame | None = frame
    while holder is not None:
        for name, value in holder.env.items():
            once = value is variable and frame.holder(name) is holder and _is_bound_once(holder, name)
            if once and (holder is not frame or _is_bound_before(holder, name, call)):
                yield name
        holder = holder.parent
    for name, value in frame.entry.items():
        if isinstance(value, Instance) and name == next(iter(frame.entry)):
            yield from (f"{name}.{key}" for key, held in value.attributes.items() if held is variable)


def _statements(frame: Frame) -> Sequence[cst.CSTNode]:
    owner = frame.owner
    body = owner.body if isinstance(owner, cst.FunctionDef | cst.Module) else ()
    return body.body if isinstance(body, cst.BaseSuite) else body


def _is_bound_once(frame: Frame, name: str) -> bool:
    return sum(found == name for statement in _statements(frame) for found, _ in bindings(statement)) == 1


def _is_bound_before(frame: Frame, name: str, call: cst.Call) -> bool:
    """Whether a statement before that of a call binds a name."""
    for statement in _statements(frame):
        if any(node is call for node in walk(statement)):
            return False
        if any(found == name for found, _ in bindings(statement)):
            return True
    return False


class _Naming(Traced):
    """Puts the names in."""

    def __init__(self, module: Module, names: dict[int, str], builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.names = names

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if id(original) in self.names:
            return cst.parse_expression(self.names[id(original)])
        return made
