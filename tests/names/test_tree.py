"""The quick walk sees what LibCST's own children are, but for whitespace, punctuation and operators."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

import tf2migrate
from tf2migrate.files import read_source
from tf2migrate.names.project import parse
from tf2migrate.names.tree import walk

FILES = sorted(Path(tf2migrate.__file__).parent.glob("graph/*.py"))
SILENT = (
    cst.BaseParenthesizableWhitespace,
    cst.TrailingWhitespace,
    cst.EmptyLine,
    cst.Newline,
    cst.Comment,
    cst.BaseUnaryOp,
    cst.BaseBinaryOp,
    cst.BaseBooleanOp,
    cst.BaseCompOp,
    cst.BaseAugOp,
    cst.LeftParen,
    cst.RightParen,
    cst.LeftSquareBracket,
    cst.RightSquareBracket,
    cst.LeftCurlyBrace,
    cst.RightCurlyBrace,
    cst.Comma,
    cst.Colon,
    cst.Dot,
    cst.Semicolon,
    cst.AssignEqual,
    cst.BitOr,
    cst.ParamSlash,
)


def all_children(tree: cst.CSTNode) -> set[int]:
    found: set[int] = set()
    stack = [tree]
    while stack:
        node = stack.pop()
        if not isinstance(node, SILENT):
            found.add(id(node))
            stack.extend(node.children)
    return found


@pytest.mark.parametrize("path", FILES[:6], ids=lambda path: path.name)
def test_nothing_is_left_out(path: Path) -> None:
    tree = parse(read_source(path)).tree
    assert {id(node) for node in walk(tree)} == all_children(tree)


def test_order_is_that_of_the_source() -> None:
    text = "@d\ndef f(a: b = c) -> e:\n    g(h, i=j)\n    return k if l else m\ntry:\n    n\nexcept o as p:\n    q\n"
    names = [node.value for node in walk(cst.parse_module(text)) if isinstance(node, cst.Name)]
    assert "".join(names) == "dfabceghijklmnopq"
