"""What takes the place of a TensorFlow 1 symbol in a program that runs on `tf.compat.v1` of TensorFlow 2.

Most symbols are there as they were. Layers and recurrent cells are not without Keras 2: they raise when they are asked
for, and `tf.contrib` is gone. For some of these, `data/compat/` holds what they did in terms of the rest.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tf2migrate.api.calls_model import Argument, Definition, Refused
from tf2migrate.api.recipes import recipe_text
from tf2migrate.api.symbols import Symbol, canonical, described, tf1_exists, tf1_symbol
from tf2migrate.api.verdicts import misfit_of

_DATA = Path(__file__).parent / "data"
_DEFINITIONS = _DATA / "compat"
# Parts of Keras that have to do with files and arrays alone.
_OF_THE_HOST = ("tf.keras.datasets.", "tf.keras.utils.get_file", "tf.keras.utils.to_categorical")
# Modules that people hand around: all that is in them is in the table.
_WHOLE = frozenset({"tf.app", "tf.flags", "tf.app.flags", "tf.gfile", "tf.logging", "tf.errors"})
# What a program asks in order to go another way under another TensorFlow.
_VERSIONS = frozenset({"tf.VERSION", "tf.__version__", "tf.version.VERSION"})
# Eager execution is what `tf.disable_v2_behavior()` turns off.
_EAGER = frozenset({"tf.enable_eager_execution", "tf.enable_v2_behavior", "tf.enable_resource_variables"})
_IMPORTS = {"collections": "", "contextlib": "", "functools": "", "hashlib": "", "math": "", "np": "numpy", "re": ""}
# Layers that were known to `arg_scope`.
_SCOPED = frozenset(
    f"contrib_{name}"
    for name in (
        *("avg_pool2d", "batch_norm", "conv2d", "conv2d_transpose"),
        *("dropout", "flatten", "fully_connected", "max_pool2d"),
    )
)
ARG_SCOPE, ADD_ARG_SCOPE = "contrib_arg_scope", "contrib_add_arg_scope"
# Arguments of layers of `tf.contrib` that no definition takes, however they reach it.
_OF_COLLECTIONS = frozenset({"outputs_collections", "variables_collections"})
# What native programs are given too: it computes without TensorFlow.
_OF_RECIPES = frozenset({"viterbi_decode"})


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What to write for a symbol: a name of `tf.compat.v1` (`tf.log`), or that of a definition."""

    name: str
    definitions: tuple[str, ...] = ()


def counterpart(name: str, arguments: Sequence[Argument] | None) -> Counterpart | Refused:
    """What a call with these arguments, or a mention, becomes; a refusal if it would not run or not do the same."""
    if name.startswith(_OF_THE_HOST) or name in _WHOLE:
        return Counterpart(name)
    if name in _VERSIONS:
        return _refused(name, "tells another version, and what the program does by it may change")
    if name in _EAGER:
        return _refused(name, "belongs to eager execution, which graphs of TensorFlow 1 know nothing of")
    known = canonical(name)
    rows = _changes().get(known, ())
    for row in rows:
        if not isinstance(found := _by_row(row, known, arguments), Refused):
            return found
    if rows:
        return found
    for spelled in (name, known):
        if (symbol := compat_symbol(spelled)) is not None:
            wrong = _unlike(tf1_symbol(known), symbol, arguments)
            return _refused(name, wrong) if wrong else Counterpart(spelled)
    owner, _, member = known.rpartition(".")
    holder = tf1_symbol(owner)
    if holder is not None and compat_symbol(owner) is not None:
        of_it = holder.kind == "constant" or (holder.kind == "class" and member in holder.members)
        if of_it:
            return Counterpart(known)
    return _refused(name, "has nothing in `tf.compat.v1` that takes its place")


def compat_symbol(name: str) -> Symbol | None:
    """What `tf.compat.v1` gives out under a name with Keras 3; None where it has nothing, or raises."""
    signature = _table().get(name)
    if signature is None:
        return None
    first = tf1_symbol(canonical(name))
    return first if not signature or first is None else described(name, first.kind, signature[1:-1])


