"""A deterministic world: every random op of TensorFlow becomes a fixed function.

The values depend on the kind of distribution, the shape and, for ops drawn inside a run, on how many
recorded runs came before it; not on seeds, creation order, graph or eager mode, or the TensorFlow
version. So a TF1 program and a correct rewrite start from the same weights and draw the same noise
and dropout masks, while noise that was frozen at trace time shows from the second run on.

What it cannot show: two ops of one kind and shape draw the same values in one run, so noise drawn
twice where it was shared, or variables of one shape that change places, look right. A fused kernel
that a rewrite splits starts elsewhere and looks wrong.

This file runs inside the child, under Python 3.7 with TensorFlow 1.15 as well: it imports nothing of
the package and keeps to Python 3.7.
"""

from __future__ import annotations

import functools
import random
import sys
import types
from collections.abc import Callable
from typing import Any

from . import draws

_LIBRARIES = ("tensorflow", "keras", "tf_keras", "tf_slim")


class World:
    """What ``install`` returns: the run counter, and the draws that read it."""

    def __init__(self, tf: Any) -> None:
        self.tf = tf
        self.runs = 0
        self.initialising = False
        self.draws = draws.Draws(tf, self.run_number)
        self._counter: Any = None

    def start(self, nudge: float = 0.0) -> None:
        """Seeds the host generators and makes the run counter; after a fork, before the program.

        A ``nudge`` moves every floating-point draw by that fraction of itself, up or down: how far a
        program then strays is how far rounding may take it.
        """
        import numpy

        self.draws.nudge = nudge
        random.seed(0)
        numpy.random.seed(0)
        if self.tf.executing_eagerly():
            self._counter = self.tf.Variable(0, trainable=False, dtype=self.tf.int64, name="recorded_runs")

    def count_run(self) -> None:
        """A recorded run has ended: what the next one draws differs."""
        self.runs += 1
        if self._counter is not None and self.tf.executing_eagerly():
            self._counter.assign(self.runs)

    def run_number(self) -> Any:
        """The number of recorded runs so far, read when the op *runs*: an int or an int64 tensor."""
        from tensorflow.python.framework import ops

        if _draws_a_fixed_value(self.tf):
            return 0
        if self.tf.executing_eagerly():
            return self.runs
        if self._counter is not None and ops.executing_eagerly_outside_functions():
            return self._counter.read_value()
        number = self.tf.compat.v1.py_func(self._graph_run_number, [], self.tf.int64, stateful=True)
        number.set_shape([])
        return number

    def _graph_run_number(self) -> Any:
        import numpy

        # A session may initialise its variables late or again; an initial value is the same at any time.
        return numpy.int64(0 if self.initialising else self.runs)


def install(tf: Any) -> World:
    """Replaces the random ops of the running TensorFlow; call once, before any op has run."""
    world = World(tf)
    draws.replace_ops(world.draws)
    _fix_dataset_order()
    _steady_sessions(world)
    _assert_without_value(tf)
    _give_libraries_their_own_random()
    return world


# What counts as an initial value


def _draws_a_fixed_value(tf: Any) -> bool:
    """Is this op an initial value, or inside a data pipeline that runs ahead of the program?

    Initial values do not depend on the run counter: Keras builds some layers late, at their first
    call. Graph mode needs no question here for them: their initializer op tells (``initialising``).
    """
    from tensorflow.python.framework import ops

    eager = ops.executing_eagerly_outside_functions()
    traced = False
    frame: Any = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if "/python/data/ops/" in code.co_filename.replace("\\", "/"):
            return True
        if eager and _makes_state(tf, code.co_name, frame, traced):
            return True
        traced = traced or code.co_name == "func_graph_from_py_func"
        frame = frame.f_back
    return False


def _makes_state(tf: Any, function: str, frame: Any, traced: bool) -> bool:
    """Does this frame make a variable? ``traced``: what draws is in a function that this frame has traced.

    An initial value may come from a function. What the constructor of a model has traced, draws when it runs.
    """
    if function in ("__init__", "build"):
        return isinstance(frame.f_locals.get("self"), _variables(tf) if traced else _stateful(tf))
    if function == "__call__":
        return isinstance(frame.f_locals.get("self"), _initializers(tf))
    return function == "add_weight"


@functools.lru_cache(maxsize=None)  # noqa: UP033
def _variables(tf: Any) -> tuple[type, ...]:
    kinds = (tf.Variable, getattr(tf.keras, "Variable", None))
    return tuple(kind for kind in kinds if isinstance(kind, type))


@functools.lru_cache(maxsize=None)  # noqa: UP033
def _stateful(tf: Any) -> tuple[type, ...]:
    return (tf.Module, tf.keras.layers.Layer, *_variables(tf))


@functools.lru_cache(maxsize=None)  # noqa: UP033
def _initializers(tf: Any) -> tuple[type, ...]:
    from tensorflow.python.ops import init_ops_v2

    return (tf.keras.initializers.Initializer, init_ops_v2.Initializer)


