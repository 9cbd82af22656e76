"""Runs whose op or tensor the host chooses: by a condition, a loop, or an argument of a function.

Each node that can be chosen becomes a function of its own, and the host chooses among functions as it chose among
nodes.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.staging import RunSite
from tf2migrate.graph.values import Bound, Choice, Class, Const, Function, Node, Sequence, Value, nodes_in
from tf2migrate.names.bindings import names_read
from tf2migrate.names.tree import children
from tf2migrate.plan.flow import Flow, assign_roles
from tf2migrate.plan.region import Atom

OPS = ("train", "group")
TENSORS = ("tensor", "assign", "placeholder")


@dataclass(frozen=True, slots=True)
class Choosing:
    """The part of a fetch that stands for one of several nodes, and where it is in the nesting."""

    leaf: cst.BaseExpression
    path: tuple[int, ...]
    nodes: tuple[Node, ...]

    def site_of(self, site: RunSite, node: Node) -> RunSite:
        """The run as it is when ``node`` is chosen."""
        return dataclasses.replace(site, fetches=_with(site.fetches, self.path, node))


def find_choices(flow: Flow) -> dict[int, Choosing]:
    """The choices of a program by run expression; statements that only choose stay where they are."""
    found: dict[int, Choosing] = {}
    if flow.region.held is not None:
        return found
    groups: dict[int, list[RunSite]] = {}
    for site in flow.staging.runs:
        groups.setdefault(id(site.expression), []).append(site)
    for key, sites in groups.items():
        choosing = _choosing(flow, sites)
        if choosing is None:
            continue
        marked: set[int] = set()
        if any(flow.region.atom_at(site.place) is None for site in sites):
            continue  # a run outside of the region is refused for that
        handed = [name for site in sites for name in _handed(flow, site, choosing)]
        if all(_only_chooses(flow, *start, choosing, marked) for start in handed):
            found[key] = choosing
            flow.chosen |= {node.number for node in choosing.nodes}
            flow.choosing |= marked
    if flow.choosing:
        assign_roles(flow)
    return found


def _choosing(flow: Flow, sites: list[RunSite]) -> Choosing | None:
    parts = [list(_parts(site.fetch_expression, site.fetches, ())) for site in sites]
    if len({len(part) for part in parts}) != 1:
        return None
    varying: list[Choosing] = []
    for column in zip(*parts, strict=True):
        path, leaf, _ = column[0]
        nodes = _options([value for _, _, value in column])
        if nodes is None:
            return None
        if len(nodes) > 1 or (nodes and _is_read_beside(flow, leaf, sites[0])):
            varying.append(Choosing(leaf, path, nodes))
    if len(varying) != 1:
        return None
    kinds = {node.kind for node in varying[0].nodes}
    return varying[0] if kinds <= set(OPS) or kinds <= set(TENSORS) else None


def _parts(
    expression: cst.BaseExpression, value: Value, path: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], cst.BaseExpression, Value]]:
    """The parts of a fetch that is written out, as far as it is."""
    match expression, value:
        case (cst.List(elements=elements) | cst.Tuple(elements=elements)), Sequence(items=items, exact=True) if len(
            items
        ) == len(elements):
            for index, (element, item) in enumerate(zip(elements, items, strict=True)):
                yield from _parts(element.value, item, (*path, index))
        case _:
            yield path, expression, value


def _options(values: list[Value]) -> tuple[Node, ...] | None:
    """The nodes that a part can be; none for something else, None where it may be anything."""
    nodes: list[Node] = []
    for value in values:
        for option in value.options if isinstance(value, Choice) else (value,):
            if isinstance(option, Const) and option.value is None and len(values) + len(nodes) > 1:
                continue
            if not isinstance(option, Node):
                return () if len(values) == 1 and not isinstance(value, Choice) else None
            if option not in nodes:
                nodes.append(option)
    return tuple(sorted(nodes, key=lambda node: node.number))


def _with(value: Value, path: tuple[int, ...], node: Node) -> Value:
    if not path:
        return node
    assert isinstance(value, Sequence)
    items = [_with(item, path[1:], node) if i == path[0] else item for i, item in enumerate(value.items)]
    return Sequence(items, value.kind, value.exact)


def _is_read_beside(flow: Flow, leaf: cst.BaseExpression, site: RunSite) -> bool:
    """Whether a function looks at the op that it was given before it runs it: ``if op is not None``."""
    definition = site.frame.owner
    if not isinstance(leaf, cst.Name) or not isinstance(definition, cst.FunctionDef):
        return False
    if site.frame is flow.region.frame or leaf.value not in site.frame.entry:
        return False
    inside = {id(n) for run in flow.staging.runs for n in names_read(run.expression)}
    return any(n.value == leaf.value and id(n) not in inside for n in _tested(definition.body))


def _tested(body: cst.CSTNode) -> Iterator[cst.Name]:
    """Names that conditions look at."""
    stack = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.If | cst.While | cst.IfExp):
            yield from names_read(node.test)
        stack.extend(children(node))


def _handed(flow: Flow, site: RunSite, choosing: Choosing) -> Iterator[tuple[cst.Name, Atom]]:
    """Names of the region by which a run, or a function on the way to it, gets what it runs."""
    reader = flow.region.atom_at(site.place)
    assert reader is not None
    frames = [step.frame for step in site.place.steps]
    parts = [(choosing.leaf, site.frame)]
    for caller, frame in itertools.pairwise(frames):
        if frame.call is not None and frame is not caller:
            parts += [(arg.value, caller) for arg in frame.call.args]
    for part, frame in parts:
        for name in names_read(part):
            value = flow.staging.value_in(name, frame)
            if frame.holder(name.value) is flow.region.frame and any(n in choosing.nodes for n in nodes_in(value)):
                yield name, reader


def _only_chooses(flow: Flow, name: cst.Name, reader: Atom, choosing: Choosing, marked: set[int]) -> bool:
    """Whether all that leads from the nodes to a name of the fetch are statements that hand them on."""
    for source in flow.reaching(name.value, reader):
        value = flow.bound_value(source, name.value)
        if isinstance(value, Node) and value in source.nodes:
            continue
        if not any(n in choosing.nodes for n in nodes_in(value)):
            continue
        if source.nodes:
            return False
        if source.number in marked:
            continue
        marked.add(source.number)
        if not all(_only_chooses(flow, read, source, choosing, marked) for read in source.reads):
            return False
    return True


ALLOWED = (
    cst.Element,
    cst.DictElement,
    cst.Assign,
    cst.AnnAssign,
    cst.NamedExpr,
    cst.IfExp,
    cst.Return,
    cst.If,
    cst.BooleanOperation,
    cst.UnaryOperation,
    cst.ListComp,
    cst.Index,
)
CONTAINERS = frozenset({"dict", "zip", "list", "tuple", "enumerate", "set", "reversed", "iter"})


def hands_on(flow: Flow, parents: list[cst.CSTNode]) -> bool:
    """Whether a use of a chosen node, with what it stands in, innermost last, means the same for a function."""
    parent = parents[-1]
    if isinstance(parent, ALLOWED):
        return True
    if isinstance(parent, cst.Comparison | cst.ComparisonTarget):
        comparison = parent if isinstance(parent, cst.Comparison) else parents[-2]
        operators = [t.operator for t in comparison.comparisons] if isinstance(comparison, cst.Comparison) else []
        return all(isinstance(o, cst.Is | cst.IsNot | cst.Equal | cst.NotEqual) for o in operators)
    call = parents[-2] if isinstance(parent, cst.Arg) else None
    if isinstance(call, cst.Call):
        callees = flow.staging.values_of(call.func)
        return bool(callees) and all(
            isinstance(c, Function | Class | Bound) or getattr(c, "name", "") in CONTAINERS for c in callees
        )
    return False
