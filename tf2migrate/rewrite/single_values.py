"""Arrays of one element that the host takes for a number, which NumPy 2.4 does not allow any more.

``"%f" % sess.run(bias)``, ``math.exp(sess.run(bias))`` and ``rows[i] = sess.run(bias)`` of a variable of the shape
``[1]`` worked beside TensorFlow 1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

import libcst as cst

from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Const, Foreign, Host, Node, Sequence, Value
from tf2migrate.names.bindings import bindings, bound_names
from tf2migrate.names.tree import children, walk

_DIRECTIVE = re.compile(r"%(?P<key>\(\w*\))?[#0\- +]*(?P<width>\*|\d+)?(?:\.(?P<digits>\*|\d+))?[hlL]?(?P<kind>.)")
_NUMERIC = frozenset("diouxXeEfFgG")
_CONVERSIONS = ("float", "int")
# What gives an array, whose places take numbers.
_ARRAYS = frozenset(f"numpy.{name}" for name in ("empty", "full", "ones", "zeros"))


def is_single(value: Value) -> bool:
    """Whether a node gives an array of one element, rather than a scalar."""
    shape = value.shape if isinstance(value, Node) else None
    return bool(shape) and all(isinstance(size, Const) and size.value == 1 for size in shape or ())


def single_names(staging: Staging) -> Iterator[cst.Name]:
    """Reads of names that only ever hold such arrays, where the host takes them for numbers."""
    held: dict[int, dict[str, list[bool]]] = {}
    owners: dict[int, cst.CSTNode] = {}
    seen: set[int] = set()
    for site in staging.runs:
        if id(site.expression) in seen:
            continue
        seen.add(id(site.expression))
        owners[id(site.frame.owner)] = site.frame.owner
        for name, value in _assigned(site):
            held.setdefault(id(site.frame.owner), {}).setdefault(name, []).append(is_single(value))
    for key, found in held.items():
        parts = list(_own(owners[key]))
        simple = [part for part in parts if isinstance(part, cst.SimpleStatementLine)]
        compound = [part for part in parts if isinstance(part, cst.BaseCompoundStatement)]
        bound = Counter(text for part in [*simple, *compound] for text, _ in _bound(part))
        elsewhere = _bound_elsewhere(owners[key])
        sure = {n for n, single in found.items() if all(single) and bound[n] == len(single) and n not in elsewhere}
        for statement in simple:
            for node in walk(statement):
                if isinstance(node, cst.Name) and node.value in sure and takes_number(statement, node, staging):
                    yield node


def single_results(staging: Staging, tree: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """What is computed from such arrays element by element, or told to a callback, and taken for a number.

    It may be a number at another time: what it becomes has to be right for both.
    """
    for statement in walk(tree):
        for node in walk(statement) if isinstance(statement, cst.SimpleStatementLine) else ():
            values = staging.values_of(node) if isinstance(node, cst.BaseExpression) else []
            single = any(isinstance(value, Host) and value.single for value in values)
            if single and isinstance(node, cst.BaseExpression) and takes_number(statement, node, staging):
                yield node


def single_draws(tree: cst.CSTNode, modules: Collection[str]) -> Iterator[cst.Call]:
    """Calls of numpy, under the names ``modules``, that say that they give one element, taken for a number."""
    for statement in walk(tree):
        for node in walk(statement) if isinstance(statement, cst.SimpleStatementLine) else ():
            if isinstance(node, cst.Call) and _says_single(node, modules) and takes_number(statement, node):
                yield node


def _says_single(call: cst.Call, modules: Collection[str]) -> bool:
    """``np.random.choice(n, size=1)``, with any function of ``np.random``, or ``np.array([x])``."""
    match call:
        case cst.Call(
            func=cst.Attribute(value=cst.Name(value=base), attr=cst.Name(value="array")),
            args=[cst.Arg(value=cst.List(elements=[cst.Element()]), keyword=None)],
        ):
            return base in modules
        case cst.Call(func=cst.Attribute(value=cst.Attribute(value=cst.Name(value=base), attr=cst.Name("random")))):
            sizes = [a.value for a in call.args if a.keyword is not None and a.keyword.value == "size"]
            return base in modules and len(sizes) == 1 and _is_one(sizes[0])
    return False


def _is_one(size: cst.BaseExpression) -> bool:
    match size:
        case cst.Integer(value="1"):
            return True
        case cst.Tuple(elements=[cst.Element(value=inner)]) | cst.List(elements=[cst.Element(value=inner)]):
            return isinstance(inner, cst.Integer) and inner.value == "1"
    return False


def name_of_numpy(module: cst.Module) -> str:
    """How a module calls numpy: one import at the top, of a name that is nothing else; empty where there is none."""
    lines = [line for line in module.body if isinstance(line, cst.SimpleStatementLine)]
    imports = [part for line in lines for part in line.body if isinstance(part, cst.Import)]
    for alias in (alias for statement in imports for alias in statement.names):
        name = alias.evaluated_alias or "numpy"
        if alias.evaluated_name == "numpy":
            named = sum(isinstance(node, cst.Name) and node.value == name for node in walk(module))
            asked = sum(isinstance(n, cst.Attribute) and _is_named(n.value, name) for n in walk(module))
            return name if named == asked + 1 else ""
    return ""


def _is_named(node: cst.BaseExpression, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _assigned(site: RunSite) -> Iterator[tuple[str, Value]]:
    """The names that a run's results are assigned to, with what was fetched for each."""
    statement = site.place.steps[-1].statement
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if not isinstance(small, cst.Assign) or small.value is not site.expression or len(small.targets) != 1:
        return
    match small.targets[0].target, site.fetches:
        case cst.Name(value=name), fetched:
            yield name, fetched
        case cst.Tuple(elements=elements), Sequence(items=items) if len(elements) == len(items):
            for element, item in zip(elements, items, strict=True):
                if isinstance(element.value, cst.Name):
                    yield element.value.value, item


