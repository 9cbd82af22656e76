"""The staging analysis of one program: an entry file and the project files that it imports."""

from __future__ import annotations

from tf2migrate.graph.interpreter import Exhausted
from tf2migrate.graph.staging import Obstacle, Staging
from tf2migrate.graph.tensorflow import TensorFlow
from tf2migrate.names.project import Module, Project


def analyse(project: Project, entry: Module) -> Staging:
    """Interprets ``entry`` as the main program and gives what was understood of its graph.

    A program that needs more interpretation than the budget allows gets an obstacle, never a guess.
    """
    interpreter = TensorFlow(project, entry)
    try:
        interpreter.run_module(entry, main=True)
    except (Exhausted, RecursionError):
        interpreter.staging.obstacles.append(
            Obstacle("TFM401", entry.key, entry.tree, "the program is too large for the staging analysis")
        )
    return interpreter.staging
