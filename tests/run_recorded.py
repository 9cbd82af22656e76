"""Runs a program of TensorFlow 1 as it stands, all graphs seeded, and writes down every value of every run.

Runs under Python 3.7: `python run_recorded.py PROGRAM.py RECORD.pickle`, in the folder in which the program works.
What is recorded: the values, and for each graph that was run, its ops in the order in which they were made.
"""

import pickle
import random
import runpy
import sys

import numpy as np
import tensorflow as tf
from tensorflow.python.client import session
from tensorflow.python.framework import ops

SEED = 20


def main(program, record):
    values, graphs = [], []
    make, run = ops.Graph.__init__, session.BaseSession.run
    start = session.BaseSession.__init__

    def made(graph, *arguments, **options):
        make(graph, *arguments, **options)
        graph.seed = SEED

    def started(self, target="", graph=None, config=None):
        # One thread: what races in such a program always ends alike.
        config = config or tf.compat.v1.ConfigProto()
        config.intra_op_parallelism_threads = config.inter_op_parallelism_threads = 1
        start(self, target, graph, config)

    def recorded(self, *arguments, **options):
        result = run(self, *arguments, **options)
        values.append(plain(result))
        if self.graph not in graphs:
            graphs.append(self.graph)
        return result

    random.seed(SEED)
    np.random.seed(SEED)
    tf.compat.v1.get_default_graph().seed = SEED
    ops.Graph.__init__, session.BaseSession.__init__, session.BaseSession.run = made, started, recorded
    sys.argv = [program]
    problem = ""
    try:
        runpy.run_path(program, run_name="__main__")
    except Exception as error:  # some fixtures end so on purpose
        problem = f"{type(error).__name__}: {error}"
    kinds = [[(op.type, op.name) for op in graph.get_operations()] for graph in graphs]
    with open(record, "wb") as file:
        pickle.dump((values, kinds, problem), file, protocol=2)


def plain(result):
    """The result without classes that only TensorFlow has."""
    if isinstance(result, dict):
        return [plain(result[key]) for key in sorted(result, key=str)]
    if isinstance(result, (list, tuple)):
        return [plain(part) for part in result]
    return result if result is None else np.asarray(result)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
