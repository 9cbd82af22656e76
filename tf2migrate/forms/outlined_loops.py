"""Loops that make layers and apply them become the body of a function, which can become a layer itself.

``for n in sizes: h = tf.layers.dense(h, n)`` becomes ``h = h_layers(h)``, with the loop in ``h_layers``: an equivalent
TensorFlow 1 program, see ``forms/shapes.py``. A loop stays where it is if it has other effects than to compute one
tensor or a few from others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Left, Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Node, Sequence, Value, nodes_in
from tf2migrate.names.attributes import name_node
from tf2migrate.names.bindings import bindings, exposed_reads, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.facts import is_moving_average
from tf2migrate.plan.flow import Flow, analyse_flow
from tf2migrate.plan.region import Atom, Region, find_region

BETWEEN = (cst.EmptyLine(), cst.EmptyLine())


@dataclass(slots=True)
class _Outline:
    """A loop as a function: its name, what it is given, and what it gives."""

    name: str
    parameters: list[str]
    outputs: list[str]
    inner: dict[str, str]
    """What attributes of an object are called in the function."""

    def called(self, names: list[str]) -> str:
        return ", ".join(self.inner.get(name, name) for name in names)


def outlined_loops(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """The modules with such loops as functions; None when the body that builds the graph has none."""
    region = find_region(staging)
    if region is None:
        return None
    flow = analyse_flow(staging, region)
    taken = {n.value for module in modules for n in walk(module.tree) if isinstance(n, cst.Name)}
    found: dict[cst.CSTNode, _Outline] = {}
    for atom in region.atoms:
        if isinstance(atom.statement, cst.For) and not atom.runs and _makes_layers(staging, region, atom):
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
    """Whether a loop makes layers or calls functions that make variables, each pass known, and does nothing else."""
    loop = cast(cst.For, atom.statement)
    kinds = {node.kind for node in atom.nodes if not is_moving_average(node)}
    if not kinds <= {"layer", "variable", "tensor"} or not kinds & {"layer", "variable"} or loop.orelse is not None:
        return False
    made = [n for n in atom.nodes if n.kind == "variable"]
    if region.held is None and "layer" not in kinds and all(n.place.steps[-1].frame is region.frame for n in made):
        return False
    if any(isinstance(n, cst.Return | cst.Yield | cst.Break | cst.Global | cst.Nonlocal) for n in walk(loop)):
        return False
    values = staging.values_of(loop.iter)
    return bool(values) and all(_is_known(v) for v in values)


def _is_known(value: Value) -> bool:
    if isinstance(value, Sequence):
        return value.exact
    return isinstance(value, Const) and isinstance(value.value, tuple | list)


def _outline(flow: Flow, atom: Atom, taken: set[str]) -> _Outline | None:
    """What the function of a loop takes and gives; None where a container or a host value would have to go through."""
    region, loop = flow.region, atom.statement
    if atom.changes:
        return None
    bound = {name for name, _ in bindings(loop)}
    parameters: list[str] = []
    for read in exposed_reads(loop):
        sources = flow.reaching(read.value, atom)
        before = [flow.bound_value(source, read.value) for source in sources]
        tensors = [isinstance(v, Node) and v.kind in ("tensor", "placeholder") for v in before]
        if all(tensors) and tensors:
            if read.value not in parameters:
                parameters.append(read.value)
        elif read.value in bound or any(any(True for _ in nodes_in(v)) for v in before):
            return None
        elif not region.is_module and (sources or read.value in region.frame.env) and read.value not in parameters:
            parameters.append(read.value)
    outputs: list[str] = []
    for later in region.atoms[atom.number + 1 :]:
        for known in flow.reads(later):
            if known.name in bound and atom in flow.reaching(known.name, later) and known.name not in outputs:
                outputs.append(known.name)
    given = [flow.bound_value(atom, name) for name in outputs]
    if not outputs or not all(isinstance(v, Node) and v.kind == "tensor" for v in given):
        return None
    base = outputs[-1].rpartition(".")[2]
    name = take_name(f"{base}_layers", taken)
    dotted = [n for n in dict.fromkeys([*parameters, *outputs, *bound]) if "." in n]
    used = {n.value for n in names_read(loop)} | bound
    inner: dict[str, str] = {}
    for n in dotted:
        plain = n.rpartition(".")[2]
        inner[n] = take_name(plain, used)
    return _Outline(name, parameters, outputs, inner)


class _Outliner(Traced):
    """Puts the function where the loop stood, or before the class that it stood in, and its call in its place."""

    def __init__(self, module: Module, found: dict[cst.CSTNode, _Outline], before: cst.CSTNode | None) -> None:
        super().__init__(module)
        self.found = found
        self.before = before
        self.functions: list[cst.BaseStatement] = []

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        if original is self.before:
            return cst.FlattenSentinel([*self.functions, made])
        outline = self.found.get(original)
        if outline is None or not isinstance(original, cst.For) or not isinstance(made, cst.For):
            return made
        call = self.call(original, outline)
        if self.before is None:
            return cst.FlattenSentinel([self.function(original, made, outline), call])
        function = self.function(original, made, outline)
        comments = [line for line in function.leading_lines if line.comment is not None]
        self.functions.append(function.with_changes(leading_lines=[*BETWEEN, *comments]))
        return cst.FlattenSentinel([call])

    def call(self, original: cst.For, outline: _Outline) -> cst.SimpleStatementLine:
        arguments = [cst.Arg(name_node(name)) for name in outline.parameters]
        elements = [cst.Element(name_node(name)) for name in outline.outputs]
        several = cst.Tuple(elements, lpar=(), rpar=())
        target = cst.AssignTarget(several if len(elements) > 1 else name_node(outline.outputs[0]))
        value = cst.Call(cst.Name(outline.name), arguments)
        made = cst.SimpleStatementLine([cst.Assign([target], value)])
        return cast(cst.SimpleStatementLine, self.traced(original, made))

    def function(self, original: cst.CSTNode, loop: cst.For, outline: _Outline) -> cst.FunctionDef:
        head = f"def {outline.name}({outline.called(outline.parameters)}):\n"
        text = f"{head}    return {outline.called(outline.outputs)}\n"
        function = cast(cst.FunctionDef, self.statement(text, original))
        inner = cast(cst.For, loop.visit(_Renaming(self, outline.inner))) if outline.inner else loop
        inner = inner.with_changes(leading_lines=())
        self.trace(original, inner)
        body = cst.IndentedBlock([inner, *function.body.body])
        whole = function.with_changes(body=body, leading_lines=loop.leading_lines)
        self.trace(original, whole)
        return whole

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
