"""Where things happen: frames of interpretation, places in the source, and undoable writes."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.values import Sequence, Value


@dataclass(frozen=True, slots=True)
class Step:
    """One statement being executed in one frame."""

    frame: Frame
    statement: cst.CSTNode


@dataclass(frozen=True, slots=True)
class Place:
    """The chain of statements, outermost first, that led to something, and the file it is in."""

    steps: tuple[Step, ...]
    module: str

    @property
    def frames(self) -> list[Frame]:
        """The activations that this lies in, outermost first."""
        return list(dict.fromkeys(step.frame for step in self.steps))

    def statement_in(self, frame: Frame) -> cst.CSTNode | None:
        """The statement of ``frame`` during which this happened."""
        for step in self.steps:
            if step.frame is frame:
                return step.statement
        return None


@dataclass(eq=False, slots=True, repr=False)
class Frame:
    """One activation of a module, function or class body."""

    owner: cst.CSTNode
    module: str
    parent: Frame | None
    env: dict[str, Value] = field(default_factory=dict)
    depth: int = 0
    called_from: Place | None = None
    global_names: set[str] = field(default_factory=set)
    call: cst.Call | None = None
    entry: dict[str, Value] = field(default_factory=dict)

    @property
    def is_repeated(self) -> bool:
        """Whether the call stands in a loop, of which each pass may decide otherwise."""
        steps = self.called_from.steps if self.called_from is not None else ()
        return any(isinstance(step.statement, cst.For | cst.While) for step in steps)

    def env_at_entry(self, name: str) -> Value:
        """The argument that a parameter got, whatever the name is bound to later."""
        return self.entry[name]

    def lookup(self, name: str) -> Value | None:
        frame: Frame | None = self
        while frame is not None:
            # Python skips class bodies when a nested function looks a name up.
            if name in frame.env and (frame is self or not isinstance(frame.owner, cst.ClassDef)):
                return frame.env[name]
            frame = frame.parent
        return None

    def holder(self, name: str) -> Frame | None:
        """The frame in whose environment a read of ``name`` finds its value."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.env and (frame is self or not isinstance(frame.owner, cst.ClassDef)):
                return frame
            frame = frame.parent
        return None


class Store:
    """Writes to environments, attributes and containers, with an undo log for branches."""

    def __init__(self) -> None:
        self._logs: list[list[tuple[MutableMapping[object, Value], object, Value | None]]] = []
        self._lists: list[list[tuple[Sequence, list[Value]]]] = []
        self._born: list[list[MutableMapping[object, Value] | Sequence]] = []
        # Keys of tables that only some paths have written.
        self.maybe: list[tuple[MutableMapping[object, Value], object]] = []

    def write(self, table: MutableMapping[object, Value], key: object, value: Value) -> None:
        if self._logs:
            self._logs[-1].append((table, key, table.get(key)))
        table[key] = value

    def append(self, target: Sequence, items: list[Value]) -> None:
        if self._lists:
            self._lists[-1].append((target, list(target.items)))
        target.items.extend(items)

    def bear(self, made: MutableMapping[object, Value] | Sequence) -> None:
        """A table or list that is made now: whoever has it has come this way, so that what is put into it is there."""
        if self._born:
            self._born[-1].append(made)

    @property
    def branching(self) -> bool:
        """Whether what happens now may not happen when the program runs."""
        return bool(self._logs)

    def replace(self, target: Sequence, items: list[Value]) -> None:
        if self._lists:
            self._lists[-1].append((target, list(target.items)))
        target.items[:] = items

    def begin(self) -> None:
        self._logs.append([])
        self._lists.append([])
        self._born.append([])

    def end(self) -> Branch:
        """Closes a branch: undoes its writes and gives back what it had written."""
        log = self._logs.pop()
        after: dict[tuple[int, object], tuple[MutableMapping[object, Value], Value]] = {}
        for table, key, _ in log:
            after[id(table), key] = (table, table[key])
        for table, key, old in reversed(log):
            if old is None:
                table.pop(key, None)
            else:
                table[key] = old
        lists: dict[int, tuple[Sequence, list[Value]]] = {}
        saved = self._lists.pop()
        for target, _ in saved:
            lists[id(target)] = (target, list(target.items))
        for target, old_items in reversed(saved):
            target.items[:] = old_items
        born = self._born.pop()
        if self._born:
            self._born[-1] += born
        return Branch(after, lists, {id(made): made for made in born})


@dataclass(slots=True)
class Branch:
    """What one branch wrote, by table and key; ``born`` are the tables and lists that it has made, by identity."""

    writes: dict[tuple[int, object], tuple[MutableMapping[object, Value], Value]]
    lists: dict[int, tuple[Sequence, list[Value]]]
    born: dict[int, MutableMapping[object, Value] | Sequence]
