"""The abstract interpreter: graphs of their own, each with its names, scopes and collections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.argument_scopes import ArgumentScopes
from tf2migrate.graph.op_names import OpNames
from tf2migrate.graph.paths import Condition, Fork, Named, are_exclusive, together
from tf2migrate.graph.values import Graph, Node, Value


@dataclass(slots=True)
class ScopeEntry:
    """One open variable scope: its path, whether it reuses, and the default names given inside it."""

    path: str
    reuse: bool | str = False
    counts: dict[str, int] = field(default_factory=dict)
    defaults: dict[str, cst.Call] = field(default_factory=dict)
    named: bool = True
    unsure: set[str] = field(default_factory=set)
    """Default names that were not given equally often on all paths to this point."""

    def unique(self, base: str) -> str:
        count = self.counts.get(base, 0)
        self.counts[base] = count + 1
        if base in self.unsure:
            return f"{base}_?{count}"
        return base if count == 0 else f"{base}_{count}"


class Worlds(ArgumentScopes):
    """Knows which graph is the default one, by its number: 0 is the one that a program begins with."""

    scopes: list[ScopeEntry]
    by_name: dict[str, tuple[Node, ...]]
    """What may have a name: more than one node only where the paths that made them exclude each other."""
    returned: list[list[Named]]
    """For each call under way, what was named on the paths that have returned."""
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

    # ------------------------------------------------------------------ names, on the paths to them
    def known_as(self, name: str) -> list[Node]:
        """What has a name here: nothing that is made only where the program has taken another path."""
        here, made = tuple(self.conditions), self.staging.conditions
        return [node for node in self.by_name.get(name, ()) if not are_exclusive(made[node.number], here)]

    def call_it(self, name: str, made: Node) -> None:
        self.by_name[name] = (*self.by_name.get(name, ()), made)
        self.staging.conditions[made.number] = tuple(self.conditions)

    def is_certain(self, made: Node) -> bool:
        """Whether a node is made in every run of the program that comes here."""
        return set(self.staging.conditions.get(made.number, ())) <= set(self.conditions)

    def names_here(self) -> Named:
        """What is named at this point."""
        collections = {key: tuple(members) for key, members in self.collections.items()}
        counts = [dict(scope.counts) for scope in self.scopes]
        return Named(self.world, dict(self.by_name), collections, counts, self.op_names.copy())

    def resume(self, points: list[Named]) -> None:
        """Goes on with what is named at one of several points."""
        points = [point for point in points if point.world == self.world] or [self.names_here()]
        self.by_name = together([point.by_name for point in points])
        self.collections = {k: list(v) for k, v in together([point.collections for point in points]).items()}
        self.op_names.resume([point.op_names for point in points])
        for index, scope in enumerate(self.scopes):
            found = [point.counts[index] for point in points]
            for base in {base for counts in found for base in counts}:
                numbers = {counts.get(base, 0) for counts in found}
                scope.counts[base] = max(numbers)
                if len(numbers) > 1:
                    scope.unsure.add(base)
            for base in scope.counts.keys() - {base for counts in found for base in counts}:
                del scope.counts[base]

    def fork(self) -> Fork:
        return Fork(self.names_here(), len(self.conditions))

    def take(self, fork: Fork, chosen: Condition) -> None:
        """Takes the path of a fork that a condition chooses."""
        if fork.taken:
            self.resume([fork.before])
        fork.taken = True
        self.conditions.append(chosen)

    def leave(self, fork: Fork, how: str) -> None:
        """Comes to the end of a path, or leaves it by a statement: ``return``, ``raise`` and the like."""
        del self.conditions[fork.conditions :]
        if how == "return" and self.returned:
            self.returned[-1].append(self.names_here())
        elif how != "raise":
            fork.after.append(self.names_here())

    def begin_call(self) -> None:
        self.returned.append([])

    def end_call(self) -> None:
        """A function gives back what one of its paths came to."""
        points = self.returned.pop()
        if points:
            self.resume([*points, self.names_here()])

    def meet(self, fork: Fork) -> None:
        """Goes on where the paths of a fork come together."""
        if fork.after:
            self.resume(fork.after)
