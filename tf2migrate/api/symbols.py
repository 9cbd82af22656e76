"""The public APIs of TensorFlow 1.15 and TensorFlow 2, and what became of each symbol of the one in the other.

`scripts/dump_signatures.py` writes the tables, from what both show of themselves.
Every name here is dotted and begins with `tf.`, whatever alias a file uses. One TF1 object has many names
(`tf.log`, `tf.math.log`); `canonical` gives the one under which the other tables know it: the shortest, and
one outside of contrib where there is one.
"""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

_DATA = Path(__file__).parent / "data"
_KINDS: dict[str, Kind] = {"f": "function", "c": "class", "k": "constant", "m": "module"}

Kind = Literal["function", "class", "constant", "module"]
ParameterKind = Literal["positional", "keyword", "var_positional", "var_keyword"]


class Fate(enum.Enum):
    """What became of a TF1 symbol, by what can be seen of both TensorFlows."""

    SAME = "="  # TensorFlow 2 has the very object
    ALIKE = "~"  # another one with the same parameters
    CHANGED = "!"  # another one with other parameters
    GONE = "-"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `default` is source text, None if it is required, `...` if it is no plain value."""

    name: str
    kind: ParameterKind
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Symbol:
    """A public name: what it is, its parameters (None if Python cannot tell), the attributes of a class."""

    name: str
    kind: Kind
    parameters: tuple[Parameter, ...] | None
    members: tuple[str, ...] = ()
    value: str = ""

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((each for each in self.parameters or () if each.name == name), None)

    def positional(self) -> tuple[str, ...]:
        """The names of the parameters that can be given by place, in order."""
        return tuple(each.name for each in self.parameters or () if each.kind == "positional")

    def accepts_any(self, kind: ParameterKind) -> bool:
        """Whether the signature has `*args` or `**kwargs`."""
        return any(each.kind == kind for each in self.parameters or ())


# Another way to the modules of Keras, as far as it has them: the objects are the same in 1.15.
CONTRIB_KERAS = "tf.contrib.keras."


def canonical(name: str) -> str:
    """The name under which the tables know the TF1 object; `name` itself where nothing is known.

    Holds for members too (`tf.contrib.data.Dataset.map` follows `tf.contrib.data.Dataset`), and for the
    modules below `tf.python` and `tf.contrib.*.python` from which people import what the public API also
    offers.
    """
    if name.startswith(CONTRIB_KERAS):
        name = "tf.keras." + name.removeprefix(CONTRIB_KERAS)
    return _follow(name, "tf1_aliases.tsv", _lines("tf1_symbols.tsv"))


def canonical2(name: str) -> str:
    """As `canonical`, for TensorFlow 2."""
    return _follow(name, "tf2_aliases.tsv", _lines("tf2_symbols.tsv"))


def tf1_symbol(name: str) -> Symbol | None:
    """The TF 1.15 symbol that `name` names, under its canonical name."""
    return _symbol(canonical(name), "tf1_symbols.tsv")


def tf2_symbol(name: str) -> Symbol | None:
    """The native TensorFlow 2 symbol (nothing below `tf.compat`) that `name` names."""
    return _symbol(canonical2(name), "tf2_symbols.tsv")


def tf2_exists(name: str) -> bool:
    """Whether native TensorFlow 2 has something under that name, or a class there has such an attribute."""
    if tf2_symbol(name) is not None:
        return True
    owner, _, member = name.rpartition(".")
    symbol = tf2_symbol(owner) if owner else None
    return symbol is not None and member in symbol.members


def tf1_exists(name: str) -> bool:
    """As `tf2_exists`, for TensorFlow 1.15."""
    if tf1_symbol(name) is not None:
        return True
    owner, _, member = name.rpartition(".")
    symbol = tf1_symbol(owner) if owner else None
    return symbol is not None and member in symbol.members


def fate(name: str) -> tuple[Fate, str] | None:
    """What the two TensorFlows show of a TF1 symbol, and its name in TensorFlow 2; None for what is none."""
    known = canonical(name)
    row = _lines("tf1_symbols.tsv").get(known)
    if row is None:
        return None
    word = row.split("\t", 2)[1]
    return Fate(word[0]), word[1:] or known


def same_object(name: str) -> str | None:
    """The TF2 name of what TensorFlow 2 itself still offers as `tf.compat.v1.<name>`, if it is one object."""
    known = fate(name)
    return known[1] if known is not None and known[0] is Fate.SAME else None


def private_in_tf2(name: str) -> str | None:
    """The TF2 function that TF 1.15 already had under this name below `tf.python`."""
    return _alias(name, "tf1_private.tsv")


def spelled_in_tf2(name: str, target: str) -> str:
    """`name` where TensorFlow 2 has the same object under it as under `target`, else `target`."""
    return name if tf2_exists(name) and canonical2(name) == canonical2(target) else target


def all_tf1_names() -> tuple[str, ...]:
    """The canonical names of all TF 1.15 symbols that the table holds."""
    return tuple(_lines("tf1_symbols.tsv"))


def all_tf2_names() -> tuple[str, ...]:
    """The canonical names of all TensorFlow 2 symbols that the table holds."""
    return tuple(_lines("tf2_symbols.tsv"))


def _follow(name: str, file: str, symbols: dict[str, str]) -> str:
    if name in symbols:
        return name
    target = _alias(name, file)
    if target is not None:
        return target
    owner, _, last = name.rpartition(".")
    if ".python." in name and name.startswith("tf.contrib."):
        public = ".".join([*name.split(".")[:3], last])
        known = _alias(public, file) or (public if public in symbols else None)
        if known is not None:
            return known
    if not owner or owner == "tf":
        return name
    followed = _follow(owner, file, symbols)
    if followed == owner:
        return name
    deeper = f"{followed}.{last}"
    return _alias(deeper, file) or deeper


@cache
def table_lines(file: str) -> list[str]:
    """The lines of a table of data, without its heading."""
    return (_DATA / file).read_text(encoding="utf-8").splitlines()[1:]


@cache
def _lines(file: str) -> dict[str, str]:
    """Symbol -> the rest of its line; taken apart only when somebody asks for it."""
    rows: dict[str, str] = {}
    for line in table_lines(file):
        name, _, rest = line.partition("\t")
        rows[name] = rest
    return rows


@cache
def _alias(name: str, file: str) -> str | None:
    """The target of one alias; the line of its module is not taken apart for it."""
    module, _, last = name.rpartition(".")
    rest = f" {_lines(file).get(module, '')} "
    _, found, after = rest.partition(f" {last}=")
    return after.partition(" ")[0] if found and last else None


@cache
def _symbol(name: str, file: str) -> Symbol | None:
    rest = _lines(file).get(name)
    if rest is None:
        return None
    letter, *columns = rest.split("\t")
    if file == "tf1_symbols.tsv":
        del columns[0]  # the fate
    signature, members, *_ = [*columns, "", ""]
    kind = _KINDS[letter]
    if kind in ("constant", "module"):
        return Symbol(name, kind, None, (), signature)
    return Symbol(name, kind, _parameters(signature), tuple(members.split()))


def described(name: str, kind: Kind, signature: str) -> Symbol:
    """A symbol with the parameters that stand between the parentheses of a `def`."""
    return Symbol(name, kind, _parameters(signature))


def _parameters(signature: str) -> tuple[Parameter, ...] | None:
    if signature == "?":
        return None
    head = ast.parse(f"def f({signature}): ...").body[0]
    assert isinstance(head, ast.FunctionDef)
    arguments = head.args
    places = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(places) - len(arguments.defaults))
    defaults.extend(arguments.defaults)
    found = [Parameter(p.arg, "positional", _text(d)) for p, d in zip(places, defaults, strict=True)]
    if arguments.vararg:
        found.append(Parameter(arguments.vararg.arg, "var_positional"))
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(Parameter(parameter.arg, "keyword", _text(default)))
    if arguments.kwarg:
        found.append(Parameter(arguments.kwarg.arg, "var_keyword"))
    return tuple(found)


def _text(default: ast.expr | None) -> str | None:
    return None if default is None else ast.unparse(default)
