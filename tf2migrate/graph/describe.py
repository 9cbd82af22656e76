"""What the staging analysis understood of a program, for a person who wonders why something was refused."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from tf2migrate.files import SourceFile, SourceProblem, mentions_tensorflow
from tf2migrate.files.imports import ImportGraph
from tf2migrate.graph.dot import digraph
from tf2migrate.graph.labels import Labels, simple_statements, slice_of
from tf2migrate.graph.program import analyse
from tf2migrate.graph.staging import RunSite, Staging
from tf2migrate.graph.values import Mapping, Node, Unknown, nodes_in, unknown_in
from tf2migrate.names.project import Module, Project, parse

_STATE = ("variable", "layer")


def describe(sources: Sequence[SourceFile], form: str = "text", asked: Collection[Path] | None = None) -> str:
    """The graphs of the programs among ``sources``, as ``text`` or for Graphviz (``dot``).

    With ``asked``, only the programs that hold one of these files. A file that cannot be parsed is named in the text.
    """
    programs, problems = _programs(sources, asked)
    if form == "dot":
        return digraph([(_title(staging), Labels(staging)) for staging in programs])
    parts = [_text(staging) for staging in programs]
    parts += [f"{problem.path}:{problem.line}: cannot be analysed: {problem.message}\n" for problem in problems]
    return "\n\n".join(parts) or "no program that mentions TensorFlow\n"


def _programs(
    sources: Sequence[SourceFile], asked: Collection[Path] | None
) -> tuple[list[Staging], list[SourceProblem]]:
    by_path = {os.path.abspath(source.path): source for source in sources}
    wanted = by_path.keys() if asked is None else {os.path.abspath(path) for path in asked}
    graph = ImportGraph({path: source.text for path, source in by_path.items()})
    users = graph.users({path for path, source in by_path.items() if mentions_tensorflow(source.raw)})
    modules: dict[str, Module] = {}
    programs: list[Staging] = []
    problems: list[SourceProblem] = []
    for entry in graph.entries(users):
        closure = graph.closure(entry)
        if wanted.isdisjoint(closure):
            continue
        try:
            for path in closure:
                if path not in modules:
                    modules[path] = parse(by_path[path])
        except SourceProblem as problem:
            problems.append(problem)
            continue
        programs.append(analyse(Project([modules[path] for path in closure]), modules[entry]))
    return programs, problems


def _title(staging: Staging) -> str:
    """The entry file, which is interpreted first, and what belongs to it."""
    entry, *others = staging.module_frames or staging.modules
    return f"{entry} (with {', '.join(others)})" if others else entry


def _text(staging: Staging) -> str:
    labels = Labels(staging)
    runs = _grouped(staging, labels)
    sections = (
        ("placeholders", _placeholders(runs, staging, labels)),
        ("variables and layers", _state(staging, labels)),
        ("tensors and ops", _tensors(staging, labels)),
        ("optimizers", _optimizers(staging, labels)),
        ("runs", _runs(runs, staging, labels)),
        ("not understood", _open_questions(staging, labels)),
    )
    lines = [_title(staging)]
    for title, content in sections:
        body = list(content)
        lines += ["", f"{title}: {'none' if not body else _amount(body)}".removesuffix(": ")]
        lines += body
    return "\n".join(lines) + "\n"


def _amount(body: Sequence[str]) -> str:
    """How many entries a section has; what belongs to one is indented more."""
    return str(sum(not line.startswith("   ") for line in body))


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows in columns, all but the last of which are padded; a row of one cell is a note on the row above."""
    kept = list(rows)
    widths: list[int] = []
    for row in (row for row in kept if len(row) > 1):
        widths += [0] * (len(row) - len(widths))
        for index, cell in enumerate(row[:-1]):
            widths[index] = max(widths[index], min(len(cell), 40))
    for row in kept:
        if len(row) == 1:
            yield f"      {row[0]}"
        else:
            cells = [cell.ljust(widths[index]) for index, cell in enumerate(row[:-1])]
            yield "  " + "  ".join([*cells, row[-1]]).rstrip()


# ---------------------------------------------------------------------- what the graph is made of
def _source(labels: Labels, node: Node) -> str:
    return labels.code(labels.module(node.place), node.expression) if node.expression is not None else node.op


def _placeholders(groups: Sequence[_Run], staging: Staging, labels: Labels) -> Iterator[str]:
    feeders: dict[int, list[int]] = {}
    for number, group in enumerate(groups, 1):
        for node in _fed(group.sites[0]):
            feeders.setdefault(id(node), []).append(number)
    rows: list[Sequence[str]] = []
    for node in staging.nodes:
        if node.kind == "placeholder":
            rows.append((labels.place(node.place, node.expression), labels.name(node), _source(labels, node)))
            runs = feeders.get(id(node), [])
            rows.append((f"fed by {_runs_named(runs)}" if runs else "never fed",))
    return _table(rows)


