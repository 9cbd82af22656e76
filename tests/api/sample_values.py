"""The values that `sample_calls.txt` names, and a child process that evaluates its expressions.

Runs under Python 3.7 with TensorFlow 1.15 as well as here: reads expressions as JSON from stdin, writes the
results (with the word `gradients` their gradients), or the message of the exception, as a pickle to the
file that is named on the command line.
"""

import importlib
import json
import pickle
import re
import sys

import numpy as np

GRAPH_SEED = 87654321  # what TensorFlow takes when only an op has a seed


def values(tf):
    """Everything that an expression may name."""
    draw = np.random.RandomState(7)
    soft = draw.rand(2, 3).astype("f")
    arrays = {
        "m": np.array([[0.5, -1.5, 2.0], [-0.25, 3.0, 1.25]], "f"),
        "pos": np.array([[0.5, 1.5, 2.0], [0.25, 3.0, 1.25]], "f"),
        "unit": np.array([[0.5, 0.25, 0.75], [0.125, 0.9, 0.3]], "f"),
        "v": np.array([0.5, 1.5, 2.5], "f"),
        "n": np.array([[7, -7, 3], [2, 9, -4]], "i4"),
        "k": np.array([[2, 2, 3], [3, 4, 3]], "i4"),
        "ids": np.array([2, 1], "i4"),
        "ids01": np.array([1, 0, 1], "i4"),
        "ids64": np.array([[2], [1]], "i8"),
        "ids_2d": np.array([[1, 0, 1], [0, 1, 1]], "i4"),
        "b": np.array([[True, False, True], [False, False, True]]),
        "c": np.array([[True, True, False], [False, True, True]]),
        "spd": np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]], "f"),
        "cube3": draw.rand(2, 3).astype("f"),
        "img": (draw.rand(1, 4, 5, 3) * 200).astype("f"),
        "img4": draw.rand(1, 4, 4, 2).astype("f"),
        "kernel": draw.randn(2, 2, 3, 4).astype("f"),
        "tkernel": draw.randn(3, 3, 2, 3).astype("f"),
        "dkernel": draw.randn(2, 2, 3, 2).astype("f"),
        "pkernel": draw.randn(1, 1, 6, 4).astype("f"),
        "ekernel": draw.randn(2, 2, 3).astype("f"),
        "seq": draw.randn(2, 5, 3).astype("f"),
        "kernel1": draw.randn(2, 3, 4).astype("f"),
        "vol": draw.randn(1, 3, 4, 4, 2).astype("f"),
        "kernel3": draw.randn(2, 2, 2, 2, 2).astype("f"),
        "c3": np.array([0.5, 1.0, 1.5], "f"),
        "soft": soft / soft.sum(1, keepdims=True),
        "binary": np.array([[1, 0, 1], [0, 0, 1]], "f"),
        "w23": np.array([[1, 0, 2], [0, 0, 3]], "f"),
        "ctc_logits": draw.randn(4, 2, 4).astype("f"),
        "seq_logits": draw.randn(2, 3, 4).astype("f"),
        "seq_ids": np.array([[0, 1, 3], [2, 2, 0]], "i4"),
        "seq_weights": np.array([[1, 1, 0], [1, 0.5, 1]], "f"),
    }
    named = {name: tf.constant(array) for name, array in arrays.items()}
    feature = tf.train.Feature
    features = {
        "x": feature(float_list=tf.train.FloatList(value=[1.0, 2.0])),
        "y": feature(int64_list=tf.train.Int64List(value=[3])),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    named["example"] = example.SerializeToString(deterministic=True)
    named["sparse_ids"] = tf.SparseTensor([[0, 0], [1, 0]], tf.constant([1, 2], tf.int32), [2, 2])
    named["sparse_ids64"] = tf.SparseTensor([[0, 0], [1, 0]], tf.constant([1, 2], tf.int64), [2, 2])
    named["sparse_floats"] = tf.SparseTensor([[0, 1], [1, 0]], tf.constant([1.0, 2.0]), [2, 3])
    named.update(tf=tf, np=np)
    return named


def plain(result):
    """The result as lists of arrays, whatever it is made of."""
    if result is None or isinstance(result, (bool, int, float, str, bytes)):
        return result
    if isinstance(result, (list, tuple)):
        return [plain(part) for part in result]
    if isinstance(result, dict):
        return [plain(result[key]) for key in sorted(result)]
    kind = type(result).__name__
    if kind in ("SparseTensor", "SparseTensorValue"):
        return [plain(part) for part in (result.indices, result.values, result.dense_shape)]
    if kind in ("Operation", "Dimension"):
        return None
    return np.asarray(result.numpy() if hasattr(result, "numpy") else result)


WITH_RESPECT_TO = ("m", "pos", "soft", "img")


def gradients_first(tf, expressions):
    """The gradients of each expression in a graph and session of its own."""
    tf.logging.set_verbosity(tf.logging.FATAL)
    for expression in expressions:
        graph = tf.Graph()
        with graph.as_default(), tf.Session(graph=graph) as session:
            named = values(tf)
            made = tf.gradients(eval(expression, named), [named[name] for name in WITH_RESPECT_TO])
            run = session.run([tf.convert_to_tensor(each) for each in made if each is not None])
            results = iter(run)  # of one run, so that all have seen the same random numbers
            yield [None if each is None else plain(next(results)) for each in made]


def gradients_second(tf, expressions):
    """The gradients of each expression with a tape."""
    for expression, definitions in expressions:
        tf.random.set_seed(GRAPH_SEED)
        named = values(tf)
        for definition in definitions:
            exec(definition, named)
        sources = [named[name] for name in WITH_RESPECT_TO]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            result = eval(expression, named)
        yield [
            None if each is None else plain(tf.convert_to_tensor(each))
            for each in tape.gradient(result, sources)
        ]


def graphs_first(tf, expressions):
    """The graph that each expression makes: of every op its kind, name, inputs by number, and attributes."""
    tf.logging.set_verbosity(tf.logging.FATAL)
    for expression in expressions:
        with tf.Graph().as_default() as graph:
            graph.seed = GRAPH_SEED
            eval(expression, values(tf))
        nodes = graph.as_graph_def().node
        numbers = {node.name: number for number, node in enumerate(nodes)}
        yield [
            (
                node.op,
                node.name,
                [(each[0] == "^", numbers[each.lstrip("^").split(":")[0]], each.split(":")[1:]) for each in node.input],
                # The token of a Python function only counts those that there are.
                sorted((key, value.SerializeToString()) for key, value in node.attr.items() if key != "token"),
            )
            for node in nodes
        ]


def run_first(tf, expressions):
    """Each expression in a graph and session of its own."""
    tf.logging.set_verbosity(tf.logging.FATAL)
    for expression in expressions:
        graph = tf.Graph()
        with graph.as_default(), tf.Session(graph=graph) as session:
            named = dict(values(tf), module=importlib.import_module)
            text = re.sub(r"tf\.(python\.\w+\.\w+)\.", r'module("tensorflow.\1").', expression)
            yield fetched(tf, session, eval(text, named))


def fetched(tf, session, made):
    if isinstance(made, (list, tuple)):
        return [fetched(tf, session, part) for part in made]
    if isinstance(made, dict):
        keys = sorted(made)
        return [fetched(tf, session, made[key]) for key in keys]
    if isinstance(made, (tf.Tensor, tf.SparseTensor, tf.Operation)):
        return plain(session.run(made))
    return plain(made)


def run_second(tf, expressions):
    """Each expression eagerly, the streams of random numbers at their beginning."""
    for expression, definitions in expressions:
        tf.random.set_seed(GRAPH_SEED)
        named = values(tf)
        for definition in definitions:
            exec(definition, named)
        yield plain(eval(expression, named))


def main():
    import tensorflow as tf

    expressions = json.load(sys.stdin)
    first = tf.__version__.startswith("1.")
    if sys.argv[2:] == ["graphs"]:
        runner = graphs_first
    elif sys.argv[2:] == ["gradients"]:
        runner = gradients_first if first else gradients_second
    else:
        runner = run_first if first else run_second
    collected = []
    for expression in expressions:
        try:
            collected.append(("value", next(iter(runner(tf, [expression])))))
        except Exception as problem:  # the message is the result that the test shows
            collected.append(("error", f"{type(problem).__name__}: {str(problem)[:300]}"))
    with open(sys.argv[1], "wb") as file:
        pickle.dump(collected, file, protocol=2)


if __name__ == "__main__":
    main()
