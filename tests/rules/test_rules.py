"""Every rule is complete, found, and shown as it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tf2migrate.rules
from tf2migrate.files import SourceProblem, source_from_bytes
from tf2migrate.rules import FixKind, Rule, all_rules, rule
from tf2migrate.rules.page import page

RULES = list(all_rules().values())
PACKAGE = Path(tf2migrate.rules.__file__).parent
SECTIONS = [
    "## What it does",
    "## Why is this bad?",
    "## Example",
    "## Use instead",
    "## Fix safety",
    "## References",
]
# Rules about files that cannot be parsed have examples that cannot be parsed.
ABOUT_FILES = {
    "TFM001": "example.py",
    "TFM002": "example.py",
    "TFM003": "example.py",
    "TFM004": "example.ipynb",
}
TF1_ONLY = re.compile(
    r"tf\.(?:compat|contrib|Session|placeholder|get_variable|layers|estimator)\b|tensorflow\.python"
)
CODE = re.compile(r"[\"'](TFM\d{3})[\"']")

each = pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)


def test_codes_and_names_are_unique() -> None:
    modules = [path for path in PACKAGE.glob("*.py") if "RULE = Rule(" in path.read_text()]
    assert len(RULES) == len(modules) == len({one.name for one in RULES})
    assert [one.code for one in RULES] == sorted(one.code for one in RULES)


@each
def test_file_is_named_after_the_rule(one: Rule) -> None:
    path = PACKAGE / f"{one.name.replace('-', '_')}.py"
    text = path.read_text()
    assert f'code="{one.code}"' in text
    assert text.startswith(f'"""{one.code}')


@each
def test_form(one: Rule) -> None:
    assert re.fullmatch(r"TFM[1-9]\d\d|TFM00\d", one.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+|estimator|notebook", one.name)
    assert one.summary.startswith("Finds ")
    for text in (one.summary, one.why, one.fix.note):
        assert text.endswith(".")
        assert text[0].isupper() or text[0] == "`"
    assert one.example != one.use_instead
    assert one.fix.kind in FixKind
    assert one.references
    assert all(reference.startswith("https://") for reference in one.references)


@each
def test_page_has_every_section_with_content(one: Rule) -> None:
    text = page(one)
    assert text.startswith(f"# {one.name} ({one.code})\n")
    places = [text.index(f"\n{section}\n") for section in SECTIONS]
    assert places == sorted(places)
    for part in re.split(r"^## .*$", text, flags=re.M)[1:]:
        assert len(part.strip()) > 10


@each
def test_examples_parse(one: Rule) -> None:
    ast.parse(one.use_instead)
    name = ABOUT_FILES.get(one.code)
    if name is None:
        ast.parse(one.example)
        return
    with pytest.raises(SourceProblem) as caught:
        source_from_bytes(Path(name), one.example.encode())
    assert caught.value.code == one.code


@each
def test_what_to_use_instead_is_native(one: Rule) -> None:
    assert not TF1_ONLY.search(one.use_instead)


@each
def test_lookup(one: Rule) -> None:
    assert rule(one.code) is rule(one.code.lower()) is rule(one.name) is one


def test_lookup_of_nothing() -> None:
    assert rule("TFM999") is None
    assert rule("no-such-rule") is None


def test_every_code_in_the_package_has_a_rule() -> None:
    used = {
        code
        for path in PACKAGE.parent.rglob("*.py")
        for code in CODE.findall(path.read_text(encoding="utf-8"))
    }
    assert used <= set(all_rules())


def test_pages_in_the_documentation_are_current() -> None:
    script = Path(__file__).parents[2] / "scripts" / "rule_pages.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
