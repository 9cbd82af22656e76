"""What follows from the programs of a run: exit code, summary, what is written together."""

from __future__ import annotations

import re
from pathlib import Path

from tf2migrate.config import Settings
from tf2migrate.files import SourceProblem, source_from_bytes
from tf2migrate.findings import Finding
from tf2migrate.migrate import FileMigration, Level, Program
from tf2migrate.report.outcome import Crash, Outcome, settled
from tf2migrate.report.summary import summary, tally

OPEN = Finding("a.py", 3, 1, "TFM401", "not known")
IDIOM = "TFM100"
FIXED = Finding("a.py", 2, 1, IDIOM, "a session", fixed=True)
LEFT = Finding("a.py", 2, 1, IDIOM, "a session")


def migration(
    name: str, code: str | None = None, *findings: Finding, level: Level = Level.NATIVE
) -> FileMigration:
    source = source_from_bytes(Path(name), b"x = 1\n")
    return FileMigration(source, source.text if code is None else code, findings, level)


def program(*files: FileMigration, level: Level = Level.NATIVE) -> Program:
    reasons = tuple(found for file in files for found in file.findings if not found.fixed and found.code != IDIOM)
    return Program(files[0].source.path, files, level, (), reasons)


def names(batches: list[list[FileMigration]]) -> list[set[str]]:
    return [{str(file.source.path) for file in batch} for batch in batches]


def test_exit_codes() -> None:
    unparsable = SourceProblem("b.py", 1, "TFM001", "no")
    notebook = SourceProblem("b.ipynb", 1, "TFM004", "no")
    same, changed = program(migration("a.py")), program(migration("a.py", "x = 2\n"))
    assert Outcome(()).exit_code() == 0
    assert Outcome((same,)).exit_code() == 0
    assert Outcome((changed,)).exit_code() == 1
    assert Outcome((changed,)).exit_code(linting=True) == 0
    assert Outcome((program(migration("a.py", None, OPEN)),)).exit_code() == 1
    assert (
        Outcome((program(migration("a.py", None, OPEN)),), settings=Settings(ignore=("TFM4",))).exit_code()
        == 0
    )
    assert Outcome((changed,), (unparsable,)).exit_code() == 2
    assert Outcome((), (unparsable,), settings=Settings(ignore=("ALL",))).exit_code() == 2
    assert Outcome((), (notebook,)).exit_code() == 1
    assert Outcome((), (notebook,), settings=Settings(ignore=("TFM004",))).exit_code() == 0
    assert Outcome((same,), (), (Crash(("b.py",), "KeyError"),)).exit_code() == 2


def test_findings_of_shared_files_come_once() -> None:
    shared = migration("model.py", None, OPEN)
    outcome = Outcome((program(migration("a.py"), shared), program(migration("b.py"), shared)))
    assert outcome.findings == [OPEN]
    assert len(outcome.files) == 3


def test_programs_that_share_a_file_are_written_together() -> None:
    model, data = migration("model.py", "x = 2\n"), migration("data.py", "x = 2\n")
    outcome = Outcome(
        (
            program(migration("train.py", "x = 2\n"), model),
            program(migration("alone.py", "x = 2\n")),
            program(migration("eval.py", "x = 2\n"), model, data),
            program(migration("same.py")),
            program(migration("other.py", "x = 2\n"), data),
        )
    )
    assert sorted(names(outcome.batches()), key=len) == [
        {"alone.py"},
        {"train.py", "model.py", "eval.py", "data.py", "other.py"},
    ]


def test_disputed_file_leaves_its_programs_unchanged() -> None:
    train = program(migration("train.py", "x = 2\n", FIXED), migration("model.py", "x = 2\n"))
    evaluate = program(migration("eval.py"), migration("model.py"), level=Level.UNCHANGED)
    alone = program(migration("alone.py", "x = 2\n"))
    outcome = Outcome(tuple(settled([train, evaluate, alone])))
    assert names(outcome.batches()) == [{"alone.py"}]
    assert [program.level for program in outcome.programs] == [Level.UNCHANGED, Level.UNCHANGED, Level.NATIVE]
    assert [(found.path, found.code, found.fixed) for found in outcome.findings] == [
        ("a.py", "TFM100", False),
        ("model.py", "TFM410", False),
    ]


def test_text_that_the_encoding_cannot_express_leaves_its_program_unchanged() -> None:
    ascii_only = source_from_bytes(Path("a.py"), b"# coding: ascii\n")
    file = FileMigration(ascii_only, "# coding: ascii\n# \u00e9\n", (FIXED,), Level.NATIVE)
    outcome = Outcome(tuple(settled([program(migration("train.py", "x = 2\n"), file)])))
    assert outcome.changed == []
    assert [(found.code, found.fixed) for found in outcome.findings] == [("TFM003", False), ("TFM100", False)]


def test_summary_counts_levels_and_groups_reasons() -> None:
    second = Finding("b.py", 1, 1, "TFM401", "not known either")
    third = Finding("b.py", 2, 1, "TFM406", "random")
    outcome = Outcome(
        (
            program(migration("n.py", "x = 2\n", FIXED)),
            program(migration("a.py", None, OPEN, LEFT), level=Level.UNCHANGED),
            program(migration("b.py", None, second, third), level=Level.UNCHANGED),
            program(migration("c.py"), level=Level.CLEAN),
        ),
        (SourceProblem("d.py", 1, "TFM001", "no"),),
    )
    assert summary(outcome).splitlines() == [
        "3 programs: 1 native, 2 unchanged (and 1 without TensorFlow 1)",
        "why 2 programs are not native:",
        "  2  TFM401 unresolved-slice: 2 places, the first a.py:3: not known",
        "  1  TFM406 randomness-not-preserved: b.py:2: random",
        "1 finding is fixed by the rewrite",
        "1 file could not be read, parsed or written",
    ]


def test_summary_of_nothing() -> None:
    assert summary(Outcome(())) == "no program to migrate\n"
    clean = program(migration("a.py"), level=Level.CLEAN)
    assert summary(Outcome((clean,))) == "nothing to migrate in 1 program\n"


def test_tally() -> None:
    assert tally(Outcome((program(migration("a.py", None, OPEN, FIXED)),))) == (
        "2 findings in 1 file; `tf2migrate fix` removes 1 [*]\n"
    )
    assert tally(Outcome((program(migration("a.py")),))) == "no findings in 1 file\n"


def test_crash_says_whose_bug_it_is() -> None:
    text = Crash(("a.py", "b.py", "c.py"), "KeyError: 'x'").text
    assert re.match(r"a\.py \(and 2 other files\): internal error: KeyError: 'x'; a bug in tf2migrate", text)
