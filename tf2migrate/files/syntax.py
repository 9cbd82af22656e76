"""Whether Python can parse a text, and if not, why and what a person should do."""

from __future__ import annotations

import ast
import re
import sys
import warnings

from tf2migrate.files.problem import SourceProblem
from tf2migrate.files.python2 import is_python2

_LINE_END = re.compile(r"\r\n|\r|\n")
_MAGIC = re.compile(r"[ \t]*(?:%%?[a-zA-Z]\w*|!\s*\S|\?{1,2}\w)")
_CONFLICT = re.compile(r"(?:<{7}|>{7}) ")
_FORMER_NAME = re.compile(r"\b(async|await)\s*(?:=|,|\)|\.|:)")


def check_syntax(name: str, text: str) -> None:
    """Raises ``SourceProblem`` with the line and the reason if Python cannot parse the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in strings are the user's own business
            ast.parse(text)
    except SyntaxError as error:
        raise _problem(name, text, error) from error
    except (RecursionError, MemoryError) as error:
        advice = "split the deepest expression"
        raise SourceProblem(
            name, 1, "TFM001", "the code is nested too deeply to parse", advice, text=text
        ) from error
    except ValueError as error:  # such as an integer literal with thousands of digits
        raise SourceProblem(name, 1, "TFM001", str(error), "correct the source first", text=text) from error


def _problem(name: str, text: str, error: SyntaxError) -> SourceProblem:
    """The most helpful account of a syntax error: a known cause first, Python's own words otherwise."""
    lines = _LINE_END.split(text)
    for number, line in enumerate(lines, 1):
        if _CONFLICT.match(line):
            advice = "resolve the merge first"
            return SourceProblem(name, number, "TFM001", "a merge conflict marker", advice, text=text)
    found = is_python2(text)
    if found is not None:
        message = f"Python 2 source: {found.construct}"
        advice = (
            "make it Python 3 first, for instance with 2to3 or python-modernize, and look over the result"
        )
        return SourceProblem(name, found.line, "TFM002", message, advice, column=found.column, text=text)
    number, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
    line = lines[min(number, len(lines)) - 1]
    if _MAGIC.match(line):
        message = f"`{line.strip()}` is a command of a notebook, not Python"
        return SourceProblem(
            name, number, "TFM001", message, "delete the line or make it a comment", text=text
        )
    return SourceProblem(
        name, number, "TFM001", _reason(error), _advice(error, line), column=column, text=text
    )


def _reason(error: SyntaxError) -> str:
    reason, _, hint = (error.msg or "invalid syntax").partition(". ")
    return reason.rstrip(".") + (f" ({hint[0].lower()}{hint[1:].rstrip('.')})" if hint else "")


def _advice(error: SyntaxError, line: str) -> str:
    if isinstance(error, TabError):
        return "Python 2 took a tab for eight columns: replace the tabs with spaces"
    former = _FORMER_NAME.search(line)
    if former:
        return f"`{former[1]}` is a keyword since Python 3.7: use another name"
    return (
        f"correct the source first; it was read as Python {sys.version_info.major}.{sys.version_info.minor}"
    )
