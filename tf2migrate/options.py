"""The options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from tf2migrate.config import OUTPUT_FORMATS, is_selector

_Function = TypeVar("_Function", bound=Callable[..., object])


def _combined(*options: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    """Several decorators as one, in the order in which the help shows them."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _split(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(item.strip() for value in values for item in value.split(",") if item.strip())


def _codes(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    selectors = _split(ctx, parameter, values)
    for selector in selectors:
        if not is_selector(selector):
            raise click.BadParameter(f"`{selector}` is neither a rule code such as TFM101 nor the start of one")
    return selectors


def _named(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[Path, ...]:
    if "" in values:  # mostly a variable of a shell that is not set; it must not mean the current directory
        raise click.BadParameter("a path is empty")
    return tuple(Path(value) for value in values)


paths_argument = click.argument("paths", nargs=-1, required=True, metavar="PATH...", callback=_named)
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours; auto obeys NO_COLOR.",
)
discovery_options = _combined(
    click.option(
        "--exclude",
        multiple=True,
        callback=_split,
        metavar="PATTERNS",
        help="What to leave out, instead of the default.",
    ),
    click.option(
        "--extend-exclude",
        multiple=True,
        callback=_split,
        metavar="PATTERNS",
        help="What to leave out besides.",
    ),
    click.option(
        "--respect-gitignore/--no-respect-gitignore",
        default=None,
        help="Leave out what git ignores (default).",
    ),
)
_linting = _combined(
    click.option(
        "--select", multiple=True, callback=_codes, metavar="CODES", help="Show findings of these rules only."
    ),
    click.option("--ignore", multiple=True, callback=_codes, metavar="CODES", help="Show no findings of these rules."),
    click.option("--output-format", type=click.Choice(OUTPUT_FORMATS), default=None, help="How findings are shown."),
    click.option(
        "--stdin-filename",
        type=click.Path(path_type=Path),
        metavar="NAME",
        help="The name of what comes by `-`.",
    ),
)
_level = _combined(
    click.option(
        "--partial",
        "fallback",
        flag_value="partial",
        default=None,
        help="Where a program cannot become native, respell what TensorFlow 1.15 and 2 both take.",
    ),
    click.option(
        "--compat",
        "fallback",
        flag_value="compat",
        default=None,
        help="Where a program cannot become native, let it run on tf.compat.v1, without Keras 2.",
    ),
)
run_options = _combined(paths_argument, _level, _linting, discovery_options, color_option)
