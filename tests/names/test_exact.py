"""Whitespace that the parser loses by itself."""

from __future__ import annotations

import pytest

from tf2migrate.names.exact import parse_exactly


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = 1\n", id="nothing to mend"),
        pytest.param("try:\n    pass\nexcept OSError :\n    pass\n", id="space before a colon"),
        pytest.param("try:\n    pass\nexcept (A, B)  :  # why\n    pass\nexcept C as e :\n    x[1:2]\n", id="several"),
        pytest.param(
            "try:\n    try:\n        pass\n    except A :\n        f = lambda x: x\n    except:\n        pass\n"
            "except B:\n    pass\n",
            id="one in another",
        ),
        pytest.param("x = 1\n\n\n\t\t\n", id="blank lines before one of spaces"),
        pytest.param("def f():\n    return 1\n\n   \n\n", id="behind a block"),
        pytest.param("try:\n    pass\nexcept A :\n    pass\n\n  \n", id="both"),
        pytest.param("x = 1\r\n\r\n  \r\n", id="line ends of Windows"),
    ],
)
def test_the_text_comes_back(text: str) -> None:
    assert parse_exactly(text).code == text


def test_what_is_not_known_shows() -> None:
    text = "x = 1\n\n\t\n\n    # indented\n\n  \n"
    assert parse_exactly(text).code != text
