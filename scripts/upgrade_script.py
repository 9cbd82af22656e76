"""What TensorFlow's own `tf_upgrade_v2` makes of the same files, for benchmark.py.

It is run by its Python interface in one child process, since it imports TensorFlow anew each time that it is called.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_CHILD = """
import json, sys
from tensorflow.tools.compatibility import ast_edits, tf_upgrade_v2
for line in sys.stdin:
    source, target = json.loads(line)
    try:
        upgrader = ast_edits.ASTCodeUpgrader(tf_upgrade_v2.TFAPIChangeSpec())
        _, log, errors = upgrader.process_file(source, target)
        told = [*map(str, log), *map(str, errors)] if isinstance(log, list) else [str(log), *map(str, errors)]
        print(json.dumps({"told": told, "raised": ""}), flush=True)
    except Exception as error:
        print(json.dumps({"told": [], "raised": type(error).__name__}), flush=True)
"""
_PLACE = re.compile(r"^(\d+):\d+: (?:INFO|WARNING|ERROR)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """One file as the script leaves it: its new text (None if it wrote none), and the lines that it speaks of."""

    text: str | None
    told: frozenset[int]
    raised: str = ""

    @property
    def compiles(self) -> bool:
        """Whether what it wrote is Python; an empty file is not what the original was."""
        if not self.text:
            return False
        try:
            compile(self.text, "upgraded", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
        return True


def upgraded(files: Iterable[Path], folder: Path) -> dict[Path, Upgraded]:
    """What it makes of each file. Its outputs go to the folder."""
    pairs = [(path, folder / f"{number}.py") for number, path in enumerate(files)]
    lines = "".join(json.dumps([str(path), str(target)]) + "\n" for path, target in pairs)
    done = subprocess.run([sys.executable, "-c", _CHILD], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"told"')]
    return {path: _read(target, answer) for (path, target), answer in zip(pairs, answers, strict=True)}


def _read(target: Path, answer: dict[str, object]) -> Upgraded:
    text = target.read_text(encoding="utf-8", errors="replace") if target.exists() else None
    told = "\n".join(map(str, answer["told"])) if isinstance(answer["told"], list) else ""
    return Upgraded(text, frozenset(map(int, _PLACE.findall(told))), str(answer["raised"]))
