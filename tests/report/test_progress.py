"""The sign of life shows up late and leaves no trace."""

from __future__ import annotations

import time

import pytest

from tf2migrate.report import progress
from tf2migrate.report.progress import Progress


def test_nothing_in_the_first_second() -> None:
    written: list[str] = []
    with Progress(written.append) as bar:
        bar.phase("reading", 2)
        bar.advance()
    assert written == []


def test_bar_and_clean_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.01)
    monkeypatch.setattr(progress, "_INTERVAL", 0.01)
    written: list[str] = []
    with Progress(written.append) as bar:
        bar.phase("reading", 4)
        bar.advance()
        while not written:
            time.sleep(0.005)
        bar.phase("migrating 4 files")
        while "migrating" not in written[-1]:
            time.sleep(0.005)
    assert "[######------------------] 1/4 reading" in written[0]
    assert written[-1] == "\r\x1b[K"


def test_silent_without_a_terminal() -> None:
    with Progress(None) as bar:
        bar.phase("reading", 1)


def test_a_closed_terminal_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.01)
    calls = []

    def write(text: str) -> None:
        calls.append(text)
        raise BrokenPipeError

    with Progress(write):
        while len(calls) < 2:
            time.sleep(0.005)
