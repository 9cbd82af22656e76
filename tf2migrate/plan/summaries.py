"""Summaries: which values a summary op stands for, and what the program may do with the result of a run of it.

A run of a summary op gives a dict of the summarised values by their tags instead; ``add_summary`` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from tf2migrate.graph.arguments import argument
from tf2migrate.graph.parts import layer_of
from tf2migrate.graph.staging import Staging, WriteSite
from tf2migrate.graph.summaries import KINDS, members, summary_of
from tf2migrate.graph.values import (
    Bound,
    Choice,
    Class,
    Const,
    Function,
    Mapping,
    Node,
    Sequence,
    Summary,
    Tagged,
    Value,
    unknown_in,
)
from tf2migrate.names.attributes import name_node
from tf2migrate.names.bindings import bound_names, names_read
from tf2migrate.names.tree import children
from tf2migrate.plan.flow import Flow, Read, Role, path_to
from tf2migrate.plan.refusal import NotPlanned
from tf2migrate.plan.region import Atom
from tf2migrate.plan.slices import Slicer


@dataclass(frozen=True, slots=True)
class Datum:
    """One summarised value: its tag, and the expression that gives it in the statement ``atom``.

    There is none for a variable that only the function that makes it has a name for: the model has one.
    """

    node: Node
    tag: str
    expression: cst.BaseExpression | None
    atom: Atom


def outer_summaries(flow: Flow, atom: Atom) -> list[Node]:
    """The summary ops that a statement makes itself, without those that are arguments of others."""
    made = [
        n
        for n in atom.nodes
        if n.kind == "summary" and n.expression is not None and n.place.steps[-1].frame is flow.region.frame
    ]
    inside = {id(x) for n in made for x in _below(n.expression)}
    return [n for n in made if id(n.expression) not in inside]


def find_summaries(flow: Flow, slicer: Slicer) -> None:
    """Tells the flow what the statements that make summaries read: the summarised values, and nothing else."""
    for atom in flow.region.atoms:
        outer = outer_summaries(flow, atom)
        if not outer:
            continue
        inside = {id(x) for n in outer if n.expression is not None for x in _all(n.expression)}
        reads = [
            Read(n.value, flow.staging.value_in(n, flow.region.frame), n, flow.region.frame)
            for n in atom.reads
            if id(n) not in inside
        ]
        for node in outer:
            try:
                for datum in data_of(flow, slicer, node, atom):
                    for name in names_read(datum.expression) if datum.expression is not None else ():
                        value = flow.staging.value_in(name, flow.region.frame)
                        if value is None:
                            value = flow.bound_value(flow.reaching(name.value, atom)[-1], name.value)
                        reads.append(Read(name.value, value, name, flow.region.frame))
            except NotPlanned as stop:
                flow.spoiled[atom.number] = (stop.refusal.code, stop.refusal.where, stop.refusal.reason)
        flow.narrowed[atom.number] = reads


def data_of(flow: Flow, slicer: Slicer, node: Node, at: Atom) -> list[Datum]:
    """The values behind a summary op, as they are called at ``at``, the statement that makes it."""
    found: list[Datum] = []
    for member in members(node):
        where = member.expression or at.statement
        tag = member.details.get("tag")
        if member.unknown is not None:
            raise NotPlanned(slicer.refusal(member.unknown.code, where, member.unknown.reason))
        made_at = flow.region.atom_at(member.place)
        if made_at is not None and isinstance(made_at.statement, cst.If):
            reason = "a summary that a condition of the host may leave out is not rewritten yet"
            raise NotPlanned(slicer.refusal("TFM804", where, reason))
        if not isinstance(tag, Const) or any(d.tag == tag.value for d in found):
            raise NotPlanned(slicer.refusal("TFM804", where, "a summary is merged twice"))
        found.append(_datum(flow, slicer, member, str(tag.value), at))
    return found


def _datum(flow: Flow, slicer: Slicer, member: Node, tag: str, at: Atom) -> Datum:
    atom = flow.region.atom_at(member.place)
    call = member.expression
    direct = member.place.steps[-1].frame is flow.region.frame
    if isinstance(call, cst.Call) and direct and atom is not None and _is_line(atom):
        expression = argument(call, 1, KINDS[member.op][1])
        if expression is not None and _is_plain(flow, expression, atom):
            rebound = [
                n for n in names_read(expression) if flow.reaching(n.value, atom) != flow.reaching(n.value, at)
            ]
            if not rebound:
                return Datum(member, tag, expression, atom)
    data = member.details.get("data")
    for other in reversed(flow.region.atoms[: at.number]):
        for name in _names_kept(other):
            if flow.bound_value(other, name) is data and flow.reaching(name, at)[-1:] == [other]:
                return Datum(member, tag, name_node(name), at)
    if isinstance(data, Node) and (data.kind == "variable" or layer_of(data) is not None):
        return Datum(member, tag, None, at)
    element = _element(flow, data, at)
    if element is not None:
        return Datum(member, tag, element, at)
    reason = f"the value of the summary `{tag}` has no name where the summaries are merged"
    raise NotPlanned(slicer.refusal("TFM804", member.expression or at.statement, reason))


def _names_kept(atom: Atom) -> list[str]:
    """The names that a statement binds, without those of a loop that has come to its end."""
    passing = bound_names(atom.statement.target) if isinstance(atom.statement, cst.For) else {}
    return [name for name in atom.binds if name not in passing]


def _element(flow: Flow, data: Value | None, at: Atom) -> cst.BaseExpression | None:
    """A value as an element of a list, tuple or dict that has a name: ``grads[0][1]``."""
    for other in reversed(flow.region.atoms[: at.number]):
        for name in _names_kept(other):
            if flow.reaching(name, at)[-1:] == [other]:
                path = path_to(flow.bound_value(other, name), data)
                if path:
                    found = cst.parse_expression(f"{ROOT}{path}").visit(_Rename(name_node(name)))
                    return found if isinstance(found, cst.BaseExpression) else None
    return None


ROOT = "_root_"


class _Rename(cst.CSTTransformer):
    """Puts a name for the root of an expression."""

    def __init__(self, name: cst.Name) -> None:
        super().__init__()
        self.name = name

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.name if original_node.value == ROOT else updated_node


def check_summarised_layers(flow: Flow, slicer: Slicer, roots: list[Node], atoms: list[Atom]) -> None:
    """C3: a summary of a variable of a layer belongs to a run that calls the layer, and so has built it."""
    for node in (m for root in roots if root.kind == "summary" for m in members(root)):
        data = node.details.get("data")
        if not isinstance(data, Node) or (data.kind != "variable" and layer_of(data) is None):
            continue
        made_at = flow.region.atom_at(data.place)
        # The model has it from the start, also where a function makes it that makes nothing else.
        own = layer_of(data) is None and (
            data.place.steps[-1].frame is flow.region.frame
            or (made_at is not None and flow.role(made_at) is Role.VARIABLE)
        )
        maker = layer_of(data) or data
        # A layer that shares its variables is built by whichever of its calls comes first.
        places = [data.place, *(place for node, place in flow.staging.touched if node is maker)]
        if not own and not any(flow.region.atom_at(place) in atoms for place in places):
            where = node.expression or flow.region.module.tree
            reason = "a variable of a layer is summarised in a run that does not call the layer"
            raise NotPlanned(slicer.refusal("TFM804", where, reason))


def _is_line(atom: Atom) -> bool:
    return isinstance(atom.statement, cst.SimpleStatementLine)


def _is_plain(flow: Flow, expression: cst.BaseExpression, atom: Atom) -> bool:
    """Whether an expression only computes: it makes no state and no updates."""
    inside = {id(n) for n in _all(expression)}
    return all(n.kind == "tensor" for n in atom.nodes if id(n.expression) in inside)


def _below(node: cst.CSTNode | None) -> list[cst.CSTNode]:
    return _all(node)[1:] if node is not None else []


def _all(node: cst.CSTNode) -> list[cst.CSTNode]:
    found = [node]
    for current in found:
        found.extend(children(current))
    return found


# ------------------------------------------------------------------ results
def written(site: WriteSite) -> Node | None:
    """The summary op whose result is written there."""
    nodes = summary_of(site.summary) or []
    tags = {tuple(m.number for m in members(node)) for node in nodes}
    return nodes[0] if len(tags) == 1 else None


def check_summaries(flow: Flow, slicer: Slicer) -> None:
    """C7: the result of a summary op is only handed on, and in the end to a writer."""
    staging = flow.staging
    for site in staging.writes:
        if written(site) is None and not is_tagged(site.summary):
            _check_known(staging, slicer)
            reason = "what is written here is not the result of one summary op"
            raise NotPlanned(slicer.refusal("TFM804", site.call, reason, "write single values with `tf.summary`"))
    if not staging.tagged and not any(n.kind == "summary" for n in staging.nodes):
        return
    own = {id(made.call) for made in staging.tagged}
    adding = {id(n) for made in staging.tagged for n in (made.call.func, getattr(made.call.func, "value", None))}
    for module in staging.modules.values():
        if module.key not in staging.module_frames:
            continue
        stack: list[tuple[cst.CSTNode, cst.CSTNode]] = [(child, module.tree) for child in children(module.tree)]
        while stack:
            node, parent = stack.pop()
            if isinstance(node, cst.Call) and id(node) not in own:
                _check_arguments(staging, slicer, node)
            aside = isinstance(parent, cst.Arg | cst.Call) or id(parent) in adding
            if not aside and _holds(staging, node) and not _passes_on(parent, node):
                raise NotPlanned(slicer.refusal("TFM804", node, NOT_WRITTEN))
            stack.extend((child, node) for child in children(node))


def _check_known(staging: Staging, slicer: Slicer) -> None:
    """C1: where a run gives what is not known, that is the reason, and not what becomes of its results."""
    for site in staging.runs:
        if (unknown := unknown_in(site.fetches)) is not None:
            where = site.fetch_expression
            raise NotPlanned(slicer.refusal(unknown.code, where, unknown.reason))


NOT_WRITTEN = "the result of a summary op is used for something else than writing it"
PASSING = (cst.Assign, cst.AssignTarget, cst.AnnAssign, cst.Return, cst.BaseElement, cst.Tuple, cst.List, cst.Expr)


def _passes_on(parent: cst.CSTNode, node: cst.CSTNode) -> bool:
    return isinstance(parent, PASSING) or (isinstance(parent, cst.Subscript) and parent.value is node)


def _check_arguments(staging: Staging, slicer: Slicer, call: cst.Call) -> None:
    """A summary is an argument of ``add_summary``, or of a function of the project."""
    given = [arg for arg in call.args if _holds(staging, arg.value)]
    if not given or (any(site.call is call for site in staging.writes) and given == list(call.args[:1])):
        return
    callees = staging.values_of(call.func)
    followed = [c.function if isinstance(c, Bound) else c for c in callees]
    if not followed or not all(isinstance(c, Function | Class) for c in followed) or any(a.star for a in given):
        raise NotPlanned(slicer.refusal("TFM804", call, NOT_WRITTEN))


def is_tagged(value: Value) -> bool:
    """Whether a summary is one that the program makes itself."""
    if isinstance(value, Choice):
        return all(is_tagged(option) for option in value.options)
    return isinstance(value, Tagged) and not value.single


def _holds(staging: Staging, node: cst.CSTNode) -> bool:
    return any(_holds_summary(seen.value) for seen in staging.observations.get(id(node), ()))


def _holds_summary(value: Value, depth: int = 0) -> bool:
    match value:
        case Summary() | Tagged():
            return True
        case Sequence(items=items) if depth < 4:
            return any(_holds_summary(item, depth + 1) for item in items)
        case Mapping(items=pairs) if depth < 4:
            return any(_holds_summary(item, depth + 1) for item in pairs.values())
        case Choice(options=options):
            return any(_holds_summary(option, depth + 1) for option in options)
    return False
