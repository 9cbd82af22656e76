"""A sign of life for runs that take longer than a second."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType

_PATIENCE = 1.0
_INTERVAL = 0.1
_CELLS = 24
_CLEAR = "\r\x1b[K"


class Progress:
    """Draws one line again and again while the work inside its ``with`` block goes on.

    Nothing is drawn before a second has passed, and the line is removed at the end. ``write`` gets
    pieces of text for a terminal; ``None`` draws nothing at all.
    """

    def __init__(self, write: Callable[[str], None] | None) -> None:
        self._write = write
        self._label = ""
        self._done = 0
        self._total: int | None = None
        self._drawn = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def phase(self, label: str, total: int | None = None) -> None:
        """What is being done now; with a ``total``, ``advance`` fills a bar."""
        self._label, self._done, self._total = label, 0, total

    def advance(self) -> None:
        """One more of the total is done."""
        self._done += 1

    def __enter__(self) -> Progress:
        if self._write:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._write:
            self._thread.join()
            if self._drawn:
                self._put(_CLEAR)

    def _draw(self) -> None:
        start = time.monotonic()
        delay = _PATIENCE
        while not self._stop.wait(delay):
            self._put(_CLEAR + self._line(time.monotonic() - start))
            self._drawn = True
            delay = _INTERVAL

    def _put(self, text: str) -> None:
        if self._write:
            with contextlib.suppress(OSError):  # nobody is looking any more
                self._write(text)

    def _line(self, seconds: float) -> str:
        if self._total:
            full = _CELLS * self._done // self._total
            bar = "#" * full + "-" * (_CELLS - full)
            return f"[{bar}] {self._done}/{self._total} {self._label}"
        return f"{self._label} ({seconds:.0f} s)"
