"""Whole programs: what each becomes, that it computes the same, and what must stay as it is.

A fixture is listed in ``fixtures_pending.toml`` until the tool migrates it. ``scripts/goldens.py`` writes the
expected files.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import libcst as cst
import pytest

from tests import fixture_programs as programs
from tests.fixture_programs import Fixture
from tf2migrate.migrate import Level
from tf2migrate.rewrite.host_names import use_present_names
from tf2migrate.verify.legacy import NEEDS_TF1
from tf2migrate.verify.pool import Pool
from tf2migrate.verify.values import Comparison
from tf2migrate.verify.wording import describe

PENDING = programs.pending()
ALL = programs.migratable()
NATIVE = [fixture for fixture in ALL if fixture.name not in PENDING]

# No native program reads these below `tensorflow`. Most do not exist there; this says it without TensorFlow.
V1_NAME = re.compile(
    r"compat|contrib|examples|layers|losses|app|flags|(Interactive)?Session|Graph(Keys)?|ConfigProto|placeholder\w*"
    r"|get_variable|variable_scope|get_collection|\w+_variables(_initializer)?|initialize_\w+|reset_default_graph"
)

Ahead = Callable[..., dict[Fixture, Future[Comparison]]]
native = pytest.mark.parametrize("fixture", NATIVE, ids=lambda fixture: fixture.name)


# ------------------------------------------------------------------ the list of what is not migrated yet
def test_pending_fixtures_exist() -> None:
    assert set(PENDING) <= {fixture.name for fixture in ALL}
    assert all(PENDING.values()), "each with its reason"


@pytest.mark.parametrize("name", sorted(PENDING))
def test_pending_is_refused(name: str) -> None:
    """One that has become native leaves the list."""
    fixture = next(fixture for fixture in ALL if fixture.name == name)
    assert_unchanged(fixture)
    assert programs.reasons(programs.migrated(fixture)), "refused without a finding"


def assert_unchanged(fixture: Fixture) -> None:
    program = programs.migrated(fixture)
    assert program.level is Level.UNCHANGED
    assert {path: path.read_bytes() for path in fixture.files()} == programs.rewritten(fixture)


# ------------------------------------------------------------------ the text
@native
def test_rewrite_is_as_expected(fixture: Fixture) -> None:
    program = programs.migrated(fixture)
    assert program.level is Level.NATIVE, [str(finding) for finding in programs.reasons(program)]
    found, wanted = programs.rewritten(fixture), programs.expected(fixture)
    assert wanted.keys() == found.keys(), "scripts/goldens.py writes it when the values agree"
    for path, raw in found.items():
        assert raw.decode().splitlines() == wanted[path].decode().splitlines()
        assert raw == wanted[path]


def goldens(fixture: Fixture) -> dict[Path, bytes]:
    found = programs.expected(fixture)
    if not found:
        pytest.skip("there is no golden, which another test complains about")
    return found


@native
def test_second_run_changes_nothing(fixture: Fixture) -> None:
    assert goldens(fixture)
    program = programs.one_program(programs.expected_sources(fixture))
    assert program.level is Level.CLEAN
    for file in program.files:
        assert file.code == file.source.text
        assert file.findings == ()


@native
def test_compiles(fixture: Fixture) -> None:
    for path, raw in goldens(fixture).items():
        compile(raw, str(path), "exec", dont_inherit=True)


@native
def test_holds_no_name_of_tensorflow_1(fixture: Fixture) -> None:
    for raw in goldens(fixture).values():
        tree = ast.parse(raw)
        assert [name for name in tensorflow_names(tree) if V1_NAME.fullmatch(name.split(".")[0])] == []
        keywords = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
        assert not keywords & {"feed_dict", "fetches"}
        assert b"tensorflow.examples" not in raw


@native
def test_every_name_is_bound(fixture: Fixture) -> None:
    """Nothing reads a name that went with the graph."""
    for path, raw in goldens(fixture).items():
        tree = ast.parse(raw)
        if any(isinstance(n, ast.ImportFrom) and any(a.name == "*" for a in n.names) for n in ast.walk(tree)):
            continue
        missing = names(tree, ast.Load) - names(tree, ast.Store) - definitions(tree) - set(dir(builtins))
        assert missing - {"__file__"} == set(), path.name


def names(tree: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, context)} - {"__name__"}


def definitions(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.arg(arg=name):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found.add(asname or name.split(".")[0])
    return found


@native
def test_host_code_is_kept(fixture: Fixture) -> None:
    """Statements of the module that have nothing to do with TensorFlow are the same bytes, and prints stay.

    Those that showed the place of a tensor in the graph go, and are reported. What numpy called otherwise may be
    called so.
    """
    before = {path: path.read_bytes().decode("utf-8-sig") for path in fixture.files()}
    after = {path: raw.decode("utf-8-sig") for path, raw in goldens(fixture).items()}
    for path, text in before.items():
        present = use_present_names(cst.parse_module(text)).code
        lost = [statement for statement in host_statements(present) if statement not in after[path]]
        assert lost == []
    found = [finding for file in programs.migrated(fixture).files for finding in file.findings]
    assert prints(before) == prints(after) + sum(finding.code == "TFM402" for finding in found)


def prints(files: dict[Path, str]) -> int:
    """How many calls print: those of `print`, and of what slim prints about variables."""
    calls = [n for text in files.values() for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
    names = [n.func.id if isinstance(n.func, ast.Name) else getattr(n.func, "attr", "") for n in calls]
    return sum(name in ("print", "analyze_vars") for name in names)


def host_statements(text: str) -> Iterator[str]:
    """The source of each statement of the module that reads nothing which TensorFlow made."""
    tree = ast.parse(text)
    made = {"tf", "tensorflow", "sess", "session"} | bases_of_graph(tree) | only_decorating(tree)
    lines = text.splitlines(keepends=True)
    of_graph = placeholders(tree)
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            if "tensorflow" in ast.unparse(statement):
                made |= definitions(statement)
            continue
        read = names(statement, ast.Load) | names(statement, ast.Del) | definitions(statement)
        calls = {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)}
        inside = [n for n in ast.walk(statement) if isinstance(n, ast.Import | ast.ImportFrom)]
        of_tensorflow = calls & {"run", "eval", "add_summary"} or any("tensorflow" in ast.unparse(n) for n in inside)
        if read & made or keys(statement) & of_graph or of_tensorflow:
            made |= names(statement, ast.Store) | definitions(statement)
        elif any(each is not statement and shares_a_line(each, statement) for each in tree.body):
            yield ast.get_source_segment(text, statement) or ""
        elif statement.end_lineno is not None:
            yield "".join(lines[statement.lineno - 1 : statement.end_lineno]).rstrip("\r\n")


def shares_a_line(one: ast.stmt, other: ast.stmt) -> bool:
    return one.lineno <= (other.end_lineno or 0) and other.lineno <= (one.end_lineno or 0)


def bases_of_graph(tree: ast.Module) -> set[str]:
    """Classes from which others are derived that read TensorFlow: they become layers and models together."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    derived = [node for node in classes if names(node, ast.Load) & {"tf", "tensorflow"}]
    return {base.id for node in derived for base in node.bases if isinstance(base, ast.Name)}


