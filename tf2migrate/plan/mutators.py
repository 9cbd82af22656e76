"""Methods and functions of the host that change an object in place."""

from __future__ import annotations

# Methods that change a list, dict, set or array in place.
MUTATING = frozenset(
    [
        "append",
        "extend",
        "insert",
        "pop",
        "popleft",
        "appendleft",
        "remove",
        "clear",
        "sort",
        "reverse",
        "update",
        "setdefault",
        "popitem",
        "add",
        "discard",
        "fill",
        "resize",
        "itemset",
        "put",
        "partition",
        "setflags",
        "byteswap",
        "setfield",
        "shuffle",
        "__setitem__",
        "__iadd__",
    ]
)
# Foreign functions that change an argument.
WRITERS = frozenset(
    [
        "numpy.random.shuffle",
        "random.shuffle",
        "numpy.copyto",
        "numpy.put",
        "numpy.place",
        "numpy.putmask",
        "numpy.fill_diagonal",
        "numpy.ndarray.sort",
        "heapq.heappush",
        "heapq.heappop",
    ]
)
