"""Functions that become layers: what the plan knows of them, of their calls and of their objects."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.graph.frames import Frame, Place


@dataclass(eq=False, slots=True)
class LayerCall:
    """One activation of a layer function."""

    call: cst.Call
    caller: Frame
    frame: Frame
    owned: frozenset[int]

    @property
    def place(self) -> Place:
        """Where the call stands."""
        assert self.frame.called_from is not None
        return self.frame.called_from


@dataclass(eq=False, slots=True)
class LayerFunction:
    """A function that becomes a class: what its parameters become, and how its statements part.

    ``lifted`` are names from outside that only exist inside other functions now: ``call`` gets them as well.
    ``first`` are statements of the constructor (or of ``build``), ``second`` those of ``call``; both hold simple
    statements and compound headers by identity. ``shapes`` are the tensor parameters whose static shape the
    variables need. ``stepped`` are statements that make state in some passes of a loop only, or several times in
    one, ``leaving`` those of the constructor that end it where an early ``return`` ended the function.
    ``called_with`` is what stands in arguments of inner layers that these get in their calls, ``unread`` what stands
    in those that they do not need.
    """

    definition: cst.FunctionDef
    calls: list[LayerCall] = field(default_factory=list)
    name: str = ""
    init: list[str] = field(default_factory=list)
    call: list[str] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    first: set[int] = field(default_factory=set)
    second: set[int] = field(default_factory=set)
    stepped: set[int] = field(default_factory=set)
    leaving: set[int] = field(default_factory=set)
    called_with: set[int] = field(default_factory=set)
    unread: set[int] = field(default_factory=set)
    parted: bool = False
    state: dict[str, str] = field(default_factory=dict)
    lifted: list[str] = field(default_factory=list)

    @property
    def frames(self) -> list[Frame]:
        return [c.frame for c in self.calls]

    @property
    def parameters(self) -> list[cst.Param]:
        params = self.definition.params
        return [*params.posonly_params, *params.params, *params.kwonly_params]


@dataclass(eq=False, slots=True)
class LayerObject:
    """One object of a layer class at one level: the calls that share it, and its attribute name."""

    function: LayerFunction
    owned: frozenset[int]
    calls: list[LayerCall]
    name: str = ""


# What arguments by name out of a dict are known by, which go to the constructor as they are.
OPTIONS = "**"


def parameter_of(function: LayerFunction, call: cst.Call, arg: cst.Arg) -> str:
    if arg.star:
        return arg.star
    if arg.keyword is not None:
        return arg.keyword.value
    position = [a for a in call.args if a.keyword is None].index(arg)
    parameters = function.parameters
    return parameters[position].name.value if position < len(parameters) else ""


def constructs(function: LayerFunction, call: cst.Call, arg: cst.Arg) -> bool:
    """Whether the constructor of a layer gets an argument of a call."""
    name = parameter_of(function, call, arg)
    return name in function.init or name == OPTIONS
