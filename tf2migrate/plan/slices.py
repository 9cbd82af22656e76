"""Backward slices of runs: which atoms a function needs, and what it takes from its surroundings."""

from __future__ import annotations

from itertools import zip_longest
from typing import cast

import libcst as cst

from tf2migrate.graph.access import result_fields
from tf2migrate.graph.cells import is_state
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.metrics import is_metric_value
from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import (
    Choice,
    Class,
    Const,
    Host,
    Mapping,
    Node,
    Record,
    Sequence,
    Unknown,
    Value,
    fed_node,
    nodes_in,
    stands_for_several,
    unknown_in,
)
from tf2migrate.names.bindings import names_read
from tf2migrate.names.tree import children
from tf2migrate.plan.cut_feeds import Cut, cut_expressions, is_cut
from tf2migrate.plan.facts import dtype_of
from tf2migrate.plan.fetch_displays import written_as
from tf2migrate.plan.flow import Flow, Role
from tf2migrate.plan.host_numbers import computed_floats
from tf2migrate.plan.model import Fetch, Slice
from tf2migrate.plan.refusal import NotPlanned, Refusal
from tf2migrate.plan.region import Atom


class Slicer:
    """Slices of one region."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.region = flow.region
        self._cut: dict[int, list[Cut]] | None = None
        self._floats: set[int] | None = None

    @property
    def cut(self) -> dict[int, list[Cut]]:
        """What is written out where placeholders take it for another type, by the identity of the value."""
        if self._cut is None:
            self._cut = cut_expressions(self.flow.staging)
        return self._cut

    @property
    def floats(self) -> set[int]:
        """What the host computes as floats of Python, by identity."""
        if self._floats is None:
            self._floats = computed_floats(self.flow.staging)
        return self._floats

    # ------------------------------------------------------------------ fetches
    def fetch(self, site: RunSite) -> Fetch:
        return self._fetch(site.fetch_expression, site.fetches, site.frame, self.region.atom_at(site.place))

    def _fetch(self, expression: cst.BaseExpression, value: Value, frame: Frame, reader: Atom | None) -> Fetch:
        if (unknown := unknown_in(value)) is not None:
            raise NotPlanned(self.refusal(unknown.code, expression, unknown.reason))
        display = written_as(self.flow, expression, value, frame, reader) if reader is not None else None
        if display is not None:
            return self._fetch(display, value, self.region.frame, reader)
        match expression, value:
            case (cst.List() | cst.Tuple()), Sequence(items=items, exact=True) if len(items) == len(
                expression.elements
            ):
                kind = "list" if isinstance(expression, cst.List) else "tuple"
                pairs = zip(expression.elements, items, strict=True)
                return Fetch(kind, items=[self._fetch(e.value, v, frame, reader) for e, v in pairs])
            case cst.BinaryOperation(left=left, operator=cst.Add(), right=right), Sequence(exact=True, kind=kind):
                sides = (left, right)
                halves = [(part, self.flow.staging.value_in(part, frame) or Unknown("unknown")) for part in sides]
                lists = [half.items if isinstance(half, Sequence) and half.exact else [] for _, half in halves]
                if all(a is b for a, b in zip_longest(lists[0] + lists[1], value.items)):
                    both = [self._fetch(part, half, frame, reader) for part, half in halves]
                    return Fetch(kind, items=[item for fetch in both for item in fetch.items])
            case cst.Call(args=args), Sequence(record=record, exact=True) if record is not None and self._fills(
                expression, value, frame
            ):
                inside = [self.flow.staging.value_in(arg.value, frame) or Unknown("unknown") for arg in args]
                parts = [self._fetch(a.value, v, frame, reader) for a, v in zip(args, inside, strict=True)]
                return Fetch("tuple", expression, frame, items=parts, record=record_name(value))
            case cst.Dict(), Mapping(exact=True):
                out = Fetch("dict")
                for element in expression.elements:
                    if not isinstance(element, cst.DictElement):
                        break
                    inner = self.flow.staging.value_in(element.value, frame)
                    out.keys.append(element.key)
                    out.items.append(self._fetch(element.value, inner or Unknown("unknown"), frame, reader))
                else:
                    return out
        return self._named(expression, value, frame)

    def _fills(self, call: cst.Call, value: Sequence, frame: Frame) -> bool:
        """Whether a call makes a named tuple of its arguments, one for each field."""
        made = self.flow.staging.value_in(call.func, frame)
        plain = all(not arg.star for arg in call.args)
        return isinstance(made, Record | Class) and plain and len(call.args) == len(value.items)

    def _named(self, expression: cst.BaseExpression, value: Value, frame: Frame) -> Fetch:
        match value:
            case Node(kind="train" | "init" | "group"):
                return Fetch("none", expression, frame, value)
            case Node() if stands_for_several(value):
                raise NotPlanned(self.refusal("TFM401", expression, "the variables of a layer are fetched"))
            case Node():
                return Fetch("leaf", expression, frame, value)
            case Sequence() if isinstance(expression, cst.BinaryOperation | cst.IfExp | cst.BooleanOperation):
                raise NotPlanned(self.refusal("TFM401", expression, "what this run fetches is put together here"))
            case Sequence(items=items, exact=True, kind=kind) if items:
                parts = [self._element(expression, i, item, frame) for i, item in enumerate(items)]
                fetch = Fetch("tuple" if kind == "tuple" else "list", expression, frame, items=parts)
                fetch.named = bool(result_fields(value))
                fetch.whole = bool(value.fields) or any(part.whole for part in parts)
                fetch.record = record_name(value)
                return fetch
            case Sequence(kind="tuple", items=[first, *_]) if is_state(value):
                # How many cells there are is known to the run alone: their states are one value.
                parts = [self._element(expression, 0, first, frame)]
                return Fetch("tuple", expression, frame, items=parts, whole=True)
            case Mapping(kind=kind) if kind:
                reason = f"a run gives a `{kind}` here, which is not kept yet"
                raise NotPlanned(self.refusal("TFM408", expression, reason))
            case Mapping(items=pairs, exact=True) if pairs and all(isinstance(k, str) for k in pairs):
                out = Fetch("dict")
                for key, item in pairs.items():
                    out.keys.append(cst.SimpleString(repr(key)))
                    out.items.append(self._keyed(expression, str(key), item, frame))
                return out
            case Choice(options=options) if all(isinstance(o, Node) and o.kind == "variable" for o in options):
                # One of several variables, in a loop of the host: it is read where it stands.
                return Fetch("leaf", expression, frame, None, text=f"variable {id(expression)}")
            case Choice():
                reason = "what this run fetches depends on a branch or loop of the host"
                raise NotPlanned(self.refusal("TFM401", expression, reason))
            case Const(value=str()):
                raise NotPlanned(self.refusal("TFM806", expression, "a node is fetched by its name"))
        raise NotPlanned(self.refusal("TFM401", expression, "what this run fetches is not known"))

    def _element(self, base: cst.BaseExpression, index: int, value: Value, frame: Frame) -> Fetch:
        element = cst.SubscriptElement(cst.Index(cst.Integer(str(index))))
        part = cst.Subscript(base, [element])
        return self._named(part, value, frame)

    def _keyed(self, base: cst.BaseExpression, key: str, value: Value, frame: Frame) -> Fetch:
        part = cst.Subscript(base, [cst.SubscriptElement(cst.Index(cst.SimpleString(repr(key))))])
        return self._named(part, value, frame)

    # ------------------------------------------------------------------ slices
    def feeds(self, site: RunSite) -> list[Node]:
        """The nodes that a run feeds."""
        if site.feeds is None:
            return []
        value = site.feeds
        if not isinstance(value, Mapping) or not value.exact:
            raise NotPlanned(
                self.refusal("TFM407", site.feed_expression or site.expression, "what this run feeds is not known")
            )
        keys: list[Node] = []
        for key in value.items:
            if not isinstance(key, Node):
                where = site.feed_expression or site.expression
                raise NotPlanned(self.refusal("TFM407", where, "a key of this feed is not a tensor of this graph"))
            if key.kind == "variable" or key.number in self.flow.static:
                where = site.feed_expression or site.expression
                raise NotPlanned(self.refusal("TFM407", where, "a variable or a constant is fed"))
            # A plain placeholder that is not fed stops the run, before and after: as a missing argument.
            if self.flow.staging.is_maybe(value, key) and key.op != "tf.placeholder" and not has_default(key):
                where = site.feed_expression or site.expression
                raise NotPlanned(self.refusal("TFM407", where, "this feed holds a placeholder on some paths only"))
            floats = self.floats if (dtype_of(key) or "").startswith(("int", "uint")) else ()
            if is_cut(key, value.items[key], floats) and id(value.items[key]) not in self.cut:
                where = site.feed_expression or site.expression
                if dtype_of(key) == "bool":
                    reason = "a number is fed to a placeholder of truths, which took it for one"
                    raise NotPlanned(self.refusal("TFM407", where, reason, "feed `bool(...)` of it"))
                reason = "a float is fed to an integer placeholder, which cut its fraction off"
                raise NotPlanned(self.refusal("TFM407", where, reason, "feed `int(...)` of it"))
            keys.append(key)
        return keys

    def backward(
        self, reads: list[tuple[str, Atom]], fed: list[Node], into: Slice, whole: list[Atom] | None = None
    ) -> None:
        """Adds to ``into`` everything that the given names, read in the given atoms, depend on.

        ``whole`` are statements that are needed for what they do, whatever they bind.
        """
        queue = list(reads)
        for atom in whole or ():
            queue.extend(self._staged(atom, fed, into))
        seen: set[tuple[str, int]] = set()
        while queue:
            name, reader = queue.pop()
            if (name, reader.number) in seen:
                continue
            seen.add((name, reader.number))
            for atom in self.flow.reaching(name, reader):
                queue.extend(self._depend(name, atom, fed, into))
        into.atoms.sort(key=lambda atom: atom.number)

    def _depend(self, name: str, atom: Atom, fed: list[Node], into: Slice) -> list[tuple[str, Atom]]:
        role = self.flow.role(atom)
        value = self.flow.bound_value(atom, name)
        node = fed_node(value)
        if node in fed and node in atom.nodes and role is Role.STAGED:
            assert node is not None
            _add(into.parameters, node)
            return []
        if role is Role.STAGED and is_metric_value(value):
            # What a metric has counted needs nothing of what it would count next.
            if atom not in into.atoms:
                into.atoms.append(atom)
            return []
        match role:
            case Role.PLACEHOLDER:
                self._placeholders(atom, name, fed, into)
                return []
            case Role.VARIABLE:
                for node in nodes_in(value):
                    _add(into.variables, node)
                return []
            case Role.STAGED if into.through and is_given_back(self.flow, atom, value):
                _add(into.variables, cast(Node, value))
                return []
            case Role.STAGED:
                return self._staged(atom, fed, into)
            case Role.ALIAS:
                return [(read.name, atom) for read in self.flow.reads(atom)]
            case Role.CHOICE:
                reason = f"`{name}` is chosen by the host and used inside the graph as well"
                raise NotPlanned(self.refusal("TFM401", atom.binds.get(name) or atom.statement, reason))
        into.host.setdefault(name, atom)
        return []

    def _staged(self, atom: Atom, fed: list[Node], into: Slice) -> list[tuple[str, Atom]]:
        """Takes a statement into the slice; gives back what it reads."""
        if atom in into.atoms:
            return []
        into.atoms.append(atom)
        for node in atom.nodes:
            if node.kind == "placeholder":
                self._one_placeholder(node, atom, fed, into)
        return [(read.name, atom) for read in self.flow.reads(atom)]

    def _placeholders(self, atom: Atom, name: str, fed: list[Node], into: Slice) -> None:
        value = self.flow.bound_value(atom, name)
        nodes = list(nodes_in(value)) if value is not None else atom.nodes
        for node in nodes:
            if node.kind == "placeholder":
                self._one_placeholder(node, atom, fed, into)

    def _one_placeholder(self, node: Node, atom: Atom, fed: list[Node], into: Slice) -> None:
        if node in fed or has_default(node):
            _add(into.parameters, node)
        elif node.op == "tf.placeholder_with_default":
            if atom not in into.defaults:
                into.defaults.append(atom)
        elif node.expression is not None:
            _add(into.parameters, node)

    def refusal(self, code: str, where: cst.CSTNode, reason: str, advice: str = "") -> Refusal:
        return Refusal(code, self._module_of(where), where, reason, advice)

    def _module_of(self, where: cst.CSTNode) -> str:
        for key, module in self.flow.staging.modules.items():
            if where in module.positions:
                return key
        return self.region.module.key


def record_name(value: Sequence) -> str:
    """What tells named tuples of one class of the program from those of others."""
    return f"record {id(value.record)}" if value.record is not None else ""


def is_given_back(flow: Flow, atom: Atom, value: Value | None) -> bool:
    """Whether a name is bound to a variable that a function made which this statement calls."""
    if not isinstance(value, Node) or value.kind != "variable" or stands_for_several(value):
        return False
    return value.place.steps[-1].frame is not flow.region.frame and flow.region.atom_at(value.place) is atom


def has_call(expression: cst.CSTNode) -> bool:
    """Whether evaluating an expression calls something, which may have an effect."""
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Call):
            return True
        stack.extend(children(node))
    return False


def has_default(node: Node) -> bool:
    """Whether a placeholder has a default of the host, which a parameter can have as well."""
    return node.op == "tf.placeholder_with_default" and isinstance(node.details.get("input"), Const | Host)


def in_order(nodes: list[Node]) -> list[Node]:
    """Placeholders as parameters: in the order of their making, those with a default last."""
    return sorted(nodes, key=lambda node: (has_default(node), node.number))


def _add(nodes: list[Node], node: Node) -> None:
    if node not in nodes:
        nodes.append(node)


def expression_reads(expression: cst.BaseExpression) -> list[str]:
    return [name.value for name in names_read(expression)]
