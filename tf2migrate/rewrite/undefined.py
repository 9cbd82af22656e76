"""A last look at the output: a name that nothing binds any more is a mistake of the rewrite, caught before it shows."""

from __future__ import annotations

import builtins
import symtable


def undefined_names(text: str) -> set[str]:
    """Names that ``text`` reads as globals and never binds, builtins excluded; empty with a star import."""
    table = symtable.symtable(text, "<output>", "exec")
    if "import *" in text:
        return set()
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    read: set[str] = set()
    stack = [table]
    while stack:
        current = stack.pop()
        for symbol in current.get_symbols():
            name = symbol.get_name()
            if current is table:
                if symbol.is_referenced():
                    read.add(name)
            elif symbol.is_global():
                if symbol.is_assigned():
                    bound.add(name)
                if symbol.is_referenced():
                    read.add(name)
        stack.extend(current.get_children())
    return read - bound - set(dir(builtins)) - {"__file__", "__name__", "__doc__", "__path__", "__tf2migrate_record__"}
