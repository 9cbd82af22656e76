"""The seed of a graph: whether Keras, which seeds numpy and Python's generator as well, may stand for it."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from tf2migrate.files import source_from_bytes
from tf2migrate.names.project import dotted_name, parse
from tf2migrate.names.tree import walk
from tf2migrate.rewrite.seeding import host_numbers_stay

SEED = "tf.set_random_seed(7)\n"


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(SEED, id="nothing drawn"),
        pytest.param("import numpy as np\n" + SEED + "x = np.random.RandomState(1).rand(3)\n", id="another generator"),
        pytest.param(SEED + "data = input_data.read_data_sets(where)\n", id="a reader that seeds numpy"),
        pytest.param("import numpy as np\nnp.random.seed(7)\n" + SEED + "x = np.random.rand(3)\n", id="the same seed"),
        pytest.param("import numpy as np\n" + SEED + "np.random.seed(1)\nx = np.random.rand(3)\n", id="seeded after"),
        pytest.param(
            "import random\nimport numpy as np\nrandom.seed(7)\ntf.reset_default_graph()\n"
            + SEED
            + "np.random.seed(2)\nrandom.shuffle(x)\nnp.random.shuffle(x)\n",
            id="both, one before and one after",
        ),
    ],
)
def test_numbers_that_stay(program: str) -> None:
    assert stays(program)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("import numpy as np\n" + SEED + "x = np.random.rand(3)\n", id="drawn after"),
        pytest.param("import numpy\n" + SEED + "x = numpy.random.rand(3)\n", id="by its whole name"),
        pytest.param("from numpy import random as dice\n" + SEED + "x = dice.rand(3)\n", id="by another name"),
        pytest.param("from random import shuffle\n" + SEED + "shuffle(x)\n", id="a function of Python's"),
        pytest.param("from numpy.random import *\n" + SEED + "x = rand(3)\n", id="names that nothing lists"),
        pytest.param("import numpy as np\n" + SEED + "draw = np.random.rand\n", id="drawn by what is passed on"),
        pytest.param("import numpy as np\nnp.random.seed(8)\n" + SEED, id="another seed before"),
        pytest.param("import numpy as np\nnp.random.seed(7)\nf()\n" + SEED, id="something drawn in between, perhaps"),
        pytest.param("import numpy as np\nif x:\n    np.random.seed(7)\n" + SEED, id="seeded sometimes"),
        pytest.param("import numpy as np\nnp.random.seed()\n" + SEED, id="seeded from the clock"),
        pytest.param(
            "import random\nimport numpy as np\nnp.random.seed(7)\n" + SEED + "random.random()\n", id="one of two"
        ),
        pytest.param("data = input_data.read_data_sets(where)\n" + SEED, id="a reader that drew before"),
        pytest.param("from sklearn.model_selection import train_test_split\n" + SEED, id="a library that draws"),
    ],
)
def test_numbers_that_would_move(program: str) -> None:
    assert not stays(program)


def test_what_another_file_draws_counts() -> None:
    assert not stays(SEED, "import numpy as np\nbatch = np.random.permutation(9)\n")


def stays(program: str, *others: str) -> bool:
    texts = enumerate((program, *others))
    module, *rest = [parse(source_from_bytes(Path(f"{i}.py"), text.encode())) for i, text in texts]
    call = next(n for n in walk(module.tree) if isinstance(n, cst.Call) and dotted_name(n.func) == "tf.set_random_seed")
    return host_numbers_stay(call, module, rest, lambda name: name.startswith("tf."))
