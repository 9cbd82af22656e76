"""The same program in another shape: reordered, with a function more or less, in two files, or formatted anew.

Each transformation takes the text of a program and gives its files, or nothing where it finds no place. Comments go.
Where it is not certain that the meaning stays, a statement is left alone.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Callable, Iterator
from random import Random

from tests.generate.renaming import renamed

Files = dict[str, str]
MAIN, OTHER = "program.py", "parts_of_it.py"
# Calls that read nothing which other statements change.
_STEADY = (
    *("tf.placeholder", "tf.placeholder_with_default", "tf.constant", "tf.reshape", "tf.square", "tf.reduce_mean"),
    *("np.array", "np.zeros", "np.ones", "np.linspace", "np.arange", "np.eye", "range", "len", "int", "float"),
)
_PURE = frozenset(_STEADY)


def reformatted(text: str, random: Random) -> Files | None:
    """Other quotes, spaces and brackets."""
    return {MAIN: ast.unparse(ast.parse(text)) + "\n"}


def with_other_names(text: str, random: Random) -> Files | None:
    """Every name of the program's own is another."""
    return {MAIN: renamed(text)}


def reordered(text: str, random: Random) -> Files | None:
    """Statements that only compute change places with neighbours that have nothing to do with them."""
    tree = ast.parse(text)
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    moved = 0
    for body in _bodies(tree):
        for _ in range(2):
            for index in range(len(body) - 1):
                first, second = body[index], body[index + 1]
                if random.random() < 0.7 and _may_swap(first, second, own):
                    body[index : index + 2] = [second, first]
                    moved += 1
    return {MAIN: ast.unparse(tree) + "\n"} if moved else None


def with_a_function_more(text: str, random: Random) -> Files | None:
    """The right side of a statement that computes tensors becomes a function that is called once."""
    tree = ast.parse(text)
    found = [
        (body, index)
        for body in [tree.body, *(n.body for n in tree.body if isinstance(n, ast.FunctionDef))]
        for index, statement in enumerate(body)
        if _may_be_extracted(statement)
    ]
    if not found:
        return None
    body, index = random.choice(found)
    statement = body[index]
    assert isinstance(statement, ast.Assign)
    everywhere = _imports(tree) | {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    names = sorted(_read(statement.value) - _bound(statement.value) - everywhere - set(dir(builtins)))
    call = ast.Call(ast.Name("worked_out", ast.Load()), [ast.Name(name, ast.Load()) for name in names], [])
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    function = ast.FunctionDef("worked_out", arguments, [ast.Return(statement.value)], [], None, None)
    statement.value = call
    # Behind the imports, where its own globals are found when it is called.
    last = max((i for i, n in enumerate(tree.body) if isinstance(n, ast.Import | ast.ImportFrom)), default=-1)
    tree.body.insert(last + 1, function)
    return {MAIN: ast.unparse(ast.fix_missing_locations(tree)) + "\n"}


def with_a_function_less(text: str, random: Random) -> Files | None:
    """A function that only returns an expression of its parameters is written out at its one call."""
    tree = ast.parse(text)
    for function in [n for n in tree.body if isinstance(n, ast.FunctionDef)]:
        call = _only_call(tree, function)
        value = _returned(function)
        if call is None or value is None or not all(isinstance(a, ast.Name | ast.Constant) for a in call.args):
            continue
        given = dict(zip([a.arg for a in function.args.args], call.args, strict=True))
        inner = {n.id for n in ast.walk(value) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        if inner or any(isinstance(n, ast.Lambda) for n in ast.walk(value)):
            continue
        written = _Given(given).visit(copy.deepcopy(value))
        tree = _Instead(call, written).visit(tree)
        tree.body.remove(function)
        return {MAIN: ast.unparse(ast.fix_missing_locations(tree)) + "\n"}
    return None


def in_two_files(text: str, random: Random) -> Files | None:
    """Functions and classes that need nothing but imports and each other move to a file of their own."""
    tree = ast.parse(text)
    defined = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    imported = _imports(tree)
    rebound = {name for n in ast.walk(tree) if isinstance(n, ast.Global) for name in n.names}
    rebound |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    moving = dict(defined)
    while True:
        known = imported | set(moving) | set(dir(builtins))
        stuck = [n for n, d in moving.items() if n in rebound or not _free(d) <= known or _imports(d)]
        if not stuck:
            break
        for name in stuck:
            del moving[name]
    if not moving:
        return None
    imports: list[ast.stmt] = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    if any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in imports):
        return None
    other = ast.Module([*imports, *moving.values()], [])
    tree.body = [n for n in tree.body if n not in moving.values()]
    last = max((i for i, n in enumerate(tree.body) if n in imports), default=-1)
    names = [ast.alias(name) for name in moving if name in _read(tree)]
    if not names:
        return None
    tree.body.insert(last + 1, ast.ImportFrom(OTHER.removesuffix(".py"), names, 0))
    return {MAIN: ast.unparse(ast.fix_missing_locations(tree)) + "\n", OTHER: ast.unparse(other) + "\n"}


TRANSFORMATIONS: dict[str, Callable[[str, Random], Files | None]] = {
    "formatted anew": reformatted,
    "every name another": with_other_names,
    "statements reordered": reordered,
    "a function extracted": with_a_function_more,
    "a function written out": with_a_function_less,
    "split in two files": in_two_files,
}


# ------------------------------------------------------------------ what may move
def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.With):
            yield node.body


