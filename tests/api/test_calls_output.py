"""What holds for every rewritten call: it exists in TensorFlow 2, it fits its signature, and it is final."""

from __future__ import annotations

import ast

import pytest

from tests.api.expressions import RefusedError, rewritten, table
from tf2migrate.api.calls import renamed, rewrite_call, rewrite_reference
from tf2migrate.api.calls_model import Argument, Call, Kept, Refused
from tf2migrate.api.changes import Respelling, Template, changes
from tf2migrate.api.definitions import defined, definition_names
from tf2migrate.api.effects import Effect, effects
from tf2migrate.api.symbols import Symbol, all_tf1_names, canonical, tf1_symbol, tf2_exists, tf2_symbol

CALLS = table("sample_calls") + table("sample_gradients")


def _names(node: ast.AST) -> list[tuple[str, ast.Call | None]]:
    """The dotted `tf.` names in a tree, each with the call of it if it is called."""
    found: list[tuple[str, ast.Call | None]] = []
    called = {id(each.func): each for each in ast.walk(node) if isinstance(each, ast.Call)}
    inner = {id(each.value) for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and id(each) not in inner:
            text = ast.unparse(each)
            if text.startswith("tf.") and "(" not in text and "[" not in text:
                found.append((text, called.get(id(each))))
    return found


def _assert_exists_and_fits(text: str) -> None:
    for name, call in _names(ast.parse(text)):
        known = name
        while not tf2_exists(known) and known.count(".") > 1:
            known = known.rpartition(".")[0]  # an attribute of a value, such as `tf.float32.name`
        assert tf2_exists(known), name
        symbol = tf2_symbol(name)
        if call is not None and symbol is not None and symbol.parameters is not None:
            _assert_fits(call, symbol)


def _assert_fits(call: ast.Call, symbol: Symbol) -> None:
    places = symbol.positional()
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    if not starred and not symbol.accepts_any("var_positional"):
        assert len(call.args) <= len(places), ast.unparse(call)
    given = set(places[: len(call.args)])
    for keyword in call.keywords:
        assert keyword.arg is not None
        assert symbol.parameter(keyword.arg) is not None or symbol.accepts_any("var_keyword"), ast.unparse(
            call
        )
        assert keyword.arg not in given, ast.unparse(call)
        given.add(keyword.arg)
    needed = {
        p.name for p in symbol.parameters or () if p.default is None and p.kind in ("positional", "keyword")
    }
    assert starred or needed <= given, ast.unparse(call)


@pytest.mark.parametrize("call", CALLS)
def test_output_exists_and_fits(call: str) -> None:
    text, definitions = rewritten(call)
    _assert_exists_and_fits(text)
    for definition in definitions:
        _assert_exists_and_fits(definition.text)


@pytest.mark.parametrize("call", CALLS)
def test_output_is_final(call: str) -> None:
    text, definitions = rewritten(call)
    if definitions:
        return  # it calls functions of the module, which are none of TensorFlow's
    assert ast.unparse(ast.parse(_again(text))) == ast.unparse(ast.parse(text))


def _again(text: str) -> str:
    try:
        return rewritten(text)[0]
    except RefusedError:
        return text  # what TF2 has under a name that TF1 means otherwise is left alone


def test_table_covers_many_symbols() -> None:
    names = {
        canonical(name) for call in CALLS for name, called in _names(ast.parse(call)) if called is not None
    }
    assert len(names) > 350


def test_every_row_of_changes_fits_both_signatures() -> None:
    for name, row in changes().items():
        symbol = tf1_symbol(name)
        assert symbol is not None, name
        assert symbol.name == name, f"{name} is not canonical"
        if isinstance(row, Template):
            continue
        assert isinstance(row, Respelling)
        target = tf2_symbol(row.target)
        assert target is not None, row.target
        for parameter in {*row.renamed, *row.dropped}:
            assert symbol.parameter(parameter) is not None, (name, parameter)
        for parameter in {*row.renamed.values(), *row.added}:
            assert target.parameter(parameter) is not None, (name, parameter)


@pytest.mark.parametrize("name", definition_names())
def test_definitions_compile(name: str) -> None:
    definition = defined(name, "tf")
    assert definition.name == name
    compile(definition.text, name, "exec")
    assert all(len(line) <= 100 for line in definition.text.splitlines())
    assert "tensorflow.foo." in defined(name, "tensorflow.foo").text


def _required(symbol: Symbol) -> list[Argument]:
    return [Argument(p.name) for p in symbol.parameters or () if p.kind == "positional" and p.default is None]


def test_every_symbol_has_an_answer() -> None:
    """Called with its required arguments, and with each optional one, a symbol never breaks the rewriter."""
    for name in all_tf1_names():
        symbol = tf1_symbol(name)
        assert symbol is not None
        assert isinstance(effects(name), Effect)
        reference = rewrite_reference(name)
        if isinstance(reference, str) and reference.startswith("tf."):
            assert tf2_exists(reference), (name, reference)
        if symbol.kind not in ("function", "class"):
            continue
        required = _required(symbol)
        optional = [p.name for p in symbol.parameters or () if p.default is not None]
        for arguments in (required, *([*required, Argument("value", keyword)] for keyword in optional)):
            _check(name, arguments)


def _check(name: str, arguments: list[Argument]) -> None:
    result = rewrite_call(name, arguments)
    match result:
        case Call(text=text):
            node = ast.parse(text, mode="eval").body
            assert isinstance(node, ast.Call | ast.Subscript | ast.Name | ast.Attribute | ast.IfExp), text
            _assert_exists_and_fits(text)
        case Kept():
            written = [f"{a.keyword}={a.text}" if a.keyword else a.text for a in arguments]
            _assert_exists_and_fits(f"{name}({', '.join(written)})")
        case Refused(reason=reason, advice=advice, code=code):
            assert reason
            assert advice
            assert code.startswith("TFM")
            assert not reason.endswith(".")


def test_renamed_gives_only_the_function() -> None:
    assert renamed("tf.log", [Argument("x")]) == "tf.math.log"
    assert renamed("tf.random_normal", [Argument("[2]"), Argument("1.0", "stddev")], "tensorflow") == (
        "tensorflow.random.normal"
    )
    assert renamed("tf.nn.dropout", [Argument("x"), Argument("0.5")]) is None
    assert renamed("tf.nn.relu", [Argument("x")]) is None
