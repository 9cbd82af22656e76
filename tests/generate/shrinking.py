"""Makes a failing program small: statements go as long as it keeps failing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial

Files = dict[str, str]


def shrink_files(files: Files, fails: Callable[[Files], bool], *, limit: int = 300) -> Files:
    """The files without what the failure does not need, one file after the other; those that end empty go."""
    small = dict(files)
    for name in files:
        rest = {other: text for other, text in small.items() if other != name}
        if rest and fails(rest):
            small = rest
        else:
            small[name] = shrink(small[name], partial(_with_text, fails, rest, name), limit=limit)
    return small


def _with_text(fails: Callable[[Files], bool], rest: Files, name: str, text: str) -> bool:
    return fails({**rest, name: text})


def shrink(text: str, fails: Callable[[str], bool], *, limit: int = 300) -> str:
    """The text without the statements that the failure does not need; ``fails`` is asked at most ``limit`` times."""
    text = ast.unparse(ast.parse(text)) + "\n"
    if not fails(text):
        return text
    asked = 0
    changed = True
    while changed:
        changed = False
        for candidate in _smaller(text):
            if asked >= limit:
                return text
            asked += 1
            if fails(candidate):
                text, changed = candidate, True
                break
    return text


def _smaller(text: str) -> Iterator[str]:
    """Texts that miss something: many statements first, then single ones, then blocks opened, then arguments."""
    tree = ast.parse(text)
    bodies = [body for node in ast.walk(tree) for body in _bodies(node)]
    size = max((len(body) for body in bodies), default=0)
    while size:
        for index, body in enumerate(bodies):
            for start in range(len(body) - size, -1, -1):
                yield from _changed(text, index, start, size, None)
        size = size // 2 if size > 3 else size - 1
    for index, body in enumerate(bodies):
        for start, statement in enumerate(body):
            if isinstance(statement, ast.With | ast.For | ast.If):
                yield from _changed(text, index, start, 1, 0)
    yield from _fewer_arguments(text)


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse"):
        body = getattr(node, name, None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            yield body


def _changed(text: str, index: int, start: int, size: int, opened: int | None) -> Iterator[str]:
    """The text without some statements of one of its bodies, or with the body of a statement in its place."""
    tree = ast.parse(text)
    body = [body for node in ast.walk(tree) for body in _bodies(node)][index]
    rest: list[ast.stmt] = []
    if opened is not None:
        rest = list(getattr(body[start], "body", []))
    elif len(body) == size and not isinstance(tree.body, list):
        return
    body[start : start + size] = rest or ([] if len(body) > size else [ast.Pass()])
    changed = ast.unparse(tree) + "\n"
    if changed != text:
        yield changed


def _fewer_arguments(text: str) -> Iterator[str]:
    """Texts in which a call has one argument less, or a list one element less."""
    count = sum(isinstance(node, ast.Call | ast.List | ast.Tuple) for node in ast.walk(ast.parse(text)))
    for index in range(count):
        for place in range(4):
            tree = ast.parse(text)
            node = [n for n in ast.walk(tree) if isinstance(n, ast.Call | ast.List | ast.Tuple)][index]
            if isinstance(node, ast.Call):
                items: list[ast.keyword] | list[ast.expr] = node.keywords or node.args
            else:
                items = node.elts
            if place < len(items):
                del items[place]
                yield ast.unparse(tree) + "\n"
