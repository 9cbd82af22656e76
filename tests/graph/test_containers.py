"""Lists, tuples and dicts that hold parts of the graph."""

from __future__ import annotations

import pytest

from tests.graph.staged import fetched, is_certain, wrong

PAIR = "import collections\nPair = collections.namedtuple('Pair', 'a b')"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("y = [x] + [z]", "[x, z]", id="sum"),
        pytest.param("y = [x] * 2", "[x, x]", id="product"),
        pytest.param("y = [x, z][1:]", "[z]", id="slice"),
        pytest.param("y = [x, z][::-1]", "[z, x]", id="step"),
        pytest.param("y = [x, z][-1]", "z", id="negative index"),
        pytest.param("y = (x, z)", "(x, z)", id="tuple"),
        pytest.param("y = [*[x], z]", "[x, z]", id="star"),
        pytest.param("y = list((x, z))", "[x, z]", id="list of a tuple"),
        pytest.param("y = tuple([x, z])", "(x, z)", id="tuple of a list"),
        pytest.param("y = list(reversed([x, z]))", "[z, x]", id="reversed"),
        pytest.param("y = list(map(lambda v: v, [x, z]))", "[x, z]", id="map"),
        pytest.param("a = [x]\nb = a\nb.append(z)\ny = a", "[x, z]", id="two names for a list"),
        pytest.param("a = [x]\nb = list(a)\nb.append(z)\ny = a", "[x]", id="copy of a list"),
        pytest.param("a = [x]\nb = a\nb += [z]\ny = a", "[x, z]", id="two names and +="),
        pytest.param("def add(l):\n    l += [z]\ny = [x]\nadd(y)", "[x, z]", id="+= in a function"),
        pytest.param("y = [x]\ny = y + [z]", "[x, z]", id="rebound"),
        pytest.param("y = [x]\ny.extend([z, x])", "[x, z, x]", id="extend"),
        pytest.param("y = [x, z]\ny[0] = z", "[z, z]", id="set an element"),
        pytest.param("y = [x, z]\ny[-1] = x", "[x, x]", id="set the last element"),
        pytest.param("y = {'a': x}\ny['b'] = z", "{'a': x, 'b': z}", id="new key"),
        pytest.param("y = {'a': z}\ny['a'] = x", "{'a': x}", id="old key"),
        pytest.param("y = dict(a=x)\ny.update(b=z)", "{'a': x, 'b': z}", id="update"),
        pytest.param("y = {**{'a': x}, 'b': z}", "{'a': x, 'b': z}", id="unpacked"),
        pytest.param("y = dict(zip('ab', [x, z]))", "{'a': x, 'b': z}", id="dict of pairs"),
        pytest.param("y = list({'a': x, 'b': z}.values())", "[x, z]", id="values"),
        pytest.param("y = {'a': x}.get('a')", "x", id="get"),
        pytest.param("y = {'a': x}.get('b', z)", "z", id="get with a default"),
        pytest.param("y = {'a': x}.get('b')", "None", id="get of nothing"),
        pytest.param("y = {'a': {'b': x}}['a']['b']", "x", id="nested"),
        pytest.param("k = 'a'\ny = {'a' + str(1): x}[k + '1']", "x", id="computed key"),
        pytest.param("y = {(1, 'a'): x}[1, 'a']", "x", id="tuple as key"),
        pytest.param("y = {x: z}[x]", "z", id="tensor as key"),
        pytest.param("y = [None] * 2\ny[0] = x\ny[1] = z", "[x, z]", id="filled by index"),
        pytest.param("y = sum([x, z])", "y", id="sum of tensors"),
        pytest.param("import collections\ny = collections.OrderedDict(a=x)\ny['b'] = z", "{'a': x, 'b': z}",
                     id="ordered dict"),
        pytest.param(f"{PAIR}\ny = Pair(x, b=z)", "(x, z)", id="named tuple"),
        pytest.param(f"{PAIR}\ny = Pair(x, z).b", "z", id="field"),
        pytest.param(f"{PAIR}\n_, y = Pair(x, z)", "z", id="named tuple unpacked"),
        pytest.param(f"{PAIR}\ny = Pair(x, z)._replace(a=z)", "(z, z)", id="named tuple with another field"),
        pytest.param(f"{PAIR}\ny = Pair(x, z)._asdict()", "{'a': x, 'b': z}", id="named tuple as a dict"),
        pytest.param(f"{PAIR}\nclass More(Pair):\n    def last(self):\n        return self.b\ny = More(x, z).last()",
                     "z", id="method of a named tuple"),
    ],
)
def test_containers(text: str, expected: str) -> None:
    assert fetched(text) == expected


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("y = [x, z]\ndel y[0]", "[x, z]", id="del of an element"),
        pytest.param("y = {'a': x, 'b': z}\ndel y['a']", "{'a': x, 'b': z}", id="del of an entry"),
        pytest.param("y = {'a': x, 'b': z}\ny.pop('a')", "{'a': x, 'b': z}", id="pop of an entry"),
        pytest.param("y = {'a': x, 'b': z}\ny.clear()", "{'a': x, 'b': z}", id="clear"),
        pytest.param("y = [x, z]\ny.pop()", "[x, z]", id="pop of an element"),
        pytest.param("y = [x, z]\ny.insert(0, z)", "[x, z, z]", id="insert"),
        pytest.param("y = [x, z]\ny.reverse()", "[x, z]", id="reverse"),
        pytest.param("y = [x, z]\ny.remove(x)", "[x, z]", id="remove"),
        pytest.param("y = [x, z]\ny.sort(key=id)", "[x, z]", id="sort"),
        pytest.param("y = [x, z]\ny[:1] = []", "[x, z]", id="slice assignment"),
        pytest.param("y = [x, z][np.random.randint(2)]", "x", id="index that is not known"),
        pytest.param("y = {}\ny.setdefault('a', []).append(x)", "{}", id="setdefault"),
        pytest.param(
            "import collections\ny = collections.defaultdict(list)\ny['a'].append(x)",
            "a host value",
            id="defaultdict",
            marks=wrong("a tensor that is put into foreign hands is lost"),
        ),
    ],
)
def test_changes_in_place_are_not_missed(text: str, wrong: str) -> None:
    assert fetched(text) != wrong


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{PAIR}\ny = Pair._make([x, z])", id="made of a list"),
        pytest.param(f"{PAIR}\ny = Pair(*np.random.choice([x, z], 2))", id="filled in an unknown order"),
        pytest.param(f"{PAIR}\ny = Pair(x)", id="a field is missing"),
        pytest.param("import collections\ny = collections.namedtuple('Pair', open('names').read())(x, z)",
                     id="unknown fields"),
    ],
)
def test_named_tuples_that_are_not_followed(text: str) -> None:
    assert not is_certain(text)


def test_set_has_no_order() -> None:
    assert not is_certain("y = list({x, z})")
