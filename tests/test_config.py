"""The table in pyproject.toml: found, read, and refused with the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.config import DEFAULT_EXCLUDE, ConfigProblem, Settings, anchored, load_settings


def project(root: Path, text: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(text)
    return root


def test_defaults_without_a_table(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()
    assert load_settings(project(tmp_path, "[tool.ruff]\nline-length = 80\n")) == Settings()


def test_every_key(tmp_path: Path) -> None:
    project(
        tmp_path,
        """
        [tool.tf2migrate]
        exclude = ["old"]
        extend-exclude = ["lib/gen/*.py"]
        respect-gitignore = false
        select = ["TFM1", "TFM401"]
        ignore = ["ALL"]
        output-format = "concise"
        fallback = "partial"
        """,
    )
    assert load_settings(tmp_path) == Settings(
        exclude=("old",),
        extend_exclude=(f"{tmp_path.as_posix()}/lib/gen/*.py",),
        respect_gitignore=False,
        select=("TFM1", "TFM401"),
        ignore=("ALL",),
        output_format="concise",
        fallback="partial",
    )


def test_nearest_table_counts(tmp_path: Path) -> None:
    outer = project(tmp_path / "outer", '[tool.tf2migrate]\nselect = ["TFM1"]\n')
    project(outer / "mono", "[project]\nname = 'tf2migrate-user'\n")
    inner = project(outer / "mono" / "inner", '[tool.tf2migrate]\nselect = ["TFM4"]\n')
    script = inner / "train.py"
    script.write_text("")
    assert load_settings(script).select == ("TFM4",)
    assert load_settings(outer / "mono").select == ("TFM1",)
    assert load_settings(outer / "mono" / "not" / "there").select == ("TFM1",)
    assert load_settings(inner).exclude == DEFAULT_EXCLUDE


@pytest.mark.parametrize(
    ("table", "words"),
    [
        pytest.param('slect = ["TFM1"]', ["tool.tf2migrate.slect", "did you mean `select`"], id="misspelt"),
        pytest.param("respect-gitignore = 1", ["tool.tf2migrate.respect-gitignore", "true or false"], id="not a flag"),
        pytest.param("xyzzy = 1", ["tool.tf2migrate.xyzzy", "known keys"], id="unknown"),
        pytest.param('select = "TFM1"', ["tool.tf2migrate.select", "list of strings"], id="not a list"),
        pytest.param('ignore = ["E501"]', ["tool.tf2migrate.ignore", "E501"], id="not a code"),
        pytest.param('output-format = "xml"', ["output-format", "full, concise"], id="not a format"),
        pytest.param('fallback = "native"', ["fallback", "unchanged, partial"], id="not a level"),
        pytest.param("exclude = [1]", ["tool.tf2migrate.exclude", "list of strings"], id="not strings"),
        pytest.param("exclude = [", ["not valid TOML"], id="broken"),
    ],
)
def test_problem_names_file_and_key(tmp_path: Path, table: str, words: list[str]) -> None:
    project(tmp_path, f"[tool.tf2migrate]\n{table}\n")
    with pytest.raises(ConfigProblem) as caught:
        load_settings(tmp_path)
    for word in [str(tmp_path / "pyproject.toml"), *words]:
        assert word in str(caught.value)


def test_not_a_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="must be a table"):
        load_settings(project(tmp_path, "[tool]\ntf2migrate = 1\n"))


@pytest.mark.parametrize(
    ("select", "ignore", "shown", "hidden"),
    [
        pytest.param((), (), ["TFM101", "TFM401"], [], id="everything by default"),
        pytest.param(("TFM1",), (), ["TFM101"], ["TFM401"], id="select"),
        pytest.param((), ("TFM4",), ["TFM101"], ["TFM401"], id="ignore"),
        pytest.param(("ALL",), ("TFM1",), ["TFM401"], ["TFM101"], id="all but"),
        pytest.param(("TFM101",), ("TFM1",), ["TFM101"], ["TFM102"], id="the longer selector decides"),
        pytest.param(("TFM1",), ("TFM1",), [], ["TFM101"], id="ignore decides between equals"),
        pytest.param((), ("ALL",), [], ["TFM101"], id="nothing"),
    ],
)
def test_which_rules_are_reported(
    select: tuple[str, ...], ignore: tuple[str, ...], shown: list[str], hidden: list[str]
) -> None:
    settings = Settings(select=select, ignore=ignore)
    assert [settings.reports(code) for code in shown + hidden] == [True] * len(shown) + [False] * len(hidden)


def test_anchoring_twice_changes_nothing(tmp_path: Path) -> None:
    once = anchored("./lib/*.py", tmp_path / "with space")
    assert anchored(once, tmp_path / "with space") == once
    assert anchored("lib/", tmp_path) == "lib/"
