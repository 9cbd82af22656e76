"""How a program may spell TensorFlow, and how names lead through functions, closures and files."""

from __future__ import annotations

import pytest

from tests.graph.staged import fetched, is_certain, obstacles, stage, wrong


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import tensorflow as tf\np = tf.placeholder(tf.float32)", id="as tf"),
        pytest.param("import tensorflow\np = tensorflow.placeholder(tensorflow.float32)", id="plain"),
        pytest.param("import tensorflow.compat.v1 as tf\np = tf.placeholder(tf.float32)", id="compat.v1"),
        pytest.param("from tensorflow.compat import v1\np = v1.placeholder(v1.float32)", id="from compat"),
        pytest.param("import tensorflow as t\np = t.compat.v1.placeholder(t.float32)", id="compat attribute"),
        pytest.param("from tensorflow import placeholder as ph, float32\np = ph(float32)", id="from"),
        pytest.param(
            "def f():\n    import tensorflow as tf\n    return tf.placeholder(tf.float32)\np = f()", id="in a function"
        ),
        pytest.param("import tensorflow as tf\nmake = tf.placeholder\np = make(tf.float32)", id="symbol in a variable"),
        pytest.param("import tensorflow as tf\nt = tf\np = t.placeholder(t.float32)", id="module in a variable"),
        pytest.param(
            "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    import tensorflow as tf\n"
            "p = tf.placeholder(tf.float32)",
            id="fallback",
        ),
        pytest.param("import tensorflow as tf\np = getattr(tf, 'placeholder')(tf.float32)", id="getattr"),
    ],
)
def test_spellings(text: str) -> None:
    assert [node.op for node in stage(text, head="").nodes] == ["tf.placeholder"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import tensorflow as tf\ntf = object()\np = tf.placeholder(1)", id="rebound"),
        pytest.param("import tensorflow as tf\ndef f(tf):\n    return tf.placeholder(1)\nf(object())", id="parameter"),
        pytest.param("import torch as tf\np = tf.placeholder(1)", id="another library"),
        pytest.param("class tf:\n    def placeholder(x):\n        return x\np = tf.placeholder(1)", id="a class"),
    ],
)
def test_what_is_not_tensorflow(text: str) -> None:
    assert stage(text, head="").nodes == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("def f(a, b):\n    return b\ny = f(z, x)", "x", id="positional"),
        pytest.param("def f(a, b):\n    return b\ny = f(b=x, a=z)", "x", id="keywords"),
        pytest.param("def f(a=x):\n    return a\ny = f()", "x", id="default"),
        pytest.param("v = x\ndef f(a=v):\n    return a\nv = z\ny = f()", "x", id="default of the time of definition"),
        pytest.param("def f(*a):\n    return a[1]\ny = f(z, x)", "x", id="star"),
        pytest.param("def f(a, **k):\n    return k['b']\ny = f(z, b=x)", "x", id="double star"),
        pytest.param("def f(a, *, b=x):\n    return b\ny = f(z)", "x", id="keyword only"),
        pytest.param("def f(a, b):\n    return b\ny = f(*[z, x])", "x", id="call with star"),
        pytest.param("def f(a, b):\n    return b\ny = f(**{'a': z, 'b': x})", "x", id="call with double star"),
        pytest.param("def f():\n    return z, x\n_, y = f()", "x", id="two results"),
        pytest.param("def f():\n    pass\ny = f()", "None", id="no result"),
        pytest.param("y = (lambda a: a)(x)", "x", id="lambda"),
        pytest.param("def f():\n    return v\nv = z\nv = x\ny = f()", "x", id="global of the time of the call"),
        pytest.param("v = z\ndef f():\n    global v\n    v = x\nf()\ny = v", "x", id="global statement"),
        pytest.param("v = x\ndef f():\n    v = z\nf()\ny = v", "x", id="local name"),
        pytest.param("def f(a):\n    def g():\n        return a\n    return g\ny = f(x)()", "x", id="closure"),
        pytest.param(
            "def f():\n    v = z\n    g = lambda: v\n    v = x\n    return g\ny = f()()",
            "x",
            id="closure sees what is bound later",
        ),
        pytest.param(
            "fs = []\nfor v in [z, x]:\n    fs.append(lambda: v)\ny = fs[0]()", "x", id="closures share a name"
        ),
        pytest.param(
            "fs = []\nfor v in [x, z]:\n    fs.append(lambda v=v: v)\ny = fs[0]()", "x", id="bound by default"
        ),
        pytest.param(
            "def f(a, acc=[]):\n    acc.append(a)\n    return acc\nf(x)\ny = f(z)[0]", "x", id="a default is made once"
        ),
        pytest.param("def f(n):\n    return x if n == 0 else f(n - 1)\ny = f(2)", "x", id="recursion"),
        pytest.param(
            "def f():\n    if flag:\n        return x\n    return z\ny = f()", "either x or z", id="either result"
        ),
        pytest.param("def f():\n    if flag:\n        return x\ny = f()", "either x or None", id="result or none"),
        pytest.param("def f(a=None):\n    a = a or x\n    return a\ny = f()", "x", id="default by or"),
        pytest.param(
            "def f(a=None):\n    if a is None:\n        a = x\n    return a\ny = f()", "x", id="default by test"
        ),
        pytest.param(
            "def f(a=None):\n    if a is None:\n        a = z\n    return a\ny = f(x)", "x", id="given by test"
        ),
        pytest.param("def f(g):\n    return g(x)\ny = f(lambda a: a)", "x", id="function as argument"),
        pytest.param("if (v := x) is not None:\n    y = v", "x", id="walrus"),
        pytest.param("a = b = x\ny = [a, b]", "[x, x]", id="chained assignment"),
        pytest.param("a, b = z, x\na, b = b, a\ny = [a, b]", "[x, z]", id="swap"),
        pytest.param("(a, b), c = (x, z), x\ny = [a, b, c]", "[x, z, x]", id="nested unpacking"),
    ],
)
def test_functions_and_names(text: str, expected: str) -> None:
    assert fetched(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(
            "def f():\n    n = x\n    def g():\n        nonlocal n\n        n = z\n    g()\n    return n\ny = f()",
            "TFM410",
            id="nonlocal",
        ),
        pytest.param("@wrapped\ndef f():\n    return x\ny = f()", "TFM410", id="decorator"),
        pytest.param("match 1:\n    case 1:\n        y = x", "TFM410", id="match"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    assert code in obstacles(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("exec('y = x')", id="exec"),
        pytest.param("y = eval('x')", id="eval"),
        pytest.param("globals()['y'] = x", id="globals"),
        pytest.param("import functools\ny = functools.partial(tf.add, x)(z)", id="partial"),
        pytest.param("import copy\ny = copy.copy([x])", id="foreign function"),
        pytest.param(
            "def f(n):\n    return x if n == 0 else f(n - 1)\ny = f(20)",
            id="deep recursion",
            marks=wrong("the result is taken for a host value"),
        ),
        pytest.param(
            "def g():\n    yield x\ny, = g()", id="generator", marks=wrong("the result is taken for a host value")
        ),
    ],
)
def test_what_is_not_followed_is_unknown(text: str) -> None:
    assert not is_certain(text)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        pytest.param("import model\ny = model.f(x)", "def f(a):\n    return a\n", id="module"),
        pytest.param("import model as m\ny = m.f(x)", "def f(a):\n    return a\n", id="module as"),
        pytest.param("from model import f as g\ny = g(x)", "def f(a):\n    return a\n", id="name as"),
        pytest.param("from model import *\ny = f(x)", "def f(a):\n    return a\n", id="star"),
        pytest.param(
            "from model import f\ny = f(x)",
            "def g(a):\n    return a\ndef f(a):\n    return g(a)\n",
            id="names of the other file",
        ),
        pytest.param(
            "import model\nmodel.v = x\ny = model.f()",
            "v = None\ndef f():\n    return v\n",
            id="set from outside",
            marks=wrong("an obstacle, although it could be followed"),
        ),
        pytest.param(
            "def f():\n    from model import g\n    return g(x)\ny = f()",
            "def g(a):\n    return a\n",
            id="import in a function",
        ),
    ],
)
def test_files(text: str, model: str) -> None:
    assert fetched(text, model=model) == "x"


def test_packages() -> None:
    text = "from pkg.nets import net\nimport pkg.layers\ny = [net.f(x), pkg.layers.g(z)]"
    files = {
        "pkg__init": "",
        "pkg__nets__init": "",
        "pkg__nets__net": "from ..layers import g\ndef f(a):\n    return g(a)\n",
        "pkg__layers": "def g(a):\n    return a\n",
    }
    assert fetched(text, **files) == "[x, z]"


def test_module_is_run_once() -> None:
    text = "import a, b\ny = [a.v, b.v]"
    files = {"a": "from c import v\n", "b": "from c import v\n"}
    made = "import tensorflow as tf\nv = tf.Variable(1.0, name='v')\n"
    assert [node.name for node in stage(text, c=made, **files).nodes if node.kind == "variable"] == ["v"]


def test_main_guard_counts_only_in_the_entry() -> None:
    guarded = "import tensorflow as tf\nif __name__ == '__main__':\n    p = tf.placeholder(tf.float32)\n"
    assert len(stage(guarded, head="").nodes) == 1
    assert len(stage("import m\n", head="", m=guarded).nodes) == 0
