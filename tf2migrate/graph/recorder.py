"""The abstract interpreter: what is known and where it happens, which all parts of it share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import libcst as cst

from tf2migrate.graph.early_exits import AtReturn
from tf2migrate.graph.frames import Frame, Place, Step, Store
from tf2migrate.graph.paths import Condition, Fork
from tf2migrate.graph.reach import Reach
from tf2migrate.graph.staging import Observation, Obstacle, Staging
from tf2migrate.graph.values import (
    Instance,
    Unknown,
    Value,
)
from tf2migrate.names.project import Module, Project

MAXIMUM_UNROLL = 64
MAXIMUM_DEPTH = 40
MAXIMUM_RECURSION = 3
MAXIMUM_STEPS = 200_000


class Leave(Exception):
    """Control leaves the current block: return, break, continue or raise."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Exhausted(Exception):
    """The program needs more steps of interpretation than the analysis is willing to spend."""


class Recorder:
    """Holds the state of the interpretation and writes down what is seen."""

    def __init__(self, project: Project, entry: Module) -> None:
        self.project = project
        self.root: Path = entry.path.parent
        self.store = Store()
        self.staging = Staging(dict(project.modules), maybe=self.store.maybe)
        self.steps: list[Step] = []
        self.budget = MAXIMUM_STEPS
        self.returns: list[list[Value]] = []
        self.calling: list[int] = []
        self.perhaps_left = False
        # For each call under way: the number of nodes that there were when it may have returned.
        self.perhaps_returned: list[float] = []
        self.at_returns: list[list[AtReturn]] = []
        # Bodies that may run again around what is interpreted: shapes of a first pass say nothing about a second.
        self.repeated = 0
        self.time = 0
        self.reach: Reach | None = None
        # Bodies around what is interpreted that may not run, or may not run to their end.
        self.perhaps = 0
        # The tests that came out as they had to for the program to be here.
        self.conditions: list[Condition] = []
        self.instances: list[Instance] = []

    # ------------------------------------------------------------------ places and records
    def place(self) -> Place:
        module = self.steps[-1].frame.module if self.steps else ""
        return Place(tuple(self.steps), module)

    def refuse(self, code: str, where: cst.CSTNode, reason: str, advice: str = "") -> Unknown:
        """Records an obstacle once per expression and gives back the unknown value that it leaves."""
        module = self.steps[-1].frame.module if self.steps else ""
        if not any(o.where is where and o.code == code for o in self.staging.obstacles):
            self.staging.obstacles.append(Obstacle(code, module, where, reason, advice))
        return Unknown(reason, self.place(), code)

    def observe(self, node: cst.CSTNode, frame: Frame, value: Value) -> Value:
        self.time += 1
        self.staging.observations.setdefault(id(node), []).append(Observation(frame, value, self.place(), self.time))
        return value

    # ------------------------------------------------------------------ implemented by the subclasses
    def statement(self, node: cst.CSTNode, frame: Frame) -> None:
        raise NotImplementedError

    def block(self, statements: Iterable[cst.CSTNode], frame: Frame) -> None:
        raise NotImplementedError

    def assign(self, target: cst.BaseExpression, value: Value, frame: Frame) -> None:
        raise NotImplementedError

    def bind(self, name: str, value: Value, frame: Frame) -> None:
        raise NotImplementedError

    def left(self, statement: cst.BaseCompoundStatement, frame: Frame) -> None:
        raise NotImplementedError

    def evaluate(self, node: cst.BaseExpression, frame: Frame) -> Value:
        raise NotImplementedError

    def index(self, node: cst.Subscript, frame: Frame) -> Value:
        raise NotImplementedError

    def binary(self, operator: str, left: Value, right: Value, node: cst.CSTNode) -> Value:
        raise NotImplementedError

    def truth(self, value: Value) -> bool | None:
        raise NotImplementedError

    def makes_writers(self, body: cst.BaseSuite, frame: Frame) -> bool:
        raise NotImplementedError

    def elements(self, value: Value) -> list[Value] | None:
        raise NotImplementedError

    def with_block(self, node: cst.With, frame: Frame) -> None:
        raise NotImplementedError

    def met(self, value: Value, made: int | None) -> Value:
        raise NotImplementedError

    def fork(self) -> Fork:
        raise NotImplementedError

    def take(self, fork: Fork, chosen: Condition) -> None:
        raise NotImplementedError

    def leave(self, fork: Fork, how: str) -> None:
        raise NotImplementedError

    def meet(self, fork: Fork) -> None:
        raise NotImplementedError
