"""Modules of a project: parsed losslessly, positions when they are asked for, found from one another."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from tf2migrate.files import SourceProblem, source_from_bytes
from tf2migrate.names import project
from tf2migrate.names.project import Module, Project, dotted_name, parse


def module(text: str, path: str = "a.py") -> Module:
    return parse(source_from_bytes(Path(path), text.encode()))


def test_positions() -> None:
    parsed = module("import a\n\nx = f(1)\n")
    statement = parsed.tree.body[1]
    assert isinstance(statement, cst.SimpleStatementLine)
    assign = statement.body[0]
    assert isinstance(assign, cst.Assign)
    assert (parsed.line(assign.value), parsed.column(assign.value)) == (3, 5)
    assert parsed.positions[assign.value].end.column == 8


def test_node_of_a_rewrite_has_the_first_place() -> None:
    parsed = module("x = 1\n")
    assert (parsed.line(cst.Name("y")), parsed.column(cst.Name("y"))) == (1, 1)


def test_forms_of_forms_lead_back_to_the_file() -> None:
    parsed = module("x = f(1)\n")
    copied = cst.parse_module("x = f(1)\n")
    first = parsed.reshaped(copied, {}, {copied.body[0]: parsed.tree.body[0]}).settled()
    assert first.origin(copied.body[0]) is parsed.tree.body[0]
    # The next form takes the statement over as it is.
    second = first.reshaped(copied.with_changes(body=[*copied.body]), {}, {}).settled()
    assert second.origin(copied.body[0]) is parsed.tree.body[0]


def test_positions_are_computed_once_and_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    wrapper = project.MetadataWrapper

    def counted(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        return wrapper(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(project, "MetadataWrapper", counted)
    parsed = module("x = 1\n")
    assert calls == []
    assert parsed.positions is parsed.positions
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("x = 1\n\fy = 2\n", 2, "a form feed, which cannot be kept as it is", id="form feed"),
        pytest.param("x = " + "+".join("1" * 3000) + "\n", 1, "nested too deeply", id="deep"),
        pytest.param("if x:\n\ty\n        z\n", None, "", id="tabs and spaces, which Python 3 refuses already"),
    ],
)
def test_files_that_are_refused(text: str, line: int | None, message: str) -> None:
    with pytest.raises(SourceProblem) as caught:
        module(text)
    assert caught.value.code == "TFM001"
    assert message in caught.value.message
    assert line in (None, caught.value.line)
    assert caught.value.finding().path == "a.py"


def test_mixed_line_ends_are_kept() -> None:
    assert module("x = 1\r\ny = 2\nz = 3\r\n").tree.code == "x = 1\r\ny = 2\nz = 3\r\n"


def test_find() -> None:
    train, model, inner = module("", "train.py"), module("", "model.py"), module("", "pkg/net.py")
    found = Project([train, model, inner])
    assert found.find(train, "model", 0, Path()) is model
    assert found.find(train, "pkg.net", 0, Path()) is inner
    assert found.find(inner, "model", 2, Path()) is model
    assert found.find(train, "numpy", 0, Path()) is None


def test_find_in_a_folder_above_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pkg").mkdir()
    monkeypatch.chdir(tmp_path / "pkg")
    train, common = module("", "train.py"), module("", "../common.py")
    found = Project([train, common])
    assert found.find(train, "common", 2, Path()) is common
    assert found.find(train, "common", 0, Path()) is common


@pytest.mark.parametrize(("text", "expected"), [("a.b.c", "a.b.c"), ("a", "a"), ("a().b", ""), ("a[0].b", "")])
def test_dotted_name(text: str, expected: str) -> None:
    assert dotted_name(cst.parse_expression(text)) == expected