def is_compat_module(name: str) -> bool:
    """Whether `tf.compat.v1` has a module of this name, with anything in it that can be used."""
    return any(each.startswith(f"{name}.") for each in _table())


def definitions(names: Sequence[str], tf: str, scoped: bool = False) -> list[Definition]:
    """These definitions, each behind those that it needs, for a module that calls TensorFlow `tf`.

    If they are ``scoped``, layers of `tf.contrib` take arguments from the scopes that are open.
    """
    found: dict[str, Definition] = {}

    def add(name: str) -> None:
        text = _text(name)
        if scoped and name in _SCOPED:
            text = f'@functools.partial({ADD_ARG_SCOPE}, key="{name}")\n{text}'
        for other in _needs(text):
            if other not in found and other != name:
                add(other)
        read = [name for name in _IMPORTS if re.search(rf"\b{name}\.", text)]
        imports = tuple(f"import {_IMPORTS[name]} as {name}" if _IMPORTS[name] else f"import {name}" for name in read)
        found.setdefault(name, Definition(name, re.sub(r"\btf\.", f"{tf}.", text), imports))

    for name in names:
        add(name)
    return list(found.values())


def takes(name: str) -> Symbol | None:
    """How the definition is called that takes the place of a symbol; None where none does."""
    found = next((row.target for row in _changes().get(canonical(name), ()) if row.kind == "defined"), None)
    return None if found is None else _defined(found)


@cache
def members(name: str) -> frozenset[str]:
    """The attributes of a class that is defined for a program, with those that it inherits and sets in itself."""
    node = ast.parse(_text(name)).body[0]
    assert isinstance(node, ast.ClassDef)
    found = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    for part in ast.walk(node):
        match part:
            case ast.Attribute(attr=attribute, ctx=ast.Store()):
                found.add(attribute)
    for line in (part for part in node.body if isinstance(part, ast.Assign)):
        found |= {each.id for each in ast.walk(line) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in definition_names()]
    return frozenset(found).union(*map(members, bases))


def method(name: str, of: str) -> Symbol:
    """How a method is called of a class that is defined for a program."""
    node = ast.parse(_text(of)).body[0]
    assert isinstance(node, ast.ClassDef)
    found = next(each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == name)
    return described(name, "function", ast.unparse(found.args).removeprefix("self").removeprefix(", "))


def takes_from_scopes(name: str, keywords: Sequence[str]) -> bool:
    """Whether a layer of `tf.contrib` takes these arguments from an `arg_scope`."""
    found = counterpart(name, None)
    if not isinstance(found, Counterpart) or found.name not in _SCOPED:
        return False
    return all(_defined(found.name).parameter(keyword) is not None for keyword in keywords)


def rows() -> list[tuple[str, str]]:
    """The symbols that something else takes the place of, each with what does."""
    return [(name, row.target) for name, found in _changes().items() for row in found]


@cache
def definition_names() -> frozenset[str]:
    """All names that a program may be given a definition of."""
    return _OF_RECIPES | {path.name.removesuffix(".py.txt") for path in _DEFINITIONS.iterdir()}


@dataclass(frozen=True, slots=True)
class _Change:
    kind: str
    target: str
    keywords: frozenset[str]


def _by_row(row: _Change, name: str, arguments: Sequence[Argument] | None) -> Counterpart | Refused:
    if row.kind == "is":
        same = arguments is not None and all(argument.keyword in row.keywords for argument in arguments)
        return Counterpart(row.target) if same else _refused(name, "has no place in `tf.compat.v1` for its arguments")
    if row.kind == "like":
        now = compat_symbol(row.target)
        assert now is not None, row.target
        wrong = _unlike(tf1_symbol(name), now, arguments)
        return _refused(name, wrong) if wrong else Counterpart(row.target)
    wrong = _unlike(tf1_symbol(name), _defined(row.target), arguments)
    if not wrong:
        wrong = _of_collections(arguments or ())
    return _refused(name, wrong) if wrong else Counterpart(row.target, (row.target,))


