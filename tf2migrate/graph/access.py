"""The abstract interpreter: attributes and items of values."""

from __future__ import annotations

from typing import Any, cast

import libcst as cst

from tf2migrate.api.results import RESULT_NAMES
from tf2migrate.graph.foreign import foreign
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.operators import ORACLE_VERSION, Operators
from tf2migrate.graph.sizes import indexed, shape_sources
from tf2migrate.graph.values import (
    Bound,
    Builtin,
    Choice,
    Class,
    Const,
    Dimension,
    Foreign,
    Function,
    Graph,
    Host,
    Instance,
    Mapping,
    Node,
    Optimizer,
    ProjectModule,
    Scope,
    Sequence,
    Session,
    Setting,
    Shape,
    Super,
    Symbol,
    Unknown,
    Value,
    join,
    key_of,
    nodes_in,
    settled,
)
from tf2migrate.names.tensorflow import normalize


class Access(Operators):
    """Reads attributes and items; what a call means is in the subclass."""

    def attribute(self, base: Value, name: str, node: cst.Attribute) -> Value:
        match base:
            case Unknown():
                return base
            case Symbol(name="tf.__version__"):
                return self.attribute(Const(ORACLE_VERSION), name, node)
            case Symbol(name=symbol):
                return Symbol(normalize(f"{symbol}.{name}"))
            case Foreign(name=package):
                return foreign(f"{package}.{name}")
            case ProjectModule(frame=inner):
                found = inner.env.get(name)
                return found if found is not None else Unknown(f"`{name}` is not defined in that module", self.place())
            case Instance():
                return self.instance_attribute(base, name, node)
            case Super(receiver=receiver):
                found = base.lookup(name)
                return self.member(receiver, found, name, node) if found is not None else Host()
            case Class() if name == "__name__":
                return Const(base.definition.name.value)
            case Function(definition=cst.FunctionDef(name=own)) if name == "__name__":
                return Const(own.value)
            case Class():
                found = base.lookup(name)
                if isinstance(found, Instance) and "function" in found.attributes:
                    return found.attributes["function"]
                return found if found is not None else Host()
            case Choice(options=options):
                chosen = self.chosen_optimizer(base)
                if chosen is not None:
                    return self.attribute(chosen, name, node)
                return join([self.attribute(option, name, node) for option in options])
            case Node():
                return self.node_attribute(base, name, node)
            case Dimension(size=size) if name == "value":
                return size
            case Shape(sizes=sizes) if name in ("ndims", "rank"):
                return Const(len(sizes))
            case Shape() if name == "dims":
                return self.listed(base)
            case Dimension() | Shape() if name not in ("as_list", "num_elements"):
                return self.attribute(Host(frozenset({base.of})), name, node)
            case Host(shape_of=sources):
                return Host(sources, f"{base.origin}.{name}" if base.origin else "", ("attribute", key_of(base), name))
            case Setting():
                return Setting(f"{base.name}.{name}")
            case Sequence() if name in (fields := result_fields(base)):
                return base.items[fields.index(name)]
            case Session():
                return Graph(base.world) if name == "graph" else Bound(base, Builtin(name), name)
            case Scope(name="tf.variable_scope" | "tf.get_variable_scope", path=path) if name == "name":
                return Const(path) if "?" not in path else Host()
        return Bound(base, Builtin(name), name)

    def instance_attribute(self, base: Instance, name: str, node: cst.Attribute) -> Value:
        if name in base.attributes:
            return base.attributes[name]
        if name == "__class__":
            return base.cls
        found = base.cls.lookup(name)
        if found is not None:
            return self.member(base, found, name, node)
        if any(not isinstance(b, Class | Builtin) for cls in base.cls.ancestry() for b in cls.bases):
            return Host()
        return Unknown(f"the attribute `{name}` is not known on this object", self.place())

    def member(self, base: Instance, found: Value, name: str, node: cst.Attribute) -> Value:
        """What a member of a class is when it is read from an object."""
        if isinstance(found, Function):
            return Bound(base, found, name)
        if isinstance(found, Instance) and "function" in found.attributes:
            inner = cast(Function, found.attributes["function"])
            kind = found.cls.definition.name.value
            if kind == "property":
                return self.invoke(inner, [base], {}, node)
            return inner if kind == "staticmethod" else Bound(base.cls, inner, name)
        return found

    def node_attribute(self, base: Node, name: str, node: cst.Attribute) -> Value:
        if name == "shape":
            return self.static_shape(base)
        if name == "name" and base.kind == "variable" and "unnamed" in base.details:
            return Host()
        if name == "name" and base.kind == "variable":
            of_op = isinstance(node.value, cst.Attribute) and node.value.attr.value == "op"
            known = base.name and "?" not in base.name
            return Const(base.name if of_op else f"{base.name}:0") if known else Host()
        if name in ("dtype", "name", "device", "graph"):
            return Graph(self.staging.world_of(base)) if name == "graph" else Host()
        if name == "op":
            return base
        if name == "initializer":
            return self.make("init", f"{base.op}.initializer", [base], node)
        return Bound(base, Builtin(name), name)

    def static_shape(self, node: Node) -> Value:
        """What ``x.get_shape()`` is while the graph is built."""
        if node.shape is None or self.repeated:
            return Host(frozenset({node}))
        return Shape(node, node.shape)

    def index(self, node: cst.Subscript, frame: Frame) -> Value:
        parts: list[Value] = []
        for element in node.slice:
            part = element.slice
            if isinstance(part, cst.Index):
                parts.append(self.evaluate(part.value, frame))
                continue
            bounds = cast(cst.Slice, part)
            inner = [
                self.evaluate(p, frame) if p is not None else Const(None)
                for p in (bounds.lower, bounds.upper, bounds.step)
            ]
            if all(isinstance(p, Const) for p in inner):
                parts.append(Const(slice(*(cast(Const, p).value for p in inner))))
            else:
                parts.append(Sequence(inner, "slice", False))
        return parts[0] if len(parts) == 1 else Sequence(parts, "tuple")

    def subscript(self, base: Value, key: Value, node: cst.Subscript) -> Value:
        match base:
            case Unknown():
                return base
            case Choice(options=options):
                return join([self.subscript(option, key, node) for option in options])
            case Instance():
                return Unknown("the items of this project's own objects are not followed", self.place())
            case Sequence():
                return self.item(base, settled(key))
            case Mapping():
                return self.stored(base, settled(key))
            case Shape():
                return self.dimension(base, settled(key))
            case Dimension():
                return Host(frozenset({base.of}))
            case Node():
                made = self.tensor("operator.getitem", [base, key], node)
                if isinstance(made, Node) and not self.repeated:
                    made.shape = indexed(base.shape, key)
                return made
            case Const(value=known) if isinstance(key, Const):
                try:
                    return Const(known[key.value])  # type: ignore[index]
                except (TypeError, LookupError):
                    return Host()
        if any(True for _ in nodes_in(key)):
            return Unknown("a host value is indexed with a graph node", self.place())
        return Host(shape_sources(base, key), key=("item", key_of(base), key_of(key)))

    def dimension(self, shape: Shape, key: Value) -> Value:
        """A dimension of a static shape, or the shape that a slice of it is."""
        try:
            found = shape.sizes[cast(Any, key.value)] if isinstance(key, Const) else None
        except (LookupError, TypeError):
            found = None
        if found is None:
            return Host(frozenset({shape.of}))
        return Shape(shape.of, found) if isinstance(found, tuple) else Dimension(shape.of, found)

    def item(self, base: Sequence, key: Value) -> Value:
        if base.kind == "collection":
            return Unknown("which variable stands at a place of this list is not known", self.place())
        if isinstance(key, Const) and base.exact:
            try:
                found = base.items[cast(Any, key.value)]
            except (LookupError, TypeError):
                return Unknown("this index is outside the list", self.place())
            return Sequence(found, base.kind) if isinstance(found, list) else found
        if not base.items:
            return Host()
        return join(base.items)

    def stored(self, base: Mapping, key: Value) -> Value:
        known: object = key.value if isinstance(key, Const) else key if isinstance(key, Node) else None
        if isinstance(key, Const | Node) and _hashable(known) and known in base.items:
            return base.items[known]
        if not base.items:
            return Host()
        return join(list(base.items.values()))

    # ------------------------------------------------------------------ implemented by the subclasses
    def invoke(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value], node: cst.CSTNode
    ) -> Value:
        raise NotImplementedError

    def make(self, kind: str, op: str, operands: list[Value], node: cst.CSTNode) -> Node:
        raise NotImplementedError

    def chosen_optimizer(self, value: Choice) -> Optimizer | None:
        raise NotImplementedError


def result_fields(value: Sequence) -> tuple[str, ...]:
    """The names of the items, where they are the results of an op that names them."""
    match value:
        case Sequence(items=[Node(op="operator.getitem", inputs=[Node(op=op)], expression=call), *_], kind="tuple"):
            same = all(isinstance(item, Node) and item.expression is call for item in value.items)
            return RESULT_NAMES.get(op, ()) if same else ()
    return ()


def _hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
