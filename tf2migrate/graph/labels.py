"""Names and places for people: what a node of the graph is called in the program, and where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import libcst as cst

from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.staging import Staging
from tf2migrate.graph.values import (
    Choice,
    Class,
    Const,
    Function,
    Instance,
    Mapping,
    Node,
    Optimizer,
    ProjectModule,
    Sequence,
    Symbol,
    Unknown,
    Value,
)
from tf2migrate.names.project import Module

_DEPTH = 4
_Found = dict[int, tuple[Node | Optimizer, dict[str, None]]]


class Labels:
    """Names of nodes and optimizers: the variable, attribute or element of the program that holds them."""

    def __init__(self, staging: Staging) -> None:
        self.staging = staging
        found: _Found = {}
        for frame in staging.frames:
            for name, value in frame.env.items():
                self._collect(name, value, set(), _DEPTH, found)
        self._names: dict[int, str] = {}
        for key, (_, names) in found.items():
            # `w` tells more than `model.w`, and that more than `pairs[0][1]`; two nodes should not share a name.
            taken = set(self._names.values())
            self._names[key] = min(names, key=lambda name: (name in taken, name.count("["), name.count(".")))
        counts = Counter(self._names.values())
        for key, (value, _) in found.items():
            if counts[self._names[key]] > 1 and isinstance(value, Node) and value.name:
                self._names[key] = value.name
        short = Counter(module.path.name for module in staging.modules.values())
        self._files = {
            key: module.path.name if short[module.path.name] == 1 else key for key, module in staging.modules.items()
        }

    def _collect(self, name: str, value: Value, seen: set[int], depth: int, found: _Found) -> None:
        if depth == 0 or id(value) in seen:
            return
        seen.add(id(value))
        match value:
            case Node() | Optimizer():
                found.setdefault(id(value), (value, {}))[1][name] = None
            case Sequence(items=items):
                for index, item in enumerate(items):
                    self._collect(f"{name}[{index}]", item, seen, depth - 1, found)
            case Mapping(items=pairs):
                for key, item in pairs.items():
                    if isinstance(key, str | int):
                        self._collect(f"{name}[{key!r}]", item, seen, depth - 1, found)
            case Instance(attributes=attributes):
                for attribute, item in attributes.items():
                    self._collect(f"{name}.{attribute}", item, seen, depth - 1, found)

    # ------------------------------------------------------------------ names
    def name(self, value: Node | Optimizer) -> str:
        """What the program calls it; empty if it has no name there."""
        return self._names.get(id(value), "")

    def of(self, node: Node) -> str:
        """A name for every node: the program's own, else the op and its place."""
        known = self.name(node)
        if known:
            return known
        label = node.name or node.op.removeprefix("operator.").removeprefix("method.")
        return f"{label} of {self.place(node.place, node.expression)}"

    def value(self, value: Value | None) -> str:
        """A value as one would write it, as far as it is known."""
        match value:
            case None:
                return "nothing"
            case Const(value=known):
                return repr(known)
            case Node():
                return self.of(value)
            case Symbol(name=name):
                return name
            case Sequence(items=items, kind=kind, exact=exact):
                inner = ", ".join([*map(self.value, items), *([] if exact else ["..."])])
                if kind == "tuple":
                    return f"({inner},)" if len(items) == 1 and exact else f"({inner})"
                return f"{{{inner}}}" if kind == "set" else f"[{inner}]"
            case Mapping(items=pairs, exact=exact):
                parts = [f"{self._key(key)}: {self.value(item)}" for key, item in pairs.items()]
                return f"{{{', '.join([*parts, *([] if exact else ['...'])])}}}"
            case Choice(options=options):
                return "either " + " or ".join(map(self.value, options))
            case Unknown():
                return "unknown"
            case Instance(cls=cls):
                return f"an object of {cls.definition.name.value}"
            case Function() | Class() | ProjectModule():
                return f"a {type(value).__name__.lower()}"
        return "a host value"

    def _key(self, key: object) -> str:
        if isinstance(key, Node):
            return self.of(key)
        return "an unknown key" if isinstance(key, tuple) and key[:1] == ("unknown",) else repr(key)

    # ------------------------------------------------------------------ places
    def place(self, place: Place, node: cst.CSTNode | None = None) -> str:
        """``file:line`` of a node, or of the statement during which something happened."""
        module = self.module(place)
        where = node if node is not None and node in module.positions else None
        if where is None and place.steps:
            where = place.steps[-1].statement
        return f"{self.file(module.key)}:{module.line(where) if where is not None else 1}"

    def file(self, key: str) -> str:
        """The name of a file, without its folder where that is clear."""
        return self._files[key]

    def module(self, place: Place) -> Module:
        """The file in which something happened."""
        return self.staging.modules[place.module]

    def code(self, module: Module, node: cst.CSTNode, width: int = 72) -> str:
        """The source of a node on one line, shortened."""
        text = " ".join(module.tree.code_for_node(node).split())
        return text if len(text) <= width else text[: width - 3] + "..."

    def called_from(self, frame: Frame) -> tuple[str, str]:
        """The function that a frame belongs to, and the lines of the calls that led there, innermost first."""
        names, lines = [], []
        current: Frame | None = frame
        while current is not None and isinstance(current.owner, cst.FunctionDef | cst.Lambda):
            owner = current.owner
            names.append(owner.name.value if isinstance(owner, cst.FunctionDef) else "lambda")
            if current.called_from is None:
                break
            lines.append(self.place(current.called_from))
            current = current.called_from.steps[-1].frame if current.called_from.steps else None
        return (names[0] if names else ""), " <- ".join(lines)


def slice_of(fetched: Iterable[Node], fed: Iterable[Node]) -> list[Node]:
    """The nodes that a run computes: what the fetched ones depend on, up to what is fed and to variables."""
    cut = {id(node) for node in fed}
    found: dict[int, Node] = {}
    stack = list(fetched)
    while stack:
        node = stack.pop()
        if id(node) in found:
            continue
        found[id(node)] = node
        if id(node) not in cut and node.kind != "variable":
            stack += [*node.inputs, *node.control]
    return sorted(found.values(), key=lambda node: node.number)


def simple_statements(place: Place) -> Iterator[tuple[str, cst.CSTNode]]:
    """The simple statements on the way to something, with the key of their file."""
    for step in place.steps:
        if isinstance(step.statement, cst.SimpleStatementLine | cst.BaseSmallStatement):
            yield step.frame.module, step.statement