def _fix_dataset_order() -> None:
    """``Dataset.shuffle`` gives one order per buffer size, in every epoch.

    The kernels of both versions agree for a fixed seed, but not on what a second epoch does.
    """
    from tensorflow.python.data.ops import dataset_ops
    from tensorflow.python.data.util import random_seed
    from tensorflow.python.framework import constant_op, dtypes

    def fixed_seed(seed: Any = None) -> tuple[Any, Any]:
        return constant_op.constant(1, dtypes.int64), constant_op.constant(2, dtypes.int64)

    random_seed.get_seed = fixed_seed

    def once(shuffle: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(shuffle)
        def fixed(self: Any, buffer_size: Any, *args: Any, **kwargs: Any) -> Any:
            return shuffle(self, buffer_size, reshuffle_each_iteration=False)

        return fixed

    for name in ("DatasetV2", "DatasetV1"):
        kind = getattr(dataset_ops, name)
        if "shuffle" in vars(kind):
            kind.shuffle = once(kind.shuffle)

    def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Callable[[Any], Any]:
        return lambda dataset: dataset.shuffle(buffer_size).repeat(count)

    for name, module in list(sys.modules.items()):
        if name.startswith("tensorflow") and "shuffle_and_repeat" in getattr(module, "__dict__", {}):
            module.__dict__["shuffle_and_repeat"] = shuffle_and_repeat


def _steady_sessions(world: World) -> None:
    """Sessions tell which runs only initialise, and place what asks for a GPU on the CPU."""
    from tensorflow.core.protobuf import config_pb2
    from tensorflow.python.client import session

    base = session.BaseSession
    make, run = base.__init__, base.run
    known: dict[Any, bool] = {}

    @functools.wraps(make)
    def steady_make(self: Any, target: Any = "", graph: Any = None, config: Any = None) -> None:
        steady = config_pb2.ConfigProto()
        if config is not None:
            steady.CopyFrom(config)
        steady.allow_soft_placement = True
        steady.intra_op_parallelism_threads = steady.inter_op_parallelism_threads = 1
        make(self, target, graph, steady)

    @functools.wraps(run)
    def steady_run(self: Any, fetches: Any, *args: Any, **kwargs: Any) -> Any:
        before = world.initialising
        world.initialising = _only_initialises(self.graph, fetches, known)
        try:
            return run(self, fetches, *args, **kwargs)
        finally:
            world.initialising = before

    base.__init__, base.run = steady_make, steady_run


def _only_initialises(graph: Any, fetches: Any, known: dict[Any, bool]) -> bool:
    if isinstance(fetches, (list, tuple)):
        return bool(fetches) and all(_only_initialises(graph, fetch, known) for fetch in fetches)
    if isinstance(fetches, str) and ":" not in fetches:
        try:
            fetches = graph.get_operation_by_name(fetches)
        except KeyError:
            return False
    if not hasattr(fetches, "control_inputs"):
        return False
    if fetches not in known:
        initializers = {
            item.initializer.name
            for key in graph.get_all_collection_keys()
            for item in graph.get_collection(key)
            if hasattr(getattr(item, "initializer", None), "name")
        }
        known[fetches] = _is_initializer(fetches, initializers)
    return known[fetches]


def _is_initializer(op: Any, initializers: set[str]) -> bool:
    """An initializer of a variable or table, or a group of such."""
    waiting, seen = [op], set()
    while waiting:
        op = waiting.pop()
        if op.name in seen or op.name in initializers or op.type.startswith("InitializeTable"):
            continue
        if op.type != "NoOp":
            return False
        seen.add(op.name)
        waiting.extend(op.control_inputs)
    return True


def _assert_without_value(tf: Any) -> None:
    """``tf.assert_variables_initialized`` gives an op: the ranks that it returned are no value of the program."""
    for module in {tf, tf.compat.v1}:
        given = getattr(module, "assert_variables_initialized", None)
        if given is not None:
            module.assert_variables_initialized = _as_op(tf, given)


def _as_op(tf: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def asserted(*args: Any, **kwargs: Any) -> Any:
        with tf.control_dependencies([function(*args, **kwargs)]):
            return tf.no_op()

    return asserted


def _give_libraries_their_own_random() -> None:
    """Keras takes default seeds from Python's ``random``: that must not move the program's numbers."""
    private = types.ModuleType("random")
    vars(private).update(vars(random))
    stream = random.Random(0)
    own = {}
    for name, value in vars(random).items():
        if isinstance(getattr(value, "__self__", None), random.Random):
            own[id(value)] = getattr(stream, name)
            setattr(private, name, own[id(value)])
    for name, module in list(sys.modules.items()):
        if not name.startswith(_LIBRARIES) or not isinstance(module, types.ModuleType):
            continue
        space = vars(module)
        for attribute, value in list(space.items()):
            if value is random:
                space[attribute] = private
            elif id(value) in own and callable(value):
                space[attribute] = own[id(value)]
