"""What a loop or a call has changed that may have been left early: nobody knows how far it came."""

from __future__ import annotations

import libcst as cst

from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import Instance, Sequence, Value, nodes_in
from tf2migrate.names.tree import walk


class Before:
    """What the names of a loop's body stand for before it, and how long the lists among them are."""

    def __init__(self, body: cst.CSTNode, frame: Frame) -> None:
        self.frame = frame
        names = {node.value for node in walk(body) if isinstance(node, cst.Name)}
        self.values = {name: frame.lookup(name) for name in names}
        self.lengths = {name: len(v.items) for name, v in self.values.items() if isinstance(v, Sequence)}

    def changed_since(self) -> list[str]:
        """Names of the frame that hold graph and have been bound again; lists that grew lose their certainty."""
        out: list[str] = []
        for name, value in self.values.items():
            if isinstance(value, Sequence) and len(value.items) != self.lengths[name]:
                value.exact = False
            now = self.frame.lookup(name)
            if now is not value and name in self.frame.env and (_holds_graph(value) or _holds_graph(now)):
                out.append(name)
        return out


class AtReturn:
    """What the attributes of objects stand for where a call may return, and how long the lists among them are."""

    def __init__(self, instances: list[Instance]) -> None:
        self.attributes = [(made, dict(made.attributes)) for made in instances]
        held = [value for _, attributes in self.attributes for value in attributes.values()]
        self.lists = [(value, len(value.items)) for value in held if isinstance(value, Sequence)]

    def changed_since(self) -> list[tuple[Instance, str]]:
        """Attributes that held graph and have been bound again; lists that grew lose their certainty."""
        for value, length in self.lists:
            value.exact = value.exact and len(value.items) == length
        return [
            (made, name)
            for made, attributes in self.attributes
            for name, value in attributes.items()
            if made.attributes.get(name) is not value and _holds_graph(value)
        ]


def _holds_graph(value: Value | None) -> bool:
    return value is not None and any(True for _ in nodes_in(value))
