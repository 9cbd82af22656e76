"""Write `docs/rules/`: one page for each rule, as `tf2migrate rule` shows it, and an index.

    python scripts/rule_pages.py [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tf2migrate.rules import all_rules
from tf2migrate.rules.page import index, page

PAGES = Path(__file__).resolve().parent.parent / "docs" / "rules"


def pages() -> dict[str, str]:
    """The text of each file of the folder."""
    found = {f"{rule.code}.md": page(rule) for rule in all_rules().values()}
    return {"README.md": index(list(all_rules().values())), **found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say which pages are not current")
    check = parser.parse_args().check
    wanted = pages()
    present = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*")}
    stale = sorted(name for name in {*wanted, *present} if wanted.get(name) != present.get(name))
    if check:
        print("".join(f"{name} is not current\n" for name in stale), end="")
        return 1 if stale else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (PAGES / name).write_text(wanted[name], encoding="utf-8")
        else:
            (PAGES / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
