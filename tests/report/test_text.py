"""Findings as people see them."""

from __future__ import annotations

import textwrap

from tf2migrate.findings import Finding
from tf2migrate.report.style import Style
from tf2migrate.report.text import concise, full

FINDING = Finding("train.py", 3, 9, "TFM101", "`tf.log` was removed", "use `tf.math.log`", fixed=True)
TEXT = "import tensorflow as tf\n\nloss = (tf.log(x))\n"


def test_full() -> None:
    expected = """\
        train.py:3:9: TFM101 [*] `tf.log` was removed
          |
        3 | loss = (tf.log(x))
          |         ^^^^^^
          = help: use `tf.math.log`

        """
    assert full([FINDING], {"train.py": TEXT}) == textwrap.dedent(expected)


def test_concise() -> None:
    plain = Finding("train.py", 3, 9, "TFM401", "not known")
    assert concise([FINDING, plain]) == (
        "train.py:3:9: TFM101 [*] `tf.log` was removed\ntrain.py:3:9: TFM401 not known\n"
    )


def test_without_a_line_to_show() -> None:
    expected = "train.py:3:9: TFM101 [*] `tf.log` was removed\n  help: use `tf.math.log`\n\n"
    assert full([FINDING], {}) == expected
    assert full([FINDING], {"train.py": "one line\n"}) == expected
    assert full([FINDING], {"train.py": "\n\n   \n"}) == expected


def test_caret_stands_under_its_place() -> None:
    def caret(line: str, column: int) -> tuple[str, str]:
        shown = full([Finding("a.py", 1, column, "TFM100", "x")], {"a.py": line}).splitlines()
        return shown[2].removeprefix("1 | "), shown[3].removeprefix("  | ")

    assert caret("\ttf.log(x)", 2) == ("    tf.log(x)", "    ^^^^^^")
    assert caret("'\u6f22\u5b57', tf.log(x)", 7) == ("'\u6f22\u5b57', tf.log(x)", "        ^^^^^^")
    assert caret("x = 1", 99) == ("x = 1", "     ^")
    assert caret("x = 1", 0) == ("x = 1", "^")
    source, under = caret("x" * 500 + " tf.log(y)", 502)
    assert source[under.index("^") :].startswith("tf.log(y)")
    assert len(source) < 200


def test_lines_end_where_python_ends_them() -> None:
    shown = full([Finding("a.py", 2, 1, "TFM100", "x")], {"a.py": "a\x0b\u2028b\rthis\r\n"})
    assert "2 | this\n" in shown


def test_source_cannot_steer_the_terminal() -> None:
    shown = full([Finding("a\x1b[2J.py", 1, 1, "TFM100", "x\x07")], {"a\x1b[2J.py": "x = '\x1b[31m\u202e'"})
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_colours_only_when_asked() -> None:
    assert "\x1b[31mTFM101\x1b[0m" in concise([FINDING], Style(True))
    assert "\x1b" not in concise([FINDING])
