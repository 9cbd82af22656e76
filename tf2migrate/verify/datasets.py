"""Synthetic data behind the loaders that programs call, so that they can be verified offline.

``tensorflow.examples.tutorials.mnist.input_data`` (TF 1.15's own reader, or a stand-in that gives the
same batches where TensorFlow 2 no longer ships it) and ``keras.datasets`` serve the same arrays, which
depend on nothing but this file. Runs on Python 3.7 too; imports nothing of the package.
"""

from __future__ import annotations

import collections
import functools
import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

TRAIN, TEST = 7000, 600  # of the 7,000 the reader keeps its usual first 5,000 for validation
_READER = "tensorflow.examples.tutorials.mnist"
_LOADERS = ("mnist", "fashion_mnist", "cifar10", "cifar100")

Datasets = collections.namedtuple("Datasets", "train validation test")


@functools.lru_cache(maxsize=None)  # noqa: UP033
def _arrays(seed: int, side: int, channels: int, classes: int) -> tuple[Any, Any]:
    """Images of all examples, uint8: a smooth pattern per class, scaled and with noise; and their labels."""
    import numpy

    draw = numpy.random.RandomState(seed)
    total = TRAIN + TEST
    labels = draw.randint(0, classes, total).astype(numpy.uint8)
    waves = numpy.arange(side) / float(side)
    rows, columns = draw.randint(1, 5, (2, classes, 1, channels))
    shift = draw.uniform(0, 6.28, (classes, 1, channels))
    vertical = numpy.sin(6.28 * rows * waves[None, :, None] + shift)
    horizontal = numpy.cos(6.28 * columns * waves[None, :, None] + shift)
    pattern = vertical[:, :, None] * horizontal[:, None]
    pattern = numpy.where(pattern > 0.2, 200.0 * pattern, 0.0)
    strength = draw.uniform(0.6, 1.2, (total, 1, 1, 1))
    noise = draw.randint(0, 40, (total, side, side, channels))
    noise *= draw.uniform(size=(total, side, side, 1)) < 0.1
    images = numpy.clip(pattern[labels] * strength + noise, 0, 255).astype(numpy.uint8)
    return images, labels