def _state(staging: Staging, labels: Labels) -> Iterator[str]:
    uses: dict[int, dict[str, None]] = {}
    for node, place in staging.touched:
        path = " <- ".join(dict.fromkeys(_line(labels, *step) for step in reversed(list(simple_statements(place)))))
        uses.setdefault(id(node), {}).setdefault(path)
    rows: list[Sequence[str]] = []
    for node in staging.nodes:
        if node.kind in _STATE:
            rows.append((labels.place(node.place, node.expression), labels.name(node), _source(labels, node)))
            trained = "trainable" if node.trainable else "not trainable"
            rows.append((f"{node.kind} {node.name!r}, {trained}",))
            ways = list(uses.get(id(node), ()))
            if len(ways) > 1:
                rows.append((f"shared, reached {len(ways)} ways: {'; '.join(ways)}",))
            elif ways and " <- " in ways[0]:
                rows.append((f"made by way of {ways[0]}",))
    return _table(rows)


def _tensors(staging: Staging, labels: Labels) -> Iterator[str]:
    """One row for each statement, with what it makes."""
    made: dict[tuple[str, int], tuple[cst.CSTNode, list[Node]]] = {}
    for node in staging.nodes:
        if node.kind in ("placeholder", *_STATE) or not node.place.steps:
            continue
        step = node.place.steps[-1]
        made.setdefault((step.frame.module, id(step.statement)), (step.statement, []))[1].append(node)
    rows: list[Sequence[str]] = []
    for (key, _), (statement, nodes) in made.items():
        names = dict.fromkeys(labels.name(node) for node in nodes)
        kinds = dict.fromkeys(node.kind for node in nodes)
        what = ", ".join(kind for kind in kinds if kind != "tensor")
        named = ", ".join(name for name in names if name)
        rows.append((_line(labels, key, statement), named, labels.code(staging.modules[key], _head(statement))))
        if what:
            rows.append((what,))
        for node in nodes:
            if node.unknown is not None:
                rows.append((f"unknown: {_reason(node.unknown, labels)}",))
    return _table(rows)


def _head(statement: cst.CSTNode) -> cst.CSTNode:
    """A statement without the comments above it; of a compound one, what decides it."""
    match statement:
        case cst.SimpleStatementLine(body=[first, *_]):
            return first
        case cst.For(iter=head) | cst.While(test=head) | cst.If(test=head):
            return head
        case cst.With(items=[first, *_]):
            return first.item
    return statement


def _optimizers(staging: Staging, labels: Labels) -> Iterator[str]:
    rows: list[Sequence[str]] = []
    for optimizer in staging.optimizers:
        code = labels.code(labels.module(optimizer.place), optimizer.call)
        rows.append((labels.place(optimizer.place, optimizer.call), labels.name(optimizer), code))
        for node in staging.nodes:
            if node.kind == "train" and node.details.get("optimizer") is optimizer:
                trained = ", ".join(labels.of(variable) for variable in nodes_in(node.details.get("variables")))
                loss = node.details.get("loss")
                what = f" of {labels.value(loss)}" if loss is not None else ""
                place = labels.place(node.place, node.expression)
                rows.append((f"{node.op}{what} at {place}, of the variables {trained or 'none'}",))
    return _table(rows)


# ---------------------------------------------------------------------- what is run
@dataclass(slots=True)
class _Run:
    """The runs that one expression makes of the same part of the graph."""

    sites: list[RunSite]
    facts: dict[str, str]


def _grouped(staging: Staging, labels: Labels) -> list[_Run]:
    """The runs; those of a function that is called many times are told once for each part of the graph."""
    found: dict[tuple[int, tuple[str, ...]], _Run] = {}
    for site in staging.runs:
        facts = _facts(site, staging, labels)
        key = (id(site.expression), tuple(facts.values()))
        found.setdefault(key, _Run([], facts)).sites.append(site)
    return list(found.values())


def _runs(groups: Sequence[_Run], staging: Staging, labels: Labels) -> Iterator[str]:
    for number, group in enumerate(groups, 1):
        site = group.sites[0]
        module = staging.modules[site.frame.module]
        place = f"{labels.file(module.key)}:{module.line(site.expression)}:{module.column(site.expression)}"
        yield f"  {number}  {place}  {labels.code(module, site.expression)}"
        function, _ = labels.called_from(site.frame)
        if function:
            calls = dict.fromkeys(labels.called_from(other.frame)[1] for other in group.sites)
            yield f"       {'in':8} {function}, called at {'; '.join(call for call in calls if call)}"
        yield from (f"       {name:8} {text}" for name, text in group.facts.items() if text)


