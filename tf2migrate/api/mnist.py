"""The MNIST reader of TensorFlow 1's tutorials, which TensorFlow 2 does not ship.

The class and function that replace it give the same arrays and, from numpy's global generator in the same
state, the same batches; the pictures come from `tf.keras.datasets`, whatever folder the program names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tf2migrate.api.binding import optional
from tf2migrate.api.call_site import CallSite, bind
from tf2migrate.api.calls_model import Argument, Call, Definition, Refused
from tf2migrate.api.literals import is_literal, string, truth
from tf2migrate.api.recipes import definition, recipe_text
from tf2migrate.api.symbols import Parameter, Symbol

_READER = Symbol(
    "read_data_sets",
    "function",
    (
        Parameter("train_dir", "positional"),
        Parameter("fake_data", "positional", "False"),
        Parameter("one_hot", "positional", "False"),
        Parameter("dtype", "positional", "tf.float32"),
        Parameter("reshape", "positional", "True"),
        Parameter("validation_size", "positional", "5000"),
        Parameter("seed", "positional", "None"),
        Parameter("source_url", "positional", "'https://storage.googleapis.com/cvdf-datasets/mnist/'"),
    ),
)
_NAMES = frozenset(
    {
        "tf.examples.tutorials.mnist.input_data.read_data_sets",
        "tf.contrib.learn.datasets.mnist.read_data_sets",
        "tf.contrib.learn.python.learn.datasets.mnist.read_data_sets",
    }
)
_LARGEST_SEED = 2**31 - 1


def is_mnist_reader(name: str) -> bool:
    """Is this a name of `read_data_sets`?"""
    return name in _NAMES


def read_data_sets(
    arguments: Sequence[Argument],
    *,
    tf: str,
    np: str = "np",
    graph_seed: str | None = None,
    asks_for_fakes: bool = False,
) -> Call | Refused:
    """The call that reads MNIST without the tutorial package.

    `graph_seed` is the text of the argument of `tf.set_random_seed`, if the program calls that before: the
    reader seeds numpy with it. `np` is numpy's name in the module, and `asks_for_fakes` says whether the program
    may ask for batches of fake pictures.
    """
    site = bind("read_data_sets", _READER, arguments, tf)
    if isinstance(site, Refused):
        return site
    for parameter in ("one_hot", "reshape"):
        if parameter in site.given and truth(site.text(parameter)) is None:
            return site.refused_argument(parameter)
    fakes = "fake_data" in site.given and not is_literal(site.text("fake_data"), False)
    dtype = site.text("dtype", "float32").rpartition(".")[2].strip("'\"")
    if dtype not in ("float32", "uint8"):
        return site.refused_argument("dtype")
    pictures = _pictures(site)
    if pictures is None:
        return Refused(
            "`read_data_sets` reads other data than MNIST", "Load the files of that data with numpy"
        )
    options = [f"fake_data={site.text('fake_data')}"] if fakes else []
    if not site.defaulted("validation_size"):
        options.append(f"validation_size={site.text('validation_size')}")
    seed = _seed(optional(site, "seed"), graph_seed)
    if seed is not None:
        options.append(f"seed={seed}")
    kind = "_or_fake" if fakes or asks_for_fakes else ""
    reader = _reader(site, pictures, dtype, np, kind)
    label = "[1] + [0] * 9" if _one_hot(site) else "0"
    part = _named(definition(recipe_text(f"mnist_part{kind}"), tf=tf, renamed={"FAKE_LABEL": label}), np)
    return Call(f"{reader.name}({', '.join(options)})", (part, reader))


def _pictures(site: CallSite) -> str | None:
    """The module in `tf.keras.datasets` with the same pictures; None where they are others."""
    url = string(site.text("source_url", "''"))
    if url is not None and "fashion" in url:
        return "fashion_mnist"
    if not site.defaulted("source_url") and url != "":
        return None
    return None if "fashion" in site.text("train_dir") else "mnist"


def _one_hot(site: CallSite) -> bool:
    return bool(truth(site.text("one_hot", "False")))


def _seed(seed: str | None, graph_seed: str | None) -> str | None:
    """What the reader gives to `numpy.random.seed`: its own seed, else the seed of the graph."""
    if seed is None:
        return graph_seed
    both_zero = is_literal(seed, 0) and graph_seed is not None and is_literal(graph_seed, 0)
    return str(_LARGEST_SEED) if both_zero else seed


def _reader(site: CallSite, pictures: str, dtype: str, np: str, kind: str) -> Definition:
    """The function that reads, with no more in it than this call needs; its name tells the variant."""
    one_hot = _one_hot(site)
    flat = truth(site.text("reshape", "True"))
    images = "images.reshape(-1, 784)" if flat else "images[..., np.newaxis]"
    if dtype == "float32":
        images += ".astype(np.float32) * (1.0 / 255.0)"
    name = f"read_{pictures}"
    for suffix, wanted in (("_one_hot", one_hot), ("_images", not flat), ("_bytes", dtype == "uint8")):
        name += suffix if wanted else ""
    renamed = {
        f"read_mnist{kind}": f"{name}{kind}",
        "mnist": pictures,
        "IMAGES": images,
        "LABELS": "np.eye(10)[labels]" if one_hot else "labels",
    }
    made = definition(recipe_text(f"read_mnist{kind}"), tf=site.tf, renamed=renamed, imports=("import collections",))
    return _named(made, np)


def _named(made: Definition, np: str) -> Definition:
    """The definition for a module that calls numpy `np`."""
    numpy = "import numpy" if np == "numpy" else f"import numpy as {np}"
    return Definition(made.name, re.sub(r"\bnp\.", f"{np}.", made.text), (*made.imports, numpy))
