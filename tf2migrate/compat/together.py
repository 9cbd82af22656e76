"""Several programs at once: each on `tf.compat.v1` if it can be, and if whatever shares its files can be too."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tf2migrate.compat.file import Around
from tf2migrate.compat.program import compatible_program, surroundings
from tf2migrate.names.project import Module
from tf2migrate.plan.refusal import Refusal

# The files of a program by their absolute paths.
Files = Mapping[str, Module]


@dataclass(frozen=True, slots=True)
class Brought:
    """What a program came to: the new texts of the files that change, or why it stays as it is.

    ``held_by`` is a file that would have to change, and the entry of a program that needs it otherwise.
    """

    texts: Mapping[str, str]
    refusals: tuple[tuple[Module, Refusal], ...] = ()
    held_by: tuple[str, str] | None = None


def brought(
    programs: Mapping[str, Files],
    holders: Mapping[str, Sequence[str]],
    on_crash: Callable[[str, Exception], None],
) -> dict[str, Brought]:
    """What becomes of programs that are not native, by the absolute paths of their entries.

    ``holders`` are the entries of all programs that have a file. ``on_crash`` is told of a bug that one brings up.
    """
    around = surroundings(module for files in programs.values() for module in files.values())
    found: dict[str, Brought] = {}
    for entry, files in programs.items():
        try:
            found[entry] = _alone(entry, files, around)
        except Exception as error:  # the boundary: whatever it is, the other programs are not at fault
            on_crash(entry, error)
    while True:
        # A file can only change if every program that has it changes with it.
        held = {
            entry: Brought({}, (), (path, other))
            for entry, one in found.items()
            for path in sorted(one.texts)
            for other in holders[path]
            if other not in found or found[other].refusals or found[other].held_by is not None
        }
        if not held:
            return found
        found |= held


def _alone(entry: str, files: Files, around: Around) -> Brought:
    modules = {module.key: module for module in files.values()}
    made = compatible_program(list(files.values()), Path(os.path.dirname(entry)), around)
    refusals = tuple((modules[key], refusal) for key, one in made.items() for refusal in one.refusals)
    texts = {path: made[module.key].text for path, module in files.items()}
    changed = {path: text for path, text in texts.items() if text != files[path].source.text}
    return Brought({} if refusals else changed, refusals)
