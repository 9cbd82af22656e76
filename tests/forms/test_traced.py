"""What all transformers of this room do: places are carried over, statements go, and the builder is known again."""

from __future__ import annotations

from pathlib import Path

import libcst as cst

from tf2migrate.files import source_from_bytes
from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.names.project import Module, parse

TEXT = b"""class Model:
    def build(self):
        # The loss.
        self.loss = cost()

    def idle(self):
        pass
"""


class _Naming(Traced):
    """Gives what ``cost()`` computes a name, in a statement before."""

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if isinstance(original, cst.Call):
            return self.expression("named", original)
        if isinstance(original, cst.SimpleStatementLine) and isinstance(original.body[0], cst.Assign):
            return self.preceded(self.statements("named = cost()\n", original), original, made)
        return made


def _module() -> Module:
    return parse(source_from_bytes(Path("model.py"), TEXT))


def _methods(module: Module) -> list[cst.FunctionDef]:
    cls = cst.ensure_type(module.tree.body[0], cst.ClassDef)
    return [node for node in cls.body.body if isinstance(node, cst.FunctionDef)]


def test_statements_go_before_another_and_get_its_comments() -> None:
    module = _module()
    made = _Naming(module).apply(module).tree.code
    assert "# The loss.\n        named = cost()\n        self.loss = named\n" in made


def test_what_is_made_stands_where_its_original_stood() -> None:
    module = _module()
    made = _Naming(module).apply(module)
    before, behind = _methods(made)[0].body.body
    assert made.line(before) == made.line(behind) == 4


def test_a_block_without_statements_gets_a_pass() -> None:
    module = _module()
    edit = Traced(module)
    edit.gone = {id(method) for method in _methods(module)}
    assert edit.apply(module).tree.code == "class Model:\n    pass\n"


def test_the_builder_is_that_of_the_last_form() -> None:
    module = _module()
    made = edited([module], _methods(module)[0], _Naming)
    assert made is not None
    assert made[1] is _methods(made[0][0])[0]


def test_files_without_an_edit_are_no_other_form() -> None:
    assert edited([_module()], None, lambda module, builder: None) is None
