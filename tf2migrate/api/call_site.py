"""One TF1 call: which argument fills which parameter, and the ways to write its TF2 counterpart."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tf2migrate.api.calls_model import Argument, Call, Definition, Kept, Refused
from tf2migrate.api.literals import expression, grouped
from tf2migrate.api.symbols import Symbol, spelled_in_tf2, tf2_symbol

# Parameters that only name things in the graph.
NAMES = frozenset({"name", "scope"})
_HOLE = re.compile(r"\{(, )?(?:(\w+)=)?(\w+)(!)?(?::([^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about arguments, by TF1 parameter: ranks, dtypes (`float32`), which get no gradient.

    ``sizes`` are parameters that give the static shape of the result, where nothing else does.
    """

    ranks: Mapping[str, int | None] = field(default_factory=dict)
    dtypes: Mapping[str, str | None] = field(default_factory=dict)
    no_gradient: Collection[str] = ()
    sizes: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call whose arguments have been matched with the parameters of its TF1 symbol."""

    spelled: str
    symbol: Symbol
    tf: str
    arguments: tuple[Argument, ...]
    given: Mapping[str, str]
    by_place: frozenset[str]
    extra: tuple[str, ...]
    facts: Facts

    @property
    def name(self) -> str:
        """The canonical name of the function."""
        return self.symbol.name

    def text(self, parameter: str, default: str = "") -> str:
        """The text given for the parameter."""
        return self.given.get(parameter, default)

    def first(self, *parameters: str) -> str:
        """The text of the first of these parameters that is given: TF1 kept old names beside new ones."""
        return next((self.given[name] for name in parameters if name in self.given), "")

    def operand(self, parameter: str) -> str:
        """The text given for the parameter, fit to stand next to an operator."""
        return grouped(self.given[parameter])

    def defaulted(self, parameter: str) -> bool:
        """Whether the parameter is not given, or given as its own default."""
        if parameter not in self.given:
            return True
        declared = self.symbol.parameter(parameter)
        return (
            declared is not None
            and declared.default not in (None, "...")
            and self.says(parameter, declared.default)
        )

    def says(self, parameter: str, source: str | None) -> bool:
        """Whether the text given for the parameter means the same as `source`, layout apart."""
        if parameter not in self.given or source is None:
            return False
        given, wanted = expression(self.given[parameter]), expression(source)
        return given is not None and wanted is not None and ast.dump(given) == ast.dump(wanted)

    def lacking(self, *alternatives: tuple[str, ...]) -> Refused | None:
        """A refusal if of one group none is given: TF1 declared old and new names alike as optional."""
        for group in alternatives:
            if not self.first(*group):
                return _unfit(self.spelled, f"lacks its argument `{group[0]}`")
        return None

    def unsupported(self, *handled: str) -> Refused | None:
        """A refusal if an argument is given that the rewrite has no place for."""
        for parameter in self.given:
            if parameter not in handled and parameter not in NAMES and not self.defaulted(parameter):
                return self.refused_argument(parameter)
        return None

    def refused_argument(self, parameter: str) -> Refused:
        """The refusal for an argument without a counterpart."""
        return Refused(
            f"the argument `{parameter}` of `{self.spelled}` has no counterpart in TensorFlow 2",
            f"Rewrite the call without `{parameter}`",
            "TFM102",
        )

    def write(self, text: str, *definitions: Definition) -> Call | Kept:
        """The call with this text; kept where nothing changes."""
        return Call(text, definitions)

    def tensorflow(self, dotted: str) -> str:
        """A `tf.` name under the alias that the file uses."""
        return self.tf + dotted.removeprefix("tf")


def bind(
    spelled: str, symbol: Symbol, arguments: Sequence[Argument], tf: str, facts: Facts | None = None
) -> CallSite | Refused:
    """Match the arguments of a call with the parameters of its TF1 symbol."""
    places = symbol.positional()
    given: dict[str, str] = {}
    by_place: list[str] = []
    extra: list[str] = []
    for argument in arguments:
        if argument.star:
            return Refused(
                f"`{spelled}` gets its arguments from `{argument.star}{argument.text}`",
                "Write the arguments out",
            )
        parameter = argument.keyword
        if parameter is None:
            if len(by_place) == len(places):
                if not symbol.accepts_any("var_positional"):
                    return _unfit(spelled, "has too many arguments")
                extra.append(argument.text)
                continue
            parameter = places[len(by_place)]
            by_place.append(parameter)
        elif symbol.parameter(parameter) is None and not symbol.accepts_any("var_keyword"):
            return _unfit(spelled, f"has an unexpected argument `{parameter}`")
        if parameter in given:
            return _unfit(spelled, f"has two values for `{parameter}`")
        given[parameter] = argument.text
    for declared in symbol.parameters or ():
        if (
            declared.default is None
            and declared.kind in ("positional", "keyword")
            and declared.name not in given
        ):
            return _unfit(spelled, f"lacks its argument `{declared.name}`")
    return CallSite(
        spelled, symbol, tf, tuple(arguments), given, frozenset(by_place), tuple(extra), facts or Facts()
    )


def _unfit(spelled: str, what: str) -> Refused:
    return Refused(f"`{spelled}` {what}", "Check the call against TensorFlow 1.15")


def respelled(
    site: CallSite,
    target: str,
    renamed: Mapping[str, str] | None = None,
    dropped: Collection[str] = (),
    added: Mapping[str, str] | None = None,
) -> Call | Kept | Refused:
    """The same call of `target`: an argument keeps its place where TF2 has it there, else gets a keyword."""
    symbol = tf2_symbol(target)
    if symbol is None or symbol.parameters is None:
        return Refused(f"`{site.spelled}` is not in TensorFlow 2", "Rewrite the call by hand")
    places1, places2 = site.symbol.positional(), symbol.positional()
    parts: list[str] = []
    given: set[str] = set()
    in_place = True
    place = 0
    for argument in site.arguments:
        parameter = argument.keyword
        if parameter is None:
            if place >= len(places1):
                parts.append(argument.text)
                continue
            parameter = places1[place]
            place += 1
        new = (renamed or {}).get(parameter, parameter)
        if parameter in dropped or (
            not _takes(symbol, new) and (site.defaulted(parameter) or parameter in NAMES)
        ):
            in_place = in_place and argument.keyword is not None
            continue
        if not _takes(symbol, new):
            return site.refused_argument(parameter)
        if new in given:
            return _unfit(site.spelled, f"has two values for `{new}`")
        given.add(new)
        if argument.keyword is None and in_place and places2[place - 1 : place] == (new,):
            parts.append(argument.text)
        else:
            in_place = False
            parts.append(f"{new}={argument.text}")
    for name, text in (added or {}).items():
        if name not in given:
            given.add(name)
            parts.append(f"{name}={text}")
    for declared in symbol.parameters:
        if (
            declared.default is None
            and declared.kind in ("positional", "keyword")
            and declared.name not in given
        ):
            return _unfit(site.spelled, f"lacks its argument `{declared.name}`")
    return finished(site, spelled_in_tf2(site.spelled, target), parts)


def finished(site: CallSite, target: str, parts: Sequence[str]) -> Call | Kept:
    """A call of `target` with these arguments; kept if that is what the user wrote."""
    before = [f"{a.keyword}={a.text}" if a.keyword else a.text for a in site.arguments]
    if target == site.spelled and list(parts) == before:
        return Kept()
    return Call(f"{site.tensorflow(target)}({', '.join(parts)})")


def _takes(symbol: Symbol, parameter: str) -> bool:
    return symbol.parameter(parameter) is not None or symbol.accepts_any("var_keyword")


def filled(site: CallSite, template: str) -> Call | Refused:
    """The template with its holes filled from the arguments.

    `{x}` is the argument `x`; `{x!}` the same fit to stand next to an operator; `{x:1.0}` has a default;
    `{, axis=dimension}` writes `, axis=...` only if `dimension` is given. A hole that occurs twice needs an
    argument that may be evaluated twice. `tf.` outside of holes becomes the alias that the file uses.
    """
    holes = list(_HOLE.finditer(template))
    names = [hole[3] for hole in holes]
    refusal = site.unsupported(*names)
    if refusal is not None:
        return refusal
    lacking = [hole[3] for hole in holes if not hole[1] and hole[5] is None and hole[3] not in site.given]
    if lacking:
        return _unfit(site.spelled, f"lacks its argument `{lacking[0]}`")
    for name in set(names):
        if names.count(name) > 1 and not repeatable(site.text(name, "0")):
            return Refused(
                f"`{site.spelled}` needs `{name}` twice, and evaluating it twice may have an effect",
                f"Assign `{name}` to a name first",
            )
    pieces: list[str] = []
    end = 0
    for hole in holes:
        pieces.append(re.sub(r"\btf\.", f"{site.tf}.", template[end : hole.start()]))
        pieces.append(_piece(site, hole))
        end = hole.end()
    pieces.append(re.sub(r"\btf\.", f"{site.tf}.", template[end:]))
    return Call("".join(pieces))


def _piece(site: CallSite, hole: re.Match[str]) -> str:
    comma, keyword, name, operand, default = hole.groups()
    text = site.given.get(name)
    if text is None and default is not None:
        text = default
    if text is None:
        return ""
    if operand:
        text = grouped(text)
    return f"{comma or ''}{(keyword or name) + '=' if comma else ''}{text}"


def repeatable(text: str) -> bool:
    """Whether the expression may be written twice: names, attributes, constants and what is made of them."""
    node = expression(text)
    if node is None:
        return False
    return all(
        isinstance(
            part,
            ast.Name | ast.Attribute | ast.Constant | ast.Subscript | ast.expr_context | ast.Slice | ast.Tuple
            | ast.UnaryOp | ast.unaryop | ast.List,
        )
        for part in ast.walk(node)
    )  # fmt: skip
