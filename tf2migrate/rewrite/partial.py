"""Programs that stay graphs: symbols and arguments get the spelling that TensorFlow 1.15 and TensorFlow 2 share.

Nothing moves, and no line is touched but for names, keywords and the few arguments that are written anew: what the file
computes under TensorFlow 1.15 stays the same to the bit (`api/both.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.api.both import Respelt, respelt, respelt_reference
from tf2migrate.graph.staging import Staging
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.bindings import bindings
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tensorflow import is_by_compat
from tf2migrate.names.tree import walk
from tf2migrate.rewrite.substitution import Substitution
from tf2migrate.rewrite.symbols import Symbols


@dataclass(frozen=True, slots=True)
class Partial:
    """The new text of a file, and the names of symbols in it (nodes of its tree) that got another spelling."""

    text: str
    respelt: frozenset[int] = frozenset()


def respell(module: Module) -> Partial:
    """A file with every fix that is safe by itself."""
    aliases = Aliases(module.tree)
    for name in aliases.by_compat:
        aliases.names.pop(name, None)
    symbols = _Shared(module, Staging({}), aliases)
    if not aliases.names or _is_patched(module.tree, aliases):
        return Partial(module.source.text)
    made = module.tree.visit(Substitution(symbols, {}, {}, {}))
    return Partial(made.code, frozenset(symbols.respelt))


@dataclass(slots=True)
class _Shared(Symbols):
    """Symbols in the spelling that both TensorFlows have; what has none stays as it is."""

    respelt: set[int] = field(default_factory=set)

    def call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        found = self.at(original.func)
        if found is None:
            return updated
        name, tf = found
        made = respelt(name, self.arguments(updated), tf)
        if made is None:
            return updated
        self.respelt |= {id(original.func), *self.written_anew(original, made)}
        function = updated.func if made.function == dotted_name(updated.func) else self.expression(made.function)
        return updated.with_changes(func=function, args=list(self.remade(updated, made)))

    def written_anew(self, call: cst.Call, made: Respelt) -> set[int]:
        """The nodes of arguments that are not there any more, not even within another one."""
        kept = {place for place, _ in made.arguments}
        texts = [argument.text for place, argument in made.arguments if place is None]
        gone = [arg for place, arg in enumerate(call.args) if place not in kept]
        return {id(n) for arg in gone for n in walk(arg) if not any(self.code(arg.value) in text for text in texts)}

    def reference(self, original: cst.Attribute | cst.Name, updated: cst.BaseExpression) -> cst.BaseExpression:
        found = self.at(original)
        made = respelt_reference(*found) if found is not None else None
        if made is None or made == dotted_name(updated):
            return updated
        self.respelt.add(id(original))
        return self.expression(made)

    def at(self, node: cst.BaseExpression) -> tuple[str, str] | None:
        """The symbol that is spelled here, if another spelling is possible, and what TensorFlow is called there."""
        root = dotted_name(node).partition(".")[0]
        name = self.canonical(node)
        if name is None or root in self.aliases.private or is_by_compat(dotted_name(node)):
            return None
        if self.aliases.names[root] == "tf":
            return name, root
        known = _of_the_module(self.module.tree) & {key for key, value in self.aliases.names.items() if value == "tf"}
        return (name, min(known)) if known else None

    def remade(self, call: cst.Call, made: Respelt) -> Iterator[cst.Arg]:
        """The arguments of a call in their new form; what they keep, they keep with every space around it."""
        for index, (place, argument) in enumerate(made.arguments):
            # What is written anew stands where the argument stood that it is made of, if there was one.
            old = call.args[index if place is None else place] if index < len(call.args) or place is not None else None
            value = old.value if old is not None and place is not None else self.expression(argument.text)
            arg = _with_keyword(old.with_changes(value=value) if old is not None else cst.Arg(value), argument.keyword)
            is_last, was_last = index == len(made.arguments) - 1, old is None or old is call.args[-1]
            if is_last and call.args:
                ending = call.args[-1]
                arg = arg.with_changes(comma=ending.comma, whitespace_after_arg=ending.whitespace_after_arg)
            elif was_last:
                arg = arg.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=cst.SimpleWhitespace(""))
            yield arg


def _with_keyword(arg: cst.Arg, keyword: str | None) -> cst.Arg:
    if keyword is not None and arg.keyword is not None:
        return arg.with_changes(keyword=arg.keyword.with_changes(value=keyword))
    if keyword is None:
        return arg.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return arg.with_changes(keyword=cst.Name(keyword), equal=tight)


def _of_the_module(tree: cst.Module) -> set[str]:
    """Names that imports at the top of a file bind without condition."""
    lines = (statement for statement in tree.body if isinstance(statement, cst.SimpleStatementLine))
    imports = (small for line in lines for small in line.body if isinstance(small, cst.Import))
    return {name for line in imports for name, _ in bindings(line)}


def _is_patched(tree: cst.Module, aliases: Aliases) -> bool:
    """Whether a file puts something of its own under a name of TensorFlow."""
    targets = (node.target for node in walk(tree) if isinstance(node, cst.AssignTarget | cst.AnnAssign | cst.Del))
    return any(isinstance(target, cst.Attribute) and aliases.canonical(target) is not None for target in targets)
