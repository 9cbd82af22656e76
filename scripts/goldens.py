"""Writes what each program under ``fixtures/`` is expected to become, from what the tool makes of it now.

    python scripts/goldens.py [NAME...]            writes fixtures/<name>/expected.py, or expected/
    python scripts/goldens.py --check [NAME...]    writes nothing, says where they differ, exits with 1 then

A golden is written only for a program that comes out native and whose rewrite returns the same values as the
original; of the others it prints why not. Read the difference before it is committed: it is what users get.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import fixture_programs as programs
from tests.fixture_programs import Fixture
from tf2migrate.verify.pool import Pool
from tf2migrate.verify.wording import describe


def main() -> int:
    options = _options()
    fixtures = [f for f in programs.migratable() if not options.names or f.name in options.names]
    unknown = set(options.names) - {f.name for f in fixtures}
    if unknown:
        print(f"no such fixture: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    native = [fixture for fixture in fixtures if _is_native(fixture)]
    print(f"{len(native)} of {len(fixtures)} programs are native")
    changed = [fixture for fixture in native if programs.rewritten(fixture) != programs.expected(fixture)]
    if options.check:
        for fixture in changed:
            sys.stdout.writelines(_difference(fixture))
        return 1 if changed else 0
    return _write(changed, options.oracle)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these fixtures")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--oracle", help="a Python with TensorFlow 1.15, or auto; tf.compat.v1 without it")
    return parser.parse_args()


def _is_native(fixture: Fixture) -> bool:
    program = programs.migrated(fixture)
    listed = fixture.name in programs.pending()
    if programs.is_native(program):
        if listed:
            print(f"{fixture.name}: native now; take it out of {programs.PENDING.name}")
        return True
    print(f"{fixture.name}: {program.level.value}" + ("" if listed else f", and not in {programs.PENDING.name}"))
    for finding in programs.reasons(program)[:3]:
        print(f"  {Path(finding.path).name}:{finding.line}: {finding.code} {finding.message}")
    if programs.expected(fixture):
        print("  its golden is left as it is")
    return False


def _write(changed: list[Fixture], oracle: str | None) -> int:
    failed = 0
    with Pool() as pool:
        for fixture in changed:
            comparison = programs.compare(fixture, pool, oracle)
            if not comparison.ok:
                failed += 1
                print(f"{fixture.name}: native, but not written")
                for line in describe(fixture.name, comparison, programs.RTOL, 1e-6):
                    print(f"  {line[:200]}")
                continue
            known = bool(programs.expected(fixture))
            for path, raw in programs.rewritten(fixture).items():
                golden = fixture.golden(path)
                golden.parent.mkdir(parents=True, exist_ok=True)
                golden.write_bytes(raw)
            print(f"{fixture.name}: {'changed' if known else 'new'}, {comparison.runs} runs agree")
    return 1 if failed else 0


def _difference(fixture: Fixture) -> Iterator[str]:
    known = programs.expected(fixture)
    if not known:
        yield f"{fixture.name}: native, and has no golden\n"
    for path, raw in programs.rewritten(fixture).items() if known else ():
        before, after = (text.decode().splitlines(keepends=True) for text in (known.get(path, b""), raw))
        golden = fixture.golden(path).relative_to(programs.ROOT.parent).as_posix()
        yield from difflib.unified_diff(before, after, golden, f"{golden} as it would be now")


if __name__ == "__main__":
    sys.exit(main())
