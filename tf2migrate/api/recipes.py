"""The classes and functions that a rewrite adds where no part of Keras has the numbers of TensorFlow 1.

Their texts are data, in `recipe_texts/`, written with `tf` for TensorFlow. A text's name is the name that it
defines, in snake case; a module can hold any selection, because a name always stands for the same text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tf2migrate.api.calls_model import Definition


def recipe(
    text_name: str, *, tf: str, renamed: Mapping[str, str] | None = None, imports: tuple[str, ...] = ()
) -> Definition:
    """The recipe with this text, some of its words replaced, for a module that calls TensorFlow `tf`."""
    return definition(recipe_text(text_name), tf=tf, renamed=renamed, imports=imports)


def definition(
    text: str, *, tf: str, renamed: Mapping[str, str] | None = None, imports: tuple[str, ...] = ()
) -> Definition:
    """A definition from a text that holds one top-level class or function."""
    for word, replacement in (renamed or {}).items():
        text = re.sub(rf"\b{word}\b", lambda _, by=replacement: by, text)  # type: ignore[misc]
    text = re.sub(r"\btf\.", f"{tf}.", text)
    match = re.match(r"(?:class|def) (\w+)", text)
    if match is None:
        raise ValueError(f"no class or function at the start of the recipe: {text[:40]!r}")
    return Definition(match[1], text, imports)


@cache
def recipe_text(text_name: str) -> str:
    """The text as it is stored."""
    return files("tf2migrate.api").joinpath(f"recipe_texts/{text_name}.py.txt").read_text(encoding="utf-8")
