"""What a text imports, which file that is, and what belongs to one program."""

from __future__ import annotations

import pytest

from tf2migrate.files.imports import ImportGraph, find, imports_of


def graph(**texts: str) -> ImportGraph:
    """A project below ``/p``; ``__`` in a keyword stands for a folder, and a text may be empty."""
    return ImportGraph({f"/p/{name.replace('__', '/')}.py": text for name, text in texts.items()})


def tree(texts: dict[str, str]) -> ImportGraph:
    return ImportGraph({f"/p/{name}": text for name, text in texts.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("import a.b, c as d\n", [(0, "a.b"), (0, "c")], id="plain"),
        pytest.param("from a import b, c\n", [(0, "a"), (0, "a.b"), (0, "a.c")], id="from"),
        pytest.param("from a import *\n", [(0, "a")], id="star"),
        pytest.param("from . import b\n", [(1, ""), (1, "b")], id="relative package"),
        pytest.param("from ..a.b import c\n", [(2, "a.b"), (2, "a.b.c")], id="two dots"),
        pytest.param("from a import (\n    b,\n    c,\n)\n", [(0, "a"), (0, "a.b"), (0, "a.c")], id="parenthesised"),
        pytest.param("def f():\n    import a\n", [(0, "a")], id="in a function"),
        pytest.param("class A:\n    def f(self):\n        import a\n", [(0, "a")], id="in a method"),
        pytest.param("if x: import a\nelse: import b\n", [(0, "a"), (0, "b")], id="one-line if"),
        pytest.param("try:\n    import a\nexcept ImportError:\n    import b\n", [(0, "a"), (0, "b")], id="fallback"),
        pytest.param("with x:\n    for y in z:\n        while y:\n            import a\n", [(0, "a")], id="nested"),
        pytest.param("match x:\n    case 1:\n        import a\n", [(0, "a")], id="match"),
        pytest.param("x = 1; import a\n", [(0, "a")], id="after a semicolon"),
        pytest.param('"""\nimport a\nfrom b import c\n"""\n# import d\n', [], id="text and comments"),
        pytest.param("import (\n", [], id="broken"),
        pytest.param("print 'import a'\n", [], id="Python 2"),
    ],
)
def test_imports_of(text: str, expected: list[tuple[int, str]]) -> None:
    assert [(item.level, item.dotted) for item in imports_of(text)] == expected


def test_lines_of_imports() -> None:
    assert [item.line for item in imports_of("x = 1\nimport a\n\nfrom b import c\n")] == [2, 4, 4]


FILES = {
    "/p/train.py",
    "/p/model.py",
    "/p/queue.py",
    "/p/pkg/__init__.py",
    "/p/pkg/net.py",
    "/p/pkg/model.py",
    "/p/pkg/sub/__init__.py",
    "/p/pkg/sub/deep.py",
    "/p/both.py",
    "/p/both/__init__.py",
    "/p/plain/module.py",
    "/p/tensorflow/__init__.py",
}


@pytest.mark.parametrize(
    ("importer", "dotted", "level", "root", "expected"),
    [
        pytest.param("train.py", "model", 0, "", "model.py", id="beside"),
        pytest.param("train.py", "pkg", 0, "", "pkg/__init__.py", id="package"),
        pytest.param("train.py", "pkg.net", 0, "", "pkg/net.py", id="in a package"),
        pytest.param("train.py", "both", 0, "", "both/__init__.py", id="a package before a module"),
        pytest.param("train.py", "plain.module", 0, "", "plain/module.py", id="namespace package"),
        pytest.param("train.py", "numpy", 0, "", None, id="foreign"),
        pytest.param("train.py", "tensorflow", 0, "", None, id="TensorFlow is never the project's"),
        pytest.param("train.py", "train", 0, "", None, id="itself"),
        pytest.param("pkg/net.py", "model", 0, "", "model.py", id="the program's folder before the importer's"),
        pytest.param("pkg/net.py", "model", 0, "pkg", "pkg/model.py", id="run from another folder"),
        pytest.param("pkg/net.py", "sub.deep", 0, "", "pkg/sub/deep.py", id="implicitly relative"),
        pytest.param("pkg/sub/deep.py", "pkg.net", 0, "pkg/sub", "pkg/net.py", id="from a folder above"),
        pytest.param("pkg/sub/deep.py", "queue", 0, "pkg/sub", None, id="the standard library before folders above"),
        pytest.param("train.py", "queue", 0, "", "queue.py", id="but not before the program's own"),
        pytest.param("pkg/net.py", "model", 1, "", "pkg/model.py", id="one dot"),
        pytest.param("pkg/net.py", "", 1, "", "pkg/__init__.py", id="one dot alone"),
        pytest.param("pkg/sub/deep.py", "net", 2, "", "pkg/net.py", id="two dots"),
        pytest.param("pkg/sub/deep.py", "nothing", 2, "", None, id="two dots to nothing"),
    ],
)
def test_find(importer: str, dotted: str, level: int, root: str, expected: str | None) -> None:
    found = find(FILES, f"/p/{importer}", dotted, level, f"/p/{root}".rstrip("/"))
    assert found == (None if expected is None else f"/p/{expected}")


