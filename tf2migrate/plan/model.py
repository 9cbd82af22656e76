"""The plan of a migration: what each statement, variable and run becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import Class, Node
from tf2migrate.names.free import free_name
from tf2migrate.plan.execution import Execution
from tf2migrate.plan.flow import Flow
from tf2migrate.plan.region import Atom

if TYPE_CHECKING:
    from tf2migrate.plan.held import Held
    from tf2migrate.plan.layer_model import LayerFunction, LayerObject
    from tf2migrate.plan.taped import TapedFunction


@dataclass(eq=False, slots=True)
class Fetch:
    """One part of a fetch structure.

    ``kind`` is ``leaf``, ``none`` (an op, which gives None), ``list``, ``tuple`` or ``dict``.
    """

    kind: str
    expression: cst.BaseExpression | None = None
    frame: Frame | None = None
    node: Node | None = None
    items: list[Fetch] = field(default_factory=list)
    keys: list[cst.BaseExpression] = field(default_factory=list)
    text: str = ""
    named: bool = False
    """Whether the run gave a named tuple: the results of one op, by their names."""
    whole: bool = False
    """Whether it holds states of cells, which are named tuples too and keep their form if they stay in one piece."""
    record: str = ""
    """Which class of named tuples of the program the run gave one of."""

    @property
    def is_summary(self) -> bool:
        """Whether it is the result of a summary op: a dict of tensors that is only written."""
        return self.kind == "leaf" and self.node is not None and self.node.kind == "summary"

    def leaves(self) -> list[Fetch]:
        if self.kind in ("leaf", "none"):
            return [self]
        return [leaf for item in self.items for leaf in item.leaves()]

    def values(self) -> list[Fetch]:
        return [leaf for leaf in self.leaves() if leaf.kind == "leaf"]

    def shape(self) -> str:
        """The nesting with the identity of each leaf: equal for runs that can share a function."""
        if self.kind == "leaf":
            return f"{self.node.number if self.node else self.text}"
        if self.kind == "none":
            return f"op{self.node.number if self.node else ''}"
        return f"{self.record or self.kind}({','.join(item.shape() for item in self.items)})"


@dataclass(eq=False, slots=True)
class Slice:
    """What one run needs: atoms in order, fed nodes, variables, and names of the host.

    ``through`` tells that variables which functions gave back are reached through the objects that these functions
    became, rather than by calling them again.
    """

    atoms: list[Atom] = field(default_factory=list)
    parameters: list[Node] = field(default_factory=list)
    defaults: list[Atom] = field(default_factory=list)
    host: dict[str, Atom] = field(default_factory=dict)
    variables: list[Node] = field(default_factory=list)
    through: bool = False


@dataclass(eq=False, slots=True)
class Update:
    """One train op of a step: how its gradients are taken and applied.

    ``moving`` are the updates of batch normalization's moving averages that run with it.
    """

    node: Node
    atom: Atom
    call: cst.Call
    moving: list[Node] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Step:
    """One function of the output, and the runs that it replaces."""

    name: str
    parts: Slice
    fetch: Fetch
    updates: list[Update]
    execution: Execution
    sites: list[RunSite] = field(default_factory=list)
    @property
    def is_external(self) -> bool:
        """Whether the run is that of an optimizer outside of the graph, which is only told the gradients."""
        return any(site.form == "external" for site in self.sites)

    immediate: bool = False
    """Whether the run only computes with host values, so that its value is there where it is written."""


@dataclass(eq=False, slots=True)
class Chosen:
    """A run of one of several nodes: the part of the fetch that chooses, and the function of each node."""

    leaf: cst.BaseExpression
    steps: dict[int, Step]


@dataclass(eq=False, slots=True)
class Forward:
    """The part of the graph that becomes the model's ``call``."""

    atoms: list[Atom]
    parameters: list[Node]
    outputs: list[str]


@dataclass(eq=False, slots=True)
class Plan:
    """Everything the rewriter needs to know about one program."""

    flow: Flow
    steps: list[Step]
    forward: Forward | None
    model_class: str
    model: str
    variables: list[Atom]
    optimizers: dict[int, str]
    parameter_names: dict[int, str]
    lifted: dict[int, list[str]]
    loss: tuple[str, list[Atom], str] | None = None
    taken: set[str] = field(default_factory=set)
    layers: dict[int, LayerFunction] = field(default_factory=dict)
    objects: list[LayerObject] = field(default_factory=list)
    networks: bool = False
    held: Held | None = None
    # Runs that choose, by the identity of the run's expression, and the name that each chosen node has.
    chosen: dict[int, Chosen] = field(default_factory=dict)
    own_names: dict[int, str] = field(default_factory=dict)
    # Runs of initializers that set variables again, by the identity of the run's expression.
    resets: dict[int, RunSite] = field(default_factory=dict)
    moving: dict[int, str] = field(default_factory=dict)
    # Steps that read variables of layers which they do not call, and the steps that call these: traced before.
    prebuilt: list[tuple[Step, list[Step]]] = field(default_factory=list)
    # Classes whose objects keep variables, each base before what is derived from it.
    keepers: list[Class] = field(default_factory=list)
    # Functions that take gradients of what they compute, by the id of the definition.
    taped: dict[int, TapedFunction] = field(default_factory=dict)

    def local_name(self, name: str) -> str:
        """What a name of the region is called inside the new functions: attributes that vanish become locals."""
        return self.held.locals.get(name, name) if self.held is not None else name

    def fresh(self, *wanted: str) -> str:
        """The first of ``wanted`` that the program does not use yet, numbered if all are taken."""
        name = self.local(*wanted)
        self.taken.add(name)
        return name

    def local(self, *wanted: str) -> str:
        """A name for the inside of one generated function: other functions may use it too."""
        return free_name(next((name for name in wanted if name not in self.taken), wanted[0]), self.taken)
