"""Static shapes: what TensorFlow 1 knew of the shape of a tensor while the graph was built.

A shape is a tuple of sizes, one for each dimension: a ``Const`` of an int, ``DYNAMIC`` where TensorFlow 1 knew nothing,
or the host value that decides it. The very objects that the program gave are kept, so that a size can be traced back
to the name that held it. ``None`` in place of a shape means that it is not worked out, and a ``Host`` of its own in
place of a size that this one is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from tf2migrate.graph.values import DYNAMIC, Choice, Const, Dimension, Host, Mapping, Node, Shape, Symbol, Value, key_of
from tf2migrate.graph.values import Sequence as Items

Sizes = tuple[Value, ...]


class Given:
    """The arguments of one op, by position or name."""

    def __init__(self, positional: Sequence[Value], keywords: dict[str, Value]) -> None:
        self.positional = positional
        self.keywords = keywords

    def get(self, position: int, *names: str) -> Value | None:
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return self.positional[position] if 0 <= position < len(self.positional) else None

    def shape(self, position: int, *names: str) -> Sizes | None:
        """The static shape of an argument."""
        return shape_of(self.get(position, *names))

    def number(self, default: int | None, position: int, *names: str) -> int | None:
        """An argument that is a known int; ``default`` where it is not given."""
        value = self.get(position, *names)
        return default if value is None else number(value)

    def flag(self, *names: str, position: int = -1) -> bool | None:
        """A flag that is false where it is not given; None when it is not known."""
        value = self.get(position, *names)
        if value is None or (isinstance(value, Const) and value.value is None):
            return False
        return bool(value.value) if isinstance(value, Const) else None

    def text(self, default: str, position: int, *names: str) -> str | None:
        value = self.get(position, *names)
        if value is None or (isinstance(value, Const) and value.value is None):
            return default
        return value.value if isinstance(value, Const) and isinstance(value.value, str) else None


# ------------------------------------------------------------------ single sizes
def number(value: Value | None) -> int | None:
    """The int that a value is known to be."""
    if isinstance(value, Dimension):
        value = value.size
    if isinstance(value, Const) and isinstance(value.value, int) and not isinstance(value.value, bool):
        return value.value
    return None


def numbers(value: Value | None) -> list[int] | None:
    """The ints of a list or tuple; one int counts as a list of one."""
    if (single := number(value)) is not None:
        return [single]
    items = items_of(value)
    found = [number(item) for item in items or ()]
    return None if items is None or None in found else [n for n in found if n is not None]


def items_of(value: Value | None) -> list[Value] | None:
    """The items of a list, tuple or static shape, when all are there."""
    match value:
        case Items(items=items, exact=True):
            return list(items)
        case Shape(sizes=sizes):
            return list(sizes)
        case Const(value=tuple() | list() as known):
            return [Const(item) for item in known]
    return None


def size_of(value: Value | None) -> Value:
    """An entry of a shape as the size that it stands for."""
    match value:
        case Dimension(size=size):
            return size
        case Const(value=None):
            return DYNAMIC
        case Const(value=int() as known):
            return DYNAMIC if known == -1 else value
        case Host():
            return value
    return Host()


def same(left: Value, right: Value) -> bool:
    return left is right or key_of(left) == key_of(right)


def sizes_given(value: Value | None) -> Sizes | None:
    """The shape that an argument such as ``shape=[None, 784]`` or ``tf.shape(x)`` describes."""
    if isinstance(value, Node):
        return value.inputs[0].shape if value.op == "tf.shape" and len(value.inputs) == 1 else None
    items = items_of(value)
    return None if items is None else tuple(size_of(item) for item in items)


def shape_of(value: Value | None) -> Sizes | None:
    """The static shape of anything that can be a tensor."""
    match value:
        case Node(shape=shape):
            return shape
        case Dimension() | Const(value=bool() | int() | float() | complex() | str() | bytes()):
            return ()
        case Host(dtype=known) if known:
            return ()
        case Choice(options=options):
            shapes = [shape_of(option) for option in options]
            first = shapes[0]
            if first is None or any(s is None or not _alike(first, s) for s in shapes):
                return None
            return first
        case Items() | Const(value=tuple() | list()) | Shape():
            items = items_of(value)
            if not items:
                return None
            inner = [shape_of(item) for item in items]
            if inner[0] is None or any(s is None or not _alike(inner[0], s) for s in inner):
                return None
            return (Const(len(items)), *inner[0])
    return None


def _alike(left: Sizes, right: Sizes) -> bool:
    return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))


def product(sizes: Sequence[Value]) -> Value:
    """The number of elements."""
    if len(sizes) == 1:
        return sizes[0]
    out = 1
    for size in sizes:
        known = number(size)
        if known is None:
            return DYNAMIC if any(s is DYNAMIC for s in sizes) else Host()
        out *= known
    return Const(out)


def total(sizes: Sequence[Value]) -> Value:
    """The size of what is joined along one dimension."""
    known = [number(size) for size in sizes]
    if any(size is DYNAMIC for size in sizes):
        return DYNAMIC
    if None in known:
        key = key_of(sizes[0])
        for size in sizes[1:]:
            key = ("Add", key, key_of(size))
        return Host(key=key)
    return Const(sum(n for n in known if n is not None))


# ------------------------------------------------------------------ whole shapes
def broadcast(left: Sizes | None, right: Sizes | None) -> Sizes | None:
    """The shape of an elementwise op of two tensors."""
    if left is None or right is None:
        return None
    longest = max(len(left), len(right))
    a = (Const(1),) * (longest - len(left)) + left
    b = (Const(1),) * (longest - len(right)) + right
    return tuple(_broadcast(x, y) for x, y in zip(a, b, strict=True))


def _broadcast(left: Value, right: Value) -> Value:
    if same(left, right) or number(right) == 1:
        return left
    if number(left) == 1:
        return right
    if number(left) is not None:
        return left
    if number(right) is not None:
        return right
    return Host()


def reduced(shape: Sizes | None, axes: Value | None, keep: bool | None) -> Sizes | None:
    """A shape after a reduction over ``axes``, over all of them where none is given."""
    everything = axes is None or (isinstance(axes, Const) and axes.value is None)
    if shape is None or keep is None:
        return () if everything and keep is False else None
    if everything:
        gone = set(range(len(shape)))
    else:
        found = numbers(axes)
        if found is None:
            return None
        gone = {axis % len(shape) for axis in found} if shape else set()
    if keep:
        return tuple(Const(1) if i in gone else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in gone)


def indexed(shape: Sizes | None, key: Value) -> Sizes | None:
    """The shape of ``x[key]``."""
    if shape is None:
        return None
    keys = list(key.items) if isinstance(key, Items) and key.kind == "tuple" else [key]
    keys = [Const(None) if isinstance(k, Symbol) and k.name == "tf.newaxis" else k for k in keys]
    taken = sum(not (isinstance(k, Const) and (k.value is None or k.value is Ellipsis)) for k in keys)
    if taken > len(shape):
        return None
    out: list[Value] = []
    rest = list(shape)
    for position, one in enumerate(keys):
        match one:
            case Const(value=None):
                out.append(Const(1))
            case Const(value=known) if known is Ellipsis:
                after = sum(not (isinstance(k, Const) and k.value is None) for k in keys[position + 1 :])
                while len(rest) > after:
                    out.append(rest.pop(0))
            case Const(value=slice() as bounds):
                out.append(_sliced(rest.pop(0), bounds))
            case Items(kind="slice", items=ends):
                out.append(_part_of(rest.pop(0), ends))
            case _ if shape_of(one) == () or isinstance(one, Host):
                rest.pop(0)
            case _:
                return None
    return (*out, *rest)


def _sliced(size: Value, bounds: slice) -> Value:
    if bounds == slice(None, None, None):
        return size
    known = number(size)
    if known is None:
        return size if size is DYNAMIC else Host()
    try:
        return Const(len(range(*bounds.indices(known))))
    except (TypeError, ValueError):
        return Host()


# How many parts of one size a dimension is mostly made of: means and deviations, the gates of a cell.
COUNTS = (1, 2, 3, 4)


def _part_of(size: Value, ends: list[Value]) -> Value:
    """The size of ``x[:n]``, or of ``x[n:]``, where ``x`` has ``n`` times a number of entries."""
    lower, upper, step = ends
    first = isinstance(lower, Const) and lower.value in (None, 0)
    last = isinstance(upper, Const) and upper.value is None
    bound = upper if first else lower
    match size:
        case Host(key=("Multiply", a, b)) if isinstance(bound, Host) and isinstance(step, Const) and step.value is None:
            for count in COUNTS:
                if (a, b) in ((key_of(bound), key_of(Const(count))), (key_of(Const(count)), key_of(bound))):
                    return bound if first or (last and count == 2) else Host()
    return Host()


def reshaped(shape: Sizes | None, target: Value | None) -> Sizes | None:
    """The shape that ``tf.reshape`` gives; what ``-1`` stands for is known where all other sizes are."""
    items = items_of(target)
    if items is None:
        return None
    wanted = [size_of(item) for item in items]
    open_ = [i for i, item in enumerate(items) if number(item) == -1]
    if len(open_) == 1:
        whole = number(product(shape)) if shape is not None else None
        others = number(product([size for i, size in enumerate(wanted) if i != open_[0]]))
        if whole is not None and others:
            wanted[open_[0]] = Const(whole // others)
        elif shape is None or others is None or product(shape) is not DYNAMIC:
            wanted[open_[0]] = Host()
    return tuple(wanted)


def matrix_product(given: Given) -> Sizes | None:
    left, right = given.shape(0, "a", "x"), given.shape(1, "b", "y")
    swaps = [
        given.flag("transpose_a", "adj_x", position=2),
        given.flag("transpose_b", "adj_y", position=3),
    ]
    if left is None or right is None or None in swaps or len(left) < 2 or len(right) < 2:
        return None
    rows = left[-1] if swaps[0] else left[-2]
    columns = right[-2] if swaps[1] else right[-1]
    batch = broadcast(left[:-2], right[:-2])
    return None if batch is None else (*batch, rows, columns)


def window(size: Value, kernel: int | None, stride: int | None, padding: str | None) -> Value:
    """The size of one dimension after a convolution or a pooling."""
    if padding is None or stride is None:
        return Host()
    known = number(size)
    if padding.upper() == "SAME":
        if stride == 1:
            return size
        return Const(-(-known // stride)) if known is not None else size if size is DYNAMIC else Host()
    if padding.upper() != "VALID" or kernel is None:
        return Host()
    if kernel == 1 and stride == 1:
        return size
    return Const(-(-(known - kernel + 1) // stride)) if known is not None else size if size is DYNAMIC else Host()


def enlarged(size: Value, kernel: int | None, stride: int | None, padding: str | None) -> Value:
    """The size of one dimension after a transposed convolution."""
    known = number(size)
    if padding is None or stride is None or known is None:
        return DYNAMIC if size is DYNAMIC else Host()
    if padding.upper() == "SAME":
        return Const(known * stride)
    return Host() if kernel is None else Const(known * stride + max(kernel - stride, 0))


def merged(known: Sizes | None, told: Sizes | None) -> Sizes | None:
    """A shape after ``x.set_shape(told)``: what either of them knows."""
    if known is None or told is None or len(known) != len(told):
        return None if known is not None and told is not None else told
    return tuple(b if a is DYNAMIC or number(b) is not None else a for a, b in zip(known, told, strict=True))


def shape_sources(*values: Value) -> frozenset[Node]:
    """The nodes whose static shape any of ``values`` depends on."""
    out: frozenset[Node] = frozenset()
    for value in values:
        match value:
            case Host(shape_of=nodes):
                out |= nodes
            case Shape(of=node) | Dimension(of=node):
                out |= {node}
            case Items(items=items):
                out |= shape_sources(*items)
            case Choice(options=options):
                out |= shape_sources(*options)
            case Mapping(items=pairs):
                out |= shape_sources(*pairs.values())
    return out
