"""A last look at the output: names that nothing binds any more, or that mean something else to what was added.

Either is a mistake of the rewrite, caught before it shows.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections import Counter

from tf2migrate.names.portable import COMMON


def lost_names(text: str, original: str) -> set[str]:
    """Names that ``text`` reads and never binds, and that ``original`` did not lack.

    What a star import may bring, such as a class that the rewrite makes in another file, was never bound here.
    """
    lost = undefined_names(text) - undefined_names(original)
    return lost & _bound(original) if "import *" in text else lost


def undefined_names(text: str) -> set[str]:
    """Names that ``text`` reads as globals and never binds, builtins excluded."""
    table = symtable.symtable(text, "<output>", "exec")
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


def hidden_builtins(text: str, original: str) -> set[str]:
    """Builtins that ``text`` calls where ``original`` did not, and that the program has bound itself."""
    added = _calls(text) - _calls(original)
    return ({name for name in added if hasattr(builtins, name)} & _bound(original)) - _same(original)


def _calls(text: str) -> Counter[str]:
    calls = (node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return Counter(func.id for func in calls if isinstance(func, ast.Name))


def _same(text: str) -> set[str]:
    """Builtins that are imported from where Python 2 and 3 have them in common."""
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports if node.module in COMMON for alias in node.names if alias.asname is None}


def _bound(text: str) -> set[str]:
    """Names that are bound in any scope of ``text``, other than those of attributes."""
    found: set[str] = set()
    stack = [symtable.symtable(text, "<original>", "exec")]
    while stack:
        table = stack.pop()
        stack.extend(table.get_children())
        if table.get_type() != "class":
            own = (s for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_parameter())
            found |= {symbol.get_name() for symbol in own}
    return found
