"""``[tool.tf2migrate]`` of a project's pyproject.toml, read into one frozen ``Settings``."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
OUTPUT_FORMATS = ("full", "concise")
FALLBACKS = ("unchanged", "partial", "compat")

_SELECTOR = re.compile(r"ALL|TFM\d{0,3}")
_GLOB_CHARACTER = re.compile(r"([\\*?\[\]!# ])")


class ConfigProblem(Exception):
    """A setting that cannot be obeyed; the text names the file and the key."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a user can decide about a run.

    ``exclude`` and ``extend_exclude`` hold patterns as ``anchored`` makes them. Empty ``select``
    means every rule. ``fallback`` is the level that programs are brought to which cannot become native.
    """

    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    output_format: str = "full"
    fallback: str = "unchanged"

    def reports(self, code: str) -> bool:
        """Whether findings of this rule are shown: of the selectors that fit, the longest decides."""
        chosen = _longest_fit(code, self.select) if self.select else 0
        return chosen > _longest_fit(code, self.ignore)


def load_settings(start: Path) -> Settings:
    """What the nearest pyproject.toml that has our table says, upwards from ``start``; else the defaults."""
    directory = Path(os.path.abspath(start))
    for candidate in (directory, *directory.parents):
        table = _tool_table(candidate / "pyproject.toml")
        if table is not None:
            return _settings(table, candidate / "pyproject.toml")
    return Settings()


def anchored(pattern: str, base: Path) -> str:
    """Makes a pattern with a slash inside a path below ``base``; a bare name fits anywhere and stays."""
    if "/" not in pattern.rstrip("/"):
        return pattern
    parent = _GLOB_CHARACTER.sub(r"\\\1", Path(os.path.abspath(base)).as_posix().rstrip("/"))
    return (
        pattern if pattern.startswith(f"{parent}/") else f"{parent}/{pattern.lstrip('/').removeprefix('./')}"
    )


def is_selector(text: str) -> bool:
    """Whether this is a rule code, the beginning of one, or ALL."""
    return _SELECTOR.fullmatch(text) is not None


def _longest_fit(code: str, selectors: tuple[str, ...]) -> int:
    """How exactly the best of the selectors names this code: -1 for not at all, 0 for ALL."""
    fits = [
        0 if selector == "ALL" else len(selector)
        for selector in selectors
        if selector == "ALL" or code.startswith(selector)
    ]
    return max(fits, default=-1)


def _tool_table(path: Path) -> Mapping[str, object] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigProblem(f"{path}: cannot be read: {error}") from error
    if "tf2migrate" not in text:
        return None
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigProblem(f"{path}: is not valid TOML: {error}") from error
    table = tool.get("tf2migrate") if isinstance(tool, dict) else None
    if table is None or isinstance(table, dict):
        return table
    raise ConfigProblem(f"{path}: `tool.tf2migrate` must be a table")


def _settings(table: Mapping[str, object], path: Path) -> Settings:
    read: dict[str, object] = {}
    for key, value in table.items():
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f"; did you mean `{close[0]}`?" if close else f"; known keys: {', '.join(_KEYS)}"
            raise ConfigProblem(f"{path}: unknown key `tool.tf2migrate.{key}`{hint}")
        try:
            read[key.replace("-", "_")] = _KEYS[key](value, path.parent)
        except ValueError as error:
            raise ConfigProblem(f"{path}: `tool.tf2migrate.{key}` {error}") from error
    return Settings(**read)  # type: ignore[arg-type]  # each reader in _KEYS returns its field's type


def _patterns(value: object, base: Path) -> tuple[str, ...]:
    return tuple(anchored(pattern, base) for pattern in _strings(value))


def _selectors(value: object, base: Path) -> tuple[str, ...]:
    for selector in _strings(value):
        if not is_selector(selector):
            raise ValueError(
                f"has `{selector}`, which is neither a rule code such as TFM101 nor the start of one"
            )
    return _strings(value)


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("must be a list of strings")
    return tuple(value)


def _flag(value: object, base: Path) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _format(value: object, base: Path) -> str:
    if value not in OUTPUT_FORMATS:
        raise ValueError(f"must be one of {', '.join(OUTPUT_FORMATS)}")
    return str(value)


def _fallback(value: object, base: Path) -> str:
    if value not in FALLBACKS:
        raise ValueError(f"must be one of {', '.join(FALLBACKS)}")
    return str(value)


_KEYS: dict[str, Callable[[object, Path], object]] = {
    "exclude": _patterns,
    "extend-exclude": _patterns,
    "respect-gitignore": _flag,
    "select": _selectors,
    "ignore": _selectors,
    "output-format": _format,
    "fallback": _fallback,
}