def test_packages_on_the_way_are_imported_too() -> None:
    project = tree({"train.py": "import a.b.c\n", "a/__init__.py": "", "a/b/__init__.py": "", "a/b/c.py": ""})
    assert project.closure("/p/train.py") == ["/p/train.py", "/p/a/__init__.py", "/p/a/b/__init__.py", "/p/a/b/c.py"]


def test_relative_import_runs_the_packages_around() -> None:
    project = tree({"a/__init__.py": "", "a/b/__init__.py": "", "a/b/train.py": "from .x import y\n", "a/b/x.py": ""})
    assert set(project.closure("/p/a/b/train.py")) == set(project.texts)


def test_closure_follows_rings() -> None:
    project = graph(a="import b\n", b="import c\n", c="import a\nimport numpy\n", other="")
    assert project.closure("/p/a.py") == ["/p/a.py", "/p/b.py", "/p/c.py"]


def test_closure_depends_on_where_the_program_is() -> None:
    project = graph(lib__x="import helper\n", one__main="import lib.x\n", one__helper="", two__main="import lib.x\n")
    assert "/p/one/helper.py" in project.closure("/p/one/main.py")
    assert "/p/one/helper.py" not in project.closure("/p/two/main.py")


def test_line_of_the_import_that_leads_to_a_file() -> None:
    project = graph(train="import data\n\nimport net\n", net="import layers\n", layers="", data="", other="")
    assert [project.line("/p/train.py", f"/p/{name}.py") for name in ("net", "layers", "data", "other")] == [3, 3, 1, 1]


def test_users_are_all_that_may_reach_a_file() -> None:
    project = graph(
        a="import b\n", b="import c\n", c="", d="import a\n", e="import numpy\n", sub__f="from x import c\n"
    )
    assert project.users({"/p/c.py"}) == {"/p/a.py", "/p/b.py", "/p/c.py", "/p/d.py"}
    assert project.users(set()) == set()


@pytest.mark.parametrize(
    ("texts", "entries"),
    [
        pytest.param({"a": "import b\n", "b": ""}, ["a"], id="imported files are none"),
        pytest.param({"a": "", "b": ""}, ["a", "b"], id="nothing imported"),
        pytest.param({"a": "import b\n", "b": "if __name__ == '__main__': f()\n"}, ["a", "b"], id="main guard"),
        pytest.param({"a": "import b\n", "b": "import a\n"}, ["a"], id="ring"),
        pytest.param({"a": "import b\n", "b": "import c\n", "c": "import b\n"}, ["a"], id="ring that is imported"),
        pytest.param({"a": "import c\n", "b": "import c\n", "c": ""}, ["a", "b"], id="shared"),
    ],
)
def test_entries(texts: dict[str, str], entries: list[str]) -> None:
    project = graph(**texts)
    assert project.entries(set(project.texts)) == [f"/p/{name}.py" for name in entries]


def test_every_file_is_in_a_program() -> None:
    project = graph(a="import b\n", b="import a\nimport c\n", c="import d\n", d="import c\n", e="import e\n")
    reached = {path for entry in project.entries(set(project.texts)) for path in project.closure(entry)}
    assert reached == set(project.texts)
