"""What to tell about one use of a TF1 symbol: nothing where TensorFlow 2 means the same by it, else what replaces it.

The rewrite asks what a use becomes; this asks whether it may stay, for programs that are read and not rewritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tf2migrate.api.calls import rewrite_call, rewrite_reference
from tf2migrate.api.calls_model import Argument, Call, Kept, Refused
from tf2migrate.api.changes import refusal, refused_by_name, replaced_by
from tf2migrate.api.flags import absl_name
from tf2migrate.api.initializers import initializer_reference, is_initializer
from tf2migrate.api.regularizers import is_regularizer, regularizer
from tf2migrate.api.replacements import Kind, Replacement
from tf2migrate.api.symbols import (
    Fate,
    Symbol,
    canonical,
    fate,
    private_in_tf2,
    tf1_exists,
    tf1_symbol,
    tf2_exists,
    tf2_symbol,
)

# Parts of TensorFlow 1 that are more than its public symbols; the tables have rows for their beginnings.
OUTSIDE = ("tf.contrib.", "tf.examples.", "tf.python.", "tf.core.", "tf.models.")
# Parts of Keras whose defaults decide nothing that a model computes.
_AROUND = ("tf.keras.callbacks.", "tf.keras.utils.", "tf.keras.preprocessing.", "tf.keras.datasets.")
_NO_NUMBER = (None, "None", "...", "'auto'")
_LONGEST = 72  # of a call that is worth writing out in an advice
_STRUCTURE = frozenset({Kind.ARGUMENT, Kind.ATTRIBUTE, Kind.FUNCTION, Kind.LOOP, Kind.OWN, Kind.DROPPED})
_WITHOUT = "Call it without what TensorFlow 2 does not take, if that changes nothing"
_LAMBDA = Replacement(Kind.BY_HAND, "Write a lambda that calls it")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a use. Unless it is ``certain``, the use would be right in a program of TensorFlow 2."""

    code: str
    message: str
    replacement: Replacement
    certain: bool


def known_part(name: str) -> str:
    """The symbol that a dotted name leads to, without the attributes of what it stands for (`tf.flags.FLAGS.rate`)."""
    parts = name.split(".")
    for end in range(len(parts), 1, -1):
        found = ".".join(parts[:end])
        if found.startswith(OUTSIDE) or tf1_exists(found) or tf2_exists(found) or refused_by_name(found):
            return found
    return name


def verdict(name: str, arguments: Sequence[Argument] | None = None) -> Verdict | None:
    """The verdict on a call with these arguments, or on a mention; None where the use may stay."""
    if not tf2_exists(name):
        return _gone(name, arguments)
    if not tf1_exists(name):
        return None
    return _mentioned(name) if arguments is None else _called(name, arguments)


def _gone(name: str, arguments: Sequence[Argument] | None) -> Verdict | None:
    """On a name that TensorFlow 2 does not have."""
    if name == "tf" or name.startswith("tf.compat."):
        return None
    replacement = replaced(name, arguments)
    if replacement is None:
        message = f"`{name}` is neither in TensorFlow 1.15 nor in TensorFlow 2"
        unknown = Verdict("TFM101", message, Replacement(Kind.BY_HAND, "Check the name"), certain=False)
        return None if "__" in name else unknown
    if name.startswith("tf.contrib."):
        code = "TFM102"
    elif name.startswith(OUTSIDE):
        code = "TFM103"
    else:
        code = "TFM100" if replacement.kind in _STRUCTURE else "TFM101"
    return Verdict(code, f"`{name}` is not part of TensorFlow 2", replacement, certain=True)


def replaced(name: str, arguments: Sequence[Argument] | None = None) -> Replacement | None:
    """What takes the place of a symbol that TensorFlow 2 does not have; None for what TensorFlow 1 never had either."""
    flag = absl_name(name)
    if flag is not None:
        return Replacement(Kind.PACKAGE, f"`{flag}` of absl")
    row = replaced_by(canonical(name))
    if row is not None and row.kind is Kind.BECAME:
        return row
    if not (tf1_exists(name) or name.startswith(OUTSIDE) or row is not None):
        return None
    native = _native(name, arguments)
    if isinstance(native, str):
        return Replacement(Kind.RENAMED, native)
    if isinstance(native, Call) and (row is None or not native.definitions):
        return _written(native)
    known = fate(name)
    if row is None and known is not None and known[0] is Fate.SAME:
        return Replacement(Kind.RENAMED, known[1])
    return row or _LAMBDA


def _native(name: str, arguments: Sequence[Argument] | None) -> Call | Kept | Refused | str:
    if arguments is None:
        return rewrite_reference(name)
    if is_initializer(name):
        return initializer_reference(name, arguments, tf="tf", shared=True)
    if is_regularizer(name):
        return regularizer(name, arguments, tf="tf")
    return rewrite_call(name, arguments)


def _written(call: Call) -> Replacement:
    if call.definitions:
        return Replacement(Kind.DEFINED, call.text.partition("(")[0])
    short = len(call.text) <= _LONGEST and "\n" not in call.text
    return Replacement(Kind.WRITTEN, call.text if short else f"{call.text.partition('(')[0]}(...)")


