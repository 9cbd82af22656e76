"""Iterators of the graph become iterators of the host: each run is fed the element that it took before.

The result is an equivalent TensorFlow 1 program in which ``x, y = iterator.get_next()`` are placeholders, and a run
that needs them is preceded by ``next_x, next_y = iterator.get_next()``. Running the initializer of an iterator is
``iterator = iter(dataset)``. What TensorFlow 2 then raises at the end is what a run raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import libcst as cst

from tf2migrate.forms.traced import Left, Traced, edited
from tf2migrate.graph.arguments import argument
from tf2migrate.graph.frames import Frame, Place
from tf2migrate.graph.labels import slice_of
from tf2migrate.graph.staging import Drawing, RunSite, Staging
from tf2migrate.graph.values import Iterator, Mapping, Node, Sequence, Value, nodes_in
from tf2migrate.names.aliases import Aliases
from tf2migrate.names.bindings import bindings, bound_names, changed_names, names_read
from tf2migrate.names.free import take_name
from tf2migrate.names.project import Module
from tf2migrate.names.tree import children, walk
from tf2migrate.plan.refusal import NotPlanned, Refusal

INITIALIZER = "iterator.initializer"
UPDATES = ("train", "assign", "group")


@dataclass(slots=True)
class _Edits:
    """New statements instead of, and before, those of the program; elements that runs are fed; by identity."""

    replaced: dict[int, str] = field(default_factory=dict)
    before: dict[int, list[str]] = field(default_factory=dict)
    fed: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    first: dict[int, str] = field(default_factory=dict)
    """The first parameter of the method that runs: what it fetches, or what it is fed."""


@dataclass(slots=True)
class _Source:
    """An iterator of the program: its name, and the text of the dataset whose elements it gives."""

    iterator: Iterator
    name: str
    frame: Frame
    dataset: str
    pairs: list[tuple[Node, str, str]] = field(default_factory=list)
    taken: str = ""


def iterated(
    staging: Staging, modules: list[Module], builder: cst.FunctionDef | None
) -> tuple[list[Module], cst.FunctionDef | None] | None:
    """The program with iterators of the host; None where it has none. Raises ``NotPlanned``."""
    if not staging.iterators:
        return None
    edits = _Planner(staging, {module.key: module for module in modules}).edits()
    return edited(modules, builder, lambda module, builder: _Feeding(module, edits, builder))


class _Planner:
    """Works out the edits."""

    def __init__(self, staging: Staging, modules: dict[str, Module]) -> None:
        self.staging = staging
        self.modules = modules
        self.made = _Edits()
        self.sources: dict[int, _Source] = {}
        self.taken = {n.value for m in modules.values() for n in walk(m.tree) if isinstance(n, cst.Name)}

    def edits(self) -> _Edits:
        if {"tf.set_random_seed", "shuffle"} <= self.staging.symbols:
            first = self.staging.iterators[0]
            raise self.refused(first.place, first.call, "a graph seed gives another order in TensorFlow 2")
        for iterator in self.staging.iterators:
            self.source(iterator)
        drawn = [drawing.iterator for drawing in self.staging.drawings]
        for drawing in self.staging.drawings:
            if drawn.count(drawing.iterator) > 1:
                raise self.refused(drawing.place, drawing.call, "several tensors take elements from one iterator")
            self.elements(drawing)
        self.runs()
        return self.made

    def refused(self, place: Place, where: cst.CSTNode, reason: str, advice: str = "") -> NotPlanned:
        return NotPlanned(Refusal("TFM801", place.module, where, reason, advice))

    def code(self, place: Place, node: cst.CSTNode) -> str:
        return self.modules[place.module].tree.code_for_node(node).strip()

    def tf(self, place: Place) -> str:
        module = self.modules[place.module]
        return Aliases(module.tree).tensorflow or "tf"

    def fresh(self, name: str) -> str:
        return take_name(name, self.taken)

    def line(self, place: Place, call: cst.CSTNode) -> cst.Assign:
        """The assignment of a call, on a line of its own."""
        match place.steps[-1].statement:
            case cst.SimpleStatementLine(body=[cst.Assign(targets=[_], value=value) as found]) if value is call:
                return found
        raise self.refused(place, call, "this has to be assigned on a line of its own")

    # ------------------------------------------------------------------ iterators
    def source(self, iterator: Iterator) -> None:
        place, call = iterator.place, iterator.call
        line = self.line(place, call)
        target = line.targets[0].target
        if not isinstance(target, cst.Name | cst.Attribute):
            raise self.refused(place, call, "this iterator has no name of its own")
        name, statement = self.code(place, target), place.steps[-1].statement
        frame = place.steps[-1].frame
        if sum(1 for i in self.staging.iterators if i.call is call) > 1:
            raise self.refused(place, call, "an iterator that is made several times is not rewritten yet")
        if iterator.dataset is None:
            given = call.args[0].value if call.args else None
            if iterator.like is None or not isinstance(given, cst.Attribute):
                raise self.refused(place, call, "the structure of this iterator is not that of a dataset with a name")
            if not isinstance(given.value, cst.Name):
                raise self.refused(place, call, "the structure of this iterator is not that of a dataset with a name")
            self.settled(given.value.value, place, statement)
            self.made.replaced[id(statement)] = ""
            self.sources[id(iterator)] = _Source(iterator, name, frame, given.value.value)
            return
        inner = cst.ensure_type(call.func, cst.Attribute).value
        text, lines = self.code(place, inner), ""
        if isinstance(inner, cst.Name):
            self.settled(inner.value, place, statement)
        else:
            dataset = self.fresh("dataset")
            text, lines = dataset, f"{dataset} = {text}\n"
        if iterator.started:
            lines += f"{name} = iter({text})\n"
        self.made.replaced[id(statement)] = lines
        self.sources[id(iterator)] = _Source(iterator, name, frame, text)

    def settled(self, name: str, place: Place, statement: cst.CSTNode) -> None:
        """A dataset is read again where the iterator starts: its name may not be bound afterwards."""
        module = self.modules[place.module]
        owner = place.steps[-1].frame.holder(name)
        for node in walk(owner.owner) if owner is not None else ():
            if not isinstance(node, cst.BaseSmallStatement | cst.For | cst.WithItem) or isinstance(node, cst.Import):
                continue
            parts = [node.target] if isinstance(node, cst.For) else [node]
            binds = any(found == name for part in parts for found, _ in _bound(part))
            if binds and module.line(node) > module.line(statement):
                raise self.refused(place, node, f"`{name}` is bound again behind the iterator over it")

    # ------------------------------------------------------------------ elements
    def elements(self, drawing: Drawing) -> None:
        """The statement that takes an element becomes placeholders."""
        place, call = drawing.place, drawing.call
        line = self.line(place, call)
        source = self.sources[id(drawing.iterator)]
        if place.steps[-1].frame is not source.frame:
            raise self.refused(place, call, "this takes elements elsewhere than the iterator is made")
        if drawing.unclear:
            raise self.refused(place, call, "the structure of the elements of this dataset is not known")
        target, tf = line.targets[0].target, self.tf(place)
        value = self.staging.value_in(call, source.frame)
        spec = f"{source.dataset}.element_spec"
        lines: list[str] = []
        source.taken = self.parts(drawing, target, value, spec, tf, lines, source)
        self.made.replaced[id(place.steps[-1].statement)] = "".join(lines)

    def parts(
        self, drawing: Drawing, target: cst.BaseExpression, value: Value | None, spec: str, tf: str,
        lines: list[str], source: _Source,
    ) -> str:  # fmt: skip
        """Adds the placeholders for a part of an element; gives the target of the statement that takes one."""
        match target, value:
            case cst.Tuple(elements=elements) | cst.List(elements=elements), Sequence(items=items) if len(
                elements
            ) == len(items):
                inner = [
                    self.parts(drawing, e.value, item, f"{spec}[{i}]", tf, lines, source)
                    for i, (e, item) in enumerate(zip(elements, items, strict=True))
                ]
                texts = [f"({t})" if ", " in t else t for t in inner]
                return ", ".join(texts) + ("," if len(texts) == 1 else "")
            case cst.Name() | cst.Attribute(), _ if value is not None:
                name = self.code(drawing.place, target)
                own = self.fresh(f"next_{name.rpartition('.')[2].lstrip('_')}")
                lines.append(f"{name} = {self.whole(value, spec, tf, name, own, source)}\n")
                return own
        raise self.refused(drawing.place, drawing.call, "the structure of this element is not known")

    def whole(self, value: Value, spec: str, tf: str, key: str, taken: str, source: _Source) -> str:
        match value:
            case Node():
                source.pairs.append((value, key, taken))
                return f"{tf}.placeholder({spec}.dtype, {spec}.shape)"
            case Sequence(items=items):
                inner = [
                    self.whole(v, f"{spec}[{i}]", tf, f"{key}[{i}]", f"{taken}[{i}]", source)
                    for i, v in enumerate(items)
                ]
                return f"({', '.join(inner)},)"
            case Mapping(items=pairs):
                texts = [
                    f"{k!r}: {self.whole(v, f'{spec}[{k!r}]', tf, f'{key}[{k!r}]', f'{taken}[{k!r}]', source)}"
                    for k, v in pairs.items()
                ]
                return f"{{{', '.join(texts)}}}"
        raise self.refused(source.iterator.place, source.iterator.call, "the structure of this element is not known")

    # ------------------------------------------------------------------ runs
    def runs(self) -> None:
        wanted: dict[int, list[tuple[str, list[int]]]] = {}
        starts: dict[int, RunSite] = {}
        for site in self.staging.runs:
            needs = self.needs(site)
            key = id(site.expression)
            if wanted.setdefault(key, needs) != needs:
                raise self.refused(site.place, site.expression, "this run takes elements only sometimes")
            first = key not in starts
            starts[key] = site
            if first:
                self.start(site)
                self.feed(site, needs)
        known = {id(n.details["iterator"]) for n in self.staging.nodes if n.op == INITIALIZER}
        for source in self.sources.values():
            if not source.iterator.started and id(source.iterator) not in known:
                raise self.refused(source.iterator.place, source.iterator.call, "nothing initializes this iterator")
        sessions = {id(site.session.call) for site in self.staging.runs if site.session is not None}
        for source in self.sources.values():
            if source.iterator.started and len(sessions) > 1:
                reason = "each session takes the elements of this iterator from the first on"
                raise self.refused(source.iterator.place, source.iterator.call, reason)

    def needs(self, site: RunSite) -> list[tuple[str, list[int]]]:
        """The iterators that a run takes an element of, and which parts of it."""
        fed = [k for k in site.feeds.items if isinstance(k, Node)] if isinstance(site.feeds, Mapping) else []
        used = {n.number for n in slice_of(nodes_in(site.fetches), fed)} - {n.number for n in fed}
        out: list[tuple[str, list[int]]] = []
        for source in self.sources.values():
            parts = [i for i, (node, _, _) in enumerate(source.pairs) if node.number in used]
            if parts:
                out.append((str(id(source.iterator)), parts))
        return out

    def feed(self, site: RunSite, needs: list[tuple[str, list[int]]]) -> None:
        place, statement = site.place, site.place.steps[-1].statement
        for key, parts in needs:
            source = self.sources[int(key)]
            if not isinstance(statement, cst.SimpleStatementLine) or not _is_evaluated(statement, site.expression):
                raise self.refused(place, site.expression, "a run that takes an element is not a statement of its own")
            self.known(site, source.name, source)
            chosen = [source.pairs[i] for i in parts]
            for _, name, _ in chosen:
                self.known(site, name, source)
            again = sum(f"{source.name}.get_next()" in line for line in self.made.before.get(id(statement), ()))
            beside = [other for other in self.staging.runs if other.place.steps[-1].statement is statement]
            if again and any(n.kind in UPDATES for other in beside for n in nodes_in(other.fetches)):
                # The first of two runs has its effects although the second finds no element.
                raise self.refused(place, site.expression, "updates of one statement take elements of one iterator")
            number = f"_{again}" if again else ""
            self.made.first[id(site.expression)] = "fetches" if site.form == "run" else "feed_dict"
            self.made.before.setdefault(id(statement), []).append(
                f"{self.numbered(source.taken, number)} = {source.name}.get_next()\n"
            )
            fed = [(name, self.numbered(taken, number)) for _, name, taken in chosen]
            self.made.fed.setdefault(id(site.expression), []).extend(fed)
        if needs and site.feed_expression is not None and not isinstance(site.feed_expression, cst.Dict):
            raise self.refused(place, site.expression, "a run that takes an element is fed a dict that has a name")

    def numbered(self, text: str, number: str) -> str:
        """Names for another element that one statement takes."""
        return re.sub(r"\bnext_\w+", lambda found: found[0] + number, text)

    def known(self, site: RunSite, name: str, source: _Source) -> None:
        """A name of the frame of the iterator has to mean the same where the run stands."""
        first = name.partition("[")[0].partition(".")[0]
        frame = site.place.steps[-1].frame
        same = frame is source.frame or frame.holder(first) is source.frame.holder(first)
        if not same and "." in name:
            same = frame.lookup(first) is source.frame.lookup(first)
        if not same:
            raise self.refused(site.place, site.expression, f"`{name}` is not known where this run stands")

    # ------------------------------------------------------------------ initializers
    def start(self, site: RunSite) -> None:
        """A run of an initializer begins anew with the dataset."""
        nodes = [n for n in nodes_in(site.fetches) if n.op == INITIALIZER]
        behind = [n for n in slice_of(nodes_in(site.fetches), ()) if n.op == INITIALIZER]
        if not behind:
            return
        statement, place = site.place.steps[-1].statement, site.place
        match statement:
            case cst.SimpleStatementLine(body=[cst.Expr(value=value)]) if value is site.expression:
                pass
            case _:
                nodes = []
        if len(nodes) != len(behind) or len({id(n.details["iterator"]) for n in nodes}) != len(nodes):
            raise self.refused(place, site.expression, "this run initializes an iterator in a way that is not known")
        lines = ""
        for node in nodes:
            source = self.sources[id(node.details["iterator"])]
            self.known(site, source.name, source)
            if place.steps[-1].frame is not source.frame and "." not in source.name:
                raise self.refused(place, site.expression, "an iterator is initialized in another function")
            dataset = source.dataset
            if "dataset" in node.details:
                call = cst.ensure_type(node.expression, cst.Call)
                dataset = self.code(node.place, call.args[0].value)
                if not isinstance(call.args[0].value, cst.Name) or node.place.steps[-1].frame is not source.frame:
                    raise self.refused(place, site.expression, "the dataset of this initializer has no name here")
                made = node.place.steps[-1].statement
                self.settled(dataset, node.place, made)
                if made is not statement:
                    self.line(node.place, call)
                    self.made.replaced[id(made)] = ""
            self.known(site, dataset, source)
            lines += f"{source.name} = iter({dataset})\n"
        self.values_of_placeholders(site)
        rest = self.rest(site, nodes)
        self.made.replaced[id(statement)] = lines + rest

    def rest(self, site: RunSite, nodes: list[Node]) -> str:
        """What the run of an initializer does besides."""
        fetch, place = site.fetch_expression, site.place
        others: list[str] = []
        if isinstance(fetch, cst.List | cst.Tuple):
            for element in fetch.elements:
                value = self.staging.value_in(element.value, site.frame)
                if not any(value is node for node in nodes):
                    others.append(self.code(place, element.value))
        if not others:
            return ""
        run = cst.ensure_type(site.expression, cst.Call)
        return f"{self.code(place, run.func)}({others[0] if len(others) == 1 else f'[{chr(44).join(others)}]'})\n"

    def values_of_placeholders(self, site: RunSite) -> None:
        """Placeholders that a dataset is made of are what the initializer is fed."""
        if site.feeds is None:
            return
        if not isinstance(site.feed_expression, cst.Dict):
            raise self.refused(site.place, site.expression, "what this initializer is fed is not known")
        for element in site.feed_expression.elements:
            key = self.staging.value_in(element.key, site.frame) if isinstance(element, cst.DictElement) else None
            if not isinstance(key, Node) or key.op != "tf.placeholder":
                raise self.refused(site.place, site.expression, "what this initializer is fed is not known")
            self.constant(site, key, element.value)

    def constant(self, site: RunSite, node: Node, value: cst.BaseExpression) -> None:
        """The one value of a placeholder in place of it, where that is known already and stays."""
        place = node.place
        call = cst.ensure_type(node.expression, cst.Call)
        line = self.line(place, call)
        frame, statement = place.steps[-1].frame, place.steps[-1].statement
        names = {n.value for n in names_read(value)}
        suite = getattr(frame.owner, "body", None)
        order: list[cst.CSTNode] = list(getattr(suite, "body", suite) or ())
        settled = isinstance(value, cst.Name) and site.place.steps[-1].frame is frame and statement in order
        for name in names:
            bound = [s for s in order for found, _ in bindings(s) if found == name]
            changed = any(name in changed_names(s, lambda _: True) for s in order)
            settled = settled and len(bound) == 1 and not changed and order.index(bound[0]) < order.index(statement)
        users = [n for n in self.staging.nodes if node in n.inputs]
        dtype = argument(call, 0, "dtype")
        if not settled or users or dtype is None:
            reason = "a dataset is made of what is fed to its initializer, which is not known before"
            raise self.refused(site.place, value, reason, "make the dataset of the arrays themselves")
        target = self.code(place, line.targets[0].target)
        made = f"{target} = {self.tf(place)}.constant({self.code(place, value)}, {self.code(place, dtype)})\n"
        if self.made.replaced.setdefault(id(statement), made) != made:
            raise self.refused(site.place, value, "an initializer is fed several values")


def _bound(node: cst.CSTNode) -> list[tuple[str, cst.CSTNode]]:
    """What a statement or a target of a loop binds."""
    if isinstance(node, cst.BaseExpression):
        return list(bound_names(node).items())
    return list(bindings(node))


def _is_evaluated(statement: cst.SimpleStatementLine, run: cst.CSTNode) -> bool:
    """Whether a statement evaluates a run once in any case."""
    stack: list[cst.CSTNode] = [statement]
    while stack:
        node = stack.pop()
        if node is run:
            return True
        if isinstance(node, cst.Lambda | cst.BaseComp | cst.IfExp | cst.BooleanOperation | cst.Assert):
            continue
        stack.extend(children(node))
    return False


class _Feeding(Traced):
    """Makes the edits."""

    def __init__(self, module: Module, edits: _Edits, builder: cst.FunctionDef | None) -> None:
        super().__init__(module, builder)
        self.edits = edits

    def rewritten(self, original: cst.CSTNode, made: cst.CSTNode) -> Left:
        key = id(original)
        if key in self.edits.fed and isinstance(made, cst.Call) and isinstance(original, cst.Call):
            made = self.fed(original, made)
        if isinstance(original, cst.SimpleStatementLine):
            if key in self.edits.replaced:
                lines = self.statements(self.edits.replaced[key], original)
                if not lines:
                    return cst.RemoveFromParent()
                lines[0] = lines[0].with_changes(leading_lines=original.leading_lines)
                lines[-1] = lines[-1].with_changes(trailing_whitespace=original.trailing_whitespace)
                for line in (lines[0], lines[-1]):
                    self.trace(original, line)
                return cst.FlattenSentinel(lines)
            if key in self.edits.before and isinstance(made, cst.SimpleStatementLine):
                return self.preceded(self.statements("".join(self.edits.before[key]), original), original, made)
        return made

    def fed(self, original: cst.Call, made: cst.Call) -> cst.Call:
        """A run with the elements among what it is fed."""
        text = ", ".join(f"{name}: {taken}" for name, taken in self.edits.fed[id(original)])
        given = cst.ensure_type(cst.parse_expression(f"{{{text}}}", self.config), cst.Dict)
        names = ("fetches", "feed_dict") if self.edits.first[id(original)] == "fetches" else ("feed_dict", "session")
        for index, arg in enumerate(made.args):
            named = arg.keyword.value if arg.keyword is not None else names[index]
            if named == "feed_dict" and isinstance(arg.value, cst.Dict):
                plain = [e.with_changes(comma=cst.MaybeSentinel.DEFAULT) for e in arg.value.elements]
                both = arg.value.with_changes(elements=[*plain, *given.elements])
                return made.with_changes(args=[a if a is not arg else a.with_changes(value=both) for a in made.args])
        extra = cst.Arg(
            given,
            keyword=cst.Name("feed_dict"),
            equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
        )
        return made.with_changes(args=[*made.args, extra])
