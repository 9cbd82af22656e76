"""The staging analysis of one program: an entry file and the project files that it imports."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from tf2migrate.graph.recorder import Exhausted
from tf2migrate.graph.staging import Obstacle, Staging
from tf2migrate.graph.tensorflow import TensorFlow
from tf2migrate.graph.values import Symbol
from tf2migrate.names.project import Module, Project
from tf2migrate.names.tree import walk


def analyse(
    project: Project,
    entry: Module,
    builder: cst.FunctionDef | None = None,
    builders: Sequence[cst.FunctionDef] = (),
) -> Staging:
    """Interprets ``entry`` as the main program and gives what was understood of its graph.

    A program that needs more interpretation than the budget allows gets an obstacle, never a guess. ``builder`` is
    the method in which an object builds the graph; then the object's other methods are interpreted as well, whether
    the program calls them or not. ``builders`` are those of several classes. A method that nothing calls and that
    would build more of the graph stays uncalled: what it builds depends on its caller.
    """
    methods = [builder, *builders] if builder is not None else builders
    staging = _analysed(project, entry, builder, methods, set())
    building = _building(staging) if methods else set()
    return _analysed(project, entry, builder, methods, building) if building else staging


def _building(staging: Staging) -> set[int]:
    """The identities of the methods that nothing called and that made more than initializers when they were."""
    told: set[int] = set()
    building: set[int] = set()
    for node in staging.nodes:
        inner = all(source.number in told for source in node.inputs)
        if node.kind == "init" or (node.kind in ("tensor", "group") and inner and not node.random):
            told.add(node.number)
        elif isinstance(outermost := node.place.steps[0].statement, cst.FunctionDef):
            building.add(id(outermost))
    for frame in staging.frames:
        # Gradients of what a caller would give are not known, but they are graph.
        method = frame.called_from.steps[0].statement if frame.called_from is not None else None
        if isinstance(method, cst.FunctionDef) and any(_takes_gradients(staging, node) for node in walk(method.body)):
            building.add(id(method))
    return building


def _takes_gradients(staging: Staging, node: cst.CSTNode) -> bool:
    values = staging.values_of(node.func) if isinstance(node, cst.Call) else []
    return any(isinstance(value, Symbol) and value.name == "tf.gradients" for value in values)


def _analysed(
    project: Project,
    entry: Module,
    builder: cst.FunctionDef | None,
    methods: Sequence[cst.FunctionDef],
    uncalled: set[int],
) -> Staging:
    """One interpretation, with the methods that nothing calls but those that are to stay ``uncalled``."""
    interpreter = TensorFlow(project, entry)
    interpreter.staging.builder = builder
    try:
        interpreter.run_module(entry, main=True)
        interpreter.late_callbacks()
        for method in methods:
            interpreter.remaining_methods(method, uncalled)
        interpreter.check_decorators()
    except (Exhausted, RecursionError):
        interpreter.staging.obstacles.append(
            Obstacle("TFM401", entry.key, entry.tree, "the program is too large for the staging analysis")
        )
    return interpreter.staging
