"""A rule as the page that ``tf2migrate rule`` shows."""

from __future__ import annotations

from tf2migrate.rules.definition import Rule


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