def load_gray(seed: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """What ``keras.datasets.mnist.load_data`` returns, with fewer examples."""
    images, labels = _arrays(seed, 28, 1, 10)
    images = images[..., 0]
    return (images[:TRAIN].copy(), labels[:TRAIN].copy()), (images[TRAIN:].copy(), labels[TRAIN:].copy())


def load_color(seed: int, classes: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """What ``keras.datasets.cifar10.load_data`` returns, with fewer examples."""
    images, labels = _arrays(seed, 32, 3, classes)
    labels = labels[:, None]
    return (images[:TRAIN].copy(), labels[:TRAIN].copy()), (images[TRAIN:].copy(), labels[TRAIN:].copy())


def _load_mnist(path: str = "mnist.npz") -> Any:
    return load_gray(11)


def _load_fashion_mnist() -> Any:
    return load_gray(12)


def _load_cifar10() -> Any:
    return load_color(13, 10)


def _load_cifar100(label_mode: str = "fine") -> Any:
    return load_color(14, 100 if label_mode == "fine" else 20)


# The TF1 reader


class DataSet:
    """TF 1.15's in-memory data set: its interface, its order of batches, its use of numpy's global stream."""

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = "float32",
        reshape: bool = True,
        seed: Any = None,
    ) -> None:
        import numpy
        from tensorflow.python.framework import dtypes, random_seed

        graph_seed, op_seed = random_seed.get_seed(seed)
        numpy.random.seed(graph_seed if seed is None else op_seed)
        dtype = dtypes.as_dtype(dtype).base_dtype
        if dtype not in (dtypes.uint8, dtypes.float32):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        if reshape:
            images = images.reshape(images.shape[0], images.shape[1] * images.shape[2])
        if dtype == dtypes.float32:
            images = numpy.multiply(images.astype(numpy.float32), 1.0 / 255.0)
        self._images, self._labels = images, labels
        self._position = self._epochs = 0

    @property
    def images(self) -> Any:
        return self._images

    @property
    def labels(self) -> Any:
        return self._labels

    @property
    def num_examples(self) -> int:
        return len(self._images)

    @property
    def epochs_completed(self) -> int:
        return self._epochs

    def _mix(self) -> None:
        import numpy

        order = numpy.arange(len(self._images))
        numpy.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        import numpy

        if shuffle and self._position == self._epochs == 0:
            self._mix()
        first, last = self._position, self._position + batch_size
        if last <= len(self._images):
            self._position = last
            return self._images[first:last], self._labels[first:last]
        old_images, old_labels = self._images[first:], self._labels[first:]
        self._epochs += 1
        if shuffle:
            self._mix()
        self._position = batch_size - len(old_images)
        images, labels = self._images[: self._position], self._labels[: self._position]
        return numpy.concatenate((old_images, images)), numpy.concatenate((old_labels, labels))


def dense_to_one_hot(labels_dense: Any, num_classes: int = 10) -> Any:
    """Labels as float64 rows, as TF 1.15's reader gives them."""
    import numpy

    return numpy.eye(num_classes)[labels_dense]


def read_data_sets(
    train_dir: str = "",
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = "float32",
    reshape: bool = True,
    validation_size: int = 5000,
    seed: Any = None,
    source_url: str = "",
) -> Datasets:
    """The stand-in for TF 1.15's function of this name."""
    (x, y), (x_test, y_test) = _load_mnist()
    if not 0 <= validation_size <= len(x):
        raise ValueError(f"Validation size should be between 0 and {len(x)}. Received: {validation_size}.")
    if one_hot:
        y, y_test = dense_to_one_hot(y), dense_to_one_hot(y_test)

    def make(images: Any, labels: Any) -> DataSet:
        return DataSet(images[..., None], labels, dtype=dtype, reshape=reshape, seed=seed)

    n = validation_size
    return Datasets(make(x[n:], y[n:]), make(x[:n], y[:n]), make(x_test, y_test))


# Putting them in place


def install(tf: Any, reader: bool) -> None:
    """Replaces the Keras loaders and, for a TF1 program (``reader``), the MNIST reader."""
    loaders: dict[str, Callable[..., Any]] = {
        "mnist": _load_mnist,
        "fashion_mnist": _load_fashion_mnist,
        "cifar10": _load_cifar10,
        "cifar100": _load_cifar100,
    }
    for leaf in _LOADERS:
        getattr(getattr(tf.keras, "datasets", None), leaf, None)  # loads the lazy modules
    for name, module in list(sys.modules.items()):
        space, _, leaf = name.rpartition(".")
        if leaf in loaders and space.endswith("datasets") and "load_data" in getattr(module, "__dict__", {}):
            module.__dict__["load_data"] = loaders[leaf]
    if reader and not _stub_the_real_reader():
        _register_stand_in()


def _stub_the_real_reader() -> bool:
    """TF 1.15 has the reader itself: only the download and the file parsing are replaced."""
    try:
        importlib.import_module(_READER + ".input_data")
        package = "tensorflow.contrib.learn.python.learn.datasets."
        base: Any = importlib.import_module(package + "base")
        mnist: Any = importlib.import_module(package + "mnist")
    except ImportError:
        return False

    def maybe_download(filename: str, work_directory: str, source_url: str) -> str:
        return filename

    def part(f: Any, index: int) -> Any:
        (train, test) = _load_mnist()
        return (train if "train" in str(f.name) else test)[index]

    def extract_images(f: Any) -> Any:
        return part(f, 0)[..., None]

    def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> Any:
        labels = part(f, 1)
        return dense_to_one_hot(labels, num_classes) if one_hot else labels

    base.maybe_download = maybe_download
    mnist.extract_images, mnist.extract_labels = extract_images, extract_labels
    return True


def _register_stand_in() -> None:
    members: dict[str, Any] = {
        "read_data_sets": read_data_sets,
        "DataSet": DataSet,
        "Datasets": Datasets,
        "dense_to_one_hot": dense_to_one_hot,
    }
    parent: Any = sys.modules["tensorflow"]
    for name in ("tensorflow.examples", "tensorflow.examples.tutorials", _READER, _READER + ".input_data"):
        module = types.ModuleType(name)
        if not name.endswith("input_data"):
            module.__path__ = []
        sys.modules[name] = module
        setattr(parent, name.rpartition(".")[2], module)
        parent = module
    vars(parent).update(members)
