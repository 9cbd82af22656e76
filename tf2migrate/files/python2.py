"""Recognises source text that only Python 2 can parse."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPERAND = r"(?!(?:in|is|and|or|if|else|not\s+in|for|as)\b)"
_START = r"(?:^|[;:])[ \t\f]*"
_NAMES = r"\(\s*\w+\s*(?:,\s*\w+\s*)*,?\s*\)"

# What only Python 2 accepts, in text whose strings and comments are blank. The group marks the place.
_CONSTRUCTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a print statement", re.compile(rf"{_START}(print)(?:[ \t]+{_OPERAND}[\w\"'{{`~]|[\"'`])", re.M)),
    ("`except Error, name`", re.compile(rf"{_START}(except)\b[^:\n]*,\s*(?:[\w.]+|{_NAMES})\s*:", re.M)),
    ("an exec statement", re.compile(rf"{_START}(exec)(?:[ \t]+{_OPERAND}[\w\"'`]|[\"'`])", re.M)),
    (
        "`raise Error, value`",
        re.compile(rf"{_START}(raise)[ \t]+(?:[\w.]|\[[^\]\n]*\]|\([^()\n]*\))+[ \t]*,", re.M),
    ),
    ("backticks for repr()", re.compile(r"(`)[^`\n]+`")),
    ("the operator `<>`", re.compile(r"(<>)")),
    ("a string with the prefix `ur`", re.compile(r"(?<!\w)([uU][rR])[\"']")),
    ("an octal number without `0o`", re.compile(r"(?<![\w.])(?<![eE][-+])(0+[1-7][0-7]*)(?![\w.])")),
    ("a long integer with the suffix `L`", re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]+[lL]|\d+[lL])(?!\w)")),
    (
        "a lambda that unpacks its argument",
        re.compile(rf"\b(lambda)[ \t]*(?:[\w \t,*]+,[ \t]*)?{_NAMES}[ \t]*[,:]"),
    ),
    ("a parameter that is a tuple", re.compile(rf"\bdef\s+\w+\s*\((?:[^()]*,)?\s*({_NAMES})\s*[,)=]")),
)

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>(?P<quote>\"{3}|'{3}|\"|'))
    |(?P<continued>\\\n)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Python2:
    """A construct that Python 3 rejects, and where it is; line and column count from 1."""

    construct: str
    line: int
    column: int


def is_python2(text: str) -> Python2 | None:
    """The first construct that only Python 2 has, or None. Ask only about a text that does not parse."""
    code = _without_strings_and_comments(text)
    found = []
    for construct, pattern in _CONSTRUCTS:
        match = pattern.search(code)
        if match:
            found.append((match.start(1), construct))
    if not found:
        return None
    start, construct = min(found)
    return Python2(construct, code.count("\n", 0, start) + 1, start - code.rfind("\n", 0, start))


def _without_strings_and_comments(text: str) -> str:
    """The text with blanks for what is in strings and comments; every character keeps its line and column.

    ``tokenize`` cannot do this: it gives up at the first thing that it does not know.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    pieces: list[str] = []
    position = 0
    while match := _TOKEN.search(text, position):
        pieces.append(text[position : match.start()])
        if match["comment"] is not None:
            position = match.end()
            pieces.append(" " * len(match[0]))
        elif match["continued"] is not None:
            position = match.end()
            pieces.append(" \n")
        else:
            end, position = _end_of_string(text, match.end(), match["quote"])
            inside = re.sub(r"[^\n]", " ", text[match.end() : end])
            pieces += [match["quote"], inside, text[end:position]]
    pieces.append(text[position:])
    return "".join(pieces)


def _end_of_string(text: str, start: int, quote: str) -> tuple[int, int]:
    """Where the string whose opening quote ends at ``start`` ends, before and after its closing quote.

    A string that is never closed ends with its line, or with the file if its quote is a triple one.
    """
    stop = re.compile(rf"\\.|{quote}" + ("" if len(quote) == 3 else r"|\n"), re.DOTALL)
    position = start
    while match := stop.search(text, position):
        if match[0] == quote:
            return match.span()
        if match[0] == "\n":
            return match.start(), match.start()
        position = match.end()
    return len(text), len(text)
