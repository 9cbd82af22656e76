"""Trees that give their text back where the parser loses some of its whitespace.

LibCST forgets the space of ``except OSError :``, and blank lines before a last line of spaces.
"""

from __future__ import annotations

import io
import re
import tokenize

import libcst as cst

from tf2migrate.names.tree import children

_BLANK = re.compile(r"([ \t]*)(\r\n|\r|\n)")


def parse_exactly(text: str) -> cst.Module:
    """The tree of ``text``; its code is the text, unless whitespace is lost that is not known here."""
    tree = cst.parse_module(text)
    if tree.code == text:
        return tree
    bare = text.rstrip()
    end = _BLANK.match(text, len(bare))
    if end is not None and len(text) - len(bare) > len(end[0]):
        tree = _with_footer(cst.parse_module(text[: end.end()]), text[end.end() :])
    spaces = _before_colons(text)
    return tree.visit(_Handlers(spaces)) if spaces is not None else tree


def _with_footer(tree: cst.Module, rest: str) -> cst.Module:
    """A tree with blank lines at its end."""
    lines = [
        cst.EmptyLine(False, cst.SimpleWhitespace(found[1]), newline=cst.Newline(found[2]))
        for found in _BLANK.finditer(rest)
    ]
    return tree.with_changes(footer=[*tree.footer, *lines])


def _before_colons(text: str) -> list[str] | None:
    """The space before the colon of each ``except``, in order; None where the text cannot be read so."""
    found: list[str] = []
    depth, inside = 0, False
    last = (0, 0)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME and token.string == "except" and depth == 0:
                inside = True
            elif token.type == tokenize.OP and token.string in "([{":
                depth += 1
            elif token.type == tokenize.OP and token.string in ")]}":
                depth -= 1
            elif token.type == tokenize.OP and token.string == ":" and depth == 0 and inside:
                found.append(token.line[last[1] : token.start[1]] if last[0] == token.start[0] else "")
                inside = False
            last = token.end
    except (tokenize.TokenError, SyntaxError):
        return None
    return found


class _Handlers(cst.CSTTransformer):
    """Gives handlers the space that stood before their colons."""

    def __init__(self, spaces: list[str]) -> None:
        super().__init__()
        self.spaces = iter(spaces)
        self.own: dict[int, str] = {}

    def visit_Module(self, node: cst.Module) -> None:
        stack: list[cst.CSTNode] = [node]
        while stack:
            current = stack.pop()
            if isinstance(current, cst.ExceptHandler | cst.ExceptStarHandler):
                self.own[id(current)] = next(self.spaces, "")
            stack.extend(reversed(children(current)))

    def leave_ExceptHandler(
        self, original_node: cst.ExceptHandler, updated_node: cst.ExceptHandler
    ) -> cst.ExceptHandler:
        space = self.own[id(original_node)]
        if original_node.type is None:
            return updated_node
        return updated_node.with_changes(whitespace_before_colon=cst.SimpleWhitespace(space))
