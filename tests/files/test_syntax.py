"""Text that Python 3 cannot parse is told apart: Python 2, leftovers of other tools, plain mistakes."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from tf2migrate.files import SourceProblem, source_from_bytes
from tf2migrate.files.python2 import is_python2


def problem(text: str) -> SourceProblem:
    with pytest.raises(SourceProblem) as caught:
        source_from_bytes(Path("program.py"), text.encode())
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "column", "construct"),
    [
        pytest.param('x = 1\nprint "loss", x\n', 2, 1, "a print statement", id="print of a string"),
        pytest.param("if x: print x\n", 1, 7, "a print statement", id="print after a colon"),
        pytest.param("x = 1; print x\n", 1, 8, "a print statement", id="print after a semicolon"),
        pytest.param("print'x'\n", 1, 1, "a print statement", id="print without a space"),
        pytest.param("print u'x'\n", 1, 1, "a print statement", id="print of a prefixed string"),
        pytest.param("print not x\n", 1, 1, "a print statement", id="print of an operator"),
        pytest.param("try:\n    f()\nexcept E, e:\n    pass\n", 3, 1, "`except Error, name`", id="except"),
        pytest.param(
            "try:\n    f()\nexcept (A, B), e:\n    pass\n",
            3,
            1,
            "`except Error, name`",
            id="except of several",
        ),
        pytest.param('exec "x = 1" in scope\n', 1, 1, "an exec statement", id="exec"),
        pytest.param('raise ValueError, "no"\n', 1, 1, "`raise Error, value`", id="raise"),
        pytest.param("raise info[0], info[1], info[2]\n", 1, 1, "`raise Error, value`", id="raise again"),
        pytest.param("x = `y`\n", 1, 5, "backticks for repr()", id="backticks"),
        pytest.param("if x <> y: pass\n", 1, 6, "the operator `<>`", id="unequal"),
        pytest.param("x = ur'\\d'\n", 1, 5, "a string with the prefix `ur`", id="ur"),
        pytest.param("os.chmod(p, 0755)\n", 1, 13, "an octal number without `0o`", id="octal"),
        pytest.param("x = 10L\n", 1, 5, "a long integer with the suffix `L`", id="long"),
        pytest.param("x = 0xFFL\n", 1, 5, "a long integer with the suffix `L`", id="hexadecimal long"),
        pytest.param("f = lambda (k, v): v\n", 1, 5, "a lambda that unpacks its argument", id="lambda"),
        pytest.param("def f(a, (b, c)): pass\n", 1, 10, "a parameter that is a tuple", id="tuple parameter"),
    ],
)
def test_python2_construct(text: str, line: int, column: int, construct: str) -> None:
    found = problem(text)
    assert (found.code, found.line, found.column) == ("TFM002", line, column)
    assert construct in found.message
    assert "2to3" in found.advice


def test_the_first_construct_is_named() -> None:
    assert problem('x = 0777\nprint "x"\n').line == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"""\nprint "x"\n"""\nx = (\n', id="docstring"),
        pytest.param("# print x\nx = (\n", id="comment"),
        pytest.param("x = 'it\\'s <> `0777`'\ny = (\n", id="string with an escaped quote"),
        pytest.param("x = 'continued \\\nprint x'\ny = (\n", id="string over two lines"),
        pytest.param("x = 1e-07 + 1.05\ny = (\n", id="exponent"),
        pytest.param("print(x)\nprint (x), 1\nprint\nprint -1\nprint in x\ny = (\n", id="print of Python 3"),
        pytest.param("raise E(a, b)\nraise E from e\ny = (\n", id="raise of Python 3"),
        pytest.param("try:\n    f()\nexcept (A, B):\n    pass\ny = (\n", id="except of Python 3"),
        pytest.param("f = lambda a, b=(c, d): a\ndef g(a=(b, c)): pass\ny = (\n", id="tuple as a default"),
        pytest.param("x = 'never closed\ny = 1\n", id="string without an end"),
        pytest.param('x = """never closed\nprint x\n', id="long string without an end"),
    ],
)
def test_broken_python3_is_not_python2(text: str) -> None:
    assert problem(text).code == "TFM001"
    assert problem(text.replace("\n", "\r\n")).code == "TFM001"


def test_the_standard_library_is_not_python2() -> None:
    library = Path(textwrap.__file__).parent
    for path in sorted(library.glob("*.py"))[:60]:
        assert is_python2(path.read_text(encoding="utf-8")) is None, path


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("x = (1,\ny = 2\n", 1, "was never closed", id="open bracket"),
        pytest.param("def f():\nreturn 1\n", 2, "expected an indented block", id="indentation"),
        pytest.param("x = 1\n<<<<<<< HEAD\ny\n=======\nz\n>>>>>>> b\n", 2, "merge conflict", id="conflict"),
        pytest.param("x = 1\n%matplotlib inline\n", 2, "command of a notebook", id="magic"),
        pytest.param("!pip install gym\n", 1, "command of a notebook", id="shell command"),
        pytest.param("(" * 5000 + ")" * 5000, 1, "", id="nested too deeply"),
    ],
)
def test_syntax_error(text: str, line: int, words: str) -> None:
    found = problem(text)
    assert (found.code, found.line) == ("TFM001", line)
    assert words in found.message
    assert found.advice
    assert not found.message.endswith(".")


def test_tabs_against_spaces() -> None:
    found = problem("if x:\n        a = 1\n\tb = 2\n")
    assert (found.code, found.line) == ("TFM001", 3)
    assert "tab" in found.advice


def test_keyword_that_was_a_name() -> None:
    assert "keyword since Python 3.7" in problem("f(async=True)\n").advice


def test_the_python_that_parses_is_named() -> None:
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in problem("x = (\n").advice


def test_lines_end_where_python_ends_them() -> None:
    assert problem("x = '\u2028'\ry = 1\r\nz = (\n").line == 3
