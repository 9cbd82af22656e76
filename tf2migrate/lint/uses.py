"""The places of a file where symbols of TensorFlow are called or mentioned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from tf2migrate.api.calls_model import Argument
from tf2migrate.api.verdicts import known_part
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tensorflow import is_by_compat
from tf2migrate.names.tree import children


@dataclass(frozen=True, slots=True)
class Use:
    """One use: the symbol by its TF1 name, and the arguments if it is called.

    ``private`` uses come by a name that leads into TensorFlow's own files, those ``by_compat`` by `tf.compat.v1`.
    """

    node: cst.CSTNode
    name: str
    arguments: tuple[Argument, ...] | None
    private: bool
    by_compat: bool


def uses(module: Module, aliases: Aliases | None = None) -> Iterator[Use]:
    """Every use, in the order of the source; imports alone are none."""
    aliases = aliases or Aliases(module.tree)
    if not aliases.names:
        return
    stack: list[cst.CSTNode] = [module.tree]
    while stack:
        node = stack.pop()
        match node:
            case cst.Import() | cst.ImportFrom():
                continue
            case cst.Call(func=cst.Attribute() | cst.Name() as function):
                use = _use(aliases, function, node, module)
                if use is not None:
                    yield use
                    stack.extend(reversed(node.args))
                    continue
            case cst.Attribute() | cst.Name():
                use = _use(aliases, node, None, module)
                if use is not None:
                    yield use
                    continue
                if isinstance(node, cst.Attribute):
                    stack.append(node.value)
                continue
        stack.extend(reversed(children(node)))


def _use(aliases: Aliases, node: cst.Attribute | cst.Name, call: cst.Call | None, module: Module) -> Use | None:
    """The use that the name makes, if it is TensorFlow's; attributes of what a symbol stands for are no part of it."""
    name = aliases.canonical(node)
    if name is None or name == "tf":
        return None
    known = known_part(name)
    arguments = _arguments(call, module) if call is not None and known == name else None
    spelled = dotted_name(node)
    root = spelled.partition(".")[0]
    by_compat = root in aliases.by_compat or is_by_compat(spelled)
    return Use(node, known, arguments, root in aliases.private, by_compat)


def _arguments(call: cst.Call, module: Module) -> tuple[Argument, ...]:
    return tuple(
        Argument(module.tree.code_for_node(arg.value), arg.keyword.value if arg.keyword else None, arg.star)
        for arg in call.args
    )
