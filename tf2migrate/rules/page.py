"""Rules as pages: what ``tf2migrate rule`` shows, and what stands in `docs/rules/`."""

from __future__ import annotations

from collections.abc import Sequence

from tf2migrate.rules.definition import Rule

_FAMILIES = {
    "0": "Files",
    "1": "Symbols and idioms",
    "2": "Arguments",
    "3": "Meaning",
    "4": "The contract of a rewrite",
    "5": "Optimizers",
    "6": "Variables",
    "7": "Layers",
    "8": "Around the model",
    "9": "Keras 3",
}


def page(rule: Rule) -> str:
    """The rule in Markdown."""
    references = "\n".join(f"- <{reference}>" for reference in rule.references)
    return f"""\
# {rule.name} ({rule.code})

## What it does
{rule.summary}

## Why is this bad?
{rule.why}

## Example
```python
{rule.example}
```

## Use instead
```python
{rule.use_instead}
```

## Fix safety
{rule.fix.kind.capitalize()}. {rule.fix.note}

## References
{references}
"""


def index(rules: Sequence[Rule]) -> str:
    """All rules by family, as links to their pages."""
    lines = ["# Rules", ""]
    for digit, family in _FAMILIES.items():
        rows = [rule for rule in rules if rule.code.removeprefix("TFM").startswith(digit)]
        if rows:
            lines += [f"## {family}", "", "| code | name | what it does |", "| --- | --- | --- |"]
            lines += [f"| [{r.code}]({r.code}.md) | {r.name} | {' '.join(r.summary.split())} |" for r in rows]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"
