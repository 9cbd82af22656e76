"""What the text of an argument shows about its dtype, rank and shape, without knowing what its names hold."""

from __future__ import annotations

import ast

from tf2migrate.api.literals import expression

_FLOAT_DTYPES = frozenset(
    {"float16", "bfloat16", "float32", "float64", "half", "double", "complex64", "complex128"}
)
_ELEMENTWISE = frozenset(
    [
        "is_nan",
        "is_inf",
        "is_finite",
        "logical_not",
        "abs",
        "negative",
        "sign",
        "square",
        "sqrt",
        "rsqrt",
        "exp",
        "log",
        "log1p",
        "floor",
        "ceil",
        "round",
        "sigmoid",
        "tanh",
        "relu",
        "softplus",
        "stop_gradient",
        "identity",
        "zeros_like",
        "ones_like",
        "cast",
        "to_float",
        "to_double",
        "to_int32",
        "to_int64",
    ]
)
_PAIRWISE = frozenset(
    [
        "equal",
        "not_equal",
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "logical_and",
        "logical_or",
        "add",
        "subtract",
        "multiply",
        "divide",
        "maximum",
        "minimum",
        "pow",
    ]
)


def dtype_of(text: str, tf: str) -> str | None:
    """`float32` and the like where the text shows it: a literal, a cast, `tf.zeros(...)` without a dtype."""
    node = expression(text)
    if isinstance(node, ast.Call) and not ast.unparse(node.func).startswith(f"{tf}."):
        return None
    return None if node is None else _dtype(node)


def is_floating(dtype: str | None) -> bool | None:
    """Whether a dtype is divided truly; None where the dtype is not known."""
    return None if dtype is None else dtype in _FLOAT_DTYPES


def _dtype(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=bool()):
            return "bool"
        case ast.Constant(value=float()):
            return "float32"
        case ast.UnaryOp(operand=operand):
            return _dtype(operand)
        case ast.Call(func=ast.Attribute(attr="cast"), args=[_, dtype, *_]):
            return _dtype_name(dtype)
        case ast.Call(func=ast.Attribute(attr="one_hot"), args=args, keywords=keywords) if len(args) < 5:
            named = {keyword.arg: keyword.value for keyword in keywords}
            return _dtype_name(named["dtype"]) if "dtype" in named else "float32" if len(args) == 2 else None
        case ast.Call(func=ast.Attribute(attr="zeros" | "ones"), args=[_], keywords=keywords):
            named = {keyword.arg: keyword.value for keyword in keywords}
            return _dtype_name(named["dtype"]) if "dtype" in named else "float32"
        case ast.Call(func=ast.Attribute(attr="zeros" | "ones"), args=[_, dtype, *_]):
            return _dtype_name(dtype)
    return None


def _dtype_name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else None


def has_shape_of(text: str, *others: str) -> bool:
    """Whether the text has the one shape that the others have, being an elementwise function of them."""
    sources = _shape_sources(expression(text))
    known = [_shape_sources(expression(other)) for other in others]
    single = {name for names in known if names is not None and len(names) == 1 for name in names}
    return bool(sources) and sources is not None and sources <= single


def is_scalar(text: str) -> bool:
    """Whether the text is a number that is written out."""
    node = expression(text)
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float | bool)


def _shape_sources(node: ast.expr | None) -> frozenset[str] | None:
    """The texts of the expressions whose shapes are broadcast to the node's; None where that is not known."""
    match node:
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return frozenset({ast.unparse(node)})
        case ast.Constant(value=int() | float()):
            return frozenset()
        case ast.UnaryOp(operand=operand):
            return _shape_sources(operand)
        case ast.BinOp(op=op) if isinstance(op, ast.MatMult):
            return None
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            return _together(left, right)
        case ast.Call(func=ast.Attribute(attr=name), args=[argument, *_]) if name in _ELEMENTWISE:
            return _shape_sources(argument)
        case ast.Call(func=ast.Attribute(attr=name), args=[left, right, *_]) if name in _PAIRWISE:
            return _together(left, right)
    return None


def _together(left: ast.expr, right: ast.expr) -> frozenset[str] | None:
    first, second = _shape_sources(left), _shape_sources(right)
    return None if first is None or second is None else first | second
