"""Loops and branches that make layers and apply them become the body of a function, which can become a layer itself.

``for n in sizes: h = tf.layers.dense(h, n)`` becomes ``h = h_layers(h)``, with the loop in ``h_layers``: an equivalent
TensorFlow 1 program, see ``forms/shapes.py``. A list that such a loop fills goes into the function with it, and a list
written as a comprehension becomes such a loop. A statement stays where it is if it has other effects than to compute
one tensor or a few, or a list of them, from others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Choice, Const, Node, Sequence, Unknown, Value, is_moving_average, nodes_in
from tf2migrate.names.attributes import name_node
from tf2migrate.names.bindings import bindings, bound_names, exposed_reads, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.flow import Flow, analyse_flow
from tf2migrate.plan.region import Atom, Region, find_region

BETWEEN = (cst.EmptyLine(), cst.EmptyLine())


@dataclass(slots=True)
class _Outline:
    """A statement as a function: its name, what it is given, and what it gives."""

    name: str
    parameters: list[str]
    outputs: list[str]
    inner: dict[str, str]
    """What attributes of an object are called in the function."""
    starts: dict[str, cst.CSTNode]
    """The lists that the statement fills, each with the statement that makes it, empty."""
    carried: dict[str, str]
    """What the passes hand on, and what the parameter is called that it begins with."""

    def called(self, names: list[str]) -> str:
        return ", ".join(self.inner.get(name, name) for name in names)


def outlined_loops(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """The modules with such statements as functions; None when the body that builds the graph has none."""
    region = find_region(staging)
    if region is None:
        return None
    flow = analyse_flow(staging, region)
    taken = {n.value for module in modules for n in walk(module.tree) if isinstance(n, cst.Name)}
    found: dict[cst.CSTNode, _Outline] = {}
    for atom in region.atoms:
        if not atom.runs and _makes_layers(staging, region, atom):
            outline = _outline(flow, atom, taken)
            if outline is not None:
                found[atom.statement] = outline
    if not found:
        return None
    before = _statement_around(region) if region.held is not None else None
    return [_Outliner(m, found, before).apply(m) if m.key == region.module.key else m for m in modules]


def _statement_around(region: Region) -> cst.CSTNode | None:
    """The statement of the file that holds the method which builds an object's graph."""
    return next((s for s in region.module.tree.body if any(n is region.frame.owner for n in walk(s))), None)


def _makes_layers(staging: Staging, region: Region, atom: Atom) -> bool:
    """Whether a statement makes layers or calls what makes variables, each pass known, and does nothing else."""
    kinds = {node.kind for node in atom.nodes if not is_moving_average(node)}
    if not kinds <= {"layer", "variable", "tensor"} or not kinds & {"layer", "variable"}:
        return False
    made = [n for n in atom.nodes if n.kind == "variable"]
    direct = region.held is None and "layer" not in kinds and all(n.place.steps[-1].frame is region.frame for n in made)
    if direct and not _is_of_host(staging, atom.statement):
        return False
    if any(isinstance(n, cst.Return | cst.Yield | cst.Break | cst.Global | cst.Nonlocal) for n in walk(atom.statement)):
        return False
    match atom.statement:
        case cst.For(iter=iterable, orelse=None):
            return _is_known(staging, iterable) or _is_of_host(staging, atom.statement)
        case cst.If():
            return True
    comprehension = _comprehension(atom.statement)
    return comprehension is not None and _is_known(staging, comprehension.for_in.iter)


def _comprehension(statement: cst.CSTNode) -> cst.ListComp | None:
    """``h`` of ``name = [f(x) for x in xs]``, which is the same as a loop that fills a list."""
    match statement:
        case cst.SimpleStatementLine(
            body=[
                cst.Assign(
                    targets=[cst.AssignTarget(target=cst.Name() | cst.Attribute())],
                    value=cst.ListComp(for_in=cst.CompFor(ifs=[], inner_for_in=None, asynchronous=None)) as value,
                )
            ]
        ):
            return value
    return None


def _is_known(staging: Staging, iterable: cst.BaseExpression) -> bool:
    """Whether it is known what a loop goes through."""
    values = staging.values_of(iterable)
    return bool(values) and all(
        v.exact if isinstance(v, Sequence) else isinstance(v, Const) and isinstance(v.value, tuple | list)
        for v in values
    )


def _is_of_host(staging: Staging, statement: cst.CSTNode) -> bool:
    """Whether a loop goes through a list of the host that only the run knows."""
    values = staging.values_of(statement.iter) if isinstance(statement, cst.For) else []
    return bool(values) and not any(isinstance(v, Unknown) or any(True for _ in nodes_in(v)) for v in values)


