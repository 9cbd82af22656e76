"""What calling a TF1 symbol does besides giving a value, for the staging analysis."""

from __future__ import annotations

import enum
from functools import cache
from pathlib import Path

from tf2migrate.api.symbols import canonical, private_in_tf2, tf1_exists, tf1_symbol, tf2_exists

_DATA = Path(__file__).parent / "data"


class Effect(enum.Enum):
    """What a call of a TF1 symbol does."""

    PURE = "pure"  # a tensor that depends on the arguments alone
    RANDOM = "random"  # a tensor that is drawn anew in every run
    STATEFUL = "stateful"  # changes a variable, or runs or writes something on the host, in every run
    VARIABLE = "variable"  # makes variables when the graph is built
    GRAPH = "graph"  # graph structure: placeholders, sessions, scopes, collections, optimizers, queues
    HOST = "host"  # a Python value when the graph is built


def effects(name: str) -> Effect:
    """The effect of calling the TF1 symbol.

    Unless a row of the table says more, an op is PURE, what is no function is HOST, a method has the effect
    of its class, and what TensorFlow 1.15 does not show is GRAPH, because nothing can be claimed about it.
    """
    known = canonical(name)
    row = _most_exact(known)
    if row is not None:
        return row
    second = private_in_tf2(known)
    if second is not None:
        return effects(second)
    symbol = tf1_symbol(known)
    if symbol is not None:
        return Effect.PURE if symbol.kind == "function" else Effect.HOST
    if known.startswith("tf.raw_ops.") and tf2_exists(known):
        return Effect.PURE
    return effects(known.rpartition(".")[0]) if tf1_exists(known) else Effect.GRAPH


def op_seed_parameter(name: str) -> str | None:
    """The parameter that seeds a random op or an initializer; the seed of `stateless_` functions is none."""
    symbol = tf1_symbol(name)
    if symbol is None or symbol.parameter("seed") is None or "stateless_" in symbol.name:
        return None
    return "seed"


@cache
def _rows() -> tuple[dict[str, Effect], dict[str, Effect]]:
    exact: dict[str, Effect] = {}
    beginnings: dict[str, Effect] = {}
    for line in (_DATA / "effects.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        pattern, _, word = line.partition("\t")
        (beginnings if pattern.endswith("*") else exact)[pattern.rstrip("*")] = Effect[word]
    return exact, beginnings


@cache
def _most_exact(name: str) -> Effect | None:
    exact, beginnings = _rows()
    if name in exact:
        return exact[name]
    fitting = [beginning for beginning in beginnings if name.startswith(beginning)]
    return beginnings[max(fitting, key=len)] if fitting else None
