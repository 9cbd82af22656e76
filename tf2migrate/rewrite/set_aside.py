"""Functions that nothing calls and that would build graph: they keep their place, and their code as a comment.

What such a function becomes depends on how it is called, which nothing shows. Left as it is it would fail with the
first symbol that TensorFlow 2 does not have; set aside it says so.
"""

from __future__ import annotations

import textwrap

import libcst as cst

from tf2migrate.names.project import Module
from tf2migrate.names.tree import is_docstring
from tf2migrate.rewrite.templates import Templates

REASON = "is not migrated to TensorFlow 2: nothing called it"
NOTE = "`{}` is set aside: nothing calls it, and what it would become depends on how it is called"


def set_aside(module: Module, function: cst.FunctionDef) -> cst.FunctionDef:
    """The function with its code as a comment, and an error for whoever calls it after all."""
    body = function.body
    kept: list[cst.BaseStatement] = []
    if isinstance(body, cst.IndentedBlock) and is_docstring(body.body[0]):
        kept = list(body.body[:1])
        body = body.with_changes(body=body.body[1:])
    lines = textwrap.dedent(module.tree.code_for_node(body)).strip("\n").splitlines()
    error = f'raise NotImplementedError("`{function.name.value}` {REASON}")'
    made = Templates(module.tree).statements(error + "\n", {})[0]
    comments = [cst.EmptyLine(comment=cst.Comment(f"# {line}".rstrip())) for line in lines]
    return function.with_changes(body=cst.IndentedBlock([*kept, made.with_changes(leading_lines=comments)]))


def is_set_aside(statement: cst.CSTNode) -> bool:
    """Whether a statement is such a function."""
    if not isinstance(statement, cst.FunctionDef) or not isinstance(statement.body, cst.IndentedBlock):
        return False
    match statement.body.body[-1]:
        case cst.SimpleStatementLine(
            body=[cst.Raise(exc=cst.Call(args=[cst.Arg(value=cst.SimpleString(value=text))]))]
        ):
            return text.endswith(f'{REASON}"')
    return False
