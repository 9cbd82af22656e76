"""The one error that a user's file can cause."""

from __future__ import annotations

from tf2migrate.findings import Finding


class SourceProblem(Exception):
    """A file that cannot be read, parsed or written; it is left as it is."""

    def __init__(
        self,
        path: str,
        line: int,
        code: str,
        message: str,
        advice: str = "",
        *,
        column: int = 1,
        text: str = "",
    ) -> None:
        super().__init__(f"{path}:{line}: {code} {message}")
        self.path = path
        self.line = line
        self.column = column
        self.code = code
        self.message = message
        self.advice = advice
        self.text = text
        """The decoded file where there is one, for whoever shows the place."""

    @property
    def is_defect(self) -> bool:
        """Whether the file itself is at fault; a notebook is fine, only not supported."""
        return self.code != "TFM004"

    def finding(self) -> Finding:
        """The problem as what is reported to people."""
        return Finding(self.path, self.line, self.column, self.code, self.message, self.advice)
