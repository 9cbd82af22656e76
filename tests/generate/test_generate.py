"""The generator itself, and a small sample of its programs; ``scripts/random_programs.py`` runs thousands."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import sys

import pytest

from tests.generate.programs import random_program
from tests.generate.projects import random_project
from tests.generate.renaming import renamed
from tests.generate.shrinking import shrink, shrink_files
from tests.generate.trial import Outcome, try_program
from tests.generate.writer import ENTRY
from tf2migrate.verify.pool import Pool

SAMPLE = range(7000, 7024)
PROJECTS = range(8000, 8012)


def test_a_seed_gives_one_program() -> None:
    assert random_program(3) == random_program(3)
    assert len({random_program(seed) for seed in range(50)}) == 50


@pytest.mark.parametrize("seed", range(40))
def test_programs_are_python(seed: int) -> None:
    compile(random_program(seed), "program.py", "exec")


def test_a_seed_gives_one_project() -> None:
    assert random_project(3) == random_project(3)
    assert len({tuple(random_project(seed).values()) for seed in range(50)}) == 50


@pytest.mark.parametrize("seed", range(40))
def test_projects_are_python(seed: int) -> None:
    files = random_project(seed)
    assert ENTRY in files
    for name, text in files.items():
        compile(text, name, "exec")


def test_projects_import_what_they_use() -> None:
    """Names of other files are imported: what a file's own body reads is bound somewhere in it, or is built in."""
    for seed in range(60):
        files = random_project(seed)
        modules = {name: ast.parse(text) for name, text in files.items()}
        stars = any(isinstance(n, ast.alias) and n.name == "*" for tree in modules.values() for n in ast.walk(tree))
        for tree in modules.values() if not stars else ():
            read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
            bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
            bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
            bound |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
            bound |= {(n.asname or n.name).split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.alias)}
            assert read - bound - set(dir(builtins)) - {"__name__"} == set()


def test_shrinks_files_to_those_that_fail() -> None:
    files = {"program.py": "import a\nb = 2\nprint(a.c)\n", "a.py": "c = 1\nd = 2\n", "e.py": "f = 1\n"}

    def fails(candidate: dict[str, str]) -> bool:
        return "print" in candidate.get("program.py", "") and "c = 1" in candidate.get("a.py", "")

    assert shrink_files(files, fails) == {"program.py": "print()\n", "a.py": "c = 1\n"}


def test_shrinks_to_what_fails() -> None:
    text = "a = 1\nfor i in range(3):\n    b = [i, a]\n    if a:\n        boom(b, a, key=2)\nc = 2\n"

    def fails(candidate: str) -> bool:
        calls = [n for n in ast.walk(ast.parse(candidate)) if isinstance(n, ast.Call)]
        return any(isinstance(c.func, ast.Name) and c.func.id == "boom" for c in calls)

    assert shrink(text, fails) == "boom()\n"


def test_shrinking_keeps_what_does_not_fail() -> None:
    assert shrink("a = 1\n", lambda text: False) == "a = 1\n"


def test_renaming_leaves_what_is_not_the_programs_own() -> None:
    text = "import numpy as np\n\ndef scale(x, by=2):\n    return np.abs(x) * by\nprint(scale(x=3, by=1), len([1]))\n"
    other = renamed(text)
    assert "import numpy as np" in other
    assert "np.abs(" in other
    assert "len([1])" in other
    assert "scale" not in other
    scope: dict[str, object] = {}
    exec(compile(other.replace("print(", "result = ("), "renamed.py", "exec"), scope)
    assert scope["result"] == (3, 1)


@pytest.mark.slow
def test_sample_comes_out_right() -> None:
    if importlib.util.find_spec("tensorflow") is None or sys.platform != "linux":
        pytest.skip("TensorFlow 2 is not installed, or children cannot be forked")
    with Pool() as pool:
        trials = [(seed, try_program(random_program(seed), pool)) for seed in SAMPLE]
    bad = [f"seed {s}: {t.said}" for s, t in trials if t.outcome in (Outcome.WRONG, Outcome.CRASHED)]
    assert bad == []
    assert sum(trial.outcome is Outcome.SAME for _, trial in trials) >= len(SAMPLE) // 2


@pytest.mark.slow
def test_sample_of_several_files_comes_out_right() -> None:
    if importlib.util.find_spec("tensorflow") is None or sys.platform != "linux":
        pytest.skip("TensorFlow 2 is not installed, or children cannot be forked")
    with Pool() as pool:
        trials = [(seed, try_program(random_project(seed), pool)) for seed in PROJECTS]
    bad = [f"seed {s}: {t.said}" for s, t in trials if t.outcome in (Outcome.WRONG, Outcome.CRASHED)]
    assert bad == []
    assert sum(trial.outcome is Outcome.SAME for _, trial in trials) >= len(PROJECTS) // 3
