"""What a generated program is written with: text, names, and what of the graph has been made so far."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

T = TypeVar("T")

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
        return name if is_local or self.in_function or not self.holder else f"{self.holder}{name}"

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
