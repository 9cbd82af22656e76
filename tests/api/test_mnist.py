"""The MNIST reader: the same arrays and the same batches as the one of TensorFlow 1's tutorials."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api.emitted import arguments, module
from tests.api.tf1_process import run_tf1
from tf2migrate.api.calls_model import Call, Refused
from tf2migrate.api.mnist import is_mnist_reader, read_data_sets

TRAIN, TEST = 70, 20
VARIANTS = {
    "plain": "",
    "one hot": ", one_hot=True",
    "images": ", one_hot=True, reshape=False",
    "bytes": ", dtype=tf.uint8",
    "validation": ", validation_size=30",
    "no validation": ", False, True, validation_size=0",
}
# What a program does with the training part: (size of the batch, shuffle).
BATCHES = [(25, True)] * 7 + [(10, False)] + [(65, True)] * 2
UNSHUFFLED = [(25, False)] * 5


def _data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    random = np.random.RandomState(0)

    def part(size: int) -> tuple[np.ndarray, np.ndarray]:
        images = random.randint(0, 256, (size, 28, 28)).astype("u1")
        return images, random.randint(0, 10, size).astype("u1")

    return part(TRAIN), part(TEST)


DATA = _data()


def _write_files(folder: Path) -> None:
    """The four files that the reader of TensorFlow 1 looks for."""
    for name, (images, labels) in zip(("train", "t10k"), DATA, strict=True):
        pictures = struct.pack(">4i", 2051, len(images), 28, 28) + images.tobytes()
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pictures))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(struct.pack(">2i", 2049, len(labels)) + labels.tobytes())
        )


def _read(source: str, *, graph_seed: str | None = None) -> Any:
    import tensorflow as tf

    size = "" if "validation_size" in source else ", validation_size=20"
    call = read_data_sets(arguments(f"'data'{size}{source}"), tf="tf", graph_seed=graph_seed)
    assert isinstance(call, Call)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.keras.datasets.mnist, "load_data", lambda: DATA)
        return eval(call.text, module(call.definitions))


def _record(data: Any, batches: list[tuple[int, bool]]) -> dict[str, np.ndarray]:
    """All that a program can see of the three parts, with some batches in between."""
    found: dict[str, np.ndarray] = {}
    for part in ("train", "validation", "test"):
        found[f"{part} images"] = np.array(getattr(data, part).images)
        found[f"{part} labels"] = np.array(getattr(data, part).labels)
        found[f"{part} count"] = np.array(getattr(data, part).num_examples)
    for index, (size, shuffle) in enumerate(batches):
        images, labels = data.train.next_batch(size, shuffle=shuffle)
        found[f"batch {index} images"], found[f"batch {index} labels"] = images, labels
        found[f"batch {index} epochs"] = np.array(data.train.epochs_completed)
    found["validation batch"] = (
        data.validation.next_batch(4)[0] if len(data.validation.images) else np.zeros(0)
    )
    found["images afterwards"] = data.train.images
    found["drawn afterwards"] = np.random.rand(3)
    return found


_TF1 = """
from tensorflow.examples.tutorials.mnist import input_data
for label, source in VARIANTS.items():
    for name, batches in PLANS.items():
        tf.reset_default_graph()
        tf.set_random_seed(5)
        source = source if "validation_size" in source else ", validation_size=20" + source
        data = eval("input_data.read_data_sets(FOLDER%s)" % source)
        for key, array in _record(data, batches).items():
            result["%s|%s|%s" % (label, name, key)] = array
for seed, graph_seed in ((3, None), (3, 5), (0, 0)):
    tf.reset_default_graph()
    if graph_seed is not None:
        tf.set_random_seed(graph_seed)
    input_data.read_data_sets(FOLDER, validation_size=20, seed=seed)
    result["seed %s %s" % (seed, graph_seed)] = np.random.rand(3)
