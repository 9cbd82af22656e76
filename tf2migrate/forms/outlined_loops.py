"""Loops that make layers and apply them become the body of a function, which can become a layer itself.

``for n in sizes: h = tf.layers.dense(h, n)`` becomes ``h = h_layers(h)``, with the loop in ``h_layers``: an equivalent
TensorFlow 1 program, see ``rewrite/shapes.py``. A loop stays where it is if it has other effects than to compute one
tensor or a few from others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import libcst as cst

from tf2migrate.forms.traced import Traced
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import Const, Node, Sequence, Value, nodes_in
from tf2migrate.names.bindings import bindings, exposed_reads
from tf2migrate.names.project import Module
from tf2migrate.names.tree import walk
from tf2migrate.plan.flow import Flow, analyse_flow
from tf2migrate.plan.region import Atom, Region, find_region


@dataclass(slots=True)
class _Outline:
    """A loop as a function: its name, what it is given, and what it gives."""

    name: str
    parameters: list[str]
    outputs: list[str]


def outlined_loops(staging: Staging, modules: list[Module]) -> list[Module] | None:
    """The modules with such loops as functions; None when the body that builds the graph has none."""
    region = find_region(staging)
    if region is None or region.held is not None:
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
    return [_Outliner(m, found).apply(m) if m.key == region.module.key else m for m in modules]


def _makes_layers(staging: Staging, region: Region, atom: Atom) -> bool:
    """Whether a loop makes layers or calls functions that make variables, each pass known, and does nothing else."""
    loop = cast(cst.For, atom.statement)
    kinds = {node.kind for node in atom.nodes}
    if not kinds <= {"layer", "variable", "tensor"} or not kinds & {"layer", "variable"} or loop.orelse is not None:
        return False
    made = [n for n in atom.nodes if n.kind == "variable"]
    if "layer" not in kinds and all(n.place.steps[-1].frame is region.frame for n in made):
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
    name, number = f"{outputs[-1]}_layers", 1
    while name in taken:
        name, number = f"{outputs[-1]}_layers_{number}", number + 1
    taken.add(name)
    return _Outline(name, parameters, outputs)


class _Outliner(Traced):
    """Puts the function where the loop stood, and its call after it."""

    def __init__(self, module: Module, found: dict[cst.CSTNode, _Outline]) -> None:
        super().__init__(module)
        self.found = found
        self.config = module.tree.config_for_parsing

    def on_leave(  # type: ignore[override]
        self, original: cst.CSTNode, updated: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        made = cast(cst.CSTNode, super().on_leave(original, updated))
        outline = self.found.get(original)
        if outline is None or not isinstance(made, cst.For):
            return made
        parameters, outputs = ", ".join(outline.parameters), ", ".join(outline.outputs)
        head = f"def {outline.name}({parameters}):\n    return {outputs}\n"
        function = cast(cst.FunctionDef, self.statement(head, original))
        inner = made.with_changes(leading_lines=())
        self.trace(original, inner)
        body = cst.IndentedBlock([inner, *function.body.body])
        whole = function.with_changes(body=body, leading_lines=made.leading_lines)
        self.trace(original, whole)
        call = self.statement(f"{outputs} = {outline.name}({parameters})\n", original)
        return cst.FlattenSentinel([whole, call])

    def statement(self, text: str, source: cst.CSTNode) -> cst.BaseStatement:
        made = cst.parse_statement(text, config=self.config)
        for node in walk(made):
            self.trace(source, node)
        return cast(cst.BaseStatement, made)
