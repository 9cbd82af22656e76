"""One text for a file that several programs want differently, because each uses other parts of it.

``train.py`` needs the training step of the class in ``model.py``, and ``sample.py`` does not; what each of them makes
of the file differs in that method, the optimizer and its class. The text with both serves either. Only what does
nothing where it is not used may be there more than a program asked for: imports, classes, functions, methods, and
optimizers that a constructor makes. A function that one program has set aside is taken from the other.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import cast

import libcst as cst

from tf2migrate.names.bindings import bindings
from tf2migrate.names.tree import code_of, walk
from tf2migrate.rewrite.set_aside import is_set_aside

Statements = Sequence[cst.BaseStatement]
_LAYER, _MODEL = "tf.keras.layers.Layer", "tf.keras.Model"


def merged(first: str, second: str, same_names: bool, same_optimizers: bool = False) -> str | None:
    """A text that serves both programs; None where they want different things of the file.

    With ``same_names`` the programs read each other's checkpoints: what is a model in one and a layer of a model in
    the other has other names for its variables. With ``same_optimizers`` both programs make the optimizers, also
    where one of them does not use them, so that what they are made from is there in both.
    """
    one, other = cst.parse_module(first), cst.parse_module(second)
    merging = _Merging(_optimizers(one) | _optimizers(other), same_names, same_optimizers)
    body = merging.block(_statements(one), _statements(other))
    if body is None:
        return None
    made = one.with_changes(body=body, header=one.header if one.body else other.header)
    names = [name for statement in body for name, _ in bindings(statement)]
    known = max(_repeated(one), _repeated(other), key=len)
    if {name for name in names if names.count(name) > 1} - known:
        return None
    return made.code


def set_aside_in(text: str) -> set[str]:
    """The functions and methods that a text sets aside."""
    nodes = walk(cst.parse_module(text))
    return {node.name.value for node in nodes if isinstance(node, cst.FunctionDef) and is_set_aside(node)}


def builds_layers_apart(text: str) -> bool:
    """Whether a method that is traced calls a layer of its object itself.

    Keras then names the variables of the layer otherwise than where the object is called, so that programs which
    trace different methods first could not read each other's checkpoints.
    """
    for cls in walk(cst.parse_module(text)):
        if not isinstance(cls, cst.ClassDef):
            continue
        methods = [m for m in cls.body.body if isinstance(m, cst.FunctionDef)]
        kept = {t for m in methods if m.name.value in ("__init__", "build") for t in _attributes_set(m)}
        wrapped = {_own_attribute(n.args[0].value) for n in walk(cls) if isinstance(n, cst.Call) and _wraps(n)}
        traced = [m for m in methods if m.decorators or m.name.value in wrapped]
        if any(_own_attribute(n.func) in kept for m in traced for n in walk(m.body) if isinstance(n, cst.Call)):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Merging:
    """What may differ: the classes that are optimizers, and what is known of the programs, see ``merged``."""

    optimizers: set[str]
    same_names: bool
    same_optimizers: bool

    def block(self, first: Statements, second: Statements) -> list[cst.BaseStatement] | None:
        """The statements of two blocks in one; None where one has what the other may not have."""
        keys, others = [_key(s) for s in first], [_key(s) for s in second]
        once = {key for key in keys if keys.count(key) == others.count(key) == 1}
        moving = {key for s, key in zip(first, keys, strict=True) if _may_move(s) and key in once}
        pairs = [(keys.index(key), others.index(key)) for key in moving]
        left = [n for n, key in enumerate(keys) if key not in moving]
        right = [n for n, key in enumerate(others) if key not in moving]
        out: dict[int, cst.BaseStatement] = {}
        added: dict[int, list[cst.BaseStatement]] = {}
        matcher = SequenceMatcher(None, [keys[n] for n in left], [others[n] for n in right], autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind == "equal":
                pairs += zip(left[a:b], right[c:d], strict=True)
                continue
            # What was set aside in one of them goes where the other made something else of it.
            own = {n: first[n] for n in left[a:b] if not is_set_aside(first[n])}
            extra = [second[n] for n in right[c:d] if not is_set_aside(second[n])]
            if not all(self.does_nothing(s) for s in (*own.values(), *extra)):
                return None
            out |= own
            for statement in extra:
                # Imports come before what the other text has there, for what is made with them.
                place = left[a] if _is_import(statement) and a < b else left[b] if b < len(left) else len(first)
                added.setdefault(place, []).append(statement)
        for one, other in pairs:
            both = self.statement(first[one], second[other])
            if both is None:
                return None
            out[one] = both
        places = range(len(first) + 1)
        return [s for n in places for s in (*added.get(n, ()), *([out[n]] if n in out else ()))]

    def statement(self, one: cst.BaseStatement, other: cst.BaseStatement) -> cst.BaseStatement | None:
        """One statement for two that have the same key."""
        if _code(one) == _code(other) or is_set_aside(other):
            return one
        if is_set_aside(one):
            return other
        if not isinstance(one, cst.ClassDef | cst.FunctionDef) or not isinstance(other, cst.ClassDef | cst.FunctionDef):
            return None
        if isinstance(one, cst.FunctionDef) and one.name.value != "__init__":
            return None
        if not isinstance(one.body, cst.IndentedBlock) or not isinstance(other.body, cst.IndentedBlock):
            return None
        heads = [_head(one), _head(other)]
        if heads[0] != heads[1]:
            if self.same_names or len({head.replace(_LAYER, _MODEL) for head in heads}) > 1:
                return None
            one, other = (one, other) if _MODEL in heads[0] else (other, one)
        body = self.block(_statements(one.body), _statements(other.body))
        return one.with_changes(body=one.body.with_changes(body=body)) if body is not None else None

    def does_nothing(self, statement: cst.BaseStatement) -> bool:
        """Whether a statement only makes something that a program may leave alone."""
        match statement:
            case cst.ClassDef() | cst.FunctionDef():
                return True
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute())], value=cst.Call() as call)]
            ):
                made = code_of(call.func)
                # The other program may have nothing to make it from: ``options.rate`` would fail there.
                there = self.same_optimizers or all(_is_literal(code_of(arg.value)) for arg in call.args)
                return there and (made in self.optimizers or made.startswith("tf.keras.optimizers."))
        return _is_import(statement)


def _statements(block: cst.Module | cst.BaseSuite) -> Statements:
    return cast(Statements, block.body)


def _head(definition: cst.ClassDef | cst.FunctionDef) -> str:
    return _code(definition.with_changes(body=cst.SimpleStatementSuite([cst.Pass()])))


def _may_move(statement: cst.BaseStatement) -> bool:
    """Whether the order of such statements says nothing: functions, and methods that a constructor wraps."""
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute())], value=cst.Call(func=func))]
        ):
            return code_of(func) == "tf.function"
    return isinstance(statement, cst.FunctionDef)


def _wraps(call: cst.Call) -> bool:
    return bool(call.args) and code_of(call.func) == "tf.function"


def _is_import(statement: cst.BaseStatement) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Import() | cst.ImportFrom()]):
            return True
    return False


def _optimizers(module: cst.Module) -> set[str]:
    """The classes of a text that are optimizers."""
    classes = [s for s in module.body if isinstance(s, cst.ClassDef)]
    return {c.name.value for c in classes if any(".keras.optimizers." in code_of(base.value) for base in c.bases)}


def _repeated(module: cst.Module) -> set[str]:
    names = [name for statement in module.body for name, _ in bindings(statement)]
    return {name for name in names if names.count(name) > 1}


def _attributes_set(method: cst.FunctionDef) -> set[str]:
    targets = (t.target for n in walk(method.body) if isinstance(n, cst.Assign) for t in n.targets)
    return {name for target in targets if (name := _own_attribute(target))}


def _own_attribute(node: cst.CSTNode) -> str:
    """``name`` of ``self.name`` and of ``self.name[...]``."""
    match node:
        case cst.Subscript(value=value):
            return _own_attribute(value)
        case cst.Attribute(value=cst.Name(value="self"), attr=cst.Name(value=name)):
            return name
    return ""


def _key(statement: cst.BaseStatement) -> str:
    """What tells that two statements are the same part of a file: the name of a definition, or else their code."""
    match statement:
        case cst.ClassDef(name=name):
            return f"class {name.value}"
        case cst.FunctionDef(name=name):
            return f"def {name.value}"
    return _code(statement)


def _code(statement: cst.BaseStatement) -> str:
    bare = statement.with_changes(leading_lines=[]) if hasattr(statement, "leading_lines") else statement
    if isinstance(bare, cst.ClassDef | cst.FunctionDef):
        bare = bare.with_changes(lines_after_decorators=[])
    return code_of(bare).strip()


def _is_literal(text: str) -> bool:
    """Whether an expression is a number, a text, a truth or None."""
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True