def _may_swap(first: ast.stmt, second: ast.stmt, own: set[str]) -> bool:
    """One of them only computes, and neither binds what the other reads or binds, or may read in a function."""
    if not all(isinstance(s, ast.Assign) and all(isinstance(t, ast.Name) for t in s.targets) for s in (first, second)):
        return False
    if not any(_is_steady(s) for s in (first, second)):
        return False
    if any(_enters_functions(s, own) for s in (first, second)):
        return False
    names = [(_read(s), _bound(s)) for s in (first, second)]
    (reads, binds), (others_reads, others_binds) = names
    return not (binds & (others_reads | others_binds) or others_binds & reads)


def _enters_functions(statement: ast.stmt, own: set[str]) -> bool:
    """Whether code of the program that stands elsewhere may run: it reads names of its own."""
    calls = [ast.unparse(n.func) for n in ast.walk(statement) if isinstance(n, ast.Call)]
    known = all(call.startswith(("tf.", "np.")) or call in dir(builtins) for call in calls)
    return not known or bool(_read(statement) & own) or any(isinstance(n, ast.Lambda) for n in ast.walk(statement))


def _is_steady(statement: ast.stmt) -> bool:
    """Whether it has no effect, and reads nothing that an effect could change."""
    assert isinstance(statement, ast.Assign)
    for node in ast.walk(statement.value):
        if isinstance(node, ast.Call) and ast.unparse(node.func) not in _PURE:
            return False
        if isinstance(node, ast.Call) and any(k.arg == "name" for k in node.keywords):
            return False
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Lambda | ast.Await | ast.Yield):
            if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("tf.", "np.")):
                continue
            return False
    return True


def _may_be_extracted(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign) or not all(isinstance(t, ast.Name) for t in statement.targets):
        return False
    calls = [ast.unparse(n.func) for n in ast.walk(statement.value) if isinstance(n, ast.Call)]
    kinds = ("tf.reduce_", "tf.square", "tf.matmul", "tf.nn.", "tf.add", "tf.multiply", "tf.tanh", "tf.sigmoid")
    own = any(isinstance(n, ast.Name) and n.id in ("self", "super") for n in ast.walk(statement.value))
    return bool(calls) and all(c.startswith(kinds) and "rnn" not in c for c in calls) and not own


def _only_call(tree: ast.Module, function: ast.FunctionDef) -> ast.Call | None:
    """The one place that names the function, if that is a call with an argument for each plain parameter."""
    rest = function.args.defaults or function.args.kwonlyargs or function.args.vararg or function.args.kwarg
    if rest or function.decorator_list:
        return None
    uses = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == function.name]
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.func in uses and not n.keywords]
    if len(uses) != 1 or len(calls) != 1 or len(calls[0].args) != len(function.args.args):
        return None
    return calls[0]


def _returned(function: ast.FunctionDef) -> ast.expr | None:
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    only = body[0] if len(body) == 1 else None
    return only.value if isinstance(only, ast.Return) else None


class _Given(ast.NodeTransformer):
    def __init__(self, given: dict[str, ast.expr]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.given.get(node.id, node)


class _Instead(ast.NodeTransformer):
    def __init__(self, old: ast.Call, new: ast.expr) -> None:
        self.old = old
        self.new = new

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


# ------------------------------------------------------------------ names
def _read(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _bound(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def _imports(tree: ast.AST) -> set[str]:
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    return {a.asname or a.name.split(".")[0] for n in nodes for a in n.names}


def _free(node: ast.AST) -> set[str]:
    """Names that are read and that nothing in the node binds: too many rather than too few."""
    bound = _bound(node) | {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}
    bound |= {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    return (_read(node) - bound) | {name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names}
