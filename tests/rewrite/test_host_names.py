"""Names of numpy that NumPy 2 does not have any more, in programs that are rewritten anyway."""

from __future__ import annotations

import libcst as cst
import pytest

from tf2migrate.api.host_names import BUILTINS, SYNONYMS
from tf2migrate.rewrite.host_names import use_present_names


def rewritten(text: str) -> str:
    return use_present_names(cst.parse_module(text)).code


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("import numpy as np\nx = np.float(3)\n", "import numpy as np\nx = float(3)\n", id="builtin"),
        pytest.param(
            "import numpy\nx = numpy.zeros(3, dtype=numpy.int)\n",
            "import numpy\nx = numpy.zeros(3, dtype=int)\n",
            id="module by its own name",
        ),
        pytest.param("import numpy as n\ny = (n.Inf)\n", "import numpy as n\ny = (n.inf)\n", id="another alias"),
        pytest.param(
            "def f():\n    import numpy as np\n    return np.asscalar(a + b)\n",
            "def f():\n    import numpy as np\n    return (a + b).item()\n",
            id="call of a sum",
        ),
        pytest.param(
            "import numpy as np\ny = (x - x.min(0)) / x.ptp(0)\nz = f(x)[1].ptp()\n",
            "import numpy as np\ny = (x - x.min(0)) / np.ptp(x, 0)\nz = np.ptp(f(x)[1])\n",
            id="method that became a function",
        ),
        pytest.param(
            "import numpy as np\nraw = images[0].tostring()\n",
            "import numpy as np\nraw = images[0].tobytes()\n",
            id="method with another name",
        ),
        pytest.param(
            'import numpy as np\ni = int(np.random.choice(n, size=1))\nprint("%d" % np.random.randint(9, size=(1,)))\n',
            "import numpy as np\ni = int(np.random.choice(n, size=1).item())\n"
            'print("%d" % np.random.randint(9, size=(1,)).item())\n',
            id="one drawn element as a number",
        ),
        pytest.param(
            "import numpy as np\nx = float(np.array([y]))\n",
            "import numpy as np\nx = float(np.array([y]).item())\n",
            id="array of one element",
        ),
        pytest.param("import time\nt = time.clock()\n", "import time\nt = time.process_time()\n", id="clock"),
    ],
)
def test_gone_names(before: str, after: str) -> None:
    assert rewritten(before) == after
    assert rewritten(after) == after


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import jax.numpy as np\nx = np.float\n", id="another module"),
        pytest.param("import numpy as np\ni = int(np.random.choice(n, size=2)[0])\n", id="element that is chosen"),
        pytest.param("import numpy as np\nx = list(np.random.rand(3))\ny = int(np.random.randint(4))\n", id="number"),
        pytest.param("import numpy as np\nnp = other\nx = np.float(3)\n", id="name bound again"),
        pytest.param("import numpy as np\ndef f(np):\n    return np.int\n", id="parameter of the name"),
        pytest.param("import numpy as np\nfloat = str\nx = np.float(3)\n", id="builtin that means something else"),
        pytest.param("import numpy as np\nx = np.float32(3) + np.random.rand()\n", id="names that are still there"),
        pytest.param("import numpy as np\nx = model.np.float\n", id="attribute of an object"),
        pytest.param("import numpy as np\nx = np.ptp(a, 0)\n", id="function that is still there"),
        pytest.param("import numpy as np\nclass A:\n    def ptp(self): pass\nx = a.ptp()\n", id="own method"),
        pytest.param("import numpy as np\nx = etree.tostring(tree)\n", id="function of another module"),
        pytest.param("import numpy as np\nx = np.asscalar(*values)\n", id="starred argument"),
    ],
)
def test_all_else_is_kept(text: str) -> None:
    assert rewritten(text) == text


def test_the_table_is_true_of_this_numpy() -> None:
    """Every successor is there; what a synonym stood for has not come back under another meaning."""
    numpy = pytest.importorskip("numpy")
    for old, new in SYNONYMS.items():
        if new.startswith("numpy."):
            assert hasattr(numpy, new.removeprefix("numpy.")), new
            known = getattr(numpy, old.removeprefix("numpy."), None)
            assert known is None or known is getattr(numpy, new.removeprefix("numpy.")), old
    assert all(isinstance(eval(new), type) for new in BUILTINS.values())