def _called(name: str, arguments: Sequence[Argument]) -> Verdict | None:
    """On a call of a name that both TensorFlows have."""
    first = tf1_symbol(name)
    wrong = misfit(name, arguments)
    if not wrong and first is not None and misfit_of(first, arguments):
        return None  # only TensorFlow 2 takes these arguments
    known = fate(name)
    same = known is not None and known[0] is Fate.SAME
    native = Kept() if same or is_initializer(name) else rewrite_call(name, arguments)
    if isinstance(native, Call):
        means = "may mean" if native.definitions else "means"
        told = f"`{name}` {wrong or f'{means} something else by this call in TensorFlow 2'}"
        return Verdict("TFM201" if wrong else "TFM301", told, _written(native), certain=bool(wrong))
    if wrong:
        row = replaced_by(canonical(name))
        advice = row if row is not None and row.kind is not Kind.STAYS else Replacement(Kind.BY_HAND, _WITHOUT)
        return Verdict("TFM201", f"`{name}` {wrong}", advice, certain=True)
    if isinstance(native, Refused) and native.code.startswith("TFM3"):
        return Verdict(native.code, native.reason, Replacement(Kind.BY_HAND, native.advice), certain=False)
    return None if same else _changed_meaning(name) or _changed_default(name, arguments)


def _mentioned(name: str) -> Verdict | None:
    """On a mention of a name that both TensorFlows have."""
    known = fate(name)
    if known is None or known[0] is not Fate.CHANGED or isinstance(rewrite_reference(name), Kept):
        return None if known is None or known[0] is Fate.SAME else _changed_meaning(name)
    symbol, second, other = tf1_symbol(name), tf2_symbol(name), _changed_meaning(name)
    if other is not None or symbol is None or second is None or symbol.kind != "function":
        return other
    if symbol.positional()[:2] == second.positional()[:2]:
        return None
    message = f"`{name}` takes other arguments in TensorFlow 2"
    return Verdict("TFM201", message, _LAMBDA, certain=False)


def _changed_meaning(name: str) -> Verdict | None:
    """On what has a row of its own, although TensorFlow 2 has something under the name."""
    row, why = replaced_by(canonical(name)), refusal(canonical(name), name)
    if row is None or why is None or row.kind is Kind.STAYS or name.startswith("tf.keras."):
        return None
    return Verdict("TFM302", why.reason, row, certain=False)


def _changed_default(name: str, arguments: Sequence[Argument]) -> Verdict | None:
    """On a call that leaves out what has another default now."""
    first, second = tf1_symbol(name), tf2_symbol(name)
    if first is None or second is None or name.startswith(_AROUND):
        return None
    places = [argument for argument in arguments if argument.keyword is None]
    given = {argument.keyword for argument in arguments} | set(first.positional()[: len(places)])
    for parameter in first.parameters or ():
        now = second.parameter(parameter.name)
        old = parameter.default
        if parameter.name in given or parameter.name == "name" or now is None:
            continue
        if old not in _NO_NUMBER and now.default not in (*_NO_NUMBER, old) and not _equal(old, now.default):
            message = f"`{name}` takes {now.default} for `{parameter.name}` if it is not given, and took {old}"
            advice = Replacement(Kind.BY_HAND, f"Write `{parameter.name}={old}`")
            return Verdict("TFM301", message, advice, certain=False)
    return None


def misfit(name: str, arguments: Sequence[Argument]) -> str:
    """Why TensorFlow 2 does not take these arguments for what it has under the name; empty if it does."""
    symbol = tf2_symbol(name)
    return "" if symbol is None else misfit_of(symbol, arguments)


def _equal(one: str | None, other: str | None) -> bool:
    """Whether two defaults are one number."""
    try:
        return bool(float(one or "") == float(other or ""))
    except ValueError:
        return False


def misfit_of(symbol: Symbol, arguments: Sequence[Argument]) -> str:
    """Why TensorFlow 2 does not take the arguments of a call; empty if it does, as far as can be seen."""
    if symbol.kind not in ("function", "class") or symbol.parameters is None:
        return ""
    starred = any(argument.star for argument in arguments)
    places = symbol.positional()
    count = sum(argument.keyword is None and not argument.star for argument in arguments)
    if count > len(places) and not symbol.accepts_any("var_positional"):
        return f"takes no more than {len(places)} arguments by place in TensorFlow 2"
    given = set(places[:count])
    for argument in arguments:
        if argument.keyword is None:
            continue
        if symbol.parameter(argument.keyword) is None and not symbol.accepts_any("var_keyword"):
            return f"has no argument `{argument.keyword}` in TensorFlow 2"
        if argument.keyword in given:
            return f"takes `{argument.keyword}` at another place in TensorFlow 2"
        given.add(argument.keyword)
    needed = [p.name for p in symbol.parameters if p.default is None and p.kind in ("positional", "keyword")]
    lacking = [] if starred else [name for name in needed if name not in given]
    return f"needs the argument `{lacking[0]}` in TensorFlow 2" if lacking else ""


def private_use(name: str) -> Verdict:
    """On the use of a public symbol by way of TensorFlow's own files."""
    target = private_in_tf2(name) or name
    message = f"`{target}` is imported from a private module of TensorFlow"
    return Verdict("TFM103", message, Replacement(Kind.RENAMED, target), certain=False)
