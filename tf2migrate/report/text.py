"""Findings as text: where, what, the line itself with a caret, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tf2migrate.findings import Finding
from tf2migrate.report.style import PLAIN, Style, visible, width

_LINE_END = re.compile(r"\r\n|\r|\n")
_SHOWN_WIDTH = 160
_ABOUT_THE_FILE = {"TFM004", "TFM005"}


def concise(findings: Sequence[Finding], style: Style = PLAIN) -> str:
    """One line for each finding."""
    return "".join(f"{_headline(finding, style)}\n" for finding in findings)


def full(findings: Sequence[Finding], texts: Mapping[str, str], style: Style = PLAIN) -> str:
    """Each finding with its line of source; ``texts`` gives the text of a file by its path."""
    lines = {path: _LINE_END.split(texts[path]) for path in {finding.path for finding in findings} if path in texts}
    return "".join(_block(finding, lines.get(finding.path, []), style) for finding in findings)


def _headline(finding: Finding, style: Style) -> str:
    place = f"{style.bold(visible(finding.path))}:{finding.line}:{finding.column}:"
    mark = f" [{style.cyan('*')}]" if finding.fixed else ""
    return f"{place} {style.red(finding.code)}{mark} {visible(finding.message)}"


def _block(finding: Finding, lines: Sequence[str], style: Style) -> str:
    shown = [_headline(finding, style)]
    margin = ""
    shows_line = 1 <= finding.line <= len(lines) and finding.code not in _ABOUT_THE_FILE
    if shows_line and lines[finding.line - 1].strip():
        number = str(finding.line)
        margin = " " * len(number)
        source, caret = _excerpt(lines[finding.line - 1], finding.column)
        bar = style.cyan("|")
        shown += [
            f"{margin} {bar}",
            f"{style.cyan(number)} {bar} {source}",
            f"{margin} {bar} {style.red(caret)}",
        ]
    if finding.advice:
        shown.append(
            f"{margin} {style.cyan('=')} help: {visible(finding.advice)}"
            if margin
            else f"  help: {visible(finding.advice)}"
        )
    return "\n".join(shown) + "\n\n"


def _excerpt(line: str, column: int) -> tuple[str, str]:
    """The line as it can be shown, and the caret that belongs under it."""
    index = max(0, min(column - 1, len(line)))
    before, after = visible(line[:index].expandtabs(4)), visible(line[index:].expandtabs(4))
    if width(before) >= _SHOWN_WIDTH:
        before = "..." + before[-_SHOWN_WIDTH // 2 :]
    word = re.match(r"[\w.]+", after)
    caret = " " * width(before) + "^" * (width(word[0]) if word else 1)
    return (before + after)[:_SHOWN_WIDTH].rstrip(), caret[:_SHOWN_WIDTH]
