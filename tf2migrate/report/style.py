"""Colours of a terminal, and text that a terminal can safely show."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_RESET = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Style:
    """Paints text, or leaves it plain when ``enabled`` is false."""

    enabled: bool = False

    def bold(self, text: str) -> str:
        """For what names a place."""
        return self._painted(text, "1")

    def red(self, text: str) -> str:
        """For codes, carets and removed lines."""
        return self._painted(text, "31")

    def green(self, text: str) -> str:
        """For what was achieved and added lines."""
        return self._painted(text, "32")

    def cyan(self, text: str) -> str:
        """For hunk headers, hints and rulers."""
        return self._painted(text, "36")

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.enabled and text else text


PLAIN = Style()


def visible(text: str) -> str:
    """The text with control characters and odd bytes of file names replaced: none may steer the terminal."""
    return "".join(character if _is_shown(character) else _placeholder(character) for character in text)


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(_columns(character) for character in text)


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _placeholder(character: str) -> str:
    return " " if character in "\t\f\v" else "\ufffd"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