def only_decorating(tree: ast.Module) -> set[str]:
    """Functions that do nothing but decorate: they go with the properties of the graph that they remembered."""
    defined = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    places = [place for node in defined for place in node.decorator_list]
    heads = [place.func if isinstance(place, ast.Call) else place for place in places]
    decorating = [head.id for head in heads if isinstance(head, ast.Name)]
    read = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    return {name for name in decorating if read.count(name) == decorating.count(name)}


def placeholders(tree: ast.Module) -> set[str]:
    """What placeholders and their likes are called anywhere: names that are bound where TensorFlow is read."""
    bound: set[str] = set()
    for statement in tree.body:
        if names(statement, ast.Load) & {"tf", "tensorflow"}:
            bound |= names(statement, ast.Store)
    return bound


def keys(statement: ast.stmt) -> set[str]:
    """Names that are keys of a dict which a statement writes: of a feed, those become strings."""
    written = [key for n in ast.walk(statement) if isinstance(n, ast.Dict) for key in n.keys]
    return {key.id for key in written if isinstance(key, ast.Name)}


@pytest.mark.slow
@native
def test_names_exist_in_tensorflow_2(fixture: Fixture) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    for path, raw in goldens(fixture).items():
        tree = ast.parse(raw)
        missing = [f"{path.name}: {name}" for name in tensorflow_names(tree) if not exists(tensorflow, name)]
        assert missing == []


