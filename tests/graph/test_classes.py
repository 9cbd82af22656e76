"""Objects of the program's own classes."""

from __future__ import annotations

import pytest

from tests.graph.staged import fetched, is_certain, stage, wrong

A = "class A(object):\n    def __init__(self, v):\n        self.v = v\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(A + "y = A(x).v", "x", id="attribute"),
        pytest.param(A + "a, b = A(x), A(z)\ny = [a.v, b.v]", "[x, z]", id="two objects"),
        pytest.param(A + "a = A(x)\nb = a\nb.v = z\ny = a.v", "z", id="two names for an object"),
        pytest.param(A + "    def get(self):\n        return self.v\ny = A(x).get()", "x", id="method"),
        pytest.param(A + "    def get(self):\n        return self.v\ng = A(x).get\ny = g()", "x", id="bound method"),
        pytest.param(A + "    def get(self):\n        return self.v\ny = A.get(A(x))", "x", id="method of the class"),
        pytest.param(A + "    @property\n    def p(self):\n        return self.v\ny = A(x).p", "x", id="property"),
        pytest.param(A + "    @staticmethod\n    def s(v):\n        return v\ny = A.s(x)", "x", id="static method"),
        pytest.param(
            A + "    @classmethod\n    def make(cls, v):\n        return cls(v)\ny = A.make(x).v",
            "x",
            id="class method",
            marks=wrong("unknown, although it could be followed"),
        ),
        pytest.param(A + "    def __call__(self):\n        return self.v\ny = A(x)()", "x", id="call"),
        pytest.param(A + "class B(A):\n    pass\ny = B(x).v", "x", id="inherited constructor"),
        pytest.param(
            A + "class B(A):\n    def __init__(self):\n        super().__init__(x)\ny = B().v", "x", id="super"
        ),
        pytest.param(
            A + "class B(A):\n    def __init__(self):\n        super(B, self).__init__(x)\ny = B().v",
            "x",
            id="super with arguments",
        ),
        pytest.param(
            A + "class B(A):\n    def __init__(self):\n        A.__init__(self, x)\ny = B().v",
            "x",
            id="constructor by name",
        ),
        pytest.param(
            "class A:\n    def f(self):\n        return self.g()\n    def g(self):\n        return z\n"
            "class B(A):\n    def g(self):\n        return x\ny = B().f()",
            "x",
            id="overridden method",
        ),
        pytest.param(
            "class A:\n    def __init__(self):\n        self.v = self.g()\n    def g(self):\n        return z\n"
            "class B(A):\n    def __init__(self):\n        super().__init__()\n    def g(self):\n        return x\n"
            "y = B().v",
            "x",
            id="overridden method called by the constructor of the base",
        ),
        pytest.param(
            "class A:\n    def f(self):\n        return [x]\n"
            "class B(A):\n    def f(self):\n        return super().f() + [z]\n"
            "class C(A):\n    def f(self):\n        return super().f() + [z, z]\n"
            "class D(B, C):\n    pass\ny = D().f()",
            "[x, z, z, z]",
            id="two bases over one",
        ),
        pytest.param(
            "class A:\n    v = z\nclass B(A):\n    pass\nclass C(A):\n    v = x\nclass D(B, C):\n    pass\ny = D().v",
            "x",
            id="the nearer base comes first",
        ),
        pytest.param(
            A + "class B(A):\n    pass\ny = {'A': z, 'B': x}[type(B(x)).__name__]", "x", id="name of the object's class"
        ),
        pytest.param(
            "class A:\n    def __init__(self):\n        if not hasattr(self, 'v'):\n            self.v = x\n"
            "        if not hasattr(self, 'v'):\n            self.v = z\ny = A().v",
            "x",
            id="hasattr",
        ),
        pytest.param("class A:\n    v = x\ny = A().v", "x", id="attribute of the class"),
        pytest.param(
            "class A:\n    v = z\na = A()\na.v = x\nb = A()\ny = [a.v, b.v]", "[x, z]", id="hidden by the object's"
        ),
        pytest.param(
            "class A:\n    l = []\n    def add(self, v):\n        self.l.append(v)\nA().add(x)\nA().add(z)\ny = A.l",
            "[x, z]",
            id="list of the class",
        ),
        pytest.param("class A:\n    pass\nsetattr(A, 'v', x)\ny = getattr(A(), 'v')", "x", id="setattr"),
        pytest.param(
            "class A:\n    def __init__(self, **k):\n        for n, v in k.items():\n            setattr(self, n, v)\n"
            "y = A(v=x).v",
            "x",
            id="setattr in a loop",
        ),
        pytest.param(
            "class A:\n    def set(self, v):\n        self.v = v\n        return self\ny = A().set(x).v",
            "x",
            id="chained methods",
        ),
        pytest.param("class A:\n    class B:\n        v = x\ny = A.B.v", "x", id="class in a class"),
        pytest.param(
            "v = x\nclass A:\n    v = z\n    def f(self):\n        return v\ny = A().f()",
            "x",
            id="names of the class are no scope",
        ),
        pytest.param(
            "def make(v):\n    class A:\n        def f(self):\n            return v\n    return A\ny = make(x)().f()",
            "x",
            id="class in a function",
        ),
        pytest.param(A + "y = [a.v for a in [A(x), A(z)]]", "[x, z]", id="objects in a list"),
        pytest.param(A + "b = A(A(x))\ny = b.v.v", "x", id="object in an object"),
    ],
)
def test_objects(text: str, expected: str) -> None:
    assert fetched(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("class A:\n    def __getattr__(self, name):\n        return x\ny = A().v", id="__getattr__"),
        pytest.param(
            "class A:\n    def __getattr__(self, name):\n        return 1\ny = x if hasattr(A(), 'v') else z",
            id="hasattr and __getattr__",
        ),
        pytest.param(
            "class A:\n    pass\na = A()\nfor i in range(int(np.random.randint(9))):\n"
            "    y = x if hasattr(a, 'v') else z\n    a.v = 1",
            id="hasattr in a loop",
        ),
        pytest.param(
            "class A:\n    def __init__(self, **k):\n        self.__dict__.update(k)\ny = A(v=x).v", id="__dict__"
        ),
        pytest.param(A + "a = A(x)\nsetattr(a, 'v' * np.random.randint(2), z)\ny = a.v", id="setattr of some name"),
        pytest.param(A + "    def __getitem__(self, i):\n        return self.v\ny = A(x)[0]", id="__getitem__"),
        pytest.param(A + "    def __iter__(self):\n        return iter([self.v])\ny, = A(x)", id="__iter__"),
        pytest.param(A + "    def __add__(self, other):\n        return self.v\ny = A(x) + z", id="__add__"),
        pytest.param(A + "    def __bool__(self):\n        return False\ny = x if A(x) else z", id="__bool__"),
        pytest.param(A + "    def __len__(self):\n        return 0\ny = x if A(x) else z", id="__len__"),
        pytest.param(
            A + "    def __enter__(self):\n        return x\n    def __exit__(self, *a):\n        pass\n"
            "with A(z) as y:\n    pass",
            id="__enter__",
        ),
        pytest.param(
            A + "    @property\n    def p(self):\n        return x\n    @p.setter\n    def p(self, v):\n"
            "        self.v = v\na = A(x)\na.p = z\ny = a.v",
            id="property with a setter",
        ),
    ],
)
def test_special_methods_are_not_guessed(text: str) -> None:
    assert not is_certain(text)


