"""The names that TensorFlow 1 gives to ops, as far as a summary's tag depends on them.

A summary is tagged with the name of its op: the open name scopes, its own name, and a number if the graph has that
name already, whatever its case. Names that the program gives are known; those that TensorFlow chooses are words of
its own, and a summary that is called like one of these is only known where their order is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# What these functions call their op, besides words that no program sees: measured with TensorFlow 1.15.
OWN_NAMES = {
    "tf.reduce_mean": "Mean",
    "tf.reduce_max": "Max",
    "tf.reduce_min": "Min",
    "tf.reduce_sum": "Sum",
    "tf.reduce_prod": "Prod",
    "tf.reduce_all": "All",
    "tf.reduce_any": "Any",
    "tf.sqrt": "Sqrt",
    "tf.square": "Square",
    "tf.abs": "Abs",
    "tf.exp": "Exp",
    "tf.log": "Log",
    "tf.nn.softmax": "Softmax",
    "tf.nn.sigmoid": "Sigmoid",
    "tf.sigmoid": "Sigmoid",
    "tf.nn.tanh": "Tanh",
    "tf.tanh": "Tanh",
    "tf.nn.relu": "Relu",
    "tf.nn.l2_loss": "L2Loss",
}
# Words that other functions use for ops that they make on the way.
INTERNAL = frozenset({
    "add", "sub", "mul", "truediv", "div", "floordiv", "neg", "pow", "mod", "matmul", "const", "shape", "cast",
    "reshape", "transpose", "identity", "rank", "range", "size", "pack", "stack", "unstack", "concat",
    "expanddims", "squeeze", "strided_slice", "slice", "split", "fill", "zeros", "ones", "zeros_like",
    "ones_like", "variable", "placeholder", "placeholderwithdefault", "gradients", "assign", "init",
    "group_deps", "noop", "equal", "greater", "less", "logical_and", "logical_or", "logical_not", "argmax",
    "argmin", "random_normal", "random_uniform", "truncated_normal", "initial_value", "beta1_power",
    "beta2_power", "global_step", "dense", "conv2d", "flatten", "logistic_loss", "tuple", "switch",
    "merge", "cond", "while", "biasadd", "maximum", "minimum", "square", "sum", "mean", "prod", "max", "min",
    "global_norm", "clip_by_global_norm", "report_uninitialized", "remove_squeezable_dimensions",
    "squareddifference", "softmax_cross_entropy_with_logits", "weighted_loss", "value", "num_present",
    "assert_broadcastable", "lookuptable", "embedding_lookup", "gather", "one_hot", "onehot", "save", "restore",
})  # fmt: skip
# A word of recurrent cells alone, besides functions that are called like it.
OF_CELLS = "dropout"
_ILLEGAL = re.compile(r"[^-/\w\.]")


def clean_tag(name: str) -> str:
    """A summary's name as TensorFlow 1 made it fit for an op."""
    return _ILLEGAL.sub("_", name).lstrip("/")


@dataclass(slots=True)
class OpNames:
    """The names that are taken, in the order in which the graph is built."""

    stack: list[str] = field(default_factory=lambda: [""])
    taken: dict[str, int] = field(default_factory=dict)
    # Names that may or may not be taken, and scopes in which a name is taken that is not known.
    perhaps: set[str] = field(default_factory=set)
    clouded: set[str] = field(default_factory=set)
    cells: bool = False
    """Whether there may be recurrent cells, whose calls take names that nothing shows."""

    @property
    def scope(self) -> str:
        return self.stack[-1]

    def full(self, name: str) -> str:
        return f"{self.scope}/{name}" if self.scope else name

    def take(self, name: str, *, certain: bool = True, absolute: bool = False) -> str:
        """The name that an op or scope gets; taken from now on."""
        full = name if absolute else self.full(name)
        key = full.lower()
        if not certain:
            self.perhaps.add(key)
            return full
        count = self.taken.get(key, 0)
        self.taken[key] = count + 1
        if count:
            base = key
            while key in self.taken:
                key = f"{base}_{count}"
                count += 1
            self.taken[key] = 1
            full = f"{full}_{count - 1}"
        return full

    def is_sure(self, name: str) -> bool:
        """Whether it is known which name in this scope an op gets that asks for ``name``."""
        if self.scope in self.clouded or "?" in self.scope:
            return False
        word = re.sub(r"(_\d+)+$", "", name.lower())
        exact = {own.lower() for own in OWN_NAMES.values()}
        if word in INTERNAL - exact or (self.cells and word == OF_CELLS):
            return False
        keys = [self.full(name).lower(), self.full(word).lower()]
        return not any(key in self.perhaps for key in keys)

    def call(self, symbol: str, given: object, certain: bool) -> None:
        """A function of TensorFlow is called: ``given`` is its ``name`` argument, None without one."""
        self.cells = self.cells or "rnn" in symbol or symbol.endswith(("Wrapper", "Cell"))
        if isinstance(given, str):
            if given.endswith("/"):
                return
            self.take(given, certain=certain)
        elif given is not None:
            self.clouded.add(self.scope)
        elif symbol in OWN_NAMES:
            self.take(OWN_NAMES[symbol], certain=certain)
        else:
            last = symbol.rpartition(".")[2].lower()
            short = last.removeprefix("reduce_")
            for word in (last, last.replace("_", ""), short, short.replace("_", ""), f"{last}_loss"):
                self.take(word, certain=False)

    def copy(self) -> OpNames:
        return OpNames(list(self.stack), dict(self.taken), set(self.perhaps), set(self.clouded), self.cells)

    def resume(self, points: list[OpNames]) -> None:
        """Goes on with the names that are taken at one of several points."""
        first, *others = points
        self.taken, self.perhaps, self.clouded = dict(first.taken), set(first.perhaps), set(first.clouded)
        self.cells = any(point.cells for point in points)
        for point in others:
            self.clouded |= point.clouded
            self.perhaps |= point.perhaps
            # Most paths take no name; the analysis takes thousands of them.
            for key in point.taken.keys() | self.taken.keys() if point.taken != self.taken else ():
                one, other = self.taken.get(key, 0), point.taken.get(key, 0)
                if one != other:
                    self.taken[key] = max(one, other)
                    self.perhaps.add(key)

    @contextmanager
    def opened(self, title: str | None, certain: bool) -> Iterator[None]:
        """A name scope: ``title`` is None where it is not known, empty for the outermost scope."""
        if title is None:
            self.clouded.add(self.scope)
            self.stack.append(self.full("?"))
        elif not title:
            self.stack.append("")
        elif title.endswith("/"):
            self.stack.append(title[:-1])
        else:
            sure = certain and self.is_sure(title)
            self.stack.append(self.take(title) if sure else self.full("?"))
            if not sure:
                self.take(title, certain=False)
        try:
            yield
        finally:
            self.stack.pop()
