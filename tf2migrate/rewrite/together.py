"""Puts a program together of which several objects, or several functions, have graphs of their own."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.names.tree import children, walk
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.rewrite.held import HeldRewriter
from tf2migrate.rewrite.program import Rewriter


class Together:
    """Makes the edits of each part on its own, and then all of them in one pass."""

    def __init__(self, plans: list[Plan], marks: bool = False) -> None:
        held = [HeldRewriter(plan, marks) for plan in plans if plan.held is not None]
        self.parts: list[Rewriter] = [*held, *(Rewriter(plan, marks) for plan in plans if plan.held is None)]
        first = self.parts[0]
        for each in held:
            each.together = held
        for part in self.parts:
            for key, symbols in part.all_symbols.items():
                symbols.definitions = first.all_symbols[key].definitions
        self.notes: list[Refusal] = []

    def rewrite(self) -> dict[str, str]:
        """The new text of each module. Raises ``NotPlanned`` when a part has no native form, or two get in the way."""
        for part in self.parts:
            calls = [c for other in self.parts for f in other.plan.layers.values() for c in f.calls]
            part.elsewhere = {id(call.call.func) for call in calls}
            part.prepare()
        first = self.parts[0]
        if first.staging.alternatives:
            self.agree()
        for part in self.parts[1:]:
            self.absorb(first, part)
        for part in self.parts:
            part.edits, part.whole, part.names, part.dropped = first.edits, first.whole, first.names, first.dropped
            part.comments()
            part.check_left()
        first.flags()
        self.notes = first.notes
        return {key: first.assemble(symbols) for key, symbols in first.all_symbols.items()}

    def agree(self) -> None:
        """Of objects that are made one instead of the other, all need the same of the statements that they share."""
        own = {id(node) for part in self.parts for node in walk(_owner(part))}
        for symbols in self.parts[0].all_symbols.values():
            for statement in _always(symbols.module.tree):
                kept = {id(statement) not in part.edits.removed for part in self.parts}
                changed = {id(statement) in part.edits.replaced for part in self.parts}
                if id(statement) not in own and (len(kept) > 1 or len(changed) > 1):
                    reason = "the objects of which the host chooses one need different things of this statement"
                    raise NotPlanned(Refusal("TFM410", symbols.module.key, statement, reason))

    def absorb(self, first: Rewriter, part: Rewriter) -> None:
        first.edits.removed |= part.edits.removed
        for mine, theirs in ((first.edits.before, part.edits.before), (first.edits.after, part.edits.after)):
            for key, statements in theirs.items():
                mine.setdefault(key, []).extend(statements)
        for key, statements in part.edits.replaced.items():
            if key in first.edits.replaced and not _same(first.edits.replaced[key], statements):
                raise self.clash(part)
            first.edits.replaced[key] = statements
        if first.edits.remade.keys() & part.edits.remade.keys():
            raise self.clash(part)
        first.edits.remade |= part.edits.remade
        for texts, more in ((first.whole, part.whole), (first.names, part.names)):
            if any(texts.get(key, text) != text for key, text in more.items()):
                raise self.clash(part)
            texts.update(more)
        first.edits.removed -= first.edits.replaced.keys()
        shared = first.plan.layers.keys() & part.plan.layers.keys() or first.classes.items() & part.classes.items()
        # Functions with graphs of their own may use one layer, which is the same class to all of them.
        if shared and isinstance(part, HeldRewriter):
            raise self.clash(part)
        if not self.agree_on(first, part):
            raise self.clash(part)
        if {id(cls) for cls in first.plan.keepers} & {id(cls) for cls in part.plan.keepers}:
            raise self.clash(part)
        first.plan.keepers += part.plan.keepers
        first.replacements.update(part.replacements)
        first.generated |= part.generated
        first.classes |= part.classes
        first.session_parameters |= part.session_parameters
        first.plan.lifted.update(part.plan.lifted)
        first.notes += [note for note in part.notes if note not in first.notes]
        for key, names in part.dropped.items():
            first.dropped.setdefault(key, set()).update(names)

    def agree_on(self, first: Rewriter, part: Rewriter) -> bool:
        """Whether two parts make the same of each expression that both of them replace."""
        both = first.replacements.keys() & part.replacements.keys()
        trees = [symbols.module.tree for symbols in first.all_symbols.values()] if both else []
        found = [n for tree in trees for n in walk(tree) if id(n) in both and isinstance(n, cst.BaseExpression)]
        empty = cst.Module([])
        for node in found:
            one, other = (each.replacements[id(node)](node) for each in (first, part))
            if empty.code_for_node(one) != empty.code_for_node(other):
                return False
        return True

    def clash(self, part: Rewriter) -> NotPlanned:
        what = "class" if isinstance(part, HeldRewriter) else "part of the program"
        reason = f"this {what} shares code with another one that holds a graph as well"
        return NotPlanned(Refusal("TFM410", part.module.key, _owner(part), reason))


def _owner(part: Rewriter) -> cst.CSTNode:
    """The class or function that has the graph of a part."""
    return part.held.definition if isinstance(part, HeldRewriter) else part.region.frame.owner


def _always(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The statements in a node that no condition of the host chooses."""
    for child in children(node):
        if isinstance(child, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            yield child
        if not isinstance(child, cst.If | cst.Else):
            yield from _always(child)


def _same(a: list[cst.BaseStatement], b: list[cst.BaseStatement]) -> bool:
    empty = cst.Module([])
    return [empty.code_for_node(s) for s in a] == [empty.code_for_node(s) for s in b]