def _outline(flow: Flow, atom: Atom, taken: set[str]) -> _Outline | None:
    """What the function of a statement takes and gives; None where another container or a host value goes through."""
    region, statement = flow.region, atom.statement
    starts = _own_lists(flow, atom)
    if atom.changes - set(starts):
        return None
    comprehension = _comprehension(statement)
    bound = {name for name, _ in bindings(statement)}.union(starts)
    inside = bound.union(bound_names(comprehension.for_in.target) if comprehension is not None else ())
    parameters: list[str] = []
    carried: dict[str, str] = {}
    reads = [read.value for read in exposed_reads(statement) if read.value not in starts]
    # A comprehension has a frame of its own.
    read_as = {n.value: flow.staging.values_of(n) for n in exposed_reads(statement)}
    if isinstance(statement, cst.If):
        # What only one of the branches binds is what it was before in the others.
        reads += [name for name in bound - _bound_in_all(statement) if _is_read_later(flow, atom, name)]
    for name in reads:
        sources = flow.reaching(name, atom)
        before = [flow.bound_value(source, name) for source in sources]
        tensors = [_is_tensor(v) for v in before]
        lists = [isinstance(v, Sequence) and _is_tensor(v) and name not in inside for v in read_as.get(name, ())]
        if (lists and all(lists)) or (tensors and all(tensors)):
            if name not in parameters:
                parameters.append(name)
        elif any(any(True for _ in nodes_in(v)) for v in before):
            return None
        elif name in inside:
            # What the passes hand on of the host begins with an argument, where nobody asks for its end.
            if not before or _is_read_later(flow, atom, name) or isinstance(statement, cst.If):
                return None
            if name not in carried:
                carried[name] = take_name(f"first_{name.rpartition('.')[2]}", taken)
                parameters.append(name)
        elif not region.is_module and (sources or name in region.frame.env) and name not in parameters:
            parameters.append(name)
    outputs = [
        name for name in _in_order(flow, atom, bound) if name in starts or _is_tensor(flow.bound_value(atom, name))
    ]
    later = {name for name in bound if _is_read_later(flow, atom, name)}
    if not outputs or later - set(outputs) or (comprehension is not None and set(parameters) & inside):
        return None
    base = outputs[-1].rpartition(".")[2]
    name = take_name(f"{base}_layers", taken)
    dotted = [n for n in dict.fromkeys([*parameters, *outputs, *bound]) if "." in n]
    used = {n.value for n in names_read(statement)} | inside
    inner: dict[str, str] = {}
    for n in dotted:
        inner[n] = take_name(n.rpartition(".")[2], used)
    return _Outline(name, parameters, outputs, inner, starts, carried)


def _in_order(flow: Flow, atom: Atom, bound: set[str]) -> list[str]:
    """The names of a statement that later ones read, in the order in which they do."""
    names: list[str] = []
    for later in flow.region.atoms[atom.number + 1 :]:
        names += [k.name for k in flow.reads(later) if k.name in bound and atom in flow.reaching(k.name, later)]
    return list(dict.fromkeys(names))


def _is_read_later(flow: Flow, atom: Atom, name: str) -> bool:
    return name in _in_order(flow, atom, {name})


def _is_tensor(value: Value | None) -> bool:
    """Whether a value is a tensor, one of some that the host chooses, or a list of tensors."""
    if isinstance(value, Choice):
        return all(map(_is_tensor, value.options))
    if isinstance(value, Sequence):
        return value.exact and bool(value.items) and all(map(_is_tensor, value.items))
    return isinstance(value, Node) and value.kind in ("tensor", "placeholder")


def _bound_in_all(statement: cst.If) -> set[str]:
    """The names that every branch binds."""
    names = {name for name, _ in bindings(statement.body)}
    match statement.orelse:
        case cst.If() as other:
            return names & _bound_in_all(other)
        case cst.Else(body=body):
            return names & {name for name, _ in bindings(body)}
    return set()


def _own_lists(flow: Flow, atom: Atom) -> dict[str, cst.CSTNode]:
    """The lists that begin empty, that this statement alone changes, and that nothing reads before it."""
    atoms = flow.region.atoms
    found: dict[str, cst.CSTNode] = {}
    for name in atom.changes:
        binding = [a for a in atoms if name in a.binds]
        changing = [a for a in atoms if name in a.changes]
        if len(binding) != 1 or changing != [atom] or binding[0].number > atom.number:
            continue
        between = atoms[binding[0].number + 1 : atom.number]
        if any(read.name == name for other in between for read in flow.reads(other)):
            continue
        inner = [read for read in flow.inner.get(atom.number, ()) if read.name == name]
        start = binding[0].statement
        last = name.rpartition(".")[2]
        called = any(
            isinstance(n, cst.Name) and n.value in (name, last)
            for frame in flow.called(atom)
            if isinstance(frame.owner, cst.FunctionDef | cst.Lambda)
            for n in walk(frame.owner.body)
        )
        if _is_empty_list(start) and not inner and not called and binding[0].parents == atom.parents:
            found[name] = start
    return found


def _is_empty_list(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name() | cst.Attribute())], value=value)]
        ):
            match value:
                case cst.List(elements=[]) | cst.Call(func=cst.Name(value="list"), args=[]):
                    return True
    return False


