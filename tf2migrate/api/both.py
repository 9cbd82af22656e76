"""The spelling of a TF1 call that both TensorFlows have and mean the same by, for programs that stay graphs.

`calls.rewrite_call` says what TensorFlow 2 wants. Here that is held against TensorFlow 1.15: the new function must be
the old one there, or one of the few that were measured to build the same graph, and every argument must reach the
parameter that it reached before. The ops keep their names, which a program may print or look up. Nothing that builds
other ops is given, not even where its numbers are the same: seeds of ops count the ops before them.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from tf2migrate.api.call_site import CallSite, bind
from tf2migrate.api.calls import rewrite_call, rewrite_reference
from tf2migrate.api.calls_model import Argument, Call
from tf2migrate.api.calls_nn import kept_rate
from tf2migrate.api.changes import Respelling, change
from tf2migrate.api.literals import expression
from tf2migrate.api.symbols import Symbol, canonical, tf1_exists, tf1_symbol
from tf2migrate.api.verdicts import verdict

# Functions whose successor is another function in TensorFlow 1.15, and does the same there (tests/api/test_both.py).
TWINS = frozenset(
    {
        *("tf.arg_max", "tf.arg_min", "tf.multinomial", "tf.py_func", "tf.random.stateless_multinomial", "tf.substr"),
        *(f"tf.to_{kind}" for kind in ("bfloat16", "complex128", "complex64", "double", "float", "int32", "int64")),
        *(f"tf.gfile.{name}" for name in ("Copy", "DeleteRecursively", "Exists", "FastGFile", "Glob", "IsDirectory")),
        *(f"tf.gfile.{name}" for name in ("ListDirectory", "MakeDirs", "MkDir", "Remove", "Rename", "Stat", "Walk")),
    }
)
# Those of which the ops would have another name, where none is given, that no default of an argument tells.
_NAMES = {"tf.multinomial": "multinomial", "tf.random.stateless_multinomial": "stateless_multinomial"}
_LOGGER = ".get_logger()."


@dataclass(frozen=True, slots=True)
class Respelt:
    """A call in its new spelling: the function, and each argument with the place of the old one whose text it keeps."""

    function: str
    arguments: tuple[tuple[int | None, Argument], ...]


def respelt(name: str, arguments: Sequence[Argument], tf: str = "tf") -> Respelt | None:
    """The call of `name` as both TensorFlows understand it; None where there is none, or nothing changes."""
    made = rewrite_call(name, arguments, tf)
    taken = _taken_apart(made.text) if isinstance(made, Call) and not made.definitions else None
    if taken is None or not taken[0].startswith(f"{tf}."):
        return None
    function, after = taken
    aligned = _aligned(arguments, after)
    if name.startswith("tf.logging."):
        kept = function.startswith(tf + _LOGGER) and (name.endswith(".set_verbosity") or _all_kept(aligned))
        return Respelt(function, aligned) if kept else None
    target = "tf" + function.removeprefix(tf)
    same = canonical(target) == canonical(name)
    if not tf1_exists(target) or not (same or canonical(name) in TWINS) or verdict(target, after) is not None:
        return None
    if any(argument.star for argument in arguments):
        fits = same and _all_kept(aligned) and len(after) == len(arguments)
    else:
        fits = _reach_the_same(name, target, arguments, aligned, tf)
    if not fits:
        return None
    stated = _name_of_ops(canonical(name)) if not any(argument.keyword == "name" for argument in after) else None
    return Respelt(function, (*aligned, (None, Argument(f'"{stated}"', "name"))) if stated else aligned)


def respelt_reference(name: str, tf: str = "tf") -> str | None:
    """The name of `name` that both TensorFlows have, where it is not called; None where there is none, or it stays."""
    made = rewrite_reference(name, tf)
    if not isinstance(made, str) or not made.startswith(f"{tf}."):
        return None
    target = "tf" + made.removeprefix(tf)
    same = canonical(target) == canonical(name) and tf1_exists(target)
    return made if same and verdict(target) is None else None


def _name_of_ops(name: str) -> str | None:
    """The name that ops of a twin get by themselves, if those of its successor get another."""
    symbol = tf1_symbol(name) if name.startswith("tf.to_") else None
    parameter = symbol.parameter("name") if symbol is not None else None
    return str(ast.literal_eval(parameter.default)) if parameter and parameter.default else _NAMES.get(name)


def _taken_apart(text: str) -> tuple[str, list[Argument]] | None:
    """The function and the arguments of a call; None for any other expression."""
    node = expression(text)
    if not isinstance(node, ast.Call):
        return None
    lines = f"(\n{text}\n)"  # what `expression` parses
    found: list[Argument] = []
    parts: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    for each in sorted(parts, key=lambda part: (part.lineno, part.col_offset)):
        inner = each.value if isinstance(each, ast.Starred | ast.keyword) else each
        keyword = each.arg if isinstance(each, ast.keyword) else None
        stars = "*" * (isinstance(each, ast.Starred) + 2 * (isinstance(each, ast.keyword) and keyword is None))
        found.append(Argument(ast.get_source_segment(lines, inner) or "", keyword, stars))
    return ast.unparse(node.func), found


def _aligned(before: Sequence[Argument], after: Sequence[Argument]) -> tuple[tuple[int | None, Argument], ...]:
    """Each new argument with the place of the old one that has its text; places only ever grow."""
    found: list[tuple[int | None, Argument]] = []
    position = 0
    for new in after:
        kept = (i for i in range(position, len(before)) if _says_the_same(before[i], new))
        place = next(kept, None)
        position = position if place is None else place + 1
        found.append((place, new))
    return tuple(found)


def _says_the_same(one: Argument, other: Argument) -> bool:
    if one.star != other.star:
        return False
    first, second = expression(one.text), expression(other.text)
    return first is not None and second is not None and ast.dump(first) == ast.dump(second)


def _all_kept(aligned: Sequence[tuple[int | None, Argument]]) -> bool:
    return all(place is not None for place, _ in aligned)


def _reach_the_same(
    name: str,
    target: str,
    before: Sequence[Argument],
    aligned: Sequence[tuple[int | None, Argument]],
    tf: str,
) -> bool:
    """Whether every argument reaches in TensorFlow 1.15 the parameter that it reached, and nothing else changes."""
    first, second = tf1_symbol(name), tf1_symbol(target)
    if first is None or second is None or first.parameters is None:
        return False
    old, new = bind(name, first, before, tf), bind(target, second, [argument for _, argument in aligned], tf)
    if not isinstance(old, CallSite) or not isinstance(new, CallSite):
        return False
    olds, news = _filled(first, before), _filled(second, [argument for _, argument in aligned])
    for (place, argument), parameter in zip(aligned, news, strict=True):
        if place is not None and not _is_one(name, first, second, olds[place], parameter):
            return False
        if place is None and not _is_stated(name, old, new, argument, parameter):
            return False
    kept = {place for place, _ in aligned}
    gone = {olds[place] for place in range(len(before)) if place not in kept}
    return all(old.defaulted(parameter) or _is_written_anew(name, parameter) for parameter in gone)


def _filled(symbol: Symbol, arguments: Sequence[Argument]) -> list[str]:
    """The parameter that each argument fills; empty for what only `*args` takes."""
    places = [*symbol.positional(), *("" for _ in arguments)]
    found: list[str] = []
    for argument in arguments:
        found.append(argument.keyword or places[sum(each.keyword is None for each in arguments[: len(found)])])
    return found


def _is_one(name: str, first: Symbol, second: Symbol, old: str, new: str) -> bool:
    """Whether two names are of one parameter: TensorFlow 1.15 takes both, or two functions call it so."""
    if old == new:
        return bool(old) or first is second
    if canonical(name) in TWINS:
        row = change(canonical(name))
        return isinstance(row, Respelling) and row.renamed.get(old) == new
    return second.parameter(old) is not None and second.parameter(new) is not None


def _is_stated(name: str, old: CallSite, new: CallSite, argument: Argument, parameter: str) -> bool:
    """Whether an argument that was not there says only what held without it."""
    if name.startswith("tf.to_"):
        return parameter == "dtype"
    if _is_written_anew(name, "keep_prob") and parameter == "rate":
        return argument.text == kept_rate(old.text("keep_prob"))
    return new.defaulted(parameter)


def _is_written_anew(name: str, parameter: str) -> bool:
    """The one argument that TensorFlow 1.15 itself turns into another, in the very way in which it is written here."""
    return canonical(name) == "tf.nn.dropout" and parameter == "keep_prob"
