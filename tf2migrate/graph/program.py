"""The staging analysis of one program: an entry file and the project files that it imports."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from tf2migrate.graph.interpreter import Exhausted
from tf2migrate.graph.staging import Obstacle, Staging
from tf2migrate.graph.tensorflow import TensorFlow
from tf2migrate.names.project import Module, Project


def analyse(
    project: Project,
    entry: Module,
    builder: cst.FunctionDef | None = None,
    builders: Sequence[cst.FunctionDef] = (),
) -> Staging:
    """Interprets ``entry`` as the main program and gives what was understood of its graph.

    A program that needs more interpretation than the budget allows gets an obstacle, never a guess. ``builder`` is
    the method in which an object builds the graph; then the object's other methods are interpreted as well, whether
    the program calls them or not. ``builders`` are those of several classes.
    """
    interpreter = TensorFlow(project, entry)
    interpreter.staging.builder = builder
    try:
        interpreter.run_module(entry, main=True)
        interpreter.late_callbacks()
        for method in [builder, *builders] if builder is not None else builders:
            interpreter.remaining_methods(method)
        interpreter.check_decorators()
    except (Exhausted, RecursionError):
        interpreter.staging.obstacles.append(
            Obstacle("TFM401", entry.key, entry.tree, "the program is too large for the staging analysis")
        )
    return interpreter.staging
