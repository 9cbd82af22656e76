"""Statements that are there for what they do: their ops had names and lists in TensorFlow 1, native code needs none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from tf2migrate.plan.region import Atom


def as_statements(made: cst.BaseStatement, is_group: Callable[[cst.BaseExpression], bool]) -> list[cst.BaseStatement]:
    """``ops = tf.group(a.assign(x), b.assign(y))`` as one statement for each update; others as they are."""
    if not isinstance(made, cst.SimpleStatementLine) or len(made.body) != 1:
        return [made]
    small = made.body[0]
    if isinstance(small, cst.Assign):
        if len(small.targets) != 1 or not _is_names(small.targets[0].target):
            return [made]
    elif not isinstance(small, cst.Expr):
        return [made]
    value = small.value
    parts = [part for item in _items(value, is_group) for part in _updates(item)]
    if not parts:
        return []
    parts[0] = parts[0].with_changes(leading_lines=made.leading_lines)
    last = parts[-1]
    if isinstance(last, cst.SimpleStatementLine):
        parts[-1] = last.with_changes(trailing_whitespace=made.trailing_whitespace)
    return parts


def with_comment_of_block(atom: Atom, made: list[cst.BaseStatement]) -> list[cst.BaseStatement]:
    """The first statement of a ``with`` block that goes takes the comment above the block along."""
    block = atom.parents[-1] if atom.parents else None
    if not made or not isinstance(block, cst.With) or block.body.body[0] is not atom.statement:
        return made
    lines = [line for line in block.leading_lines if line.comment is not None]
    own = getattr(made[0], "leading_lines", ())
    return [made[0].with_changes(leading_lines=[*lines, *own]), *made[1:]] if lines else made


def _is_names(target: cst.BaseExpression) -> bool:
    match target:
        case cst.Tuple(elements=elements):
            return all(isinstance(element.value, cst.Name) for element in elements)
    return isinstance(target, cst.Name)


def _items(value: cst.BaseExpression, is_group: Callable[[cst.BaseExpression], bool]) -> list[cst.BaseExpression]:
    """What a group or list consists of; a single update is its own item."""
    match value:
        case cst.Call(func=func, args=args) if is_group(func):
            given = [arg.value for arg in args if arg.keyword is None]
            return [item for part in given for item in _items(part, is_group)]
        case cst.List(elements=elements) | cst.Tuple(elements=elements):
            return [item for element in elements for item in _items(element.value, is_group)]
    return [value]


def _updates(item: cst.BaseExpression) -> Sequence[cst.BaseStatement]:
    if isinstance(item, cst.Name):
        return []
    if isinstance(item, cst.ListComp | cst.GeneratorExp):
        return [_loop(item.for_in, item.elt)]
    plain = item.with_changes(lpar=(), rpar=()) if getattr(item, "lpar", ()) else item
    return [cst.SimpleStatementLine([cst.Expr(plain)])]


def _loop(clause: cst.CompFor, element: cst.BaseExpression) -> cst.For:
    """``[v.assign(u) for v, u in pairs]`` as a loop."""
    nested = clause.inner_for_in
    inner: list[cst.BaseStatement] = [_loop(nested, element)] if nested is not None else list(_updates(element))
    for test in reversed(clause.ifs):
        inner = [cst.If(test.test, cst.IndentedBlock(inner))]
    target = clause.target
    if isinstance(target, cst.Tuple):
        target = target.with_changes(lpar=(), rpar=())
    return cst.For(target, clause.iter, cst.IndentedBlock(inner))