def _unlike(first: Symbol | None, now: Symbol, arguments: Sequence[Argument] | None) -> str:
    """Why a call does not reach the same parameters as before; empty if it does, as far as can be seen."""
    if first is None or arguments is None or first.parameters is None or now.parameters is None or first is now:
        return ""
    count = sum(argument.keyword is None and not argument.star for argument in arguments)
    if first.positional()[:count] != now.positional()[:count]:
        return "takes an argument by place that stands elsewhere, or nowhere, in what takes its place"
    known = {parameter.name for parameter in now.parameters}
    listed = any(argument.star == "*" for argument in arguments)
    named = any(argument.star == "**" for argument in arguments)
    if (listed and now.positional()[: len(first.positional())] != first.positional()) or (
        named and not known.issuperset(parameter.name for parameter in first.parameters)
    ):
        return "gets its arguments from a list or dict, and what takes its place has others"
    given = {argument.keyword for argument in arguments} | set(first.positional()[:count])
    for parameter in now.parameters if not any(argument.star for argument in arguments) else ():
        could = first.parameter(parameter.name)
        optional = first.accepts_any("var_keyword") if could is None else could.default is not None
        if parameter.kind == "keyword" and parameter.default is None and optional and parameter.name not in given:
            return f"is given no `{parameter.name}`, without which what takes its place cannot do the same"
    wrong = misfit_of(now, arguments)
    if wrong:
        return wrong
    for parameter in first.parameters:
        other = now.parameter(parameter.name)
        if parameter.name not in given and other is not None and not _alike(parameter.default, other.default):
            return f"has another default for `{parameter.name}`"
    return ""


def _alike(one: str | None, other: str | None) -> bool:
    """Whether two defaults may be one: what is no plain value is not compared."""
    if one == other or "..." in (one, other):
        return True
    try:
        return bool(ast.literal_eval(str(one)) == ast.literal_eval(str(other)))
    except ValueError:
        return True


def _of_collections(arguments: Sequence[Argument]) -> str:
    for argument in arguments:
        if argument.keyword in _OF_COLLECTIONS:
            return f"gets `{argument.keyword}`, which nothing that takes its place has"
    return ""


def _refused(name: str, why: str) -> Refused:
    return Refused(f"`{name}` {why}", "Rewrite it with what `tf.compat.v1` has", "TFM101")


@cache
def _changes() -> dict[str, tuple[_Change, ...]]:
    found: dict[str, tuple[_Change, ...]] = {}
    for line in (_DATA / "compat_changes.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, kind, rest = line.split("\t")
        target, *keywords = rest.split()
        assert tf1_exists(name), name
        found[name] = (*found.get(name, ()), _Change(kind, target, frozenset(keywords)))
    return found


@cache
def _table() -> dict[str, str]:
    lines = (_DATA / "compat_v1.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {name: signature for name, _, signature in (line.partition("\t") for line in lines)}


@cache
def _defined(name: str) -> Symbol:
    """A definition as a symbol: how it is called."""
    node = ast.parse(_text(name)).body[0]
    if isinstance(node, ast.FunctionDef):
        return described(name, "function", ast.unparse(node.args))
    assert isinstance(node, ast.ClassDef)
    made = next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)
    if made is None:  # a named tuple
        return Symbol(name, "class", None)
    return described(name, "class", ast.unparse(made.args).removeprefix("self").removeprefix(", "))


@cache
def _text(name: str) -> str:
    if name in _OF_RECIPES:
        return recipe_text(name)
    return (_DEFINITIONS / f"{name}.py.txt").read_text(encoding="utf-8")


def _needs(text: str) -> list[str]:
    """The definitions that a text reads, in the order in which it names them."""
    names = [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    return [name for name in dict.fromkeys(names) if name in definition_names()]
