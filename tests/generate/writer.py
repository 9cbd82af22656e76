"""What a generated program is written with: text, names, and what of the graph has been made so far."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

T = TypeVar("T")

ENTRY = "program.py"

# Half of them are names that a rewrite would like to give to something of its own.
_WORDS = (
    "model tape train_step optimizer gradients network call evaluate compute_loss predict forward step "
    "variables layer weights kernel signature state update Model train_state function outputs inputs training "
    "trainable_variables h hidden out features z net layer1 units mid code embedding kernel_1 act pred logits "
    "score cost loss err total aux extra value result t tmp a b c w W b1 w1 v u q alpha beta rate n size flag "
)
NAMES = tuple(_WORDS.split())
COMMENTS = ("# as in the paper", "# TODO: tune", "# was 0.1", "# [batch, units]", "# noqa", "# don't touch: it works")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor by the name that holds it: of shape ``[batch, width]``, or a scalar if ``width`` is 0."""

    name: str
    width: int
    needs: frozenset[str] = frozenset()
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """A placeholder and the data that is fed to it; one with a default may be left out."""

    name: str
    feed: str
    has_default: bool = False
    is_batch: bool = True


@dataclass(frozen=True, slots=True)
class Train:
    """An op that trains or assigns, and the placeholders that it needs."""

    name: str
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Module:
    """A file that others import, by its path in the project."""

    path: str

    @property
    def dotted(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")

    @property
    def package(self) -> str:
        return self.dotted.rpartition(".")[0]


@dataclass(slots=True)
class Settings:
    """Numbers of the program that stand in a module of their own. ``form`` is how they are kept there."""

    module: Module
    form: str  # constants, flags, class, or object: an instance of a class that is handed on
    held: dict[str, str] = field(default_factory=dict)
    handed: str = ""  # the parameter that holds the object where code is written now


@dataclass(slots=True)
class Writer:
    """The program so far. ``holder`` is what graph is kept in while it is built: ``self.`` in a constructor."""

    random: Random
    lines: list[str] = field(default_factory=list)
    depth: int = 0
    holder: str = ""
    taken: set[str] = field(default_factory=set)
    inputs: dict[str, Input] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    fetchable: list[Tensor] = field(default_factory=list)
    updates: list[Train] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    averages: list[tuple[str, str]] = field(default_factory=list)
    summaries: list[Train] = field(default_factory=list)
    savers: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    evaluations: list[str] = field(default_factory=list)
    has_batch_norm: bool = False
    has_regularizer: bool = False
    reusing: bool = False
    in_function: bool = False
    # ------------------------------------ programs of several files
    path: str = ENTRY
    files: dict[str, list[str]] = field(default_factory=dict)
    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    ways: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    homes: dict[str, Module] = field(default_factory=dict)
    settings: Settings | None = None
    steppers: list[str] = field(default_factory=list)

    # -------------------------------------------------------------- choices
    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def one_of(self, options: Sequence[T]) -> T:
        return self.random.choice(options)

    def number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def decimal(self, low: float, high: float) -> str:
        return f"{self.random.uniform(low, high):.2g}"

    # -------------------------------------------------------------- names
    def fresh(self, *wished: str) -> str:
        """A name that nothing has yet: mostly one of those wished for, else one of the pool."""
        pool = [name for name in (wished if wished and self.chance(0.75) else NAMES) if name not in self.taken]
        if pool:
            name = self.one_of(pool)
        else:
            base = wished[0] if wished else "v"
            number = 2
            while f"{base}{number}" in self.taken:
                number += 1
            name = f"{base}{number}"
        self.taken.add(name)
        return name

    def ref(self, tensor: Tensor | Input | Train | str) -> str:
        """How code of this place reads something."""
        name = tensor if isinstance(tensor, str) else tensor.name
        is_local = isinstance(tensor, Tensor) and tensor.is_local
        if is_local or self.in_function:
            return name
        return f"{self.holder}{name}" if self.holder else self.reach(name)

    # -------------------------------------------------------------- text
    def line(self, text: str = "") -> None:
        """A statement, now and then with a comment or an empty line around it."""
        margin = "    " * self.depth
        if text and self.chance(0.04):
            self.lines.append(margin + self.one_of(COMMENTS))
        if text and self.chance(0.05) and "#" not in text and not text.endswith(":"):
            text += "  " + self.one_of(COMMENTS)
        self.lines.append(margin + text if text else "")
        if self.chance(0.05):
            self.lines.append("")

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(head)
        self.depth += 1
        yield
        self.depth -= 1

    def bind(self, expression: str, width: int, needs: frozenset[str], *wished: str) -> Tensor:
        """A statement that gives a tensor a name."""
        tensor = Tensor(self.fresh(*wished), width, needs, self.in_function)
        self.line(f"{self.ref(tensor)} = {expression}")
        return tensor

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    # -------------------------------------------------------------- several files
    @contextlib.contextmanager
    def file(self, module: Module) -> Iterator[None]:
        """What is written now stands in another file, at its end."""
        kept = self.lines, self.depth, self.path, self.holder
        self.lines, self.depth, self.path, self.holder = self.files.setdefault(module.path, []), 0, module.path, ""
        yield
        self.lines, self.depth, self.path, self.holder = kept

    def reach(self, name: str) -> str:
        """How code of this file reads a name of some file, which it imports if it has to."""
        base, bracket, rest = name.partition("[")
        home = self.homes.get(base)
        if home is None or home.path == self.path:
            return name
        return self._imported(home, base) + bracket + rest

    def _imported(self, home: Module, name: str) -> str:
        """A file imports all it needs of another in the way it began with."""
        key = self.path, home.path
        if key not in self.ways:
            self.ways[key] = self._way(home)
        way, held = self.ways[key]
        if way == "whole":
            return f"{held}.{name}"
        if way == "star":
            return name
        lines = self.imports.setdefault(self.path, {})
        if name not in lines:
            other = self.fresh() if self.chance(0.1) else name
            lines[name] = f"from {held} import {name}" + (f" as {other}" if other != name else "")
        return lines[name].split()[-1]

    def _way(self, home: Module) -> tuple[str, str]:
        near = home.package and home.package == Module(self.path).package
        short = home.dotted.rpartition(".")[2]
        ways = ["names", "names", "alias", "relative" if near else "star"]
        ways += ["whole", "whole"] if short not in self.taken else []
        way = self.one_of(ways)
        lines = self.imports.setdefault(self.path, {})
        if way == "names":
            return way, f".{short}" if near else home.dotted
        if way == "relative":
            return "names", f".{short}"
        if way == "star":
            lines[f"* {home.path}"] = f"from {home.dotted} import *"
            return way, ""
        held = short if way == "whole" else self.fresh(short[0], short[:3], f"{short}_lib")
        self.taken.add(held)
        if home.package and self.chance(0.5):
            lines[held] = f"from {'.' if near else home.package} import {short}"
            lines[held] += f" as {held}" if held != short else ""
        elif home.package:
            lines[held] = f"import {home.dotted} as {held}"
        else:
            lines[held] = f"import {home.dotted}" + (f" as {held}" if held != short else "")
        return "whole", held

    def setting(self, value: object, *wished: str) -> str:
        """A number of the program: as it is, or by the name that the module of settings has for it."""
        kept = self.settings
        if kept is None or not self.chance(0.5):
            return str(value)
        name = self.fresh(*wished)
        if kept.form == "constants":
            name = name.upper() if name.upper() not in self.taken else name
            self.taken.add(name)
            self.homes[name] = kept.module
        kept.held[name] = str(value)
        if kept.form == "constants":
            return self.reach(name)
        if kept.form == "object" and kept.handed:
            return f"{kept.handed}.{name}"
        holder = {"flags": "FLAGS", "class": "Config", "object": "default_config"}[kept.form]
        self.homes[holder] = kept.module
        return f"{self.reach(holder)}.{name}"

    def all_files(self) -> dict[str, str]:
        """The texts of all files, each with its imports."""
        texts = {**self.files, ENTRY: self.lines}
        out = {}
        for path, lines in texts.items():
            own = list(self.imports.get(path, {}).values())
            body = "\n".join(lines)
            if not body.strip():
                continue
            known = {"np": "import numpy as np", "tf": "import tensorflow as tf"}
            head = [line for name, line in known.items() if f"{name}." in body]
            out[path] = "\n".join([*head, *own, "", body]) + "\n"
        return out