class _Outliner(Traced):
    """Puts the function where the loop stood, or before the class that it stood in, and its call in its place."""

    def __init__(self, module: Module, found: dict[cst.CSTNode, _Outline], before: cst.CSTNode | None) -> None:
        super().__init__(module)
        self.found = found
        self.before = before
        self.functions: list[cst.BaseStatement] = []
        self.starts = {start for outline in found.values() for start in outline.starts.values()}
        self.moved: dict[cst.CSTNode, cst.CSTNode] = {}

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if original is self.before:
            return cst.FlattenSentinel([*self.functions, made])
        if original in self.starts:
            self.moved[original] = made
            return cst.RemoveFromParent()
        outline = self.found.get(original)
        if outline is None:
            return made
        made = self.as_loop(original, made, outline)
        call = self.call(original, outline)
        if self.before is None:
            return cst.FlattenSentinel([self.function(original, made, outline), call])
        function = self.function(original, made, outline)
        comments = [line for line in function.leading_lines if line.comment is not None]
        self.functions.append(function.with_changes(leading_lines=[*BETWEEN, *comments]))
        return cst.FlattenSentinel([call])

    def as_loop(self, original: cst.CSTNode, made: cst.CSTNode, outline: _Outline) -> cst.BaseCompoundStatement:
        """A list that is written as a comprehension as the loop that fills it."""
        comprehension = _comprehension(made)
        if comprehension is None:
            return cast(cst.BaseCompoundStatement, made)
        name = outline.called(outline.outputs[:1])
        append = cst.Call(cst.Attribute(cst.Name(name), cst.Name("append")), [cst.Arg(comprehension.elt)])
        body = cst.IndentedBlock([cst.SimpleStatementLine([cst.Expr(append)])])
        loop = cst.For(comprehension.for_in.target, comprehension.for_in.iter, body)
        lines = cast(cst.SimpleStatementLine, made).leading_lines
        self.trace(original, loop)
        return loop.with_changes(leading_lines=lines)

    def call(self, original: cst.CSTNode, outline: _Outline) -> cst.SimpleStatementLine:
        arguments = [cst.Arg(name_node(name)) for name in outline.parameters]
        elements = [cst.Element(name_node(name)) for name in outline.outputs]
        several = cst.Tuple(elements, lpar=(), rpar=())
        target = cst.AssignTarget(several if len(elements) > 1 else name_node(outline.outputs[0]))
        value = cst.Call(cst.Name(outline.name), arguments)
        made = cst.SimpleStatementLine([cst.Assign([target], value)])
        return cast(cst.SimpleStatementLine, self.traced(original, made))

    def function(self, original: cst.CSTNode, block: cst.BaseCompoundStatement, outline: _Outline) -> cst.FunctionDef:
        given = [outline.carried.get(name) or outline.called([name]) for name in outline.parameters]
        head = f"def {outline.name}({', '.join(given)}):\n"
        text = f"{head}    return {outline.called(outline.outputs)}\n"
        function = cast(cst.FunctionDef, self.statement(text, original))
        starts = [cast(cst.SimpleStatementLine, self.moved[start]) for start in outline.starts.values()]
        if _comprehension(original) is not None:
            name = outline.called(outline.outputs[:1])
            starts = [cast(cst.SimpleStatementLine, self.statement(f"{name} = []\n", original))]
        lines = [*(starts[0].leading_lines if outline.starts else ()), *block.leading_lines]
        starts = [start.with_changes(leading_lines=()) for start in starts]
        handed = [f"{outline.called([name])} = {first}\n" for name, first in outline.carried.items()]
        starts += [cast(cst.SimpleStatementLine, self.statement(text, original)) for text in handed]
        renamed = [self.renamed(statement, outline) for statement in (*starts, block.with_changes(leading_lines=()))]
        self.trace(original, renamed[-1])
        body = cst.IndentedBlock([*renamed, *function.body.body])
        whole = function.with_changes(body=body, leading_lines=lines)
        self.trace(original, whole)
        return whole

    def renamed(self, statement: cst.BaseStatement, outline: _Outline) -> cst.BaseStatement:
        return cast(cst.BaseStatement, statement.visit(_Renaming(self, outline.inner))) if outline.inner else statement

    def statement(self, text: str, source: cst.CSTNode) -> cst.BaseStatement:
        return cast(cst.BaseStatement, self.traced(source, cst.parse_statement(text, config=self.config)))

    def traced(self, source: cst.CSTNode, made: cst.CSTNode) -> cst.CSTNode:
        for node in walk(made):
            self.trace(source, node)
        return made


class _Renaming(cst.CSTTransformer):
    """Names of attributes as the names that a function has for them."""

    def __init__(self, owner: Traced, names: dict[str, str]) -> None:
        super().__init__()
        self.owner = owner
        self.names = names

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        made = cast(cst.CSTNode, super().on_leave(original, updated))
        if isinstance(made, cst.Name) and made.value in self.names:
            made = cst.Name(self.names[made.value], lpar=made.lpar, rpar=made.rpar)
        self.owner.trace(original, made)
        return made