def _own(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What stands in a body, without what stands in functions and classes inside of it."""
    stack = [*children(node)]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            stack += children(current)


def _bound_elsewhere(owner: cst.CSTNode) -> set[str]:
    """Names that callers give, or that other functions may bind."""
    own = owner.params if isinstance(owner, cst.FunctionDef | cst.Lambda) else None
    found = {node.name.value for node in walk(own) if isinstance(node, cst.Param)} if own is not None else set()
    for node in walk(owner):
        if isinstance(node, cst.Global | cst.Nonlocal):
            found |= {item.name.value for item in node.names}
    return found


def _bound(statement: cst.CSTNode) -> list[tuple[str, cst.CSTNode]]:
    """The names that a statement binds itself: of a compound one those of its first line."""
    match statement:
        case cst.For(target=target):
            return list(bound_names(target).items())
        case cst.With(items=items):
            return [pair for item in items for pair in bindings(item)]
        case cst.Try(handlers=handlers):
            return [pair for handler in handlers if handler.name is not None for pair in bindings(handler.name)]
        case cst.BaseCompoundStatement() if not isinstance(statement, cst.FunctionDef | cst.ClassDef):
            return []
    return list(bindings(statement))


def takes_number(statement: cst.CSTNode, expression: cst.BaseExpression, staging: Staging | None = None) -> bool:
    """Whether the value of an expression in a statement is formatted as a number, converted to one, or kept as one."""
    for node in walk(statement):
        match node:
            case cst.BinaryOperation(left=left, operator=cst.Modulo(), right=right):
                elements = list(right.elements) if isinstance(right, cst.Tuple) else [cst.Element(right)]
                place = next((i for i, element in enumerate(elements) if element.value is expression), None)
                if place is not None:
                    starred = any(isinstance(element, cst.StarredElement) for element in elements)
                    kinds = _kinds(left)
                    return not starred and place < len(kinds) and kinds[place] in _NUMERIC
            case cst.Call(func=cst.Name(value=name), args=[cst.Arg(value=value)]) if value is expression:
                return name in _CONVERSIONS or _calculates(node, staging)
            case cst.Call(args=arguments) if any(argument.value is expression for argument in arguments):
                return _calculates(node, staging)
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Subscript(value=array))]) if node.value is expression:
                return _is_array(array, staging)
    return False


def _calculates(call: cst.Call, staging: Staging | None) -> bool:
    """Whether a function of ``math`` is called, which takes numbers only."""
    found = staging.values_of(call.func) if staging is not None else []
    return bool(found) and all(isinstance(value, Foreign) and value.name.startswith("math.") for value in found)


def _is_array(expression: cst.BaseExpression, staging: Staging | None) -> bool:
    """Whether an array of numpy is stored into, in a program whose arrays all hold numbers."""
    found = staging.values_of(expression) if staging is not None else []
    if staging is None or not found or any(_names_objects(module.tree) for module in staging.modules.values()):
        return False
    return all(isinstance(value, Host) and value.origin in _ARRAYS for value in found)


def _names_objects(tree: cst.CSTNode) -> bool:
    """Whether an array may be made for objects: ``dtype=object``, or the same by ``np.object`` or a text."""
    given = (node.value for node in walk(tree) if isinstance(node, cst.Arg))
    for value in given:
        match value:
            case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)) if name in ("object", "object_"):
                return True
            case cst.SimpleString() if value.evaluated_value in ("O", "object"):
                return True
    return False


def _kinds(text: cst.BaseExpression) -> list[str]:
    """The conversions of a format, in order; none where they are not all plain."""
    value = text.evaluated_value if isinstance(text, cst.SimpleString | cst.ConcatenatedString) else None
    if not isinstance(value, str):
        return []
    found = [match for match in _DIRECTIVE.finditer(value) if match["kind"] != "%"]
    if any(match["key"] or "*" in (match["width"], match["digits"]) for match in found):
        return []
    return [match["kind"] for match in found]
