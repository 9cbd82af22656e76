"""The abstract interpreter: datasets, their iterators, and the elements that the graph takes from them.

A dataset is the same object in both versions. An iterator of TensorFlow 1 is part of the graph: ``get_next`` gives
tensors, and each run that needs one of them takes the next element. The rewrite draws the element before the run
and feeds it, see ``rewrite.iterators``; only what that needs is kept here.
"""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.arguments import Arguments, parameters
from tf2migrate.graph.savers import Savers
from tf2migrate.graph.staging import Drawing
from tf2migrate.graph.values import (
    Const,
    Dataset,
    Function,
    Host,
    Iterator,
    Mapping,
    Node,
    Sequence,
    Unknown,
    Value,
    nodes_in,
    unknown_in,
)

SOURCES = (
    "tf.data.Dataset.from_tensor_slices", "tf.data.Dataset.from_tensors", "tf.data.Dataset.range",
    "tf.data.Dataset.from_generator", "tf.data.Dataset.zip", "tf.data.TextLineDataset", "tf.data.TFRecordDataset",
    "tf.data.FixedLengthRecordDataset",
)  # fmt: skip
# Methods whose result has elements of the same structure.
SAME = ("batch", "repeat", "prefetch", "take", "skip", "cache", "filter", "shard", "concatenate", "padded_batch",
        "shuffle")  # fmt: skip
FROM_STRUCTURE = "tf.data.Iterator.from_structure"
LEAF = Host(origin="tf.data.element")
MADE = {"make_one_shot_iterator": True, "make_initializable_iterator": False}


