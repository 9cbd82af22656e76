"""A last look at the output: names that nothing binds any more, or that mean something else to what was added.

Either is a mistake of the rewrite, caught before it shows.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections import Counter

from tf2migrate.names.portable import COMMON

COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


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


def unbound_locals(text: str, original: str) -> set[str]:
    """Names that a function of ``text`` reads before it binds them itself, where none of ``original`` does so.

    ``total = total + x`` in a function does not find the ``total`` of its module.
    """
    return _read_early(text) - _read_early(original)


def _read_early(text: str) -> set[str]:
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return {name for function in functions for name in _Early(function).found}


class _Early(ast.NodeVisitor):
    """Reads the body of one function in the order in which it runs; what either branch binds counts as bound."""

    def __init__(self, function: ast.FunctionDef) -> None:
        own = [node for statement in function.body for node in _of_scope(statement)]
        stored = {n.id for n in own if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        declared = {name for n in own if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
        args = function.args
        given = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        self.local = stored - declared - {arg.arg for arg in given if arg is not None}
        self.bound: set[str] = set()
        self.found: set[str] = set()
        for statement in function.body:
            self.visit(statement)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.bound.add(node.id)
        elif node.id in self.local and node.id not in self.bound:
            self.found.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        for part in (node.value, *node.targets):
            self.visit(part)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.visit_Name(ast.Name(node.target.id, ast.Load()))
        self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        for part in filter(None, (node.value, node.target)):
            self.visit(part)

    def visit_For(self, node: ast.For) -> None:
        for part in (node.iter, node.target, *node.body, *node.orelse):
            self.visit(part)

    def skip(self, node: ast.AST) -> None:
        """What has a scope of its own, or runs later."""
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            self.bound.add(node.name)

    visit_FunctionDef = visit_ClassDef = visit_Lambda = skip
    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = skip
    visit_Match = skip


def _of_scope(node: ast.AST) -> list[ast.AST]:
    """A statement and what is in it, but for functions, classes and comprehensions."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | COMPREHENSIONS):
        return []
    return [node, *(inner for child in ast.iter_child_nodes(node) for inner in _of_scope(child))]


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
