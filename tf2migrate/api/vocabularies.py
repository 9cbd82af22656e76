"""The vocabularies of `tf.contrib.learn.preprocessing`: host code that left with `tf.contrib`."""

from __future__ import annotations

from collections.abc import Sequence

from tf2migrate.api.call_site import bind
from tf2migrate.api.calls_model import Argument, Call, Definition, Refused
from tf2migrate.api.recipes import recipe
from tf2migrate.api.symbols import Parameter, Symbol

_PACKAGES = (
    "tf.contrib.learn.preprocessing.",
    "tf.contrib.learn.python.learn.preprocessing.text.",
    "tf.contrib.learn.python.learn.preprocessing.categorical_vocabulary.",
)
_SYMBOLS = {
    "VocabularyProcessor": Symbol(
        "VocabularyProcessor",
        "class",
        (
            Parameter("max_document_length", "positional"),
            Parameter("min_frequency", "positional", "0"),
            Parameter("vocabulary", "positional", "None"),
            Parameter("tokenizer_fn", "positional", "None"),
        ),
    ),
    "VocabularyProcessor.restore": Symbol(
        "VocabularyProcessor.restore", "function", (Parameter("filename", "positional"),)
    ),
    "CategoricalVocabulary": Symbol(
        "CategoricalVocabulary",
        "class",
        (
            Parameter("unknown_token", "positional", "'<UNK>'"),
            Parameter("support_reverse", "positional", "True"),
        ),
    ),
}


def vocabulary_name(name: str) -> str | None:
    """What a symbol is called within its package, if it is of a vocabulary."""
    for package in _PACKAGES:
        rest = name.removeprefix(package)
        if rest != name and rest in _SYMBOLS:
            return rest
    return None


def vocabulary(name: str, arguments: Sequence[Argument], *, tf: str) -> Call | Refused:
    """The call of the class that the module holds itself."""
    own = vocabulary_name(name) or ""
    site = bind(name, _SYMBOLS[own], arguments, tf)
    if isinstance(site, Refused):
        return site
    given = ", ".join(f"{a.keyword}={a.text}" if a.keyword else a.text for a in arguments)
    return Call(f"{own}({given})", _definitions(own, tf))


def _definitions(own: str, tf: str) -> tuple[Definition, ...]:
    words = recipe("categorical_vocabulary", tf=tf, imports=("import collections",))
    if own == words.name:
        return (words,)
    imports = ("import pickle", "import re", "import numpy as np")
    return (words, recipe("vocabulary_processor", tf=tf, imports=imports))