"""
PLANS = {"shuffled": BATCHES, "in order": UNSHUFFLED}


@pytest.fixture(scope="module")
def tf1_data(tf1_python: str, tmp_path_factory: Any) -> dict[str, Any]:
    import inspect

    folder = tmp_path_factory.mktemp("mnist")
    _write_files(folder)
    recorder = inspect.getsource(_record).replace(": dict[str, np.ndarray]", "").partition("\n")
    head = f"VARIANTS = {VARIANTS!r}\nPLANS = {PLANS!r}\nFOLDER = {str(folder)!r}\n"
    return run_tf1(tf1_python, f"{head}def _record(data, batches):\n{recorder[2]}\n{_TF1}")


@pytest.mark.tf1
@pytest.mark.slow
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("label", VARIANTS)
def test_gives_what_the_tutorial_reader_gave(label: str, plan: str, tf1_data: dict[str, Any]) -> None:
    found = _record(_read(VARIANTS[label], graph_seed="5"), PLANS[plan])
    for key, array in found.items():
        expected = tf1_data[f"{label}|{plan}|{key}"]
        np.testing.assert_array_equal(array, expected, err_msg=key)
        assert array.dtype == expected.dtype, key


@pytest.mark.tf1
@pytest.mark.slow
@pytest.mark.parametrize(("seed", "graph_seed"), [("3", None), ("3", "5"), ("0", "0")])
def test_seeds_numpy_as_the_tutorial_reader_did(
    seed: str, graph_seed: str | None, tf1_data: dict[str, Any]
) -> None:
    _read(f", seed={seed}", graph_seed=graph_seed)
    np.testing.assert_array_equal(np.random.rand(3), tf1_data[f"seed {seed} {graph_seed}"])


@pytest.mark.slow
def test_arrays() -> None:
    data = _read("")
    (images, labels), _ = DATA
    assert data.train.images.dtype == np.float32
    assert data.train.images.shape == (50, 784)
    np.testing.assert_allclose(data.train.images[0], images[20].ravel() / 255, rtol=1e-6)
    assert data.validation.labels.tolist() == labels[:20].tolist()
    one_hot = _read(", one_hot=True").test.labels
    assert one_hot.dtype == np.float64
    assert one_hot.shape == (TEST, 10)


@pytest.mark.slow
def test_batches() -> None:
    np.random.seed(1)
    labels, epochs = DATA[0][1][20:], []
    for _ in range(2):
        order = np.arange(50)
        np.random.shuffle(order)
        labels = labels[order]
        epochs.extend(labels)
    data = _read("", graph_seed="1")
    batches = [data.train.next_batch(30)[1] for _ in range(3)]
    assert np.concatenate(batches).tolist() == epochs[:90]
    assert data.train.epochs_completed == 1


@pytest.mark.slow
def test_without_a_seed_numpy_is_seeded_from_the_clock() -> None:
    np.random.seed(0)
    _read("")
    first = np.random.rand()
    np.random.seed(0)
    _read("")
    assert np.random.rand() != first


@pytest.mark.parametrize(
    ("source", "graph_seed", "expected"),
    [
        ("'MNIST_data'", None, "read_mnist()"),
        ("path, one_hot=True", None, "read_mnist_one_hot()"),
        ("path, False, True", "7", "read_mnist_one_hot(seed=7)"),
        ("path, one_hot=False, reshape=False", None, "read_mnist_images()"),
        ("path, one_hot=1, reshape=[]", None, "read_mnist_one_hot_images()"),
        ("path, validation_size=n, seed=s", "7", "read_mnist(validation_size=n, seed=s)"),
        ("path, dtype=tf.uint8", None, "read_mnist_bytes()"),
        ("path, fake_data=fake, one_hot=True", None, "read_mnist_one_hot_or_fake(fake_data=fake)"),
        ("path, source_url='http://fashion-mnist.example/'", None, "read_fashion_mnist()"),
    ],
)
def test_text(source: str, graph_seed: str | None, expected: str) -> None:
    call = read_data_sets(arguments(source), tf="tf", graph_seed=graph_seed)
    assert isinstance(call, Call)
    assert call.text == expected


@pytest.mark.parametrize(("source", "label"), [("", 0), (", one_hot=True", [1, 0, 0, 0, 0, 0, 0, 0, 0, 0])])
def test_fake_batches_are_those_of_tensorflow_1(source: str, label: object) -> None:
    call = read_data_sets(arguments(f"'data', fake_data=FAKE{source}"), tf="tf")
    assert isinstance(call, Call)
    data = eval(call.text, {**module(call.definitions), "FAKE": True})
    assert data.train.next_batch(2, True) == ([[1] * 784, [1] * 784], [label, label])
    assert [part.num_examples for part in data] == [10000] * 3


def test_batches_may_be_asked_for_with_the_flag() -> None:
    call = read_data_sets(arguments("'data'"), tf="tf", asks_for_fakes=True)
    assert isinstance(call, Call)
    assert call.text == "read_mnist_or_fake()"


def test_aliases_of_tensorflow_and_numpy() -> None:
    call = read_data_sets(arguments("d, one_hot=True"), tf="tensorflow", np="numpy")
    assert isinstance(call, Call)
    part, reader = call.definitions
    assert "tensorflow.keras.datasets.mnist.load_data()" in reader.text
    assert "numpy.eye(10)[labels]" in reader.text
    assert " np." not in part.text + reader.text
    assert part.imports == ("import numpy",)


@pytest.mark.parametrize(
    "source",
    [
        "path, one_hot=flag",
        "path, reshape=flag",
        "path, reshape=[flag]",
        "path, dtype=kind",
        "path, source_url=url",
        "path, source_url='http://other.example/'",
        "'data/fashion'",
        "*options",
        "",
    ],
)
def test_refused(source: str) -> None:
    assert isinstance(read_data_sets(arguments(source), tf="tf"), Refused)


def test_knows_its_names() -> None:
    assert is_mnist_reader("tf.examples.tutorials.mnist.input_data.read_data_sets")
    assert not is_mnist_reader("tf.data.Dataset")
