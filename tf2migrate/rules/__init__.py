"""The rules: one module each, found by walking this package; a new rule edits no list."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from tf2migrate.rules.definition import Fix, FixKind, Rule, Trap

__all__ = ["Fix", "FixKind", "Rule", "Trap", "all_rules", "rule"]


@functools.cache
def all_rules() -> dict[str, Rule]:
    """Every rule by its code, in the order of the codes."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    )
    rules = [module.RULE for module in modules if hasattr(module, "RULE")]
    return {rule.code: rule for rule in sorted(rules, key=lambda rule: rule.code)}


def rule(code_or_name: str) -> Rule | None:
    """The rule with this code (in any case) or this name, if there is one."""
    by_code = all_rules().get(code_or_name.upper())
    return by_code or next((rule for rule in all_rules().values() if rule.name == code_or_name), None)