def tensorflow_names(tree: ast.Module) -> set[str]:
    """Dotted names below ``tensorflow`` that a module imports or reads, without that first part."""
    modules: dict[str, str] = {}
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.name.split(".")[0] == "tensorflow":
                        path = alias.name.partition(".")[2]
                        found.add(path)
                        modules[alias.asname or "tensorflow"] = path if alias.asname else ""
            case ast.ImportFrom(module=str(module), names=aliases) if module.split(".")[0] == "tensorflow":
                for alias in aliases:
                    path = f"{module.partition('.')[2]}.{alias.name}".strip(".")
                    found.add(path)
                    modules[alias.asname or alias.name] = path
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = [node.attr]
            base = node.value
            while isinstance(base, ast.Attribute):
                parts.append(base.attr)
                base = base.value
            if isinstance(base, ast.Name) and base.id in modules:
                found.add(".".join([modules[base.id], *reversed(parts)]).strip("."))
    return found - {""}


def exists(module: ModuleType, name: str) -> bool:
    thing: object = module
    for part in name.split("."):
        if not hasattr(thing, part):
            return False
        thing = getattr(thing, part)
    return True


# ------------------------------------------------------------------ the values
@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow 2 is not installed")
    if sys.platform != "linux":
        pytest.skip("warm children are forked, which only Linux promises to be safe")
    with pytest.MonkeyPatch.context() as patch, Pool() as pool:
        # TensorFlow 2 leaves it behind when it is imported, and TensorFlow 1 would run eagerly.
        patch.delenv("TF2_BEHAVIOR", raising=False)
        yield pool


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest, pool: Pool) -> Iterator[Ahead]:
    """Comparisons that are made while earlier ones are looked at: original and rewrite keep a core each busy."""
    chosen = [item for item in request.session.items if isinstance(item, pytest.Function)]
    with ThreadPoolExecutor(2) as workers:

        def start(test: object, oracle: str | None = None) -> dict[Fixture, Future[Comparison]]:
            wanted = [item.callspec.params["fixture"] for item in chosen if item.originalname == test.__name__]
            return {fixture: workers.submit(programs.compare, fixture, pool, oracle) for fixture in wanted}

        yield functools.cache(start)
        workers.shutdown(cancel_futures=True)


@pytest.mark.slow
@native
def test_values_are_the_same(fixture: Fixture, ahead: Ahead) -> None:
    if fixture.about().get("oracle") == "tensorflow 1":
        pytest.skip("the original runs beside TensorFlow 1 only")
    comparison = ahead(test_values_are_the_same)[fixture].result()
    if NEEDS_TF1 in comparison.problem:
        pytest.skip(comparison.problem)
    assert_same(comparison, fixture)


@pytest.mark.slow
@pytest.mark.tf1
@native
def test_values_are_those_of_tensorflow_1(fixture: Fixture, ahead: Ahead, tf1_python: str) -> None:
    assert_same(ahead(test_values_are_those_of_tensorflow_1, tf1_python)[fixture].result(), fixture)


def assert_same(comparison: Comparison, fixture: Fixture) -> None:
    said = "\n".join(describe(fixture.name, comparison, programs.RTOL, 1e-6))
    if not comparison.ok:
        # Without a traceback: to show one, pytest parses this file, and other threads may be parsing theirs.
        pytest.fail(said, pytrace=False)
    reached = {site.place for site in comparison.sites}
    unreached = [note for note in comparison.notes if "not reached" in note]
    if not all(any(f"({place})" in note for place in reached) for note in unreached):
        pytest.fail(said, pytrace=False)


@pytest.mark.slow
@pytest.mark.tf1
def test_seeds_give_the_numbers_of_tensorflow_1(tf1_python: str) -> None:
    """In the world as it is: what verify runs in draws the same numbers whatever the seeds."""
    fixture = next(fixture for fixture in ALL if fixture.name == "seeded_random_ops")
    before = printed(tf1_python, fixture.original.read_bytes())
    after = printed(sys.executable, *programs.rewritten(fixture).values())
    assert NUMBER.sub("#", after) == NUMBER.sub("#", before)
    assert [float(n) for n in NUMBER.findall(after)] == pytest.approx(
        [float(n) for n in NUMBER.findall(before)], rel=1e-5
    )


NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")


def printed(python: str, program: bytes) -> str:
    """What a program prints under another interpreter."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF", "PYTHON"))}
    quiet = {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [python, "-W", "ignore", "-c", program.decode()], env=kept | quiet, capture_output=True, text=True, check=True
    )
    return done.stdout


# ------------------------------------------------------------------ what must not be changed
@pytest.mark.parametrize("fixture", programs.refused(), ids=lambda fixture: fixture.name)
def test_is_refused(fixture: Fixture) -> None:
    assert_unchanged(fixture)
    codes = Counter(finding.code for finding in programs.reasons(programs.migrated(fixture)))
    assert fixture.told()["code"] in codes
