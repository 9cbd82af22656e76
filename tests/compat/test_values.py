"""Programs on `tf.compat.v1`, without Keras 2, give the values of the originals."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from tests import fixture_programs
from tests.compat.compared import compared
from tests.fixture_programs import Fixture
from tf2migrate.compat.program import compatible_program, surroundings
from tf2migrate.config import Settings
from tf2migrate.files import SourceFile, read_source
from tf2migrate.migrate import Level, migrate
from tf2migrate.names.project import parse
from tf2migrate.verify.pool import Pool
from tf2migrate.verify.values import Verdict
from tf2migrate.verify.wording import describe

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
@functools.cache
def on_compat(fixture: Fixture) -> dict[str, str] | None:
    """The files of a refused program as they are with ``--compat``; None where they stay as they are."""
    made = migrate(fixture.sources(), Settings(fallback="compat"))
    if any(program.level is not Level.COMPAT for program in made):
        return None
    return {fixture.within(file.source.path): file.code for program in made for file in program.files}


def text_of(source: SourceFile) -> str:
    module = parse(source)
    made = compatible_program([module], source.path.parent, surroundings([module]))[module.key]
    assert not made.refusals
    return made.text


@pytest.mark.slow
@pytest.mark.tf1
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_layers_and_cells_are_those_of_tensorflow_1(path: Path, tf1_python: str, pool: Pool) -> None:
    source = read_source(path)
    found = compared({path.name: source.text}, {path.name: text_of(source)}, path.name, tf1_python, pool)
    assert found.verdict is Verdict.SAME, describe(found)


@pytest.mark.slow
@pytest.mark.tf1
@pytest.mark.parametrize("fixture", fixture_programs.refused(), ids=lambda fixture: fixture.name)
def test_refused_programs_give_the_values_of_tensorflow_1(fixture: Fixture, tf1_python: str, pool: Pool) -> None:
    after = on_compat(fixture)
    if after is None:
        pytest.skip("is left alone")
    if fixture.told()["code"] == "TFM405":
        pytest.skip("what it fetches races with an update, in TensorFlow 1 already")
    before = {fixture.within(source.path): source.text for source in fixture.sources()}
    entry = fixture.within(migrate(fixture.sources(), Settings())[0].entry)
    found = compared(before, after, entry, tf1_python, pool)
    if found.verdict is Verdict.NOT_RUN and found.problem.startswith(("the original", "no run returned a value")):
        pytest.skip(found.problem)  # it needs files or input that are not there, or does not repeat itself
    assert found.verdict is Verdict.SAME, describe(found)