ONCE = """
def once(f):
    name = '_' + f.__name__
    @property
    @functools.wraps(f)
    def read(self):
        if not hasattr(self, name):
            setattr(self, name, f(self))
        return getattr(self, name)
    return read
class A:
    @once
    def v(self):
        return tf.abs(x)
a, b = A(), A()
"""


@pytest.mark.parametrize(
    ("text", "made"),
    [
        pytest.param("y = [a.v, a.v]", 1, id="one object"),
        pytest.param("y = [a.v, b.v]", 2, id="two objects"),
        pytest.param("for i in range(n):\n    sess.run(a.v)\ny = a.v", 1, id="first in a loop"),
        pytest.param("if flag:\n    a.v\ny = a.v", 1, id="perhaps before"),
    ],
)
def test_a_property_that_a_decorator_remembers_is_made_once(text: str, made: int) -> None:
    staging = stage("import functools\nn = int(np.random.rand() * 9)" + ONCE + text)
    assert not staging.obstacles
    assert sum(node.op == "tf.abs" for node in staging.nodes) == made


@pytest.mark.parametrize(
    ("body", "call", "followed"),
    [
        pytest.param("return v + 1", "host(2)", True, id="host function"),
        pytest.param("return tf.abs(v)", "host(x)", False, id="function that builds graph"),
        pytest.param("return v.run(x)", "host(sess)", False, id="function that gets the session"),
    ],
)
def test_other_decorators_are_for_host_functions(body: str, call: str, followed: bool) -> None:
    text = "def loud(f):\n    def called(*a):\n        return f(*a)\n    return called\n@loud\ndef host(v):\n    "
    staging = stage(f"{text}{body}\ny = {call}")
    assert (not staging.obstacles) is followed


PACED = (
    A + "    @property\n    def p(self):\n        return self.v\n"
    "    @p.setter\n    def p(self, v):\n        self.v = v\n"
)


def test_property_that_keeps_a_part_of_the_graph() -> None:
    assert "TFM410" in {o.code for o in stage(PACED + "a = A(1)\na.p = x\ny = a.p").obstacles}
    assert not stage(PACED + "a = A(1)\na.p = 2\ny = x * a.p").obstacles


def test_function_that_a_web_server_calls() -> None:
    served = "import flask\napp = flask.Flask('app')\n"
    served += "@app.route('/')\ndef answer():\n    return sess.run(y, {x: 1.0})\n"
    assert not stage("y = x + 1.0\nsess = tf.Session()\n" + served).obstacles
    other = served.replace("app.route", "app.errorhandler")
    assert stage("y = x + 1.0\nsess = tf.Session()\n" + other).obstacles
