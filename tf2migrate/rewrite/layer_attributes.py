"""The attributes of a layer class: what they are called, and which of them are lists that a loop fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Node
from tf2migrate.names.bindings import bindings, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.tree import children
from tf2migrate.plan.layer_bodies import enclosed, outer_loop, own_part, simple_statements
from tf2migrate.plan.layer_model import LayerCall, LayerFunction
from tf2migrate.plan.layer_names import object_name, snake
from tf2migrate.plan.model import Plan
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.reserved import attribute
from tf2migrate.rewrite.symbols import Symbols
from tf2migrate.rewrite.templates import Templates


@dataclass(slots=True)
class LayerAttributes:
    """The state of one layer function, by the names that its class has for it."""

    function: LayerFunction
    plan: Plan
    symbols: Symbols
    templates: Templates
    attributes: dict[int, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    looped: dict[str, cst.For] = field(default_factory=dict)
    iterators: dict[str, str] = field(default_factory=dict)

    @property
    def layers(self) -> dict[int, LayerFunction]:
        return self.plan.layers

    @property
    def staging(self) -> Staging:
        return self.symbols.staging

    @property
    def frames(self) -> list[Frame]:
        return self.function.frames

    def refused(self, where: cst.CSTNode, reason: str, code: str = "TFM410") -> NotPlanned:
        return NotPlanned(Refusal(code, self.symbols.module.key, where, reason))

    def name_attributes(self) -> None:
        function = self.function
        self.taken |= {attribute(name) for name in function.saved}
        rebound = {n for s in simple_statements(function.definition.body.body) for n, _ in bindings(own_part(s))}
        for name in function.init:
            if name in rebound:
                raise self.refused(function.definition, f"the parameter `{name}` is bound again in this function")
        for name in list(function.state):
            function.state[name] = self.unique(attribute(name))
        shared: dict[frozenset[int], str] = {}
        for call in self.nested():
            if id(call.call) in self.attributes:
                continue
            if call.owned in shared:
                self.attributes[id(call.call)] = shared[call.owned]
                continue
            inner = self.layers[id(call.frame.owner)]
            name = self.unique(attribute(object_name(self.staging, call.call, call.caller, inner)))
            self.attributes[id(call.call)] = shared[call.owned] = name
        for node in self.own_nodes():
            if id(node.expression) not in self.attributes and not self._is_state(node):
                base = self.bound_to(node) or node.name.rsplit("/", 1)[-1]
                if self.in_loop(cast(cst.CSTNode, node.expression)) is not None:
                    base = base.rstrip("0123456789").rstrip("_") or base
                base = base.lower() if base.isidentifier() else node.op.rsplit(".", 1)[-1]
                self.attributes[id(node.expression)] = self.unique(attribute(base.lower()))
        for factory in self.factory_calls().values():
            if id(factory) not in self.attributes and not self.is_kept(factory):
                values = [self.staging.value_in(factory, frame) for frame in self.frames]
                if not all(isinstance(v, Node) and v.kind == "variable" for v in values if v is not None):
                    raise self.refused(factory, "what this function makes is no single variable, and has no name")
                maker = self.symbols.code(factory.func).rpartition(".")[2]
                self.attributes[id(factory)] = self.unique(attribute(snake(maker)))
        self.find_loops()

    def is_kept(self, call: cst.Call) -> bool:
        """Whether a statement binds what a call makes to a name, and does nothing else."""
        return any(
            holds(statement, call) and any(name in self.function.state for name, _ in bindings(statement))
            for statement in simple_statements(self.function.definition.body.body)
        )

    def bound_to(self, node: Node) -> str:
        """The name that a variable is bound to which is made in some passes of a loop."""
        if node.kind != "variable":
            return ""
        for statement in simple_statements(self.function.definition.body.body):
            if id(statement) in self.function.stepped and holds(statement, cast(cst.CSTNode, node.expression)):
                bound = [name for name, _ in bindings(statement)]
                whole = getattr(cast(cst.SimpleStatementLine, statement).body[0], "value", None) is node.expression
                return bound[0] if whole and len(bound) == 1 else ""
        return ""

    def find_loops(self) -> None:
        """Which attributes are lists, filled by a loop, and which of these are not gone through pass by pass."""
        for statement, around in enclosed(self.function.definition.body.body):
            loop = outer_loop(around)
            if loop is None or isinstance(statement, cst.For | cst.If):
                continue
            made = [id(e) for e in self.state_expressions(statement) if id(e) in self.attributes]
            names = [self.attributes[each] for each in made]
            names += [self.function.state[name] for name, _ in bindings(statement) if name in self.function.state]
            for name in names:
                self.looped[name] = loop
                if id(statement) in self.function.stepped:
                    self.iterators[name] = self.local(name, "iterator")

    def element(self, name: str) -> str:
        """How ``call`` reaches an attribute: itself, or the element of a list for this pass of its loop."""
        loop = self.looped.get(name)
        if loop is None:
            return f"self.{name}"
        if name in self.iterators:
            return f"next({self.iterators[name]})"
        index = index_of(loop)
        return f"self.{name}[{index}]" if index else self.element_name(name)

    def element_name(self, name: str) -> str:
        return name if name in self.function.state else self.local(name, "of_pass")

    def local(self, name: str, otherwise: str) -> str:
        """A name of ``call`` for the elements of an attribute."""
        used = {n.value for s in simple_statements(self.function.definition.body.body) for n in names_read(s)}
        used |= {n for s in simple_statements(self.function.definition.body.body) for n, _ in bindings(s)}
        return name if name not in used else f"{name}_{otherwise}"

    def unique(self, name: str) -> str:
        return take_name(name, self.taken)

    def nested(self) -> list[LayerCall]:
        """Calls of other layer functions in the body of this one, once each."""
        frame = self.frames[0]
        out = [c for f in self.layers.values() for c in f.calls if c.caller is frame]
        owned: set[frozenset[int]] = set()
        seen: dict[int, LayerCall] = {}
        for call in out:
            if id(call.call) in seen and (not self.in_loop(call.call) or call.owned in owned):
                raise self.refused(call.call, "a layer is made or shared in a loop in a way that is not rewritten yet")
            seen.setdefault(id(call.call), call)
            owned.add(call.owned)
        return list(seen.values())

    def in_loop(self, expression: cst.CSTNode) -> cst.For | None:
        """The loop of the body in which an expression stands."""
        for statement, around in enclosed(self.function.definition.body.body):
            loop = outer_loop(around)
            if loop is not None and not isinstance(statement, cst.For | cst.If) and holds(statement, expression):
                return loop
        return None

    def own_nodes(self) -> list[Node]:
        """Variables and layers made directly in the body, by the first activation."""
        out: dict[int, Node] = {}
        for node in self.staging.nodes:
            if (
                node.kind in ("variable", "layer")
                and node.expression is not None
                and any(node.place.steps[-1].frame is f for f in self.frames)
            ):
                out.setdefault(id(node.expression), node)
        return list(out.values())

    def _is_state(self, node: Node) -> bool:
        for statement in simple_statements(self.function.definition.body.body):
            if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
                small = statement.body[0]
                if (
                    isinstance(small, cst.Assign)
                    and node.expression is not None
                    and holds(small.value, node.expression)
                    and all(name in self.function.state for name, _ in bindings(statement))
                ):
                    target = small.targets[0].target
                    return isinstance(target, cst.Name) and target.value in self.function.state
        return False

    def state_expressions(self, statement: cst.CSTNode) -> list[cst.Call]:
        own = {id(n.expression): n for n in self.own_nodes()}
        nested = {id(c.call) for c in self.nested()}
        factories = self.factory_calls()
        found: list[cst.Call] = []

        def search(node: cst.CSTNode) -> None:
            if id(node) not in factories or id(node) in nested or id(node) in own:
                for child in children(node):
                    search(child)
            # Inner state first: an argument is made before what it goes into.
            if isinstance(node, cst.Call) and (id(node) in own or id(node) in nested or id(node) in factories):
                found.append(node)

        search(statement)
        return found

    def factory_calls(self) -> dict[int, cst.Call]:
        """Calls of functions that only make variables, by their identity."""
        out: dict[int, cst.Call] = {}
        frames = {id(f) for f in self.frames}
        for _, place in self.staging.touched:
            for index, step in enumerate(place.steps[:-1]):
                later = place.steps[index + 1].frame
                if (
                    id(step.frame) in frames
                    and later is not step.frame
                    and later.call is not None
                    and id(later.owner) not in self.layers
                ):
                    out[id(later.call)] = later.call
        return out


def holds(statement: cst.CSTNode, expression: cst.CSTNode) -> bool:
    stack = [statement]
    while stack:
        node = stack.pop()
        if node is expression:
            return True
        stack.extend(children(node))
    return False


def index_of(loop: cst.For) -> str:
    """The name that counts the passes of a loop from zero, if it has one."""
    match loop:
        case cst.For(
            target=cst.Name(value=name), iter=cst.Call(func=cst.Name(value="range" | "xrange"), args=[cst.Arg()])
        ):
            return name
        case cst.For(
            target=cst.Tuple(elements=[cst.Element(value=cst.Name(value=name)), *_]),
            iter=cst.Call(func=cst.Name(value="enumerate"), args=[cst.Arg()]),
        ):
            return name
    return ""
