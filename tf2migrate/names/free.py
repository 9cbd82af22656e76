"""Names that nothing has yet: the wanted one, or else the first of those with a number behind it."""

from __future__ import annotations

from collections.abc import Container


def free_name(wanted: str, taken: Container[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def take_name(wanted: str, taken: set[str]) -> str:
    """A free name, which is taken from now on."""
    name = free_name(wanted, taken)
    taken.add(name)
    return name