class Datasets(Savers):
    """``tf.data``."""

    def dataset_call(self, name: str, args: Arguments, node: cst.Call) -> Value:
        """A function of ``tf.data``: a dataset, or an iterator that takes one later."""
        if name == FROM_STRUCTURE:
            made = Iterator(node, self.place(), None, False)
            given = args.get(0, "output_types")
            if isinstance(given, Host) and isinstance(given.key, tuple) and isinstance(given.key[-1], Dataset):
                made.like = given.key[-1]
            self.staging.iterators.append(made)
            return made
        if name not in SOURCES or not args.exact:
            return self.refuse("TFM801", node, f"`{name}` is not rewritten yet")
        if (stop := self.unfit(args, node)) is not None:
            return stop
        first = args.positional[0] if args.positional else None
        structure: Value | None = LEAF
        if name.endswith((".from_tensor_slices", ".from_tensors")):
            structure = self.structure_of(args.get(0, "tensors"))
        elif name.endswith(".from_generator"):
            structure = self.structure_of(args.get(1, "output_types"))
            generator = args.get(0, "generator")
            if isinstance(generator, Function):
                self.callback(generator, name, node)
        elif name.endswith(".zip"):
            structure = self.zipped(first)
        return Dataset(node, structure)

    def unfit(self, args: Arguments, node: cst.Call) -> Value | None:
        """What stands against the arguments of a dataset: values that a run computes."""
        for value in args.all():
            if (unknown := unknown_in(value)) is not None:
                return unknown
            for inner in nodes_in(value):
                if inner.kind != "placeholder" and not _is_constant(inner):
                    return self.refuse("TFM801", node, "a dataset is made of what the graph computes")
        return None

    def structure_of(self, value: Value | None) -> Value | None:
        """The structure of the elements of a dataset of such a value; None where it is not known."""
        match value:
            case Sequence(items=items, exact=True, kind="tuple"):
                parts = [self.structure_of(item) for item in items]
                return Sequence([p for p in parts if p is not None], "tuple") if None not in parts else None
            case Mapping(items=pairs, exact=True):
                return Mapping({key: self.structure_of(item) or LEAF for key, item in pairs.items()})
            case Sequence() | Node() | Const():
                return LEAF
            case Host(origin=origin) if origin.startswith("numpy.") or origin == LEAF.origin:
                return LEAF
        return None

    def zipped(self, given: Value | None) -> Value | None:
        if not isinstance(given, Sequence) or not given.exact or not all(isinstance(d, Dataset) for d in given.items):
            return None
        parts = [d.structure for d in given.items if isinstance(d, Dataset)]
        return Sequence([p for p in parts if p is not None], "tuple") if None not in parts else None

    # ------------------------------------------------------------------ methods
    def dataset_method(self, receiver: Dataset, name: str, args: Arguments, node: cst.Call) -> Value:
        if name in MADE:
            made = Iterator(node, self.place(), receiver, MADE[name])
            self.staging.iterators.append(made)
            return made
        if (stop := self.unfit(args, node)) is not None:
            return stop
        if name in SAME:
            if name == "shuffle" and not self.is_same_shuffle(args):
                reason = "this seed gives another order in TensorFlow 2, which shuffles anew in each pass"
                return self.refuse("TFM801", node, reason, "shuffle with `reshuffle_each_iteration=False`")
            if name == "filter" and args.positional and isinstance(args.positional[0], Function):
                self.mapped_structure(receiver, args.positional[0], node)
            structure = receiver.structure
        elif name in ("map", "flat_map"):
            function = args.get(0, "map_func")
            structure = None
            if isinstance(function, Function):
                structure = self.mapped_structure(receiver, function, node)
                if isinstance(structure, Unknown):
                    return structure
            structure = structure if name == "map" else None
        else:
            return self.refuse("TFM801", node, f"`{name}` of a dataset is not rewritten yet")
        return Dataset(node, structure)

    def mapped_structure(self, receiver: Dataset, function: Function, node: cst.Call) -> Value | None:
        """What a function gives for each element: interpreted once, with values of the host."""
        before = len(self.staging.nodes)
        count = len(parameters(function))
        result = self.invoke(function, [Host()] * count, {}, node)
        for made in self.staging.nodes[before:]:
            if made.kind != "tensor" or made.random:
                return self.refuse("TFM801", node, "this function makes more than values of its element")
            made.details["of_element"] = Const(True)
        if unknown_in(result) is not None:
            return unknown_in(result)
        return LEAF if isinstance(result, Host) else self.structure_of(result)

    def is_same_shuffle(self, args: Arguments) -> bool:
        """Whether a shuffle without a seed, or one that shuffles once, as both versions do it alike."""
        seed, again = args.get(1, "seed"), args.get(2, "reshuffle_each_iteration")
        if isinstance(again, Const) and again.value is False:
            return True
        self.staging.symbols.add("shuffle")
        seeded = "tf.set_random_seed" in self.staging.symbols
        return (seed is None or (isinstance(seed, Const) and seed.value is None)) and not seeded

    def dataset_attribute(self, base: Dataset, name: str) -> Value:
        return Host(key=(name, base))

    # ------------------------------------------------------------------ iterators
    def iterator_method(self, receiver: Iterator, name: str, args: Arguments, node: cst.Call) -> Value:
        if name == "get_next":
            structure = receiver.dataset.structure if receiver.dataset is not None else None
            structure = receiver.like.structure if receiver.like is not None else structure
            structure = structure or self.unpacked(node)
            drawing = Drawing(node, receiver, self.place())
            self.staging.drawings.append(drawing)
            return self.element(structure, drawing, node)
        if args.positional and isinstance(args.positional[0], Unknown):
            return args.positional[0]
        if name == "make_initializer" and args.positional and isinstance(args.positional[0], Dataset):
            made = self.make("init", "iterator.initializer", [], node)
            made.details["iterator"] = receiver
            made.details["dataset"] = args.positional[0]
            return made
        return self.refuse("TFM801", node, f"`{name}` of an iterator is not rewritten yet")

    def unpacked(self, node: cst.Call) -> Value | None:
        """The structure that an element is unpacked as, by the statement that takes it."""
        match self.place().steps[-1].statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Tuple(elements=elements))], value=value)]
            ) if value is node and all(isinstance(e.value, cst.Name | cst.Attribute) for e in elements):
                return Sequence([LEAF for _ in elements], "tuple")
        return None

    def element(self, structure: Value | None, drawing: Drawing, node: cst.Call) -> Value:
        match structure:
            case Sequence(items=items):
                return Sequence([self.element(item, drawing, node) for item in items], "tuple")
            case Mapping(items=pairs):
                return Mapping({key: self.element(item, drawing, node) for key, item in pairs.items()})
            case None:
                drawing.unclear = True
        made = self.make("placeholder", "iterator.get_next", [], node)
        drawing.nodes.append(made)
        return made

    def iterator_attribute(self, base: Iterator, name: str, node: cst.Attribute) -> Value:
        if name != "initializer":
            return Unknown(f"`{name}` of an iterator is not rewritten yet", self.place(), "TFM801")
        made = self.make("init", "iterator.initializer", [], node)
        made.details["iterator"] = base
        return made


def _is_constant(node: Node) -> bool:
    """Whether a tensor is made of literals and host values alone."""
    return node.kind == "tensor" and not node.random and all(_is_constant(source) for source in node.inputs)
