"""What another copy of tf2migrate makes of one fixture, as JSON: started by ``mutate.py``, never imported.

    mutant.py COPY FIXTURE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    copy, folder = sys.argv[1:]
    sys.path[:0] = [copy]
    from tests.fixture_programs import Fixture, is_native, migrated, reasons
    from tf2migrate.config import Settings
    from tf2migrate.migrate import instrument

    fixture = Fixture(Path(folder))
    program = migrated(fixture)
    if not is_native(program):
        json.dump({"codes": [finding.code for finding in reasons(program)], "texts": {}}, sys.stdout)
        return
    marked = instrument(fixture.sources(), Settings())
    texts = {fixture.within(path): (before, after) for path, before, after in marked}
    json.dump({"codes": [], "texts": texts}, sys.stdout)


if __name__ == "__main__":
    main()
