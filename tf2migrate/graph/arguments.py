"""The arguments of a call, as the program writes them and as the abstract interpreter evaluates them."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.values import Function, Value


@dataclass(frozen=True, slots=True)
class Arguments:
    """The evaluated arguments of one call; ``exact`` is false when ``*`` or ``**`` hides some."""

    positional: list[Value]
    keywords: dict[str, Value]
    exact: bool = True

    def get(self, position: int, *names: str) -> Value | None:
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return self.positional[position] if 0 <= position < len(self.positional) else None

    def all(self) -> list[Value]:
        return [*self.positional, *self.keywords.values()]


def argument(node: cst.Call, position: int, name: str) -> cst.BaseExpression | None:
    """The expression given for one parameter of a call."""
    index = 0
    for arg in node.args:
        if arg.keyword is not None:
            if arg.keyword.value == name:
                return arg.value
        elif not arg.star:
            if index == position:
                return arg.value
            index += 1
    return None


def parameters(function: Function) -> list[str]:
    """The names of a function's positional parameters."""
    params = function.definition.params
    return [p.name.value for p in (*params.posonly_params, *params.params)]


def says_none(call: cst.CSTNode, keyword: str) -> bool:
    """Whether a call says ``keyword=None`` itself, which goes with the argument."""
    given = call.args if isinstance(call, cst.Call) else ()
    said = [a.value for a in given if a.keyword is not None and a.keyword.value == keyword]
    return any(isinstance(value, cst.Name) and value.value == "None" for value in said)
