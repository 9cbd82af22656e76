"""The use case behind ``tf2migrate verify``: which programs, which exit code, which words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, source_from_bytes
from tf2migrate.migrate import FileMigration, Level, Program, Site
from tf2migrate.verify import compare as room
from tf2migrate.verify.compare import verify_paths
from tf2migrate.verify.pool import Pool

pytestmark = pytest.mark.slow

BEFORE = "import tensorflow as tf\nwith tf.Session() as sess:\n    print({0}sess.run(tf.ones([3])){1})\n"
AFTER = "import tensorflow as tf\nprint({0}tf.ones([3]).numpy() * {2}{1})\n"


@pytest.fixture
def project(tmp_path: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A migration that multiplies what each program gives by a factor of its own."""
    made = SimpleNamespace(programs=[], sources=[], factors={}, lines=[], folder=tmp_path)

    def add(name: str, factor: float, level: Level = Level.NATIVE, text: str = BEFORE) -> None:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text.format("", ""))
        source = source_from_bytes(path, path.read_bytes())
        made.sources.append(source)
        made.factors[path] = factor, text
        site = Site(1, str(path), 3, 11, "")
        made.programs.append(Program(path, (FileMigration(source, "", (), level),), level, (site,)))

    def instrument(sources: Sequence[SourceFile], settings: Settings) -> list[tuple[str, str, str]]:
        marks = "__tf2migrate_record__(1, ", ")"
        return [
            (
                str(s.path),
                made.factors[s.path][1].format(*marks),
                AFTER.format(*marks, made.factors[s.path][0]),
            )
            for s in sources
        ]

    def verify(**options: object) -> int:
        made.lines.clear()
        return verify_paths(made.sources, Settings(), echo=made.lines.append, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(room.use_case, "migrate", lambda sources, settings: made.programs)
    monkeypatch.setattr(room.use_case, "instrument", instrument, raising=False)
    # The pool of the session is not this use case's to close.
    monkeypatch.setattr(room, "runner", lambda: SimpleNamespace(run=pool.run, warm=pool.warm, close=lambda: None))
    made.add, made.verify = add, verify
    return made


def test_all_the_same(project: SimpleNamespace) -> None:
    project.add("a.py", 1)
    project.add("sub/b.py", 1)
    assert project.verify() == 0
    assert project.lines == [
        f"{project.folder}/a.py: same: 1 run of 1 site agree",
        f"  site 1 {project.folder}/a.py:3:11: 1 run, 3 numbers agree",
        f"{project.folder}/sub/b.py: same: 1 run of 1 site agree",
        f"  site 1 {project.folder}/sub/b.py:3:11: 1 run, 3 numbers agree",
    ]


def test_one_differs(project: SimpleNamespace) -> None:
    project.add("a.py", 1)
    project.add("b.py", 1.5)
    project.add("c.py", 1, text="import tensorflow as tf\nopen('nothing.csv')\n{0}{1}")
    assert project.verify() == 1
    said = "\n".join(project.lines)
    assert f"{project.folder}/b.py: different\n" in said
    assert "value 1: 3 compared, beyond rtol 0.0001, atol 1e-06 from run 1 on; worst difference 0.5 absolute" in said
    assert "c.py: could not be compared: the original needs a file that is not here" in said


def test_one_cannot_be_run(project: SimpleNamespace) -> None:
    project.add("a.py", 1)
    project.add("b.py", 1, text="import tensorflow as tf\nimport tensorflow.contrib.slim\n{0}{1}")
    assert project.verify() == 2
    assert any("pass --oracle" in line for line in project.lines)


def test_tolerance(project: SimpleNamespace) -> None:
    project.add("a.py", 1.01)
    assert project.verify() == 1
    assert project.verify(rtol=0.1) == 0


def test_levels(project: SimpleNamespace) -> None:
    project.add("a.py", 1, level=Level.CLEAN)
    assert project.verify() == 0
    project.add("b.py", 1, level=Level.UNCHANGED)
    assert project.verify() == 2
    assert project.lines == [
        f"{project.folder}/b.py: not verified: its level is unchanged",
        "nothing to verify: no program was migrated to native TensorFlow 2",
    ]


def test_no_oracle(project: SimpleNamespace) -> None:
    project.add("a.py", 1)
    assert project.verify(oracle="python-that-is-not-there") == 2
    assert project.lines[0].endswith("could not be compared: there is no Python `python-that-is-not-there`")
