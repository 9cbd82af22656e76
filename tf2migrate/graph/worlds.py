"""The abstract interpreter: graphs of their own, each with its names, scopes and collections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.argument_scopes import ArgumentScopes
from tf2migrate.graph.op_names import OpNames
from tf2migrate.graph.values import Graph, Node, Value


@dataclass(slots=True)
class ScopeEntry:
    """One open variable scope: its path, whether it reuses, and the default names given inside it."""

    path: str
    reuse: bool | str = False
    counts: dict[str, int] = field(default_factory=dict)
    defaults: dict[str, cst.Call] = field(default_factory=dict)
    named: bool = True

    def unique(self, base: str) -> str:
        count = self.counts.get(base, 0)
        self.counts[base] = count + 1
        return base if count == 0 else f"{base}_{count}"


class Worlds(ArgumentScopes):
    """Knows which graph is the default one, by its number: 0 is the one that a program begins with."""

    scopes: list[ScopeEntry]
    by_name: dict[str, Node]
    controls: list[tuple[Node, ...]]
    collections: dict[str, list[Value]]
    name_scopes: int = 0
    op_names: OpNames
    op_name: str | None = None
    """The name of the op that a call of TensorFlow makes, while it is interpreted."""
    graphs: int = 0
    world: int = 0
    worlds: dict[int, dict[str, object]]

    def new_world(self) -> int:
        self.graphs += 1
        return self.graphs

    @contextmanager
    def world_of(self, graph: Graph) -> Iterator[None]:
        """Inside of a graph of its own, names and collections are those of this graph."""
        outer = self.world
        if graph.world == outer:
            yield
            return
        self.enter_world(graph.world)
        try:
            yield
        finally:
            # The graph may have been begun again inside.
            self.enter_world(outer)

    def enter_world(self, number: int) -> None:
        fresh: dict[str, object] = {
            "scopes": [ScopeEntry("")],
            "by_name": {},
            "controls": [],
            "collections": {},
            "collected": {},
            "penalties": {},
            "name_scopes": 0,
            "op_names": OpNames(),
        }
        self.worlds[self.world] = {name: getattr(self, name) for name in fresh}
        for name, value in self.worlds.get(number, fresh).items():
            setattr(self, name, value)
        self.world = number

    def begin_again(self) -> None:
        """``tf.reset_default_graph()``: what is made from here on belongs to another graph."""
        if any(self.staging.world_of(node) == self.world for node in self.staging.nodes):
            self.enter_world(self.new_world())
