"""Classes of recurrent cells that a program chooses among before it makes a cell: ``make = rnn.GRUCell``."""

from __future__ import annotations

from typing import Protocol

import libcst as cst

from tf2migrate.api.calls import rewrite_call
from tf2migrate.api.calls_model import Argument, Call, Refused
from tf2migrate.api.recurrent import is_cell_class
from tf2migrate.api.symbols import canonical
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Choice, Symbol

ADVICE = "call the class where it is named"


class Texts(Protocol):
    """What is asked about the module in which the class is named."""

    staging: Staging

    @property
    def tf(self) -> str: ...

    def arguments(self, call: cst.Call) -> list[Argument]: ...


def chosen_cell(symbols: Texts, name: str) -> Call | Refused | None:
    """The recipe that a cell class is chosen as; None for other symbols."""
    name = canonical(name)
    if not is_cell_class(name):
        return None
    made: dict[str, Call] = {}
    for node in symbols.staging.nodes:
        if node.op != name or not isinstance(node.expression, cst.Call):
            continue
        native = rewrite_call(name, symbols.arguments(node.expression), symbols.tf)
        if isinstance(native, Refused):
            return native
        if not isinstance(native, Call):
            return None
        called = node.expression
        if len(_classes(symbols, called)) == 1 or chosen_arguments(symbols, called, called) is not None:
            made[native.definitions[-1].name] = native
    if len(made) != 1:
        return Refused(f"how the class `{name}` is called cannot be followed", ADVICE, "TFM702")
    recipe, native = made.popitem()
    return Call(recipe, native.definitions)


def chosen_arguments(symbols: Texts, original: cst.Call, updated: cst.Call) -> str | None:
    """The arguments of a call of one of several classes, if all of their recipes take the same; None if not.

    Those of ``updated`` are native already.
    """
    names = _classes(symbols, original)
    found: set[str] = set()
    for name in names:
        native = rewrite_call(name, symbols.arguments(updated), symbols.tf) if is_cell_class(name) else None
        if not isinstance(native, Call):
            return None
        found.add(native.text.removeprefix(native.definitions[-1].name))
    return found.pop() if len(names) > 1 and len(found) == 1 else None


def _classes(symbols: Texts, call: cst.Call) -> list[str]:
    """The symbols that a call may be one of."""
    names: dict[str, None] = {}
    for value in symbols.staging.values_of(call.func):
        for option in value.options if isinstance(value, Choice) else (value,):
            names[canonical(option.name) if isinstance(option, Symbol) else ""] = None
    return list(names)
