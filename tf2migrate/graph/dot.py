"""The graph of a program in the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tf2migrate.graph.labels import Labels
from tf2migrate.graph.values import Mapping, Node, nodes_in, unknown_in

_SHAPES = {
    "placeholder": "invhouse",
    "variable": "cylinder",
    "layer": "cylinder",
    "tensor": "box",
    "train": "octagon",
    "assign": "octagon",
    "group": "octagon",
    "init": "octagon",
}


def digraph(programs: Sequence[tuple[str, Labels]]) -> str:
    """One cluster for each program: nodes with the edges of their data, and a node for each run.

    An edge leads from what is read to what reads it, a dashed one from what only has to happen before. Dotted edges
    are feeds.
    """
    lines = ["digraph tf2migrate {", "  rankdir=LR;", "  node [fontname=monospace];"]
    for number, (title, labels) in enumerate(programs):
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f"    label={quoted(title)};")
        lines += [f"    {line}" for line in _program(f"p{number}_", labels)]
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def quoted(text: str) -> str:
    """A string of the language; line ends become its own escape for them."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(c for c in escaped if c.isprintable()) + '"'


def _program(prefix: str, labels: Labels) -> Iterator[str]:
    staging = labels.staging
    known = {node.number for node in staging.nodes}
    for node in staging.nodes:
        yield f"{prefix}n{node.number} [{_attributes(node, labels)}];"
        for source in node.inputs:
            if source.number in known:
                yield f"{prefix}n{source.number} -> {prefix}n{node.number};"
        for source in node.control:
            if source.number in known:
                yield f"{prefix}n{source.number} -> {prefix}n{node.number} [style=dashed];"
    for number, site in enumerate(staging.runs, 1):
        module = staging.modules[site.frame.module]
        lines = [f"run {number}", f"{labels.file(module.key)}:{module.line(site.expression)}"]
        color = ""
        if (unknown := unknown_in(site.fetches) or unknown_in(site.feeds)) is not None:
            lines.append(unknown.reason)
            color = ", color=red"
        label = quoted("\n".join(lines))
        yield f"{prefix}r{number} [shape=box3d, label={label}{color}];"
        for node in nodes_in(site.fetches):
            yield f"{prefix}n{node.number} -> {prefix}r{number};"
        if isinstance(site.feeds, Mapping):
            for key in site.feeds.items:
                if isinstance(key, Node):
                    yield f"{prefix}r{number} -> {prefix}n{key.number} [style=dotted, constraint=false];"


def _attributes(node: Node, labels: Labels) -> str:
    lines = [labels.name(node) or node.name, node.op, labels.place(node.place, node.expression)]
    color = ""
    if node.unknown is not None:
        lines.append(node.unknown.reason)
        color = ", color=red"
    text = "\n".join(line for line in dict.fromkeys(lines) if line)
    return f"shape={_SHAPES.get(node.kind, 'box')}, label={quoted(text)}{color}"