def _facts(site: RunSite, staging: Staging, labels: Labels) -> dict[str, str]:
    fed = list(_fed(site))
    sliced = slice_of(nodes_in(site.fetches), fed)
    return {
        "fetches": labels.value(site.fetches),
        "feeds": _feeds(site, labels),
        "needs": _names(labels, [n for n in sliced if n.kind == "placeholder" and n not in fed]),
        "reads": _names(labels, [n for n in sliced if n.kind in _STATE]),
        "updates": _names(labels, [n for n in sliced if n.kind in ("train", "assign")]),
        "lines": _lines(labels, [n for n in sliced if n not in fed and n.kind not in _STATE]),
        "unknown": _unknown_in_run(site, sliced, labels),
    }


def _fed(site: RunSite) -> Iterator[Node]:
    if isinstance(site.feeds, Mapping):
        yield from (key for key in site.feeds.items if isinstance(key, Node))


def _feeds(site: RunSite, labels: Labels) -> str:
    if site.feeds is None:
        return "nothing"
    if not isinstance(site.feeds, Mapping):
        return labels.value(site.feeds)
    given: dict[int, str] = {}
    if isinstance(site.feed_expression, cst.Dict):
        keys = list(site.feeds.items)
        elements = [element for element in site.feed_expression.elements if isinstance(element, cst.DictElement)]
        if len(keys) == len(elements):
            module = labels.staging.modules[site.frame.module]
            given = {id(key): labels.code(module, e.value, 40) for key, e in zip(keys, elements, strict=True)}
    parts = []
    for key, value in site.feeds.items.items():
        name = labels.of(key) if isinstance(key, Node) else labels.value(Mapping({key: value}))
        parts.append(f"{name} = {given[id(key)]}" if id(key) in given else name)
    return ", ".join([*parts, *([] if site.feeds.exact else ["and what is not known"])]) or "nothing"


def _unknown_in_run(site: RunSite, sliced: Sequence[Node], labels: Labels) -> str:
    found = [unknown_in(site.fetches), unknown_in(site.feeds), *(node.unknown for node in sliced)]
    return "; ".join(dict.fromkeys(_reason(unknown, labels) for unknown in found if unknown is not None))


def _names(labels: Labels, nodes: Sequence[Node]) -> str:
    return ", ".join(dict.fromkeys(labels.of(node) for node in nodes))


def _lines(labels: Labels, nodes: Sequence[Node]) -> str:
    """The lines of a slice, for each file: those that make its nodes, and those of the calls that lead there."""
    lines: dict[str, set[int]] = {}
    for node in nodes:
        for key, statement in simple_statements(node.place):
            lines.setdefault(key, set()).add(labels.staging.modules[key].line(_head(statement)))
    return "; ".join(f"{labels.file(key)}: {', '.join(_ranges(sorted(numbers)))}" for key, numbers in lines.items())


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    start = 0
    for index, number in enumerate(numbers):
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield str(number) if index == start else f"{numbers[start]}-{number}"
            start = index + 1


def _runs_named(numbers: Sequence[int]) -> str:
    return f"run {numbers[0]}" if len(numbers) == 1 else f"runs {', '.join(map(str, numbers))}"


# ---------------------------------------------------------------------- what stands in the way
def _open_questions(staging: Staging, labels: Labels) -> Iterator[str]:
    told: set[str] = set()
    rows: list[Sequence[str]] = []
    for obstacle in staging.obstacles:
        module = staging.modules[obstacle.module]
        place = f"{labels.file(module.key)}:{module.line(obstacle.where)}:{module.column(obstacle.where)}"
        rows.append((place, obstacle.code, obstacle.reason))
        told.add(obstacle.reason)
        if obstacle.advice:
            rows.append((obstacle.advice,))
    for seen in staging.observations.values():
        for observation in seen:
            unknown = observation.value
            if isinstance(unknown, Unknown) and unknown.reason not in told:
                told.add(unknown.reason)
                rows.append((labels.place(unknown.place or observation.place), unknown.code, unknown.reason))
    return _table(rows)


def _reason(unknown: Unknown, labels: Labels) -> str:
    place = f" ({labels.place(unknown.place)})" if unknown.place is not None else ""
    return f"{unknown.reason}{place}"


def _line(labels: Labels, key: str, statement: cst.CSTNode) -> str:
    return f"{labels.file(key)}:{labels.staging.modules[key].line(_head(statement))}"
